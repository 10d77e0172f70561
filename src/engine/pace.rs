//! A pace for the tokens that are drawn, so that people can watch them come.

use std::time::{Duration, Instant};

/// When the last token was due.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
}

impl Pace {
    /// Waits until the next token is due, at `tokens` a second, as long as it `goes_on`; 0 waits for nothing.
    pub fn rest(&mut self, tokens: f32, mut goes_on: impl FnMut() -> bool) {
        /// Whoever stops the text need not wait longer.
        const STEP: Duration = Duration::from_millis(10);
        if let Some(last) = self.last.filter(|_| tokens > 0.0) {
            let span = Duration::try_from_secs_f32(tokens.recip()).unwrap_or(Duration::MAX);
            loop {
                let left = span.saturating_sub(last.elapsed());
                if left.is_zero() || !goes_on() {
                    break;
                }
                std::thread::sleep(left.min(STEP));
            }
        }
        self.last = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests;
