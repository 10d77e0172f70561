use super::super::appender::{Change, Mended};
use super::super::{transcripts, vocabularies};
use std::path::Path;

use super::*;
use crate::sample::Settings;

/// Transcripts in a directory, everything else in another.
fn paths(transcripts: &Path, home: &Path) -> Paths {
    let of = |name: &str| home.join(name);
    Paths {
        config_file: of("config.toml"),
        models: of("models"),
        transcripts: transcripts.to_owned(),
        downloads: of("downloads"),
        packed: of("packed"),
        library: of("library"),
        state: home.to_owned(),
    }
}

/// The transcripts with their texts, by name.
fn list(directory: &Path) -> Vec<(String, Vec<crate::TokenId>)> {
    let ids = transcripts::ids(directory).unwrap().into_iter();
    ids.map(|it| (it.clone(), transcripts::replay(&transcripts::read(directory, &it).unwrap().1).tokens())).collect()
}

fn header(id: &str) -> Header {
    Header { version: 1, id: id.into(), created: 0, program: "test".into() }
}

fn typed(first: u32) -> Record {
    Record::Typed { first, parent: first.checked_sub(1), tokens: vec![first + 7], chosen: false }
}

#[test]
fn a_file_is_made_with_the_first_text_and_holds_what_came_before_it() {
    let home = tempfile::tempdir().unwrap();
    let (send, heard) = channel();
    let store = spawn(paths(home.path(), home.path()), None, Numbers::none(), move |event| {
        send.send(event).unwrap();
    })
    .unwrap();
    store.send(Job::Begin(header("empty")));
    store.send(Job::Append(Record::Settings { settings: Settings::default() }));
    store.send(Job::Begin(header("full")));
    store.send(Job::Append(Record::Settings { settings: Settings::default() }));
    store.send(Job::Append(typed(0)));
    store.send(Job::Append(typed(1)));
    store.send(Job::Sync);
    let written = Some(home.path().join("full.jsonl"));
    assert_eq!(store.finish(), Finished { lost: 0, written });
    assert_eq!(list(home.path()), [("full".to_owned(), vec![7, 8])]);
    assert_eq!(transcripts::read(home.path(), "full").unwrap().1.records.len(), 3);
    assert_eq!(heard.iter().collect::<Vec<_>>(), [Event::Saved { path: home.path().join("full.jsonl"), records: 4 }]);
}

#[test]
fn what_cannot_be_written_waits_and_is_written_once_it_can() {
    let home = tempfile::tempdir().unwrap();
    // A file stands where the directory should be.
    let directory = home.path().join("transcripts");
    std::fs::write(&directory, "in the way").unwrap();
    let (send, heard) = channel();
    let store = spawn(paths(&directory, home.path()), None, Numbers::none(), move |event| {
        send.send(event).unwrap();
    })
    .unwrap();
    store.send(Job::Begin(header("a")));
    store.send(Job::Append(typed(0)));
    assert!(matches!(heard.recv().unwrap(), Event::Failed { waiting: 1, .. }));
    std::fs::remove_file(&directory).unwrap();
    store.send(Job::Append(typed(1)));
    assert_eq!(store.finish().lost, 0);
    assert_eq!(list(&directory)[0].1, [7, 8]);
}

#[test]
fn what_could_never_be_written_is_counted_at_the_end_and_nothing_spins() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("transcripts");
    std::fs::write(&directory, "in the way").unwrap();
    let (send, heard) = channel();
    let store =
        spawn(paths(&directory, home.path()), None, Numbers::none(), move |event| send.send(event).unwrap()).unwrap();
    store.send(Job::Begin(header("a")));
    store.send(Job::Append(typed(0)));
    store.send(Job::Append(typed(1)));
    assert_eq!(store.finish().lost, 2);
    // One report for each try: two records and the end.
    assert_eq!(heard.iter().count(), 3);
}

#[test]
fn a_history_that_cannot_be_written_is_said_once_and_costs_nothing() {
    let home = tempfile::tempdir().unwrap();
    // A directory stands where the file should be.
    let history = home.path().join("history");
    std::fs::create_dir(&history).unwrap();
    let (send, heard) = channel();
    let store =
        spawn(paths(home.path(), home.path()), None, Numbers::none(), move |event| send.send(event).unwrap()).unwrap();
    store.send(Job::Begin(header("a")));
    store.send(Job::Remember("one".into()));
    store.send(Job::Remember("two".into()));
    store.send(Job::Append(typed(0)));
    store.send(Job::Sync);
    assert_eq!(store.finish().lost, 0);
    let heard: Vec<Event> = heard.iter().collect();
    assert!(
        matches!(&heard[..], [Event::NotRemembered { path, .. }, Event::Saved { .. }] if *path == history),
        "{heard:?}"
    );
}

