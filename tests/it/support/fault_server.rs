//! A small HTTP server that misbehaves on purpose.
//!
//! It serves one file on the loopback interface and follows a plan: one [`Fault`] per accepted
//! connection, in order, and the last one for all that follow. Each connection has a thread of
//! its own, so a stalled one holds up nobody. What every client asked for is kept.
//!
//! It is not a web server: it reads one request per connection and knows no method but `GET`.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::support::program::PATIENCE;

/// What goes wrong on one connection.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing: ranges and `If-Range` are honoured.
    None,
    /// This status line, such as "410 Gone", with extra header lines and a body.
    Status(&'static str, Vec<String>, Vec<u8>),
    /// Hangs up after this many bytes of the body.
    Drop(usize),
    /// Hangs up in front of this byte of the file, wherever the answer began.
    DropAt(usize),
    /// The same with a reset, which may cost the client bytes that it has not read yet.
    ResetAt(usize),
    /// Answers `200` with everything, whatever range was asked for; hangs up after this many
    /// bytes.
    IgnoreRange(usize),
    /// Answers a range with this `Content-Range` (none if empty) and the bytes from the offset.
    WrongRange(String, usize),
    /// Answers a range with `206` although its `ETag` does not match any more.
    IgnoreIfRange,
    /// Sends this many bytes of the body, then nothing for so long.
    Stall(usize, Duration),
    /// One byte of the body every so often.
    Trickle(Duration),
    /// Accepts and says nothing for so long.
    Mute(Duration),
    /// The right number of bytes, one of them wrong.
    FlipByte(usize),
    /// `Transfer-Encoding: chunked`, no length, hangs up without the last chunk after this many.
    ChunkedDrop(usize),
    /// `Transfer-Encoding: chunked`, no length, all of it.
    Chunked,
    /// No length, no chunks, no tag: hangs up after this many bytes, and nobody can tell whether that was all.
    Unmeasured(usize),
    /// These bytes instead of an answer, then hangs up.
    Raw(Vec<u8>),
    /// An answer's header that never ends, one line every so often.
    EndlessHead(Duration),
    /// The body in pieces with this pause after each 64 KiB.
    Slow(Duration),
}

/// The file served now.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    /// Its bytes.
    pub(crate) body: Vec<u8>,
    /// The `ETag` header, quotes and all; empty for none.
    pub(crate) etag: String,
}

/// What one client asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) target: String,
    /// The `Range` header.
    pub(crate) range: Option<String>,
    /// The `If-Range` header.
    pub(crate) if_range: Option<String>,
    /// The `Accept-Encoding` header.
    pub(crate) accept_encoding: Option<String>,
}

#[derive(Debug)]
struct Shared {
    plan: Mutex<Vec<Fault>>,
    /// Per connection, what is served from then on; the last one stays.
    contents: Mutex<Vec<Content>>,
    /// What is served under which path instead, and nothing under any other; none: everything under every path.
    files: Vec<(String, Content)>,
    asked: Mutex<Vec<Asked>>,
    /// Told of every request.
    came: Condvar,
    sent: AtomicU64,
}

/// The running server. Its thread ends with the test process.
#[derive(Debug, Clone)]
pub(crate) struct FaultServer {
    shared: Arc<Shared>,
    port: u16,
}

impl FaultServer {
    /// Serves `body` with the `ETag` `"one"` according to `plan`.
    pub(crate) fn start(body: &[u8], plan: Vec<Fault>) -> Self {
        let content = Content { body: body.to_vec(), etag: "\"one\"".to_owned() };
        Self::start_with(vec![content], plan)
    }

    /// As [`FaultServer::start`], with one content per connection; the last one stays.
    pub(crate) fn start_with(contents: Vec<Content>, plan: Vec<Fault>) -> Self {
        Self::serving(contents, Vec::new(), plan)
    }

    /// Serves files by their paths, which begin with a slash.
    pub(crate) fn start_files(files: Vec<(String, Vec<u8>)>, plan: Vec<Fault>) -> Self {
        let content = |(path, body): (String, Vec<u8>)| (path.clone(), Content { body, etag: format!("\"{path}\"") });
        let nothing = Content { body: Vec::new(), etag: String::new() };
        Self::serving(vec![nothing], files.into_iter().map(content).collect(), plan)
    }

