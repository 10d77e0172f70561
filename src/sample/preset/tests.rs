use super::*;

#[test]
fn the_default_is_the_first_preset() {
    assert!(Settings::default().matches(&PRESETS[0]));
    assert!(PRESETS[1..].iter().all(|it| !Settings::default().matches(it)));
}

#[test]
fn a_preset_resets_every_number_of_the_chain_and_leaves_what_was_written() {
    for preset in &PRESETS {
        let mut expected = Settings::default();
        expected.apply(preset);
        for &parameter in Parameter::ALL.iter().filter(|it| it.is_of_presets()) {
            for value in ["0.25", "3", "2.5", "on"] {
                let mut settings = Settings::default();
                // Not every number is in its range.
                _ = parameter.set(&mut settings, value);
                settings.apply(preset);
                assert_eq!(settings, expected, "{} after {}", preset.name, parameter.name());
                assert!(settings.matches(preset));
            }
        }
        let written = Settings { ban: vec!["x".to_owned()], seed: 7, max_tokens: 9, ..Settings::default() };
        let mut after = written.clone();
        after.apply(preset);
        assert_eq!((after.ban, after.seed, after.max_tokens), (written.ban, 7, 9));
    }
}

#[test]
fn what_does_nothing_does_not_make_a_chain_another() {
    let mut settings = Settings { xtc_threshold: 0.3, ..Settings::default() };
    assert!(settings.matches(&PRESETS[0]) && !settings.is_own());
    settings.dynatemp_exponent = 2.0;
    assert!(settings.matches(&PRESETS[0]) && !Parameter::DynatempExponent.matters(&settings));
    settings.xtc_probability = 0.5;
    assert!(!settings.matches(&PRESETS[0]));
    let own = Settings { dry_multiplier: 0.8, dry_breakers: vec![".".to_owned()], ..Settings::default() };
    assert!(own.matches(preset("noloop").unwrap()) && own.is_own());
}
