use super::*;

#[test]
fn a_mark_is_dropped_and_line_ends_are_line_feeds() {
    for (bytes, text, carriage_returns) in [
        (&b"Once"[..], "Once", 0),
        (b"\xef\xbb\xbfOnce\r\nupon\r\n", "Once\nupon\n", 2),
        (b"a \xef\xbb\xbf b\rc\n", "a \u{feff} b\rc\n", 0),
        (b"\xef\xbb\xbf", "", 0),
    ] {
        assert_eq!(Given::read(bytes.to_vec()).unwrap(), Given { text: text.to_owned(), carriage_returns });
    }
    let on = Given::read_on(b"\xef\xbb\xbfOnce\r\n".to_vec()).unwrap();
    assert_eq!((on.carriage_returns, &*on.without_line_end()), (1, "\u{feff}Once"));
    let said = |n| Given { carriage_returns: n, ..Given::default() }.remark();
    assert_eq!((said(0), said(1).unwrap().starts_with("1 line end of")), (None, true));
}

#[test]
fn what_is_not_utf8_is_named_with_its_place() {
    let error = Given::read(b"one\ncaf\xe9 ol\xe9".to_vec()).unwrap_err();
    assert_eq!(error, NotUtf8 { at: 3, value: 0xe9, line: 2 });
    assert_eq!(error.to_string(), "it is not UTF-8: byte 3 of line 2 (0xe9) belongs to no character");
    // UTF-16, and a character that is cut off.
    assert_eq!(Given::read(b"\xff\xfeO\0".to_vec()).unwrap_err().at, 0);
    assert_eq!(Given::read(b"ab\xe2\x82".to_vec()).unwrap_err().at, 2);
}
