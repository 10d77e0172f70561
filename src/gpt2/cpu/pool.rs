//! A few threads that work on one thing at a time.
//!
//! Work is cut into pieces. Each thread has a share of them, and takes from the others' when its own is done. A thread joins when it comes, and when the pieces are gone
//! only those are waited for that have joined: one that the system has set aside meanwhile is not missed. One that is set
//! aside in the middle of a piece, because another program computes on its processor, holds up everybody. If that costs
//! more than its help is worth, it is left out for a while, and for longer each time that this happens again soon.
//!
//! Between two pieces of work a thread looks out for the next for some microseconds and then sleeps: a token is some
//! hundred pieces of work, and waking takes longer than most of them.

#![allow(unsafe_code, reason = "threads that outlive a call work on what the call borrows")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a worker looks for work before it sleeps: some hundred microseconds.
const LOOKS: u32 = 10_000;

/// How often the caller looks whether the others are done before it sleeps too: a thread that the system has set aside
/// may then run on the caller's processor.
const PATIENCE: u32 = 2_000;

/// The caller waits this long for a piece that is not done before it thinks of other programs.
const LATE: Duration = Duration::from_micros(300);

/// Over which time lateness is added up, and the share of it that is too much. A short disturbance, such as this program
/// drawing its screen, is cheaper than a thread less.
const TROUBLE: (Duration, f64) = (Duration::from_millis(40), 0.3);

/// How long a late worker is left out the first time, and at the most. Trying it again costs a time slice of the system,
/// some milliseconds.
const LEFT_OUT: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(300));

/// In [`Shared::gate`]: no worker may join any more.
const CLOSED: u64 = 1 << 31;

/// In [`Shared::gate`]: the step from one piece of work to the next.
const EPOCH: u64 = 1 << 32;

/// What the threads share.
struct Shared {
    /// The number of the work in the upper half; in the lower whether it is closed, and how many workers have joined.
    gate: AtomicU64,
    work: Mutex<Option<Work>>,
    /// For each thread, the caller first: the next piece of its share. A share is a run of neighbours, so that memory is
    /// read in order, which is much faster; who is done with its own goes on with those of the others.
    next: Box<[Counter]>,
    /// Workers that joined and are done.
    left: AtomicUsize,
    workers: Box<[Worker]>,
    panicked: AtomicBool,
    stop: AtomicBool,
    sleepers: AtomicUsize,
    bell: Mutex<()>,
    ring: Condvar,
    /// Whether the caller sleeps until everybody who joined has left.
    caller_sleeps: AtomicBool,
    done: Condvar,
}

/// A number in a line of the cache of its own.
#[derive(Default)]
#[repr(align(128))]
struct Counter(AtomicUsize);

/// What is known of one worker.
#[derive(Default)]
struct Worker {
    /// It has joined and not left.
    inside: AtomicBool,
    /// It is left out for now.
    out: AtomicBool,
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
    threads: Vec<JoinHandle<()>>,
    /// For each worker, what the caller made of its being late.
    penalties: Vec<Penalty>,
    /// How many are left out.
    out: usize,
    /// Time lost by waiting for late workers, forgotten at the pace of [`TROUBLE`], and when it was so much. In seconds.
    trouble: f64,
    at: Instant,
}

/// For how long a worker is left out.
#[derive(Clone, Copy)]
struct Penalty {
    until: Instant,
    length: Duration,
}

impl Pool {
    /// A pool in which `threads` work at the same time; what the system refuses is done without.
    pub(super) fn new(threads: usize) -> Self {
        let wanted = threads.max(1) - 1;
        let shared = Arc::new(Shared {
            gate: AtomicU64::new(CLOSED),
            work: Mutex::new(None),
            next: (0..=wanted).map(|_| Counter::default()).collect(),
            left: AtomicUsize::new(0),
            workers: (0..wanted).map(|_| Worker::default()).collect(),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            bell: Mutex::new(()),
            ring: Condvar::new(),
            caller_sleeps: AtomicBool::new(false),
            done: Condvar::new(),
        });
        let worker = |index: usize| {
            let shared = shared.clone();
            let name = format!("math {}", index + 1);
            std::thread::Builder::new().name(name).spawn(move || work(&shared, index)).ok()
        };
        let threads: Vec<_> = (0..wanted).map_while(worker).collect();
        let penalties = vec![Penalty { until: Instant::now(), length: Duration::ZERO }; threads.len()];
        Self { shared, threads, penalties, out: 0, trouble: 0.0, at: Instant::now() }
    }

