//! Signals, and a terminal that goes away.

use std::sync::mpsc::Sender;

use super::size::sane;
use super::{Input, Trouble};
use crate::threads;

/// What comes from outside besides signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    /// A terminal that sends keys: an interrupt is one of them, and a signal of that name comes from elsewhere.
    Terminal,
    /// A terminal that sends lines, and makes a signal of the key that interrupts.
    Lines,
    /// No terminal: lines come from a file or a pipe, which may end.
    Pipe,
}

/// Starts what listens.
///
/// # Errors
///
/// If the system does not let us.
#[cfg(not(unix))]
pub(super) fn listen(_inbox: Sender<Input>, _watched: Watched) -> Result<(), Trouble> {
    Ok(())
}

/// Starts a thread for signals and one that watches the terminal.
///
/// # Errors
///
/// If the system does not let us.
#[cfg(unix)]
pub(super) fn listen(inbox: Sender<Input>, watched: Watched) -> Result<(), Trouble> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
    // Where lines are read, the terminal's own ways of stopping and of being resized are good enough.
    let own: &[i32] = if watched == Watched::Terminal { &[SIGTSTP, SIGWINCH] } else { &[] };
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM].iter().chain(own))?;
    let of_terminal = inbox.clone();
    threads::start("signals", "signals", move || {
        for number in signals.forever() {
            match number {
                SIGWINCH => {
                    if let Ok((columns, rows)) = crossterm::terminal::size() {
                        let (columns, rows) = sane(columns, rows);
                        drop(inbox.send(Input::Msg(crate::app::Msg::Resize(columns, rows))));
                    }
                }
                SIGTSTP => drop(inbox.send(Input::Stop)),
                // Ctrl-C and Ctrl-\ in the terminal reach everybody in it, and are meant for the editor.
                SIGINT | SIGQUIT if super::editor::has_the_terminal() => {}
                SIGINT if watched != Watched::Terminal => drop(inbox.send(Input::Interrupt)),
                _ => end(&inbox, Input::Signal(number), number),
            }
        }
    })?;
    if watched != Watched::Pipe {
        threads::start("terminal", "the watch over the terminal", move || watch(&of_terminal))?;
    }
    Ok(())
}

/// Tells the main loop, and ends the process if it does not get to it in time.
#[cfg(unix)]
fn end(inbox: &Sender<Input>, input: Input, number: i32) {
    let _ = inbox.send(input);
    let insist = move || {
        std::thread::sleep(std::time::Duration::from_millis(1500));
        super::terminal::restore();
        std::process::exit(128 + number);
    };
    if threads::start("end", "the end", insist).is_err() {
        insist();
    }
}

/// Whether there is no terminal any more.
pub(super) fn is_gone() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let stdin = rustix::stdio::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&at_once)).is_ok() && fds[0].revents().intersects(GONE)
    }
    #[cfg(not(unix))]
    false
}

/// What is reported of a terminal that is gone.
#[cfg(unix)]
const GONE: rustix::event::PollFlags =
    rustix::event::PollFlags::HUP.union(rustix::event::PollFlags::ERR).union(rustix::event::PollFlags::NVAL);

/// Waits until the terminal is gone. The library that reads keys would spin on it for ever, and no signal comes to a
/// process that is not the session's leader.
#[cfg(unix)]
fn watch(inbox: &Sender<Input>) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = rustix::stdio::stdin();
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
        // A hang-up is reported at once; the limit is for systems that forget to.
        let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
        let polled = poll(&mut fds, Some(&limit));
        if polled.is_ok() && fds[0].revents().intersects(GONE) {
            return end(inbox, Input::TerminalGone, signal_hook::consts::SIGHUP);
        }
    }
}
