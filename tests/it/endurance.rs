//! What must hold in every size, for long, and when the terminal goes away in the middle of something.
#![cfg(unix)]

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::layers::{Layer, loops::LoopFound};
use megachat::app::{Focus, Heat, Msg};
use megachat::document::Origin;

use crate::pty::Pty;
use crate::support::demo_zip;
use crate::support::fault_server::{Fault, FaultServer};
use crate::support::harness::Harness;
use crate::support::program::{PATIENCE, transcripts_in};

/// Clock ticks of processor time, in user mode and in the system's, that a process has taken, also when it has ended and
/// nobody has waited for it yet.
#[cfg(target_os = "linux")]
fn ticks(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may hold anything; the fields behind it are counted from the state, which is the third.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some(fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?)
}

/// Tells what processor time a child took once it ends, and leaves it to be waited for.
#[cfg(target_os = "linux")]
fn exit_of(process: u32) -> Receiver<u64> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        let pid = Pid::from_raw(process as i32).unwrap();
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        sender.send(ticks(process).unwrap())
    });
    ended
}

/// A pseudo-terminal whose every handle is held here, so that it can go away.
#[cfg(target_os = "linux")]
struct Window {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    reader: Box<dyn std::io::Read + Send>,
    writer: Box<dyn std::io::Write + Send>,
    master: Box<dyn portable_pty::MasterPty + Send>,
    screen: vt100::Parser,
}

