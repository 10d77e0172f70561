//! Answers that are none: compressed, without a length, endless, contradicting themselves. Each has its sentence, or the
//! file comes out right.

use std::time::Duration;

use crate::support::demo_zip;
use crate::support::fault_server::{Fault, FaultServer};
use crate::support::fetching::{LEN, answers, count, fetch, fetch_one, hasty, names, noise, sha256, source};
use crate::support::program::{Home, err, files};

#[test]
fn a_body_in_a_compression_that_nobody_asked_for_is_refused() {
    for encoding in ["br", "zstd", "deflate", "x-gzip, identity"] {
        let header = vec![format!("Content-Encoding: {encoding}")];
        let server = FaultServer::start(b"", vec![Fault::Status("200 OK", header, noise(LEN, 80))]);
        let directory = tempfile::tempdir().unwrap();
        let (result, _) = fetch(&[source(server.url("m.pt"), None)], directory.path(), &hasty());
        let said = "200 OK, but the body is compressed, which was not asked for";
        assert_eq!(answers(result)[0].answer, said, "{encoding}");
        assert_eq!(names(directory.path()), ["m.pt.lock"]);
    }
}

#[test]
fn a_body_in_gzip_is_unpacked_and_one_cut_short_is_fetched_anew() {
    use std::io::Write as _;
    let body = [noise(LEN, 85), vec![b'x'; LEN]].concat();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&body).unwrap();
    let packed = encoder.finish().unwrap();
    for encoding in ["gzip", "x-gzip", " GZIP "] {
        let headers = || vec![format!("Content-Encoding: {encoding}"), "ETag: \"packed\"".to_owned()];
        let (short, whole) = (packed[..packed.len() / 2].to_vec(), packed.clone());
        let plan = vec![Fault::Status("200 OK", headers(), short), Fault::Status("200 OK", headers(), whole)];
        let server = FaultServer::start(b"", plan);
        let directory = tempfile::tempdir().unwrap();
        let (result, _) = fetch(&[source(server.url("m.pt"), None)], directory.path(), &hasty());
        assert_eq!(result.unwrap().sha256, sha256(&body), "{encoding}");
        // The tag is that of the packed bytes, so no range of the file may be asked for by it.
        assert!(server.asked().iter().all(|it| it.range.is_none()));
    }
}

#[test]
fn a_stream_without_length_and_tag_is_taken_whole_or_fetched_anew() {
    let body = noise(LEN, 81);
    let server = FaultServer::start(&body, vec![Fault::Unmeasured(LEN)]);
    let (_, events) = fetch_one(&server, &body, &hasty());
    assert!(events.concat().contains("total: None"));
    // Cut short it looks complete; only the hash tells.
    let server = FaultServer::start(&body, vec![Fault::Unmeasured(LEN / 2), Fault::Unmeasured(LEN)]);
    let (_, events) = fetch_one(&server, &body, &hasty());
    assert_eq!(count(&events, "Restarting"), 1);
    assert!(server.asked().iter().all(|it| it.range.is_none()));
}

