//! The help: where it is scrolled to, what is looked for in it, and what it lies over.

use super::Input;
use super::state::Overlay;

/// The state of the help.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Help {
    /// Scrolled by so many rows.
    pub top: usize,
    /// What its lines are to contain, after `/`.
    pub filter: Option<Input>,
    /// What it lies over, which is there again when it closes.
    pub under: Option<Box<Overlay>>,
}
