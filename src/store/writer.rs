//! The thread that writes transcripts: jobs in order, drained before the end.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::appender::Appender;
use super::history;
use super::numbers::Numbers;
use super::opening;
use super::paths::Paths;
use super::protocol::{Event, Job};
use crate::document::{Header, Record};
use crate::emergency;
use crate::text::Vocabulary;
use crate::threads::{self, NoThread};

/// How long written records may wait for the disk while text streams, which is what a loss of power costs at the most, and
/// how long it may go unnoticed that a file was taken away.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Without a file there is nothing to look after.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);

/// The handle of the thread.
pub struct Store {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<Finished>>,
}

/// What the thread leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// How many records could not be written.
    pub lost: usize,
    /// The transcript that text was written into last; `None` if nothing was written.
    pub written: Option<PathBuf>,
}

impl Store {
    /// Hands over a job.
    pub fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            emergency::on_its_way(1);
            let _ = jobs.send(job);
        }
    }

    /// Ends the thread after the last job and waits for it.
    #[must_use]
    pub fn finish(mut self) -> Finished {
        self.jobs = None;
        self.thread.take().and_then(|it| it.join().ok()).unwrap_or_default()
    }
}

/// Starts the thread. `open` is a transcript to go on with. A transcript that is worked on gets the next of the `numbers`.
///
/// # Errors
///
/// If the system gives no thread.
pub fn spawn(
    paths: Paths,
    open: Option<Appender>,
    numbers: Numbers,
    events: impl FnMut(Event) + Send + 'static,
) -> Result<Store, NoThread> {
    let (jobs, inbox) = channel();
    let writer = Writer {
        history: history::file(&paths.state),
        paths,
        beside: None,
        forgets: false,
        header: None,
        appender: open,
        written: None,
        numbers,
        opening: Opening::Looked,
        waiting: VecDeque::new(),
        counted: 0,
        records: 0,
        dirty: false,
        failed: false,
        events: Box::new(events),
    };
    emergency::has_a_transcript(writer.appender.is_some());
    let thread = threads::start("store", "transcripts", move || writer.run(&inbox))?;
    Ok(Store { jobs: Some(jobs), thread: Some(thread) })
}

/// A piece of work for the writer, in the order in which it must reach the disk.
enum Item {
    /// A vocabulary that the next records name; it has a file of its own.
    Vocabulary(Arc<Vocabulary>),
    /// A record, which becomes a line of the journal.
    Record(Box<Record>),
}

fn is_text(item: &Item) -> bool {
    matches!(item, Item::Record(record) if matches!(**record, Record::Typed { .. } | Record::Drawn { .. }))
}

/// How long the end of the program waits for the number of the transcript.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Whether somebody works on the text with a record.
fn is_work(item: &Item) -> bool {
    let Item::Record(record) = item else { return false };
    !matches!(
        **record,
        Record::Header(_)
            | Record::Model { .. }
            | Record::Words { .. }
            | Record::Settings { .. }
            | Record::Opened { .. }
            | Record::Read
    )
}

/// What was done to a transcript since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// Nothing.
    Looked,
    /// Somebody works on it, and it has no number for that yet.
    WorkedOn,
    /// It has.
    Numbered,
}

