//! Every place that opens a file, with something else in the file's place.
//!
//! The places are those of [`Place`]: each call that opens a file names one, and no other module opens files, which
//! `architecture.rs` reads off the source. Here each has a row; for each row and each fault the program must come to an
//! end that says what is wrong where that matters, and leave everything else as it was.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;

use megachat::directory::{Contents, find_vocabulary};
use megachat::document::{Header, Record};
use megachat::files::Place;
use megachat::install::convert::{Input, Options, convert};
use megachat::install::download::lock::Lock;
use megachat::integrity;
use megachat::store::appender::Appender;
use megachat::store::config::{State, load_config, load_state, store_state};
use megachat::store::library::Library;
use megachat::store::paths::Paths;
use megachat::store::vocabularies::{self, Finder};
use megachat::store::{evaluations, history, transcripts};
use megachat::text::{TokenizerChoice, Vocabulary};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::pty::Pty;
use crate::support::fault_server::{Fault as Served, FaultServer};
use crate::support::fetching::{HEAD, LEN, fetch, hasty, noise, source};
use crate::support::program::{PATIENCE, err, megachat};
use crate::support::source::files;
use crate::support::{demo_directory, demo_zip};

/// What stands in the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Pipe,
    Socket,
    Device,
    Directory,
    Missing,
    Unreadable,
    Empty,
    Random,
    Dangling,
}

use Fault::{Dangling, Device, Directory, Empty, Missing, Pipe, Random, Socket, Unreadable};

const FAULTS: [Fault; 9] = [Pipe, Socket, Device, Directory, Missing, Unreadable, Empty, Random, Dangling];

/// Those that no reading can mistake for a file.
const NO_FILE: [Fault; 5] = [Pipe, Socket, Device, Directory, Dangling];

impl Fault {
    /// Puts it there. A socket lives as long as what is returned.
    fn put(self, path: &Path) -> Option<UnixListener> {
        let _ = fs::create_dir_all(path.parent().unwrap());
        if self != Unreadable {
            let _ = fs::remove_file(path);
        }
        let mode = Mode::RUSR | Mode::WUSR;
        match self {
            Pipe => mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap(),
            Socket => {
                // A socket's own path must be short.
                let short = tempfile::tempdir().unwrap().keep();
                let listener = UnixListener::bind(short.join("s")).unwrap();
                fs::rename(short.join("s"), path).unwrap();
                fs::remove_dir(short).unwrap();
                return Some(listener);
            }
            // Reading it has no end.
            Device => symlink("/dev/zero", path).unwrap(),
            Directory => fs::create_dir(path).unwrap(),
            Missing => {}
            Unreadable => {
                if !path.exists() {
                    fs::write(path, "x").unwrap();
                }
                fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
            }
            Empty => fs::write(path, "").unwrap(),
            Random => fs::write(path, &noise(5001, 3)[1..]).unwrap(),
            Dangling => symlink(path.with_extension("nowhere"), path).unwrap(),
        }
        None
    }

    /// Whether it can be put there: for root no file is unreadable.
    fn is_possible(self) -> bool {
        self != Unreadable || !nix::unistd::geteuid().is_root()
    }
}

/// A row of the table.
struct Row {
    place: Place,
    /// Makes a home in which all is well, and answers the file.
    make: fn(&Path) -> PathBuf,
    /// Does what reads or writes the file. What went wrong is the error, and so is what is said.
    act: fn(&Path, &Path) -> Result<(), String>,
    /// The faults that change nothing for the user, or are mended, and need not be said.
    quiet: &'static [Fault],
    /// Whether the program may replace what stands there.
    replaces: bool,
}

fn demo(home: &Path) -> PathBuf {
    let directory = home.join("data/models/demo");
    fs::create_dir_all(&directory).unwrap();
    for entry in fs::read_dir(demo_directory()).unwrap() {
        let entry = entry.unwrap();
        // Whoever puts a fault there removes the name, and not the file.
        fs::hard_link(entry.path(), directory.join(entry.file_name())).unwrap();
    }
    directory
}

