//! The clipboard: the system's own where a tool reaches it, else the terminal's, which does not answer.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Input;
use crate::app::Copied;
use crate::memory;
use crate::threads;

/// How long a tool may take. One that hangs has lost its display.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most that many terminals take: 100,000 characters of base64.
pub(super) const MOST_BYTES: usize = 74_994;

/// A program that fills the clipboard from its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tool {
    program: &'static str,
    arguments: &'static [&'static str],
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    /// Little-endian, as Windows writes it.
    Utf16,
}

const fn tool(program: &'static str, arguments: &'static [&'static str]) -> Tool {
    Tool { program, arguments, encoding: Encoding::Utf8 }
}

const PBCOPY: Tool = tool("pbcopy", &[]);
const WL_COPY: Tool = tool("wl-copy", &[]);
const XCLIP: Tool = tool("xclip", &["-selection", "clipboard", "-in"]);
const XSEL: Tool = tool("xsel", &["--clipboard", "--input"]);
const WIN32YANK: Tool = tool("win32yank.exe", &["-i"]);
const CLIP: Tool = Tool { program: "clip.exe", arguments: &[], encoding: Encoding::Utf16 };

/// The tool that reaches the clipboard of the user at the screen; `None` where only the terminal does.
pub(super) fn tool_for(os: &str, is_set: &dyn Fn(&str) -> bool, has: &dyn Fn(&str) -> bool) -> Option<Tool> {
    // Behind ssh, the clipboard of this machine is not the user's.
    if is_set("SSH_CONNECTION") || is_set("SSH_TTY") {
        return None;
    }
    let windows = os == "windows" || is_set("WSL_DISTRO_NAME") || is_set("WSL_INTEROP");
    let wayland = is_set("WAYLAND_DISPLAY");
    let x11 = is_set("DISPLAY");
    let tools =
        [(os == "macos", PBCOPY), (windows, WIN32YANK), (windows, CLIP), (wayland, WL_COPY), (x11, XCLIP), (x11, XSEL)];
    tools.into_iter().find(|&(makes_sense, it)| makes_sense && has(it.program)).map(|it| it.1)
}

/// The same for this machine.
pub(super) fn tool_here() -> Option<Tool> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    let has = |program: &str| std::env::split_paths(&path).any(|it| is_program(&it.join(program)));
    tool_for(std::env::consts::OS, &is_set, &has)
}

fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&match path.metadata() {
        Ok(it) if it.is_file() => it.permissions(),
        _ => return false,
    }) & 0o111
        != 0;
    #[cfg(not(unix))]
    return path.is_file();
}

/// Copies with a tool, in a thread of its own; what came of it arrives in the inbox.
pub(super) fn copy_with(tool: Tool, text: String, inbox: std::sync::mpsc::Sender<Input>) {
    let (again, back) = (text.clone(), inbox.clone());
    let body = move || {
        let input = match run(tool, &text) {
            Ok(()) => Input::Msg(crate::app::Msg::Copied {
                characters: text.chars().count(),
                how: Copied::With(tool.program.to_owned()),
            }),
            Err(why) => Input::NotCopied { text, why: format!("{} {why}", tool.program) },
        };
        drop(inbox.send(input));
    };
    if let Err(error) = threads::start("clipboard", "the clipboard", body) {
        drop(back.send(Input::NotCopied { text: again, why: error.to_string() }));
    }
}

fn run(tool: Tool, text: &str) -> Result<(), String> {
    let bytes = match tool.encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    };
    let mut command = Command::new(tool.program);
    // It may serve the clipboard for as long as it may be wanted: Ctrl-Z stops this program, and not that.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .args(tool.arguments)
        .stdin(Stdio::piped())
        // It may live on to serve the clipboard; nothing of ours may hang on that.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("cannot be started: {e}"))?;
    memory::unlimited(&child);
    // A tool that does not read must not keep this waiting for longer than any other.
    let stdin = child.stdin.take();
    if let Err(error) = threads::start("copy", "the clipboard", move || stdin.map(|mut it| it.write_all(&bytes))) {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("is not used: {error}"));
    }
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("failed ({status})")),
            Ok(None) if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not answer in {} seconds", PATIENCE.as_secs()));
            }
            Err(e) => return Err(format!("is lost: {e}")),
        }
    }
}

/// What makes a terminal put a text into its clipboard: OSC 52. The text is in it as base64, so that nothing of it means
/// anything to the terminal. `None` if it is longer than many terminals take.
pub(super) fn osc52(text: &str, in_tmux: bool) -> Option<String> {
    if text.len() > MOST_BYTES {
        return None;
    }
    let plain = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    if !in_tmux {
        return Some(plain);
    }
    // tmux takes the plain one, or lets the wrapped one through, or neither: by `set-clipboard` and `allow-passthrough`.
    let wrapped = plain.replace('\x1b', "\x1b\x1b");
    Some(format!("{plain}\x1bPtmux;{wrapped}\x1b\\"))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests;
