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
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
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

#[test]
fn what_is_written_under_a_name_replaces_a_file_and_nothing_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let new = |it: &Path| replace(it, |file| file.write_all(b"new"));
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    std::fs::create_dir(at("directory")).unwrap();
    std::fs::write(at("file"), "old").unwrap();
    std::fs::set_permissions(at("file"), std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(at("file"), at("link")).unwrap();
    symlink(at("pipe"), at("to pipe")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    for (name, what) in
        [("pipe", "a named pipe"), ("to pipe", "a named pipe"), ("socket", "a socket"), ("directory", "a directory")]
    {
        let error = new(&at(name)).unwrap_err();
        assert!(error.to_string().contains(what), "{name}: {error}");
    }
    assert!(std::fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
    assert!(std::fs::symlink_metadata(at("to pipe")).unwrap().is_symlink());
    // Only the superuser could replace it, who has lost it then.
    assert!(new(Path::new("/dev/zero")).unwrap_err().to_string().contains("a device"));
    new(&at("link")).unwrap();
    assert!(std::fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(std::fs::read(at("file")).unwrap(), b"new");
    assert_eq!(std::fs::metadata(at("file")).unwrap().permissions().mode() & 0o777, 0o640);
    for name in ["fresh", "dangling"] {
        new(&at(name)).unwrap();
        assert_eq!(std::fs::read(at(name)).unwrap(), b"new", "{name}");
    }
    // What cannot be written whole leaves what was there, and nothing beside it.
    let before = std::fs::read_dir(directory.path()).unwrap().count();
    let failed = replace(&at("file"), |file| {
        file.write_all(b"half")?;
        Err(io::Error::other("no more"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "no more");
    assert_eq!(std::fs::read(at("file")).unwrap(), b"new");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), before);
}
