//! Installed models that rot: noticed when loaded, named by `model verify`, repaired from where they came from.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use megachat::engine::load::load;
use megachat::engine::protocol::{DeviceChoice, Failure, ModelSource, Said};
use megachat::gpt2::{Precision, Scores};
use megachat::integrity;

use crate::support::demo_zip;
use crate::support::fault_server::FaultServer;
use crate::support::fetching::points;
use crate::support::program::{Home, err, files, flip, megachat, out};
use crate::support::tiny;

fn install(home: &Home, from: &Path, name: &str) -> PathBuf {
    let output = megachat(home.path(), &["model", "import", from.to_str().unwrap(), "--name", name]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    home.models().join(name)
}

/// The logits after a few tokens, or why there are none.
fn logits(directory: &Path) -> Result<Vec<f32>, String> {
    logits_of(directory).map_err(|it| it.to_string())
}

fn logits_of(directory: &Path) -> Result<Vec<f32>, Failure> {
    let source = ModelSource {
        name: "tiny".into(),
        directory: directory.to_owned(),
        device: DeviceChoice::On(megachat::model::Device::Cpu),
        precision: Some(Precision::F32),
        threads: Some(1),
        said: Said::default(),
    };
    let mut loaded = megachat::engine::load::load_model(&source, &mut |_, _| ())?;
    let mut kept = vec![0.0; 50257];
    let read = loaded.model.extend(&[1, 2, 3], Scores::Last(&mut kept), &mut || true);
    read.map_err(|e| Failure::Model(e.to_string()))?;
    Ok(kept)
}

#[test]
fn two_hundred_places_of_damage_are_noticed() {
    let (home, copies) = (Home::new(), tempfile::tempdir().unwrap());
    tiny::hugging_face(copies.path(), 1);
    let directory = install(&home, copies.path(), "tiny");
    let sound = logits(&directory).unwrap();
    assert!(sound.len() == 50257 && integrity::full(&directory, &mut |_, _| true).is_ok());
    let all = files(&directory).unwrap();
    let (mut cases, mut by_loading) = (0, 0);
    let mut check = |path: &Path, bytes: &[u8], what: &str| {
        std::fs::write(path, bytes).unwrap();
        let full = integrity::full(&directory, &mut |_, _| true);
        match logits(&directory) {
            Ok(found) => assert!(found == sound, "{what}: other numbers without a word"),
            Err(said) => {
                assert!(said.contains(path.file_name().unwrap().to_str().unwrap()), "{what}: {said}");
                by_loading += 1;
            }
        }
        assert!(full.is_err(), "{what} is not noticed");
        cases += 1;
    };
    for (seed, (name, bytes)) in all.iter().enumerate() {
        let path = directory.join(name);
        for at in points(40, bytes.len() * 8, seed as u64 + 5) {
            let mut damaged = bytes.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            // White space and the like may change without changing what is said.
            if name == "megachat.json" && integrity_reads_alike(bytes, &damaged) {
                continue;
            }
            check(&path, &damaged, &format!("{name}, bit {at}"));
        }
        for at in points(8, bytes.len(), seed as u64 + 50) {
            check(&path, &bytes[..at], &format!("{name} cut at {at}"));
        }
        std::fs::write(&path, bytes).unwrap();
    }
    println!("{cases} places, {by_loading} noticed at loading, the others change nothing that is read");
    assert!(cases >= 200 && by_loading * 10 >= cases * 9, "{by_loading} of {cases}");
    assert!(integrity::full(&directory, &mut |_, _| true).is_ok());
    for (name, _) in &all {
        std::fs::rename(directory.join(name), directory.join("away")).unwrap();
        assert!(integrity::full(&directory, &mut |_, _| true).is_err(), "{name} missing");
        std::fs::rename(directory.join("away"), directory.join(name)).unwrap();
    }
}

fn integrity_reads_alike(one: &[u8], other: &[u8]) -> bool {
    let read = megachat::manifest::Manifest::read;
    read(other).is_ok_and(|it| it == read(one).unwrap())
}

#[test]
fn a_damaged_model_is_named_and_repaired_from_its_source() {
    let (home, copies) = (Home::new(), tempfile::tempdir().unwrap());
    let source = copies.path().join("tiny");
    tiny::hugging_face(&source, 1);
    let run = |arguments: &[&str]| megachat(home.path(), arguments).output().unwrap();
    let directory = install(&home, &source, "mine");
    let before = files(&directory).unwrap();
    assert!(out(&run(&["model", "verify"])).contains("mine: sound"), "{}", out(&run(&["model", "verify"])));

    flip(&directory.join("model.safetensors"));
    let output = run(&["--model", "mine", "-n", "2", "-q", "-p", "x"]);
    assert_eq!(output.status.code(), Some(7));
    let said = err(&output);
    assert!(said.contains("model.safetensors") && said.contains("megachat model verify mine --repair"), "{said}");
    let output = run(&["model", "verify", "mine"]);
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(out(&output).contains("damaged"), "{}", out(&output));
    assert_eq!(run(&["doctor"]).status.code(), Some(0), "a quick look cannot see a bit of the weights");

    let output = run(&["model", "verify", "mine", "--repair"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(files(&directory).unwrap(), before);

    // What the source holds now is another model.
    tiny::hugging_face(&source, 2);
    std::fs::write(directory.join("vocab.json"), "{}").unwrap();
    assert_eq!(run(&["doctor"]).status.code(), Some(1));
    let output = run(&["model", "verify", "mine", "--repair"]);
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("other weights"), "{}", err(&output));
    // And then it is gone.
    std::fs::remove_dir_all(&source).unwrap();
    let output = run(&["model", "verify", "--repair"]);
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(err(&output).contains("is gone"), "{}", err(&output));
    // A file among the models is none.
    std::fs::write(home.models().join("notes.txt"), "x").unwrap();
    assert!(!out(&run(&["model", "list"])).contains("notes"));
    // Nothing was taken away meanwhile.
    let weights = &before.iter().find(|it| it.0 == "model.safetensors").unwrap().1;
    assert!(std::fs::read(directory.join("model.safetensors")).unwrap() == *weights);
    // Nobody knows where a model of an unknown name came from if its manifest is lost.
    std::fs::write(directory.join("megachat.json"), "{").unwrap();
    assert!(out(&run(&["model", "list"])).contains("mine                 damaged"));
    let output = run(&["model", "verify", "mine", "--repair"]);
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(run(&["model", "remove", "mine"]).status.success());
    assert_eq!(run(&["model", "verify", "mine"]).status.code(), Some(3));
}

#[test]
fn every_verb_that_reads_a_damaged_model_says_so_with_the_status_of_one() {
    let (home, copies) = (Home::new(), tempfile::tempdir().unwrap());
    let source = copies.path().join("tiny");
    tiny::hugging_face(&source, 1);
    let directory = install(&home, &source, "mine");
    let run = |arguments: &[&str], lines: &str| {
        let mut child = megachat(home.path(), arguments).stdin(Stdio::piped()).spawn().unwrap();
        // Whoever refuses the model may not read what is written to it.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        child.wait_with_output().unwrap()
    };
    let text = copies.path().join("text");
    std::fs::write(&text, "Once upon a time").unwrap();
    let (text, file) = (text.to_str().unwrap(), copies.path().join("model.gguf"));
    let plain = run(&["--plain", "--model", "mine", "-n", "2", "-s", "1"], "Once\n");
    assert_eq!(plain.status.code(), Some(0), "{}{}", out(&plain), err(&plain));
    let verbs: [&[&str]; 7] = [
        &["--model", "mine", "-n", "2", "-q", "-p", "x"],
        &["--model", "mine", "-n", "2", "--json", "x"],
        &["score", "--model", "mine", text],
        &["bench", "--model", "mine", "--runs", "1", "--prefill", "2", "--decode", "1", "--depth", "2"],
        &["replay", "latest"],
        &["--plain", "--model", "mine"],
        &["export", "mine", file.to_str().unwrap(), "--to", "gguf"],
    ];
    // A bit of the weights, which only their checksums show, and a bit of the tokenizer.
    for name in ["model.safetensors", "merges.txt", "config.json", "megachat.json"] {
        let whole = std::fs::read(directory.join(name)).unwrap();
        flip(&directory.join(name));
        if name == "megachat.json" {
            std::fs::write(directory.join(name), "{").unwrap();
        }
        for verb in verbs {
            let output = run(verb, "Once\n");
            let said = out(&output) + &err(&output);
            assert_eq!(output.status.code(), Some(7), "{name}, {verb:?}: {said}");
            assert!(said.contains("megachat model verify mine --repair"), "{name}, {verb:?}: {said}");
        }
        assert!(!file.exists(), "nothing is left of an export that was broken off");
        assert_eq!(std::fs::read_dir(copies.path()).unwrap().count(), 2);
        std::fs::write(directory.join(name), whole).unwrap();
    }
    let exported = run(verbs[6], "");
    assert!(exported.status.success() && file.exists(), "{}", err(&exported));
    // It is a failure of its own, not one of many with certain words.
    flip(&directory.join("model.safetensors"));
    assert!(matches!(logits_of(&directory), Err(Failure::Damaged { name, .. }) if name == "tiny"));
}

#[test]
fn what_was_downloaded_is_repaired_by_downloading_it_again() {
    let home = Home::new();
    let server = FaultServer::start(demo_zip(), Vec::new());
    let run = |arguments: &[&str]| {
        let urls = ["--model-url", &server.url("m.zip")];
        megachat(home.path(), &[arguments, &urls].concat()).output().unwrap()
    };
    assert!(run(&["model", "download"]).status.success());
    let directory = home.models().join("megatron-345m");
    let before = files(&directory).unwrap();
    for damage in ["model.safetensors", "megachat.json", "config.json"] {
        flip(&directory.join(damage));
        let asked = server.asked().len();
        let output = run(&["model", "verify", "--repair"]);
        assert!(output.status.success(), "{damage}: {}", err(&output));
        assert_eq!(files(&directory).unwrap(), before, "{damage}");
        assert_eq!(server.asked().len(), asked + 1);
    }
}

#[test]
fn the_built_in_demo_heals_itself_and_its_weights_are_checked_too() {
    let home = Home::new();
    let run = |arguments: &[&str]| megachat(home.path(), arguments).output().unwrap();
    let write = ["--model", "demo", "-n", "3", "-s", "1", "-q", "-p", "Once"];
    let first = run(&write);
    assert!(first.status.success(), "{}", err(&first));
    let directory = home.models().join("demo");
    let weights = directory.join("model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() - 1000]).unwrap();
    let again = run(&write);
    assert!(again.status.success() && again.stdout == first.stdout, "{}", err(&again));
    flip(&weights);
    let output = run(&write);
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(run(&["model", "verify", "demo", "--repair"]).status.success());
    assert_eq!(run(&write).stdout, first.stdout);
}

#[test]
fn a_model_that_nobody_installed_has_nothing_to_be_held_to() {
    let directory = tempfile::tempdir().unwrap();
    tiny::hugging_face(directory.path(), 1);
    assert_eq!(integrity::quick(directory.path()), Ok(None));
    assert!(integrity::full(directory.path(), &mut |_, _| true).is_err());
    let bare = ModelSource {
        name: "bare".into(),
        directory: directory.path().to_owned(),
        device: DeviceChoice::On(megachat::model::Device::Cpu),
        precision: None,
        threads: None,
        said: Said::default(),
    };
    let (_, card) = load(&bare, &mut |_, _| ()).unwrap();
    assert_eq!((card.vocabulary.len(), card.path.as_deref()), (50257, Some(directory.path())));
    // Without words it is no model that could be read.
    std::fs::remove_file(directory.path().join("merges.txt")).unwrap();
    assert!(matches!(load(&bare, &mut |_, _| ()).map(|_| ()), Err(Failure::NoVocabulary { .. })));
}
