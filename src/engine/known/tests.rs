use super::*;

/// The weights of one file, nothing of which is remembered.
#[cfg(unix)]
pub(in crate::engine) fn weights(path: &Path, now: SystemTime) -> Weights {
    Weights::kept_in(None, [(path, &File::open(path).unwrap())].into_iter(), now).unwrap()
}

#[cfg(unix)]
#[test]
fn a_hash_is_remembered_until_anything_of_the_file_has_changed() {
    let place = tempfile::tempdir().unwrap();
    let (path, other, cache) = (place.path().join("weights"), place.path().join("other"), place.path().join("packed"));
    let later = SystemTime::now() + Duration::from_secs(60);
    let read = |path: &Path, now| {
        let file = File::open(path).unwrap();
        Weights::kept_in(Some(&cache), [(path, &file)].into_iter(), now).unwrap()
    };
    let notes = cache.join(HASHES);
    // So that it shows whether the hash was made, or is the one that is remembered.
    let forge = || {
        let text = std::fs::read_to_string(&notes).unwrap();
        let mut all: Vec<Remembered> = serde_json::from_str(&text).unwrap();
        for it in &mut all {
            it.sha256 = "forged".to_owned();
        }
        std::fs::write(&notes, serde_json::to_string(&all).unwrap()).unwrap();
    };
    let is_remembered = |path: &Path| read(path, later).sha256.starts_with("forged");
    std::fs::write(&path, "one").unwrap();
    // A file that may be changed again within the same tick of its clock is hashed each time.
    let new = read(&path, SystemTime::now());
    assert_eq!(
        (new.sha256.as_str(), new.are_unchanged(), notes.exists()),
        (&*hex(&Sha256::digest("one")), false, false)
    );
    assert!(read(&path, later).are_unchanged());
    forge();
    assert!(is_remembered(&path));
    // Under another name it is the same file; but its times say that something was done to it.
    std::fs::copy(&path, &other).unwrap();
    assert!(!is_remembered(&other));
    forge();
    // As long as before, and its time of writing set back.
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let opened = read(&path, later);
    std::fs::write(&path, "two").unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    assert!(!opened.are_unchanged());
    assert_eq!(read(&path, later).sha256, hex(&Sha256::digest("two")));
    // Another file in its place.
    forge();
    let opened = read(&path, later);
    std::fs::write(&other, "six").unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert!(!opened.are_unchanged());
    assert_eq!(read(&path, later).sha256, hex(&Sha256::digest("six")));
    assert_eq!(path_of(&cache, &hex(&Sha256::digest("six"))[..16]).as_deref(), path.to_str());
    // What is no note is as if it were not there.
    std::fs::write(&notes, "{").unwrap();
    assert_eq!(read(&path, later).sha256, hex(&Sha256::digest("six")));
}

#[cfg(unix)]
#[test]
fn several_files_are_hashed_in_order_and_known_by_all_of_them() {
    let place = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|it| place.path().join(it));
    std::fs::write(&paths[0], "on").unwrap();
    std::fs::write(&paths[1], "e").unwrap();
    let files = [0, 1].map(|it| File::open(&paths[it]).unwrap());
    let later = SystemTime::now() + Duration::from_secs(60);
    let read = |count: usize| {
        let all = paths.iter().map(PathBuf::as_path).zip(&files).take(count);
        Weights::kept_in(Some(&place.path().join("packed")), all, later).unwrap().sha256
    };
    let of = |text: &str| hex(&Sha256::digest(text));
    assert_eq!((read(2), read(2), read(1)), (of("one"), of("one"), of("on")));
}
