use super::*;

fn places(home: &Path) -> Places {
    let places = Places::new(home.join("models"), home.join("downloads"));
    Places { sources: Vec::new(), ..places }
}

fn install_demo(home: &Path) -> (Ready, Vec<Event>) {
    let mut events = Vec::new();
    let cancel = AtomicBool::new(false);
    let ready = run(&Job::Demo, &places(home), &Wishes::default(), &cancel, &mut |it| events.push(it)).unwrap();
    (ready, events)
}

#[test]
fn the_demo_installs_once_and_leftovers_are_swept() {
    let home = tempfile::tempdir().unwrap();
    let leftover = home.path().join("models/.installing-demo-abc");
    std::fs::create_dir_all(&leftover).unwrap();
    let (ready, events) = install_demo(home.path());
    assert_eq!((ready.name.as_str(), ready.verified), (DEMO, true));
    assert!(!leftover.exists());
    let layers = |it: &Event| matches!(it, Event::Stage { stage: Stage::Converting { of: 6, .. }, .. });
    assert_eq!(events.iter().filter(|it| layers(it)).count(), 6, "{events:?}");
    let (again, events) = install_demo(home.path());
    assert_eq!((again.directory, events), (ready.directory, Vec::new()));
}

#[test]
fn a_directory_without_a_manifest_is_no_model_and_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("models/demo")).unwrap();
    std::fs::write(home.path().join("models/demo/model.safetensors"), "half").unwrap();
    let (ready, _) = install_demo(home.path());
    assert!(ready.directory.join("config.json").exists());
}

#[test]
fn a_cancelled_job_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let cancel = AtomicBool::new(false);
    let mut stop_at_once = |_: Event| cancel.store(true, Ordering::Release);
    let result = run(&Job::Demo, &places(home.path()), &Wishes::default(), &cancel, &mut stop_at_once);
    assert_eq!(result, Err(Failure::Cancelled { kept: 0 }));
    let left: Vec<_> =
        std::fs::read_dir(home.path().join("models")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, [".demo.lock"]);
}

#[test]
fn an_import_is_named_by_content_or_by_wish_and_a_taken_name_is_said() {
    let home = tempfile::tempdir().unwrap();
    let zip = home.path().join("my checkpoint.zip");
    std::fs::write(&zip, assets::DEMO_ZIP).unwrap();
    let places = places(home.path());
    let cancel = AtomicBool::new(false);
    let import = |path: &Path, name: Option<&str>| {
        let job = Job::Import { from: CopyAt::Path(path.to_owned()), name: name.map(ToOwned::to_owned) };
        let convert = convert::Options { heads: Some(3), ..convert::Options::default() };
        run(&job, &places, &Wishes { convert, repair: None }, &cancel, &mut |_| ()).map(|it| it.name)
    };
    assert_eq!(import(&zip, None).unwrap(), "my-checkpoint");
    assert_eq!(import(&zip, None).unwrap(), "my-checkpoint");
    assert_eq!(import(&zip, Some("other")).unwrap(), "other");
    let absent = import(&home.path().join("absent"), None).unwrap_err().to_string();
    assert!(absent.contains("absent"), "{absent}");
    let text = home.path().join("note.txt");
    std::fs::write(&text, "<html>").unwrap();
    assert!(matches!(import(&text, None), Err(Failure::Convert { .. })));
}
