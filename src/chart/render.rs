//! `ringback chart render FILE`.

use anyhow::Context as _;
use statecharts::drawing::{self, Highlight};
use statecharts::outline::Outline;

use super::open::open;
use crate::arguments::RenderOptions;
use crate::console;
use crate::failure::Failure;

/// Draws a chart with its parts.
pub(crate) fn run(options: &RenderOptions) -> Result<(), Failure> {
    if let Err(error) = std::fs::metadata(&options.file) {
        return Err(Failure::Unusable(format!("cannot read the chart {}: {error}", options.file.display())));
    }
    let opened = open(&options.file).map_err(|found| Failure::Failed(found.join("\n")))?;
    let outline = Outline::of(&opened.chart);
    if let Some(unknown) = options.highlight.iter().find(|id| outline.state(id).is_none()) {
        return Err(Failure::Unusable(format!(
            "--highlight: {} has no state `{unknown}`",
            options.file.display()
        )));
    }
    let states: Vec<&str> = options.highlight.iter().map(String::as_str).collect();
    let highlight = Highlight { states: &states };
    let text =
        if is_dot(options) { drawing::dot(&outline, highlight) } else { drawing::svg(&outline, highlight) };
    match &options.output {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("cannot write the drawing to {}", file.display()))
            .map_err(Failure::unusable),
        None => {
            console::say(text.trim_end());
            Ok(())
        }
    }
}

/// Whether DOT is wanted: by the option, or by the name of the file to write.
fn is_dot(options: &RenderOptions) -> bool {
    let ending = options.output.as_ref().and_then(|file| file.extension());
    options.dot || (!options.svg && ending.is_some_and(|ending| ending == "dot" || ending == "gv"))
}
