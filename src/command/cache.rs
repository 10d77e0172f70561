//! `megachat cache`: what unfinished downloads have left, packed weights of directories, the index of transcripts.

use std::io::{self, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::{Exit, places, print_json, say};
use crate::cli::{CacheVerb, FileArguments};
use crate::engine::packed::{self, Kept};
use crate::format;
use crate::install::partial_downloads::{self, PartialDownload};
use crate::output;
use crate::store::library::{forget_index, kept_index};
use crate::store::paths::Paths;
use crate::text::{visible, visible_path};

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 1 if something cannot be read or removed.
pub fn cache(verb: CacheVerb, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    let places = places(paths, files);
    let failed_in = |directory: &Path, e: io::Error| Exit::failed(format!("{}: {e}", visible_path(directory)));
    let failed = |e: io::Error| failed_in(&places.downloads, e);
    let failed_with_packed = |e: io::Error| failed_in(&paths.packed, e);
    let line = |it: &PartialDownload| format!("{:>8}  {}", format::bytes(it.bytes), visible_path(&it.path));
    match verb {
        CacheVerb::List { json: true } => {
            let found = partial_downloads::list(&places).map_err(failed)?;
            let row = |it: PartialDownload| json!({"path": it.path.to_string_lossy(), "bytes": it.bytes});
            let downloads: Vec<Value> = found.into_iter().map(row).collect();
            let row = |it: Kept| json!({"path": it.path.to_string_lossy(), "bytes": it.bytes, "of": it.of});
            let packed: Vec<Value> =
                packed::list(&paths.packed).map_err(failed_with_packed)?.into_iter().map(row).collect();
            let directory = places.downloads.to_string_lossy();
            let index = kept_index(paths).map(|it| json!({"path": it.0.to_string_lossy(), "bytes": it.1}));
            print_json(&json!({"directory": directory, "downloads": downloads, "packed": packed, "index": index}))?;
        }
        CacheVerb::List { json: false } => {
            let mut out = output::stdout()?;
            for it in partial_downloads::list(&places).map_err(failed)? {
                writeln!(out, "{}", line(&it))?;
            }
            for it in packed::list(&paths.packed).map_err(failed_with_packed)? {
                let of = it.of.map_or_else(String::new, |it| format!(" of {}", visible(&it)));
                writeln!(out, "{:>8}  {}, packed weights{of}", format::bytes(it.bytes), visible_path(&it.path))?;
            }
            if let Some((path, bytes)) = kept_index(paths) {
                writeln!(out, "{:>8}  {}, the index of transcripts", format::bytes(bytes), visible_path(&path))?;
            }
        }
        CacheVerb::Clear => {
            let (removed, busy) = partial_downloads::clear(&places).map_err(failed)?;
            let total = removed.iter().map(|it| it.bytes).sum();
            say(&format!("removed {} of unfinished downloads", format::bytes(total)));
            let packed = packed::clear(&paths.packed).map_err(failed_with_packed)?;
            if !packed.is_empty() {
                let total = packed.iter().map(|it| it.bytes).sum();
                say(&format!("removed {} of packed weights; the next start makes them again", format::bytes(total)));
            }
            if let Some(bytes) = forget_index(paths).map_err(|e| failed_in(&paths.library, e))? {
                let bytes = format::bytes(bytes);
                say(&format!("removed {bytes} of the index of transcripts; the next look makes it again"));
            }
            for it in busy {
                say(&format!("stays, for another megachat works on it: {}", line(&it)));
            }
        }
    }
    Ok(())
}
