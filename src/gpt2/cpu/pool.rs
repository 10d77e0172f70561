//! A few threads that work on one thing at a time.
//!
//! Work is cut into pieces that whoever is free takes next, so a thread that the system has set aside keeps the others
//! waiting for one piece at most. Between two pieces of work a thread looks out for the next for some microseconds and
//! then sleeps: a token is some hundred pieces of work, and waking takes longer than most of them.

#![allow(unsafe_code, reason = "threads that outlive a call work on what the call borrows")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How often a worker looks for work before it sleeps: some hundred microseconds.
const LOOKS: u32 = 10_000;

/// How often the caller looks whether the others are done before it lets other threads run, perhaps theirs.
const PATIENCE: u32 = 500;

/// What the threads share.
struct Shared {
    /// Counts the pieces of work handed out.
    epoch: AtomicUsize,
    work: Mutex<Option<Work>>,
    /// The next piece.
    next: AtomicUsize,
    /// Workers that have not finished this epoch.
    busy: AtomicUsize,
    panicked: AtomicBool,
    stop: AtomicBool,
    sleepers: AtomicUsize,
    bell: Mutex<()>,
    ring: Condvar,
}

/// A borrowed function and the number of its pieces.
#[derive(Clone, Copy)]
struct Work {
    run: *const (dyn Fn(usize) + Sync),
    pieces: usize,
}

// SAFETY: the function behind the pointer is `Sync`, and `Pool::run` keeps it alive until all threads are done with it.
unsafe impl Send for Work {}

