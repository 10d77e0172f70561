//! Memory that runs out: whatever the limit, the program ends with a sentence and a status, the terminal is as it was, and
//! what was drawn is in the transcript.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use megachat::emergency::NO_MEMORY;

use crate::pty::Pty;
use crate::support::program::{err, megachat, transcripts_in};

const BIN: &str = env!("CARGO_BIN_EXE_megachat");

/// What the shell is to do before it becomes the program.
fn within_kilobytes(limit: usize) -> String {
    format!("ulimit -v {limit}")
}

/// A command of the program, after that.
fn limited(home: &Path, before: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{before} && exec \"$0\" \"$@\""), BIN]).args(arguments);
    command.env("MEGACHAT_HOME", home).env_remove("RUST_BACKTRACE").stdin(Stdio::null()).output().unwrap()
}

/// The interface, after that.
fn interface(home: &Path, before: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Pty {
    let command = format!("{before} && exec \"$0\" \"$@\"");
    Pty::run("sh", home, &[&["-c", &command, BIN], arguments].concat(), environment)
}

/// Steps of the least memory in which the program says its version, found from below.
fn least() -> usize {
    let home = tempfile::tempdir().unwrap();
    let speaks =
        |kilobytes: usize| limited(home.path(), &within_kilobytes(kilobytes), &["--version"]).status.code() == Some(0);
    (8_000..1_000_000).step_by(1_000).find(|it| speaks(*it)).expect("it speaks in a gigabyte")
}

/// What came of one attempt.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// It ended by itself for want of memory.
    Ended,
    /// It said on the screen that there is no memory for the model.
    Refused,
    /// The text was drawn.
    Drawn,
}

/// Opens the interface, has it draw if it can, and holds it to its promises.
fn attempt(what: &str, home: &Path, before: &str) -> Came {
    let directory = home.join("data/transcripts");
    let drawn = || {
        let list = transcripts_in(&directory);
        list.iter().map(|it| it.document.drawn()).sum::<usize>()
    };
    let before_it = drawn();
    let mut pty = interface(home, before, &["--model", "demo", "-n", "24"], &[]);
    let mut came = None;
    pty.wait_with(what, |pty| {
        let screen = pty.contents();
        let is_memory = screen.contains("enough memory") || screen.contains("out of memory");
        let refused = screen.contains("no model") && is_memory;
        came = if pty.has_ended() {
            Some(Came::Ended)
        } else if refused || screen.contains("no thread") {
            Some(Came::Refused)
        } else {
            screen.lines().any(|it| it.starts_with(" ready")).then_some(Came::Drawn)
        };
        came.is_some()
    });
    let mut came = came.unwrap();
    if came == Came::Drawn {
        pty.press("Once upon a time\r");
        pty.wait_with(what, |pty| {
            let screen = pty.contents();
            if pty.has_ended() {
                came = Came::Ended;
            } else if screen.contains("enough memory") {
                came = Came::Refused;
            }
            came != Came::Drawn || (screen.contains("max-tokens reached") && screen.contains("24 new"))
        });
    }
    if came != Came::Ended {
        pty.press("\x03\x04\x04");
    }
    let code = pty.exit();
    pty.assert_restored();
    if code == u32::from(NO_MEMORY) {
        // It has ended, and its last words may still be on their way.
        pty.wait_for("sentence", |screen| screen.contains("megachat: ") && screen.contains("memory"));
    }
    let said = pty.contents();
    let journals = transcripts_in(&directory);
    assert!(journals.iter().all(|it| it.journal.faults.damaged == 0), "{what}: a transcript is damaged");
    match came {
        Came::Ended => {
            assert_eq!(code, u32::from(NO_MEMORY), "{what}:\n{said}");
            if said.contains("The text is in the transcript:") {
                assert!(!journals.is_empty(), "{what}: there is no transcript");
            }
        }
        Came::Refused => assert!([0, u32::from(NO_MEMORY)].contains(&code), "{what}: {code}\n{said}"),
        Came::Drawn => {
            assert!([0, u32::from(NO_MEMORY)].contains(&code), "{what}: {code}\n{said}");
            assert_eq!(drawn() - before_it, 24, "{what}: it was drawn, but not all of it is on the disk");
        }
    }
    came
}

