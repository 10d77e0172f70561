//! Threads, and what is said where the system gives none.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The system gave no thread: there is too little memory for its stack, or there are too many threads already.
#[derive(Debug, thiserror::Error)]
#[error(
    "the system gives no thread for {what} ({source}): there is too little memory, or there are too many processes \
     (`ulimit -v`, `ulimit -u`, a container's limits)"
)]
pub struct NoThread {
    /// What it was for, a noun with its article.
    pub what: &'static str,
    /// What the system said.
    pub source: io::Error,
}

/// Starts a thread of that name, for `what`: a noun with its article, for messages.
///
/// # Errors
///
/// [`NoThread`] if the system gives none.
pub fn start<T: Send + 'static>(
    name: &'static str,
    what: &'static str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, NoThread> {
    Builder::new().name(name.to_owned()).spawn(body).map_err(|source| NoThread { what, source })
}

/// Works on all parts at once: on the last one here, on each other one in a thread of that name, or here too where the system
/// gives none. Answers what came of each, in their order.
pub fn at_once<T: Send, R: Send>(name: &'static str, parts: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    // A part is taken by whoever comes to it first, and works on it alone.
    let parts: Vec<Mutex<Option<T>>> = parts.into_iter().map(|it| Mutex::new(Some(it))).collect();
    let done: Vec<Mutex<Option<R>>> = parts.iter().map(|_| Mutex::new(None)).collect();
    let work_on = |index: usize| {
        let part = parts[index].lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(part) = part {
            let result = work(part);
            *done[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    std::thread::scope(|scope| {
        let others = 0..parts.len().saturating_sub(1);
        let started = |index: &usize| {
            let (index, work_on) = (*index, &work_on);
            Builder::new().name(name.to_owned()).spawn_scoped(scope, move || work_on(index)).is_ok()
        };
        let refused: Vec<usize> = others.filter(|index| !started(index)).collect();
        refused.into_iter().chain(parts.len().checked_sub(1)).for_each(work_on);
    });
    done.into_iter().filter_map(|it| it.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// Does two things at once: one in a thread of that name, or before the other where the system gives none.
pub fn beside<A: Send, B>(
    name: &'static str,
    elsewhere: impl FnOnce() -> A + Send,
    here: impl FnOnce() -> B,
) -> (A, B) {
    let elsewhere = Mutex::new(Some(elsewhere));
    let take = || elsewhere.lock().unwrap_or_else(PoisonError::into_inner).take();
    std::thread::scope(|scope| {
        let work = || take().map(|it| it());
        let thread = Builder::new().name(name.to_owned()).spawn_scoped(scope, work);
        let refused = if thread.is_ok() { None } else { take().map(|it| it()) };
        let here = here();
        let elsewhere = match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => refused,
        };
        (elsewhere.unwrap_or_else(|| unreachable!("it was taken once")), here)
    })
}

#[cfg(test)]
mod tests;
