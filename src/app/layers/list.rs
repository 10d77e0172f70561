//! Keys that go through a list.

use crossterm::event::KeyCode;

/// The line that is chosen after a key, of lines from 0 to `last`; `None` if the key is none of a list's.
pub(super) fn chosen_after(key: KeyCode, chosen: usize, last: usize) -> Option<usize> {
    match key {
        KeyCode::Up | KeyCode::Char('k') => Some(chosen.saturating_sub(1)),
        KeyCode::Down | KeyCode::Char('j') => Some((chosen + 1).min(last)),
        KeyCode::Home => Some(0),
        KeyCode::End => Some(last),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
