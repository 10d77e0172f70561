//! What the interface promises whatever comes in through the terminal: pastes, garbage, sizes, a shell that stops it.
#![cfg(unix)]

use megachat::app::KNOBS;
use megachat::app::text::LogitCache;
use megachat::sample::WhenFull;

use crate::pty::Pty;
use crate::support::harness::Harness;
use crate::support::program::transcripts_in;

/// Numbers that look random, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        // Knuth's MMIX generator; its high bits are good enough for garbage.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Every escape sequence in what the program wrote, without its numbers; and every other control byte.
fn sequences(raw: &[u8]) -> std::collections::BTreeSet<String> {
    let text = String::from_utf8_lossy(raw);
    let mut found = std::collections::BTreeSet::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\x1b' {
            if c.is_control() {
                found.insert(format!("{c:?}"));
            }
            continue;
        }
        let mut sequence = String::from("ESC");
        if characters.next_if_eq(&'[').is_none() {
            sequence.extend(characters.next());
            found.insert(sequence);
            continue;
        }
        sequence.push('[');
        for c in characters.by_ref() {
            if !(c.is_ascii_digit() || c == ';') {
                sequence.push(c);
            }
            if c.is_ascii_alphabetic() || c == '~' {
                break;
            }
        }
        found.insert(sequence);
    }
    found
}

#[test]
fn no_control_byte_but_our_own_reaches_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "3"], &[]);
    pty.see("ctx ");
    let clean = sequences(&pty.raw.lock().unwrap());
    // A title, the clipboard, a cleared screen, a reset, a device report, text that runs backwards, C1 controls.
    let hostile =
        "\x1b]0;evil\x07 \x1b]52;c;ZXZpbA==\x07 \x1b[2J \x1bc \x1b[6n \u{202e}abc \u{9b}31m \x1bP1$r\x1b\\ end";
    pty.press(&format!("\x1b[200~{hostile}\x1b[201~"));
    pty.see("end");
    pty.press("\r");
    pty.drawn(3);
    // Over it with the cursor, the inspector and the heat, where single tokens are told.
    for key in ["\t", "g", "\x1b[C", "\r"] {
        pty.press(key);
    }
    pty.see("token 2 of");
    // An escape with the next key right behind it would be another key.
    pty.press("\x1b");
    pty.wait_for("no inspector", |screen| !screen.contains("token 2 of"));
    pty.press("\x1bOS");
    pty.see("surprise");
    let dirty = sequences(&pty.raw.lock().unwrap());
    let allowed = ["ESC[m", "ESC[H", "ESC[K", "ESC[J", "ESC[?h", "ESC[?l"].map(str::to_owned);
    let foreign: Vec<&String> = dirty.difference(&clean).filter(|it| !allowed.contains(it)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(clean.iter().all(|it| !it.contains(']') && !it.contains('P')), "{clean:?}");
}

#[test]
fn a_paste_of_a_megabyte_and_one_that_never_ends_leave_the_program_alive() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "3"], &[]);
    pty.see("ctx ");
    let line = "All work and no play makes a dull boy.\n";
    pty.press(&format!("\x1b[200~{}the very end\x1b[201~", line.repeat((1 << 20) / line.len())));
    pty.see("the very end");
    // It is one piece of text, not a thousand keys: nothing was sent.
    assert!(!pty.contents().contains("tok/s"));
    pty.press("\x03");
    pty.wait_for("an empty input", |screen| !screen.contains("the very end"));
    // Without brackets, line ends are Enter, as a person would have pressed it.
    pty.press("one more time");
    pty.see("one more time");
    pty.press("\x1b[200~it begins and never ends");
    pty.press(" but its end may come late\x1b[201~");
    pty.see("may come late");
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.exit(), 143);
    pty.assert_restored();
}

#[test]
fn garbage_on_the_keyboard_is_survived() {
    let home = tempfile::tempdir().unwrap();
    // A key that happens to ask for a download must not get one.
    let mut pty = Pty::start(home.path(), &["--model", "demo", "-n", "1"], &[("MEGACHAT_OFFLINE", "1")]);
    pty.see("ctx ");
    let mut noise = Noise(7);
    for _ in 0..40 {
        // Bytes that end or stop the program on purpose are not garbage; nor is what begins a paste.
        let blob: Vec<u8> = (0..1024)
            .map(|_| noise.below(256) as u8)
            .map(|it| if matches!(it, 3 | 4 | 0x1a | 0x1c | b'~') { b' ' } else { it })
            .collect();
        let text: String = blob.iter().map(|&it| char::from(it)).collect();
        pty.press(&text);
        // Mouse, cursor position and device reports that nobody asked for.
        pty.press("\x1b[<0;3;4M\x1b[12;9R\x1b[?62;22c\x1b]11;rgb:0000/0000/0000\x1b\\");
    }
    // Still there, and still drawing.
    pty.resize(100, 30);
    pty.wait_for("a status line", |screen| screen.lines().count() >= 20 && screen.contains("ctx "));
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.exit(), 143);
    pty.assert_restored();
}

