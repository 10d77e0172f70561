//! Standard error, for the program's own words: what libraries print there can be led elsewhere.
//!
//! The driver of a GPU is loaded into the process, and some print to standard error whatever they are asked. On a screen
//! that is drawn it would stand in the text, and a script would take it for ours.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::files::{self, Place};
use crate::threads;

/// The file that what libraries print goes to.
static LOG: OnceLock<PathBuf> = OnceLock::new();

/// Standard error as it was, once that of libraries leads elsewhere.
#[cfg(unix)]
static OWN: OnceLock<Option<rustix::fd::OwnedFd>> = OnceLock::new();

/// Bytes of a log that nothing is added to.
const MOST: u64 = 1 << 20;

/// Bytes that wait for the log at the most.
const WAITING: usize = 1 << 16;

/// Names the file that what libraries print goes to, see [`divert_libraries`].
pub fn log_libraries_in(path: PathBuf) {
    LOG.get_or_init(|| path);
}

/// From here on, what libraries print to standard error waits for [`log_words`], and [`stderr`] leads where it led before.
/// Where no log is named nothing changes.
pub fn divert_libraries() {
    #[cfg(unix)]
    if LOG.get().is_some() && OWN.get().is_none() {
        // The duplicate is there before anything leads elsewhere, for whoever writes meanwhile.
        let own = OWN.get_or_init(|| rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3).ok());
        let (Some(_), Ok((reader, writer))) = (own, io::pipe()) else { return };
        // A thread that is not given is no reason to print what nobody asked for: the pipe is then without a reader.
        let _ = threads::start("drivers", "what drivers print", move || hear(reader));
        let _ = rustix::stdio::dup2_stderr(&writer);
    }
}

/// Leads standard error back: the process ends, and what is printed then is for who started it.
pub fn undivert_libraries() {
    #[cfg(unix)]
    if let Some(own) = OWN.get().and_then(Option::as_ref) {
        let _ = rustix::stdio::dup2_stderr(own);
    }
}

/// What libraries printed.
struct Words {
    /// Whether it belongs in the log; else it waits.
    logged: bool,
    waiting: Vec<u8>,
    log: Option<File>,
}

static WORDS: Mutex<Words> = Mutex::new(Words { logged: false, waiting: Vec::new(), log: None });

impl Words {
    /// Takes what came, and writes all that waits where it may. A log that nothing comes to is not made; more than one
    /// should hold is dropped, and so is what cannot be written.
    fn take(&mut self, bytes: &[u8]) {
        let room = WAITING.saturating_sub(self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if !self.logged || self.waiting.is_empty() {
            return;
        }
        let words = std::mem::take(&mut self.waiting);
        let Some(path) = LOG.get() else { return };
        if self.log.is_none() {
            self.log = open(path).ok();
            if let Some(log) = &mut self.log {
                let _ = writeln!(log, "what drivers print to process {}:", std::process::id());
            }
        }
        if let Some(log) = &mut self.log
            && log.metadata().is_ok_and(|it| it.len() < MOST)
        {
            let _ = log.write_all(&words);
        }
    }
}

/// Puts what libraries printed, and will print, into the log: a driver is used, and not only looked at.
pub fn log_words() {
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    words.logged = true;
    words.take(&[]);
}

fn hear(mut from: impl io::Read) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        WORDS.lock().unwrap_or_else(PoisonError::into_inner).take(&bytes[..count]);
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        files::make_private_directory(directory)?;
    }
    files::append(Place::Log, path)
}

/// Standard error for what another program prints, which is started by this one.
#[must_use]
pub fn stderr_of_child() -> Stdio {
    #[cfg(unix)]
    if let Some(own) = OWN.get().and_then(Option::as_ref).and_then(|it| it.try_clone().ok()) {
        return own.into();
    }
    Stdio::inherit()
}

/// The program's own standard error, unbuffered.
#[must_use]
pub fn stderr() -> Stderr {
    Stderr(())
}

/// See [`stderr`].
#[derive(Debug)]
pub struct Stderr(());

impl Stderr {
    /// Whether it is a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        #[cfg(unix)]
        if let Some(own) = OWN.get().and_then(Option::as_ref) {
            return own.is_terminal();
        }
        io::stderr().is_terminal()
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(unix)]
        if let Some(own) = OWN.get().and_then(Option::as_ref) {
            return Ok(rustix::io::write(own, bytes)?);
        }
        io::stderr().write(bytes)
    }

    /// Nothing waits; a line goes out in one piece.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write_fmt(&mut self, arguments: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.write_all(arguments.to_string().as_bytes())
    }
}

/// The descriptor of the program's own standard error, for a handler of signals.
#[cfg(unix)]
pub(crate) fn stderr_descriptor() -> rustix::fd::BorrowedFd<'static> {
    use rustix::fd::AsFd as _;
    OWN.get().and_then(Option::as_ref).map_or_else(rustix::stdio::stderr, |it| it.as_fd())
}
