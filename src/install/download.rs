//! Fetches one file from the first of several sources that gives it, and can be stopped and
//! continued at any byte.
//!
//! What it promises: a file under its final name is complete, and verified wherever a hash is
//! known; bytes already here are not fetched twice if the server can help it; every answer of
//! every source is told; a cancellation is felt at once and loses nothing; two programs do not
//! fetch the same file side by side.
//!
//! It refuses to be clever: one connection, no parallel parts, no guess about a server that does
//! not say what it sends. It knows nothing of models; the converter looks inside.
//!
//! The pieces: `answer` judges what a server says, `transfer` moves bytes, `partial` keeps
//! them, `proxy` knows the way, `fault` says why it broke off, `pace` knows how long to wait,
//! [`lock`] keeps others out, `attempt` is the loop over one source. This file holds the words
//! they share with the rest of the program.

mod answer;
mod attempt;
mod fault;
pub mod lock;
mod pace;
mod partial;
mod proxy;
mod transfer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::files::disk::is_full;
use crate::install::protocol::Refusal;
use crate::install::source::Source;
use crate::text::visible_path;
use attempt::{Asking, Outcome};

/// Something worth showing while a download runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// Another process holds the download; we wait until it is done.
    Waiting {
        /// The other process, where its number can be read.
        holder: Option<u32>,
    },
    /// A source is asked.
    Connecting {
        /// Which source, counted from 1.
        source: usize,
        /// How many there are.
        of: usize,
        /// The source's name for the user.
        label: &'a str,
    },
    /// The request asks for the rest only.
    Resuming {
        /// Bytes that are here already.
        at: u64,
    },
    /// Bytes arrived; told at most ten times per second, and once at the end.
    Progress {
        /// Bytes here.
        done: u64,
        /// Bytes of the whole file, if known.
        total: Option<u64>,
        /// Average over the last seconds.
        bytes_per_second: f64,
    },
    /// Something passed that may not last; the same source is asked again.
    Retrying {
        /// Which try comes next, counted from 1.
        attempt: u32,
        /// How many tries in a row there will be at most.
        of: u32,
        /// How long until then.
        wait: Duration,
        /// What went wrong.
        why: String,
    },
    /// What is here cannot be continued; the file is fetched from its beginning.
    Restarting {
        /// The reason, as a part of a sentence.
        why: String,
    },
    /// Bytes on disk are read and hashed.
    Verifying {
        /// Bytes hashed.
        done: u64,
        /// Bytes to hash.
        total: u64,
    },
    /// A source answered, or could not be asked.
    Answer {
        /// Which source, counted from 1.
        source: usize,
        /// The source's name for the user.
        label: &'a str,
        /// "410 Gone", "200 OK", "could not resolve host".
        answer: String,
    },
}

/// How patient a download is. The defaults are for people; tests shorten them.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// For the name look-up, and again for opening the connection.
    pub connect_timeout: Duration,
    /// Longest silence before the header and between two pieces of the body.
    pub read_timeout: Duration,
    /// Bytes per second below which a transfer is given up as hopeless...
    pub floor_rate: u64,
    /// ...if it stays there for this long.
    pub floor_window: Duration,
    /// Longest wait before the second try; it doubles from try to try.
    pub first_wait: Duration,
    /// Longest wait of our own choice.
    pub longest_wait: Duration,
    /// Longest wait that a server's `Retry-After` can impose.
    pub longest_retry_after: Duration,
    /// Tries in a row, per source, that may pass without [`Limits::good_progress`].
    pub tries: u32,
    /// The same for a source that was never reached: without a network, say so soon.
    pub unreachable_tries: u32,
    /// New bytes that make a try not count.
    pub good_progress: u64,
    /// Shortest time between two [`Event::Progress`] or [`Event::Verifying`].
    pub report_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(30),
            floor_rate: 1024,
            floor_window: Duration::from_secs(60),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(300),
            tries: 8,
            unreachable_tries: 2,
            good_progress: 1 << 20,
            report_every: Duration::from_millis(100),
        }
    }
}

/// How to download.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// How patient to be.
    pub limits: Limits,
    /// Certificates (PEM) to trust instead of the system's, for networks that inspect traffic.
    pub ca_file: Option<PathBuf>,
    /// Open no connection: only what is here already is given.
    pub offline: bool,
}

/// A complete file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it is.
    pub path: PathBuf,
    /// Who gave it.
    pub source: Source,
    /// The length of the file in bytes.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Whether that is the hash that was known beforehand; false if none was.
    pub verified: bool,
}

