use std::sync::Arc;

use super::*;
use crate::TokenId;
use crate::assets;
use crate::document::{Header, NodeId, Record};
use crate::store::appender::Appender;

pub(super) fn paths(home: &Path) -> Paths {
    let of = |name: &str| home.join(name);
    Paths {
        config_file: of("config.toml"),
        models: of("models"),
        transcripts: of("transcripts"),
        downloads: of("downloads"),
        packed: of("packed"),
        library: of("library"),
        state: of("state"),
    }
}

fn header(id: &str) -> Header {
    Header { version: 1, id: id.to_owned(), created: 1_000, program: "test".to_owned() }
}

pub(super) fn tokens(text: &str) -> Vec<TokenId> {
    assets::vocabulary().encode(text).unwrap().tokens
}

/// A transcript with a text, whose words are GPT-2's, and what else is recorded.
pub(super) fn write(paths: &Paths, id: &str, text: &str, others: &[Record]) {
    let mut it = Appender::create(&paths.transcripts, &header(id)).unwrap();
    it.append(&Record::Words { vocabulary: assets::vocabulary().record() }).unwrap();
    it.append(&typed(0, None, text)).unwrap();
    for record in others {
        it.append(record).unwrap();
    }
}

fn typed(first: NodeId, parent: Option<NodeId>, text: &str) -> Record {
    Record::Typed { first, parent, tokens: tokens(text), chosen: false }
}

pub(super) fn refreshed(paths: &Paths) -> Library {
    let mut it = Library::open(paths).unwrap();
    it.refresh(&mut |_, _| true).unwrap();
    it
}

fn ids(library: &Library) -> Vec<String> {
    library.entries().unwrap().into_iter().map(|it| it.id).collect()
}

/// The last worked on is the one with the largest number, whatever its name and its date say; those without a number come after,
/// by their names; without a text and unreadable ones last.
#[test]
fn the_order_is_that_of_the_work() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    write(&paths, "20260101-a", "One", &[Record::Opened { number: 7 }, Record::Opened { number: 2 }]);
    write(&paths, "20260303-c", "Three", &[Record::Opened { number: 3 }]);
    write(&paths, "20260202-b", "Two", &[]);
    write(&paths, "20260404-d", "Four", &[]);
    Appender::create(&paths.transcripts, &header("20270101-e")).unwrap();
    std::fs::write(paths.transcripts.join("99990101-000000.jsonl"), "").unwrap();
    let library = refreshed(&paths);
    assert_eq!(
        ids(&library),
        ["20260101-a", "20260303-c", "20260404-d", "20260202-b", "20270101-e", "99990101-000000"]
    );
    assert_eq!(library.largest_number().unwrap(), 7);
    assert_eq!(
        (&*library.resolve("latest").unwrap(), &*library.resolve("202603").unwrap()),
        ("20260101-a", "20260303-c")
    );
    let last = library.entries().unwrap().pop().unwrap();
    assert!(last.state == State::Unreadable && last.fault.unwrap().contains("not one line"));
    // Without an index the same one is meant.
    assert_eq!(resolve(&paths.transcripts, LATEST).unwrap(), "20260101-a");
}

#[test]
fn what_is_known_follows_the_files() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    write(
        &paths,
        "a",
        "The old light",
        &[Record::Title { title: "Sea".into() }, Record::Tags { tags: vec!["novel".into()] }],
    );
    write(&paths, "b", "A cat.", &[]);
    let mut library = refreshed(&paths);
    let a = library.entry("a").unwrap().unwrap();
    assert_eq!(
        (a.title.as_deref(), &a.tags[..], a.words.as_deref()),
        (Some("Sea"), &["novel".to_owned()][..], Some("The old light"))
    );
    assert_eq!((a.tokens, a.branches, a.words_assumed, a.created), (3, 1, false, Some(1_000)));
    assert_eq!(library.resolve("SEA").unwrap(), "a");
    // Appended to, removed, made, renamed by hand: the next look tells it, and only what is new is read.
    retitle(&paths.transcripts, "a", "The \n sea").unwrap();
    std::fs::rename(paths.transcripts.join("b.jsonl"), paths.transcripts.join("c.jsonl")).unwrap();
    let mut read = 0;
    library
        .refresh(&mut |_, of| {
            read = of;
            true
        })
        .unwrap();
    assert_eq!((read, ids(&library)), (2, vec!["c".to_owned(), "a".to_owned()]));
    assert_eq!(library.entry("a").unwrap().unwrap().title.as_deref(), Some("The sea"));
    // What was kept by one program is known to the next.
    read = 0;
    refreshed(&paths)
        .refresh(&mut |_, of| {
            read = of;
            true
        })
        .unwrap();
    assert_eq!(read, 0);
}

