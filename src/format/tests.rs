use super::*;

#[test]
fn numbers_are_as_short_as_they_read_back() {
    for x in [0.7_f32, 1e-30, 16_777_216.0, f32::MIN_POSITIVE, 0.1 + 0.2] {
        let text = short(&x).to_string();
        assert_eq!(text.parse::<f32>().unwrap().to_bits(), x.to_bits(), "{text}");
        assert!(text.len() <= 16, "{text}");
    }
    let settings = crate::sample::Settings { temperature: 0.7, ..Default::default() };
    assert_eq!(short(&settings)["temperature"].to_string(), "0.7");
}

#[test]
fn units() {
    assert_eq!(bytes(999), "999 B");
    assert_eq!(bytes(735_000_000), "735 MB");
    assert_eq!(bytes(12_400_000_000), "12.4 GB");
    assert_eq!(span(Duration::from_millis(18)), "18 ms");
    assert_eq!(span(Duration::from_millis(1250)), "1.2 s");
    assert_eq!(span(Duration::from_secs(81)), "1:21");
}

#[test]
fn tokens_are_spelled_without_marks() {
    for (bytes, said) in [(&b" moon"[..], " moon"), (b"\n\n", "\\n\\n"), (&[0xe5, 0x9c], "e5 9c"), (b"\x1b[", "^[[")] {
        assert_eq!(spelled(bytes), said);
    }
}

#[test]
fn small_probabilities_are_told_apart() {
    for (p, expected) in [(1.0, "100%"), (0.5, "50.00%"), (0.0123, "1.23%"), (4.2e-7, "4e-5%"), (0.0, "0%")] {
        assert_eq!(fine_percent(p), expected);
        assert!(fine_percent(p).len() <= 8);
    }
}
