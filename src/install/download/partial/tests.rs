use super::*;

const URL: &str = "https://h.example/m.pt";

fn origin(etag: Option<&str>, total: Option<u64>) -> Origin {
    Origin { url: URL.to_owned(), etag: etag.map(str::to_owned), total }
}

/// Leaves `bytes` from `origin` on disk, then opens them again as `url`.
fn left_behind(origin: Origin, bytes: &[u8], url: &str) -> (u64, String) {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Partial::open(directory.path(), "m.pt", "").unwrap();
    first.restart(origin).unwrap();
    first.append(bytes).unwrap();
    drop(first);
    let mut second = Partial::open(directory.path(), "m.pt", "").unwrap();
    assert!(second.recall(url, &mut |_, _| true).unwrap());
    (second.len(), second.sha256())
}

#[test]
fn only_a_prefix_with_a_matching_note_is_taken_over() {
    let strong = Some("\"a\"");
    for (why, origin, url, len) in [
        ("strong tag", origin(strong, Some(9)), URL, 3),
        ("length unknown", origin(strong, None), URL, 3),
        ("no tag", origin(None, Some(9)), URL, 0),
        ("no tag but complete", origin(None, Some(3)), URL, 3),
        ("longer than the file", origin(strong, Some(2)), URL, 0),
        ("another address", origin(strong, Some(9)), "https://other.example/m.pt", 0),
    ] {
        assert_eq!(left_behind(origin, b"abc", url).0, len, "{why}");
    }
    assert_eq!(
        left_behind(origin(strong, Some(9)), b"abc", URL).1,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
}

#[test]
fn a_finished_file_is_believed_only_with_its_record() {
    let directory = tempfile::tempdir().unwrap();
    let mut partial = Partial::open(directory.path(), "m.pt", "").unwrap();
    partial.restart(origin(None, None)).unwrap();
    partial.append(b"abc").unwrap();
    let record = Record { url: URL.to_owned(), bytes: 3, sha256: partial.sha256() };
    let path = partial.finish(&record).unwrap();
    let names = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!((path.file_name().unwrap().to_str(), names), (Some("m.pt"), 2));

    let read = || read_finished(&path, &mut |_, _| true).unwrap();
    assert_eq!(read(), Some(record));
    fs::write(&path, b"abd").unwrap();
    assert_eq!(read(), None, "a flipped bit");
    fs::write(&path, b"ab").unwrap();
    assert_eq!(read(), None, "a cut file");
    fs::remove_file(record_path(&path)).unwrap();
    assert_eq!(read(), None, "no record");
}

#[cfg(unix)]
#[test]
fn a_link_under_the_name_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("precious");
    fs::write(&target, b"keep").unwrap();
    std::os::unix::fs::symlink(&target, directory.path().join("m.pt.part")).unwrap();
    let mut partial = Partial::open(directory.path(), "m.pt", "").unwrap();
    partial.restart(origin(None, None)).unwrap();
    assert_eq!(fs::read(target).unwrap(), b"keep");
}
