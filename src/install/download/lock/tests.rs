use super::*;

#[test]
fn a_second_lock_waits_names_the_holder_and_can_be_cancelled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.lock");
    let cancel = AtomicBool::new(false);
    let first = Lock::acquire(&path, &cancel, &mut |_| panic!("no process holds it")).unwrap();
    assert!(first.as_ref().is_some_and(Lock::is_exclusive));

    let mut told = Vec::new();
    let second = Lock::acquire(&path, &cancel, &mut |holder| {
        told.push(holder);
        cancel.store(true, Ordering::Relaxed);
    });
    assert!(second.unwrap().is_none());
    assert_eq!(told, [Some(std::process::id())]);

    drop(first);
    cancel.store(false, Ordering::Relaxed);
    assert!(Lock::acquire(&path, &cancel, &mut |_| panic!("it is free")).unwrap().is_some());
}
