//! The program as scripts use it: pipes, bytes, exit statuses.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::watch::Watch;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_megachat"));
        // The developer's own settings must not decide whether a test passes.
        for (name, _) in std::env::vars_os().filter(|it| it.0.to_string_lossy().starts_with("MEGACHAT_")) {
            command.env_remove(name);
        }
        command.args(arguments).env("MEGACHAT_HOME", self.path()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        // A program that does not read its input is none of this test's business.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        child.wait_with_output().unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_only_text_on_stdout() {
    let home = Home::new();
    let arguments = ["-n", "40", "--temp", "0.8", "--seed", "7"];
    let first = home.run(&arguments, b"Once upon a time\n");
    assert!(first.status.success(), "{}", err(&first));
    assert!(out(&first).len() > 60 && !out(&first).contains("Once upon a time"));
    assert_eq!(err(&first).lines().count(), 1, "{}", err(&first));
    assert!(err(&first).contains("demo") && err(&first).contains("seed 7"));
    assert_eq!(first.stdout, home.run(&arguments, b"Once upon a time\n").stdout);
    let other = home.run(&["-n", "40", "--temp", "0.8", "--seed", "8", "-q"], b"Once upon a time\n");
    assert_ne!(first.stdout, other.stdout);
    assert_eq!(err(&other), "");
}

#[test]
fn json_is_one_object_and_jsonl_one_a_token() {
    let home = Home::new();
    let json = home.run(&["--json", "--logprobs", "3", "-n", "12", "-s", "1", "One", "day,"], b"");
    let value: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((value["prompt"].as_str(), value["stop_reason"].as_str()), (Some("One day,"), Some("max-tokens")));
    let tokens = value["tokens"].as_array().unwrap();
    assert_eq!((tokens.len(), tokens[0]["top"].as_array().unwrap().len()), (12, 3));
    let pieces: String = tokens.iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!(value["text"].as_str(), Some(&*pieces));

    let lines = home.run(&["--jsonl", "-n", "12", "-s", "1", "One", "day,"], b"");
    let lines: Vec<Value> = out(&lines).lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let [_, lines @ .., _] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(lines.len(), 12);
    for (line, token) in lines.iter().zip(tokens) {
        assert_eq!((&line["id"], &line["logprob"], &line["die"]), (&token["id"], &token["logprob"], &token["die"]));
        assert!(line["logprob"].as_f64().unwrap() <= 0.0 && line.get("top").is_none());
        // What the chain did: the usual settings penalise, cut with top-p and divide by the temperature.
        let chain = line["chain"].as_array().unwrap();
        let steps: Vec<&str> = chain.iter().filter_map(|it| it["step"].as_str()).collect();
        assert_eq!(steps, ["repeat-penalty", "top-p", "temperature"]);
        assert!(chain[0]["touched"].as_u64().is_some() && chain[2]["divided"]["by"].as_f64().is_some(), "{chain:?}");
        assert_eq!(chain[1]["left"]["count"], line["kept"]);
    }
}

