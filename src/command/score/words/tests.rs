use super::*;
use crate::assets;
use crate::command::score::items::Item;
use crate::sample::{Reading, Score, Standing, Statistics, Tally};

fn scored(item: Item) -> Scored {
    let vocabulary = assets::vocabulary();
    let mut byte = 0;
    let ids = vocabulary.encode(&item.text).unwrap().tokens;
    let token = |id: TokenId| {
        let it = Token { id, byte, line: 1, column: 1, reading: None, standing: None };
        byte += vocabulary.bytes(id).len();
        it
    };
    let tokens = ids.into_iter().map(token).collect();
    let (tally, statistics) = (Tally::default(), Statistics::default());
    let mut out = Scored { item, tokens, tally, windows: 1, words: Vec::new(), statistics, lower: None, broken: None };
    out.words = find(&out, &vocabulary);
    out
}

fn words_of(it: &Scored) -> Vec<(&str, Range<usize>, usize, bool, bool)> {
    let word = |it2: &Word| (it2.characters.clone(), it2.tokens.len(), it2.opened, it2.closed);
    let told = it.words.iter().map(|w| (&it.item.text[w.place.clone()], word(w)));
    told.map(|(text, (a, b, c, d))| (text, a, b, c, d)).collect()
}

#[test]
fn words_are_what_white_space_separates_and_own_the_space_before_them() {
    let it =
        scored(Item { text: "In England,  the\n\u{1f469}\u{200d}\u{1f467} caf\u{e9}. ".to_owned(), ..Item::default() });
    let found = words_of(&it);
    let names: Vec<&str> = found.iter().map(|it| it.0).collect();
    assert_eq!(names, ["In", "England,", "the", "\u{1f469}\u{200d}\u{1f467}", "caf\u{e9}."]);
    assert_eq!(found.iter().map(|it| it.1.clone()).collect::<Vec<_>>(), [0..2, 3..11, 13..16, 17..20, 21..26]);
    // The first has no space; all others begin with one, or with a line feed; behind each another begins, or the text ends.
    assert_eq!(found.iter().map(|it| it.3).collect::<Vec<_>>(), [false, true, true, true, true]);
    assert!(found.iter().all(|it| it.4), "{found:?}");
    // Every token but the space at the end belongs to one word, also those that hold a part of a character.
    let sum: usize = found.iter().map(|it| it.2).sum();
    assert_eq!(sum, it.tokens.len() - 1);
    assert!(scored(Item { text: " \n".to_owned(), ..Item::default() }).words.is_empty());
    assert!(scored(Item::default()).words.is_empty());
}

#[test]
fn regions_are_read_without_their_marks() {
    for (marked, text, parts) in [
        (
            "The horse | raced past|the barn |fell.",
            "The horse raced pastthe barn fell.",
            &["The horse", "raced past", "the barn", "fell."][..],
        ),
        ("One", "One", &["One"]),
        ("| One | | two |", "One two ", &["", "One", "", "two", ""]),
    ] {
        let (found, places) = regions(marked);
        assert_eq!(found, text);
        let found: Vec<&str> = places.iter().map(|it| &text[it.clone()]).collect();
        assert_eq!(found, parts, "{marked}");
    }
    let (text, places) = regions("The horse | raced past|the barn |fell.");
    let it = scored(Item { text, regions: Some(places), ..Item::default() });
    let borders: Vec<(bool, bool)> = it.words.iter().map(|it| (it.opened, it.closed)).collect();
    // Where a mark stands in a word, no word ends and none begins.
    assert_eq!(borders, [(false, true), (true, false), (false, true), (true, true)]);
}

#[test]
fn a_target_is_found_as_a_word_first() {
    let target = |text: &str, target: &str| {
        let it = Item { text: text.to_owned(), target: Some(target.to_owned()), ..Item::default() };
        scored(it).words.iter().map(|it| (it.characters.start, it.characters.end)).collect::<Vec<_>>()
    };
    assert_eq!(target("The cats saw a cat.", "cat"), [(15, 18)]);
    assert_eq!(target("The cats saw.", "cat"), [(4, 7)]);
    assert_eq!(target("The cats saw.", " cats saw. "), [(4, 13)]);
    assert!(target("The cats saw.", "dog").is_empty());
}

#[test]
fn a_word_is_corrected_by_the_borders_at_both_its_ends() {
    let mut it = scored(Item { text: "One unbelievableness two".to_owned(), ..Item::default() });
    let last = it.tokens.len() - 1;
    for token in &mut it.tokens {
        let score = Score { p: 0.25, log_p: 0.25_f32.ln(), rank: 4, entropy: Some(1.0) };
        token.reading = Some(Reading { score, bits: 2.0, expected: 0, expected_p: 0.5 });
        token.standing = Some(Standing { lead: -LN_2, variance: 1.0, log_p: 0.25_f64.ln() });
    }
    let borders = borders(&it.words, it.tokens.len());
    assert_eq!(borders.iter().filter(|it| **it).count(), 3, "before the second and the third word, and behind that");
    let openings: Vec<f64> = borders.iter().map(|it| if *it { 0.5_f64.ln() } else { f64::NAN }).collect();
    weigh(&mut it, &openings);
    let bits = 2.0 * (last - 1) as f64;
    let told: Vec<_> = it
        .words
        .iter()
        .map(|it| (it.figures.bits, it.figures.before, it.figures.after, it.figures.corrected))
        .collect();
    assert_eq!(told[0], (Some(2.0), None, Some(1.0), Some(3.0)));
    assert_eq!(told[1], (Some(bits), Some(1.0), Some(1.0), Some(bits)));
    assert!((it.words[2].figures.z.unwrap() + LN_2).abs() < 1e-12 && it.words[2].figures.rank == Some(5));
    // A token without a score leaves its word without one.
    it.tokens[0].reading = None;
    weigh(&mut it, &openings);
    assert_eq!((it.words[0].figures.bits, it.words[0].figures.corrected), (None, None));
}

#[test]
fn the_tokens_that_begin_a_word_are_those_with_white_space_and_the_end() {
    let vocabulary = assets::vocabulary();
    let all = beginnings(&vocabulary);
    let is_one = |text: &str| all.contains(&vocabulary.encode(text).unwrap().tokens[0]);
    assert!(is_one(" the") && is_one("\n") && is_one("\u{a0}") && all.contains(&50_256));
    assert!(!is_one("the") && !is_one(",") && all.len() > 30_000);
}
