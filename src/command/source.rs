//! Files and standard input, as bytes.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;
use std::rc::Rc;

use crate::command::input::Piped;
use crate::command::interrupt::Interrupt;
use crate::command::{Exit, say};
use crate::engine::protocol::MOST_TEXT;
use crate::files::{self, Place};
use crate::text::visible_path;

/// How far all files are read.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) done: Cell<u64>,
    /// Bytes of all files, where that is known.
    pub(super) total: Cell<Option<u64>>,
    /// Bytes since the last text began.
    pub(super) since: Cell<u64>,
    /// Whether more would have to be waited for.
    pub(super) waits: Cell<bool>,
}

impl Progress {
    /// The share that was read, 0 to 1.
    pub(super) fn share(&self) -> Option<f64> {
        self.total.get().filter(|it| *it > 0).map(|it| (self.done.get() as f64 / it as f64).min(1.0))
    }
}

/// A file or standard input.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) inner: Inner,
    pub(super) progress: Rc<Progress>,
    /// Whether what comes after it may keep its reader waiting.
    pub(super) waits_after: bool,
    /// How many of its bytes were read, and how many up to the last end of a line.
    pub(super) delivered: u64,
    pub(super) line_end: u64,
}

/// Where its bytes come from.
pub(super) enum Inner {
    /// At once.
    Ready(Box<dyn Read>),
    /// When somebody writes them.
    Piped(Piped),
}

impl Source {
    /// `what` is what a person at a terminal is asked for.
    ///
    /// # Errors
    ///
    /// Status 1 if it cannot be opened, 71 if the system gives no thread.
    pub(super) fn open(file: Option<&Path>, progress: &Rc<Progress>, what: &str) -> Result<Self, Exit> {
        let name = file.map_or_else(|| "standard input".to_owned(), visible_path);
        let inner = match file {
            Some(file) if is_at_once(file) => {
                let opened = files::open_text(Place::Text, file);
                Inner::Ready(Box::new(opened.map_err(|e| Exit::failed(format!("cannot read {name}: {e}")))?))
            }
            _ => {
                if file.is_none() && io::stdin().is_terminal() {
                    say(&format!("megachat: write or paste {what}; Ctrl-D at the beginning of a line ends it"));
                }
                Inner::Piped(Piped::open(file)?)
            }
        };
        let (delivered, line_end) = (0, 0);
        Ok(Self { name, inner, progress: progress.clone(), waits_after: false, delivered, line_end })
    }

    /// Whether more is there without waiting, when its reader `holds` some of it and has not come to the end of that.
    pub(super) fn is_ready(&mut self, holds: bool) -> bool {
        match &mut self.inner {
            Inner::Ready(_) => holds || !self.waits_after,
            Inner::Piped(it) => it.is_ready(),
        }
    }

    /// What ends the reading: a signal that came meanwhile, or what the system says.
    pub(super) fn failed(name: &str, error: &dyn std::fmt::Display) -> Exit {
        match Interrupt::pending() {
            Some(code) => Exit { code, message: String::new() },
            None => Exit::failed(format!("cannot read {name}: {error}")),
        }
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Progress { done, since, .. } = &*self.progress;
        if since.get() > 2 * MOST_TEXT as u64 {
            let why = format!("one of its texts is longer than {MOST_TEXT} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let n = match &mut self.inner {
            Inner::Ready(it) => it.read(out)?,
            Inner::Piped(it) => it.read(out)?,
        };
        done.set(done.get() + n as u64);
        since.set(since.get() + n as u64);
        if let Some(at) = out[..n].iter().rposition(|it| *it == b'\n') {
            self.line_end = self.delivered + at as u64 + 1;
        }
        self.delivered += n as u64;
        Ok(n)
    }
}

/// Whether reading a file, or finding that it cannot be read, keeps nobody waiting.
pub(super) fn is_at_once(file: &Path) -> bool {
    std::fs::metadata(file).map_or(true, |it| it.is_file() || it.is_dir())
}

/// Opens a file that would be opened at once, to find early that it cannot be.
///
/// # Errors
///
/// Status 1 with the reason; nothing for what may keep its reader waiting.
pub(super) fn check(file: &Path) -> Result<u64, Exit> {
    if !is_at_once(file) {
        return Ok(0);
    }
    let length = files::open_text(Place::Text, file).and_then(|it| it.metadata()).map(|it| it.len());
    length.map_err(|e| Exit::failed(format!("cannot read {}: {e}", visible_path(file))))
}
