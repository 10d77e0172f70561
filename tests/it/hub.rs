//! Models of the hub, copies that a user has, and what is asked when nothing may be asked.

use std::path::Path;
use std::process::Output;

use crate::support::fault_server::{Fault, FaultServer};
use crate::support::program::{Home, err, files, megachat, out};
use crate::support::tiny;

/// A repository as the hub serves it.
fn repository(name: &str, wanted: &[&str]) -> Vec<(String, Vec<u8>)> {
    let directory = tempfile::tempdir().unwrap();
    tiny::hugging_face(directory.path(), 1);
    let content = |file: &&str| (format!("/{name}/resolve/main/{file}"), content(directory.path(), file));
    wanted.iter().map(content).collect()
}

fn content(directory: &Path, file: &str) -> Vec<u8> {
    let (vocab, tokenizer) = megachat::text::gpt2_merges_to_files(megachat::assets::MERGES).unwrap();
    match file {
        "vocab.json" => vocab,
        "tokenizer.json" => tokenizer,
        "merges.txt" => megachat::assets::MERGES.as_bytes().to_vec(),
        other => std::fs::read(directory.join(other)).unwrap(),
    }
}

const ALL: [&str; 5] = ["config.json", "vocab.json", "merges.txt", "tokenizer.json", "model.safetensors"];

fn ask(home: &Home, server: &FaultServer, arguments: &[&str]) -> Output {
    megachat(home.path(), arguments).env("HF_ENDPOINT", server.url("")).output().unwrap()
}

fn targets(server: &FaultServer) -> Vec<String> {
    server.asked().into_iter().map(|it| it.target.rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn a_model_of_the_hub_is_fetched_file_by_file_and_runs() {
    // The weights break off once and are resumed.
    let plan = [Fault::None, Fault::None, Fault::None, Fault::None, Fault::Drop(300_000), Fault::None];
    let server = FaultServer::start_files(repository("someone/tiny", &ALL), plan.to_vec());
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "someone/tiny"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(targets(&server), [&ALL[..], &["model.safetensors"]].concat());
    assert_eq!(server.asked()[5].range.as_deref(), Some("bytes=300000-"));
    assert!(err(&output).contains("no hash of it is published"), "{}", err(&output));
    let installed = home.models().join("tiny");
    assert!(installed.join("tokenizer.json").exists() && !home.downloads().join("tiny").exists());
    let info = out(&ask(&home, &server, &["model", "info", "tiny"]));
    assert!(info.contains("/someone/tiny\n") && info.contains("verified    no"), "{info}");
    let output = ask(&home, &server, &["--model", "tiny", "-n", "4", "-q", "-p", "Once"]);
    assert!(output.status.success() && !output.stdout.is_empty(), "{}", err(&output));
    let again = ask(&home, &server, &["model", "download", "someone/tiny"]);
    assert!(again.status.success() && err(&again).contains("is installed"), "{}", err(&again));
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn a_repository_without_tokenizer_or_safetensors_is_asked_for_what_it_has() {
    let server =
        FaultServer::start_files(repository("someone/bare", &["config.json", "model.safetensors"]), Vec::new());
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "someone/bare"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(targets(&server), ALL);
    assert!(home.models().join("bare/merges.txt").exists());

    let server = FaultServer::start_files(repository("someone/none", &["config.json"]), Vec::new());
    let output = ask(&home, &server, &["model", "download", "someone/none"]);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(targets(&server)[4..], ["model.safetensors", "pytorch_model.bin"]);
    assert!(err(&output).contains("404"), "{}", err(&output));
}

#[test]
fn what_is_no_gpt2_is_refused_before_its_weights_are_asked_for() {
    let mut files = repository("someone/llama", &ALL);
    files[0].1 = br#"{"model_type": "llama", "hidden_size": 4096}"#.to_vec();
    let server = FaultServer::start_files(files, Vec::new());
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "someone/llama"]);
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("llama"), "{}", err(&output));
    assert_eq!(targets(&server), ["config.json"]);
    assert!(!home.models().join("llama").exists() && !home.downloads().join("llama").exists());
}

