//! The real program in a real pseudo-terminal.
#![cfg(unix)]

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::program::transcripts_in;
use crate::support::watch::Watch;
use megachat::document::Record;
use megachat::store::transcripts;
use portable_pty::{ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take; a healthy run needs a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Pty {
    id: u32,
    killer: Box<dyn ChildKiller + Send + Sync>,
    /// The status of the program that has ended.
    ended: Arc<Mutex<Option<u32>>>,
    /// Waits for its end.
    waiter: Option<JoinHandle<()>>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    pub(crate) screen: Arc<Mutex<vt100::Parser>>,
    /// Every byte that came.
    pub(crate) raw: Arc<Mutex<Vec<u8>>>,
    /// How often something came, the program's end too, and who waits for it.
    came: Arc<(Mutex<usize>, Condvar)>,
    /// The terminal's settings before the program started.
    before: Option<nix::sys::termios::Termios>,
}

impl Pty {
    pub(crate) fn start(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::run(env!("CARGO_BIN_EXE_megachat"), home, arguments, environment)
    }

    /// Any program, which may start ours.
    pub(crate) fn run(program: &str, home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::sized((80, 24), program, home, arguments, environment)
    }

    /// In a terminal that says it has so many columns and rows.
    pub(crate) fn sized(
        (cols, rows): (u16, u16),
        program: &str,
        home: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("MEGACHAT_HOME", home);
        command.env("TERM", "xterm-256color");
        // Otherwise it would begin in the home directory, which need not be there.
        command.cwd(if home.is_dir() { home.to_owned() } else { std::env::current_dir().unwrap() });
        // The same text in every run, and no end of text before the limit that a test waits for.
        command.env("MEGACHAT_SEED", "7");
        command.env("MEGACHAT_IGNORE_EOS", "1");
        command.env("LC_ALL", "C.UTF-8");
        for name in ["NO_COLOR", "COLORTERM", "COLORFGBG", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let before = pair.master.get_termios();
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (id, killer) = (child.process_id().unwrap(), child.clone_killer());
        let rows = std::num::NonZero::new(24).unwrap();
        let columns = std::num::NonZero::new(80).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let raw = Arc::new(Mutex::new(Vec::new()));
        let came = Arc::new((Mutex::new(0), Condvar::new()));
        let (parser, kept, tell) = (screen.clone(), raw.clone(), came.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..n]);
                parser.lock().unwrap().process(&buffer[..n]);
                *tell.0.lock().unwrap() += 1;
                tell.1.notify_all();
            }
        });
        let ended = Arc::new(Mutex::new(None));
        let (status, tell) = (ended.clone(), came.clone());
        let waiter = std::thread::spawn(move || {
            *status.lock().unwrap() = Some(child.wait().unwrap().exit_code());
            *tell.0.lock().unwrap() += 1;
            tell.1.notify_all();
        });
        let writer = pair.master.take_writer().unwrap();
        Self {
            id,
            killer,
            ended,
            waiter: Some(waiter),
            master: Some(pair.master),
            writer: Some(writer),
            screen,
            raw,
            came,
            before,
        }
    }

    pub(crate) fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// How often the program has written, its end too.
    pub(crate) fn came(&self) -> usize {
        *self.came.0.lock().unwrap()
    }

    /// Waits until more has come than `before`, but not beyond `until`. Answers whether it has.
    pub(crate) fn hear(&self, before: usize, until: Instant) -> bool {
        let rest = until.saturating_duration_since(Instant::now());
        let now = self.came.0.lock().unwrap();
        let (now, _) = self.came.1.wait_timeout_while(now, rest, |it| *it == before).unwrap();
        *now != before
    }

    /// Waits until the program has written something of which this holds.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, mut seen: impl FnMut(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            // Before the look: what comes during it is news.
            let before = self.came();
            if seen(&self.contents()) {
                return;
            }
            assert!(self.hear(before, until), "no {what} on\n{}", self.contents());
        }
    }

    #[track_caller]
    pub(crate) fn see(&self, text: &str) {
        self.wait_for(text, |screen| screen.contains(text));
    }

    /// Waits until the limit of tokens has ended the text, with so many drawn in all. Their number alone is there before the end.
    #[track_caller]
    pub(crate) fn drawn(&self, count: usize) {
        let count = format!("{count} new");
        self.wait_for(&count, |screen| screen.contains(&count) && screen.contains("max-tokens reached"));
    }

    /// Waits until a shell has said something and asks for the next command: keys that come before that may get lost between
    /// its settings of the terminal.
    #[track_caller]
    pub(crate) fn shell_says(&self, text: &str) {
        self.wait_for(text, |screen| screen.contains(text) && screen.trim_end().ends_with("prompt$"));
    }

    pub(crate) fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// As [`wait_for`](Self::wait_for), for what may take as long as it likes while something is going on.
    #[track_caller]
    pub(crate) fn keep_waiting_for(&self, what: &str, mut seen: impl FnMut(&str) -> bool) {
        loop {
            let before = self.came();
            if seen(&self.contents()) {
                return;
            }
            assert!(self.hear(before, Instant::now() + PATIENCE), "no {what} on\n{}", self.contents());
        }
    }

    /// Another size, as when a window is dragged.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let (height, width) = (std::num::NonZero::new(rows).unwrap(), std::num::NonZero::new(columns).unwrap());
        self.screen.lock().unwrap().screen_mut().set_size(height, width);
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Says that the terminal has another size; what is drawn is still read in the old one.
    pub(crate) fn claim(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Whether the program has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.lock().unwrap().is_some()
    }

    /// As [`wait_for`](Self::wait_for), for what is not on the screen alone but comes with something written or with the end.
    #[track_caller]
    pub(crate) fn wait_with(&self, what: &str, mut seen: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + 3 * PATIENCE;
        loop {
            let before = self.came();
            if seen(self) {
                return;
            }
            assert!(self.hear(before, until), "{what}: nothing comes of it:\n{}", self.contents());
        }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(self.id as i32).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    #[track_caller]
    pub(crate) fn exit(&self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            let before = self.came();
            if let Some(status) = *self.ended.lock().unwrap() {
                return status;
            }
            assert!(self.hear(before, until), "it does not end:\n{}", self.contents());
        }
    }

    /// The terminal is as it was: nothing the program switched on is still on.
    #[track_caller]
    pub(crate) fn assert_restored(&self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let before = self.came();
            let left_on = {
                let parser = self.screen.lock().unwrap();
                let screen = parser.screen();
                let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
                [
                    (screen.alternate_screen(), "the alternate screen"),
                    (screen.hide_cursor(), "the hidden cursor"),
                    (screen.bracketed_paste(), "bracketed paste"),
                    (mouse, "the mouse"),
                ]
            };
            let left_on: Vec<&str> = left_on.into_iter().filter(|it| it.0).map(|it| it.1).collect();
            if left_on.is_empty() {
                break;
            }
            assert!(self.hear(before, until), "still on: {left_on:?}");
        }
        // Typed characters are echoed and gathered into lines again, and all else is as it was.
        let now = self.master.as_ref().unwrap().get_termios().unwrap();
        assert_eq!(Some(now), self.before);
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // An orphan would live on.
        if !self.has_ended() {
            let _ = self.killer.kill();
        }
        let _ = self.waiter.take().map(JoinHandle::join);
    }
}

