use super::*;

#[test]
fn neutral_values_are_shown_as_off() {
    let mut settings = Settings::default();
    for &knob in &KNOBS {
        knob.neutralise(&mut settings);
    }
    for name in ["top-k", "top-p", "min-p", "repeat-penalty", "repeat-last-n", "max-tokens", "stop"] {
        let parameter = Parameter::named(name).unwrap();
        assert_eq!(Knob::Of(parameter).show(&settings), "off", "{parameter:?}");
    }
    assert_eq!(Knob::Of(Parameter::Temperature).show(&settings), "1 off");
    assert_eq!(Knob::Preset.show(&settings), "raw");
}

#[test]
fn what_a_control_does_fits_below_the_narrowest_panel() {
    for knob in KNOBS {
        for preset in &PRESETS {
            let mut settings = Settings::default();
            settings.apply(preset);
            let mut wrap = crate::text::Wrap::new(24);
            wrap.extend(&knob.explain(&settings));
            assert!(wrap.rows().len() <= 2, "{} {}", knob.name(), preset.name);
        }
    }
}

#[test]
fn presets_go_round_and_are_named() {
    let mut settings = Settings::default();
    for preset in PRESETS.iter().chain([&PRESETS[0]]) {
        assert_eq!(Knob::Preset.show(&settings), preset.name);
        Knob::Preset.turn(&mut settings, 1, false);
    }
    assert!(Knob::Preset.set(&mut settings, "x").unwrap_err().contains("steady"));
}

#[test]
fn several_controls_are_changed_at_once() {
    let new = changed(&Settings::default(), "temp 1.2 top-p=0.5  stop a b").unwrap();
    assert_eq!((new.temperature, new.top_p, new.stop), (1.2, 0.5, vec!["a b".to_owned()]));
    let new = changed(&Settings::default(), "raw temp = 2, topk 5; min_p .1").unwrap();
    assert_eq!((new.temperature, new.top_k, new.min_p, new.top_p), (2.0, 5, 0.1, 1.0));
    for (text, says) in [
        ("", "Write a control"),
        ("temp", "temp: a value is missing."),
        ("temp =", "temp: a value is missing."),
        ("stop =", "stop: a value is missing."),
        ("temp 1 top-q 2", "There is no control top-q"),
        ("temp -1", "temp: must be between 0 and 100"),
    ] {
        let why = changed(&Settings::default(), text).unwrap_err();
        assert!(why.starts_with(says), "{text}: {why}");
    }
}

#[test]
fn a_control_and_its_value_are_read_in_one_way() {
    let temperature = Knob::Of(Parameter::Temperature);
    for (text, knob, value) in [
        ("temp 0.9", temperature, "0.9"),
        ("  temperature   0.9", temperature, "0.9"),
        ("temp=0.9", temperature, "0.9"),
        ("temp = 0.9", temperature, "0.9"),
        ("Temp =0.9", temperature, "0.9"),
        ("--temp 0.9", temperature, "0.9"),
        ("temp", temperature, ""),
        ("topp 1", Knob::Of(Parameter::TopP), "1"),
        ("top_p=1", Knob::Of(Parameter::TopP), "1"),
        ("stop  a b ", Knob::Of(Parameter::Stop), "a b "),
        (r"stop = \=", Knob::Of(Parameter::Stop), r"\="),
        ("preset raw", Knob::Preset, "raw"),
        ("Raw", Knob::Preset, "raw"),
    ] {
        assert_eq!(settings_in(text), Ok(vec![(knob, value.to_owned())]), "{text}");
    }
    assert!(settings_in("").unwrap_err().starts_with("Write a control"));
    assert!(settings_in("top-q 1").unwrap_err().starts_with("There is no control top-q;"));
}

#[test]
fn every_control_is_found_by_each_of_its_names_however_they_are_written() {
    for knob in KNOBS {
        let others = knob.parameter().into_iter().flat_map(Parameter::aliases);
        for name in others.chain([knob.name().to_owned()]) {
            for written in [name.clone(), name.replace('-', "_"), name.replace('-', ""), name.to_uppercase()] {
                assert_eq!(Knob::named(&written), Some(knob), "{written}");
            }
        }
    }
    assert_eq!((Knob::named(""), Knob::named("-")), (None, None));
}
