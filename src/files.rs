//! The one door to files: what is opened is a regular file, or it is refused.
//!
//! A pipe, a socket or a device under the name of a file would make the program wait for ever, or do something to the
//! device. So what stands there is looked at before it is opened; it is opened without waiting; and what was opened is
//! looked at again, since it may have been replaced in between. Every call names its [`Place`], which says how many
//! bytes are read at the most. No other module opens a file by itself.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

mod place;

pub use place::Place;

/// What a path leads to that is no regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {}, not a file, and is not opened", .0.words())]
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
mod tests {

    use std::io::Write as _;
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    type Way = fn(&Path) -> io::Result<File>;
    const READING: [Way; 2] = [|it| open(Place::Weights, it), |it| open_to_append(Place::Transcript, it)];
    const OWN: [Way; 2] = [|it| append(Place::History, it), |it| update(Place::Lock, it)];

    fn says(result: io::Result<File>, what: &str) {
        let error = result.unwrap_err();
        assert!(error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<NotAFile>), "{error:?}");
        assert!(error.to_string().contains(what), "{error}");
    }

    #[test]
    fn what_is_no_file_is_refused_without_being_opened() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
        let _listener = UnixListener::bind(at("socket")).unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        symlink(at("pipe"), at("link")).unwrap();
        for way in READING.into_iter().chain(OWN) {
            says(way(&at("pipe")), "a named pipe");
            says(way(&at("socket")), "a socket");
            says(way(Path::new("/dev/zero")), "a device");
            says(way(&at("directory")), "a directory");
        }
        for way in READING {
            says(way(&at("link")), "a named pipe");
        }
        for way in OWN {
            says(way(&at("link")), "a link");
        }
        assert!(std::fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
    }

    #[test]
    fn a_link_to_a_file_is_followed_for_what_is_read_and_not_for_what_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("file"), "content").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        assert_eq!(read(Place::Manifest, &at("link")).unwrap(), b"content");
        for way in OWN {
            says(way(&at("link")), "a link");
        }
        for way in OWN {
            says(way(&at("dangling")), "a link");
        }
        let made = create(Place::Transcript, &at("dangling")).unwrap_err();
        assert_eq!(made.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(open(Place::Weights, &at("dangling")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!((std::fs::read(at("file")).unwrap(), at("nothing").exists()), (b"content".to_vec(), false));
    }

    #[test]
    fn a_file_that_is_too_long_is_refused_before_it_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("manifest.json");
        // It takes no room on the disk.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = read(Place::Manifest, &path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("MiB"), "{error}");
    }

    #[test]
    fn a_file_that_was_removed_renamed_or_replaced_is_told_from_one_that_is_still_there() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("a"), directory.path().join("b"));
        let mut file = create(Place::Transcript, &path).unwrap();
        file.write_all(b"text").unwrap();
        assert!(is_at(&file, &path).unwrap());
        std::fs::rename(&path, &other).unwrap();
        assert_eq!(is_at(&file, &path).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::copy(&other, &path).unwrap();
        assert!(!is_at(&file, &path).unwrap());
    }
}
