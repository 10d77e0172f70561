//! Threads, and what is said where the system gives none.

use std::io;
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

#[cfg(test)]
mod tests;
