//! The one door to files: what is opened is a regular file, or it is refused.
//!
//! A pipe, a socket or a device under the name of a file would make the program wait for ever, or do something to the
//! device. So what stands there is looked at before it is opened; it is opened without waiting; and what was opened is
//! looked at again, since it may have been replaced in between. Every call names its [`Place`], which says how many
//! bytes are read at the most. No other module opens a file by itself.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

pub mod disk;
mod place;

pub use place::Place;

/// What a path leads to that is no regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {}, not a file", .0.words())]
pub struct NotAFile(Other);

/// What may stand in the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    Directory,
    Link,
    Pipe,
    Socket,
    Device,
}

impl Other {
    fn words(self) -> &'static str {
        match self {
            Self::Directory => "a directory",
            Self::Link => "a link",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
        }
    }
}

/// Opens a regular file for reading. A link to one is followed.
///
/// # Errors
///
/// [`NotAFile`] as the inner error, with [`io::ErrorKind::IsADirectory`] for a directory; else what the system says.
pub fn open(_place: Place, path: &Path) -> io::Result<File> {
    checked(path, OpenOptions::new().read(true), Links::Followed)
}

/// Reads a regular file whole, [`Place::most`] bytes at the most. A link to one is followed.
///
/// # Errors
///
/// As [`open`]; [`io::ErrorKind::FileTooLarge`] if the file is longer.
pub fn read(place: Place, path: &Path) -> io::Result<Vec<u8>> {
    read_from(place, &open(place, path)?)
}

/// Reads an open file from where it stands, [`Place::most`] bytes at the most.
///
/// # Errors
///
/// [`io::ErrorKind::FileTooLarge`] if there are more; else what the system says.
pub fn read_from(place: Place, file: &File) -> io::Result<Vec<u8>> {
    let most = place.most();
    let large = || {
        let what = format!("it has more than {} MiB, the most that is read of {}", most >> 20, place.words());
        io::Error::new(io::ErrorKind::FileTooLarge, what)
    };
    // Before memory is asked for, if the file says its length.
    if file.metadata()?.len() > most {
        return Err(large());
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(large()) } else { Ok(bytes) }
}

/// Opens a regular file that is there for reading, and for writing at its end. A link to one is followed.
///
/// # Errors
///
/// As [`open`].
pub fn open_to_append(_place: Place, path: &Path) -> io::Result<File> {
    checked(path, OpenOptions::new().read(true).append(true), Links::Followed)
}

/// Opens a file of the program's own for reading and for writing at its end; it is made if it is not there. No link is
/// followed.
///
/// # Errors
///
/// As [`open`].
pub fn append(place: Place, path: &Path) -> io::Result<File> {
    checked(path, mode(place, OpenOptions::new().read(true).append(true).create(true)), Links::Refused)
}

/// Opens a file of the program's own for reading and writing, as it is; it is made if it is not there. No link is
/// followed.
///
/// # Errors
///
/// As [`open`].
pub fn update(place: Place, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    checked(path, mode(place, options.read(true).write(true).create(true).truncate(false)), Links::Refused)
}

/// Makes a file that is not there, for reading and writing.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] if anything has that name, a link that leads nowhere too; else what the system says.
pub fn create(place: Place, path: &Path) -> io::Result<File> {
    mode(place, OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Makes a file that is not there, for reading and for writing at its end.
///
/// # Errors
///
/// As [`create`].
pub fn create_to_append(place: Place, path: &Path) -> io::Result<File> {
    mode(place, OpenOptions::new().read(true).append(true).create_new(true)).open(path)
}

/// Opens a text that a person names, which may be a pipe or a terminal.
///
/// # Errors
///
/// What the system says.
pub fn open_text(_place: Place, path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Makes a directory that the user alone may enter; its parents are as the system makes them.
///
/// # Errors
///
/// What the system says; [`io::ErrorKind::NotADirectory`] if something else has its name.
pub fn make_private_directory(directory: &Path) -> io::Result<()> {
    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(directory) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let what =
                || io::Error::new(io::ErrorKind::NotADirectory, "something else stands where the directory should be");
            if directory.is_dir() { Ok(()) } else { Err(what()) }
        }
        other => other,
    }
}

/// Brings the names in a directory onto the disk, where a system can do that.
///
/// # Errors
///
/// What the system says.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    // Other systems cannot open a directory.
    if cfg!(unix) && path.is_dir() { File::open(path)?.sync_all() } else { Ok(()) }
}

