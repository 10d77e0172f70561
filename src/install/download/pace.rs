//! The downloader's sense of time: how long to wait, how fast it goes, when slow is too slow.
//!
//! Nothing here sleeps or reads a clock; instants and random numbers are arguments, so every
//! schedule can be tested without waiting for it.

use std::time::{Duration, Instant};

use super::Limits;

/// How long to wait before the try that follows `failures` failed ones (1 or more).
///
/// Exponential with full jitter: anything between nothing and the cap of this round, so that many
/// clients cut off at the same moment do not return at the same moment. `coin` is in `[0, 1)`.
pub(super) fn backoff(failures: u32, limits: &Limits, coin: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let cap = limits.first_wait.saturating_mul(1 << doublings).min(limits.longest_wait);
    cap.mul_f64(coin.clamp(0.0, 1.0))
}

/// A number in `[0, 1)`, different at every call.
///
/// The standard library seeds each of its hash tables from the system's random source; that is
/// plenty for spreading retries.
pub(super) fn coin() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let bits = std::hash::RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// What a `Retry-After` header asks for: seconds, or a date.
///
/// `None` if it is neither; a date that has passed asks for no wait. `now` is seconds since 1970.
pub(super) fn parse_retry_after(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp().as_second();
    Some(Duration::from_secs(u64::try_from(date.saturating_sub(now)).unwrap_or(0)))
}

/// Lets something happen at most once per interval.
#[derive(Debug)]
pub(super) struct Ticker {
    interval: Duration,
    last: Option<Instant>,
}

impl Ticker {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// Whether it is time again; if so, the next interval starts at `now`.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.duration_since(last) >= self.interval);
        if due {
            self.last = Some(now);
        }
        due
    }
}

/// Speed over the last few seconds, as a decaying average.
#[derive(Debug)]
pub(super) struct Speed {
    last: Instant,
    pending: u64,
    rate: Option<f64>,
}

impl Speed {
    /// The age at which a measurement has lost most of its weight.
    const MEMORY: Duration = Duration::from_secs(3);

    pub(super) fn new(now: Instant) -> Self {
        Self { last: now, pending: 0, rate: None }
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.pending += bytes as u64;
    }

    /// Bytes per second, with everything added so far counted up to `now`.
    pub(super) fn measure(&mut self, now: Instant) -> f64 {
        let seconds = now.duration_since(self.last).as_secs_f64();
        // The first bytes come out of buffers at once; a rate of them would be a fantasy.
        if seconds >= 0.02 {
            let fresh = self.pending as f64 / seconds;
            let weight = 1.0 - (-seconds / Self::MEMORY.as_secs_f64()).exp();
            self.rate = Some(self.rate.map_or(fresh, |old| old + weight * (fresh - old)));
            self.pending = 0;
            self.last = now;
        }
        self.rate.unwrap_or(0.0)
    }
}

/// Notices a transfer that is alive but hopeless, such as one byte every ten seconds, which a
/// limit on each single read never catches.
#[derive(Debug)]
pub(super) struct Floor {
    started: Instant,
    bytes: u64,
    window: Duration,
    least: u64,
}

impl Floor {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let milliseconds = u64::try_from(limits.floor_window.as_millis()).unwrap_or(u64::MAX);
        let least = limits.floor_rate.saturating_mul(milliseconds) / 1000;
        Self { started: now, bytes: 0, window: limits.floor_window, least }
    }

    /// Whether a whole window went by with fewer bytes than the floor asks for.
    pub(super) fn is_broken(&mut self, bytes: usize, now: Instant) -> bool {
        self.bytes += bytes as u64;
        if now.duration_since(self.started) < self.window {
            return false;
        }
        let broken = self.bytes < self.least;
        self.started = now;
        self.bytes = 0;
        broken
    }
}

#[cfg(test)]
mod tests;
