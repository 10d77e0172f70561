//! The README's pictures, taken of the real program in a pseudo-terminal: `cargo bench --bench pictures`.
//!
//! Seed and keys are fixed, so the text is the same each time; figures of speed are those of the moment.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a program for whoever makes the README"
)]

#[path = "pictures/svg.rs"]
mod svg;

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use svg::{DARK, LIGHT, Scheme, svg};

const COLUMNS: u16 = 110;
const PROMPT: &str = "Once upon a time, in a small house by the sea,";

/// The program in a terminal.
struct Session {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    raw: Arc<Mutex<Vec<u8>>>,
    rows: u16,
}

impl Session {
    fn start(home: &Path, theme: &str, rows: u16) -> Self {
        let size = PtySize { rows, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_megachat"));
        command.args(["--model", "demo", "--seed", "8", "--temp", "0.8", "-n", "112", "--theme", theme]);
        command.args(["--color", "true", "--ascii=no", "--no-save", "--offline"]);
        command.env("MEGACHAT_HOME", home);
        command.env("TERM", "xterm-256color");
        command.cwd(home);
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let raw = Arc::new(Mutex::new(Vec::new()));
        let kept = raw.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { child, _master: pair.master, writer, raw, rows }
    }

    /// What the terminal shows of all that came.
    fn terminal(&self) -> vt100::Parser {
        let raw = self.raw.lock().unwrap();
        // The parser knows no struck letters, but dim ones, which there are none of in colour.
        let text = String::from_utf8_lossy(&raw).replace("\x1b[9m", "\x1b[2m").replace("\x1b[29m", "\x1b[22m");
        let mut parser = vt100::Parser::new(NonZero::new(self.rows).unwrap(), NonZero::new(COLUMNS).unwrap(), 0);
        parser.process(text.as_bytes());
        parser
    }

    /// Waits until something is on the screen and nothing has come for a while.
    fn see(&self, text: &str) {
        let began = Instant::now();
        let mut before = 0;
        loop {
            std::thread::sleep(Duration::from_millis(300));
            let length = self.raw.lock().unwrap().len();
            let contents = self.terminal().screen().contents();
            if length == before && contents.contains(text) {
                return;
            }
            before = length;
            assert!(began.elapsed() < Duration::from_secs(60), "no `{text}` on\n{contents}");
        }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Presses a key so many times, then waits for something.
    fn go(&mut self, keys: &str, times: usize, see: &str) {
        self.press(&keys.repeat(times));
        self.see(see);
    }

    /// The story that all pictures tell.
    fn write(&mut self) {
        self.see("ctx 0/512");
        self.go(&format!("{PROMPT}\r"), 1, "Enter continues");
    }

    fn picture(&self, name: &str, scheme: &Scheme, title: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(format!("{name}.svg"));
        let picture = svg(self.terminal().screen(), scheme, title);
        println!("{:>6} bytes  {}", picture.len(), path.display());
        std::fs::write(path, picture).unwrap();
    }

    fn end(mut self) {
        self.press("\x1b\x03\x03");
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

const TAB: &str = "\t";
const LEFT: &str = "\x1b[D";
const ALT_LEFT: &str = "\x1b[1;3D";
const F4: &str = "\x1bOS";
const F6: &str = "\x1b[17~";
const F7: &str = "\x1b[18~";

fn main() {
    // Something else runs all programs of this kind at once to see that they do not fail.
    if !std::env::args().any(|it| it == "--bench") {
        return println!("`cargo bench --bench pictures` writes assets/*.svg");
    }
    let home = tempfile::tempdir().unwrap();
    let mut it = Session::start(home.path(), "dark", 32);
    it.write();
    it.picture("main", &DARK, "The main screen: a story, the sampling panel, the candidates of the next token");
    it.go(TAB, 1, "> text");
    it.go(LEFT, 37, "look");
    it.go("\r", 1, "another token");
    it.picture("inspector", &DARK, "A token under the inspector: its die, its flip points, what it could have been");
    it.end();

    let mut it = Session::start(home.path(), "light", 26);
    it.write();
    it.go(TAB, 1, "> text");
    it.go(LEFT, 12, "look");
    it.go(F4, 1, "surprise, bits");
    it.picture("heat", &LIGHT, "The text coloured by surprise, on a light terminal");
    it.end();

    let mut it = Session::start(home.path(), "dark", 26);
    it.write();
    it.go(TAB, 1, "> text");
    it.go(F4, 4, "impossible");
    it.go(ALT_LEFT, 20, "top-p 0.7");
    it.picture("cut", &DARK, "The words that could not have been drawn with top-p at 0.7, struck out and counted");
    it.end();

    let mut it = Session::start(home.path(), "dark", 26);
    it.write();
    it.go(F6, 1, "first difference");
    it.picture("columns", &DARK, "Compare: the same text and the same dice under two temperatures");
    it.go("\x1b", 1, "> input");
    it.go(TAB, 1, "> text");
    for (left, words) in [(45, " a big grey cat"), (50, " nobody")] {
        it.go(LEFT, left, "look");
        it.go("t", 1, "> input");
        it.go(&format!("{words}\r"), 1, "Enter continues");
        it.go(TAB, 1, "> text");
    }
    it.go(F7, 1, "branches");
    it.picture("tree", &DARK, "The branches of a text");
    it.end();
}
