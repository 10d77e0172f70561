//! Whether the terminal is taken over, and how it was before: known here, so that a signal can give it back.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is taken over. Giving it back twice would move the shell's cursor.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the process is about to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether it is asked to report the mouse.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// What makes a terminal what it was: the end of a sequence that was broken off and of a frame, no mouse, no bracketed
/// paste, the main screen, the cursor.
const RESTORE: &[u8] = b"\x1b\\\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// The same where the mouse was never asked for: it is not even switched off.
const RESTORE_WITHOUT_MOUSE: &[u8] = b"\x1b\\\x1b[?2026l\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// What makes the terminal what it was.
pub(crate) fn restoring() -> &'static [u8] {
    if wants_mouse() { RESTORE } else { RESTORE_WITHOUT_MOUSE }
}

/// Says whether the mouse is wanted, before the terminal is taken over.
pub(crate) fn want_mouse(mouse: bool) {
    MOUSE.store(mouse, Ordering::Release);
}

/// Whether the mouse is wanted.
pub(crate) fn wants_mouse() -> bool {
    MOUSE.load(Ordering::Acquire)
}

/// The terminal is taken over from here on. To be called before anything about it is changed.
pub(crate) fn take() {
    #[cfg(unix)]
    modes::remember();
    TAKEN.store(true, Ordering::Release);
}

/// Whether it is taken over.
pub(crate) fn is_taken() -> bool {
    TAKEN.load(Ordering::Acquire)
}

/// Whether something may be drawn.
pub(crate) fn draws() -> bool {
    is_taken() && !ENDING.load(Ordering::Acquire)
}

/// Answers whether it has to be given back; to one caller alone.
pub(crate) fn give_back() -> bool {
    TAKEN.swap(false, Ordering::AcqRel)
}

/// Lets no new frame begin.
pub(super) fn hold() {
    ENDING.store(true, Ordering::Release);
}

#[cfg(unix)]
pub(super) mod modes {
    //! How the terminal treats what is typed.

    use std::sync::atomic::{AtomicPtr, Ordering};

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    static BEFORE: AtomicPtr<Termios> = AtomicPtr::new(std::ptr::null_mut());

    /// Remembers how it is. A few bytes are kept for each time, since a signal may come in the middle.
    pub(super) fn remember() {
        if let Ok(modes) = tcgetattr(rustix::stdio::stdin()) {
            BEFORE.store(Box::into_raw(Box::new(modes)), Ordering::Release);
        }
    }

    /// Makes it what it was. Safe in a signal handler: nothing is allocated, and the call is one of the system's.
    #[allow(unsafe_code, reason = "a signal handler can hold no lock")]
    pub(in crate::emergency) fn restore() {
        // SAFETY: the pointer is null, or came from a box that is never freed or changed.
        if let Some(modes) = unsafe { BEFORE.load(Ordering::Acquire).as_ref() } {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, modes);
        }
    }
}
