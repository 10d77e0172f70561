//! What becomes of a directory, heard of and not looked for again and again.

use std::path::Path;

use crate::support::program::PATIENCE;

/// Listens to a directory that is there.
pub(crate) struct Watch(#[cfg(target_os = "linux")] std::os::fd::OwnedFd);

impl Watch {
    /// Listens from now on to what is made, moved there and written.
    pub(crate) fn on(directory: &Path) -> Self {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
            let watch = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
            let what = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::MODIFY;
            add_watch(&watch, directory, what).unwrap();
            Self(watch)
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = directory;
            Self()
        }
    }

    /// Waits until something has come of which this holds.
    #[track_caller]
    pub(crate) fn until(&self, mut holds: impl FnMut() -> bool) {
        let until = std::time::Instant::now() + PATIENCE;
        while !holds() {
            assert!(std::time::Instant::now() < until, "it does not come");
            self.next();
        }
    }

    #[cfg(target_os = "linux")]
    fn next(&self) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&patience)).unwrap();
        // What was told so far has been told: the state is looked at next.
        let mut told = [0; 4096];
        while rustix::io::read(&self.0, &mut told).is_ok_and(|count| count > 0) {}
    }

    /// Where the system tells nothing, it is looked for.
    #[cfg(not(target_os = "linux"))]
    fn next(&self) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
