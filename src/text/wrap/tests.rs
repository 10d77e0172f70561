use super::*;

#[track_caller]
fn check(text: &str, width: usize, expected: &[&str]) {
    let mut wrap = Wrap::new(width);
    wrap.extend(text);
    let rows: Vec<&str> = wrap.rows().iter().map(|row| &text[row.clone()]).collect();
    assert_eq!(rows, expected);
}

#[test]
fn words_stay_whole_where_they_can() {
    check("", 5, &[""]);
    check("one two three", 6, &["one ", "two ", "three"]);
    check("one two three", 7, &["one two ", "three"]);
    check("a\n\nb\n", 8, &["a", "", "b", ""]);
    check("abcdefghij", 4, &["abcd", "efgh", "ij"]);
    check("ab abcdefghij", 4, &["ab ", "abcd", "efgh", "ij"]);
    check("日本語の文", 5, &["日本", "語の", "文"]);
    check("e\u{301}e\u{301}e\u{301}", 2, &["e\u{301}e\u{301}", "e\u{301}"]);
    check("word      next", 4, &["word      ", "next"]);
    check("a👨‍👩‍👧👨‍👩‍👧", 4, &["a👨‍👩‍👧", "👨‍👩‍👧"]);
    check("🇩🇪🇫🇷🇩🇪", 5, &["🇩🇪🇫🇷", "🇩🇪"]);
    check("abｶﾞ", 3, &["ab", "ｶﾞ"]);
    check("日", 1, &["日"]);
    check("abc", 0, &["a", "b", "c"]);
}

#[test]
fn a_megabyte_without_a_space_takes_linear_time() {
    let text = "x".repeat(1 << 20);
    let mut wrap = Wrap::new(80);
    wrap.extend(&text);
    assert_eq!(wrap.rows().len(), (1_usize << 20).div_ceil(80));
    assert_eq!(wrap.row_of(81), 1);
}

#[test]
fn a_character_that_goes_on_in_the_next_piece_stands_where_all_of_it_has_room() {
    let text = "\n🇩☺é☺\u{ff9e}é☺ｶ🇩\u{301}🚀ｶa👩 \u{200d} 🇩\u{301}☺\u{301}ｶ\u{ff9e}👩\u{200d}☺\u{fe0f}ｶ";
    for width in 1..12 {
        let mut whole = Wrap::new(width);
        whole.extend(text);
        for (cut, _) in text.char_indices() {
            let mut pieces = Wrap::new(width);
            pieces.extend(&text[..cut]);
            pieces.extend(text);
            assert_eq!(pieces, whole, "width {width}, cut at {cut}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]
    #[test]
    fn wrapping_token_by_token_is_wrapping_at_once(text in "[ a-c日é\u{301}\n👩\u{200d}🚀🇩☺\u{fe0f}ｶﾞ]{0,80}", cuts in proptest::collection::vec(0_usize..80, 0..8), width in 1_usize..12) {
        let mut whole = Wrap::new(width);
        whole.extend(&text);
        let mut pieces = Wrap::new(width);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|&it| text.is_char_boundary(it) && it <= text.len()).collect();
        cuts.sort_unstable();
        for cut in cuts {
            pieces.extend(&text[..cut]);
        }
        pieces.extend(&text);
        proptest::prop_assert_eq!(&pieces, &whole);
        // Nothing is lost: the rows and the line feeds between them are the text.
        let mut end = 0;
        for row in whole.rows() {
            proptest::prop_assert!(row.start == end || (row.start == end + 1 && &text[end..row.start] == "\n"));
            end = row.end;
            let shown = text[row.clone()].trim_end_matches(' ');
            let fits = super::super::cells::columns_of(shown) <= width;
            proptest::prop_assert!(fits || shown.graphemes(true).count() == 1, "{:?}", shown);
        }
        proptest::prop_assert_eq!(end, text.len());
    }
}
