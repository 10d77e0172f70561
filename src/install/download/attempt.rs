//! The loop over one source: ask, take what comes, wait, ask again, until there is a file or no
//! hope.
//!
//! Tries are counted by progress: one that brought a megabyte of *new* bytes counts for nothing,
//! so a long download over a bad line goes on, while a server that always starts over is given up.
//!
//! Not here: taking what a server sends ([`receive`]), what an answer means ([`super::answer`]) and
//! how bytes are kept ([`super::partial`]).

mod receive;
mod telling;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::answer::judge;
use super::fault::Nature;
use super::lock::Lock;
use super::pace::{backoff, coin};
use super::partial::{Partial, Record, read_finished};
use super::transfer::{Message, Request, Transfer};
use super::{Attempt, DownloadError, Downloaded, Event, Options};
use crate::install::source::{Source, without_secrets};

/// How a source ended.
pub(super) enum Outcome {
    /// With a file.
    Got(Downloaded),
    /// With these answers.
    GaveUp(Vec<Attempt>),
}

/// How one request ended, if neither cancelled nor failed for good.
enum Step {
    /// Every byte is here.
    Complete,
    /// Ask again, after a wait.
    Again { why: String, nature: Nature, retry_after: Option<Duration> },
    /// Ask the next source.
    Leave,
}

/// Whether a server's answers to ranges were in order so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ranges {
    Trusted,
    Distrusted,
}

