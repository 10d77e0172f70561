//! The program as a process of its own, in a home of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use megachat::document::{Document, Journal};
use megachat::store::transcripts;

/// What a test waits for happens in a moment; only a machine in distress needs longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The name under which a download is installed.
const NAME: &str = "megatron-345m";

/// A directory for everything that the program keeps.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.path().join("data/models")
    }

    pub(crate) fn downloads(&self) -> PathBuf {
        self.path().join("cache/downloads")
    }

    /// `megachat model download` from these addresses.
    pub(crate) fn download(&self, urls: &[String]) -> Command {
        download_into(self.path(), urls)
    }

    /// The installed model: every file with its bytes; `None` if there is none.
    pub(crate) fn model(&self) -> Option<Vec<(String, Vec<u8>)>> {
        files(&self.models().join(NAME))
    }
}

/// `megachat model download` into another home.
pub(crate) fn download_into(home: &Path, urls: &[String]) -> Command {
    let mut command = megachat(home, &["model", "download"]);
    for url in urls {
        command.args(["--model-url", url]);
    }
    command.stdout(Stdio::null());
    command
}

/// The program with these arguments and nothing on standard input.
pub(crate) fn megachat(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_megachat"));
    // The developer's own settings and network must not decide whether a test passes.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if text.starts_with("MEGACHAT_")
            || text.ends_with("_PROXY")
            || text.starts_with("SSL_CERT_")
            || text.starts_with("HF_")
        {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("MEGACHAT_HOME", home);
    // What it writes where it stands must not stay.
    if home.is_dir() {
        command.current_dir(home);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Every file of a directory with its bytes, sorted; `None` if there is no directory.
pub(crate) fn files(directory: &Path) -> Option<Vec<(String, Vec<u8>)>> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .ok()?
        .map(|it| it.unwrap())
        .map(|it| (it.file_name().into_string().unwrap(), std::fs::read(it.path()).unwrap()))
        .collect();
    files.sort();
    Some(files)
}

/// Damages a file: one bit in its middle.
pub(crate) fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A running child whose words on standard error are kept; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, said: String::new() }
    }

    /// Waits until a line holds these words.
    pub(crate) fn hear(&mut self, words: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.said.contains(words) {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("no `{words}` in:\n{}", self.said) };
            self.said = format!("{}{line}\n", self.said);
        }
    }

    /// Sends a signal to it, and to nobody else.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Its exit status, `None` if a signal ended it, and everything it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        self.said.extend(self.lines.iter().map(|line| line + "\n"));
        (status.code(), std::mem::take(&mut self.said))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A transcript as it lies in its directory.
pub(crate) struct Kept {
    pub(crate) document: Document,
    pub(crate) journal: Journal,
}

/// The transcripts in a directory, by their names, the last one first; those that can be read.
pub(crate) fn transcripts_in(directory: &Path) -> Vec<Kept> {
    let kept = |id: String| {
        let journal = transcripts::read_file(&directory.join(format!("{id}.jsonl"))).ok()?;
        Some(Kept { document: transcripts::replay(&journal), journal })
    };
    transcripts::ids(directory).unwrap_or_default().into_iter().filter_map(kept).collect()
}
