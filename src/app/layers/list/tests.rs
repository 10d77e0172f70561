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