#[test]
fn at_every_level_of_memory_the_interface_ends_with_a_sentence_and_the_terminal_as_it_was() {
    let (least, installed) = (least(), tempfile::tempdir().unwrap());
    let output = megachat(installed.path(), &["-m", "demo", "-p", "Once", "-n", "1"]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let (mut kilobytes, mut ended, mut drawn, mut level) = (least, 0, 0, 0);
    while drawn < 3 {
        assert!(kilobytes < 4_000_000, "it does not draw in 4 GB");
        // With the demo installed, and without.
        let fresh = tempfile::tempdir().unwrap();
        let home = if level % 3 == 2 { fresh.path() } else { installed.path() };
        let came = attempt(&format!("{kilobytes} kB"), home, &within_kilobytes(kilobytes));
        println!("{kilobytes:8} kB: {came:?}{}", if home == fresh.path() { ", to be installed first" } else { "" });
        ended += usize::from(came == Came::Ended);
        drawn += usize::from(came == Came::Drawn);
        kilobytes += kilobytes / 10;
        level += 1;
    }
    assert!(ended > 3, "the levels begin too high: {ended} ended");
}

/// A group of processes with a limit, where one can be made.
struct Group(PathBuf, &'static str);

impl Group {
    /// `None`, said aloud, without the right to make one.
    fn new() -> Option<Self> {
        let name = format!("megachat-test-{}", std::process::id());
        for (mount, file) in [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")] {
            let group = Self(Path::new(mount).join(&name), file);
            if Path::new(mount).is_dir() && fs::create_dir(&group.0).is_ok() {
                if fs::write(group.0.join(file), "1000000000").is_ok() {
                    return Some(group);
                }
                drop(group);
            }
        }
        println!("SKIPPED: this user may not limit a group of processes, so nothing was tested");
        None
    }

    fn limit(&self, megabytes: usize) {
        // What is kept of files counts, and goes.
        let _ = fs::write(self.0.join("memory.force_empty"), "0");
        fs::write(self.0.join(self.1), (megabytes << 20).to_string()).unwrap();
    }

    /// What a shell does to be in it.
    fn enter(&self) -> String {
        format!("echo $$ > {}", self.0.join("cgroup.procs").display())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_group_without_memory_ends_the_interface_with_a_sentence_and_kills_nothing() {
    let Some(group) = Group::new() else { return };
    let home = tempfile::tempdir().unwrap();
    let output = megachat(home.path(), &["-m", "demo", "-p", "Once", "-n", "1"]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let mut all = Vec::new();
    for megabytes in [24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256] {
        group.limit(megabytes);
        let came = attempt(&format!("{megabytes} MiB"), home.path(), &group.enter());
        println!("{megabytes:4} MiB: {came:?}");
        all.push(came);
    }
    assert_eq!(all.last(), Some(&Came::Drawn));
    assert_ne!(all[0], Came::Drawn);
}

#[test]
fn memory_that_is_refused_in_the_middle_of_a_text_keeps_all_of_it() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = interface(home.path(), "true", &["--model", "demo", "-n", "12"], &[("MEGACHAT_TEST_MEMORY", "1")]);
    pty.see(" ready");
    pty.press("Once upon\r");
    pty.see("max-tokens reached");
    // F12, in builds for testing alone.
    pty.press("\x1b[24~");
    assert_eq!(pty.exit(), u32::from(NO_MEMORY));
    pty.assert_restored();
    pty.see("megachat: there is not enough memory: the system refused 9223372036854775807 bytes more.");
    pty.see("The text is in the transcript");
    let list = transcripts_in(&home.path().join("data/transcripts"));
    assert_eq!(list[0].document.drawn(), 12);
}

#[test]
fn a_fault_gives_the_terminal_back_and_stays_what_it_is() {
    use rustix::process::Signal;
    for (signal, name) in [(Signal::ABORT, "SIGABRT"), (Signal::SEGV, "SIGSEGV"), (Signal::BUS, "SIGBUS")] {
        let home = tempfile::tempdir().unwrap();
        let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "12"], &[]);
        pty.see(" ready");
        pty.press("Once upon\r");
        pty.see("max-tokens reached");
        pty.signal(signal);
        assert_ne!(pty.exit(), 0, "{name}");
        pty.assert_restored();
        pty.see(name);
        pty.see("The text is in the transcript");
        let list = transcripts_in(&home.path().join("data/transcripts"));
        assert_eq!(list[0].document.drawn(), 12, "{name}");
    }
}

/// A GPT-2 of one layer, its weights a file without a byte on the disk.
fn sparse_model(directory: &Path, width: usize, rows: usize, positions: usize) {
    let mut shapes =
        vec![("transformer.wte.weight", vec![rows, width]), ("transformer.wpe.weight", vec![positions, width])];
    for (name, shape) in [
        ("transformer.h.0.ln_1.weight", vec![width]),
        ("transformer.h.0.ln_1.bias", vec![width]),
        ("transformer.h.0.attn.c_attn.weight", vec![width, 3 * width]),
        ("transformer.h.0.attn.c_attn.bias", vec![3 * width]),
        ("transformer.h.0.attn.c_proj.weight", vec![width, width]),
        ("transformer.h.0.attn.c_proj.bias", vec![width]),
        ("transformer.h.0.ln_2.weight", vec![width]),
        ("transformer.h.0.ln_2.bias", vec![width]),
        ("transformer.h.0.mlp.c_fc.weight", vec![width, 4 * width]),
        ("transformer.h.0.mlp.c_fc.bias", vec![4 * width]),
        ("transformer.h.0.mlp.c_proj.weight", vec![4 * width, width]),
        ("transformer.h.0.mlp.c_proj.bias", vec![width]),
        ("transformer.ln_f.weight", vec![width]),
        ("transformer.ln_f.bias", vec![width]),
    ] {
        shapes.push((name, shape));
    }
    let dtype = megachat::checkpoint::tensors::Dtype::F32;
    let tensors: Vec<_> = shapes.iter().map(|(name, shape)| (*name, dtype, shape.as_slice())).collect();
    let (header, places) = megachat::checkpoint::safetensors::write_header(&tensors);
    let path = directory.join("model.safetensors");
    fs::write(&path, &header).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(header.len() as u64 + places.last().unwrap().1).unwrap();
    let config = serde_json::json!({
        "model_type": "gpt2", "n_embd": width, "n_head": 2, "n_layer": 1, "vocab_size": rows, "n_positions": positions,
    });
    fs::write(directory.join("config.json"), config.to_string()).unwrap();
}

#[test]
fn a_model_that_does_not_fit_is_refused_before_it_is_read() {
    let home = tempfile::tempdir().unwrap();
    // Wide matrices, tall tables, a long context: 800 MB or more of each.
    for (width, rows, positions) in [(8_192, 300, 8), (64, 16_000_000, 8), (64, 300, 8_000_000)] {
        let model = tempfile::tempdir().unwrap();
        sparse_model(model.path(), width, rows, positions);
        let path = model.path().to_str().unwrap();
        let arguments = ["-m", path, "--tokenizer", "gpt2", "--dtype", "q8", "-p", "Once", "-n", "1"];
        let output = limited(home.path(), &within_kilobytes(400_000), &arguments);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(i32::from(NO_MEMORY)), "{said}");
        for words in ["there is not enough memory for", "in q8", "MB are left under the limit of `ulimit -v`"] {
            assert!(said.contains(words), "no `{words}` in {said}");
        }
    }
}

#[test]
fn a_configuration_of_countless_layers_is_refused_under_any_limit() {
    let (home, model) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sparse_model(model.path(), 8, 300, 8);
    let config = r#"{"model_type":"gpt2","n_layer":16777216,"n_embd":8,"n_head":2,"vocab_size":300,"n_positions":8}"#;
    fs::write(model.path().join("config.json"), config).unwrap();
    let path = model.path().to_str().unwrap();
    let output = model.path().join("out");
    let least = least();
    for kilobytes in [least + least / 2, 2 * least, 4 * least] {
        for arguments in [
            &["-m", path, "--tokenizer", "gpt2", "-p", "Once"][..],
            &["convert", path, output.to_str().unwrap(), "--tokenizer", "gpt2"],
            &["export", path, "--to", "gguf", output.to_str().unwrap(), "--tokenizer", "gpt2"],
        ] {
            let said = err(&limited(home.path(), &within_kilobytes(kilobytes), arguments));
            assert!(said.contains("`n_layer` is 16777216"), "{kilobytes} kB, {arguments:?}: {said}");
        }
    }
}

#[test]
fn commands_end_with_a_sentence_at_every_level() {
    let home = tempfile::tempdir().unwrap();
    let output = megachat(home.path(), &["-m", "demo", "-p", "Once", "-n", "1"]).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let text = home.path().join("text");
    fs::write(&text, "Once upon a time there was a bear. ".repeat(50)).unwrap();
    let (text, out) = (text.to_str().unwrap(), home.path().join("out"));
    let least = least();
    for level in 0..6 {
        let kilobytes = least + level * least / 3;
        for arguments in [
            &["-m", "demo", "-p", "Once", "-n", "4"][..],
            &["score", text, "-m", "demo"],
            &["doctor"],
            &["export", "demo", "--to", "gguf", out.to_str().unwrap(), "--force"],
        ] {
            let output = limited(home.path(), &within_kilobytes(kilobytes), arguments);
            let said = err(&output);
            let code = output.status.code();
            assert!(code.is_some(), "{kilobytes} kB, {arguments:?}: a signal ended it: {said}");
            assert!(code == Some(0) || said.contains("megachat: "), "{kilobytes} kB, {arguments:?}: {code:?} {said}");
        }
    }
}
