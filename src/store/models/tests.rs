use std::collections::BTreeMap;

use super::*;

#[test]
fn only_directories_with_a_manifest_count_and_names_are_no_paths() {
    let models = tempfile::tempdir().unwrap();
    let manifest = Manifest {
        version: 1,
        name: "one".into(),
        source: "here".into(),
        source_sha256: None,
        verified: false,
        format: String::new(),
        weights_sha256: String::new(),
        parameters: 1,
        program: String::new(),
        repository: None,
        heads: None,
        tokenizer: None,
        vocabulary: None,
        forced: false,
        checksums: BTreeMap::new(),
        files: Vec::new(),
        seal: None,
    };
    for (name, text) in [("one", manifest.to_bytes()), ("broken", b"{".to_vec())] {
        std::fs::create_dir(models.path().join(name)).unwrap();
        std::fs::write(models.path().join(name).join(Manifest::FILE), text).unwrap();
    }
    std::fs::create_dir(models.path().join("empty")).unwrap();
    let names: Vec<String> = installed(models.path()).unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["one"]);
    assert_eq!(find(models.path(), "../one"), None);
    let broken: Vec<String> = damaged(models.path()).unwrap().into_iter().map(|it| it.0).collect();
    assert_eq!(broken, ["broken"]);
    assert_eq!(super::names(models.path()).unwrap(), ["broken", "one"]);
    assert!(exists(models.path(), "broken") && !exists(models.path(), "empty"));
    assert_eq!(remove(models.path(), "empty").unwrap_err().kind(), io::ErrorKind::NotFound);
    remove(models.path(), "one").unwrap();
    assert!(installed(models.path()).unwrap().is_empty() && !models.path().join("one").exists());
    assert_eq!(installed(&models.path().join("absent")).unwrap(), []);
}
