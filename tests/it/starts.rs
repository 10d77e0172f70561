//! Which model starts where none is named.

use serde_json::Value;

use crate::support::fault_server::FaultServer;
use crate::support::program::{Home, err, megachat, out};
use crate::support::{demo_zip, tiny};

fn run(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> (String, String, Option<i32>) {
    let output = megachat(home.path(), arguments).envs(variables.iter().copied()).output().unwrap();
    (out(&output), err(&output), output.status.code())
}

/// A home and a checkpoint to import.
fn with_a_checkpoint() -> (Home, tempfile::TempDir, String) {
    let copy = tempfile::tempdir().unwrap();
    tiny::hugging_face(copy.path(), 1);
    let path = copy.path().to_str().unwrap().to_owned();
    (Home::new(), copy, path)
}

/// The model that goes on with a text where none is named, and the note about it.
#[track_caller]
fn started(home: &Home, variables: &[(&str, &str)]) -> (String, String) {
    let (printed, said, status) = run(home, &["--json", "-n", "1", "x"], variables);
    assert_eq!(status, Some(0), "{said}");
    let value: Value = serde_json::from_str(&printed).unwrap();
    (value["model"]["name"].as_str().unwrap().to_owned(), said)
}

fn configure(home: &Home, text: &str) {
    std::fs::create_dir_all(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/config.toml"), text).unwrap();
}

#[test]
fn what_was_imported_starts_next_and_says_so() {
    let (home, _copy, path) = with_a_checkpoint();
    assert_eq!(started(&home, &[]).0, "demo");
    let (_, said, _) = run(&home, &["model", "import", &path, "--name", "mine"], &[]);
    let line = "megachat starts it from now on; `megachat -m demo` starts another";
    assert_eq!(said.lines().last(), Some(line), "{said}");
    assert_eq!(started(&home, &[]).0, "mine");
    let (_, note, _) = run(&home, &["-n", "1", "x"], &[]);
    assert!(note.contains("using mine, seed "), "{note}");
    // The newest counts, and what it says is whole.
    run(&home, &["model", "import", &path, "--name", "other"], &[]);
    assert_eq!(started(&home, &[]).0, "other");
    let (shown, _, _) = run(&home, &["config", "show"], &[]);
    let row = shown.lines().find(|it| it.starts_with("model ")).unwrap();
    assert!(row.contains(" other ") && row.ends_with("remembered"), "{row}");
    // Whatever reads a model reads this one.
    let (printed, _, _) = run(&home, &["bench", "--json", "--runs", "1", "--prefill", "2", "--decode", "1"], &[]);
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["model"], "other");
}

#[test]
fn a_flag_the_environment_and_the_configuration_go_before_it() {
    let (home, _copy, path) = with_a_checkpoint();
    run(&home, &["model", "import", &path, "--name", "one"], &[]);
    run(&home, &["model", "import", &path, "--name", "two"], &[]);
    run(&home, &["model", "import", &path, "--name", "three"], &[]);
    configure(&home, "model = \"two\"\n");
    assert_eq!(started(&home, &[]).0, "two");
    assert_eq!(started(&home, &[("MEGACHAT_MODEL", "one")]).0, "one");
    let (printed, _, _) = run(&home, &["--json", "-n", "1", "-m", "demo", "x"], &[("MEGACHAT_MODEL", "one")]);
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["model"]["name"], "demo");
    // Who imports is told that it does not start by itself, and by whom.
    let import = |variables: &[(&str, &str)], name: &str| {
        let (_, said, status) = run(&home, &["model", "import", &path, "--name", name], variables);
        assert_eq!(status, Some(0), "{said}");
        said.lines().last().unwrap().to_owned()
    };
    let by_file =
        "`megachat -m four` starts it; without a name two does, for the configuration names it, which goes before";
    assert_eq!(import(&[], "four"), by_file);
    assert!(import(&[("MEGACHAT_MODEL", "one")], "five").contains("one does, for the environment (MEGACHAT_MODEL)"));
    configure(&home, "model = \"six\"\n");
    assert!(import(&[], "six").starts_with("megachat starts it from now on"));
    configure(&home, "");
    assert_eq!(started(&home, &[]).0, "six");
}

