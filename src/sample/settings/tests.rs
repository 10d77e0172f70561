use super::super::Order;
use super::*;

#[test]
fn ranges() {
    let with = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check().map_err(|e| e.name)
    };
    for (why, got, expected) in [
        ("default", with(|_| ()), Ok(())),
        ("greedy", with(|s| s.temperature = 0.0), Ok(())),
        ("negative temperature", with(|s| s.temperature = -0.1), Err("temp")),
        ("no number", with(|s| s.temperature = f32::NAN), Err("temp")),
        ("infinite", with(|s| s.temperature = f32::INFINITY), Err("temp")),
        ("top-p over 1", with(|s| s.top_p = 1.01), Err("top-p")),
        ("min-p below 0", with(|s| s.min_p = -0.01), Err("min-p")),
        ("penalty 0", with(|s| s.repeat_penalty = 0.0), Err("repeat-penalty")),
        ("whole context", with(|s| s.repeat_last_n = -1), Ok(())),
        ("window -2", with(|s| s.repeat_last_n = -2), Err("repeat-last-n")),
        ("empty stop string", with(|s| s.stop = vec![String::new()]), Err("stop")),
    ] {
        assert_eq!(got, expected, "{why}");
    }
}

#[test]
fn a_step_is_switched_off_and_on_and_keeps_its_value() {
    let mut settings = Settings::default();
    settings.switch(Step::Temperature);
    settings.switch(Step::TopP);
    assert!(settings.is_neutral(Step::TopP) && !settings.is_set_neutral(Step::TopP));
    assert_eq!((settings.top_p, settings.off.as_slice()), (0.9, &[Step::TopP, Step::Temperature][..]));
    settings.switch(Step::Temperature);
    settings.switch(Step::TopP);
    assert_eq!(settings, Settings::default());
}

#[test]
fn the_penalty_window_is_the_tail() {
    let with = |n| Settings { repeat_last_n: n, ..Settings::default() }.penalty_window(&[1, 2, 3]).to_vec();
    assert_eq!(with(2), [2, 3]);
    assert_eq!(with(9), [1, 2, 3]);
    assert_eq!(with(-1), [1, 2, 3]);
    assert_eq!(with(0), [] as [i32; 0]);
}

#[test]
fn settings_read_back_what_they_wrote_and_take_defaults_for_what_is_absent() {
    let settings = Settings { order: Order::HuggingFace, seed: u64::MAX, ..Settings::default() };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
}
