//! Files and standard input, as bytes. What may keep its reader waiting is read on a thread of its own, so that a signal
//! ends the waiting.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::command::interrupt::Interrupt;
use crate::command::{Exit, say};
use crate::emergency::NO_MEMORY;
use crate::engine::protocol::MOST_TEXT;
use crate::files::{self, Place};
use crate::text::visible_path;
use crate::threads;

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
}

/// Where its bytes come from.
pub(super) enum Inner {
    /// At once.
    Ready(Box<dyn Read>),
    /// When somebody writes them.
    Piped(Piped),
}

impl Source {
    /// # Errors
    ///
    /// Status 1 if it cannot be opened, 71 if the system gives no thread.
    pub(super) fn open(file: Option<&Path>, progress: &Rc<Progress>) -> Result<Self, Exit> {
        let name = file.map_or_else(|| "standard input".to_owned(), visible_path);
        let inner = match file {
            Some(file) if is_at_once(file) => {
                let opened = files::open_text(Place::Text, file);
                Inner::Ready(Box::new(opened.map_err(|e| Exit::failed(format!("cannot read {name}: {e}")))?))
            }
            _ => {
                if file.is_none() && io::stdin().is_terminal() {
                    say("megachat: write or paste the text; Ctrl-D at the beginning of a line ends it");
                }
                Inner::Piped(Piped::open(file)?)
            }
        };
        Ok(Self { name, inner, progress: progress.clone(), waits_after: false })
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

/// Bytes that a thread reads.
pub(super) struct Piped {
    chunks: Receiver<io::Result<Vec<u8>>>,
    /// What was read last, and how much of it was taken.
    chunk: Vec<u8>,
    at: usize,
    /// What came when it was asked whether there is more.
    next: Option<io::Result<Vec<u8>>>,
}

/// Bytes that are read at a time, and how many of these may wait.
const CHUNK: usize = 1 << 16;
const CHUNKS: usize = 4;

/// How soon a signal is heard.
const MOMENT: Duration = Duration::from_millis(50);

impl Piped {
    fn open(file: Option<&Path>) -> Result<Self, Exit> {
        let (sender, chunks) = sync_channel(CHUNKS);
        let file = file.map(Path::to_owned);
        // It may wait for ever: the program ends without it.
        threads::start("input", "what reads the input", move || read_on(file.as_deref(), &sender))
            .map_err(|e| Exit { code: NO_MEMORY, message: e.to_string() })?;
        Ok(Self { chunks, chunk: Vec::new(), at: 0, next: None })
    }

    fn is_ready(&mut self) -> bool {
        if self.at == self.chunk.len() && self.next.is_none() {
            self.next = self.chunks.try_recv().ok();
        }
        self.at < self.chunk.len() || self.next.is_some()
    }
}

impl Read for Piped {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            let next = match self.next.take() {
                Some(it) => it,
                None => match self.chunks.recv_timeout(MOMENT) {
                    Ok(it) => it,
                    Err(RecvTimeoutError::Disconnected) => return Ok(0),
                    Err(RecvTimeoutError::Timeout) if Interrupt::pending().is_some() => {
                        // Not the kind that is tried again.
                        return Err(io::Error::other("a signal came"));
                    }
                    Err(RecvTimeoutError::Timeout) => continue,
                },
            };
            (self.chunk, self.at) = (next?, 0);
        }
        let n = out.len().min(self.chunk.len() - self.at);
        out[..n].copy_from_slice(&self.chunk[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Reads to the end, or until nobody listens.
fn read_on(file: Option<&Path>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut input: Box<dyn Read> = match file.map(|it| files::open_text(Place::Text, it)) {
        None => Box::new(io::stdin()),
        Some(Ok(it)) => Box::new(it),
        Some(Err(error)) => {
            let _ = sender.send(Err(error));
            return;
        }
    };
    loop {
        let mut chunk = vec![0; CHUNK];
        let told = match input.read(&mut chunk) {
            Ok(0) => return,
            Ok(n) => {
                chunk.truncate(n);
                sender.send(Ok(chunk))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => sender.send(Err(error)),
        };
        if told.is_err() {
            return;
        }
    }
}
