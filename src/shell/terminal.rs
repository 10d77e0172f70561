//! The terminal: taken over once, given back as it was on every way out.

use std::io::{self, Stdout, Write as _, stdout};
use std::mem::ManuallyDrop;

use crossterm::event::EnableBracketedPaste;
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;

use super::size::Sized;
use crate::app::{App, view};
use crate::emergency;
use crate::files::{self, Place};
use crate::gpt2::gpu;

/// Buttons, what is dragged, and the wheel, by coordinates of any size. Movement alone means nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";

/// The terminal, while it is taken over.
pub(super) struct Terminal {
    /// Never dropped: its destructor shows the cursor, which [`restore`] does, and panics if the terminal is gone.
    inner: ManuallyDrop<ratatui::Terminal<Sized<CrosstermBackend<Stdout>>>>,
}

impl Terminal {
    /// Takes it over: raw mode, alternate screen, bracketed paste, and the mouse if it is wanted.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        emergency::want_mouse(mouse);
        take()?;
        match ratatui::Terminal::new(Sized(CrosstermBackend::new(stdout()))) {
            Ok(inner) => Ok(Self { inner: ManuallyDrop::new(inner) }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Draws the state, in one piece where the terminal can.
    pub(super) fn draw(&mut self, app: &App) -> io::Result<()> {
        if !emergency::draws() {
            return Ok(());
        }
        queue!(self.inner.backend_mut().0, BeginSynchronizedUpdate)?;
        self.inner.draw(|frame| view(app, frame))?;
        execute!(self.inner.backend_mut().0, EndSynchronizedUpdate)
    }

    /// Makes the next frame a whole one.
    pub(super) fn repaint(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal for its cursor and wait for an answer that may never come.
        let area = ratatui::layout::Rect::from((ratatui::layout::Position::ORIGIN, self.inner.size()?));
        self.inner.resize(area)
    }

    /// Gives it back.
    #[expect(clippy::unused_self, reason = "only its owner may give it back")]
    pub(super) fn leave(&mut self) {
        restore();
    }

    /// Takes it over again after it was given back.
    #[expect(clippy::unused_self, reason = "only its owner may take it")]
    pub(super) fn take(&mut self) -> io::Result<()> {
        take()
    }

    /// Writes something of our own that draws nothing.
    pub(super) fn send(&mut self, sequence: &str) -> io::Result<()> {
        execute!(self.inner.backend_mut().0, Print(sequence))
    }

    /// Stops the process as the shell's Ctrl-Z does; returns when it is continued.
    #[expect(clippy::unused_self, reason = "only its owner may give it back")]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            restore();
            // The whole group, as the terminal would; SIGTSTP would be dropped where no shell watches the group.
            rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
            take()?;
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    emergency::take();
    let mouse = if emergency::wants_mouse() { MOUSE_ON } else { "" };
    let taken =
        enable_raw_mode().and_then(|()| execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, Print(mouse)));
    if taken.is_err() {
        restore();
    }
    taken
}

/// Stops this process alone, which does not have the terminal now.
#[cfg(unix)]
pub(super) fn stop() -> io::Result<()> {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
    Ok(())
}

/// Gives the terminal back, if it is taken over. Every step is tried; failures cannot be told any more.
pub(super) fn restore() {
    if emergency::give_back() {
        let mut out = stdout();
        let _ = out.write_all(emergency::restoring()).and_then(|()| out.flush());
        let _ = disable_raw_mode();
    }
}

/// Makes a panic give the terminal back before it is reported, and keeps reports of other threads off the screen: those
/// are caught where they happen, and go to `log`.
pub fn install_panic_hook(log: std::path::PathBuf) {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        emergency::panicked();
        // Told otherwise, if at all.
        if gpu::panic_is_caught() {
            return;
        }
        let is_main = std::thread::current().name() == Some("main");
        if is_main || !emergency::is_taken() {
            restore();
            default(info);
            return;
        }
        let write = || -> io::Result<()> {
            if let Some(directory) = log.parent() {
                std::fs::create_dir_all(directory)?;
            }
            let mut file = files::append(Place::Log, &log)?;
            let trace = std::backtrace::Backtrace::force_capture();
            writeln!(file, "{info}\n{trace}\n")
        };
        // A report that cannot be written is lost; the interface still says that something failed.
        let _ = write();
    }));
}
