//! The one door to standard output: what cannot be written there is an error. And to standard error, see [`stderr`].
//!
//! Rust's library hides two faults. A descriptor that is closed when the program starts becomes `/dev/null`, and what goes
//! to one that is open for reading alone counts as written. So the descriptor is looked at before `main`, and everything is
//! written past the library. No other module writes to standard output, but for the screen, which needs a terminal.

mod errors;

use std::fmt;
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

#[cfg(unix)]
pub(crate) use errors::stderr_descriptor;
pub use errors::{Stderr, divert_libraries, log_libraries_in, log_words, stderr, stderr_of_child, undivert_libraries};

/// How many bytes wait for the end of a line.
const WAITING: usize = 1 << 16;

/// Whether standard input and standard output were closed when the program started.
static CLOSED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];

#[cfg(unix)]
ctor::declarative::ctor! {
    /// Before the library puts something in the place of what is closed.
    #[ctor(unsafe)]
    fn look() {
        let closed = [
            rustix::io::fcntl_getfd(rustix::stdio::stdin()).is_err(),
            rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err(),
        ];
        for (place, is_closed) in CLOSED.iter().zip(closed) {
            place.store(is_closed, Ordering::Relaxed);
        }
    }
}

/// Why something could not be written when nobody was there to be told.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Standard output, buffered by lines. What still waits when it is dropped is written then; [`lost`] says if it was not.
#[derive(Debug)]
pub struct Output(LineWriter<Descriptor>);

/// Standard output cannot be written, for another reason than that its reader is gone.
#[derive(Debug)]
pub struct Unwritable(io::Error);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "standard output cannot be written: {}", self.0)
    }
}

impl std::error::Error for Unwritable {}

/// Whether standard output goes into the file at a path; other systems than Unix do not tell.
#[must_use]
pub fn is_into(path: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(out), Ok(file)) = (rustix::io::dup(rustix::stdio::stdout()), std::fs::metadata(path)) {
        use std::os::unix::fs::MetadataExt as _;
        let out = std::fs::File::from(out).metadata();
        return out.is_ok_and(|out| (out.dev(), out.ino()) == (file.dev(), file.ino()));
    }
    let _ = path;
    false
}

/// Opens standard output for writing.
///
/// # Errors
///
/// [`Unwritable`] as the inner error if it is closed, or open for reading alone.
pub fn stdout() -> io::Result<Output> {
    if CLOSED[1].load(Ordering::Relaxed) {
        return Err(unwritable(io::Error::other("it is closed")));
    }
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = rustix::fs::fcntl_getfl(rustix::stdio::stdout()).map_err(|e| unwritable(e.into()))?;
        if flags & OFlags::RWMODE == OFlags::RDONLY {
            return Err(unwritable(io::Error::other("it is open for reading only")));
        }
    }
    Ok(Output(LineWriter::with_capacity(WAITING, Descriptor)))
}

/// Why something that was still to be written could not be; to be asked at the end.
#[must_use]
pub fn lost() -> Option<io::Error> {
    LOST.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Whether standard input was closed when the program started: the library shows an empty one.
#[must_use]
pub fn is_input_closed() -> bool {
    CLOSED[0].load(Ordering::Relaxed)
}

/// Whether an error says that standard output cannot be written.
#[must_use]
pub fn is_unwritable(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Unwritable>)
}

fn unwritable(error: io::Error) -> io::Error {
    // A reader that is gone is no fault, and what was interrupted is tried again.
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, Unwritable(error)),
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Err(error) = self.0.flush() {
            LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

/// The descriptor itself.
#[derive(Debug)]
struct Descriptor;

#[cfg(unix)]
impl Write for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, poll};
        loop {
            match rustix::io::write(rustix::stdio::stdout(), bytes) {
                // Somebody who has the same terminal or pipe made it so: it is waited for, as a write would.
                Err(rustix::io::Errno::AGAIN) => {
                    let stdout = rustix::stdio::stdout();
                    poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None).map_err(io::Error::from)?;
                }
                other => return other.map_err(|e| unwritable(e.into())),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl Write for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes).map_err(unwritable)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush().map_err(unwritable)
    }
}