impl Downloaded {
    /// Deletes the file and the note beside it, once they are no longer needed.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be deleted.
    pub fn remove(&self) -> io::Result<()> {
        for path in [self.path.clone(), partial::record_path(&self.path)] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Deletes whatever was downloaded from these sources, finished or not, once none of it is needed any more.
///
/// A file that another process works on stays, and so does what cannot be deleted: it takes room and does no harm.
pub fn forget(directory: &Path, sources: &[Source]) {
    for name in sources.iter().map(|it| &it.file_name) {
        let finished = directory.join(name);
        let part = directory.join(format!("{name}.part"));
        let paths = [partial::record_path(&finished), partial::record_path(&part), part, finished];
        if !paths.iter().any(|it| it.exists()) {
            continue;
        }
        let at_once = AtomicBool::new(true);
        let lock = lock::Lock::acquire(&directory.join(format!("{name}.lock")), &at_once, &mut |_| ());
        if let Ok(Some(_lock)) = lock {
            for path in paths {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// What one source answered, when it did not give the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The source's name for the user.
    pub label: String,
    /// Its address without query, user name and password.
    pub url: String,
    /// What it answered, or why it could not be asked.
    pub answer: String,
    /// Whether anything answered at all.
    pub reached: bool,
    /// What kind of no it was, where a server said so.
    pub refusal: Option<Refusal>,
}

/// Every answer of every source, in order; equal answers in a row are kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failed {
    /// The answers.
    pub attempts: Vec<Attempt>,
}

impl Failed {
    /// Whether no source was reached, which speaks for a missing network and not for lost files.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        !self.attempts.is_empty() && self.attempts.iter().all(|attempt| !attempt.reached)
    }
}

impl Failed {
    /// Whether every source said that there is no such file.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        !self.attempts.is_empty() && self.attempts.iter().all(|it| it.refusal == Some(Refusal::Absent))
    }

    /// What kind of no it was: the first that a server said, but an absent file only if every source said so.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        if self.is_absent() {
            return Refusal::Absent;
        }
        let said = self.attempts.iter().filter_map(|it| it.refusal);
        said.into_iter().find(|it| *it != Refusal::Absent).unwrap_or(Refusal::Other)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts.is_empty() {
            return f.write_str("there is no source to ask");
        }
        f.write_str("no source gave the file")?;
        for (number, attempt) in self.attempts.iter().enumerate() {
            let before = if number == 0 { ": " } else { "; " };
            write!(f, "{before}{} ({}): {}", attempt.label, attempt.url, attempt.answer)?;
        }
        Ok(())
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// Every source was asked and none gave it.
    #[error("{0}")]
    AllSourcesFailed(Failed),

    /// The caller asked to stop. Starting again continues where this ended.
    #[error("cancelled with {kept_bytes} bytes kept")]
    Cancelled {
        /// Bytes on disk that the next call can start from.
        kept_bytes: u64,
    },

    /// No room for the next byte. What is here is kept.
    #[error("no room on the disk for {}: {kept_bytes} bytes are there{}", visible_path(path), and_missing(*missing_bytes))]
    DiskFull {
        /// The file that could not grow.
        path: PathBuf,
        /// Bytes on disk that the next call can start from.
        kept_bytes: u64,
        /// Bytes still to come, if known.
        missing_bytes: Option<u64>,
    },

    /// A file or directory of ours refused.
    #[error("could not {action} {}: {source}", visible_path(path))]
    Io {
        /// What was tried, such as "open".
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn and_missing(missing: Option<u64>) -> String {
    missing.map_or_else(String::new, |bytes| format!(", {bytes} more are needed"))
}

impl DownloadError {
    /// Says what was tried with which file; a full disk becomes its own variant.
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let path = path.to_owned();
            if is_full(&source) {
                return Self::DiskFull { path, kept_bytes: 0, missing_bytes: None };
            }
            Self::Io { action, path, source }
        }
    }
}

/// Fetches the file into `directory` from the first of `sources` that gives it.
///
/// Sources are tried in order. One that says "never" (a `404`, a wrong certificate, a login page)
/// is left at once; one that says "not now" is asked again, more and more slowly, and left after
/// [`Limits::tries`]. A file that an earlier call finished is read, hashed and handed out again
/// without a connection.
///
/// `cancel` is looked at all the time, also while waiting and connecting; setting it ends the
/// call within a fraction of a second and keeps what has arrived. `report` is called on the
/// calling thread.
///
/// The lock on the file is released at the return. A caller that deletes the file afterwards must
/// keep others out by itself until then, for example with a [`lock::Lock`] of its own.
///
/// # Errors
///
/// See [`DownloadError`].
pub fn download(
    sources: &[Source],
    directory: &Path,
    options: &Options,
    cancel: &AtomicBool,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Downloaded, DownloadError> {
    std::fs::create_dir_all(directory).map_err(DownloadError::io("create", directory))?;
    let mut attempts = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let place = (index + 1, sources.len());
        let asking = Asking::new(source, place, directory, options, cancel, &mut *report);
        match asking.run()? {
            Outcome::Got(downloaded) => return Ok(downloaded),
            Outcome::GaveUp(answers) => attempts.extend(answers),
        }
    }
    Err(DownloadError::AllSourcesFailed(Failed { attempts }))
}
