//! `megachat config`: where values come from.

mod values;

use std::io::Write as _;

use serde_json::{Value, json};

use self::values::{Setting, keys, origin_of_keys, values};
use super::{Exit, print_json};
use crate::app::keymap::{Entry, Keymap};
use crate::cli::{Arguments, ConfigVerb};
use crate::output;
use crate::store::config::LoadedConfig;
use crate::store::paths::Paths;
use crate::text::{columns_of, pad, visible_line, visible_path};

/// Columns of the values. The origin of a longer one stands on a line of its own.
const WIDEST: usize = 40;

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 2 if a value is out of its range.
pub fn config(verb: ConfigVerb, arguments: &Arguments, loaded: &LoadedConfig, paths: &Paths) -> Result<(), Exit> {
    let mut out = output::stdout()?;
    match verb {
        ConfigVerb::Path => {
            // As the system has it, for programs too.
            out.write_all(paths.config_file.as_os_str().as_encoded_bytes())?;
            out.write_all(b"\n")?;
        }
        ConfigVerb::Show { json } => {
            let values = values(arguments, loaded, paths)?;
            let keymap = Keymap::with(&loaded.config.keys).0;
            if json {
                drop(out);
                return print_json(&document(&values, &keymap, paths));
            }
            for line in table(&[values, keys(&keymap)]) {
                writeln!(out, "{line}")?;
            }
            let there = if paths.config_file.exists() { "" } else { " (not there)" };
            writeln!(out, "configuration      {}{there}", visible_path(&paths.config_file))?;
            writeln!(out, "models             {}", visible_path(&paths.models))?;
            writeln!(out, "transcripts        {}", visible_path(&paths.transcripts))?;
            writeln!(out, "downloads          {}", visible_path(&paths.downloads))?;
            writeln!(out, "state              {}", visible_path(&paths.state))?;
        }
    }
    Ok(())
}

/// The lines of some tables, each in the same columns and with an empty line behind it.
fn table(tables: &[Vec<Setting>]) -> Vec<String> {
    // A value in quotes is one that would not be seen.
    let seen = |it: &Setting| if it.shown.trim().is_empty() { format!("{:?}", it.shown) } else { it.shown.clone() };
    let all = || tables.iter().flatten();
    let names = all().map(|it| columns_of(&it.name)).max().unwrap_or(0);
    let widths = all().map(|it| columns_of(&visible_line(&seen(it))));
    let values = widths.filter(|&it| it <= WIDEST).max().unwrap_or(0);
    let mut lines = Vec::new();
    for table in tables {
        for it in table {
            let (name, value) = (pad(&it.name, names), visible_line(&seen(it)));
            if columns_of(&value) <= values {
                lines.push(format!("{name} {} {}", pad(&value, values), it.origin));
            } else {
                lines.push(format!("{name} {value}"));
                lines.push(format!("{} {}", " ".repeat(names + 1 + values), it.origin));
            }
        }
        lines.push(String::new());
    }
    lines
}

fn document(values: &[Setting], keymap: &Keymap, paths: &Paths) -> Value {
    let row = |it: &Setting| json!({"name": it.name, "value": it.value, "origin": it.origin});
    let chords = |it: &Entry| -> Vec<String> { it.keys.iter().map(ToString::to_string).collect() };
    let key = |it: &Entry| {
        json!({
            "action": it.action.name(),
            "place": it.place.name(),
            "keys": chords(it),
            "origin": origin_of_keys(&[it]),
        })
    };
    json!({
        "values": values.iter().map(row).collect::<Vec<_>>(),
        "keys": keymap.entries().iter().map(key).collect::<Vec<_>>(),
        "paths": {
            "configuration": paths.config_file.to_string_lossy(),
            "configuration_exists": paths.config_file.exists(),
            "models": paths.models.to_string_lossy(),
            "transcripts": paths.transcripts.to_string_lossy(),
            "downloads": paths.downloads.to_string_lossy(),
            "state": paths.state.to_string_lossy(),
        },
    })
}

#[cfg(test)]
mod tests;