#[test]
fn a_directory_that_is_mended_before_the_end_gets_everything() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("transcripts");
    std::fs::write(&directory, "in the way").unwrap();
    let (send, heard) = channel();
    let store =
        spawn(paths(&directory, home.path()), None, Numbers::none(), move |event| send.send(event).unwrap()).unwrap();
    store.send(Job::Begin(header("a")));
    store.send(Job::Append(typed(0)));
    assert!(matches!(heard.recv().unwrap(), Event::Failed { waiting: 1, .. }));
    std::fs::remove_file(&directory).unwrap();
    assert_eq!(store.finish().lost, 0);
    assert_eq!(list(&directory)[0].1, [7]);
}

#[test]
fn a_file_that_is_taken_away_is_noticed_though_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let (send, heard) = channel();
    let store = spawn(paths(home.path(), home.path()), None, Numbers::none(), move |event| {
        send.send(event).unwrap();
    })
    .unwrap();
    store.send(Job::Begin(header("a")));
    store.send(Job::Append(typed(0)));
    store.send(Job::Sync);
    let path = home.path().join("a.jsonl");
    let saved = Event::Saved { path: path.clone(), records: 1 };
    assert_eq!(heard.recv().unwrap(), saved);
    for _ in 0..2 {
        std::fs::remove_file(&path).unwrap();
        let mended = Mended { change: Change::Gone, aside: None };
        assert_eq!(heard.recv().unwrap(), Event::Mended { path: path.clone(), mended });
        assert_eq!(heard.recv().unwrap(), saved, "it is there again");
        assert_eq!(transcripts::read(home.path(), "a").unwrap().1.records, [typed(0)]);
    }
    assert_eq!(store.finish().lost, 0);
    assert_eq!(heard.iter().count(), 0);
}

#[test]
fn what_was_taken_away_and_cannot_be_written_anew_is_counted_at_the_end() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("transcripts");
    let (send, heard) = channel();
    let store =
        spawn(paths(&directory, home.path()), None, Numbers::none(), move |event| send.send(event).unwrap()).unwrap();
    store.send(Job::Begin(header("a")));
    store.send(Job::Append(typed(0)));
    store.send(Job::Sync);
    assert!(matches!(heard.recv().unwrap(), Event::Saved { records: 1, .. }));
    std::fs::remove_dir_all(&directory).unwrap();
    std::fs::write(&directory, "in the way").unwrap();
    store.send(Job::Append(typed(1)));
    assert!(matches!(heard.recv().unwrap(), Event::Failed { waiting: 1, .. }));
    // The first line, the record in the file, and the one that waits.
    assert_eq!(store.finish().lost, 3);
}

#[test]
fn a_vocabulary_is_on_the_disk_before_the_first_line_that_names_it() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("transcripts");
    std::fs::create_dir(&directory).unwrap();
    // In the way of the vocabularies, not of the transcripts.
    std::fs::write(vocabularies::directory(&directory), "in the way").unwrap();
    let own = Arc::new(Vocabulary::from_gpt2_merges("a b\nab c\n").unwrap());
    let model = Record::Model {
        name: "mine".into(),
        sha256: "00".into(),
        dtype: "q8".into(),
        arithmetic: 1,
        device: "cpu".into(),
        driver: None,
        generator: String::new(),
        vocabulary: Some(own.record()),
        path: None,
    };
    let (send, heard) = channel();
    let store =
        spawn(paths(&directory, home.path()), None, Numbers::none(), move |event| send.send(event).unwrap()).unwrap();
    store.send(Job::Begin(header("a")));
    store.send(Job::Vocabulary(own.clone()));
    store.send(Job::Append(model.clone()));
    store.send(Job::Append(typed(0)));
    assert!(matches!(heard.recv().unwrap(), Event::Failed { waiting: 3, .. }));
    // No line names what is not there.
    assert_eq!(transcripts::read(&directory, "a").unwrap().1.records, []);
    std::fs::remove_file(vocabularies::directory(&directory)).unwrap();
    assert_eq!(store.finish().lost, 0);
    assert_eq!(transcripts::read(&directory, "a").unwrap().1.records, [model, typed(0)]);
    let kept = std::fs::read(vocabularies::directory(&directory).join(format!("{}.json", own.hash()))).unwrap();
    assert!(Vocabulary::from_remembered(&kept, &own.record()).unwrap() == *own);
}
