use super::{is_blank, paper};

#[test]
fn the_paper_has_three_sizes() {
    assert_eq!(paper(354_871_296).unwrap().name, "355M");
    assert_eq!(paper(8_300_000_000).unwrap().lambada, 66.51);
    assert!(paper(124_439_808).is_none() && paper(0).is_none());
}

#[test]
fn blanks_are_python_s() {
    // `[c for c in map(chr, range(0x110000)) if c.isspace()]` in Python 3.12.
    let blanks: String = (0..0x11_0000).filter_map(char::from_u32).filter(|it| is_blank(*it)).collect();
    let expected = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\
                    \u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
    assert_eq!(blanks, expected);
}
