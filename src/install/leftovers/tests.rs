use super::*;

#[test]
fn only_what_is_named_plainly_is_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let places = Places::new(home.path().join("models"), home.path().join("downloads"));
    for directory in ["downloads/mine", "downloads/other", "elsewhere"] {
        std::fs::create_dir_all(home.path().join(directory)).unwrap();
    }
    for name in ["..", ".", "", "../elsewhere", "mine/..", "/", "absent"] {
        assert!(!forget(&places, name).unwrap(), "{name}");
    }
    assert!(forget(&places, "mine").unwrap());
    let left = |name: &str| home.path().join(name).exists();
    assert!(!left("downloads/mine") && left("downloads/other") && left("elsewhere"));
}
