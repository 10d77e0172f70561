use std::fs::File;

use super::*;

#[test]
fn the_length_of_a_file_is_bounded_before_memory_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("merges.txt"), assets::MERGES).unwrap();
    let find = || find_vocabulary(Some(directory.path()), None, 50_257);
    for (name, limit) in SMALL_FILES {
        let path = directory.path().join(name);
        let before = std::fs::read(&path).ok();
        // A file with a hole: it takes no room and would take as much memory as it is long.
        let file = File::create(&path).unwrap();
        file.set_len(limit + 1).unwrap();
        let error = find().unwrap_err();
        assert_eq!(error, VocabularyFault::TooLarge { path: path.clone(), bytes: limit + 1, limit });
        drop(file);
        match before {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
    let padded = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    let path = directory.path().join("generation_config.json");
    std::fs::write(&path, padded(1 << 20)).unwrap();
    assert!(find().is_ok(), "at the limit");
    std::fs::write(&path, padded((1 << 20) + 1)).unwrap();
    assert!(matches!(find(), Err(VocabularyFault::TooLarge { .. })));
}
