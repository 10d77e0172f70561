//! The numbers under which transcripts are opened: each is one above the largest known, so that the one worked on last is known
//! whatever the clock says.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The largest number that is known; it is found out while the program runs.
#[derive(Clone, Debug)]
pub struct Numbers(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    largest: Mutex<Option<u64>>,
    known: Condvar,
}

impl Default for Numbers {
    fn default() -> Self {
        Self(Some(Arc::default()))
    }
}

impl Numbers {
    /// Where nobody needs any.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Takes note of the largest number of a library.
    pub fn tell(&self, largest: u64) {
        let Some(shared) = &self.0 else { return };
        let mut known = shared.largest.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(known.unwrap_or(0).max(largest));
        shared.known.notify_all();
    }

    /// The next number, if the largest is known, or will be soon.
    #[must_use]
    pub fn next(&self, patience: Duration) -> Option<u64> {
        let shared = self.0.as_ref()?;
        let known = shared.largest.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |it: &mut Option<u64>| it.is_none();
        let mut known = match shared.known.wait_timeout_while(known, patience, waits) {
            Ok((known, _)) => known,
            Err(poisoned) => poisoned.into_inner().0,
        };
        let next = known.as_ref()?.saturating_add(1);
        *known = Some(next);
        Some(next)
    }
}
