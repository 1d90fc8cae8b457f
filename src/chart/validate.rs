//! `ringback chart validate FILE`.

use std::path::Path;

use anyhow::Context as _;
use engine::Charts;

use crate::console;
use crate::failure::Failure;

/// Checks a chart with the verbs of the platform; its parts are looked for beside it, then among the shipped ones.
pub(crate) fn run(file: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the chart {}", file.display()))
        .map_err(Failure::unusable)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // Messages name files as the charts folder does; here they are to be found from where the command runs.
    let placed = |message: &String| match folder.as_os_str().is_empty() {
        true => message.clone(),
        false => format!("{}/{message}", folder.display()),
    };
    match Charts::new(Some(folder.to_owned())).check(&name, &text) {
        Ok(warnings) => {
            for warning in &warnings {
                console::say(&placed(warning));
            }
            console::say(&format!("{} is valid", file.display()));
            Ok(())
        }
        Err(diagnostics) => {
            for diagnostic in &diagnostics {
                console::say(&placed(diagnostic));
            }
            Err(Failure::Failed(format!("{} cannot be used", file.display())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::failure::Failure;

    #[test]
    fn a_chart_that_is_not_there_is_unusable() {
        let refused = run("nowhere/nothing.scxml".as_ref());
        assert!(matches!(refused, Err(Failure::Unusable(text)) if text.contains("nowhere/nothing.scxml")));
    }

    #[test]
    fn a_broken_chart_fails_and_a_small_one_is_valid() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chart.scxml");
        std::fs::write(
            &file,
            "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\"><state id=\"a\"/></scxml>",
        )
        .unwrap();
        assert!(run(&file).is_ok());
        std::fs::write(&file, "<scxml><state></scxml>").unwrap();
        assert!(matches!(run(&file), Err(Failure::Failed(_))));
    }
}
