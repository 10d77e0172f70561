use clap::Parser as _;

use super::super::{ModelVerb, Verb};
use super::*;

fn parse(arguments: &[&str]) -> Arguments {
    Arguments::try_parse_from([&["megachat"], arguments].concat()).unwrap()
}

#[test]
fn the_table_of_arguments_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn flags_go_before_the_configuration_and_that_before_the_default() {
    let mut config = Config { preset: Some("wild".into()), ..Config::default() };
    config.sampling.set(Parameter::TopK, &["7".to_owned()]).unwrap();
    let (settings, seed) = parse(&["--temp", "0.3", "-s", "9"]).sampling.settings(&config).unwrap();
    assert_eq!((settings.temperature, settings.min_p, settings.top_k, settings.seed), (0.3, 0.1, 7, 9));
    assert_eq!(seed, Some(9));
    let (settings, seed) = parse(&[]).sampling.settings(&Config::default()).unwrap();
    assert_eq!((settings, seed), (Settings::default(), None));
}

#[test]
fn what_is_not_said_stays_as_it_was_recorded() {
    let recorded = Settings { temperature: 1.2, seed: 4, ..Settings::default() };
    let over = |arguments: &[&str]| parse(arguments).sampling.over(recorded.clone()).unwrap();
    assert_eq!(over(&["-n", "9"]), Settings { max_tokens: 9, ..recorded.clone() });
    assert_eq!(over(&["--temp", "0.7", "-s", "0"]), Settings { temperature: 0.7, seed: 0, ..recorded.clone() });
}

#[test]
fn keys_and_mouse_are_what_flags_and_configuration_say() {
    for (arguments, edit_mode, mouse, expected) in [
        (&[][..], None, None, (false, true)),
        (&[], Some("vi"), Some(false), (true, false)),
        (&["--edit-mode", "emacs"], Some("vi"), None, (false, true)),
        (&["--edit-mode", "vi", "--no-mouse"], None, Some(true), (true, false)),
    ] {
        let config = Config { edit_mode: edit_mode.map(str::to_owned), mouse, ..Config::default() };
        let interface = parse(arguments).interface;
        assert_eq!((interface.vi(&config).unwrap(), interface.mouse(&config)), expected);
    }
    let config = Config { edit_mode: Some("nano".into()), ..Config::default() };
    let error = parse(&[]).interface.vi(&config).unwrap_err().to_string();
    assert_eq!(error, "`nano` is no edit-mode (there are emacs and vi)");
}

#[test]
fn words_of_the_configuration_that_mean_nothing_are_named_and_taken_out() {
    let word = |it: &str| Some(it.to_owned());
    let mut config = Config {
        device: word("gpux"),
        dtype: word("q9"),
        color: word("pink"),
        theme: word("grey"),
        edit_mode: word("nano"),
        model: word("demo"),
        ..Config::default()
    };
    let said = drop_words_without_meaning(&mut config);
    for (said, what) in said.iter().zip(["gpux", "q9", "nano", "pink", "grey"]) {
        assert!(said.starts_with(&format!("`{what}` is no ")), "{said}");
    }
    assert_eq!((said.len(), config), (5, Config { model: word("demo"), ..Config::default() }));
    let mut sound = Config { device: word("CPU"), dtype: word("q8"), theme: word("dark"), ..Config::default() };
    assert!(drop_words_without_meaning(&mut sound).is_empty() && sound.device.is_some());
}

#[test]
fn values_out_of_range_are_said() {
    let error = Arguments::try_parse_from(["megachat", "--top-p", "2"]).unwrap_err().to_string();
    assert!(error.contains("must be between 0 and 1 (1 is off), not 2"), "{error}");
    let error = parse(&["--preset", "x"]).sampling.settings(&Config::default()).unwrap_err().to_string();
    assert!(error.contains("no preset `x`"));
}

#[test]
fn a_prompt_a_verb_and_escapes() {
    assert_eq!(parse(&["Once", "upon"]).prompt, ["Once", "upon"]);
    assert!(matches!(parse(&["model", "list"]).verb, Some(Verb::Model { verb: ModelVerb::List { .. } })));
    assert_eq!(parse(&["--resume"]).interface.resume.as_deref(), Some("latest"));
    let (settings, _) =
        parse(&["--stop", r"a\n\tb\\c\d\", "--stop", "x"]).sampling.settings(&Config::default()).unwrap();
    assert_eq!(settings.stop, ["a\n\tb\\c\\d\\", "x"]);
}
