use super::*;

#[test]
fn the_text_of_a_token_is_one_line() {
    for (bytes, expected) in [
        (&b" moon"[..], " moon"),
        (b"\n\n", "\\n\\n"),
        (b"a\"b,\\c", "a\"b,\\\\c"),
        (&[0xe5, 0x9c], "\\xe5\\x9c"),
        (b"\x1b[", "\\u{1b}["),
        ("日".as_bytes(), "日"),
    ] {
        assert_eq!(one_line(bytes), expected);
    }
}

#[test]
fn fields_are_quoted_where_they_must_be() {
    let row = ["a b", "c,d", "e\"f", "g\nh", "", "NA"].map(str::to_owned).to_vec();
    assert_eq!(written(std::iter::once(row)).unwrap(), "a b,\"c,d\",\"e\"\"f\",\"g\nh\",,NA\n");
}
