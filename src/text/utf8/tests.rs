use super::*;

#[test]
fn a_character_comes_out_with_its_last_byte() {
    let mut stream = Utf8Stream::default();
    let mut out = String::new();
    for (byte, expected) in
        [(0xe6, ""), (0x97, ""), (0xa5, "日"), (b'!', "日!"), (0xff, "日!\u{fffd}"), (0xc3, "日!\u{fffd}")]
    {
        stream.push(&[byte], &mut out);
        assert_eq!(out, expected);
    }
    stream.finish(&mut out);
    assert_eq!(out, "日!\u{fffd}\u{fffd}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_split_of_any_bytes_reads_as_the_whole(
        bytes in proptest::collection::vec(proptest::prop_oneof![proptest::num::u8::ANY, 0x80_u8..0xf8], 0..40),
        cuts in proptest::collection::vec(0_usize..40, 0..10),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|it| it.min(bytes.len())).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let (mut stream, mut out, mut from) = (Utf8Stream::default(), String::new(), 0);
        for to in cuts {
            stream.push(&bytes[from..to], &mut out);
            proptest::prop_assert!(stream.pending().len() <= 3);
            from = to;
        }
        stream.finish(&mut out);
        proptest::prop_assert_eq!(out, String::from_utf8_lossy(&bytes));
    }
}
