//! Signals that ask a command to stop, as flags that it looks at.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::Exit;

/// Whether the user wants the program to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt {
    /// The number of the signal that came, 0 before.
    number: Arc<AtomicUsize>,
    asked: Arc<AtomicBool>,
}

static ONE: OnceLock<Interrupt> = OnceLock::new();

impl Interrupt {
    /// The exit status of a signal that came since somebody listens.
    pub(super) fn pending() -> Option<u8> {
        ONE.get().filter(|it| it.came()).map(Self::status)
    }

    /// From here on a signal ends no program but sets flags, the same ones for everybody.
    ///
    /// # Errors
    ///
    /// If the system does not let itself be listened to.
    pub(super) fn listen() -> Result<Self, Exit> {
        if let Some(one) = ONE.get() {
            return Ok(one.clone());
        }
        let new = Self::default();
        #[cfg(unix)]
        for number in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            signal_hook::flag::register_usize(number, new.number.clone(), number as usize)
                .and_then(|_| signal_hook::flag::register(number, new.asked.clone()))
                .map_err(|e| Exit::failed(format!("cannot listen for signals: {e}")))?;
        }
        Ok(ONE.get_or_init(|| new).clone())
    }

    /// Whether a signal came.
    pub(super) fn came(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// The same as a flag for those who look by themselves.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// The exit status that tells of the signal; that of an interrupt from the keyboard if none came.
    pub(super) fn status(&self) -> u8 {
        match self.number.load(Ordering::Acquire) {
            0 => 130,
            number => 128 + number as u8,
        }
    }
}
