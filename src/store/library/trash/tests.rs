use super::super::tests::{paths, write};
use super::*;
use crate::store::appender::Appender;

const DAY: i64 = 24 * 60 * 60 * 1000;

#[test]
fn what_is_removed_comes_back_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    write(&paths, "a", "One", &[]);
    let (file, torn) = (paths.transcripts.join("a.jsonl"), paths.transcripts.join("a.torn"));
    std::fs::write(&torn, "half a line").unwrap();
    let before = std::fs::read(&file).unwrap();
    let trash = Trash::of(&paths.transcripts);
    assert!(matches!(trash.restore(None), Err(TrashError::Empty)));
    trash.remove("a", 5).unwrap();
    assert!(!file.exists() && !torn.exists());
    // Another has its name meanwhile, and is removed, too.
    write(&paths, "a", "Two", &[]);
    trash.remove("a", 5).unwrap();
    let kept: Vec<(String, i64)> = trash.list().unwrap().into_iter().map(|it| (it.id, it.when)).collect();
    assert_eq!(kept, [("a".to_owned(), 6), ("a".to_owned(), 5)]);
    assert_eq!(trash.restore(None).unwrap(), "a");
    assert_eq!(trash.restore(Some("a")).unwrap(), "a-2");
    assert_eq!(std::fs::read(paths.transcripts.join("a-2.jsonl")).unwrap(), before);
    assert_eq!(std::fs::read(paths.transcripts.join("a-2.torn")).unwrap(), b"half a line");
    assert!(matches!(trash.restore(Some("b")), Err(TrashError::Unknown { .. })));
    // One that is being written is not removed.
    let open = Appender::open(&paths.transcripts, "a").unwrap();
    assert!(matches!(trash.remove("a", 7), Err(TrashError::Transcript(TranscriptError::Locked { .. }))));
    drop(open);
    assert!(trash.remove("nothing", 7).is_err());
}

#[test]
fn what_is_old_or_too_much_goes_for_good_and_a_clock_set_back_makes_nothing_old() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let mut trash = Trash::of(&paths.transcripts);
    let remove = |trash: &Trash, id: &str, day: i64| {
        write(&paths, id, "Some words", &[]);
        trash.remove(id, day * DAY).unwrap();
        trash.list().unwrap().into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    remove(&trash, "a", 100);
    assert_eq!(remove(&trash, "b", 129), ["b", "a"]);
    assert_eq!(remove(&trash, "c", 20), ["b", "a", "c"]);
    assert_eq!(remove(&trash, "d", 131), ["d", "b"], "a was removed 31 days before, c longer ago");
    let one = trash.list().unwrap()[0].bytes;
    trash.most = one * 5 / 2;
    assert_eq!(remove(&trash, "e", 132), ["e", "d"]);
    trash.most = one / 2;
    write(&paths, "f", "Some words", &[]);
    assert!(matches!(trash.remove("f", 133 * DAY), Err(TrashError::Large { .. })));
    assert!(paths.transcripts.join("f.jsonl").exists());
}