/// One source being asked.
pub(super) struct Asking<'a> {
    source: &'a Source,
    /// The source's number, from 1, and how many there are.
    place: (usize, usize),
    directory: &'a Path,
    options: &'a Options,
    cancel: &'a AtomicBool,
    report: &'a mut dyn FnMut(Event<'_>),
    /// The address as it may be shown and stored.
    url: String,
    answers: Vec<Attempt>,
    /// Most bytes ever held; only going beyond it is progress.
    farthest: u64,
    /// Tries in a row without good progress.
    failures: u32,
    /// Whether this source ever answered.
    reached: bool,
    ranges: Ranges,
    /// Whether it already answered `403` once.
    forbidden: bool,
    /// Whether the user was told that the bytes held are to be replaced.
    restarting: bool,
    /// Complete files with the wrong hash so far.
    wrong_files: u32,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        source: &'a Source,
        place: (usize, usize),
        directory: &'a Path,
        options: &'a Options,
        cancel: &'a AtomicBool,
        report: &'a mut dyn FnMut(Event<'_>),
    ) -> Self {
        Self {
            source,
            place,
            directory,
            options,
            cancel,
            report,
            url: without_secrets(&source.url),
            answers: Vec::new(),
            farthest: 0,
            failures: 0,
            reached: false,
            ranges: Ranges::Trusted,
            forbidden: false,
            restarting: false,
            wrong_files: 0,
        }
    }

    /// Asks until there is a file or no hope.
    pub(super) fn run(mut self) -> Result<Outcome, DownloadError> {
        let lock_path = self.directory.join(format!("{}.lock", self.source.file_name));
        let report = &mut *self.report;
        let mut waiting = |holder| report(Event::Waiting { holder });
        let lock =
            Lock::acquire(&lock_path, self.cancel, &mut waiting).map_err(DownloadError::io("lock", &lock_path))?;
        let Some(lock) = lock else {
            return Err(DownloadError::Cancelled { kept_bytes: 0 });
        };
        if let Some(downloaded) = self.finished_before()? {
            return Ok(Outcome::Got(downloaded));
        }
        if self.options.offline {
            let answer = "not asked: offline was asked for";
            self.tell(answer.to_owned());
            self.note(answer.to_owned());
            return Ok(Outcome::GaveUp(self.answers));
        }
        let mut partial = self.open_partial(&lock)?;
        loop {
            let complete = partial.has_all() || {
                match self.ask(&mut partial)? {
                    Step::Complete => true,
                    Step::Leave => return Ok(self.give_up(partial)),
                    Step::Again { why, nature, retry_after } => {
                        if !self.pause(&partial, why, nature, retry_after)? {
                            return Ok(self.give_up(partial));
                        }
                        false
                    }
                }
            };
            if complete {
                match self.check(&mut partial)? {
                    Checked::Right => return self.finish(partial).map(Outcome::Got),
                    Checked::WrongOnce => {}
                    Checked::WrongAgain => return Ok(self.give_up(partial)),
                }
            }
        }
    }

    fn give_up(self, partial: Partial) -> Outcome {
        partial.leave();
        Outcome::GaveUp(self.answers)
    }

    /// Looks for the file that an earlier call, or the process we waited for, finished.
    fn finished_before(&mut self) -> Result<Option<Downloaded>, DownloadError> {
        let path = self.directory.join(&self.source.file_name);
        let record = match read_finished(&path, &mut self.verifying()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Err(DownloadError::Cancelled { kept_bytes: 0 });
            }
            other => other.map_err(DownloadError::io("read", &path))?,
        };
        let Some(record) = record else {
            return Ok(None);
        };
        let ours = match &self.source.sha256 {
            Some(expected) => record.sha256.eq_ignore_ascii_case(expected),
            // Two addresses may differ in their query only, which is not stored.
            None => record.url == self.url && !self.source.url.contains('?'),
        };
        Ok(ours.then(|| self.downloaded(path, record)))
    }

    fn open_partial(&mut self, lock: &Lock) -> Result<Partial, DownloadError> {
        let suffix = if lock.is_exclusive() { String::new() } else { format!(".{}", std::process::id()) };
        let name = &self.source.file_name;
        let mut partial = Partial::open(self.directory, name, &suffix)
            .map_err(DownloadError::io("open", &self.directory.join(name)))?;
        let path = partial.path().to_owned();
        let url = self.url.clone();
        let whole = partial.recall(&url, &mut self.verifying()).map_err(DownloadError::io("read", &path))?;
        if !whole {
            let kept_bytes = path.metadata().map_or(0, |it| it.len());
            return Err(DownloadError::Cancelled { kept_bytes });
        }
        self.farthest = partial.len();
        Ok(partial)
    }

    /// Sends one request and takes what comes.
    fn ask(&mut self, partial: &mut Partial) -> Result<Step, DownloadError> {
        let (source, of) = self.place;
        (self.report)(Event::Connecting { source, of, label: &self.source.label });
        let etag = partial.origin().and_then(|origin| origin.etag.clone());
        let resume = etag.filter(|_| self.ranges == Ranges::Trusted && partial.len() > 0).map(|it| (partial.len(), it));
        let from = resume.as_ref().map_or(0, |&(from, _)| from);
        if from > 0 {
            (self.report)(Event::Resuming { at: from });
        }
        let request = Request { url: self.source.url.clone(), resume };
        let limits = &self.options.limits;
        let started = Transfer::start(request, limits, self.options.ca_file.as_deref());
        let mut transfer = match started {
            Ok(transfer) => transfer,
            Err(fault) => return Ok(self.broken(fault)),
        };
        match transfer.next(self.cancel) {
            Message::Head(head) => {
                self.reached = true;
                let verdict = judge(&head, from, partial.origin());
                self.obey(verdict, &head, &mut transfer, partial)
            }
            Message::Cancelled => Err(cancelled(partial)),
            Message::End(Err(fault)) => Ok(self.broken(fault)),
            Message::Bytes(_) | Message::End(Ok(())) => {
                unreachable!("a transfer begins with its head or with a fault")
            }
        }
    }

    /// Counts a failed try and waits; false if it was the last one.
    fn pause(
        &mut self,
        partial: &Partial,
        why: String,
        nature: Nature,
        retry_after: Option<Duration>,
    ) -> Result<bool, DownloadError> {
        let limits = &self.options.limits;
        partial.settle();
        self.note(why.clone());
        let fresh = partial.len().saturating_sub(self.farthest);
        self.farthest = self.farthest.max(partial.len());
        self.failures = if fresh >= limits.good_progress { 0 } else { self.failures + 1 };
        let hopeless = nature == Nature::Unreachable && !self.reached;
        let of = if hopeless { limits.unreachable_tries } else { limits.tries };
        if self.failures >= of {
            return Ok(false);
        }
        let asked = retry_after.unwrap_or_default().min(limits.longest_retry_after);
        let wait = backoff(self.failures.max(1), limits, coin()).max(asked);
        (self.report)(Event::Retrying { attempt: self.failures + 1, of, wait, why });
        let until = Instant::now() + wait;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(cancelled(partial));
            }
            // Zero when the moment has come; the next round ends the loop.
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
        Ok(true)
    }

    /// Compares the complete file with the hash that was known beforehand, if any.
    fn check(&mut self, partial: &mut Partial) -> Result<Checked, DownloadError> {
        let found = partial.sha256();
        let Some(expected) = &self.source.sha256 else {
            return Ok(Checked::Right);
        };
        if found.eq_ignore_ascii_case(expected) {
            return Ok(Checked::Right);
        }
        let why = format!("the SHA-256 is {found} instead of {expected}");
        let path = partial.path().to_owned();
        partial.clear().map_err(DownloadError::io("empty", &path))?;
        self.farthest = 0;
        self.wrong_files += 1;
        if self.wrong_files > 1 {
            self.tell(why.clone());
            self.note(why);
            return Ok(Checked::WrongAgain);
        }
        self.say_restarting(why);
        self.restarting = false;
        Ok(Checked::WrongOnce)
    }

    fn finish(&mut self, partial: Partial) -> Result<Downloaded, DownloadError> {
        let record = Record { url: self.url.clone(), bytes: partial.len(), sha256: partial.sha256() };
        let path = partial.path().to_owned();
        let kept = partial.len();
        let finished = partial.finish(&record).map_err(|error| match DownloadError::io("finish", &path)(error) {
            // Every byte is here; only the note beside it found no room.
            DownloadError::DiskFull { path, .. } => {
                DownloadError::DiskFull { path, kept_bytes: kept, missing_bytes: Some(0) }
            }
            other => other,
        })?;
        Ok(self.downloaded(finished, record))
    }

    fn downloaded(&self, path: PathBuf, record: Record) -> Downloaded {
        Downloaded {
            path,
            source: self.source.clone(),
            bytes: record.bytes,
            sha256: record.sha256,
            verified: self.source.sha256.is_some(),
        }
    }

    fn total(&self, partial: &Partial) -> Option<u64> {
        partial.origin().and_then(|origin| origin.total).or(self.source.size)
    }

    fn write_error(&self, error: io::Error, partial: &Partial) -> DownloadError {
        let kept = partial.continuable();
        let mut error = DownloadError::io("write", partial.path())(error);
        if let DownloadError::DiskFull { kept_bytes, missing_bytes, .. } = &mut error {
            *kept_bytes = kept;
            *missing_bytes = self.total(partial).map(|total| total.saturating_sub(partial.len()));
        }
        error
    }
}

/// What the hash said.
enum Checked {
    Right,
    WrongOnce,
    WrongAgain,
}

fn cancelled(partial: &Partial) -> DownloadError {
    partial.settle();
    DownloadError::Cancelled { kept_bytes: partial.continuable() }
}