#[cfg(target_os = "linux")]
impl Window {
    fn open(home: &std::path::Path, arguments: &[&str]) -> Self {
        let size = portable_pty::PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = portable_pty::native_pty_system().openpty(size).unwrap();
        let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_megachat"));
        command.args(arguments);
        command.env("MEGACHAT_HOME", home);
        command.env("TERM", "xterm-256color");
        command.cwd(home);
        let child = pair.slave.spawn_command(command).unwrap();
        let (reader, writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let (rows, columns) = (std::num::NonZero::new(24).unwrap(), std::num::NonZero::new(80).unwrap());
        Self { child, reader, writer, master: pair.master, screen: vt100::Parser::new(rows, columns, 0) }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
    }

    fn wait_for(&mut self, mut seen: impl FnMut(&str) -> bool) {
        let mut buffer = [0; 4096];
        while !seen(&self.screen.screen().contents()) {
            let n = self.reader.read(&mut buffer).unwrap();
            assert!(n > 0, "it ended");
            self.screen.process(&buffer[..n]);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_away_leaves_a_whole_transcript_and_no_busy_process() {
    for state in ["idle", "writing", "dialog"] {
        let home = tempfile::tempdir().unwrap();
        let mut window = Window::open(home.path(), &["--model", "demo", "--ignore-eos", "-n", "12", "--seed", "7"]);
        window.wait_for(|screen| screen.contains("ctx "));
        window.press("Once upon\r");
        window.wait_for(|screen| screen.contains("12 new"));
        match state {
            "writing" => {
                window.press("\r");
                window.wait_for(|screen| !screen.contains("12 new"));
            }
            "dialog" => {
                window.press("\x10");
                window.wait_for(|screen| screen.contains("commands"));
            }
            _ => {}
        }
        let process = window.child.process_id().unwrap();
        let before = ticks(process).unwrap();
        let ended = exit_of(process);
        let Window { mut child, reader, writer, master, .. } = window;
        drop((reader, writer, master));
        // Whether it is quick is no matter; that it does not spin meanwhile is. One that spins need not end.
        let after = ended.recv_timeout(PATIENCE);
        let took = after.ok().or_else(|| ticks(process)).unwrap() - before;
        assert!(after.is_ok() && took < 100, "{state}: {took} ticks of processor time without a terminal, {after:?}");
        assert_eq!(child.wait().unwrap().exit_code(), 129, "{state}");
        let list = transcripts_in(&home.path().join("data/transcripts"));
        assert!(list[0].document.drawn() >= 12, "{state}: {}", list[0].document.drawn());
    }
}

#[test]
fn a_signal_while_something_is_downloaded_gives_the_terminal_back() {
    use rustix::process::Signal;
    for (signal, number) in [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::INT, 2), (Signal::QUIT, 3)] {
        let home = tempfile::tempdir().unwrap();
        let slow = FaultServer::start(demo_zip(), vec![Fault::Slow(Duration::from_millis(300))]);
        let mut pty = Pty::start(home.path(), &[], &[("MEGACHAT_MODEL_URL", &slow.url("/slow.zip"))]);
        pty.see("is a base language model");
        pty.press("\r");
        pty.see("source 1 of 1: ");
        pty.signal(signal);
        assert_eq!(pty.exit(), 128 + number);
        pty.assert_restored();
        let downloads = home.path().join("cache/downloads");
        assert!(std::fs::read_dir(&downloads).unwrap().count() > 0, "what arrived is kept in {}", downloads.display());
    }
}

/// Everything that can lie over the screen, by the keys that bring it.
fn overlays() -> Vec<(&'static str, Harness)> {
    let written = || {
        let mut it = Harness::ready((80, 24));
        it.app.context.settings.max_tokens = 60;
        it.app.context.settings.temperature = 1.2;
        it.write("Once\u{1b}[31m upon 日本語 👩‍👩‍👧 a\u{301} time");
        it.key(KeyCode::Enter);
        it.settle();
        it.app.context.focus = Focus::Text;
        it
    };
    let with = |keys: &[KeyCode]| {
        let mut it = written();
        for &key in keys {
            it.key(key);
            it.settle();
        }
        it
    };
    let mut all = vec![
        ("nothing", with(&[])),
        ("help", with(&[KeyCode::F(1)])),
        ("models", with(&[KeyCode::F(3)])),
        ("inspector", with(&[KeyCode::Left, KeyCode::Enter])),
        ("tree", with(&[KeyCode::F(7)])),
        ("columns", with(&[KeyCode::F(6)])),
        ("fan", with(&[KeyCode::F(8)])),
        ("fan as a tree", with(&[KeyCode::F(8), KeyCode::Char('t')])),
        ("find", with(&[KeyCode::Char('F'), KeyCode::Char('t')])),
        ("find in the text", with(&[KeyCode::Char('/'), KeyCode::Char('t')])),
        ("heat", with(&[KeyCode::F(4)])),
    ];
    let mut palette = written();
    palette.press(KeyCode::Char('p'), KeyModifiers::CONTROL);
    let mut circles = written();
    circles.over(Some(Layer::Loop(LoopFound { since: 3 })));
    let mut cut = written();
    cut.app.context.text.heat = Heat::Cut;
    let mut panel = written();
    panel.app.context.focus = Focus::Panel;
    let mut alarmed = written();
    alarmed.app.context.outbox.notice = Some(megachat::app::Notice {
        text: "something went wrong ".repeat(20),
        tone: megachat::app::Tone::Error,
        until: None,
    });
    all.extend(vec![("palette", palette), ("circles", circles), ("cut", cut), ("panel", panel), ("alarmed", alarmed)]);
    all
}

#[test]
fn everything_draws_in_every_size() {
    for (name, mut it) in overlays() {
        // All sizes for the main screen; what lies over it changes with the width above all.
        let step = if name == "nothing" { 1 } else { 4 };
        for width in 0..=40 {
            for height in (0..=40).step_by(step) {
                it.send(Msg::Resize(width, height));
                it.terminal();
            }
        }
        it.send(Msg::Resize(500, 300));
        let screen = it.screen();
        assert!(screen.contains("megachat"), "{name}");
    }
}

#[test]
fn a_terminal_that_is_smaller_than_is_known_yet_is_drawn_in_a_moment() {
    let mut it = Harness::ready((120, 40));
    it.app.context.settings.max_tokens = 30;
    it.write("Once");
    it.key(KeyCode::Enter);
    it.settle();
    it.app.context.text.heat = Heat::Surprise;
    it.app.context.window.appearance.colours = megachat::appearance::Colours::None;
    it.app.prepare();
    for size in [(119, 40), (120, 39), (10, 3), (1, 1)] {
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(size.0, size.1)).unwrap();
        terminal.draw(|frame| megachat::app::view(&it.app, frame)).unwrap();
    }
}

/// How many tokens are streamed; more for whoever has the time.
fn soaked() -> usize {
    std::env::var("MEGACHAT_SOAK_TOKENS").ok().and_then(|it| it.parse().ok()).unwrap_or(2500)
}

#[cfg(target_os = "linux")]
fn resident_kilobytes(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// `MEGACHAT_SOAK_TOKENS=100000 cargo test --test it soak -- --nocapture` for a long one.
#[cfg(target_os = "linux")]
#[test]
fn a_soak_misses_no_token_and_keeps_its_memory_and_files() {
    let home = tempfile::tempdir().unwrap();
    let tokens = soaked();
    let limit = tokens.to_string();
    let arguments =
        ["--model", "demo", "--ignore-eos", "--when-full", "slide", "--seed", "7", "--temp", "1.2", "-n", &limit];
    let mut pty = Pty::start(home.path(), &arguments, &[]);
    // All of the status line is to be seen.
    pty.resize(120, 40);
    pty.wait_for("the new size", |screen| screen.lines().count() >= 38 && screen.contains("ctx "));
    // The text may go round in circles: nobody is there to say what to do about it.
    pty.press("\x10set repeat 1.3\r");
    pty.press("Once\r");
    let process = pty.id();
    let files = || std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    let new = |screen: &str| -> usize {
        let words: Vec<&str> = screen.split_whitespace().collect();
        words.windows(2).filter(|it| it[1] == "new").filter_map(|it| it[0].parse().ok()).next_back().unwrap_or(0)
    };
    // Rows of scores, 200 kB each, are kept of the last 1,280 tokens. They come from one thread and are let go by another,
    // and until some 3,000 have come and gone the allocator still takes new ground for them.
    let settled = (tokens / 2).min(10_000);
    pty.keep_waiting_for("half of it", |screen| new(screen) >= settled);
    let (memory, open) = (resident_kilobytes(process), files());
    pty.keep_waiting_for("the end", |screen| new(screen) >= tokens && screen.contains("max-tokens reached"));
    let (after, still_open) = (resident_kilobytes(process), files());
    println!(
        "{tokens} tokens: {memory} kB resident after {settled}, {after} kB at the end; {open} files, {still_open} at the end"
    );
    assert!(after < 600_000, "{after} kB");
    // From then on nothing should grow but the text, some 200 bytes a token.
    if settled >= 5000 {
        assert!(after < memory + 5000 + tokens / 4, "{memory} kB became {after} kB");
    }
    assert_eq!(open, still_open);
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    let list = transcripts_in(&home.path().join("data/transcripts"));
    assert_eq!(list[0].document.drawn(), tokens);
    // The dice are those of the seed and the position, one for each: none is missing, none is there twice.
    for (position, &id) in list[0].document.path().iter().enumerate() {
        if let Origin::Drawn(draw) = &list[0].document.node(id).unwrap().origin {
            assert_eq!(draw.die, megachat::sample::die(7, position as u64), "token {position}");
        }
    }
}