#[test]
fn from_the_first_start_to_a_saved_transcript() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["--ignore-eos", "--when-full", "slide", "-n", "0", "-s", "11"], &[]);
    pty.see("is a base language model");
    pty.press("n");
    pty.see("ctx ");
    pty.press("Once upon a time");
    pty.press("\r");
    pty.see("writing");
    pty.wait_for("a long text", |screen| screen.contains("tok/s") && screen.contains("out of sight"));
    // Alt-Up, four times, while it streams.
    for _ in 0..4 {
        pty.press("\x1b[1;3A");
    }
    pty.see("T 0.9");
    let directory = home.path().join("data/transcripts");
    let temperature = || {
        let (_, journal) = transcripts::read(&directory, "latest").unwrap();
        transcripts::replay(&journal).settings_history().last().map(|it| it.1.temperature)
    };
    Watch::on(&directory).until(|| temperature() == Some(0.9));
    pty.press("\x03");
    // In the status line: the story may well say that something stopped.
    pty.wait_for("end", |screen| screen.lines().any(|it| it.starts_with(" stopped")));
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();

    let (_, journal) = transcripts::read(&directory, "latest").unwrap();
    assert_eq!((journal.faults.damaged, journal.torn.clone()), (0, None));
    let document = transcripts::replay(&journal);
    let tokens = document.tokens();
    assert_eq!(tokens[..4], [7454, 2402, 257, 640]);
    assert!(document.drawn() == tokens.len() - 4 && tokens.len() > 512, "{} tokens", tokens.len());
    let temperatures: Vec<f32> = document.settings_history().iter().map(|it| it.1.temperature).collect();
    assert!(temperatures.first() == Some(&0.7) && temperatures.last() == Some(&0.9), "{temperatures:?}");
    let model = journal.records.iter().find(|it| matches!(it, Record::Model { .. }));
    assert!(matches!(model, Some(Record::Model { sha256, .. }) if sha256.len() == 64));
    let last = journal.records.last();
    assert!(matches!(last, Some(Record::Stopped { reason }) if reason == "cancelled"), "{last:?}");
}