#[test]
fn a_storm_of_sizes_ends_with_the_last_one() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--model", "demo", "--ignore-eos", "-n", "0", "--when-full", "slide"];
    let mut pty = Pty::start(home.path(), &arguments, &[]);
    pty.see("ctx ");
    pty.press("Once\r");
    pty.wait_for("text", |screen| screen.contains("tok/s"));
    let mut noise = Noise(3);
    for _ in 0..300 {
        let (columns, rows) = (1 + noise.below(220) as u16, 1 + noise.below(70) as u16);
        pty.resize(columns, rows);
        // As a hand drags a window: several within a frame, and frames between. No event stands for that, and nothing is waited for.
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    pty.resize(90, 20);
    pty.press("\x03");
    pty.wait_for("the whole screen", |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        lines.len() == 20 && lines[0].contains("F1 help") && screen.contains("stopped")
    });
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.exit(), 143);
}

#[test]
fn a_shell_stops_it_and_brings_it_back() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::run("bash", home.path(), &["--norc", "--noprofile", "-i"], &[("PS1", "prompt$ ")]);
    pty.see("prompt$");
    pty.press(&format!("{} --model demo -n 3\r", env!("CARGO_BIN_EXE_megachat")));
    pty.see("ctx ");
    pty.press("Once upon\r");
    pty.drawn(3);
    pty.press("\x1a");
    // The shell has its screen, its prompt and its line editing back.
    pty.shell_says("Stopped");
    pty.press("echo al\x7five\r");
    pty.shell_says("\naive");
    assert_eq!(pty.screen.lock().unwrap().screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    pty.resize(100, 30);
    pty.press("fg\r");
    pty.wait_for("the program, in its new size", |screen| {
        screen.lines().count() == 30 && screen.contains("Once upon") && screen.contains("3 new")
    });
    pty.press("\x04");
    // A new prompt: the old ones are there as soon as the program gives the screen back, and it may still read keys.
    pty.shell_says("prompt$");
    assert!(!pty.screen.lock().unwrap().screen().alternate_screen());
    assert_eq!(pty.screen.lock().unwrap().screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    pty.press("exit 7\r");
    assert_eq!(pty.exit(), 7);
}

#[test]
fn thousands_of_tokens_under_changing_controls_leave_no_trace_in_memory_or_journal() {
    let mut it = Harness::ready((80, 24));
    it.app.context.settings.max_tokens = 50;
    it.app.context.settings.when_full = WhenFull::Slide;
    it.app.context.drawing.loops_allowed = true;
    it.write("Once upon a time,");
    it.key(crossterm::event::KeyCode::Enter);
    let mut noise = Noise(5);
    let mut most = 0;
    for round in 0..60 {
        it.settle();
        it.key(crossterm::event::KeyCode::F(5));
        let knob = KNOBS[noise.below(KNOBS.len() as u64) as usize];
        // What would end the text, or keep the engine from going on, is set by hand only.
        if !matches!(knob.name(), "preset" | "max-tokens" | "when-full" | "ignore-eos" | "stop" | "pace") {
            let steps = if noise.below(2) == 0 { 1 } else { -1 };
            knob.turn(&mut it.app.context.settings, steps, noise.below(3) == 0);
        }
        it.app.prepare();
        it.screen();
        let nodes = 0..it.app.context.text.document.next_node();
        most = most.max(nodes.filter(|&node| it.app.context.text.logits.after(node).is_some()).count());
        assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens(), "round {round}");
    }
    assert!(it.app.context.text.document.len() > 2900, "{}", it.app.context.text.document.len());
    // Rows of scores are the only thing that weighs, 200 kB each: their number has an end.
    assert!(most > 1000 && most <= LogitCache::MOST, "{most}");
    it.settle();
}

#[test]
fn two_programs_write_two_transcripts() {
    let home = tempfile::tempdir().unwrap();
    let mut both: Vec<Pty> = (0..2).map(|_| Pty::start(home.path(), &["--model", "demo", "-n", "3"], &[])).collect();
    for (pty, text) in both.iter_mut().zip(["The first one\r", "The other one\r"]) {
        pty.see("ctx ");
        pty.press(text);
    }
    for pty in &mut both {
        pty.drawn(3);
        pty.see("saved");
        pty.signal(rustix::process::Signal::TERM);
        assert_eq!(pty.exit(), 143);
    }
    let list = transcripts_in(&home.path().join("data/transcripts"));
    let texts: Vec<String> =
        list.iter().map(|it| megachat::assets::vocabulary().decode(&it.document.tokens())).collect();
    assert_eq!(texts.len(), 2);
    assert!(
        ["The first one", "The other one"].iter().all(|it| texts.iter().any(|text| text.starts_with(it))),
        "{texts:?}"
    );
}
