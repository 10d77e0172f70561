//! Where the keys of the keyboard go.

/// What has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The input line.
    Input,
    /// The text.
    Text,
    /// The sampling panel.
    Panel,
}