/// Threads that work together, the calling one among them.
pub(super) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool in which `threads` work at the same time; what the system refuses is done without.
    pub(super) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            epoch: AtomicUsize::new(0),
            work: Mutex::new(None),
            next: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            bell: Mutex::new(()),
            ring: Condvar::new(),
        });
        let worker = |index: usize| {
            let shared = shared.clone();
            std::thread::Builder::new().name(format!("math {index}")).spawn(move || work(&shared)).ok()
        };
        let workers = (1..threads.max(1)).map_while(worker).collect();
        Self { shared, workers }
    }

    /// Calls `run` once with every number below `pieces`; all have returned when this does.
    ///
    /// # Panics
    ///
    /// If `run` does.
    pub(super) fn run(&mut self, pieces: usize, run: &(dyn Fn(usize) + Sync)) {
        if pieces <= 1 || self.workers.is_empty() {
            (0..pieces).for_each(run);
            return;
        }
        let shared = &*self.shared;
        #[allow(clippy::transmute_ptr_to_ptr, reason = "a cast would hide that the lifetime changes")]
        // SAFETY: only the lifetime changes. No worker uses the pointer after `busy` is back at zero, and until then
        // this function does not return.
        let run_long: *const (dyn Fn(usize) + Sync + 'static) =
            unsafe { std::mem::transmute(std::ptr::from_ref::<dyn Fn(usize) + Sync>(run)) };
        *shared.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(Work { run: run_long, pieces });
        shared.next.store(0, Ordering::Relaxed);
        shared.busy.store(self.workers.len(), Ordering::Relaxed);
        shared.epoch.fetch_add(1, Ordering::SeqCst);
        if shared.sleepers.load(Ordering::SeqCst) > 0 {
            shared.wake();
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| shared.take(run, pieces)));
        let mut looks = 0;
        while shared.busy.load(Ordering::Acquire) > 0 {
            looks += 1;
            if looks < PATIENCE { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        let panicked = shared.panicked.swap(false, Ordering::Relaxed);
        match outcome {
            Err(panic) => resume_unwind(panic),
            Ok(()) => assert!(!panicked, "a worker panicked"),
        }
    }

    /// Calls `run` once with each chunk of `size` elements, the last one perhaps shorter, and its number.
    pub(super) fn chunks<T: Send>(&mut self, data: &mut [T], size: usize, run: &(dyn Fn(usize, &mut [T]) + Sync)) {
        let (length, start) = (data.len(), Shareable(data.as_mut_ptr()));
        self.run(length.div_ceil(size.max(1)), &|index| {
            let at = index * size;
            // SAFETY: chunks do not overlap, each index is used once, and `data` is borrowed until all are done.
            let chunk = unsafe { std::slice::from_raw_parts_mut(start.at(at), size.min(length - at)) };
            run(index, chunk);
        });
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        self.shared.wake();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn wake(&self) {
        // Whoever holds the bell has not yet looked at the epoch, or is asleep.
        drop(self.bell.lock());
        self.ring.notify_all();
    }

    fn take(&self, run: &(dyn Fn(usize) + Sync), pieces: usize) {
        loop {
            let piece = self.next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return;
            }
            run(piece);
        }
    }

    /// Waits until the epoch is another than `seen`; answers it.
    fn wait(&self, seen: usize) -> usize {
        for _ in 0..LOOKS {
            let epoch = self.epoch.load(Ordering::SeqCst);
            if epoch != seen {
                return epoch;
            }
            std::hint::spin_loop();
        }
        let mut bell = self.bell.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while self.epoch.load(Ordering::SeqCst) == seen {
            bell = self.ring.wait(bell).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        self.epoch.load(Ordering::SeqCst)
    }
}

fn work(shared: &Shared) {
    let mut seen = 0;
    loop {
        seen = shared.wait(seen);
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        let Some(work) = *shared.work.lock().unwrap_or_else(PoisonError::into_inner) else {
            continue;
        };
        // SAFETY: `Pool::run` waits for this thread before the function goes.
        let run = unsafe { &*work.run };
        if catch_unwind(AssertUnwindSafe(|| shared.take(run, work.pieces))).is_err() {
            shared.panicked.store(true, Ordering::Relaxed);
        }
        shared.busy.fetch_sub(1, Ordering::Release);
    }
}

/// A pointer for several threads, which write to different places.
pub(super) struct Shareable<T>(pub(super) *mut T);

// SAFETY: it is only an address; what is done with it is said where it is done.
unsafe impl<T: Send> Sync for Shareable<T> {}

impl<T> Shareable<T> {
    /// The address of element `index`.
    ///
    /// # Safety
    ///
    /// `index` lies within what the pointer points to.
    pub(super) unsafe fn at(&self, index: usize) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(index) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn every_piece_is_done_once_with_any_number_of_threads() {
        for threads in [0, 1, 2, 5, 16] {
            let mut pool = Pool::new(threads);
            for pieces in [0, 1, 2, 3, 100, 1_000] {
                let counts: Vec<AtomicU32> = (0..pieces).map(|_| AtomicU32::new(0)).collect();
                pool.run(pieces, &|piece| {
                    counts[piece].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|it| it.load(Ordering::Relaxed) == 1), "{threads} {pieces}");
            }
        }
    }

    #[test]
    fn chunks_are_whole_and_in_place() {
        let mut pool = Pool::new(3);
        let mut numbers = vec![0; 1_003];
        pool.chunks(&mut numbers, 10, &|index, chunk| chunk.iter_mut().for_each(|it| *it += index + 1));
        let expected: Vec<usize> = (0..1_003).map(|it| it / 10 + 1).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn a_panic_comes_out_and_the_pool_goes_on() {
        let mut pool = Pool::new(4);
        for bad in 0..4 {
            let outcome =
                catch_unwind(AssertUnwindSafe(|| pool.run(64, &|piece| assert!(piece % 4 != bad, "{piece}"))));
            assert!(outcome.is_err());
        }
        let done = AtomicU32::new(0);
        pool.run(64, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.load(Ordering::Relaxed), 64);
    }

    #[test]
    fn threads_that_fell_asleep_wake_up() {
        let mut pool = Pool::new(2);
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            let done = AtomicU32::new(0);
            pool.run(8, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.load(Ordering::Relaxed), 8);
        }
    }
}
