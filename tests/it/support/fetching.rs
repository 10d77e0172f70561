//! Downloads as most tests want them: noise for a body, hasty limits, every event kept as text.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use megachat::install::download::{Attempt, DownloadError, Downloaded, Limits, Options, download};
use megachat::install::source::{Kind, Source};
use sha2::{Digest, Sha256};

use super::fault_server::FaultServer;

/// Large enough for several chunks, small enough for hundreds of transfers.
pub(crate) const LEN: usize = 200_000;

/// Bytes without a pattern, the same in every run.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = vec![0x80];
    while bytes.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.push((state >> 56) as u8);
    }
    bytes
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(crate) fn source(url: String, body: Option<&[u8]>) -> Source {
    Source {
        label: "test".to_owned(),
        url,
        file_name: "m.pt".to_owned(),
        size: None,
        sha256: body.map(sha256),
        kind: Kind::TorchFile,
    }
}

/// Where the downloader stops looking at the first bytes. So few are not kept: they do not tell what they are.
pub(crate) const HEAD: usize = 512;

/// Positions below `limit` without a pattern, the same in every run.
pub(crate) fn points(count: usize, limit: usize, seed: u64) -> Vec<usize> {
    let number = |it: &[u8]| it.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    // The first byte of noise is always the same.
    noise(1 + count * 4, seed)[1..].chunks_exact(4).map(|it| number(it) % limit).collect()
}

/// Limits under which nothing takes long, and nothing is given up because the machine is busy.
pub(crate) fn hasty() -> Options {
    Options {
        limits: Limits {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(4),
            longest_retry_after: Duration::from_millis(80),
            report_every: Duration::from_millis(1),
            ..Limits::default()
        },
        ca_file: None,
        offline: false,
    }
}

/// Runs to the end and keeps every event as text.
pub(crate) fn fetch(
    sources: &[Source],
    directory: &Path,
    options: &Options,
) -> (Result<Downloaded, DownloadError>, Vec<String>) {
    let mut events = Vec::new();
    let result = download(sources, directory, options, &AtomicBool::new(false), &mut |event| {
        events.push(format!("{event:?}"));
    });
    (result, events)
}

pub(crate) fn fetch_one(server: &FaultServer, body: &[u8], options: &Options) -> (Downloaded, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt"), Some(body))];
    let (result, events) = fetch(&sources, directory.path(), options);
    let downloaded = result.unwrap_or_else(|error| panic!("{error}\n{events:#?}"));
    assert_eq!(fs::read(&downloaded.path).unwrap(), body);
    assert_eq!(downloaded.sha256, sha256(body));
    (downloaded, events)
}

/// Why it failed, one answer per line.
pub(crate) fn answers(result: Result<Downloaded, DownloadError>) -> Vec<Attempt> {
    match result {
        Err(DownloadError::AllSourcesFailed(failed)) => failed.attempts,
        other => panic!("expected every source to fail, got {other:?}"),
    }
}

pub(crate) fn count(events: &[String], name: &str) -> usize {
    events.iter().filter(|event| event.starts_with(name)).count()
}

pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
