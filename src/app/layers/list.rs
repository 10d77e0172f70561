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
mod tests {
    use super::*;

    #[test]
    fn a_list_is_left_at_neither_end() {
        for (key, chosen, expected) in [
            (KeyCode::Up, 0, Some(0)),
            (KeyCode::Char('k'), 3, Some(2)),
            (KeyCode::Down, 4, Some(4)),
            (KeyCode::Char('j'), 2, Some(3)),
            (KeyCode::Home, 3, Some(0)),
            (KeyCode::End, 1, Some(4)),
            (KeyCode::Enter, 1, None),
        ] {
            assert_eq!(chosen_after(key, chosen, 4), expected, "{key:?}");
        }
    }
}