#[test]
fn a_listed_model_must_have_the_hash_that_is_published() {
    let server = FaultServer::start_files(repository("openai-community/gpt2-xl", &ALL), Vec::new());
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "gpt2-xl"]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(
        err(&output).contains("0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a"),
        "{}",
        err(&output)
    );
    assert!(!home.models().join("gpt2-xl").exists());

    let output = ask(&home, &server, &["model", "download", "gpt3"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("gpt2-medium"), "{}", err(&output));
    let output = ask(&home, &server, &["--model", "distilgpt2", "-p", "x"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("megachat model download distilgpt2"), "{}", err(&output));
}

#[test]
fn offline_means_that_nothing_is_asked() {
    let server = FaultServer::start_files(repository("someone/tiny", &ALL), Vec::new());
    let home = Home::new();
    let url = server.url("x.zip");
    for arguments in [
        &["model", "download", "--offline"][..],
        &["model", "download", "someone/tiny", "--offline"],
        &["model", "import", &url, "--offline"],
    ] {
        let output = ask(&home, &server, arguments);
        assert_eq!(output.status.code(), Some(4), "{}", err(&output));
        assert!(err(&output).contains("offline"), "{}", err(&output));
    }
    for (name, value, code) in [("MEGACHAT_OFFLINE", "1", 4), ("HF_HUB_OFFLINE", "1", 4), ("HF_HUB_OFFLINE", "0", 0)] {
        assert_eq!(server.asked().len(), 0);
        let mut command = megachat(home.path(), &["model", "download", "someone/tiny"]);
        let output = command.env("HF_ENDPOINT", server.url("")).env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}={value}: {}", err(&output));
    }
    assert_eq!(server.asked().len(), 5);
}

#[test]
fn any_copy_will_do_a_file_a_directory_or_an_address() {
    let home = Home::new();
    let copies = tempfile::tempdir().unwrap();
    let (directory, zip) = (copies.path().join("hf"), copies.path().join("copy of demo.zip"));
    tiny::hugging_face(&directory, 1);
    std::fs::write(&zip, megachat::assets::DEMO_ZIP).unwrap();
    let server = FaultServer::start(megachat::assets::DEMO_ZIP, vec![Fault::Drop(1_000_000), Fault::None]);
    let url = server.url("files/demo%20v1.zip?signature=secret");
    for (name, from) in [("a", directory.to_str().unwrap()), ("gpt2", zip.to_str().unwrap()), ("c", &url)] {
        let output = ask(&home, &server, &["model", "download", name, "--from", from]);
        assert!(output.status.success(), "{from}: {}", err(&output));
        assert!(home.models().join(name).join("model.safetensors").exists());
    }
    assert_eq!(files(&home.models().join("gpt2")).unwrap()[3..], files(&home.models().join("c")).unwrap()[3..]);
    assert_eq!(server.asked().len(), 2);
    let info = out(&ask(&home, &server, &["model", "info", "c"]));
    assert!(info.contains("demo%20v1.zip") && !info.contains("secret"), "{info}");
    assert!(!home.downloads().join("c").exists());
    let absent = ask(&home, &server, &["model", "download", "--from", "/no/such/file"]);
    assert_eq!(absent.status.code(), Some(5));
    assert!(err(&absent).contains("/no/such/file"), "{}", err(&absent));
}

