use super::*;
use crate::appearance::{Appearance, Background, Colours};

#[test]
fn labels_show_spaces_and_half_characters() {
    for (bytes, expected, in_ascii) in [
        (&b" moon"[..], "␣moon", "_moon"),
        (b"\n\n", "\\n\\n", "\\n\\n"),
        (&[0xe5, 0x9c], "‹e5 9c›", "<e5 9c>"),
        (b"\x1b[", "^[[", "^[["),
    ] {
        for (ascii, expected) in [(false, expected), (true, in_ascii)] {
            let appearance = Appearance { colours: Colours::None, background: Background::Unknown, ascii };
            assert_eq!(label(bytes, appearance.glyphs()), expected);
        }
    }
}

#[test]
fn a_long_chain_keeps_its_end() {
    let chain = "50257 > repeat 1.1: 46 changed > temp 0.8 > die 0.951: \"From\", rank 3";
    assert_eq!(last_of(chain, ">", 99, 2), [chain]);
    assert_eq!(last_of(chain, ">", 40, 1), ["... > die 0.951: \"From\", rank 3"]);
    assert_eq!(last_of(chain, ">", 26, 2), ["... > temp 0.8 > die ", "0.951: \"From\", rank 3"]);
    assert_eq!(last_of(chain, ">", 8, 1).len(), 1);
    assert!(last_of(chain, ">", 8, 0).is_empty());
}

#[test]
fn columns_stand_under_each_other() {
    for width in 14..60 {
        for (label, bar) in [("", ""), ("a very long label indeed", "██████████████"), ("日本語日本語日本語", "█")]
        {
            assert_eq!(columns_of(&columns(label, ' ', bar, ("12%", "100%"), width)), width.max(13), "{width}");
        }
    }
}
