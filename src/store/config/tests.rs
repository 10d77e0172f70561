use super::*;

fn load(text: &str) -> (LoadedConfig, bool) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let loaded = load_config(&path);
    (loaded, std::fs::read(&path).unwrap() == text.as_bytes())
}

#[test]
fn values_override_defaults_one_by_one() {
    let (loaded, kept) = load("version = 1\nmodel = \"demo\"\n[sampling]\ntemp = 1.5\norder = \"hf\"\n");
    assert!(kept && loaded.problems.is_empty(), "{:?}", loaded.problems);
    let mut settings = Settings::default();
    loaded.config.sampling.apply(&mut settings);
    let expected = Settings { temperature: 1.5, order: crate::sample::Order::HuggingFace, ..Settings::default() };
    assert_eq!((settings, loaded.config.model.as_deref()), (expected, Some("demo")));
}

#[test]
fn a_file_that_does_not_parse_is_kept_and_reported_with_its_line() {
    for (text, says) in [
        ("model = \"demo\"\n[sampling\n", "line 2"),
        ("[sampling]\n\ntemperature = \"hot\"\n", "line 3"),
        ("model = 3\n", "line 1"),
    ] {
        let (loaded, kept) = load(text);
        assert!(kept);
        assert_eq!((loaded.config, loaded.has_errors), (Config::default(), true));
        assert!(loaded.problems.len() == 1 && loaded.problems[0].contains(says), "{:?}", loaded.problems);
    }
    let (loaded, kept) = load("\0\u{1}binary");
    assert!(kept && loaded.problems.len() == 1);
}

#[test]
fn values_out_of_range_are_reported_and_ignored() {
    let (loaded, kept) = load("preset = \"foo\"\n[sampling]\ntemperature = -3\n");
    assert!(kept && loaded.config == Config::default(), "{:?}", loaded.config);
    assert!(loaded.problems[0].contains("no preset `foo`"), "{:?}", loaded.problems);
    assert!(loaded.problems[1].contains("temp is -3"), "{:?}", loaded.problems);
    assert!(loaded.has_errors);
}

#[test]
fn unknown_keys_are_named_with_their_line_and_the_rest_counts() {
    let (loaded, _) = load("colour = \"red\"\nmodel = \"demo\"\n[sampling]\ntop-q = 3\n");
    assert_eq!(loaded.config.model.as_deref(), Some("demo"));
    assert!(loaded.problems[0].ends_with(":1: unknown key `colour`"), "{:?}", loaded.problems);
    assert!(loaded.problems[1].ends_with(":4: unknown key `top-q`"), "{:?}", loaded.problems);
    assert!(!loaded.has_errors);
}

#[test]
fn a_key_is_found_on_its_line_however_it_is_written() {
    let text = "# colour\nmodel = \"demo\"\n  colour = 1\n[ \"two words\".x ]\n[[list]]\n[a.b]\nc.d = 3\n";
    let lines = Lines::of(text);
    let expected = [("model", 2), ("colour", 3), ("two words", 4), ("list", 5), ("a", 6), ("c", 7), ("none", 0)];
    for (key, line) in expected {
        assert_eq!(lines.of_key(key), line, "{key}");
    }
}

#[test]
fn many_unknown_keys_are_counted_and_the_known_ones_count() {
    let keys: Vec<String> = (0..100_000).map(|it| format!("key{it} = {it}")).collect();
    let keys = keys.join("\n");
    let (loaded, kept) = load(&format!("model = \"demo\"\n{keys}"));
    assert!(kept && loaded.config.model.as_deref() == Some("demo"));
    assert_eq!(loaded.problems.len(), TOLD + 1);
    assert!(loaded.problems[TOLD].ends_with("99990 more unknown keys"), "{}", loaded.problems[TOLD]);
}

#[test]
fn a_file_that_is_too_long_is_left_unread() {
    let (loaded, kept) = load(&format!("model = \"demo\"\n{}", "# filling\n".repeat(500_000)));
    assert!(kept && loaded.config == Config::default());
    assert!(loaded.problems[0].contains("more than 4 MiB"), "{:?}", loaded.problems);
}

#[test]
fn a_missing_file_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    assert_eq!(load_config(&path), LoadedConfig::default());
    assert!(!path.exists());
}

#[test]
fn the_state_is_remembered_and_one_part_of_it_does_not_cost_the_other() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(load_state(directory.path()), State::default());
    store_state(directory.path(), &State { demo_only: true, model: None }).unwrap();
    assert_eq!(load_state(directory.path()), State { demo_only: true, model: None });
    update_state(directory.path(), |it| it.model = Some("mine".into())).unwrap();
    assert_eq!(load_state(directory.path()), State { demo_only: true, model: Some("mine".into()) });
    update_state(directory.path(), |it| it.demo_only = false).unwrap();
    assert_eq!(load_state(directory.path()), State { demo_only: false, model: Some("mine".into()) });
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_state_that_is_damaged_or_from_another_version_is_harmless() {
    let directory = tempfile::tempdir().unwrap();
    for (text, expected) in [
        ("demo_only = true\n", State { demo_only: true, model: None }),
        ("model = \"mine\"\nlater = 3\n", State { demo_only: false, model: Some("mine".into()) }),
        ("model = 3\n", State::default()),
        ("\0[[[", State::default()),
        ("", State::default()),
    ] {
        std::fs::write(directory.path().join("state.toml"), text).unwrap();
        assert_eq!(load_state(directory.path()), expected, "{text}");
    }
    // What changes nothing writes nothing.
    let absent = directory.path().join("absent");
    update_state(&absent, |it| it.model = None).unwrap();
    assert!(!absent.exists());
}
