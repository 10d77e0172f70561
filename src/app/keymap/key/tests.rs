use super::*;

#[test]
fn names_are_read_and_written() {
    for (text, canonical) in [
        ("Enter", "Enter"),
        ("ctrl-x", "Ctrl-X"),
        ("Ctrl-X Ctrl-E", "Ctrl-X Ctrl-E"),
        ("shift-tab", "Shift-Tab"),
        ("Shift-g", "G"),
        ("g", "g"),
        ("?", "?"),
        ("-", "-"),
        ("Ctrl--", "Ctrl--"),
        ("Ctrl-/", "Ctrl-_"),
        ("Ctrl-7", "Ctrl-_"),
        ("Ctrl-Alt-Shift-Left", "Ctrl-Alt-Shift-Left"),
        ("space", "Space"),
        ("é", "é"),
        ("f12", "F12"),
        ("pgup", "PgUp"),
    ] {
        let chord: Chord = text.parse().unwrap();
        assert_eq!(chord.to_string(), canonical);
        assert_eq!(canonical.parse(), Ok(chord));
    }
    for text in ["", "F0", "F25", "Hyper-a", "Enterr", "a b c", "Ctrl-", "-a", "\u{1}"] {
        assert_eq!(text.parse::<Chord>(), Err(()), "{text:?}");
    }
}
