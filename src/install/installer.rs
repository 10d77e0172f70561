//! Jobs in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::job::{name_of, run};
use super::places::{Places, Wishes};
use super::protocol::{Event, Failure, Job};
use crate::threads;

/// Runs jobs, each on a thread of its own.
pub struct Installer {
    places: Places,
    cancel: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Installer {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(places: Places) -> Self {
        Self { places, cancel: Arc::default(), threads: Vec::new() }
    }

    /// Starts a job; `events` hears everything, on the job's thread; that the system gives none, on this one.
    pub fn start(&mut self, job: Job, events: impl FnMut(Event) + Clone + Send + 'static) {
        self.threads.retain(|it| !it.is_finished());
        let (places, cancel) = (self.places.clone(), self.cancel.clone());
        let (name, mut refused) = (name_of(&job), events.clone());
        let body = move || {
            let (name, mut events) = (name_of(&job), events);
            let run = || run(&job, &places, &Wishes::default(), &cancel, &mut events);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let failure = match result {
                Ok(Ok(ready)) => return events(Event::Ready(ready)),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Convert { why: "the installer failed unexpectedly; the log has the details".into() },
            };
            events(Event::Failed { name, failure });
        };
        match threads::start("install", "the installer", body) {
            Ok(thread) => self.threads.push(thread),
            Err(error) => refused(Event::Failed { name, failure: Failure::Exhausted { why: error.to_string() } }),
        }
    }

    /// Makes every job that runs now end soon, keeping what it has downloaded.
    pub fn stop(&mut self) {
        self.cancel.store(true, Ordering::Release);
        self.cancel = Arc::default();
    }

    /// [`stop`](Self::stop), and waits.
    pub fn finish(mut self) {
        self.stop();
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}
