use unicode_width::UnicodeWidthStr as _;

use super::*;

#[test]
fn both_sets_take_the_same_columns_and_one_is_ascii() {
    let singles =
        |it: &Glyphs| [it.rule, it.full, it.free, it.typed, it.caret, it.change, it.space, it.bytes[0], it.bytes[1]];
    let ticks = |it: &Glyphs| [it.least, it.tick, it.tick_at_end, it.times];
    assert!(ticks(&ASCII).concat().is_ascii() && ticks(&UNICODE).iter().all(|it| it.width() == 1));
    for glyphs in [&UNICODE, &ASCII] {
        assert!(singles(glyphs).iter().all(|it| it.width() == 1), "{glyphs:?}");
        for width in 0..9 {
            for share in [0.0, 0.1, 0.5, 0.96, 1.0] {
                assert!(glyphs.bar(share, width).width() <= width);
                assert_eq!(glyphs.level(3, width).width(), width);
            }
        }
    }
    for (share, other, unicode, ascii) in [
        (0.5, 0.0, "████    ", "####    "),
        (0.5, 0.75, "████  │ ", "####  | "),
        (0.5, 0.25, "██│█    ", "##|#    "),
        (0.5, 0.4, "███┤    ", "###+    "),
        (1.0, 1.0, "███████┤", "#######+"),
        (0.001, 0.5, "▏   │   ", ".   |   "),
        (0.001, 0.001, "┤       ", "+       "),
        (0.0, 0.001, "│       ", "|       "),
        (0.0, 0.0, "        ", "        "),
    ] {
        assert_eq!((&*UNICODE.shares(share, other, 8), &*ASCII.shares(share, other, 8)), (unicode, ascii));
    }
    assert_eq!(
        (UNICODE.shares(0.5, 0.5, 0), Glyphs::scale(9), Glyphs::scale(7)),
        (String::new(), "0    100%".into(), String::new())
    );
    let [one, other] = &ASCII.frames;
    let frames = [one, other].map(|it| format!("{it:?}")).concat();
    let rest = [ASCII.eighths.concat(), ASCII.right.to_owned(), ASCII.pairs.concat(), ASCII.more.to_owned()].concat();
    assert!(singles(&ASCII).concat().is_ascii() && rest.is_ascii() && frames.is_ascii());
}