    fn serving(contents: Vec<Content>, files: Vec<(String, Content)>, plan: Vec<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let port = listener.local_addr().expect("a bound listener").port();
        let shared = Arc::new(Shared {
            plan: Mutex::new(plan),
            contents: Mutex::new(contents),
            files,
            asked: Mutex::default(),
            came: Condvar::new(),
            sent: AtomicU64::new(0),
        });
        let server = Self { shared: Arc::clone(&shared), port };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let fault = next(&shared.plan).unwrap_or(Fault::None);
                let content = next(&shared.contents).expect("something to serve");
                let shared = Arc::clone(&shared);
                // A client that hangs up early is part of the game.
                std::thread::spawn(move || serve(stream, &fault, &content, &shared));
            }
        });
        server
    }

    /// The address of the file, or of any other path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Where it listens, on `127.0.0.1`.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What was asked so far, one entry per connection.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("no panic while logging").clone()
    }

    /// Waits until somebody has asked.
    pub(crate) fn wait_until_asked(&self) {
        let asked = self.shared.asked.lock().expect("no panic while logging");
        let came = self.shared.came.wait_timeout_while(asked, PATIENCE, |it| it.is_empty());
        assert!(!came.expect("no panic while logging").1.timed_out(), "nobody asks");
    }

    /// Bytes of bodies handed to the system so far; a client need not have read them all.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

/// Takes the first entry, or repeats the last.
fn next<T: Clone>(list: &Mutex<Vec<T>>) -> Option<T> {
    let mut list = list.lock().expect("no panic while planning");
    if list.len() > 1 { Some(list.remove(0)) } else { list.first().cloned() }
}

/// Serves one connection; `None` if the client went away or the plan says so.
#[expect(clippy::wildcard_enum_match_arm, reason = "each fault differs in one place only")]
fn serve(mut stream: TcpStream, fault: &Fault, content: &Content, shared: &Shared) -> Option<()> {
    let asked = read_request(&stream)?;
    shared.asked.lock().expect("no panic while logging").push(asked.clone());
    shared.came.notify_all();
    let by_path = shared.files.iter().find(|it| it.0 == asked.target);
    if by_path.is_none() && !shared.files.is_empty() {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok();
    }
    let content = by_path.map_or(content, |it| &it.1);
    let whole = content.body.as_slice();
    let tag_fits = asked.if_range.as_ref().is_none_or(|tag| *tag == content.etag);
    let honour = tag_fits || matches!(fault, Fault::IgnoreIfRange);
    let start = asked.range.as_deref().and_then(parse_range).filter(|_| honour);

    match fault {
        Fault::Status(status, headers, body) => {
            write!(stream, "HTTP/1.1 {status}\r\n").ok()?;
            for line in headers {
                write!(stream, "{line}\r\n").ok()?;
            }
            write!(stream, "Content-Length: {}\r\n\r\n", body.len()).ok()?;
            return stream.write_all(body).ok();
        }
        Fault::Mute(pause) => {
            // Silent for so long, or until the other side gives up.
            stream.set_read_timeout(Some(*pause)).ok()?;
            let _ = stream.read(&mut [0]);
            return None;
        }
        Fault::Unmeasured(after) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").ok()?;
            return send(&mut stream, &whole[..*after], shared);
        }
        Fault::Raw(bytes) => return stream.write_all(bytes).ok(),
        Fault::EndlessHead(pause) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").ok()?;
            loop {
                stream.write_all(b"X-More: to come\r\n").ok()?;
                std::thread::sleep(*pause);
            }
        }
        Fault::WrongRange(range, from) if start.is_some() => {
            let line = if range.is_empty() { String::new() } else { format!("Content-Range: {range}\r\n") };
            let body = &whole[*from..];
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nETag: {}\r\n{line}Content-Length: {}\r\n\r\n",
                content.etag,
                body.len()
            );
            stream.write_all(head.as_bytes()).ok()?;
            return send(&mut stream, body, shared);
        }
        _ => {}
    }

    let start = start.filter(|_| !matches!(fault, Fault::IgnoreRange(_)));
    if start.is_some_and(|from| from >= whole.len()) {
        let head = format!(
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{}\r\nContent-Length: 0\r\n\r\n",
            whole.len()
        );
        return stream.write_all(head.as_bytes()).ok();
    }
    let chunked = matches!(fault, Fault::Chunked | Fault::ChunkedDrop(_));
    stream.write_all(head(content, start, chunked).as_bytes()).ok()?;
    let from = start.unwrap_or(0);
    if let Fault::DropAt(at) | Fault::ResetAt(at) = fault {
        send(&mut stream, &whole[from..(*at).max(from)], shared)?;
        if matches!(fault, Fault::ResetAt(_)) {
            reset(&stream);
        }
        return None;
    }
    send_body(&mut stream, &whole[from..], fault, shared)
}

