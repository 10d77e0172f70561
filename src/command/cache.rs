//! `megachat cache`: what unfinished downloads have left.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::{Exit, places, print_json, say};
use crate::cli::{CacheVerb, FileArguments};
use crate::format;
use crate::install::partial_downloads::{self, PartialDownload};
use crate::output;
use crate::store::paths::Paths;
use crate::text::visible_path;

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 1 if something cannot be read or removed.
pub fn cache(verb: CacheVerb, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    let places = places(paths, files);
    let failed = |e: io::Error| Exit::failed(format!("{}: {e}", visible_path(&places.downloads)));
    let line = |it: &PartialDownload| format!("{:>8}  {}", format::bytes(it.bytes), visible_path(&it.path));
    match verb {
        CacheVerb::List { json: true } => {
            let found = partial_downloads::list(&places).map_err(failed)?;
            let row = |it: PartialDownload| json!({"path": it.path.to_string_lossy(), "bytes": it.bytes});
            let downloads: Vec<Value> = found.into_iter().map(row).collect();
            print_json(&json!({"directory": places.downloads.to_string_lossy(), "downloads": downloads}))?;
        }
        CacheVerb::List { json: false } => {
            let mut out = output::stdout()?;
            for it in partial_downloads::list(&places).map_err(failed)? {
                writeln!(out, "{}", line(&it))?;
            }
        }
        CacheVerb::Clear => {
            let (removed, busy) = partial_downloads::clear(&places).map_err(failed)?;
            let total = removed.iter().map(|it| it.bytes).sum();
            say(&format!("removed {} of unfinished downloads", format::bytes(total)));
            for it in busy {
                say(&format!("stays, for another megachat works on it: {}", line(&it)));
            }
        }
    }
    Ok(())
}