#[test]
fn a_transcript_is_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "5", "-s", "1"], &[]);
    pty.see("ctx ");
    pty.press("The bear\r");
    pty.see("max-tokens reached");
    pty.drawn(5);
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    let mut pty = Pty::start(home.path(), &["--model", "demo", "--resume"], &[]);
    pty.see("The bear");
    pty.see("5 new");
    pty.press("\r");
    pty.drawn(10);
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    let list = transcripts_in(&home.path().join("data/transcripts"));
    assert_eq!((list.len(), list[0].document.drawn()), (1, 10));
}

#[test]
fn a_dash_among_the_words_reads_what_is_written_at_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["-m", "demo", "-n", "1", "-s", "1", "--json", "A", "title:", "-"], &[]);
    pty.see("write or paste the text");
    pty.press("The bear\r\x04");
    assert_eq!(pty.exit(), 0);
    pty.see("A title: The bear");
}

#[test]
fn after_the_terminal_is_given_back_it_is_said_where_the_text_is() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "2", "-s", "1"], &[]);
    pty.see("ctx ");
    pty.press("The bear\r");
    pty.drawn(2);
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
    pty.see("goes on with it.");
    let (path, _) = transcripts::read(&home.path().join("data/transcripts"), "latest").unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap();
    let said = format!("The text is in {}; megachat --resume {name} goes on with it.", path.display());
    let raw = String::from_utf8_lossy(&pty.raw.lock().unwrap()).into_owned();
    let (before, after) = raw.rsplit_once(&said).unwrap_or_else(|| panic!("no `{said}` in {raw:?}"));
    assert!(before.contains("\x1b[?1049l") && after.trim().is_empty(), "{raw:?}");
    // Where nothing was written there is nothing to say.
    for arguments in [&["--model", "demo"][..], &["--model", "demo", "-n", "2", "--no-save"]] {
        let mut pty = Pty::start(home.path(), arguments, &[]);
        pty.see("ctx ");
        if arguments.contains(&"--no-save") {
            pty.press("The bear\r");
            pty.drawn(2);
        }
        pty.press("\x04");
        assert_eq!(pty.exit(), 0);
        pty.assert_restored();
        let raw = String::from_utf8_lossy(&pty.raw.lock().unwrap()).into_owned();
        assert!(!raw.contains("goes on with it"), "{raw:?}");
    }
}

#[test]
fn a_text_is_compared_branched_undone_and_looked_at() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "5", "-s", "1", "--temp", "1"], &[]);
    pty.see("ctx ");
    pty.press("The bear\r");
    pty.drawn(5);
    // F6: two columns under the same dice, then each its own.
    pty.press("\x1b[17~");
    pty.see("same dice, other settings");
    pty.see("new pairs");
    pty.press("d");
    pty.see("each its own dice");
    pty.see("first difference: token");
    pty.press("k");
    pty.see("Kept as 2 branches");
    // F7: the branches; Alt-U: back; Alt-I: what comes next.
    pty.press("\x1b[18~");
    pty.see("branches: Enter goes there");
    pty.press("q");
    pty.press("\x1bu");
    pty.see("Undone");
    pty.press("\x1bi");
    pty.see("the next token");
    pty.press("q\t\t");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
    let (_, journal) = transcripts::read(&home.path().join("data/transcripts"), "latest").unwrap();
    let document = transcripts::replay(&journal);
    let end = document.tip();
    // The text is what it was before; both columns are there after it.
    assert_eq!((document.len(), document.children(end).len()), (7, 2));
    let settings: Vec<_> = document.children(end).iter().map(|&it| document.settings_at(it).cloned()).collect();
    assert_ne!(settings[0], settings[1]);
}

#[test]
fn signals_give_the_terminal_back_and_keep_the_text() {
    use rustix::process::Signal;
    for (signal, number) in [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::INT, 2), (Signal::QUIT, 3)] {
        for state in ["idle", "writing", "dialog"] {
            let home = tempfile::tempdir().unwrap();
            let mut pty =
                Pty::start(home.path(), &["--model", "demo", "--ignore-eos", "-n", "0", "--when-full", "slide"], &[]);
            pty.see("ctx ");
            match state {
                "writing" => {
                    pty.press("Once\r");
                    pty.wait_for("text", |screen| screen.contains("tok/s"));
                }
                "dialog" => {
                    pty.press("\x10");
                    pty.see("commands");
                }
                _ => {}
            }
            pty.signal(signal);
            assert_eq!(pty.exit(), 128 + number, "{state}");
            pty.assert_restored();
            if state == "writing" {
                let list = transcripts_in(&home.path().join("data/transcripts"));
                assert!(list[0].document.drawn() > 0);
            }
        }
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_readable() {
    let home = tempfile::tempdir().unwrap();
    let environment = [("MEGACHAT_TEST_PANIC", "1"), ("RUST_BACKTRACE", "0")];
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "4"], &environment);
    pty.see("ctx ");
    pty.press("Once\r");
    pty.drawn(4);
    pty.press("\x1b[24~");
    assert_eq!(pty.exit(), 101);
    pty.assert_restored();
    pty.see("a panic that was asked for");
    let list = transcripts_in(&home.path().join("data/transcripts"));
    assert_eq!(list[0].document.drawn(), 4, "what was written stays");
}

