//! The thread that writes transcripts: jobs in order, drained before the end.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::protocol::{Event, Job};
use super::transcripts::Appender;
use crate::document::{Header, Record};

/// How long written records may wait for the disk while text streams: what a loss of power costs at the most.
const SYNC_EVERY: Duration = Duration::from_secs(2);

/// The handle of the thread.
pub struct Store {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Hands over a job.
    pub fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }

    /// Ends the thread after the last job and waits for it.
    pub fn finish(mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts the thread. Transcripts go to `directory`; `open` is one to go on with.
///
/// # Panics
///
/// If the system gives no thread.
#[must_use]
pub fn spawn(directory: PathBuf, open: Option<Appender>, events: impl FnMut(Event) + Send + 'static) -> Store {
    let (jobs, inbox) = channel();
    let writer = Writer {
        directory,
        header: None,
        appender: open,
        waiting: VecDeque::new(),
        dirty: None,
        events: Box::new(events),
    };
    #[expect(clippy::expect_used, reason = "a program that cannot start a thread cannot do anything")]
    let thread = std::thread::Builder::new()
        .name("store".into())
        .spawn(move || writer.run(&inbox))
        .expect("a thread for the store");
    Store { jobs: Some(jobs), thread: Some(thread) }
}

struct Writer {
    directory: PathBuf,
    /// Of a transcript that has no file yet.
    header: Option<Header>,
    appender: Option<Appender>,
    /// Records not yet in the file.
    waiting: VecDeque<Record>,
    /// Since when something is written that the disk may not have.
    dirty: Option<Instant>,
    events: Box<dyn FnMut(Event) + Send>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Job>) {
        loop {
            let patience = self.dirty.map_or(Duration::from_secs(3600), |it| SYNC_EVERY.saturating_sub(it.elapsed()));
            match inbox.recv_timeout(patience) {
                Ok(Job::Begin(header)) => self.begin(header),
                Ok(Job::Append(record)) => self.append(record),
                Ok(Job::Sync) | Err(RecvTimeoutError::Timeout) => self.sync(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.sync();
    }

    fn begin(&mut self, header: Header) {
        self.sync();
        self.appender = None;
        self.waiting.clear();
        self.header = Some(header);
    }

    fn append(&mut self, record: Record) {
        self.waiting.push_back(record);
        // Settings and models alone are not worth a file.
        let is_text = |it: &Record| matches!(it, Record::Typed { .. } | Record::Drawn { .. });
        if self.appender.is_some() || self.waiting.iter().any(is_text) {
            let result = self.flush();
            self.report(result);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.appender.is_none()
            && let Some(header) = &self.header
        {
            self.appender = Some(Appender::create(&self.directory, header)?);
        }
        let Some(appender) = &mut self.appender else {
            return Ok(());
        };
        while let Some(record) = self.waiting.front() {
            appender.append(record)?;
            self.waiting.pop_front();
            self.dirty.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    fn sync(&mut self) {
        let mut result = if self.appender.is_some() { self.flush() } else { Ok(()) };
        if let (Some(appender), Ok(()), Some(_)) = (&self.appender, &result, self.dirty) {
            result = appender.sync();
            if result.is_ok() {
                self.dirty = None;
                (self.events)(Event::Saved { path: appender.path().to_owned() });
            }
        }
        self.report(result);
    }

    fn report(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            let path = self.appender.as_ref().map_or(&*self.directory, |it| it.path()).to_owned();
            (self.events)(Event::Failed { path, why: error.to_string(), waiting: self.waiting.len() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::transcripts;
    use super::*;
    use crate::sample::Settings;

    fn header(id: &str) -> Header {
        Header { version: 1, id: id.into(), created: 0, program: "test".into() }
    }

    fn typed(first: u32) -> Record {
        Record::Typed { first, parent: first.checked_sub(1), tokens: vec![first + 7] }
    }

    #[test]
    fn a_file_is_made_with_the_first_text_and_holds_what_came_before_it() {
        let home = tempfile::tempdir().unwrap();
        let (send, heard) = channel();
        let store = spawn(home.path().to_owned(), None, move |event| {
            send.send(event).unwrap();
        });
        store.send(Job::Begin(header("empty")));
        store.send(Job::Append(Record::Settings { settings: Settings::default() }));
        store.send(Job::Begin(header("full")));
        store.send(Job::Append(Record::Settings { settings: Settings::default() }));
        store.send(Job::Append(typed(0)));
        store.send(Job::Append(typed(1)));
        store.send(Job::Sync);
        store.finish();
        let list = transcripts::list(home.path()).unwrap();
        assert_eq!(
            list.iter().map(|it| (&it.id[..], it.document.tokens())).collect::<Vec<_>>(),
            [("full", vec![7, 8])]
        );
        assert_eq!(transcripts::read(home.path(), "full").unwrap().1.records.len(), 3);
        assert_eq!(heard.iter().collect::<Vec<_>>(), [Event::Saved { path: home.path().join("full.jsonl") }]);
    }

    #[test]
    fn what_cannot_be_written_waits_and_is_written_once_it_can() {
        let home = tempfile::tempdir().unwrap();
        // A file stands where the directory should be.
        let directory = home.path().join("transcripts");
        std::fs::write(&directory, "in the way").unwrap();
        let (send, heard) = channel();
        let store = spawn(directory.clone(), None, move |event| {
            send.send(event).unwrap();
        });
        store.send(Job::Begin(header("a")));
        store.send(Job::Append(typed(0)));
        assert!(matches!(heard.recv().unwrap(), Event::Failed { waiting: 1, .. }));
        std::fs::remove_file(&directory).unwrap();
        store.send(Job::Append(typed(1)));
        store.finish();
        assert_eq!(transcripts::list(&directory).unwrap()[0].document.tokens(), [7, 8]);
    }
}
