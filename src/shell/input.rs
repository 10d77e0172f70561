//! The thread that reads keys, and how it is kept from reading those that are meant for another program.

use std::io;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossterm::event::{Event, MouseEventKind, poll, read};

use super::Input;
use super::Trouble;
use super::size::sane;
use crate::app::Msg;
use crate::threads;

/// How long the library looks for what has arrived: with zero it would not look at all.
const AT_ONCE: Duration = Duration::from_millis(1);

/// How long the thread may take to let go of the terminal. It is in the middle of a key only if that came in pieces.
const LETTING_GO: Duration = Duration::from_millis(500);

/// The handle of the thread.
pub(super) struct Listener {
    hold: Arc<Hold>,
    #[cfg(unix)]
    wake: io::PipeWriter,
}

/// Whether keys are left alone.
#[derive(Default)]
struct Hold {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Another program is to have the keys.
    wanted: bool,
    /// The thread does not touch them.
    held: bool,
}

impl Hold {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rests while another program is to have the keys.
    fn rest(&self) {
        let mut state = self.state();
        while state.wanted {
            state.held = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.held = false;
    }
}

impl Listener {
    /// Leaves the keys to another program; returns once the thread does not read any more.
    pub(super) fn hold(&mut self) {
        self.hold.state().wanted = true;
        // A thread that cannot be woken is woken by the next key.
        #[cfg(unix)]
        let _ = io::Write::write_all(&mut self.wake, &[0]);
        let state = self.hold.state();
        drop(self.hold.changed.wait_timeout_while(state, LETTING_GO, |it| !it.held));
    }

    /// Takes the keys again.
    pub(super) fn resume(&self) {
        self.hold.state().wanted = false;
        self.hold.changed.notify_all();
    }
}

/// Starts the thread. It ends with the program.
///
/// # Errors
///
/// If the system gives no pipe or no thread.
pub(super) fn listen(inbox: Sender<Input>) -> Result<Listener, Trouble> {
    let hold = Arc::new(Hold::default());
    #[cfg(unix)]
    let (woken, wake) = io::pipe()?;
    let its = hold.clone();
    let body = move || {
        loop {
            its.rest();
            #[cfg(unix)]
            let gone = !wait(&woken);
            #[cfg(not(unix))]
            let gone = false;
            if !pass_on(&its, &inbox) {
                return;
            }
            if gone {
                drop(inbox.send(Input::TerminalGone));
                return;
            }
        }
    };
    threads::start("input", "the keys", body)?;
    #[cfg(unix)]
    return Ok(Listener { hold, wake });
    #[cfg(not(unix))]
    return Ok(Listener { hold });
}

/// Waits until something arrives, or until another program is to have the keys; `false` if nothing will ever come again.
#[cfg(unix)]
fn wait(woken: &io::PipeReader) -> bool {
    use rustix::event::{PollFd, PollFlags};
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
    // A signal ends the wait; then there is nothing to read, and it begins again.
    if rustix::event::poll(&mut fds, None).is_err() {
        return true;
    }
    if fds[1].revents().contains(PollFlags::IN) {
        let mut woken = woken;
        let _ = io::Read::read(&mut woken, &mut [0; 16]);
    }
    !fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

/// Passes on what has arrived; `false` once the main loop has ended or the terminal is broken.
fn pass_on(hold: &Hold, inbox: &Sender<Input>) -> bool {
    loop {
        if hold.state().wanted {
            return true;
        }
        // Where there is no other way to wait, this waits, for as long as another program may have to wait for the keys.
        let patience = if cfg!(unix) { AT_ONCE } else { Duration::from_millis(50) };
        let event = match poll(patience) {
            Ok(true) => read(),
            Ok(false) => return true,
            Err(error) => Err(error),
        };
        let input = match event {
            Ok(Event::Key(key)) => Input::Msg(Msg::Key(key)),
            Ok(Event::Paste(text)) => Input::Msg(Msg::Paste(text)),
            Ok(Event::Resize(columns, rows)) => {
                let (columns, rows) = sane(columns, rows);
                Input::Msg(Msg::Resize(columns, rows))
            }
            Ok(Event::Mouse(mouse)) if mouse.kind != MouseEventKind::Moved => Input::Msg(Msg::Mouse(mouse)),
            Ok(Event::FocusGained | Event::FocusLost | Event::Mouse(_)) => continue,
            Err(_) => Input::TerminalGone,
        };
        let gone = matches!(input, Input::TerminalGone);
        if inbox.send(input).is_err() || gone {
            return false;
        }
    }
}
