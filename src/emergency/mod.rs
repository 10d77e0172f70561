//! What is done when the program cannot go on: memory is refused, or a fault ends the process.
//!
//! A refused allocation ends a Rust program by SIGABRT: no destructor runs, and no panic hook. What is here gives the
//! terminal back nevertheless, says a sentence, and leaves with a status ([`NO_MEMORY`]). Where a part of the program can
//! do with less, it asks for memory in a way that may be refused, and none of this happens.

mod allocator;
#[cfg(unix)]
mod handler;
mod screen;

pub use allocator::Allocator;
pub(crate) use allocator::panicked;
pub(crate) use screen::{draws, give_back, is_taken, restoring, take, want_mouse, wants_mouse};

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The exit status where the system gives no more memory, or no thread.
pub const NO_MEMORY: u8 = 71;

/// Whether there is a transcript on the disk.
static KEPT: AtomicBool = AtomicBool::new(false);

/// Changes of the transcript that are on their way to its file.
static UNWRITTEN: AtomicUsize = AtomicUsize::new(0);

/// Whether the text has a transcript on the disk from here on: an end without warning says what became of the text.
pub(crate) fn has_a_transcript(is_there: bool) {
    KEPT.store(is_there, Ordering::Release);
}

/// So many changes more are on their way to the transcript.
pub(crate) fn on_its_way(changes: usize) {
    UNWRITTEN.fetch_add(changes, Ordering::AcqRel);
}

/// So many of them have arrived, or never will.
pub(crate) fn arrived(changes: usize) {
    UNWRITTEN.fetch_sub(changes, Ordering::AcqRel);
}

/// Prepares for the worst. To be called once, first of all, on the main thread.
///
/// # Errors
///
/// In words, if there is not even memory for a stack: nothing could be done then.
pub(crate) fn prepare() -> Result<(), &'static str> {
    grow_stack()?;
    #[cfg(unix)]
    handler::install();
    Ok(())
}

/// The main thread's stack grows as it is used, and where the system refuses that, the process ends by SIGSEGV. So it
/// grows to what will be needed now, after the same memory has been asked for in a way that can be refused.
fn grow_stack() -> Result<(), &'static str> {
    /// The deepest that the main thread goes, several times over.
    const STACK: usize = 1 << 20;
    #[inline(never)]
    #[expect(clippy::large_stack_arrays, reason = "the stack is what is to grow")]
    fn touch() {
        std::hint::black_box([0u8; STACK]);
    }
    let mut trial = Vec::<u8>::new();
    trial.try_reserve_exact(STACK + (STACK >> 2)).map_err(|_| "there is not enough memory to start")?;
    drop(trial);
    touch();
    Ok(())
}
