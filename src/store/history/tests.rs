use super::*;

#[test]
fn what_is_appended_is_loaded_exactly_and_by_its_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = file(&home.path().join("state"));
    assert_eq!(load(&path), [""; 0]);
    let texts = ["Once upon a time", "two\nlines\n", "\"quoted\" \\ \u{1b}[31m é 日本 \u{2028}", " "];
    for text in texts {
        append(&path, text).unwrap();
    }
    assert_eq!(load(&path), texts);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}

#[test]
fn damaged_lines_are_skipped_and_a_torn_one_damages_no_other() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path());
    std::fs::write(&path, b"\"one\"\nrubbish\n\xff\xfe\n3\n{}\n\n\"two\"\n\"torn").unwrap();
    append(&path, "three").unwrap();
    assert_eq!(load(&path), ["one", "two", "three"]);
}

#[test]
fn the_file_has_an_end() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path());
    let lines: Vec<String> = (0..MOST + MOST / 5).map(|it| format!("\"{it}\"\n")).collect();
    std::fs::write(&path, lines.concat()).unwrap();
    append(&path, "newest").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), MOST);
    let entries = load(&path);
    assert_eq!((entries.len(), entries[0].as_str(), entries[MOST - 1].as_str()), (MOST, "201", "newest"));
    for _ in 0..70 {
        append(&path, &"x".repeat(LONGEST)).unwrap();
    }
    assert!(path.metadata().unwrap().len() <= 2 * MOST_BYTES);
    append(&path, &"y".repeat(LONGEST + 1)).unwrap();
    assert!(load(&path).last().unwrap().starts_with('x'));
}

#[test]
fn many_append_at_once_while_the_file_is_made_smaller() {
    let home = tempfile::tempdir().unwrap();
    let path = file(home.path());
    let lines: String = (0..MOST + MOST / 5 - 20).map(|_| "\"old\"\n").collect();
    std::fs::write(&path, lines).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || (0..25).for_each(|it| append(path, &format!("{writer} {it}")).unwrap()));
        }
    });
    let entries = load(&path);
    for writer in 0..4 {
        for it in 0..25 {
            assert!(entries.contains(&format!("{writer} {it}")), "{writer} {it}");
        }
    }
}
