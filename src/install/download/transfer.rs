//! One request and its body, on a thread of its own.
//!
//! Looking up a name and opening a connection cannot be interrupted from outside, so they happen
//! on a thread that the caller may walk away from. The caller waits in short slices and looks at
//! its cancel flag between them; whatever the network does, it is back within a moment. Walking
//! away shuts the connection, which ends the thread.
//!
//! Not here: what an answer means ([`super::answer`]), retries, files.
//!
//! Source: ureq 3.5, whose `timeout_per_read` limits each single read and the wait for the
//! header, while its `timeout_recv_body` would limit the whole body, however healthy.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, http};

use super::Limits;
use super::answer::Head;
use super::fault::{Fault, Nature, explain};
use super::pace::Floor;
use super::proxy::Route;
use crate::files::{self, Place};
use crate::text::visible_path;
use crate::threads;

/// How long the caller waits before it looks at its cancel flag.
const SLICE: Duration = Duration::from_millis(20);

/// Bytes per message. With [`QUEUE`] messages on the way a slow disk holds the network back.
const CHUNK: usize = 64 * 1024;

/// Messages that may wait for the caller.
const QUEUE: usize = 8;

/// What to ask for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The full address, query included.
    pub(super) url: String,
    /// Ask only for the bytes from here on, if the file still has this `ETag`.
    pub(super) resume: Option<(u64, String)>,
}

/// What arrives, in this order: at most one head, bytes, exactly one end.
#[derive(Debug)]
pub(super) enum Message {
    /// The header of the answer.
    Head(Head),
    /// The next bytes of the body.
    Bytes(Vec<u8>),
    /// The body is over, or something went wrong.
    End(Result<(), Fault>),
    /// The caller's cancel flag is set.
    Cancelled,
}

/// A running transfer; dropping it hangs up.
#[derive(Debug)]
pub(super) struct Transfer {
    messages: Receiver<Message>,
    agent: Agent,
    floor: Floor,
    too_slow: bool,
}

impl Transfer {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// If the certificate file cannot be used.
    pub(super) fn start(request: Request, limits: &Limits, ca_file: Option<&Path>) -> Result<Self, Fault> {
        let route = Route::of(&request.url, &|name| std::env::var(name).ok())?;
        let agent = agent(&request.url, limits, ca_file, &route)?;
        let (sender, messages) = sync_channel(QUEUE);
        let worker = agent.clone();
        threads::start("download", "the transfer", move || work(&worker, &request, &route, &sender))
            .map_err(|error| Fault { why: error.to_string(), nature: Nature::Permanent })?;
        Ok(Self { messages, agent, floor: Floor::new(limits, Instant::now()), too_slow: false })
    }

    /// Waits for the next message, or for the cancel flag, or until it is too slow to go on.
    pub(super) fn next(&mut self, cancel: &AtomicBool) -> Message {
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Message::Cancelled;
            }
            if self.too_slow {
                return broken("the transfer is too slow to ever finish");
            }
            let received = self.messages.recv_timeout(SLICE);
            let bytes = if let Ok(Message::Bytes(bytes)) = &received { bytes.len() } else { 0 };
            // Told only at the next call, so that the bytes in hand are not lost.
            self.too_slow = self.floor.is_broken(bytes, Instant::now());
            match received {
                Ok(message) => return message,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return broken("the transfer ended without a word");
                }
            }
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.agent.clone().shutdown();
    }
}

fn broken(why: &str) -> Message {
    Message::End(Err(Fault { why: why.to_owned(), nature: Nature::Broken }))
}

