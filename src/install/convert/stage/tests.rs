use super::*;

#[test]
fn what_a_killed_process_left_is_swept_and_what_a_living_one_makes_is_not() {
    let parent = tempfile::tempdir().unwrap();
    let output = parent.path().join("model");
    let (dead, living, other) = (".model.partial-dead", ".model.partial-live", ".another.partial-dead");
    for name in [dead, living, other] {
        fs::create_dir(parent.path().join(name)).unwrap();
        fs::write(parent.path().join(name).join(LOCK), "").unwrap();
    }
    let held = File::open(parent.path().join(living).join(LOCK)).unwrap();
    held.lock().unwrap();
    let stage = Stage::new(&output).unwrap();
    let there = |name: &str| parent.path().join(name).exists();
    assert_eq!([there(dead), there(living), there(other)], [false, true, true]);
    stage.write_text("config.json", b"{}").unwrap();
    stage.publish().unwrap();
    let left: Vec<_> = fs::read_dir(&output).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["config.json"]);
}
