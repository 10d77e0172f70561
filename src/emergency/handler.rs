//! The signals that end a process from within.
//!
//! What runs here may interrupt anything, an allocation too: nothing is allocated, no lock is taken, and only what is
//! safe in a signal handler is called.

#![allow(unsafe_code, reason = "a signal handler is set by an unsafe call")]

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{SIGABRT, SIGBUS, SIGSEGV, c_int, c_void, sigaction, siginfo_t};

use super::{KEPT, NO_MEMORY, UNWRITTEN, allocator, screen};

/// What was set for SIGSEGV and SIGBUS before: the standard library's, which tells a stack that overflowed from other
/// faults. Written once, before the handler is set.
static mut BEFORE: [MaybeUninit<sigaction>; 2] = [MaybeUninit::uninit(), MaybeUninit::uninit()];

/// Sets the handlers. That one cannot be set changes nothing until the worst happens.
pub(super) fn install() {
    // A write beyond `ulimit -f` is to fail with an error, as on a full disk, and not to end the process.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if rustix::process::getrlimit(rustix::process::Resource::As).current.is_some() {
        // Each thread would reserve 64 MiB of what is limited, and use little of it.
        // SAFETY: a number is set in the C library, which no other thread uses yet.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    }
    // SAFETY: zeros are a set of flags and an empty mask; the handlers have the signature that SA_SIGINFO asks for, and
    // keep to what a signal handler may do. BEFORE is written by this thread, before any handler can read it.
    unsafe {
        let mut new: sigaction = std::mem::zeroed();
        new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        new.sa_sigaction = aborted as *const () as usize;
        sigaction(SIGABRT, &raw const new, std::ptr::null_mut());
        for (signal, before) in [SIGSEGV, SIGBUS].into_iter().zip([&raw mut BEFORE[0], &raw mut BEFORE[1]]) {
            if sigaction(signal, std::ptr::null(), before.cast()) == 0 {
                new.sa_sigaction = faulted as *const () as usize;
                sigaction(signal, &raw const new, std::ptr::null_mut());
            }
        }
    }
}

/// Whether a fault ends the program.
static FAULTED: AtomicBool = AtomicBool::new(false);

/// SIGABRT: mostly memory that was refused.
extern "C" fn aborted(_: c_int, _: *mut siginfo_t, _: *mut c_void) {
    // The standard library and the C library ask for memory by ways of their own, and abort without it, too.
    let refused = match allocator::refused() {
        0 if is_refused(TRIAL) => TRIAL,
        other => other,
    };
    // What handles a full stack aborts; all is said and done already.
    if FAULTED.load(Ordering::Acquire) {
        let _ = signal_hook::low_level::emulate_default_handler(SIGABRT);
    }
    let unwritten = end_well();
    if refused == 0 {
        say(&["megachat: the program has been aborted (SIGABRT).", transcript(unwritten), "\n"]);
        // As if nothing had been set, so that whoever started it sees how it ended.
        let _ = signal_hook::low_level::emulate_default_handler(SIGABRT);
    }
    let mut digits = [0; 20];
    say(&[
        "megachat: there is not enough memory: the system refused ",
        decimal(refused, &mut digits),
        " bytes more.",
        transcript(unwritten),
        "\n",
    ]);
    signal_hook::low_level::exit(NO_MEMORY.into());
}

/// What is asked for to see whether there is any memory left, in bytes.
const TRIAL: usize = 1 << 20;

/// Whether the system refuses so many bytes now. The process ends in a moment, and they are not given back.
fn is_refused(bytes: usize) -> bool {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    // SAFETY: the system chooses a place where nothing is, and nothing is done with it.
    unsafe {
        mmap_anonymous(std::ptr::null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE).is_err()
    }
}

/// SIGSEGV and SIGBUS: a fault in the program, or a stack that is full.
extern "C" fn faulted(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    FAULTED.store(true, Ordering::Release);
    let unwritten = end_well();
    let what = if signal == SIGSEGV { "SIGSEGV" } else { "SIGBUS" };
    say(&["megachat: a fault in the program ends it (", what, ").", transcript(unwritten), "\n"]);
    // SAFETY: the kernel hands over what it says of the signal.
    if unsafe { (*info).si_code } <= 0 {
        // Somebody sent it: no instruction is tried again and ends the process.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    // SAFETY: BEFORE was written before this handler was set, and is only read since. What stands there is a handler of
    // three arguments where the flag says so.
    unsafe {
        let before = if signal == SIGSEGV { &raw const BEFORE[0] } else { &raw const BEFORE[1] };
        let before = (*before).assume_init_ref();
        if before.sa_flags & libc::SA_SIGINFO != 0 {
            let handle: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = std::mem::transmute(before.sa_sigaction);
            handle(signal, info, context);
        } else {
            // The default: the instruction is tried once more, and ends the process.
            libc::sigaction(signal, before, std::ptr::null_mut());
        }
    }
}

/// Gives what is on its way to the transcript a moment to arrive there, and the terminal back. Answers how many changes
/// did not arrive.
fn end_well() -> usize {
    /// Two threads may fail in the same moment; one is enough.
    static BEGUN: AtomicBool = AtomicBool::new(false);
    if BEGUN.swap(true, Ordering::AcqRel) {
        (0..200).for_each(|_| wait(10));
        return UNWRITTEN.load(Ordering::Acquire);
    }
    screen::hold();
    // A frame that has begun ends, and the thread that writes the transcript needs no memory for a line or two.
    for _ in 0..50 {
        wait(10);
        if UNWRITTEN.load(Ordering::Acquire) == 0 {
            break;
        }
    }
    if screen::give_back() {
        write(rustix::stdio::stdout(), screen::restoring());
        screen::modes::restore();
    }
    UNWRITTEN.load(Ordering::Acquire)
}

/// What became of the text.
fn transcript(unwritten: usize) -> &'static str {
    match (KEPT.load(Ordering::Acquire), unwritten) {
        (false, 0) => "",
        (false, _) => " The text was not in a transcript yet.",
        (true, 0) => " The text is in the transcript: `megachat --resume` goes on with it.",
        (true, _) => " The text is in the transcript but for the last changes: `megachat --resume` goes on with it.",
    }
}

fn say(parts: &[&str]) {
    for part in parts {
        write(crate::output::stderr_descriptor(), part.as_bytes());
    }
}

fn write(to: rustix::fd::BorrowedFd<'_>, mut bytes: &[u8]) {
    // A terminal that takes nothing must not keep the process.
    for _ in 0..100 {
        match rustix::io::write(to, bytes) {
            Ok(count) if count < bytes.len() => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait(1),
            Ok(_) | Err(_) => return,
        }
    }
}

fn wait(milliseconds: i64) {
    let time = rustix::event::Timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 };
    let _ = rustix::event::poll(&mut [], Some(&time));
}

/// A number in digits, without memory.
fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 || at == 0 {
            break;
        }
    }
    str::from_utf8(&digits[at..]).unwrap_or("some")
}

#[cfg(test)]
mod tests;
