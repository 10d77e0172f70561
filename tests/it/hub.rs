//! Models of the hub, copies that a user has, and what is asked when nothing may be asked.

use std::path::Path;
use std::process::Output;

use crate::support::demo_zip;
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
    let stock = megachat::text::vocabulary::gpt2_files(megachat::assets::MERGES).unwrap();
    match file {
        "vocab.json" | "tokenizer.json" | "merges.txt" => stock.into_iter().find(|it| it.0 == file).unwrap().1,
        other => std::fs::read(directory.join(other)).unwrap(),
    }
}

const ALL: [&str; 5] = ["config.json", "vocab.json", "merges.txt", "tokenizer.json", "model.safetensors"];

/// What is asked for, in this order; the model can do without the last four.
const SMALL: [&str; 8] = [
    "config.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
    "generation_config.json",
];

fn asked_for(weights: &[&str]) -> Vec<String> {
    SMALL.iter().chain(weights).map(|it| (*it).to_owned()).collect()
}

fn ask(home: &Home, server: &FaultServer, arguments: &[&str]) -> Output {
    megachat(home.path(), arguments).env("HF_ENDPOINT", server.url("")).output().unwrap()
}

fn targets(server: &FaultServer) -> Vec<String> {
    server.asked().into_iter().map(|it| it.target.rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn a_model_of_the_hub_is_fetched_file_by_file_and_runs() {
    // The weights break off once and are resumed.
    let plan = [vec![Fault::None; 8], vec![Fault::Drop(300_000), Fault::None]].concat();
    let server = FaultServer::start_files(repository("someone/tiny", &ALL), plan);
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "someone/tiny"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(targets(&server), asked_for(&["model.safetensors"; 2]));
    assert_eq!(server.asked()[9].range.as_deref(), Some("bytes=300000-"));
    assert!(err(&output).contains("no hash of it is published"), "{}", err(&output));
    let installed = home.models().join("tiny");
    assert!(installed.join("tokenizer.json").exists() && !home.downloads().join("tiny").exists());
    let info = out(&ask(&home, &server, &["model", "info", "tiny"]));
    assert!(info.contains("/someone/tiny\n") && info.contains("verified    no"), "{info}");
    let output = ask(&home, &server, &["--model", "tiny", "-n", "4", "-q", "-p", "Once"]);
    assert!(output.status.success() && !output.stdout.is_empty(), "{}", err(&output));
    let again = ask(&home, &server, &["model", "download", "someone/tiny"]);
    assert!(again.status.success() && err(&again).contains("is installed"), "{}", err(&again));
    assert_eq!(server.asked().len(), 10);
}

#[test]
fn a_repository_without_tokenizer_or_safetensors_is_asked_for_what_it_has() {
    let server =
        FaultServer::start_files(repository("someone/bare", &["config.json", "model.safetensors"]), Vec::new());
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "someone/bare"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(err(&output).contains("--tokenizer gpt2") && !err(&output).contains("NVIDIA"), "{}", err(&output));
    // Before the weights are asked for.
    assert_eq!(targets(&server), asked_for(&[]));
    let output = ask(&home, &server, &["model", "download", "someone/bare", "--tokenizer", "gpt2"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(home.models().join("bare/merges.txt").exists());

    let server = FaultServer::start_files(repository("someone/none", &["config.json", "merges.txt"]), Vec::new());
    let output = ask(&home, &server, &["model", "download", "someone/none"]);
    assert_eq!(output.status.code(), Some(4));
    let (one, other) = ("model.safetensors", "pytorch_model.bin");
    let (one_list, other_list) = ("model.safetensors.index.json", "pytorch_model.bin.index.json");
    assert_eq!(targets(&server), asked_for(&[one, one_list, other, other_list]));
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
    assert_eq!(server.asked().len(), 9);
}

#[test]
fn any_copy_will_do_a_file_a_directory_or_an_address() {
    let home = Home::new();
    let copies = tempfile::tempdir().unwrap();
    let (directory, zip) = (copies.path().join("hf"), copies.path().join("copy of demo.zip"));
    tiny::hugging_face(&directory, 1);
    std::fs::write(&zip, demo_zip()).unwrap();
    let server = FaultServer::start(demo_zip(), vec![Fault::Drop(1_000_000), Fault::None]);
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
    let server =
        FaultServer::start(demo_zip(), vec![Fault::Drop(500_000), Fault::Status("410 Gone", Vec::new(), Vec::new())]);
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
    // Nothing of the other repository says what this one's words are.
    let output = ask(&home, &server, &["model", "download", "b/tiny"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(err(&output).contains("--tokenizer gpt2"), "{}", err(&output));
    let output = ask(&home, &server, &["model", "download", "b/tiny", "--tokenizer", "gpt2"]);
    assert!(output.status.success(), "{}", err(&output));
    let vocabulary = content(home.path(), "vocab.json");
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

/// A repository whose weights are in two files, with the list of them.
fn in_two_files(name: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    let whole = tiny::safetensors(1);
    let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&whole[8..8 + length]).unwrap();
    let data = &whole[8 + length..];
    let shard = |of: &dyn Fn(&str) -> bool| {
        let (mut entries, mut bytes) = (serde_json::Map::new(), Vec::new());
        for (tensor, entry) in header.iter().filter(|it| of(it.0)) {
            let at = |side: usize| entry["data_offsets"][side].as_u64().unwrap() as usize;
            let start = bytes.len();
            bytes.extend_from_slice(&data[at(0)..at(1)]);
            let mut entry = entry.clone();
            entry["data_offsets"] = serde_json::json!([start, bytes.len()]);
            entries.insert(tensor.clone(), entry);
        }
        let header = serde_json::to_vec(&entries).unwrap();
        [&(header.len() as u64).to_le_bytes()[..], &header, &bytes].concat()
    };
    let stem = if ending == "bin" { "pytorch_model" } else { "model" };
    let file = |number: usize| format!("{stem}-0000{number}-of-00002.{ending}");
    let map = header.keys().map(|it| (it.clone(), file(1 + usize::from(it.starts_with('w'))).into()));
    let map: serde_json::Map<String, serde_json::Value> = map.collect();
    let mut files = repository(name, &["config.json"]);
    let mut add = |file: String, bytes| files.push((format!("/{name}/resolve/main/{file}"), bytes));
    add(format!("{stem}.{ending}.index.json"), serde_json::json!({ "weight_map": map }).to_string().into_bytes());
    add(file(1), shard(&|it| !it.starts_with('w')));
    add(file(2), shard(&|it| it.starts_with('w')));
    files
}

#[test]
fn a_model_in_several_files_arrives_file_by_file_and_goes_on_where_it_stopped() {
    let whole = Home::new();
    let server =
        FaultServer::start_files(repository("someone/tiny", &["config.json", "model.safetensors"]), Vec::new());
    assert!(ask(&whole, &server, &["model", "download", "someone/tiny", "--tokenizer", "gpt2"]).status.success());
    let weights = |home: &Home| std::fs::read(home.models().join("tiny/model.safetensors")).unwrap();
    // `.bin` is a name; what a file is, its bytes say.
    for ending in ["safetensors", "bin"] {
        let home = Home::new();
        let before = if ending == "bin" { 12 } else { 10 };
        // The second file breaks off once.
        let plan = [vec![Fault::None; before + 1], vec![Fault::Drop(300_000), Fault::None]].concat();
        let server = FaultServer::start_files(in_two_files("someone/tiny", ending), plan);
        let output = ask(&home, &server, &["model", "download", "someone/tiny", "--tokenizer", "gpt2"]);
        assert!(output.status.success(), "{ending}: {}", err(&output));
        let stem = if ending == "bin" { "pytorch_model" } else { "model" };
        let (one, two) = (format!("{stem}-00001-of-00002.{ending}"), format!("{stem}-00002-of-00002.{ending}"));
        assert_eq!(targets(&server)[before..], [one, two.clone(), two], "{ending}");
        assert_eq!(server.asked()[before + 2].range.as_deref(), Some("bytes=300000-"), "{ending}");
        assert_eq!(weights(&home), weights(&whole), "{ending}");
        assert!(!home.downloads().join("tiny").exists());
    }
}

#[test]
fn a_list_of_files_is_followed_nowhere_else_and_a_missing_file_is_named() {
    let mut odd = in_two_files("someone/tiny", "safetensors");
    odd[1].1 = br#"{"weight_map": {"a": "../../other/tiny/resolve/main/x.safetensors"}}"#.to_vec();
    let mut page = in_two_files("someone/tiny", "safetensors");
    page[1].1 = b"<!DOCTYPE html><title>Sign in</title>".to_vec();
    let mut absent = in_two_files("someone/tiny", "safetensors");
    absent.pop();
    for (files, code, says) in [
        (odd, 5, "model.safetensors.index.json is an index with an odd file name"),
        (page, 4, "the body is a web page"),
        (absent, 4, "model-00002-of-00002.safetensors: 404 Not Found"),
    ] {
        let server = FaultServer::start_files(files, Vec::new());
        let home = Home::new();
        let output = ask(&home, &server, &["model", "download", "someone/tiny", "--tokenizer", "gpt2"]);
        assert_eq!(output.status.code(), Some(code), "{says}: {}", err(&output));
        assert!(err(&output).contains(says) && !home.models().join("tiny").exists(), "{says}: {}", err(&output));
        assert!(targets(&server).iter().all(|it| it != "x.safetensors"));
    }
}

#[test]
fn the_small_files_come_along_and_must_be_what_their_names_say() {
    let mut files = repository("someone/tiny", &ALL);
    for name in ["added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "generation_config.json"] {
        files.push((format!("/someone/tiny/resolve/main/{name}"), b"{}".to_vec()));
    }
    let server = FaultServer::start_files(files.clone(), Vec::new());
    let home = Home::new();
    let output = ask(&home, &server, &["model", "download", "someone/tiny"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(!err(&output).contains("404"), "{}", err(&output));
    files.last_mut().unwrap().1 = b"[]".to_vec();
    let server = FaultServer::start_files(files, Vec::new());
    let output = ask(&Home::new(), &server, &["model", "download", "someone/tiny"]);
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("generation_config.json: it is not the file"), "{}", err(&output));
}

#[test]
fn a_no_of_the_hub_is_said_for_what_it_is_and_the_345m_model_is_not_offered() {
    let code = |word: &str, message: &str| vec![format!("X-Error-Code: {word}"), format!("X-Error-Message: {message}")];
    for (status, headers, says) in [
        (
            "401 Unauthorized",
            code("RepoNotFound", "Repository not found"),
            &["misspelt", "private", "Repository not found"][..],
        ),
        ("401 Unauthorized", Vec::new(), &["misspelt", "private or gated"]),
        ("404 Not Found", code("RepoNotFound", "Repository not found"), &["misspelt"]),
        (
            "401 Unauthorized",
            code("GatedRepo", "Access to model is restricted"),
            &["is gated", "model import DIRECTORY"],
        ),
        ("403 Forbidden", code("GatedRepo", "Access to model is restricted"), &["is gated"]),
        ("404 Not Found", code("RevisionNotFound", "Invalid rev id: main"), &["no branch `main`"]),
        ("404 Not Found", code("EntryNotFound", "Entry not found"), &["no file that makes it a model", "config.json"]),
        ("403 Forbidden", Vec::new(), &["access to someone/tiny is forbidden"]),
        ("410 Gone", Vec::new(), &["is the name spelt right?"]),
    ] {
        let server = FaultServer::start_files(
            repository("someone/tiny", &ALL),
            vec![Fault::Status(status, headers.clone(), b"no".to_vec())],
        );
        let home = Home::new();
        let output = ask(&home, &server, &["model", "download", "someone/tiny"]);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(says.iter().all(|it| said.contains(it)), "{status} {headers:?}: {said}");
        assert!(!said.contains("NVIDIA") && !said.contains("import FILE"), "{said}");
        // A hub that says why is not asked again; one that only forbids may have changed its mind.
        let times = if status.starts_with("403") && headers.is_empty() { 2 } else { 1 };
        assert_eq!(server.asked().len(), times, "{status} {headers:?}");
    }
    // An address is no repository, and nobody knows of another copy either.
    let server = FaultServer::start(b"", vec![Fault::Status("404 Not Found", Vec::new(), Vec::new())]);
    let output = ask(&Home::new(), &server, &["model", "import", &server.url("m.bin?key=secret")]);
    let said = err(&output);
    assert!(said.contains("/m.bin could not be downloaded") && said.contains("404 Not Found"), "{said}");
    assert!(!said.contains("NVIDIA") && !said.contains("secret"), "{said}");
}

#[test]
fn redirects_to_the_same_server_a_busy_one_and_packed_texts_are_no_obstacle() {
    use std::io::Write as _;
    let mut files = repository("someone/tiny", &["config.json", "model.safetensors"]);
    let cached: Vec<_> =
        files.iter().map(|(path, it)| (path.replace("/resolve/main/", "/cache/"), it.clone())).collect();
    files.extend(cached);
    let config = files[0].1.clone();
    let to =
        Fault::Status("307 Temporary Redirect", vec!["Location: /someone/tiny/cache/config.json".into()], Vec::new());
    let busy = Fault::Status("429 Too Many Requests", vec!["Retry-After: 1".into()], b"slow down".to_vec());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&config).unwrap();
    let packed = Fault::Status("200 OK", vec!["Content-Encoding: gzip".into()], encoder.finish().unwrap());
    for (why, first) in [("redirect", to), ("busy", busy), ("packed", packed)] {
        let server = FaultServer::start_files(files.clone(), vec![first, Fault::None]);
        let home = Home::new();
        let output = ask(&home, &server, &["model", "download", "someone/tiny", "--tokenizer", "gpt2"]);
        assert!(output.status.success(), "{why}: {}", err(&output));
        assert!(home.models().join("tiny/model.safetensors").exists(), "{why}");
        assert!(server.asked().iter().all(|it| it.accept_encoding.as_deref() == Some("identity")), "{why}");
    }
}