/// Makes a file for what shall take a name in the directory, with the permissions of any file, less what the user masks.
///
/// # Errors
///
/// What the system says.
pub fn temporary(directory: &Path, prefix: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(directory).map_err(|e| {
        // What the system said, without a name that nobody chose.
        let source = e.get_ref().and_then(|it| it.source()?.downcast_ref::<io::Error>()?.raw_os_error());
        source.map_or(e, io::Error::from_raw_os_error)
    })
}

/// The file that [`replace`] would replace, if there is one; a link that leads nowhere is none.
///
/// # Errors
///
/// [`NotAFile`] as the inner error if something else stands there; else what the system says.
pub fn replaced(path: &Path) -> io::Result<Option<Metadata>> {
    match std::fs::metadata(path) {
        Ok(it) => is_regular(it.file_type()).map(|()| Some(it)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writes a file that a person names, whole or not at all; one that is there is replaced and keeps its permissions.
///
/// A link to a file is followed. What is no file is never replaced: a device that others use would be gone.
///
/// # Errors
///
/// [`NotAFile`] as the inner error; else what the system says.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = replaced(path)?;
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = temporary(directory, ".megachat-")?;
    write(file.as_file_mut())?;
    if let Some(it) = there {
        file.as_file().set_permissions(it.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Whether an open file is still what its path leads to: not removed, renamed, or replaced by another one.
///
/// # Errors
///
/// What the system says of the path, [`io::ErrorKind::NotFound`] if nothing is there.
pub fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let (open, named) = (file.metadata()?, std::fs::metadata(path)?);
    Ok(same(&open, &named))
}

#[cfg(unix)]
fn same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same(one: &Metadata, other: &Metadata) -> bool {
    one.created().ok() == other.created().ok() && one.file_type() == other.file_type()
}

/// What is done about a link as the last part of a path.
#[derive(Clone, Copy, PartialEq)]
enum Links {
    Followed,
    Refused,
}

fn checked(path: &Path, options: &mut OpenOptions, links: Links) -> io::Result<File> {
    let found = if links == Links::Followed { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) };
    match found {
        Ok(it) => is_regular(it.file_type())?,
        // It may be about to be made; else opening says the same.
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    without_waiting(options, links);
    let file = options.open(path)?;
    is_regular(file.metadata()?.file_type())?;
    Ok(file)
}

fn is_regular(found: FileType) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let other = match found {
        it if it.is_dir() => Other::Directory,
        it if it.is_symlink() => Other::Link,
        it => special(it),
    };
    let kind = if other == Other::Directory { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
    Err(io::Error::new(kind, NotAFile(other)))
}

#[cfg(unix)]
fn special(found: FileType) -> Other {
    use std::os::unix::fs::FileTypeExt as _;
    match found {
        it if it.is_fifo() => Other::Pipe,
        it if it.is_socket() => Other::Socket,
        _ => Other::Device,
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> Other {
    Other::Device
}

/// For what was put there since it was looked at. On a regular file these flags change nothing.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions, links: Links) {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if links == Links::Refused {
        flags |= OFlags::NOFOLLOW;
    }
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn without_waiting(_: &mut OpenOptions, _: Links) {}

#[cfg(unix)]
fn mode(place: Place, options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(if place.is_private() { 0o600 } else { 0o666 })
}

#[cfg(not(unix))]
fn mode(_: Place, options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;
