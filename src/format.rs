//! Quantities and tokens as people read them.

use std::time::Duration;

use crate::text::visible;

/// Bytes in the units people read.
#[must_use]
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.0} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// A span of time in the units people read.
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_millis() < 1000 => format!("{} ms", time.as_millis()),
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// A probability in five columns at the most.
#[must_use]
pub fn percent(p: f32) -> String {
    match p * 100.0 {
        it if it >= 99.95 => "100%".to_owned(),
        it if it >= 9.95 => format!("{it:.0}%"),
        it if it >= 0.05 => format!("{it:.1}%"),
        _ => "~0%".to_owned(),
    }
}

/// A probability of any size in eight columns at the most: what is looked for may be very unlikely.
#[must_use]
pub fn fine_percent(p: f32) -> String {
    match p * 100.0 {
        it if it >= 99.95 => "100%".to_owned(),
        it if it >= 0.01 => format!("{it:.2}%"),
        it if it > 0.0 => format!("{it:.0e}%"),
        _ => "0%".to_owned(),
    }
}

/// A token as it is heard, or read in quotes: spaces stay, line feeds are named, half characters are their
/// bytes.
#[must_use]
pub fn spelled(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        visible(&text.replace('\n', "\\n"))
    } else {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
    }
}

/// A value of JSON whose numbers are as short as they read back in the type they have: 0.7 for an `f32`, not
/// 0.699999988079071. Nothing that cannot be JSON is given to it.
#[must_use]
pub fn short(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_string(value).and_then(|it| serde_json::from_str(&it)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
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
        for (bytes, said) in
            [(&b" moon"[..], " moon"), (b"\n\n", "\\n\\n"), (&[0xe5, 0x9c], "e5 9c"), (b"\x1b[", "^[[")]
        {
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
}