fn agent(url: &str, limits: &Limits, ca_file: Option<&Path>, route: &Route) -> Result<Agent, Fault> {
    let encrypted = url.trim_start().get(..6).is_some_and(|it| it.eq_ignore_ascii_case("https:"));
    let roots = ca_file.map_or_else(system_certificates, read_certificates)?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Checked at every redirect too: an encrypted address must not lead to an open one.
        .https_only(encrypted)
        .max_redirects(10)
        .user_agent(concat!("megachat/", env!("CARGO_PKG_VERSION")))
        // Each attempt is a connection of its own; a kept one may be the one that just broke.
        .max_idle_connections(0)
        .timeout_resolve(Some(limits.connect_timeout))
        .timeout_connect(Some(limits.connect_timeout))
        .timeout_per_read(Some(limits.read_timeout))
        .timeout_per_write(Some(limits.read_timeout))
        .proxy(route.proxy())
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build();
    Ok(config.new_agent())
}

fn certificate_fault(path: &Path, why: &str) -> Fault {
    Fault { why: format!("certificate file {}: {why}", visible_path(path)), nature: Nature::Permanent }
}

/// The certificates that the system trusts. A library reads them; what `SSL_CERT_FILE` names it opens, whatever that is.
fn system_certificates() -> Result<RootCerts, Fault> {
    let counts = cfg!(all(unix, not(target_os = "macos")));
    let named = std::env::var_os("SSL_CERT_FILE").filter(|it| counts && !it.is_empty()).map(PathBuf::from);
    if let Some(path) = named
        && let Err(error) = files::open(Place::Certificates, &path)
    {
        return Err(certificate_fault(&path, &format!("{error}. The variable SSL_CERT_FILE names it")));
    }
    Ok(RootCerts::PlatformVerifier)
}

/// Reads the certificates that are trusted instead of the system's.
fn read_certificates(path: &Path) -> Result<RootCerts, Fault> {
    let fault = |why: String| certificate_fault(path, &why);
    let text = files::read(Place::Certificates, path).map_err(|error| fault(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| fault(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(fault("it holds no certificate".to_owned()));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

/// The thread's body. A failed send means that the caller walked away, which is no error.
fn work(agent: &Agent, request: &Request, route: &Route, sender: &SyncSender<Message>) {
    let mut call = agent.get(&request.url).header("Accept-Encoding", "identity");
    if let Some((from, etag)) = &request.resume {
        call = call.header("Range", format!("bytes={from}-")).header("If-Range", etag);
    }
    let end = match call.call() {
        Err(error) => Err(route.blame(explain(&error, true))),
        Ok(answer) => {
            let mut head = head(&answer);
            let packed = unpack(&mut head);
            if sender.send(Message::Head(head)).is_err() {
                return;
            }
            let body = answer.into_body().into_reader();
            if packed { forward(MultiGzDecoder::new(body), sender) } else { forward(body, sender) }
        }
    };
    let _ = sender.send(Message::End(end));
}

/// Whether a body is to be unpacked, as some servers pack it whatever was asked for. Length and tag are those of what was
/// sent, not of the file; so such a download cannot be continued.
fn unpack(head: &mut Head) -> bool {
    let gzip = |it: &String| ["gzip", "x-gzip"].iter().any(|name| it.trim().eq_ignore_ascii_case(name));
    let packed = head.status == 200 && head.encoding.as_ref().is_some_and(gzip);
    if packed {
        (head.encoding, head.length, head.etag) = (None, None, None);
    }
    packed
}

fn forward(mut reader: impl Read, sender: &SyncSender<Message>) -> Result<(), Fault> {
    loop {
        let mut chunk = vec![0; CHUNK];
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                chunk.truncate(read);
                if sender.send(Message::Bytes(chunk)).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(explain(&ureq::Error::from(error), false)),
        }
    }
}

fn head(answer: &http::Response<Body>) -> Head {
    let header = |name: &str| {
        let value = answer.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    Head {
        status: answer.status().as_u16(),
        text: status_text(answer.status()),
        etag: header("etag"),
        length: answer.body().content_length(),
        content_range: header("content-range"),
        encoding: header("content-encoding"),
        retry_after: header("retry-after"),
        error_code: header("x-error-code"),
        error_message: header("x-error-message"),
    }
}

/// Code and reason; the reason is the registered one, because servers may write anything there.
fn status_text(status: http::StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