#[test]
fn what_an_unfinished_download_left_is_listed_and_removed() {
    let home = Home::new();
    // Each try breaks off, until none is left.
    let server = FaultServer::start(
        megachat::assets::DEMO_ZIP,
        vec![Fault::Drop(500_000), Fault::Status("410 Gone", Vec::new(), Vec::new())],
    );
    for arguments in [
        &["model", "download", "--model-url", &server.url("m.zip")][..],
        &["model", "download", "mine", "--from", &server.url("n.zip")],
    ] {
        let output = ask(&home, &server, arguments);
        assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    }
    let list = out(&ask(&home, &server, &["cache", "list"]));
    assert!(list.contains("500 kB") && list.contains("m.zip.part") && list.contains("mine"), "{list}");
    let doctor = out(&ask(&home, &server, &["doctor"]));
    assert!(doctor.contains("m.zip.part"), "{doctor}");
    let removed = ask(&home, &server, &["model", "remove", "mine"]);
    assert!(removed.status.success() && !home.downloads().join("mine").exists(), "{}", err(&removed));
    for absent in ["mine", "..", "../downloads"] {
        assert_eq!(ask(&home, &server, &["model", "remove", absent]).status.code(), Some(3), "{absent}");
    }
    let cleared = ask(&home, &server, &["cache", "clear"]);
    assert!(cleared.status.success(), "{}", err(&cleared));
    assert_eq!(out(&ask(&home, &server, &["cache", "list"])), "");
    let left: Vec<String> = files(&home.downloads()).unwrap().into_iter().map(|it| it.0).collect();
    assert_eq!(left, ["m.zip.lock"]);
}

#[test]
fn repositories_of_one_name_are_kept_apart() {
    let home = Home::new();
    // One breaks off when its tokenizer has arrived; the other has none of its own.
    let mut files = repository("a/tiny", &ALL[..4]);
    files[1].1 = br#"{"x": 0, "y": 1}"#.to_vec();
    let server = FaultServer::start_files(files, Vec::new());
    assert_eq!(ask(&home, &server, &["model", "download", "a/tiny"]).status.code(), Some(4));
    let server = FaultServer::start_files(repository("b/tiny", &["config.json", "model.safetensors"]), Vec::new());
    let output = ask(&home, &server, &["model", "download", "b/tiny"]);
    assert!(output.status.success(), "{}", err(&output));
    let (vocabulary, _) = megachat::text::gpt2_merges_to_files(megachat::assets::MERGES).unwrap();
    assert_eq!(std::fs::read(home.models().join("tiny/vocab.json")).unwrap(), vocabulary);
    let other = ask(&home, &server, &["model", "download", "c/tiny"]);
    assert_eq!(other.status.code(), Some(5), "{}", err(&other));
    assert!(err(&other).contains("b/tiny"), "{}", err(&other));
    let demo = ask(&home, &server, &["model", "download", "someone/demo"]);
    assert_eq!(demo.status.code(), Some(5), "{}", err(&demo));
}

#[test]
fn a_message_instead_of_a_vocabulary_is_refused() {
    let mut files = repository("someone/tiny", &ALL);
    files[1].1 = br#"{"error": "rate limited"}"#.to_vec();
    let server = FaultServer::start_files(files, Vec::new());
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "someone/tiny"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(err(&output).contains("vocab.json") && !home.models().join("tiny").exists(), "{}", err(&output));
}

#[test]
fn work_on_a_model_of_a_longer_name_is_left_alone() {
    let (home, copies) = (Home::new(), tempfile::tempdir().unwrap());
    tiny::hugging_face(copies.path(), 1);
    let (other, own) =
        (home.models().join(".installing-gpt2-medium-AbC123"), home.models().join(".installing-gpt2-AbC123"));
    std::fs::create_dir_all(&other).unwrap();
    std::fs::create_dir_all(&own).unwrap();
    let import = ["model", "import", copies.path().to_str().unwrap(), "--name", "gpt2"];
    assert!(megachat(home.path(), &import).output().unwrap().status.success());
    assert!(other.exists() && !own.exists());
    // A model is not installed over the directory that it comes from.
    let here = home.models().join("gpt2");
    let import = ["model", "import", here.to_str().unwrap(), "--name", "gpt2"];
    let output = megachat(home.path(), &import).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(here.join("model.safetensors").exists());
}
