use std::fs;

use super::super::transcripts::{read, replay};
use super::*;
use crate::TokenId;

fn header(id: &str) -> Header {
    Header { version: 1, id: id.into(), created: 0, program: "test".into() }
}

fn typed(first: u32, token: TokenId) -> Record {
    Record::Typed { first, parent: first.checked_sub(1), tokens: vec![token], chosen: false }
}

fn append_to(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_torn_line_is_set_aside_and_the_next_one_is_not_glued_to_it() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("transcripts");
    let mut it = Appender::create(&directory, &header("a")).unwrap();
    it.append(&typed(0, 5)).unwrap();
    let path = it.path().to_owned();
    drop(it);
    append_to(&path, b"{\"n\":2,\"cr");
    let (mut it, journal) = Appender::open(&directory, "a").unwrap();
    assert_eq!((journal.records.len(), journal.torn.is_some()), (1, true));
    it.append(&typed(1, 6)).unwrap();
    assert_eq!(it.change().unwrap(), None);
    drop(it);
    let (_, journal) = read(&directory, "a").unwrap();
    assert_eq!((replay(&journal).tokens(), journal.faults.damaged, journal.torn), (vec![5, 6], 0, None));
    assert_eq!(fs::read(path.with_extension("torn")).unwrap(), b"{\"n\":2,\"cr");
}

#[cfg(unix)]
#[test]
fn a_torn_line_is_not_written_through_a_link() {
    let home = tempfile::tempdir().unwrap();
    let it = Appender::create(home.path(), &header("a")).unwrap();
    let path = it.path().to_owned();
    drop(it);
    append_to(&path, b"{\"n\":1,\"cr");
    let (before, victim) = (fs::read(&path).unwrap(), home.path().join("victim"));
    fs::write(&victim, "mine").unwrap();
    std::os::unix::fs::symlink(&victim, path.with_extension("torn")).unwrap();
    let error = Appender::open(home.path(), "a").unwrap_err().to_string();
    assert!(error.contains("a.torn") && error.contains("a link"), "{error}");
    assert_eq!((fs::read(&victim).unwrap(), fs::read(&path).unwrap()), (b"mine".to_vec(), before));
}

#[test]
fn a_second_writer_is_refused_and_a_taken_name_gets_a_number() {
    let home = tempfile::tempdir().unwrap();
    let first = Appender::create(home.path(), &header("a")).unwrap();
    assert!(matches!(Appender::open(home.path(), "a"), Err(TranscriptError::Locked { .. })));
    let second = Appender::create(home.path(), &header("a")).unwrap();
    assert_ne!(first.path(), second.path());
    assert_eq!(read(home.path(), "a-2").unwrap().1.header.id, "a-2");
}

#[cfg(unix)]
#[test]
fn only_the_user_may_read_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("deep").join("transcripts");
    let mut it = Appender::create(&directory, &header("a")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(it.path())), (0o700, 0o600));
    fs::remove_dir_all(&directory).unwrap();
    assert!(it.mend().unwrap().is_some());
    assert_eq!((mode(&directory), mode(it.path())), (0o700, 0o600), "what is made anew is as private");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_that_was_written() {
    let file = fs::OpenOptions::new().read(true).append(true).open("/dev/full").unwrap();
    let (whole, written, vocabularies) = (Vec::new(), None, Vec::new());
    let mut it = Appender { path: "/dev/full".into(), file, next: 4, whole, written, vocabularies };
    let error = it.append(&typed(0, 1)).unwrap_err();
    assert_eq!((error.kind(), it.next), (io::ErrorKind::StorageFull, 4));
}

type Deed = fn(&Path, &Path);

/// What a person or a program may do to a transcript in its directory, and what is then in its way.
const DEEDS: [(&str, Deed, Change, Option<&[u8]>); 11] = [
    ("removed", |file, _| fs::remove_file(file).unwrap(), Change::Gone, None),
    ("renamed", |file, _| fs::rename(file, file.with_extension("bak")).unwrap(), Change::Gone, None),
    ("directory removed", |_, all| fs::remove_dir_all(all).unwrap(), Change::Gone, None),
    ("directory moved", |_, all| fs::rename(all, all.with_extension("old")).unwrap(), Change::Gone, None),
    (
        "replaced by a copy",
        |file, _| {
            fs::copy(file, file.with_extension("copy")).unwrap();
            fs::rename(file.with_extension("copy"), file).unwrap();
        },
        Change::Replaced,
        None,
    ),
    (
        "replaced by another",
        |file, _| {
            fs::write(file.with_extension("new"), "another").unwrap();
            fs::rename(file.with_extension("new"), file).unwrap();
        },
        Change::Replaced,
        Some(b"another"),
    ),
    (
        "replaced by a directory",
        |file, _| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        },
        Change::Replaced,
        Some(b""),
    ),
    ("emptied", |file, _| fs::write(file, "").unwrap(), Change::Rewritten, None),
    (
        "cut",
        |file, _| fs::File::options().write(true).open(file).unwrap().set_len(70).unwrap(),
        Change::Rewritten,
        None,
    ),
    (
        "changed in its place",
        |file, _| {
            let at = fs::metadata(file).unwrap().len() - 3;
            let mut file = fs::File::options().write(true).open(file).unwrap();
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(b"?").unwrap();
            // As if some time had gone by: a kernel tells times in steps of some milliseconds.
            file.set_modified(SystemTime::now() + std::time::Duration::from_secs(1)).unwrap();
        },
        Change::Rewritten,
        Some(b"?}\n"),
    ),
    ("appended to", |file, _| append_to(file, b"rubbish"), Change::Rewritten, Some(b"rubbish")),
];

