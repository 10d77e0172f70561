use super::field;

#[test]
fn a_field_is_one_line_and_can_be_read_back() {
    for (bytes, expected) in [
        (&b" moon"[..], "\" moon\""),
        (b"\n\n", "\"\\n\\n\""),
        (b"a\"b,\\c", "\"a\"\"b,\\\\c\""),
        (&[0xe5, 0x9c], "\"\\xe5\\x9c\""),
        (b"\x1b[", "\"\\u{1b}[\""),
        ("日".as_bytes(), "\"日\""),
    ] {
        assert_eq!(field(bytes), expected);
    }
}