/// A vocabulary of its own, and a transcript in its words.
fn kept(home: &Path) -> (Arc<Vocabulary>, PathBuf) {
    let own = Arc::new(Vocabulary::from_gpt2_merges("a b\nab c\n").unwrap());
    let directory = home.join("data/transcripts");
    let header = Header { version: 1, id: "a".into(), created: 0, program: "test".into() };
    let mut it = Appender::create(&directory, &header).unwrap();
    it.keep(&own).unwrap();
    it.append(&Record::Model {
        name: "mine".into(),
        sha256: String::new(),
        dtype: "q8".into(),
        arithmetic: 1,
        device: "cpu".into(),
        driver: None,
        generator: String::new(),
        vocabulary: Some(own.record()),
        path: None,
    })
    .unwrap();
    it.append(&Record::Typed { first: 0, parent: None, tokens: vec![65, 66], chosen: false }).unwrap();
    (own, directory)
}

fn text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

/// Runs the program to its end; what it says is the error, if its status is one.
fn run(mut command: Command) -> Result<(), String> {
    let child = command.spawn().unwrap();
    let id = child.id();
    let (ended, end) = channel();
    let wait = std::thread::spawn(move || ended.send(child.wait_with_output().unwrap()));
    let Ok(output) = end.recv_timeout(PATIENCE) else {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id as i32), nix::sys::signal::Signal::SIGKILL).unwrap();
        panic!("it does not end");
    };
    wait.join().unwrap().unwrap();
    assert!(!err(&output).contains("panicked"), "{}", err(&output));
    if output.status.success() { Ok(()) } else { Err(err(&output)) }
}

fn quick(home: &Path, _: &Path) -> Result<(), String> {
    integrity::quick(&home.join("data/models/demo")).map(drop).map_err(text)
}

fn download(home: &Path, _: &Path) -> Result<(), String> {
    let body = noise(LEN, 5);
    let server = FaultServer::start(&body, vec![Served::None]);
    fetch(&[source(server.url("m.pt"), Some(&body))], &home.join("downloads"), &hasty()).0.map(drop).map_err(text)
}

/// A download that broke off.
fn half_a_download(home: &Path) {
    let body = noise(LEN, 5);
    let gone = Served::Status("404 Not Found", vec![], vec![]);
    let server = FaultServer::start(&body, vec![Served::Drop(HEAD * 100), gone]);
    fetch(&[source(server.url("m.pt"), Some(&body))], &home.join("downloads"), &hasty()).0.unwrap_err();
}

fn reads_a_transcript(home: &Path, file: &Path) -> Result<(), String> {
    let directory = home.join("data/transcripts");
    let read = transcripts::read_file(file);
    // The list goes on behind it.
    let ids = transcripts::ids(&directory).map_err(text)?;
    let listed = ids.iter().filter(|it| transcripts::read(&directory, it).is_ok()).count();
    assert_eq!(listed, 1 + usize::from(read.is_ok()));
    match (Appender::open(&directory, "a"), read) {
        (Ok(_), Ok(_)) => Ok(()),
        (Err(one), Err(_)) => Err(text(one)),
        (open, read) => panic!("{:?} {:?}", open.is_ok(), read.is_ok()),
    }
}

