//! Input that may keep its reader waiting: it is read on a thread of its own, so that a signal ends the waiting.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::Exit;
use super::interrupt::Interrupt;
use crate::emergency::NO_MEMORY;
use crate::files::{self, Place};
use crate::threads;

/// Bytes that a thread reads, of a file or of standard input.
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
    /// # Errors
    ///
    /// Status 71 if the system gives no thread.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, Exit> {
        let (sender, chunks) = sync_channel(CHUNKS);
        let file = file.map(Path::to_owned);
        // It may wait for ever: the program ends without it.
        threads::start("input", "what reads the input", move || read_on(file.as_deref(), &sender))
            .map_err(|e| Exit { code: NO_MEMORY, message: e.to_string() })?;
        Ok(Self { chunks, chunk: Vec::new(), at: 0, next: None })
    }

    /// Whether more is there without waiting.
    pub(super) fn is_ready(&mut self) -> bool {
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
