use super::*;

#[test]
fn what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not() {
    let place = tempfile::tempdir().unwrap();
    let of = |name: &str| place.path().join(name);
    for name in ["megachat-converted-dead", "megachat-converted-live", "megachat-other"] {
        fs::create_dir(of(name)).unwrap();
    }
    drop(lock(&of("megachat-converted-dead")).unwrap());
    drop(lock(&of("megachat-other")).unwrap());
    let held = lock(&of("megachat-converted-live")).unwrap();
    sweep(place.path());
    let there = |name: &str| of(name).exists();
    assert_eq!(
        [there("megachat-converted-dead"), there("megachat-converted-live"), there("megachat-other")],
        [false, true, true]
    );
    drop(held);
    sweep(place.path());
    assert!(!there("megachat-converted-live"));
}