fn paths(home: &Path) -> Paths {
    Paths {
        config_file: home.join("config/config.toml"),
        models: home.join("data/models"),
        transcripts: home.join("data/transcripts"),
        downloads: home.join("cache/downloads"),
        packed: home.join("cache/packed"),
        library: home.join("cache/library"),
        state: home.join("state"),
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    vec![
        Row {
            place: Place::Manifest,
            make: |home| demo(home).join("megachat.json"),
            act: quick,
            // A directory without one is no installed model.
            quiet: &[Missing, Dangling],
            replaces: false,
        },
        Row {
            place: Place::ModelConfig,
            make: |home| demo(home).join("config.json"),
            act: quick,
            quiet: &[],
            replaces: false,
        },
        Row {
            place: Place::SmallFile,
            make: |home| demo(home).join("tokenizer.json"),
            act: |home, _| {
                let directory = home.join("data/models/demo");
                Contents::of(&directory).map_err(text)?;
                find_vocabulary(Some(&directory), None, 50_257).map(drop).map_err(text)
            },
            // The other files say the words, too.
            quiet: &[Missing, Directory],
            replaces: false,
        },
        Row {
            place: Place::Weights,
            make: |home| demo(home).join("model.safetensors"),
            act: |home, _| {
                let opened = Contents::of(&home.join("data/models/demo")).and_then(|it| it.open(None));
                opened.map(drop).map_err(text)
            },
            quiet: &[],
            replaces: false,
        },
        Row {
            place: Place::ModelFile,
            make: |home| demo(home).join("merges.txt"),
            act: |home, _| integrity::full(&home.join("data/models/demo"), &mut |_, _| true).map(drop).map_err(text),
            quiet: &[],
            replaces: false,
        },
        Row {
            place: Place::Packed,
            make: |home| demo(home).join("packed-q8"),
            act: |home, _| run(megachat(home, &["-m", "demo", "--dtype", "q8", "-p", "-n", "1", "Once"])),
            // They are made anew, or done without.
            quiet: &FAULTS,
            replaces: true,
        },
        Row {
            place: Place::Hashes,
            make: |home| {
                // A directory of another program: nothing says what its weights are.
                let (from, to) = (demo(home), home.join("plain"));
                fs::create_dir(&to).unwrap();
                for name in ["config.json", "model.safetensors", "vocab.json", "merges.txt"] {
                    fs::copy(from.join(name), to.join(name)).unwrap();
                }
                let kept = home.join("cache/packed");
                fs::create_dir_all(&kept).unwrap();
                fs::write(kept.join("hashes.json"), "[]").unwrap();
                kept.join("hashes.json")
            },
            act: |home, _| {
                let model = home.join("plain");
                run(megachat(home, &["-m", model.to_str().unwrap(), "-p", "-n", "1", "Once"]))
            },
            // They are hashed again.
            quiet: &FAULTS,
            replaces: true,
        },
        Row {
            place: Place::Transcript,
            make: |home| {
                let (_, directory) = kept(home);
                fs::copy(directory.join("a.jsonl"), directory.join("b.jsonl")).unwrap();
                directory.join("a.jsonl")
            },
            act: reads_a_transcript,
            quiet: &[],
            replaces: false,
        },
        Row {
            place: Place::Torn,
            make: |home| {
                let (_, directory) = kept(home);
                let file = directory.join("a.jsonl");
                fs::write(&file, [fs::read(&file).unwrap(), b"{\"n\":3".to_vec()].concat()).unwrap();
                directory.join("a.torn")
            },
            act: |home, _| Appender::open(&home.join("data/transcripts"), "a").map(drop).map_err(text),
            quiet: &[Missing, Empty, Random],
            replaces: false,
        },
        Row {
            place: Place::KeptVocabulary,
            make: |home| {
                let (own, directory) = kept(home);
                vocabularies::directory(&directory).join(format!("{}.json", own.hash()))
            },
            act: |home, _| {
                let directory = home.join("data/transcripts");
                let (_, journal) = transcripts::read(&directory, "a").unwrap();
                Finder::new(&directory, &home.join("data/models")).resolve(&journal).map(drop).map_err(text)
            },
            quiet: &[],
            replaces: false,
        },
        Row {
            place: Place::Index,
            make: |home| {
                drop(Library::open(&paths(home)).unwrap());
                home.join("cache/library/index.sqlite")
            },
            // Without a file there is one in memory, and why is told.
            act: |home, _| Library::open(&paths(home)).map_err(text)?.remark.map_or(Ok(()), Err),
            quiet: &[Missing, Empty, Random],
            replaces: false,
        },
        Row {
            place: Place::Configuration,
            make: |home| home.join("config/config.toml"),
            act: |_, file| match &load_config(file).problems[..] {
                [] => Ok(()),
                problems => Err(problems.join("\n")),
            },
            quiet: &[Missing, Empty],
            replaces: false,
        },
        Row {
            place: Place::State,
            make: |home| {
                store_state(&home.join("state"), &State { demo_only: true, model: None }).unwrap();
                home.join("state/state.toml")
            },
            act: |home, _| {
                assert_eq!(load_state(&home.join("state")), State::default());
                Ok(())
            },
            // Forgetting costs a question at the next start.
            quiet: &FAULTS,
            replaces: false,
        },
        Row {
            place: Place::Evaluation,
            make: |home| {
                evaluations::keep(&home.join("state"), "this", &1).unwrap();
                fs::read_dir(home.join("state/evaluations")).unwrap().next().unwrap().unwrap().path()
            },
            act: |home, _| {
                assert_eq!(evaluations::load::<u32>(&home.join("state"), "this"), None);
                Ok(())
            },
            // The evaluation begins anew.
            quiet: &FAULTS,
            replaces: false,
        },
        Row {
            place: Place::History,
            make: |home| {
                let file = history::file(&home.join("state"));
                history::append(&file, "one").unwrap();
                file
            },
            act: |_, file| {
                assert_eq!(history::load(file), [""; 0]);
                history::append(file, "two").map_err(|e| format!("{}: {e}", file.display()))
            },
            quiet: &[Missing, Empty, Random],
            replaces: false,
        },
        Row {
            place: Place::HistoryLock,
            make: |home| history::file(&home.join("state")).with_extension("lock"),
            act: |home, _| history::append(&history::file(&home.join("state")), "two").map_err(text),
            // Without a lock things go on.
            quiet: &FAULTS,
            replaces: false,
        },
        Row {
            place: Place::Lock,
            make: |home| home.join("downloads/m.pt.lock"),
            act: |_, file| {
                let lock = Lock::acquire(file, &AtomicBool::new(false), &mut |_| ());
                lock.map(drop).map_err(|e| format!("{}: {e}", file.display()))
            },
            quiet: &[Missing, Empty, Random],
            replaces: false,
        },
        Row {
            place: Place::StageLock,
            make: |home| home.join(".model.partial-left/.lock"),
            act: |home, _| {
                let zip = home.join("a.zip");
                fs::write(&zip, demo_zip()).unwrap();
                let options = Options { tokenizer: Some(TokenizerChoice::Gpt2), ..Options::default() };
                let go_on = &mut |_| std::ops::ControlFlow::Continue(());
                let made = convert(Input::Path(&zip), &home.join("model"), &options, go_on);
                fs::remove_file(zip).unwrap();
                fs::remove_dir_all(home.join("model")).unwrap();
                made.map(drop).map_err(text)
            },
            // What another process left is in nobody's way.
            quiet: &FAULTS,
            replaces: true,
        },
        Row {
            place: Place::Part,
            make: |home| {
                half_a_download(home);
                home.join("downloads/m.pt.part")
            },
            act: download,
            // Fetched again, and never written through a link or into a pipe.
            quiet: &[Pipe, Socket, Device, Dangling, Missing, Empty, Random],
            replaces: true,
        },
        Row {
            place: Place::DownloadNote,
            make: |home| {
                half_a_download(home);
                home.join("downloads/m.pt.part.json")
            },
            act: download,
            quiet: &[Pipe, Socket, Device, Dangling, Missing, Empty, Random],
            replaces: true,
        },
        Row {
            place: Place::Download,
            make: |home| {
                download(home, Path::new("")).unwrap();
                home.join("downloads/m.pt")
            },
            act: download,
            quiet: &[Pipe, Socket, Device, Dangling, Missing, Unreadable, Empty, Random],
            replaces: true,
        },
        Row {
            place: Place::Certificates,
            make: |home| home.join("ca.pem"),
            act: |home, file| {
                let file = file.to_str().unwrap();
                let address = "https://127.0.0.1:9/a.zip";
                let given = run(megachat(home, &["model", "download", "--model-url", address, "--ca-file", file]));
                let mut command = megachat(home, &["model", "download", "--model-url", address]);
                command.env("SSL_CERT_FILE", file);
                // Nothing listens there either way.
                assert!(run(command).is_err());
                given
            },
            quiet: &[],
            replaces: false,
        },
        Row {
            place: Place::Text,
            make: |home| {
                demo(home);
                home.join("story.txt")
            },
            act: |home, file| {
                // A text may come from a pipe, and from a device that ends.
                let kind = fs::symlink_metadata(file).map(|it| it.file_type());
                if kind.is_ok_and(|it| std::os::unix::fs::FileTypeExt::is_fifo(&it)) {
                    let writer = file.to_owned();
                    std::thread::spawn(move || fs::write(writer, "Once upon a time").unwrap());
                }
                run(megachat(home, &["score", "-m", "demo", file.to_str().unwrap()]))
            },
            quiet: &[Pipe],
            replaces: false,
        },
        Row {
            place: Place::Sidecar,
            make: |home| {
                demo(home);
                fs::write(home.join("of.json"), "{\"program\": \"megachat\"}").unwrap();
                home.join("of.json")
            },
            act: |home, file| {
                let text = home.join("one.txt");
                fs::write(&text, "Once upon a time").unwrap();
                let file = file.to_str().unwrap();
                run(megachat(home, &["score", "-m", "demo", text.to_str().unwrap(), "--sidecar", file]))
            },
            // An empty file is nobody's loss.
            quiet: &[Missing, Empty],
            replaces: false,
        },
    ]
}

/// Places into which nothing can be put from outside, or that another test fills; with the reason.
const ELSEWHERE: [(Place, &str); 4] = [
    (Place::Made, "made with `create_new` in a directory whose name nobody knows"),
    (Place::Edited, "an_editor_that_leaves_no_file_is_said"),
    (Place::Log, "opened with `files::append` while the program fails; what it refuses is tested in files.rs"),
    (Place::ProcessStatus, "the system's own"),
];

/// Every file of a home but one, with what tells whether it was touched.
fn others(home: &Path, but: &Path) -> Vec<(PathBuf, u64, u64, i64)> {
    fn collect(at: &Path, but: &Path, out: &mut Vec<(PathBuf, u64, u64, i64)>) {
        for entry in fs::read_dir(at).into_iter().flatten() {
            let path = entry.unwrap().path();
            let it = fs::symlink_metadata(&path).unwrap();
            if it.is_dir() && path != but {
                collect(&path, but, out);
            } else if path != but {
                out.push((path, it.ino(), it.len(), it.mtime_nsec()));
            }
        }
    }
    let mut out = Vec::new();
    collect(home, but, &mut out);
    out.sort();
    out
}

/// Files that may change with whatever is done: what is written to in the same step.
fn may_change(row: &Row, path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    match row.place {
        Place::Part | Place::DownloadNote | Place::Download => name.starts_with("m.pt"),
        Place::HistoryLock => name == "history",
        // Its torn line is cut off when that is set aside.
        Place::Torn => name == "a.jsonl",
        Place::StageLock => true,
        _ => false,
    }
}

/// Does it in a thread of its own, since a fault is that it waits for ever.
fn within_patience(act: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<Result<(), String>, String> {
    let (send, done) = channel();
    let thread = std::thread::spawn(move || drop(send.send(act())));
    match done.recv_timeout(2 * PATIENCE) {
        Ok(it) => Ok(it),
        Err(_) if thread.is_finished() => Err("it panics".to_owned()),
        Err(_) => Err("it waits for ever".to_owned()),
    }
}

#[test]
fn whatever_stands_in_the_place_of_a_file_is_said_and_nothing_waits_for_it() {
    let mut wrong = String::new();
    for row in rows() {
        for fault in FAULTS {
            if !fault.is_possible() {
                println!("SKIPPED: {:?} for {:?}: root reads every file", fault, row.place);
                continue;
            }
            let home = tempfile::tempdir().unwrap();
            let file = (row.make)(home.path());
            let _socket = fault.put(&file);
            let before = others(home.path(), &file);
            let what = fs::symlink_metadata(&file).map(|it| (it.file_type(), it.ino())).ok();
            let (at, path, act) = (home.path().to_owned(), file.clone(), row.act);
            let mut complain = |why: &str| writeln!(wrong, "{:?} with {fault:?}: {why}", row.place).unwrap();
            match within_patience(move || act(&at, &path)) {
                Err(why) => complain(&why),
                Ok(Ok(())) if !row.quiet.contains(&fault) => complain("nothing is said"),
                Ok(Ok(())) => {}
                Ok(Err(said)) => {
                    let name = file.file_name().unwrap().to_string_lossy().into_owned();
                    let directory = file.parent().unwrap().to_str().unwrap();
                    // A transcript is called by its name, what belongs to a model by its directory.
                    let id = format!("`{}`", file.file_stem().unwrap().to_string_lossy());
                    let names_it = said.contains(&name) || said.contains(&id) || said.contains(directory);
                    if row.quiet.contains(&fault) && NO_FILE.contains(&fault) {
                        complain(&format!("it should go on without: {said}"));
                    } else if !names_it {
                        complain(&format!("the file is not named: {said}"));
                    }
                }
            }
            let after = others(home.path(), &file);
            for it in before.iter().filter(|it| !after.contains(it) && !may_change(&row, &it.0)) {
                complain(&format!("{} is changed or gone", it.0.display()));
            }
            let still = fs::symlink_metadata(&file).map(|it| (it.file_type(), it.ino())).ok();
            if NO_FILE.contains(&fault) && !row.replaces && still != what {
                complain("what stood there is replaced");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_place_has_a_row() {
    let mut listed: Vec<Place> = rows().into_iter().map(|it| it.place).chain(ELSEWHERE.map(|it| it.0)).collect();
    listed.sort();
    let mut all = Place::ALL.to_vec();
    all.sort();
    assert_eq!(listed, all);
    // And each is named where something is opened, or it should go.
    let sources: Vec<_> = files("src").into_iter().filter(|it| !it.path.starts_with("src/files")).collect();
    for place in all {
        let name = format!("Place::{place:?}");
        let is_named = |code: &str| {
            code.match_indices(&name).any(|(at, _)| !code[at + name.len()..].starts_with(char::is_alphanumeric))
        };
        assert!(sources.iter().any(|it| is_named(&it.code)), "nothing is opened as {name}");
    }
}

#[test]
fn an_editor_that_leaves_no_file_is_said() {
    for (deed, says) in [
        ("rm \"$1\"; mkfifo \"$1\"", "a named pipe"),
        ("rm \"$1\"; mkdir \"$1\"", "a directory"),
        ("rm \"$1\"", "cannot be read"),
        ("rm \"$1\"; ln -s /dev/zero \"$1\"", "a device"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let editor = home.path().join("editor");
        fs::write(&editor, format!("#!/bin/sh\n{deed}\n")).unwrap();
        fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut pty = Pty::start(
            home.path(),
            &["--model", "demo"],
            &[("VISUAL", editor.to_str().unwrap()), ("TMPDIR", home.path().to_str().unwrap())],
        );
        pty.wait_for("the model", |screen| screen.contains("ctx "));
        pty.press("a draft");
        pty.see("a draft");
        pty.press("\x18\x05");
        pty.see(says);
        pty.see("a draft");
        pty.press("\x03\x04");
        assert_eq!(pty.exit(), 0);
    }
}
