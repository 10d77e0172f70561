//! What the program says of itself: how it is cited, its manual, its completion. No model, no configuration and no home
//! is needed for any of it.

use std::io::Write as _;

use super::{Exit, man};
use crate::cli::{Arguments, Verb, citation};
use crate::output;

/// Prints what is asked for, if it is of this kind.
///
/// # Errors
///
/// If it cannot be written: status 74 if the disk is full, else 1.
pub fn document(arguments: &Arguments) -> Option<Result<(), Exit>> {
    if arguments.cite {
        return Some(print(&citation()));
    }
    match &arguments.verb {
        Some(Verb::Completions { shell }) => Some(shell.script().map_err(Exit::from).and_then(|it| print(&it))),
        Some(Verb::Man { dir: None }) => Some(print(&man::main_page())),
        Some(Verb::Man { dir: Some(directory) }) => Some(man::write_all(directory)),
        _ => None,
    }
}

fn print(text: &str) -> Result<(), Exit> {
    let mut out = output::stdout()?;
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Exit::from)
}