    /// Threads that work, and how many were wanted.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.threads.len() + 1, self.shared.workers.len() + 1)
    }

    /// Calls `run` once with every number below `pieces`; all have returned when this does.
    ///
    /// # Panics
    ///
    /// If `run` does.
    pub(super) fn run(&mut self, pieces: usize, run: &(dyn Fn(usize) + Sync)) {
        if self.out > 0 {
            self.forgive();
        }
        if pieces <= 1 || self.threads.len() == self.out {
            (0..pieces).for_each(run);
            return;
        }
        let shared = &*self.shared;
        #[allow(clippy::transmute_ptr_to_ptr, reason = "a cast would hide that the lifetime changes")]
        // SAFETY: only the lifetime changes. No worker uses the pointer after it has left, none joins once the gate is
        // closed, and this function does not return before all who joined have left.
        let run_long: *const (dyn Fn(usize) + Sync + 'static) =
            unsafe { std::mem::transmute(std::ptr::from_ref::<dyn Fn(usize) + Sync>(run)) };
        *shared.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(Work { run: run_long, pieces });
        shared.share(pieces);
        shared.left.store(0, Ordering::Relaxed);
        let begun = Instant::now();
        let epoch = shared.gate.load(Ordering::Relaxed) / EPOCH + 1;
        shared.gate.store(epoch * EPOCH, Ordering::SeqCst);
        if shared.sleepers.load(Ordering::SeqCst) > 0 {
            shared.wake();
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| shared.take(run, pieces, 0)));
        let joined = (shared.gate.fetch_or(CLOSED, Ordering::SeqCst) % CLOSED) as usize;
        if !shared.are_done(joined) {
            self.wait(joined, begun.elapsed());
        }
        let panicked = self.shared.panicked.swap(false, Ordering::Relaxed);
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

    /// Waits for those who joined and have not left. `own` is how long the caller itself has worked.
    fn wait(&mut self, joined: usize, own: Duration) {
        let (shared, begun) = (&*self.shared, Instant::now());
        for _ in 0..PATIENCE {
            if shared.are_done(joined) {
                return;
            }
            std::hint::spin_loop();
        }
        let late: Vec<usize> =
            (0..self.threads.len()).filter(|&it| shared.workers[it].inside.load(Ordering::Relaxed)).collect();
        shared.sleep_until_done(joined);
        let now = Instant::now();
        // A piece that takes as long as everything else is no sign of anything.
        if now - begun < LATE.max(own) {
            return;
        }
        let span = TROUBLE.0.as_secs_f64();
        self.trouble *= (-(now - self.at).as_secs_f64() / span).exp();
        self.trouble += (now - begun).as_secs_f64();
        self.at = now;
        for index in late {
            let penalty = &mut self.penalties[index];
            // On probation once is enough.
            let soon = now < penalty.until + penalty.length.min(TROUBLE.0);
            if !soon && self.trouble < span * TROUBLE.1 {
                continue;
            }
            let length = if soon { penalty.length * 2 } else { Duration::ZERO };
            let length = length.clamp(LEFT_OUT.0, LEFT_OUT.1);
            *penalty = Penalty { until: now + length, length };
            shared.workers[index].out.store(true, Ordering::Relaxed);
            self.out += 1;
        }
    }

    /// Lets those in again whose time is over.
    fn forgive(&mut self) {
        let now = Instant::now();
        let before = self.out;
        for (worker, penalty) in self.shared.workers.iter().zip(&self.penalties) {
            if worker.out.load(Ordering::Relaxed) && penalty.until <= now {
                worker.out.store(false, Ordering::SeqCst);
                self.out -= 1;
            }
        }
        if self.out < before {
            self.shared.wake();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.wake();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn wake(&self) {
        // The thread that holds the bell has not yet looked at the gate, or is asleep.
        drop(self.bell.lock());
        self.ring.notify_all();
    }

    /// The first piece of a thread's share.
    fn first(&self, pieces: usize, thread: usize) -> usize {
        pieces * thread / self.next.len()
    }

    /// Gives every thread its share.
    fn share(&self, pieces: usize) {
        for (thread, next) in self.next.iter().enumerate() {
            next.0.store(self.first(pieces, thread), Ordering::Relaxed);
        }
    }

    fn take(&self, run: &(dyn Fn(usize) + Sync), pieces: usize, thread: usize) {
        let threads = self.next.len();
        for share in (thread..threads).chain(0..thread) {
            let end = self.first(pieces, share + 1);
            loop {
                let piece = self.next[share].0.fetch_add(1, Ordering::Relaxed);
                if piece >= end {
                    break;
                }
                run(piece);
            }
        }
    }

    fn are_done(&self, joined: usize) -> bool {
        self.left.load(Ordering::SeqCst) == joined
    }

    fn sleep_until_done(&self, joined: usize) {
        let mut bell = self.bell.lock().unwrap_or_else(PoisonError::into_inner);
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while !self.are_done(joined) {
            bell = self.done.wait(bell).unwrap_or_else(PoisonError::into_inner);
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }

    /// Whether there is work that a worker which has seen the work of number `seen` may join.
    fn is_open(&self, seen: u64) -> bool {
        let gate = self.gate.load(Ordering::SeqCst);
        gate & CLOSED == 0 && gate / EPOCH != seen
    }

    /// Joins the work that is open, if there is some; answers its number.
    fn join(&self) -> Option<u64> {
        let enter = |gate: u64| (gate & CLOSED == 0).then_some(gate + 1);
        self.gate.fetch_update(Ordering::SeqCst, Ordering::SeqCst, enter).ok().map(|gate| gate / EPOCH)
    }

    /// A worker has no more to do.
    fn leave(&self) {
        self.left.fetch_add(1, Ordering::SeqCst);
        if self.caller_sleeps.load(Ordering::SeqCst) {
            // The thread that holds the bell has not yet looked at `left`, or is asleep.
            drop(self.bell.lock());
            self.done.notify_one();
        }
    }

    /// Waits until there may be work for a worker; `false` is the end.
    fn wait(&self, worker: &Worker, seen: u64) -> bool {
        let is_wanted = || !worker.out.load(Ordering::SeqCst) && self.is_open(seen);
        if !worker.out.load(Ordering::SeqCst) {
            for _ in 0..LOOKS {
                if is_wanted() || self.stop.load(Ordering::Relaxed) {
                    return !self.stop.load(Ordering::SeqCst);
                }
                std::hint::spin_loop();
            }
        }
        let mut bell = self.bell.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while !is_wanted() && !self.stop.load(Ordering::SeqCst) {
            bell = self.ring.wait(bell).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        !self.stop.load(Ordering::SeqCst)
    }
}

fn work(shared: &Shared, index: usize) {
    let (worker, mut seen) = (&shared.workers[index], 0);
    while shared.wait(worker, seen) {
        let Some(epoch) = shared.join() else {
            continue;
        };
        seen = epoch;
        worker.inside.store(true, Ordering::Relaxed);
        if let Some(work) = *shared.work.lock().unwrap_or_else(PoisonError::into_inner) {
            // SAFETY: this thread has joined, and `Pool::run` waits for it to leave before the function goes.
            let run = unsafe { &*work.run };
            if catch_unwind(AssertUnwindSafe(|| shared.take(run, work.pieces, index + 1))).is_err() {
                shared.panicked.store(true, Ordering::Relaxed);
            }
        }
        worker.inside.store(false, Ordering::Relaxed);
        shared.leave();
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
mod tests;
