//! How much a device is asked for at once.

use std::time::Duration;

use super::plan::{MOST_TOKENS, Width};

/// A submission that takes longer is made shorter the next time: a wish to stop is heard between two, a screen is drawn by
/// the same device, and Windows resets one that is busy for 2 s.
const LONG: Duration = Duration::from_millis(40);

/// One that takes less may be made longer.
const SHORT: Duration = Duration::from_millis(15);

/// The fewest tokens of a pass over a prompt.
const FEWEST_TOKENS: usize = 16;

/// How much is submitted at once.
pub(super) struct Window {
    /// Dispatches at once, for few tokens and for many.
    few: usize,
    many: usize,
    /// Tokens of a prompt at once.
    chunk: usize,
    /// Whether the device does not know the context's table.
    pub(super) stale: bool,
    /// The commands for one more token of the context.
    pub(super) prepared: Option<wgpu::CommandBuffer>,
    /// Submissions that were made: the number that the device has counted, if it left none out.
    pub(super) submitted: u32,
}

impl Window {
    pub(super) fn new() -> Self {
        Self { few: usize::MAX, many: 8, chunk: MOST_TOKENS, stale: false, prepared: None, submitted: 0 }
    }

    /// Tokens of a prompt that are read at once.
    pub(super) fn chunk(&self) -> usize {
        self.chunk
    }

    pub(super) fn steps(&mut self, width: Width) -> &mut usize {
        if width == Width::Many { &mut self.many } else { &mut self.few }
    }

    /// Hears how long `done` dispatches took.
    pub(super) fn took(&mut self, width: Width, done: usize, took: Duration) {
        let steps = self.steps(width);
        if took > LONG && done > 1 {
            *steps = done / 2;
        } else if took < SHORT {
            *steps = steps.saturating_mul(2);
        }
        if width == Width::Many && done == 1 && took > LONG {
            self.chunk = (self.chunk / 2).max(FEWEST_TOKENS);
        }
    }
}