struct Writer {
    paths: Paths,
    /// A transcript that was opened and waits to be gone on with.
    beside: Option<Appender>,
    history: PathBuf,
    /// Whether it was said that what was sent cannot be kept.
    forgets: bool,
    /// Of a transcript that has no file yet.
    header: Option<Header>,
    appender: Option<Appender>,
    /// The file that text was written into last.
    written: Option<PathBuf>,
    numbers: Numbers,
    opening: Opening,
    /// Records not yet in the file.
    waiting: VecDeque<Item>,
    /// How many of those that wait are counted among what is on its way.
    counted: usize,
    /// How many records were handed over.
    records: u64,
    /// Whether something is written that the disk may not have.
    dirty: bool,
    /// Whether the last try failed.
    failed: bool,
    events: Box<dyn FnMut(Event) + Send>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Job>) -> Finished {
        let mut looked = Instant::now();
        loop {
            // A file is looked after even when nothing is written: what is said of it must stay true.
            let patience = if self.is_worth_a_file() { LOOK_EVERY.saturating_sub(looked.elapsed()) } else { FOR_EVER };
            let job = inbox.recv_timeout(patience);
            let done = usize::from(job.is_ok());
            match job {
                Ok(Job::Begin(header)) => self.begin(header),
                Ok(Job::Vocabulary(it)) => self.append(Item::Vocabulary(it)),
                Ok(Job::Append(record)) => {
                    self.records += 1;
                    self.append(Item::Record(Box::new(record)));
                }
                Ok(Job::Open(id)) => self.open(id),
                Ok(Job::GoOn) => self.go_on(),
                Ok(Job::Remember(text)) => self.remember(&text),
                Ok(Job::Sync) => self.sync(false),
                Err(RecvTimeoutError::Timeout) => {
                    self.sync(true);
                    looked = Instant::now();
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.count(done);
        }
        self.leave();
        Finished { lost: self.lost(), written: self.written }
    }

    /// Brings all of the transcript onto the disk that nothing more is written to.
    fn leave(&mut self) {
        // A number that cannot be written changes the order of a list.
        let _ = self.number(LAST_WAIT);
        self.sync(false);
    }

    /// How many records no file has.
    fn lost(&self) -> usize {
        let waiting = if self.waiting.iter().any(is_text) { self.waiting.len() } else { 0 };
        let is_gone = |it: &&Appender| !matches!(it.change(), Ok(None));
        let written = self.appender.as_ref().filter(is_gone).map_or(0, Appender::lines);
        waiting + written
    }

    /// Says how much is on its way to the file, now that so many jobs are done.
    fn count(&mut self, done: usize) {
        let waiting = if self.is_worth_a_file() { self.waiting.len() } else { 0 };
        emergency::on_its_way(waiting);
        emergency::arrived(done + std::mem::replace(&mut self.counted, waiting));
    }

    fn begin(&mut self, header: Header) {
        self.leave();
        emergency::has_a_transcript(false);
        self.appender = None;
        self.dirty = false;
        self.failed = false;
        self.opening = Opening::Looked;
        self.waiting.clear();
        self.header = Some(header);
    }

    /// Opens a transcript beside the one that is written. Nothing of that one changes hands before it is asked for.
    fn open(&mut self, id: String) {
        match opening::open(&id, &self.paths) {
            Ok((appender, opened)) => {
                self.beside = Some(appender);
                (self.events)(Event::Opened(Box::new(opened)));
            }
            Err(error) => (self.events)(Event::NotOpened { id, why: error.to_string() }),
        }
    }

    fn go_on(&mut self) {
        let Some(appender) = self.beside.take() else { return };
        self.leave();
        self.header = None;
        self.waiting.clear();
        self.opening = Opening::Looked;
        (self.dirty, self.failed) = (false, false);
        self.appender = Some(appender);
        emergency::has_a_transcript(true);
    }

    fn append(&mut self, item: Item) {
        self.waiting.push_back(item);
        if self.is_worth_a_file() {
            let result = self.flush();
            self.report(result);
        }
    }

    fn remember(&mut self, text: &str) {
        let Err(error) = history::append(&self.history, text) else { return };
        // Nothing of it is precious: it is tried again with the next, and said once.
        if !std::mem::replace(&mut self.forgets, true) {
            (self.events)(Event::NotRemembered { path: self.history.clone(), why: error.to_string() });
        }
    }

    /// Settings and models alone are not.
    fn is_worth_a_file(&self) -> bool {
        self.appender.is_some() || self.waiting.iter().any(is_text)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.appender.is_none()
            && let Some(header) = &self.header
        {
            self.appender = Some(Appender::create(&self.paths.transcripts, header)?);
            emergency::has_a_transcript(true);
            self.dirty = true;
        }
        self.mend()?;
        let Some(appender) = &mut self.appender else {
            return Ok(());
        };
        while let Some(item) = self.waiting.front() {
            match item {
                Item::Vocabulary(it) => appender.keep(it)?,
                Item::Record(record) => appender.append(record)?,
            }
            if self.opening == Opening::Looked && is_work(item) {
                self.opening = Opening::WorkedOn;
            }
            if is_text(item) && self.written.as_deref() != Some(appender.path()) {
                self.written = Some(appender.path().to_owned());
            }
            self.waiting.pop_front();
            self.dirty = true;
        }
        self.number(Duration::ZERO)
    }

    /// Numbers this opening, once somebody works on the text and the number is known.
    fn number(&mut self, patience: Duration) -> io::Result<()> {
        let Some(appender) = self.appender.as_mut().filter(|_| self.opening == Opening::WorkedOn) else {
            return Ok(());
        };
        if let Some(number) = self.numbers.next(patience) {
            appender.append(&Record::Opened { number })?;
            (self.opening, self.dirty) = (Opening::Numbered, true);
        }
        Ok(())
    }

    /// Writes everything anew if the file is no longer as it was left, and says so.
    fn mend(&mut self) -> io::Result<()> {
        let Some(appender) = &mut self.appender else { return Ok(()) };
        let Some(mended) = appender.mend()? else { return Ok(()) };
        (self.events)(Event::Mended { path: appender.path().to_owned(), mended });
        self.dirty = true;
        Ok(())
    }

    /// Brings everything onto the disk and looks whether it is there. Answers whether there is something to be said of that.
    fn settle(&mut self) -> io::Result<bool> {
        if !self.is_worth_a_file() {
            return Ok(false);
        }
        self.flush()?;
        let is_new = self.dirty || self.failed;
        if let Some(appender) = self.appender.as_ref().filter(|_| self.dirty) {
            appender.sync()?;
            self.dirty = false;
        }
        // It may have gone while the disk was waited for; then the next look tells that it is there again.
        self.mend()?;
        Ok(is_new && !self.dirty)
    }

    /// `again`: by the clock. A failure that was said is not said again then: a disk stays full for a while.
    fn sync(&mut self, again: bool) {
        let result = self.settle();
        if let (Ok(true), Some(appender)) = (&result, &self.appender) {
            self.failed = false;
            (self.events)(Event::Saved { path: appender.path().to_owned(), records: self.records });
        }
        if !(again && self.failed) {
            self.report(result.map(|_| ()));
        }
    }

    fn report(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failed = true;
            let path = self.appender.as_ref().map_or(&*self.paths.transcripts, |it| it.path()).to_owned();
            (self.events)(Event::Failed { path, why: error.to_string(), waiting: self.waiting.len() });
        }
    }
}

#[cfg(test)]
mod tests;