#[test]
fn a_terminal_that_goes_away_ends_the_program() {
    let home = tempfile::tempdir().unwrap();
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_megachat"));
    command.args(["--model", "demo"]);
    command.env("MEGACHAT_HOME", home.path());
    command.env("TERM", "xterm-256color");
    command.cwd(home.path());
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&seen).contains("ctx") {
        let n = reader.read(&mut buffer).unwrap();
        seen.extend_from_slice(&buffer[..n]);
    }
    // Every handle of our side goes, as when a terminal's window is closed.
    drop(reader);
    drop(pair.master);
    let (mut killer, (tell, ended)) = (child.clone_killer(), std::sync::mpsc::channel());
    std::thread::spawn(move || tell.send(child.wait().map(drop)));
    if ended.recv_timeout(PATIENCE).is_err() {
        let _ = killer.kill();
        panic!("it lives on without a terminal");
    }
}

#[test]
fn chat_and_a_broken_configuration_and_no_colour() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/config.toml"), "[sampling\n").unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "--chat"], &[("NO_COLOR", "1")]);
    pty.see("line 1");
    pty.see("Bot: On a clear day");
    {
        let parser = pty.screen.lock().unwrap();
        let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        let coloured = cells.filter(|&(row, column)| {
            let cell = parser.screen().cell(row, column).unwrap();
            cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default
        });
        assert_eq!(coloured.collect::<Vec<_>>(), []);
    }
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
}

#[test]
fn the_screen_is_drawn_with_what_the_terminal_has() {
    use vt100::Color;
    /// Arguments, variables, whether a colour is the focus's, and whether all is ASCII.
    type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], fn(Color) -> bool, bool);
    let cases: [Case; 6] = [
        (&[], &[("TERM", "xterm")], |it| matches!(it, Color::Idx(0..16)), false),
        // Without a word about the background, the text is in the terminal's own colours.
        (&[], &[("COLORTERM", "truecolor")], |it| matches!(it, Color::Idx(0..16)), false),
        (&[], &[("COLORTERM", "truecolor"), ("COLORFGBG", "15;0")], |it| it == Color::Rgb(95, 214, 222), false),
        (&["--theme", "light"], &[], |it| it == Color::Idx(24), false),
        (&["--color", "true"], &[("MEGACHAT_THEME", "light")], |it| it == Color::Rgb(0, 98, 130), false),
        (&[], &[("LC_ALL", "C")], |it| matches!(it, Color::Idx(0..16)), true),
    ];
    let home = tempfile::tempdir().unwrap();
    for (arguments, environment, expected, ascii) in cases {
        let mut pty = Pty::start(home.path(), &[&["--model", "demo"], arguments].concat(), environment);
        pty.see("> input");
        pty.see("ready");
        assert_eq!(pty.contents().is_ascii(), ascii, "{arguments:?} {environment:?}\n{}", pty.contents());
        {
            // The title of the input, which has the focus.
            let parser = pty.screen.lock().unwrap();
            let colour = parser.screen().cell(19, 2).unwrap().fgcolor();
            assert!(expected(colour), "{arguments:?} {environment:?}: {colour:?}");
        }
        pty.press("\x04");
        assert_eq!(pty.exit(), 0);
    }
}

#[test]
fn a_model_is_downloaded_in_the_background_and_switched_to() {
    use crate::support::fault_server::{Fault, FaultServer};
    let home = tempfile::tempdir().unwrap();
    let gone = FaultServer::start(b"", vec![Fault::Status("410 Gone", Vec::new(), Vec::new())]);
    // Slow enough that the demo is there first, however busy the machine is.
    let good = FaultServer::start(crate::support::demo_zip(), vec![Fault::Slow(Duration::from_millis(20))]);
    let urls = format!("{} {}", gone.url("/gone.zip"), good.url("/good.zip"));
    let mut pty = Pty::start(home.path(), &[], &[("MEGACHAT_MODEL_URL", &urls)]);
    pty.see("is a base language model");
    pty.press("\r");
    pty.see("megatron-345m ready: F3");
    pty.press("\x1bOR");
    pty.see("switch to megatron-345m");
    pty.press("\r");
    pty.see("megachat  megatron-345m q8");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
}
