//! Jobs in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::job::{name_of, run};
use super::places::{Places, Wishes};
use super::protocol::{Event, Failure, Job};

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

    /// Starts a job; `events` hears everything, on the job's thread.
    ///
    /// # Panics
    ///
    /// If the system gives no thread.
    pub fn start(&mut self, job: Job, mut events: impl FnMut(Event) + Send + 'static) {
        self.threads.retain(|it| !it.is_finished());
        let (places, cancel) = (self.places.clone(), self.cancel.clone());
        let body = move || {
            let name = name_of(&job);
            let run = || run(&job, &places, &Wishes::default(), &cancel, &mut events);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let failure = match result {
                Ok(Ok(ready)) => return events(Event::Ready(ready)),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Convert { why: "the installer failed unexpectedly; the log has the details".into() },
            };
            events(Event::Failed { name, failure });
        };
        #[expect(clippy::expect_used, reason = "a program that cannot start a thread cannot do anything")]
        let thread =
            std::thread::Builder::new().name("install".into()).spawn(body).expect("a thread for the installer");
        self.threads.push(thread);
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
