//! The thread that keeps the library: it finds, renames, removes and exports, and no key waits for it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::export::{self, Format};
use super::library::{Hit, Library, LibraryError, Trash, retag, retitle};
use super::numbers::Numbers;
use super::paths::Paths;
use super::protocol::{LibraryEvent, LibraryJob};
use crate::text::{visible_name, visible_path};
use crate::threads::{self, NoThread};

/// How many transcripts are listed where words are looked for.
const FOUND: usize = 200;

/// The handle of the thread.
pub struct Librarian {
    jobs: Sender<LibraryJob>,
}

impl Librarian {
    /// Hands over a job. The thread ends with its handle, whatever it does: it holds nothing that is not on the disk.
    pub fn send(&self, job: LibraryJob) {
        let _ = self.jobs.send(job);
    }
}

/// Starts the thread. It tells `numbers` the largest number of the library as soon as it knows it; without any it looks at nothing
/// before it is asked.
///
/// # Errors
///
/// If the system gives no thread.
pub fn spawn(
    paths: Paths,
    numbers: Option<Numbers>,
    events: impl FnMut(LibraryEvent) + Send + 'static,
) -> Result<Librarian, NoThread> {
    let (jobs, inbox) = channel();
    let mut keeper = Keeper { paths, numbers, events: Box::new(events), library: None };
    threads::start("library", "the library of transcripts", move || keeper.run(&inbox))?;
    Ok(Librarian { jobs })
}

struct Keeper {
    paths: Paths,
    numbers: Option<Numbers>,
    events: Box<dyn FnMut(LibraryEvent) + Send>,
    library: Option<Library>,
}

impl Keeper {
    fn run(&mut self, inbox: &Receiver<LibraryJob>) {
        if let Some(numbers) = self.numbers.clone()
            && self.refresh().is_err()
        {
            // Who asks for the library is told why; without it there are no numbers but this one.
            numbers.tell(0);
        }
        while let Ok(mut job) = inbox.recv() {
            // Of several lists in a row the last is wanted.
            for next in inbox.try_iter() {
                let is_of_no_use = matches!((&job, &next), (LibraryJob::List { .. }, LibraryJob::List { .. }));
                let before = std::mem::replace(&mut job, next);
                if !is_of_no_use {
                    self.work(before);
                }
            }
            self.work(job);
        }
    }

    fn library(&mut self) -> Result<&mut Library, LibraryError> {
        if self.library.is_none() {
            self.library = Some(Library::open(&self.paths)?);
        }
        // It was made just now.
        self.library.as_mut().ok_or(LibraryError::Index(rusqlite::Error::InvalidQuery))
    }

    fn refresh(&mut self) -> Result<(), LibraryError> {
        let library = self.library()?;
        library.refresh(&mut |_, _| true)?;
        let largest = library.largest_number()?;
        if let Some(numbers) = &self.numbers {
            numbers.tell(largest);
        }
        Ok(())
    }

    fn work(&mut self, job: LibraryJob) {
        let outcome = match job {
            LibraryJob::List { words } => {
                if let Err(e) = self.list(&words) {
                    (self.events)(LibraryEvent::NotListed { words, why: e.to_string() });
                }
                Ok(None)
            }
            LibraryJob::Retitle { id, title } => retitle(&self.paths.transcripts, &id, &title)
                .map(|()| Some(format!("{} has its new title.", visible_name(&id))))
                .map_err(|e| e.to_string()),
            LibraryJob::Retag { id, tags } => retag(&self.paths.transcripts, &id, tags)
                .map(|()| Some(format!("{} has its new tags.", visible_name(&id))))
                .map_err(|e| e.to_string()),
            LibraryJob::Remove { id } => {
                let now = jiff::Timestamp::now().as_millisecond();
                let removed = Trash::of(&self.paths.transcripts).remove(&id, now);
                removed.map(|()| None).map_err(|e| e.to_string())
            }
            LibraryJob::Restore { id } => Trash::of(&self.paths.transcripts)
                .restore(Some(&id))
                .map(|id| Some(format!("{} is back.", visible_name(&id))))
                .map_err(|e| e.to_string()),
            // It needs a model, which is none of this thread's business.
            LibraryJob::Replay { .. } => Ok(None),
            LibraryJob::Export { id, format, directory } => self
                .export(&id, format, &directory)
                .map(|it| Some(format!("The transcript is in {}.", visible_path(&it)))),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(what)) => (self.events)(LibraryEvent::Done { what }),
            Err(why) => (self.events)(LibraryEvent::Failed { why }),
        }
    }

    /// Tells what is known, and again what is so once everything was looked at.
    fn list(&mut self, words: &str) -> Result<(), LibraryError> {
        if self.library.is_some() {
            self.tell(words, false)?;
        }
        self.refresh()?;
        self.tell(words, true)
    }

    fn tell(&mut self, words: &str, is_complete: bool) -> Result<(), LibraryError> {
        let library = self.library()?;
        let all = library.entries()?;
        let of = all.len();
        let hits = if words.trim().is_empty() {
            all.into_iter().map(Hit::whole).collect()
        } else {
            library.search(words, FOUND)?
        };
        (self.events)(LibraryEvent::Listed { words: words.to_owned(), hits, of, is_complete });
        Ok(())
    }

    /// Writes a transcript beside others of its name.
    fn export(&self, id: &str, format: Format, directory: &Path) -> Result<PathBuf, String> {
        let exported = export::of(id, format, &self.paths).map_err(|e| e.to_string())?;
        for attempt in 1.. {
            let number = if attempt > 1 { format!("-{attempt}") } else { String::new() };
            let path = directory.join(format!("{id}{number}.{}", format.ending()));
            if std::fs::symlink_metadata(&path).is_ok() {
                continue;
            }
            let written = export::write(&path, exported.text.as_bytes());
            return written.map(|()| path.clone()).map_err(|e| format!("cannot write {}: {e}", visible_path(&path)));
        }
        unreachable!("the numbers do not end")
    }
}
