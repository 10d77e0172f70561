use super::*;

fn manifest() -> Manifest {
    Manifest {
        version: Manifest::VERSION,
        name: "one".into(),
        source: "here".into(),
        source_sha256: None,
        verified: false,
        format: "a format".into(),
        weights_sha256: "00".into(),
        parameters: 1,
        program: "megachat".into(),
        repository: None,
        heads: None,
        tokenizer: None,
        vocabulary: None,
        forced: false,
        checksums: BTreeMap::from([("wte.weight".into(), 7)]),
        files: vec![FileRecord { name: CONFIG.into(), bytes: 7, sha256: "11".into() }],
        seal: None,
    }
}

#[test]
fn a_manifest_comes_back_and_an_old_one_is_still_read() {
    let read = Manifest::read(&manifest().to_bytes()).unwrap();
    assert_eq!(Manifest { seal: None, ..read }, manifest());
    let old = r#"{"version":1,"name":"a","source":"b","source_sha256":null,"verified":true,"format":"c",
            "weights_sha256":"d","parameters":3,"program":"e"}"#;
    let old = Manifest::read(old.as_bytes()).unwrap();
    assert_eq!((old.version, old.name.as_str(), old.files.len()), (1, "a", 0));
}

#[test]
fn a_wrong_version_a_changed_word_and_a_path_are_refused() {
    let text = String::from_utf8(manifest().to_bytes()).unwrap();
    let read = |text: &str| Manifest::read(text.as_bytes());
    assert_eq!(read(&text.replace("\"version\": 3", "\"version\": 4")), Err(ManifestError::Version(4)));
    assert_eq!(read(&text.replace("\"version\": 3", "\"version\": 0")), Err(ManifestError::Version(0)));
    assert_eq!(read(&text.replace("here", "hera")), Err(ManifestError::Seal));
    assert!(matches!(read("{"), Err(ManifestError::Malformed(_))));
    let away = FileRecord { name: "../x".into(), bytes: 1, sha256: String::new() };
    let away = Manifest { files: vec![away], ..manifest() };
    assert_eq!(Manifest::read(&away.to_bytes()), Err(ManifestError::Seal));
}

#[test]
fn every_flipped_bit_of_a_manifest_is_noticed_or_changes_nothing() {
    let bytes = manifest().to_bytes();
    let expected = Manifest::read(&bytes).unwrap();
    for at in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        assert!(Manifest::read(&damaged).map_or(true, |it| it == expected), "bit {at}");
    }
}