/// The index is no truth: it is made anew if it is missing, damaged, of another version, or no file.
#[test]
fn any_index_is_as_good_as_none() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    write(&paths, "a", "The old light", &[Record::Opened { number: 4 }]);
    drop(refreshed(&paths));
    let file = paths.library.join("index.sqlite");
    let good = std::fs::read(&file).unwrap();
    let mut flipped = good.clone();
    flipped[4096..].iter_mut().step_by(97).for_each(|it| *it ^= 0x55);
    for bytes in [Vec::new(), b"no database".to_vec(), vec![0; 9000], good[..good.len() / 2].to_vec(), flipped] {
        std::fs::write(&file, &bytes).unwrap();
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(paths.library.join(format!("index.sqlite{end}")));
        }
        let library = refreshed(&paths);
        assert_eq!((library.remark.as_deref(), ids(&library)), (None, vec!["a".to_owned()]));
        assert_eq!((library.largest_number().unwrap(), library.search("light", 9).unwrap().len()), (4, 1));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&paths.library), mode(&file)), (0o700, 0o600));
    }
    std::fs::remove_dir_all(&paths.library).unwrap();
    std::fs::write(&paths.library, "in the way").unwrap();
    let library = refreshed(&paths);
    assert!(library.remark.is_some());
    assert_eq!(ids(&library), ["a"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed_out_of_the_library() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    write(&paths, "a", "The old light", &[]);
    let outside = home.path().join("outside.jsonl");
    std::fs::copy(paths.transcripts.join("a.jsonl"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, paths.transcripts.join("b.jsonl")).unwrap();
    std::os::unix::fs::symlink("a.jsonl", paths.transcripts.join("c.jsonl")).unwrap();
    let library = refreshed(&paths);
    let states: Vec<(String, State)> = library.entries().unwrap().into_iter().map(|it| (it.id, it.state)).collect();
    assert_eq!(
        states,
        [("c".to_owned(), State::Sound), ("a".to_owned(), State::Sound), ("b".to_owned(), State::Unreadable)]
    );
    for outcome in [retitle(&paths.transcripts, "b", "x"), Appender::open(&paths.transcripts, "b").map(drop)] {
        assert!(matches!(outcome, Err(TranscriptError::LeadsOut { .. })), "{outcome:?}");
    }
    // It is removed as a link, and what it leads to stays.
    Trash::of(&paths.transcripts).remove("b", 0).unwrap();
    assert!(outside.is_file());
}

/// Two programs look, and change, at the same time.
#[test]
fn one_index_serves_several() {
    let home = tempfile::tempdir().unwrap();
    let paths = Arc::new(paths(home.path()));
    for number in 0..40 {
        write(&paths, &format!("t{number:02}"), &format!("Text number {number} of the sea"), &[]);
    }
    let work = |which: usize| {
        let paths = paths.clone();
        std::thread::spawn(move || {
            for round in 0..10 {
                let id = format!("t{:02}", which * 10 + round);
                retitle(&paths.transcripts, &id, &format!("title {round}")).unwrap();
                let library = refreshed(&paths);
                assert_eq!((library.entries().unwrap().len(), library.remark), (40, None));
            }
        })
    };
    let all: Vec<_> = (0..4).map(work).collect();
    for it in all {
        it.join().unwrap();
    }
    let library = refreshed(&paths);
    assert_eq!(library.search("sea", 100).unwrap().len(), 40);
    assert!(library.entries().unwrap().iter().all(|it| it.title.is_some()));
}

/// Whatever is cut off or spoiled in a transcript, it is listed, what its whole lines say is known and found, and the other texts
/// are as they were.
#[test]
fn a_spoiled_transcript_is_known_as_far_as_it_goes_and_hides_no_other() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    write(&paths, "sound", "A dog ran by the sea", &[]);
    let others = [
        Record::Opened { number: 3 },
        Record::Title { title: "A keeper".to_owned() },
        typed(5, Some(2), " lanterns"),
        Record::Tags { tags: vec!["sea".to_owned()] },
    ];
    write(&paths, "whole", "The lighthouse keeper of the sea", &others);
    let whole = std::fs::read(paths.transcripts.join("whole.jsonl")).unwrap();
    let mut names = vec!["sound".to_owned(), "whole".to_owned()];
    let mut put = |name: String, bytes: &[u8]| {
        std::fs::write(paths.transcripts.join(format!("{name}.jsonl")), bytes).unwrap();
        names.push(name);
    };
    for cut in 0..whole.len() {
        put(format!("cut{cut}"), &whole[..cut]);
    }
    // A step that is prime to the number of bits comes to a thousand different ones.
    for flip in 0..1000 {
        let (mut bytes, bit) = (whole.clone(), flip * 7919 % (whole.len() * 8));
        bytes[bit / 8] ^= 1 << (bit % 8);
        put(format!("flip{flip}"), &bytes);
    }
    let library = refreshed(&paths);
    let entries = library.entries().unwrap();
    let mut listed: Vec<_> = entries.iter().map(|it| it.id.clone()).collect();
    listed.sort();
    names.sort();
    assert_eq!(listed, names);
    let found: Vec<String> = library.search("sea", 5000).unwrap().into_iter().map(|it| it.entry.id).collect();
    assert!(found.contains(&"sound".to_owned()) && found.contains(&"whole".to_owned()));
    for entry in &entries {
        let Ok(journal) = crate::store::transcripts::read_file(&paths.transcripts.join(format!("{}.jsonl", entry.id)))
        else {
            assert_eq!((entry.state, entry.tokens), (State::Unreadable, 0), "{}", entry.id);
            assert!(entry.fault.is_some(), "{}", entry.id);
            continue;
        };
        let document = crate::store::transcripts::replay(&journal);
        assert_eq!(entry.tokens, document.tokens().len() as u64, "{}", entry.id);
        assert_eq!(entry.state == State::Sound, journal.faults.is_sound(), "{}: {:?}", entry.id, entry.fault);
        // Of six: a flipped bit costs its line, or two that it joins.
        assert!(!entry.id.starts_with("flip") || journal.records.len() >= 4, "{}", entry.id);
    }
    assert!(entries.iter().filter(|it| it.id.starts_with("flip")).filter(|it| it.state != State::Sound).count() > 900);
}
