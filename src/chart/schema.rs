//! `ringback chart schema`.

use std::path::Path;

use anyhow::Context as _;
use statecharts::schema::schema;

use crate::console;
use crate::failure::Failure;

/// Writes the XML Schemas of charts to a folder.
pub(crate) fn run(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
        .map_err(Failure::unusable)?;
    for file in schema(&engine::verbs::modules()) {
        let path = folder.join(&file.name);
        std::fs::write(&path, file.text)
            .with_context(|| format!("cannot write {}", path.display()))
            .map_err(Failure::unusable)?;
        console::say(&path.display().to_string());
    }
    Ok(())
}
