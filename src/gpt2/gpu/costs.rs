//! What a token costs the processor while a GPU computes it.

use std::time::{Duration, Instant};

use super::GpuModel;
use super::pass::{Pass, Row};
use crate::model::{Model as _, ModelError};

/// Times that each is measured; the median counts.
const TIMES: usize = 31;

/// What a token costs the processor.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// Dispatches of a token.
    pub dispatches: usize,
    /// The time to record them.
    pub record: Duration,
    /// The time to submit nothing and to read four bytes.
    pub round_trip: Duration,
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

fn timed<T>(mut what: impl FnMut() -> Result<T, ModelError>) -> Result<Duration, ModelError> {
    let once = |_| {
        let started = Instant::now();
        what()?;
        Ok(started.elapsed())
    };
    Ok(median((0..TIMES).map(once).collect::<Result<_, ModelError>>()?))
}

impl GpuModel {
    /// Measures it, and leaves the context as it was.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn costs(&mut self) -> Result<Costs, ModelError> {
        let before = self.position();
        let mut scores = vec![0.0; self.vocabulary()];
        let row = Row { token: 0, sequence: super::CONTEXT };
        self.pass(&Pass { rows: &[row], scored: 0..1 }, &mut scores, &mut || true)?;
        self.rewind(before);
        let dispatches = self.dispatches();
        let record = timed(|| {
            self.record_token();
            Ok(())
        })?;
        let mut few = [0.0];
        let round_trip = timed(|| {
            self.machine.queue.submit([]);
            self.machine.read_uncounted(&self.staging, &mut few)
        })?;
        Ok(Costs { dispatches, record, round_trip })
    }
}