#[test]
fn whatever_is_done_to_the_file_everything_is_written_anew_and_nothing_is_destroyed() {
    for (what, deed, change, left) in DEEDS {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("transcripts");
        let mut it = Appender::create(&directory, &header("a")).unwrap();
        it.append(&typed(0, 5)).unwrap();
        // The same twice in a row.
        for round in 1..=2 {
            let path = it.path().to_owned();
            deed(&path, &directory);
            // What was moved away is not in the way of the second round.
            let _ = fs::rename(directory.with_extension("old"), home.path().join(format!("old-{round}")));
            assert_eq!(it.change().unwrap(), Some(change), "{what}");
            let mended = it.mend().unwrap().unwrap();
            assert_eq!((mended.change, mended.aside.is_some()), (change, left.is_some()), "{what}");
            if let Some((aside, left)) = mended.aside.zip(left) {
                assert!(aside.is_dir() || fs::read(&aside).unwrap().ends_with(left), "{what}");
            }
            assert_eq!(it.mend().unwrap(), None, "{what}");
            it.append(&typed(round, 5 + round)).unwrap();
        }
        let journal = read(&directory, "a").unwrap().1;
        assert_eq!(replay(&journal).tokens(), [5, 6, 7], "{what}");
        assert_eq!(journal.faults, crate::document::Faults::default(), "{what}");
        // The lock holds for the new file.
        assert!(matches!(Appender::open(&directory, "a"), Err(TranscriptError::Locked { .. })), "{what}");
        assert_eq!(resolve(&directory, "latest").unwrap(), "a", "{what}");
        let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
        let left = fs::read_dir(&directory).unwrap().filter(|it| hidden(&it.as_ref().unwrap().file_name())).count();
        assert_eq!(left, 0, "{what}: something is left behind");
    }
}

#[test]
fn a_file_that_was_only_touched_is_as_it_was_left() {
    let home = tempfile::tempdir().unwrap();
    let mut it = Appender::create(home.path(), &header("a")).unwrap();
    let later = SystemTime::now() + std::time::Duration::from_secs(9);
    fs::File::options().write(true).open(it.path()).unwrap().set_modified(later).unwrap();
    assert_eq!((it.change().unwrap(), it.mend().unwrap()), (None, None));
}

#[test]
fn what_a_killed_program_was_writing_anew_is_in_nobodys_way() {
    let home = tempfile::tempdir().unwrap();
    let left = home.path().join(".rewriting-a.jsonl");
    let mut it = Appender::create(home.path(), &header("a")).unwrap();
    fs::write(&left, "half").unwrap();
    fs::remove_file(it.path()).unwrap();
    assert!(it.mend().unwrap().is_some() && !left.exists());
    drop(it);
    fs::write(&left, "half").unwrap();
    Appender::open(home.path(), "a").unwrap();
    assert!(!left.exists());
}

#[test]
fn what_cannot_be_written_anew_yet_is_written_once_it_can() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("transcripts");
    let mut it = Appender::create(&directory, &header("a")).unwrap();
    it.append(&typed(0, 5)).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, "in the way").unwrap();
    assert!(it.mend().is_err());
    assert_eq!(it.change().unwrap(), Some(Change::Gone));
    fs::remove_file(&directory).unwrap();
    assert!(it.mend().unwrap().is_some());
    assert_eq!(replay(&read(&directory, "a").unwrap().1).tokens(), [5]);
}

#[test]
fn the_words_that_lines_name_are_kept_anew_too() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("transcripts");
    let own = Arc::new(Vocabulary::from_gpt2_merges("a b\nab c\n").unwrap());
    let mut it = Appender::create(&directory, &header("a")).unwrap();
    it.keep(&own).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    it.mend().unwrap();
    assert!(vocabularies::directory(&directory).join(format!("{}.json", own.hash())).is_file());
}