#[test]
fn a_stop_string_is_not_printed_in_any_form() {
    let home = Home::new();
    // Greedy, the story goes on: ", there was a little girl named Lily. She loved to play with her toys".
    let greedy = ["--preset", "greedy", "-n", "30", "--stop", "loved to"];
    let with = |extra: &[&str]| home.run(&[&greedy[..], extra].concat(), b"Once upon a time");
    let expected = ", there was a little girl named Lily. She ";
    assert_eq!(out(&with(&[])), expected);
    let value: Value = serde_json::from_slice(&with(&["--json"]).stdout).unwrap();
    assert_eq!((value["text"].as_str(), value["stop_string"].as_str()), (Some(expected), Some("loved to")));
    let text: String = out(&with(&["--jsonl"]))
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap())
        .filter(|it| it["event"] == "token")
        .map(|it| it["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(!text.is_empty() && expected.starts_with(&text), "{text}");
}

#[test]
fn an_empty_prompt_is_an_unconditional_sample() {
    let output = Home::new().run(&["-n", "5", "-s", "3", "-q"], b"");
    assert!(output.status.success() && !output.stdout.is_empty(), "{}", err(&output));
}

#[test]
fn exit_statuses_are_what_the_help_says() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("empty")).unwrap();
    let empty = home.path().join("empty").to_string_lossy().into_owned();
    let absent = home.path().join("absent").to_string_lossy().into_owned();
    let new = home.path().join("new").to_string_lossy().into_owned();
    for (arguments, status, says) in [
        (&["--model", "megatron-345m", "-p", "x"][..], 3, "megachat model import FILE"),
        (&["--model", "megatron-345m", "-p", "x"], 3, "megachat model download"),
        (&["--top-p", "7", "-p", "x"], 2, "between 0 and 1"),
        (&["--nonsense"], 2, "--nonsense"),
        (&["--model", &empty, "-p", "x"], 1, "empty holds no checkpoint"),
        (&["--device", "cuda", "-p", "x"], 6, "--device cpu"),
        (&["convert", &absent, &new], 5, "absent"),
        (&["model", "remove", "nothing"], 3, "nothing"),
        (&["transcripts", "show", "nothing"], 1, "transcripts list"),
        (&["--config", &absent, "-p", "x"], 2, "absent"),
        (&["--resume", "-p"], 2, "needs the interface"),
    ] {
        let output = home.run(arguments, b"");
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(says), "{arguments:?}: {}", err(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_prompt_longer_than_the_context_is_said_or_slides() {
    let home = Home::new();
    let long = "word ".repeat(600);
    let output = home.run(&["-n", "3", "-q"], long.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("the context holds 512") && err(&output).contains("--when-full slide"));
    let output = home.run(&["-n", "3", "-q", "--when-full", "slide"], long.as_bytes());
    assert!(output.status.success(), "{}", err(&output));
}

#[test]
fn convert_makes_a_directory_that_runs_and_says_what_it_found() {
    let home = Home::new();
    let (zip, made) = (home.path().join("any name"), home.path().join("made"));
    std::fs::write(&zip, megachat::assets::DEMO_ZIP).unwrap();
    let (zip, made) = (zip.to_string_lossy(), made.to_string_lossy());
    let output = home.run(&["convert", &zip, &made, "--heads", "3"], b"");
    assert!(output.status.success(), "{}", err(&output));
    for file in ["config.json", "model.safetensors", "vocab.json", "merges.txt", "tokenizer.json"] {
        assert!(Path::new(&*made).join(file).exists(), "{file}");
    }
    let again = home.run(&["convert", &zip, &made], b"");
    assert_eq!(again.status.code(), Some(5));
    assert!(err(&again).contains("exists already"));
    // Names without their first part are read as well.
    let bare = home.path().join("bare");
    let bare = bare.to_string_lossy();
    let output = home.run(&["convert", &zip, &bare, "--heads", "3", "--bare-names"], b"");
    assert!(output.status.success(), "{}", err(&output));
    let weights = std::fs::read(Path::new(&*bare).join("model.safetensors")).unwrap();
    let header = String::from_utf8_lossy(&weights[..8_000]).into_owned();
    assert!(header.contains("\"wte.weight\"") && !header.contains("transformer."), "{header}");
    let with_bare = home.run(&["--model", &bare, "-n", "20", "-s", "7", "-q"], b"Once");
    let with_it = home.run(&["--model", &made, "-n", "20", "-s", "7", "-q"], b"Once");
    assert_eq!(out(&with_it), out(&with_bare));
    let with_demo = home.run(&["-n", "20", "-s", "7", "-q"], b"Once");
    assert_eq!(out(&with_it), out(&with_demo));
}

#[test]
fn models_are_imported_listed_and_removed() {
    let home = Home::new();
    let zip = home.path().join("demo.zip");
    std::fs::write(&zip, megachat::assets::DEMO_ZIP).unwrap();
    let output = home.run(&["model", "import", &zip.to_string_lossy(), "--name", "mine", "--heads", "3"], b"");
    assert!(output.status.success(), "{}", err(&output));
    let list = out(&home.run(&["model", "list"], b""));
    assert!(list.contains("mine") && list.contains("demo"), "{list}");
    let info = out(&home.run(&["model", "info", "mine"], b""));
    assert!(info.contains("sha256") && info.contains("demo.zip"), "{info}");
    assert!(home.run(&["--model", "mine", "-n", "3", "-q"], b"x").status.success());
    assert!(home.run(&["model", "remove", "mine"], b"").status.success());
    assert!(!out(&home.run(&["model", "list"], b"")).contains("mine"));
}

#[test]
fn a_configuration_counts_and_a_broken_one_is_kept_and_reported() {
    let home = Home::new();
    let file = home.path().join("config/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "[sampling]\nmax-tokens = 4\nseed = 5\n").unwrap();
    let value: Value = serde_json::from_slice(&home.run(&["--json", "Once"], b"").stdout).unwrap();
    assert_eq!((value["tokens"].as_array().unwrap().len(), value["settings"]["seed"].as_u64()), (4, Some(5)));
    let value: Value = serde_json::from_slice(&home.run(&["--json", "-n", "2", "Once"], b"").stdout).unwrap();
    assert_eq!(value["tokens"].as_array().unwrap().len(), 2);
    let show = out(&home.run(&["config", "show"], b""));
    let line = |name: &str| show.lines().find(|it| it.starts_with(name)).unwrap().to_owned();
    assert!(line("max-tokens").contains('4') && line("max-tokens").ends_with("configuration"), "{show}");
    let environment = home.command(&["config", "show"]).env("MEGACHAT_TEMP", "1.5").output().unwrap();
    assert!(out(&environment).lines().any(|it| it.starts_with("temp ") && it.ends_with("environment")));
    // One row a name, in columns.
    let rows: Vec<&str> =
        show.lines().take_while(|it| !it.starts_with("configuration ")).filter(|it| !it.is_empty()).collect();
    let names: Vec<&str> = rows.iter().filter_map(|it| it.split_whitespace().next()).collect();
    let unique: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!((names.len(), names.contains(&"keys.edit-in-editor")), (unique.len(), true));
    let origin = |it: &&str| it.rsplit(' ').next().map(|word| it.len() - word.len());
    let places: std::collections::BTreeSet<_> = rows.iter().map(origin).collect();
    assert_eq!(places.len(), 1, "{show}");

    std::fs::write(&file, "[sampling\n").unwrap();
    let output = home.run(&["-n", "2", "Once"], b"");
    assert!(output.status.code() == Some(2) && err(&output).contains("line 1"), "{}", err(&output));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[sampling\n");
}

#[test]
fn a_verb_behind_a_flag_is_no_text_by_accident() {
    let home = Home::new();
    let output = home.run(&["--model", "demo", "-n", "2", "score", "essay.txt"], b"");
    assert_eq!((output.status.code(), out(&output)), (Some(2), String::new()));
    assert!(err(&output).contains("a verb comes first"), "{}", err(&output));
    let text = home.run(&["-n", "2", "-q", "score them all"], b"");
    assert!(text.status.success() && !out(&text).is_empty(), "{}", err(&text));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let home = Home::new();
    let mut child = home.command(&["-n", "300", "-q", "Once"]).spawn().unwrap();
    drop(child.stdout.take());
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_printed() {
    use std::io::Read as _;
    let home = Home::new();
    home.run(&["-n", "1", "-q"], b"x");
    let arguments = ["-n", "0", "-q", "--ignore-eos", "--when-full", "slide", "-s", "1", "Once"];
    let mut child = home.command(&arguments).spawn().unwrap();
    drop(child.stdin.take());
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 16];
    stdout.read_exact(&mut first).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn without_a_network_a_download_says_what_was_tried() {
    let home = Home::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = home.run(&["model", "download", "--model-url", &format!("http://{closed}/a.zip")], b"");
    assert_eq!(output.status.code(), Some(4));
    assert!(err(&output).contains("refused") && err(&output).contains("model import FILE"), "{}", err(&output));
}

#[test]
fn endless_input_is_refused_before_it_fills_the_memory() {
    let output = Home::new().run(&["-n", "3", "-q"], "word ".repeat(1 << 20).as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("longer than"), "{}", err(&output));
}

/// A checkpoint whose word table is a hole of four gigabytes in the file: small on the disk, long to read.
fn long_checkpoint(path: &Path) {
    use crate::support::torch_files::{Container, Pickler, View, WIDTH, bytes_of, gpt2, linear};
    use std::io::{Seek as _, SeekFrom};
    const TALL: usize = 16_000_000;
    let model = linear(gpt2(), false, "attention");
    let mut pickler = Pickler::new();
    pickler.raw(b"}(").text("model").raw(b"}(");
    let mut keys = Pickler::new();
    keys.raw(b"](");
    for (index, (name, tensor)) in model.iter().enumerate() {
        let key = format!("{}", 100 + index);
        let view = match name.as_str() {
            "word_embeddings.weight" => {
                View { numel: TALL * WIDTH, offset: 0, shape: vec![TALL, WIDTH], strides: vec![WIDTH, 1] }
            }
            _ => View::whole(tensor),
        };
        pickler.text(name).tensor(Container::Legacy, &key, &view);
        keys.text(&key);
    }
    pickler.raw(b"uu.");
    keys.raw(b"e.");
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.").unwrap();
    file.write_all(&pickler.bytes).unwrap();
    file.write_all(&keys.bytes).unwrap();
    for (name, tensor) in model {
        if name == "word_embeddings.weight" {
            file.write_all(&(TALL * WIDTH).to_le_bytes()).unwrap();
            file.seek(SeekFrom::Current((TALL * WIDTH * 2) as i64)).unwrap();
        } else {
            file.write_all(&tensor.bits.len().to_le_bytes()).unwrap();
            file.write_all(&bytes_of(&tensor.bits)).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_conversion_that_a_signal_breaks_off_leaves_nothing_behind() {
    use nix::sys::signal::{Signal, kill};
    let home = Home::new();
    let input = home.path().join("long.pt");
    long_checkpoint(&input);
    let place = home.path().join("place");
    std::fs::create_dir(&place).unwrap();
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let output = place.join("model");
        let (from, to) = (input.to_str().unwrap(), output.to_str().unwrap());
        let arguments = ["convert", from, to, "--heads", "2", "--tokenizer", "gpt2", "--vocab", "16000000"];
        // Once the weights are written the signals are listened to. Nothing but the directory tells it.
        let watch = Watch::on(&place);
        let child = home.command(&arguments).spawn().unwrap();
        watch.until(|| std::fs::read_dir(&place).unwrap().next().is_some());
        kill(nix::unistd::Pid::from_raw(child.id() as i32), signal).unwrap();
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(status), "{}", err(&done));
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
    }
}