#[test]
fn a_stream_that_was_cut_short_is_not_in_the_way_of_the_next_start() {
    // As the publisher's archive comes: no length, no tag, no hash known.
    let server = FaultServer::start(
        demo_zip(),
        vec![Fault::Unmeasured(demo_zip().len() / 2), Fault::Unmeasured(demo_zip().len())],
    );
    let home = Home::new();
    let url = [server.url("v0.0/zip")];
    let output = home.download(&url).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("the next start fetches it anew") && home.model().is_none(), "{}", err(&output));
    let left: Vec<_> = files(&home.downloads()).unwrap().into_iter().map(|it| it.0).collect();
    assert_eq!(left, ["zip.lock"]);
    let output = home.download(&url).output().unwrap();
    assert!(output.status.success() && home.model().is_some(), "{}", err(&output));
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn answers_that_break_the_rules_never_become_a_wrong_file() {
    let body = noise(LEN, 82);
    let with = |header: &str, body: &[u8]| [header.as_bytes(), b"\r\n\r\n", body].concat();
    let large = format!("HTTP/1.1 200 OK\r\nX-Long: {}", "x".repeat(1 << 20));
    for (why, raw) in [
        ("no HTTP at all", body.clone()),
        ("nothing", Vec::new()),
        ("half a header", b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
        ("a length that is no number", with("HTTP/1.1 200 OK\r\nContent-Length: many", &body)),
        ("a negative length", with("HTTP/1.1 200 OK\r\nContent-Length: -5", &body)),
        ("a length too large for a number", with("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999", &body)),
        ("two lengths", with(&format!("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: {LEN}"), &body)),
        ("too short a length", with(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}", LEN - 1), &body)),
        ("too long a length", with(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}", LEN + 1), &body)),
        ("a length nobody has room for", with(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}", u64::MAX), &body)),
        ("a header of a megabyte", with(&large, &body)),
        ("chunks that are none", with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"zz\r\nabc\r\n")),
        ("no content", with("HTTP/1.1 204 No Content", b"")),
        ("not modified", with("HTTP/1.1 304 Not Modified", b"")),
        ("a redirect to nowhere", with("HTTP/1.1 302 Found", b"")),
        ("a part unasked", with("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10", &body[..10])),
    ] {
        let server = FaultServer::start(&body, vec![Fault::Raw(raw)]);
        let directory = tempfile::tempdir().unwrap();
        let mut options = hasty();
        options.limits.tries = 2;
        let (result, _) = fetch(&[source(server.url("m.pt"), Some(&body))], directory.path(), &options);
        let given = match result {
            Ok(downloaded) => downloaded.sha256,
            other => {
                let told = answers(other);
                assert!(!told.is_empty() && told.iter().all(|it| it.answer.len() > 5), "{why}: {told:?}");
                println!("{why}: {}", told.last().unwrap().answer);
                continue;
            }
        };
        assert_eq!(given, sha256(&body), "{why}");
    }
}

#[test]
fn an_old_server_without_anything_modern_is_good_enough() {
    let body = noise(LEN, 83);
    let answer = [b"HTTP/1.0 200 OK\r\n\r\n".to_vec(), body.clone()].concat();
    let server = FaultServer::start(&body, vec![Fault::Raw(answer)]);
    fetch_one(&server, &body, &hasty());
}

#[test]
fn a_header_that_never_ends_is_left() {
    let body = noise(LEN, 84);
    let mut options = hasty();
    options.limits.floor_window = Duration::from_millis(300);
    let server = FaultServer::start(&body, vec![Fault::EndlessHead(Duration::from_millis(5)), Fault::None]);
    let (_, events) = fetch_one(&server, &body, &options);
    assert!(count(&events, "Retrying") >= 1, "{events:#?}");
}

#[test]
fn a_circle_of_redirects_is_left() {
    let to = Fault::Status("302 Found", vec!["Location: /m.pt".to_owned()], vec![]);
    let server = FaultServer::start(b"", vec![to]);
    let directory = tempfile::tempdir().unwrap();
    let (result, _) = fetch(&[source(server.url("m.pt"), None)], directory.path(), &hasty());
    assert_eq!(answers(result)[0].answer, "too many redirects");
    assert_eq!(server.asked().len(), 11);
}

#[test]
fn when_every_source_is_gone_the_program_says_what_each_answered_and_what_else_there_is() {
    let page = b"<!DOCTYPE html><title>Sign in</title>".to_vec();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec();
    let answer = |status, body: &[u8]| FaultServer::start(b"", vec![Fault::Status(status, vec![], body.to_vec())]);
    let gone = answer("410 Gone", b"");
    let servers = [&gone, &gone, &answer("200 OK", &page), &answer("200 OK", &pointer), &answer("200 OK", b"")];
    let home = Home::new();
    let urls: Vec<String> = servers.iter().map(|it| it.url("m.zip?key=secret")).collect();
    let output = home.download(&urls).output().unwrap();
    let said = err(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    let summary = &said[said.find("no source could deliver").unwrap()..];
    assert_eq!(summary.matches("410 Gone").count(), 2, "{summary}");
    for words in ["a web page, perhaps a login page", "a Git LFS pointer", "the body is empty", "model import FILE"] {
        assert!(summary.contains(words), "no `{words}` in: {summary}");
    }
    assert!(!said.contains("secret") && home.model().is_none());
}
