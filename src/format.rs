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
mod tests;