#[test]
fn a_model_that_is_removed_is_forgotten_and_a_lost_state_is_harmless() {
    let (home, _copy, path) = with_a_checkpoint();
    let state = home.path().join("state/state.toml");
    run(&home, &["model", "import", &path, "--name", "mine"], &[]);
    assert_eq!(started(&home, &[]).0, "mine");
    assert_eq!(run(&home, &["model", "remove", "mine"], &[]).2, Some(0));
    assert!(!std::fs::read_to_string(&state).unwrap().contains("mine"));
    assert_eq!(started(&home, &[]).0, "demo");
    // Another model of that name was not chosen by anyone.
    run(&home, &["model", "import", &path, "--name", "other"], &[]);
    run(&home, &["model", "import", &path, "--name", "mine"], &[]);
    run(&home, &["model", "remove", "other"], &[]);
    assert_eq!(started(&home, &[]).0, "mine");
    for damage in ["\0[[[", "model = 3\n", "model = \"../mine\"\n", "model = \"gone\"\n", ""] {
        std::fs::write(&state, damage).unwrap();
        assert_eq!(started(&home, &[]).0, "demo", "{damage:?}");
    }
    std::fs::remove_file(&state).unwrap();
    assert_eq!(started(&home, &[]).0, "demo");
    // What cannot be remembered is said, and the model is installed all the same.
    std::fs::remove_dir_all(home.path().join("state")).unwrap();
    std::fs::write(home.path().join("state"), "in the way").unwrap();
    let (_, said, status) = run(&home, &["model", "import", &path, "--name", "late"], &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("`megachat -m late` starts it; that it should start by itself cannot be remembered"),
        "{said}"
    );
}

#[test]
fn what_was_downloaded_starts_next_and_a_repair_changes_nothing() {
    let (home, _copy, path) = with_a_checkpoint();
    let server = FaultServer::start(demo_zip(), Vec::new());
    let download = ["model", "download", "--model-url", &server.url("m.zip")];
    let (_, said, status) = run(&home, &download, &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("megachat starts it from now on"), "{said}");
    run(&home, &["model", "import", &path, "--name", "mine"], &[]);
    assert_eq!(started(&home, &[]).0, "mine");
    std::fs::write(home.models().join("megatron-345m/config.json"), "{}").unwrap();
    let (_, said, status) = run(&home, &["model", "verify", "--repair", "--model-url", &server.url("m.zip")], &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(!said.contains("from now on"), "{said}");
    assert_eq!(started(&home, &[]).0, "mine");
    // Who asks for what is there already asks for it.
    let (_, said, _) = run(&home, &download, &[]);
    assert!(said.contains("is installed in") && said.contains("megachat starts it from now on"), "{said}");
    assert_eq!(started(&home, &[]).0, "megatron-345m");
}

#[test]
fn quiet_says_nothing_and_json_has_what_would_have_been_said() {
    let (home, _copy, path) = with_a_checkpoint();
    // A file that is converted on the way in, which is told.
    let zip = home.path().join("demo.zip");
    std::fs::write(&zip, demo_zip()).unwrap();
    let zip = zip.to_str().unwrap();
    let (loud, said, _) = run(&home, &["--json", "-n", "1", "-m", zip, "x"], &[]);
    let (quiet, silence, status) = run(&home, &["--json", "-q", "-n", "1", "-m", zip, "x"], &[]);
    assert_eq!((silence.as_str(), status), ("", Some(0)));
    let (loud, quiet): (Value, Value) = (serde_json::from_str(&loud).unwrap(), serde_json::from_str(&quiet).unwrap());
    assert_eq!(loud["model"], quiet["model"]);
    let notes = quiet["model"]["notes"].as_array().unwrap();
    assert!(!notes.is_empty() && notes.iter().all(|it| said.contains(it.as_str().unwrap())), "{said}: {notes:?}");
    assert!(quiet["settings"]["seed"].is_u64());
    // Which model was chosen, where none was named.
    run(&home, &["model", "import", &path, "--name", "mine"], &[]);
    let (printed, silence, _) = run(&home, &["--json", "-q", "-n", "1", "x"], &[]);
    assert_eq!(
        (serde_json::from_str::<Value>(&printed).unwrap()["model"]["name"].as_str(), silence.as_str()),
        (Some("mine"), "")
    );
}
