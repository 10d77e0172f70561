//! How long a key takes to show on the screen of the real program: `cargo bench --bench latency`.
//!
//! From the byte that is written to a pseudo-terminal to the frame that shows what it did, while nothing happens and while the
//! model writes as fast as it can. A frame has 16 ms, and a key comes on average in the middle of one.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for whoever measures")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Keys that are timed in each state.
const KEYS: usize = 200;
const COLUMNS: u16 = 120;
const ROWS: u16 = 40;

struct Screen {
    child: Box<dyn Child + Send + Sync>,
    reader: Box<dyn Read + Send>,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
    parser: vt100::Parser,
}

impl Screen {
    fn open(home: &Path, model: &str) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_megachat"));
        // Warm enough that it does not go round in circles, which would pause it.
        command.args(["--model", model, "--ignore-eos", "-n", "0", "--when-full", "slide", "-s", "7", "--no-save"]);
        command.args(["--preset", "gpt2"]);
        command.env("MEGACHAT_HOME", home);
        command.env("TERM", "xterm-256color");
        command.cwd(home);
        let child = pair.slave.spawn_command(command).unwrap();
        let (reader, writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let parser = vt100::Parser::new(NonZero::new(ROWS).unwrap(), NonZero::new(COLUMNS).unwrap(), 0);
        Self { child, reader, writer, _master: pair.master, parser }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
    }

    fn wait_for(&mut self, mut seen: impl FnMut(&str) -> bool) {
        let mut buffer = [0; 16_384];
        while !seen(&self.parser.screen().contents()) {
            let n = self.reader.read(&mut buffer).unwrap();
            assert!(n > 0, "the program ended");
            self.parser.process(&buffer[..n]);
        }
    }

    /// From a key to the frame that shows it, for many keys at uneven times.
    fn time(&mut self) -> Vec<Duration> {
        let title = |screen: &str| screen.lines().next().unwrap_or_default().to_owned();
        let mut times = Vec::new();
        for n in 0..KEYS {
            // Whatever came meanwhile has been read; what is timed is not how fast this program reads.
            std::thread::sleep(Duration::from_micros(20_000 + (n as u64 * 7_919) % 33_000));
            let before = title(&self.parser.screen().contents());
            // One step of temperature up, one down.
            let began = Instant::now();
            self.press(if n % 2 == 0 { "\x1b[1;3A" } else { "\x1b[1;3B" });
            self.wait_for(|screen| title(screen) != before);
            times.push(began.elapsed());
        }
        times.sort();
        times
    }
}

fn tell(what: &str, times: &[Duration]) {
    let ms = |it: Duration| it.as_secs_f64() * 1e3;
    let at = |share: f64| ms(times[((times.len() - 1) as f64 * share) as usize]);
    println!(
        "{what:<10} median {:5.1} ms  95 % within {:5.1}  99 % {:5.1}  worst {:5.1}",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
}

fn main() {
    let model = std::env::var("MEGACHAT_BENCH_MODEL").unwrap_or_else(|_| "demo".to_owned());
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::open(home.path(), &model);
    screen.wait_for(|screen| screen.contains("ctx "));
    println!("{model}, {COLUMNS}x{ROWS}: from a key to the frame that shows it, {KEYS} keys");
    tell("idle", &screen.time());
    screen.press("Once upon a time\r");
    screen.wait_for(|screen| screen.contains("tok/s"));
    tell("writing", &screen.time());
    let line = screen.parser.screen().contents();
    let speed = line.split_whitespace().collect::<Vec<_>>();
    let speed = speed.windows(2).find(|it| it[1] == "tok/s").map_or("?", |it| it[0]);
    println!("meanwhile the model wrote {speed} tokens a second");
    screen.press("\x03");
    screen.press("\x04");
    let _ = screen.child.kill();
    let _ = screen.child.wait();
}
