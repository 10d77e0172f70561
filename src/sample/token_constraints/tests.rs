use super::*;

/// Bytes, and "ab", "abc", " ab".
fn vocabulary() -> Arc<Vocabulary> {
    Arc::new(Vocabulary::from_gpt2_merges("a b\nab c\n\u{120} ab\n").unwrap())
}

/// What stands after `history` under `settings`, by the text of the token; what is not named is 0.
fn after(settings: &Settings, history: &str) -> Vec<(String, f32)> {
    let vocabulary = vocabulary();
    let words = TokenConstraints::of(settings, &vocabulary);
    let mut row = vec![0.0; vocabulary.len()];
    // One byte a token, however it could be written.
    let history: Vec<TokenId> =
        history.chars().flat_map(|it| vocabulary.encode(&it.to_string()).unwrap().tokens).collect();
    let touched = words.apply(&mut row, &history);
    let named: Vec<(String, f32)> =
        (0..).zip(row).filter(|it| it.1 != 0.0).map(|(id, it)| (vocabulary.decode(&[id]), it)).collect();
    assert_eq!(touched, named.len());
    named
}

#[test]
fn a_bias_of_several_tokens_means_its_last_after_the_others() {
    let settings = Settings { bias: vec!["ab=2".parse().unwrap(), "xy=-1.5".parse().unwrap()], ..Settings::default() };
    assert_eq!(after(&settings, ""), [("ab".to_owned(), 2.0)]);
    assert_eq!(after(&settings, "x"), [("y".to_owned(), -1.5), ("ab".to_owned(), 2.0)]);
}

#[test]
fn a_ban_holds_however_the_text_is_cut_into_tokens() {
    let settings = Settings { ban: vec!["bc".to_owned()], ..Settings::default() };
    let out = |history| after(&settings, history).into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(out(""), ["abc"]);
    assert_eq!(out("xab"), ["c", "abc"]);
    assert!(after(&settings, "b").iter().all(|it| it.1 == f32::NEG_INFINITY));
}

#[test]
fn a_bias_is_written_as_it_is_read() {
    let bias: Bias = " a=b=-0.5".parse().unwrap();
    assert_eq!((bias.text.as_str(), bias.by, bias.to_string().as_str()), (" a=b", -0.5, " a=b=-0.5"));
    assert!("moon".parse::<Bias>().unwrap_err().contains("TEXT=NUMBER"));
    assert!("=2".parse::<Bias>().is_err());
}

#[test]
fn breakers_are_looked_for_inside_tokens_and_only_for_dry() {
    let mut settings = Settings { dry_breakers: vec!["b".into()], ..Settings::default() };
    assert!(TokenConstraints::of(&settings, &vocabulary()).breaks().is_empty());
    settings.dry_multiplier = 0.8;
    let words = TokenConstraints::of(&settings, &vocabulary());
    assert_eq!(words.breaks().iter().filter(|it| **it).count(), 4, "b, ab, abc and \" ab\"");
}

#[test]
fn what_was_begun_goes_on() {
    let vocabulary = vocabulary();
    let words = TokenConstraints::of(&Settings::default(), &vocabulary);
    let mut row = vec![0.0; vocabulary.len()];
    assert_eq!(words.hold_to(&mut row, b"ab"), 2);
    let left: Vec<String> = (0..).zip(&row).filter(|it| *it.1 == 0.0).map(|it| vocabulary.decode(&[it.0])).collect();
    assert_eq!(left, ["ab", "abc"]);
}