fn head(content: &Content, start: Option<usize>, chunked: bool) -> String {
    let len = content.body.len();
    let mut head = match start {
        Some(from) => {
            format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{len}\r\n", len.saturating_sub(1))
        }
        None => "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\n".to_owned(),
    };
    if !content.etag.is_empty() {
        head = format!("{head}ETag: {}\r\n", content.etag);
    }
    if chunked {
        return format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    }
    format!("{head}Content-Length: {}\r\n\r\n", len - start.unwrap_or(0))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "each fault differs in one place only")]
fn send_body(stream: &mut TcpStream, body: &[u8], fault: &Fault, shared: &Shared) -> Option<()> {
    match fault {
        Fault::Drop(after) | Fault::IgnoreRange(after) => send(stream, &body[..body.len().min(*after)], shared),
        Fault::Stall(after, pause) => {
            send(stream, &body[..body.len().min(*after)], shared)?;
            std::thread::sleep(*pause);
            None
        }
        Fault::Trickle(pause) => body.chunks(1).try_for_each(|byte| {
            std::thread::sleep(*pause);
            send(stream, byte, shared)
        }),
        Fault::Slow(pause) => body.chunks(64 * 1024).try_for_each(|piece| {
            std::thread::sleep(*pause);
            send(stream, piece, shared)
        }),
        Fault::FlipByte(at) => {
            let mut body = body.to_vec();
            body[*at] ^= 1;
            send(stream, &body, shared)
        }
        Fault::Chunked => {
            send_chunk(stream, body, shared)?;
            stream.write_all(b"0\r\n\r\n").ok()
        }
        Fault::ChunkedDrop(after) => send_chunk(stream, &body[..*after], shared),
        _ => send(stream, body, shared),
    }
}

/// Makes the system reset the connection when it is closed.
fn reset(stream: &TcpStream) {
    use nix::sys::socket::{setsockopt, sockopt::Linger};
    let now = nix::libc::linger { l_onoff: 1, l_linger: 0 };
    setsockopt(stream, Linger, &now).expect("an open socket");
}

fn send_chunk(stream: &mut TcpStream, body: &[u8], shared: &Shared) -> Option<()> {
    stream.write_all(format!("{:x}\r\n", body.len()).as_bytes()).ok()?;
    send(stream, body, shared)?;
    stream.write_all(b"\r\n").ok()
}

fn send(stream: &mut TcpStream, bytes: &[u8], shared: &Shared) -> Option<()> {
    // Counted first: the client may have it all, and a test ask, before this thread goes on.
    shared.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
    let written = stream.write_all(bytes);
    if written.is_err() {
        shared.sent.fetch_sub(bytes.len() as u64, Ordering::SeqCst);
    }
    written.ok()
}

fn read_request(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split_whitespace().nth(1)?.to_owned();
    let mut asked = Asked { target, ..Asked::default() };
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            return Some(asked);
        };
        match name.to_ascii_lowercase().as_str() {
            "range" => asked.range = Some(value.to_owned()),
            "if-range" => asked.if_range = Some(value.to_owned()),
            "accept-encoding" => asked.accept_encoding = Some(value.to_owned()),
            _ => {}
        }
    }
}

fn parse_range(value: &str) -> Option<usize> {
    value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}
