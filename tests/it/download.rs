//! The downloader against a server that misbehaves: whatever happens on the line, the result is
//! the right file, or an error that says what every source answered. Never a wrong file.

use std::fs;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use megachat::install::download::{DownloadError, Event, Options, download};
use megachat::install::source::from_urls;

use crate::support::fault_server::{Asked, Content, Fault, FaultServer};
use crate::support::fetching::{LEN, answers, count, fetch, fetch_one, hasty, names, noise, sha256, source};

/// A cancellation is felt within a fifth of a second on a quiet machine; a busy one is given more.
const PROMPT: Duration = Duration::from_secs(5);

#[test]
fn a_good_server_gives_a_verified_file_and_nothing_is_left_over() {
    let body = noise(LEN, 1);
    let server = FaultServer::start(&body, vec![Fault::None]);
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt?token=secret"), Some(&body))];
    let (result, events) = fetch(&sources, &directory.path().join("not/there/yet"), &hasty());
    let downloaded = result.unwrap();

    assert!(downloaded.verified);
    assert_eq!(downloaded.bytes, LEN as u64);
    assert_eq!(fs::read(&downloaded.path).unwrap(), body);
    let kept = downloaded.path.parent().unwrap();
    assert_eq!(names(kept), ["m.pt", "m.pt.json", "m.pt.lock"]);
    assert_eq!(events[0], r#"Connecting { source: 1, of: 1, label: "test" }"#);
    assert_eq!(events[1], r#"Answer { source: 1, label: "test", answer: "200 OK" }"#);
    assert!(events.last().unwrap().starts_with("Progress { done: 200000, total: Some(200000)"));

    let asked = &server.asked()[0];
    assert_eq!(asked.accept_encoding.as_deref(), Some("identity"));
    assert_eq!((&asked.range, &asked.if_range), (&None, &None));
    let record = fs::read_to_string(kept.join("m.pt.json")).unwrap();
    assert!(!record.contains("secret") && !events.concat().contains("secret"));

    let (again, _) = fetch(&sources, kept, &hasty());
    assert_eq!(again.unwrap(), downloaded);
    assert_eq!(server.asked().len(), 1, "a finished file needs no connection");
    downloaded.remove().unwrap();
    assert_eq!(names(kept), ["m.pt.lock"]);
}

#[test]
fn a_gone_file_is_left_at_once_for_the_next_source() {
    let body = noise(LEN, 2);
    let gone = FaultServer::start(&body, vec![Fault::Status("410 Gone", vec![], vec![])]);
    let good = FaultServer::start(&body, vec![Fault::None]);
    let mut first = source(gone.url("zip"), None);
    first.file_name = "first.zip".to_owned();
    first.label = "publisher".to_owned();
    let sources = [first, source(good.url("m.pt"), Some(&body))];
    let directory = tempfile::tempdir().unwrap();
    let (result, events) = fetch(&sources, directory.path(), &hasty());

    assert_eq!(result.unwrap().source, sources[1]);
    assert_eq!(gone.asked().len(), 1);
    assert!(events.iter().any(|it| it.contains(r#"label: "publisher", answer: "410 Gone""#)));
    assert_eq!(count(&events, "Retrying"), 0);
}

#[test]
fn every_answer_is_kept_when_all_sources_fail() {
    let status = |text| FaultServer::start(b"x", vec![Fault::Status(text, vec![], vec![])]);
    let servers = [status("410 Gone"), status("404 Not Found"), status("401 Unauthorized")];
    let urls: Vec<String> = servers.iter().map(|it| it.url("m.pt?key=secret")).collect();
    let directory = tempfile::tempdir().unwrap();
    let (result, _) = fetch(&from_urls(&urls), directory.path(), &hasty());
    let text = result.as_ref().unwrap_err().to_string();
    assert!(!text.contains("secret"), "{text}");
    let attempts = answers(result);
    let told: Vec<&str> = attempts.iter().map(|it| it.answer.as_str()).collect();
    assert_eq!(told, ["410 Gone", "404 Not Found", "401 Unauthorized"]);
    assert_eq!(names(directory.path()), ["m.pt.lock"]);

    let (result, _) = fetch(&[], directory.path(), &hasty());
    assert!(answers(result).is_empty());
}

#[test]
fn many_drops_in_a_row_are_survived_while_there_is_progress() {
    let body = noise(LEN, 5);
    let mut options = hasty();
    options.limits.tries = 3;
    options.limits.good_progress = 1000;
    let mut plan = vec![Fault::Drop(LEN / 20); 19];
    plan.push(Fault::None);
    let server = FaultServer::start(&body, plan);
    fetch_one(&server, &body, &options);
    assert_eq!(server.asked().len(), 20);
    assert_eq!(server.sent(), LEN as u64);
}

#[test]
fn a_server_that_always_starts_over_is_given_up() {
    let body = noise(LEN, 6);
    let mut options = hasty();
    options.limits.good_progress = 1000;
    let server = FaultServer::start(&body, vec![Fault::IgnoreRange(LEN / 2)]);
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt"), Some(&body))];
    let (result, _) = fetch(&sources, directory.path(), &options);
    assert_eq!(answers(result)[0].answer, "connection closed too early");
    assert_eq!(server.asked().len(), 9, "the first brought new bytes, eight more did not");
}

#[test]
fn an_ignored_range_starts_over_with_the_same_answer() {
    let body = noise(LEN, 7);
    let server = FaultServer::start(&body, vec![Fault::Drop(90_000), Fault::IgnoreRange(LEN)]);
    let (_, events) = fetch_one(&server, &body, &hasty());
    assert_eq!(server.asked().len(), 2);
    assert_eq!(count(&events, "Restarting"), 1);
    assert!(events.concat().contains("the server does not continue downloads"));
}

#[test]
fn a_wrong_part_is_never_appended() {
    let body = noise(LEN, 8);
    let half = LEN / 2;
    for (why, range, from) in [
        ("too early", format!("bytes {}-{}/{LEN}", half - 1, LEN - 1), half - 1),
        ("too late", format!("bytes {}-{}/{LEN}", half + 1, LEN - 1), half + 1),
        ("the header lies", format!("bytes 0-{}/{LEN}", LEN - 1), half),
        ("another length", format!("bytes {half}-{}/{}", LEN, LEN + 1), half),
        ("no header", String::new(), half),
        ("nonsense", "bytes half-end/all".to_owned(), half),
    ] {
        let plan = vec![Fault::Drop(half), Fault::WrongRange(range, from), Fault::None];
        let server = FaultServer::start(&body, plan);
        let (_, events) = fetch_one(&server, &body, &hasty());
        assert_eq!(server.asked().len(), 3, "{why}");
        assert_eq!(server.asked()[2].range, None, "{why}: no second range from this server");
        assert_eq!(count(&events, "Restarting"), 1, "{why}: said once\n{events:#?}");
    }
}

#[test]
fn a_file_that_changes_midway_is_fetched_anew() {
    let (old, new) = (noise(LEN, 9), noise(LEN, 10));
    for fault in [Fault::None, Fault::IgnoreIfRange] {
        let contents = vec![
            Content { body: old.clone(), etag: "\"one\"".to_owned() },
            Content { body: new.clone(), etag: "\"two\"".to_owned() },
        ];
        let plan = vec![Fault::Drop(LEN / 3), fault, Fault::None];
        let server = FaultServer::start_with(contents, plan);
        // No hash is known: only the tag keeps the two files apart.
        let directory = tempfile::tempdir().unwrap();
        let sources = [source(server.url("m.pt"), None)];
        let (result, events) = fetch(&sources, directory.path(), &hasty());
        let downloaded = result.unwrap();
        assert!(!downloaded.verified);
        assert_eq!(fs::read(downloaded.path).unwrap(), new);
        assert_eq!(server.asked()[1].if_range.as_deref(), Some("\"one\""));
        assert_eq!(count(&events, "Restarting"), 1, "{events:#?}");
        assert!(events.concat().contains("the file on the server has changed"));
    }
}

#[test]
fn without_a_strong_tag_nothing_is_ever_continued() {
    let body = noise(LEN, 11);
    for etag in ["W/\"one\"", "", "one"] {
        let contents = vec![Content { body: body.clone(), etag: etag.to_owned() }];
        let plan = vec![Fault::Drop(LEN / 2), Fault::None];
        let server = FaultServer::start_with(contents, plan);
        let (_, events) = fetch_one(&server, &body, &hasty());
        assert!(server.asked().iter().all(|it| it.range.is_none()), "{etag}");
        assert_eq!(count(&events, "Restarting"), 1);
    }
}

#[test]
fn a_range_beyond_the_end_starts_over_or_finishes() {
    let (long, short) = (noise(LEN, 12), noise(LEN / 4, 13));
    // The file shrank, and the server forgot to look at the tag.
    let contents = vec![
        Content { body: long, etag: "\"one\"".to_owned() },
        Content { body: short.clone(), etag: "\"two\"".to_owned() },
    ];
    let plan = vec![Fault::Drop(LEN / 2), Fault::IgnoreIfRange, Fault::None];
    let server = FaultServer::start_with(contents, plan);
    let (_, events) = fetch_one(&server, &short, &hasty());
    assert_eq!(count(&events, "Restarting"), 1);
    assert!(events.concat().contains("416 Range Not Satisfiable"));

    // Everything arrived but the end mark: the server says that there is no more.
    let body = noise(LEN, 14);
    let server = FaultServer::start(&body, vec![Fault::ChunkedDrop(LEN), Fault::None]);
    let (_, events) = fetch_one(&server, &body, &hasty());
    assert_eq!(server.asked()[1].range, Some(format!("bytes={LEN}-")));
    assert_eq!((count(&events, "Restarting"), server.sent()), (0, LEN as u64));
}

#[test]
fn a_complete_partial_file_is_verified_without_a_connection() {
    let body = noise(LEN, 15);
    let server = FaultServer::start(&body, vec![Fault::Drop(LEN / 2), Fault::None]);
    let directory = tempfile::tempdir().unwrap();
    let mut options = hasty();
    options.limits.tries = 1;
    let sources = [source(server.url("m.pt"), Some(&body))];
    answers(fetch(&sources, directory.path(), &options).0);
    assert_eq!(names(directory.path()), ["m.pt.lock", "m.pt.part", "m.pt.part.json"]);

    fs::write(directory.path().join("m.pt.part"), &body).unwrap();
    let (result, events) = fetch(&sources, directory.path(), &options);
    assert_eq!(fs::read(result.unwrap().path).unwrap(), body);
    assert_eq!(server.asked().len(), 1);
    assert!(count(&events, "Verifying") > 0);
}

#[test]
fn bytes_damaged_on_disk_are_noticed() {
    let body = noise(LEN, 16);
    let plan = vec![Fault::Drop(LEN / 2), Fault::None];
    let server = FaultServer::start(&body, plan);
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt"), Some(&body))];
    let mut options = hasty();
    options.limits.tries = 1;
    answers(fetch(&sources, directory.path(), &options).0);
    let part = directory.path().join("m.pt.part");
    let mut damaged = fs::read(&part).unwrap();
    damaged[1000] ^= 1;
    fs::write(&part, damaged).unwrap();

    let (result, events) = fetch(&sources, directory.path(), &options);
    assert_eq!(fs::read(result.unwrap().path).unwrap(), body);
    assert_eq!(count(&events, "Resuming"), 1);
    assert_eq!(count(&events, "Restarting"), 1);
}

#[test]
fn wrong_bytes_of_the_right_length_are_never_published() {
    let body = noise(LEN, 17);
    let server = FaultServer::start(&body, vec![Fault::FlipByte(77_777), Fault::None]);
    let (_, events) = fetch_one(&server, &body, &hasty());
    assert_eq!(count(&events, "Restarting"), 1);

    let server = FaultServer::start(&body, vec![Fault::FlipByte(77_777)]);
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt"), Some(&body))];
    let (result, _) = fetch(&sources, directory.path(), &hasty());
    let mut wrong = body.clone();
    wrong[77_777] ^= 1;
    let answer = &answers(result)[0].answer;
    assert!(answer.contains(&sha256(&wrong)) && answer.contains(&sha256(&body)), "{answer}");
    assert_eq!(server.asked().len(), 2, "one restart, no more");
    assert_eq!(names(directory.path()), ["m.pt.lock"], "the wrong bytes are gone");
}

#[test]
fn a_wrong_announced_length_is_refused_before_a_byte_is_kept() {
    let body = noise(LEN, 18);
    let server = FaultServer::start(&body, vec![Fault::None]);
    let directory = tempfile::tempdir().unwrap();
    let mut one = source(server.url("m.pt"), Some(&body));
    one.size = Some(LEN as u64 + 1);
    let (result, _) = fetch(&[one], directory.path(), &hasty());
    assert_eq!(answers(result)[0].answer, "200 OK, but the file has 200000 bytes instead of 200001");
    assert_eq!(names(directory.path()), ["m.pt.lock"]);
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let body = noise(LEN, 19);
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let busy = Fault::Status(status, vec!["Retry-After: 1".to_owned()], vec![]);
        let server = FaultServer::start(&body, vec![busy, Fault::None]);
        let started = Instant::now();
        let (_, events) = fetch_one(&server, &body, &hasty());
        // One second was asked for; the longest wait these limits allow is 80 ms.
        assert!(started.elapsed() >= Duration::from_millis(80));
        let retrying = events.iter().find(|it| it.starts_with("Retrying")).unwrap();
        assert_eq!(*retrying, format!("Retrying {{ attempt: 2, of: 8, wait: 80ms, why: \"{status}\" }}"));
    }

    let busy = Fault::Status("502 Bad Gateway", vec![], vec![]);
    let server = FaultServer::start(&body, vec![busy]);
    let directory = tempfile::tempdir().unwrap();
    let (result, events) = fetch(&[source(server.url("m.pt"), None)], directory.path(), &hasty());
    assert_eq!(answers(result).len(), 1, "equal answers are kept once");
    assert_eq!((server.asked().len(), count(&events, "Retrying")), (8, 7));
}

#[test]
fn an_expired_signed_address_is_renewed_at_the_origin() {
    let body = noise(LEN, 20);
    let to = |token: u32| {
        let line = format!("Location: /store/m.pt?token={token}");
        Fault::Status("302 Found", vec![line], vec![])
    };
    let expired = Fault::Status("403 Forbidden", vec![], vec![]);
    // One server plays both parts: every other connection is the store's.
    let plan = vec![to(1), Fault::Drop(LEN / 2), to(2), expired.clone(), to(3), Fault::None];
    let server = FaultServer::start(&body, plan);
    let (_, events) = fetch_one(&server, &body, &hasty());
    let targets: Vec<String> = server.asked().into_iter().map(|it| it.target).collect();
    let store = |token: u32| format!("/store/m.pt?token={token}");
    let origin = "/m.pt".to_owned();
    assert_eq!(targets, [origin.clone(), store(1), origin.clone(), store(2), origin, store(3)]);
    assert_eq!(server.asked()[5].range, Some(format!("bytes={}-", LEN / 2)));
    assert_eq!((count(&events, "Restarting"), server.sent()), (0, LEN as u64));
    assert!(!events.concat().contains("token"));

    let server = FaultServer::start(&body, vec![expired]);
    let directory = tempfile::tempdir().unwrap();
    let (result, _) = fetch(&[source(server.url("m.pt"), None)], directory.path(), &hasty());
    assert_eq!(answers(result)[0].answer, "403 Forbidden");
    assert_eq!(server.asked().len(), 2, "once more, then never");
}

#[test]
fn a_stalled_server_is_left_and_resumed() {
    let body = noise(LEN, 21);
    // No test waits for it.
    let long = Duration::from_secs(60);
    let mut options = hasty();
    options.limits.read_timeout = Duration::from_millis(300);
    for (fault, said) in [
        (Fault::Stall(70_000, long), "no more bytes came: stalled"),
        (Fault::Stall(0, long), "no more bytes came: stalled"),
        (Fault::Mute(long), "no answer in time"),
    ] {
        let server = FaultServer::start(&body, vec![fault, Fault::None]);
        let started = Instant::now();
        let (_, events) = fetch_one(&server, &body, &options);
        assert!(started.elapsed() < long / 2, "{:?}", started.elapsed());
        assert!(count(&events, "Retrying") >= 1);
        assert!(events.concat().contains(said), "{events:#?}");
    }
}

#[test]
fn a_trickle_breaks_the_floor_although_every_read_succeeds() {
    let body = noise(LEN, 22);
    let mut options = hasty();
    options.limits.floor_window = Duration::from_millis(200);
    let server = FaultServer::start(&body, vec![Fault::Trickle(Duration::from_millis(10)), Fault::None]);
    let (_, events) = fetch_one(&server, &body, &options);
    assert!(events.concat().contains("the transfer is too slow to ever finish"));
}

#[test]
fn bodies_that_are_no_model_are_refused_each_with_its_sentence() {
    let body = noise(LEN, 23);
    let html = b"<!DOCTYPE html><html><title>Sign in</title></html>".to_vec();
    let json = br#"{"requestStatus":{"statusCode":"NOT_FOUND"}}"#.to_vec();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec();
    let packed = vec!["Content-Encoding: br".to_owned()];
    for (answer, headers, wrong) in [
        ("200 OK, but the body is empty", vec![], vec![]),
        ("200 OK, but the body is a web page, perhaps a login page, not a model file", vec![], html),
        ("200 OK, but the body is a JSON message, not a model file", vec![], json),
        ("200 OK, but the body is a Git LFS pointer, not the file that it points to", vec![], pointer),
        ("200 OK, but the body is compressed, which was not asked for", packed, vec![0x1f, 0x8b, 8]),
    ] {
        // A partial file is there already; a bad answer must not cost it.
        let bad = Fault::Status("200 OK", headers, wrong);
        let server = FaultServer::start(&body, vec![Fault::Drop(LEN / 2), bad, Fault::None]);
        let directory = tempfile::tempdir().unwrap();
        let sources = [source(server.url("m.pt"), Some(&body))];
        let (result, _) = fetch(&sources, directory.path(), &hasty());
        assert_eq!(answers(result)[1].answer, answer);
        let kept = fs::metadata(directory.path().join("m.pt.part")).unwrap().len();
        assert_eq!(kept, LEN as u64 / 2, "{answer}");

        let (result, _) = fetch(&sources, directory.path(), &hasty());
        assert_eq!(fs::read(result.unwrap().path).unwrap(), body);
        assert_eq!(server.sent(), LEN as u64, "{answer}");
    }
}

#[test]
fn a_zip_source_must_give_a_zip() {
    let body = noise(LEN, 24);
    let server = FaultServer::start(&body, vec![Fault::None]);
    let directory = tempfile::tempdir().unwrap();
    let (result, _) = fetch(&from_urls(&[server.url("v0.0/zip")]), directory.path(), &hasty());
    assert_eq!(answers(result)[0].answer, "200 OK, but the body is not a zip archive");
}

#[test]
fn an_empty_body_without_a_length_is_refused_too() {
    let contents = vec![Content { body: vec![], etag: String::new() }];
    let server = FaultServer::start_with(contents, vec![Fault::ChunkedDrop(0), Fault::Chunked]);
    let directory = tempfile::tempdir().unwrap();
    let (result, _) = fetch(&[source(server.url("m.pt"), None)], directory.path(), &hasty());
    assert_eq!(answers(result).last().unwrap().answer, "200 OK, but the body is empty");
}

#[test]
fn a_body_of_unknown_length_is_whole_only_with_its_end_mark() {
    let body = noise(LEN, 25);
    let plan = vec![Fault::ChunkedDrop(LEN / 2), Fault::Chunked];
    let server = FaultServer::start(&body, plan);
    let (_, events) = fetch_one(&server, &body, &hasty());
    assert!(events.concat().contains("total: None"));
    assert_eq!(server.sent(), LEN as u64);
}

#[test]
fn a_body_of_unknown_length_must_have_the_published_one() {
    let body = noise(LEN, 30);
    for (published, sentence) in [
        (LEN + 1, "the body ended after 200000 of 200001 bytes"),
        (LEN - 1, "the server sends more bytes than it announced"),
    ] {
        let server = FaultServer::start(&body, vec![Fault::Chunked]);
        let directory = tempfile::tempdir().unwrap();
        let mut one = source(server.url("m.pt"), None);
        one.size = Some(published as u64);
        let mut options = hasty();
        options.limits.tries = 1;
        let (result, _) = fetch(&[one], directory.path(), &options);
        assert_eq!(answers(result)[0].answer, sentence);
        assert!(!directory.path().join("m.pt").exists());
    }
}

#[test]
fn no_network_is_said_soon() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let urls = [format!("http://127.0.0.1:{closed}/m.pt"), "https://megachat.invalid/m.pt?token=secret".to_owned()];
    let directory = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let (result, events) = fetch(&from_urls(&urls), directory.path(), &hasty());
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(count(&events, "Retrying"), 2, "two quick tries for each source");
    let Err(DownloadError::AllSourcesFailed(failed)) = result else { panic!("{result:?}") };
    assert!(failed.is_offline());
    assert_eq!(failed.attempts[0].answer, "connection refused");
    assert!(failed.attempts[1].answer.starts_with("could not resolve host"), "{failed}");
    assert!(!failed.to_string().contains("secret"));
}

#[test]
fn addresses_that_are_none_are_refused_without_a_try() {
    let directory = tempfile::tempdir().unwrap();
    let urls = ["ftp://h.example/m.pt", "not an address", "http://"].map(str::to_owned);
    let (result, events) = fetch(&from_urls(&urls), directory.path(), &hasty());
    assert_eq!(count(&events, "Retrying"), 0);
    for attempt in answers(result) {
        assert_eq!(attempt.answer, "the address is not a valid one", "{}", attempt.url);
    }
}

#[test]
fn a_cancelled_download_stops_at_once_and_is_resumed_by_the_next_call() {
    let body = noise(LEN * 5, 26);
    let plan = vec![Fault::Slow(Duration::from_millis(30)), Fault::None];
    let server = FaultServer::start(&body, plan);
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt"), Some(&body))];
    let cancel = AtomicBool::new(false);
    let mut pressed = None;
    let result = download(&sources, directory.path(), &hasty(), &cancel, &mut |event| {
        if matches!(event, Event::Progress { done, .. } if done > 150_000) {
            pressed.get_or_insert_with(Instant::now);
            cancel.store(true, Ordering::Relaxed);
        }
    });
    let felt = pressed.unwrap().elapsed();
    assert!(felt < PROMPT, "{felt:?}");
    let Err(DownloadError::Cancelled { kept_bytes }) = result else { panic!("{result:?}") };
    assert!(kept_bytes > 150_000 && kept_bytes < body.len() as u64);

    let (result, events) = fetch(&sources, directory.path(), &hasty());
    assert_eq!(fs::read(result.unwrap().path).unwrap(), body);
    assert!(events.contains(&format!("Resuming {{ at: {kept_bytes} }}")));
    assert_eq!(server.asked()[1].range, Some(format!("bytes={kept_bytes}-")));
}

#[test]
fn a_cancellation_is_felt_while_waiting_for_an_answer_and_between_tries() {
    let busy = Fault::Status("503 Busy", vec!["Retry-After: 60".to_owned()], vec![]);
    for fault in [Fault::Mute(Duration::from_secs(60)), busy] {
        let is_mute = matches!(fault, Fault::Mute(_));
        let server = FaultServer::start(b"x", vec![fault]);
        let directory = tempfile::tempdir().unwrap();
        let sources = [source(server.url("m.pt"), None)];
        let cancel = AtomicBool::new(false);
        let mut options = Options::default();
        options.limits.first_wait = Duration::from_secs(60);
        let (told, retries) = std::sync::mpsc::channel();
        let mut hear = |event: Event<'_>| {
            if matches!(event, Event::Retrying { .. }) {
                told.send(()).unwrap();
            }
        };
        let felt = std::thread::scope(|scope| {
            let running = scope.spawn(|| {
                let result = download(&sources, directory.path(), &options, &cancel, &mut hear);
                (result, Instant::now())
            });
            if is_mute {
                server.wait_until_asked();
            } else {
                retries.recv().unwrap();
            }
            let pressed = Instant::now();
            cancel.store(true, Ordering::Relaxed);
            let (result, ended) = running.join().unwrap();
            assert!(matches!(result, Err(DownloadError::Cancelled { kept_bytes: 0 })));
            ended.duration_since(pressed)
        });
        assert!(felt < PROMPT, "{felt:?}");
    }
}

#[test]
fn several_callers_at_once_do_one_transfer() {
    let body = noise(LEN * 2, 27);
    let plan = vec![Fault::Slow(Duration::from_millis(30))];
    let server = FaultServer::start(&body, plan);
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt"), Some(&body))];
    let waited = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4).map(|_| scope.spawn(|| fetch(&sources, directory.path(), &hasty()))).collect();
        let waiting = callers.into_iter().map(|caller| {
            let (result, events) = caller.join().unwrap();
            assert_eq!(fs::read(result.unwrap().path).unwrap(), body);
            count(&events, "Waiting")
        });
        waiting.sum::<usize>()
    });
    assert_eq!((server.asked().len(), server.sent()), (1, body.len() as u64));
    assert_eq!(waited, 3);
}

#[test]
fn a_waiting_caller_can_be_cancelled() {
    let body = noise(LEN * 2, 28);
    let server = FaultServer::start(&body, vec![Fault::Slow(Duration::from_millis(60))]);
    let directory = tempfile::tempdir().unwrap();
    let sources = [source(server.url("m.pt"), Some(&body))];
    std::thread::scope(|scope| {
        let first = scope.spawn(|| fetch(&sources, directory.path(), &hasty()).0);
        server.wait_until_asked();
        let cancel = AtomicBool::new(false);
        let result = download(&sources, directory.path(), &hasty(), &cancel, &mut |event| {
            assert_eq!(event, Event::Waiting { holder: Some(std::process::id()) });
            cancel.store(true, Ordering::Relaxed);
        });
        assert!(matches!(result, Err(DownloadError::Cancelled { .. })));
        assert!(first.join().unwrap().is_ok());
    });
}

#[test]
fn an_encrypted_address_is_never_answered_in_the_open() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/m.pt", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Answers the first bytes of the handshake as a server for plain HTTP does.
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let (result, events) = fetch(&[source(url, None)], directory.path(), &hasty());
    let answer = &answers(result)[0].answer;
    assert!(answer.starts_with("no secure connection: "), "{answer}");
    assert_eq!(count(&events, "Retrying"), 0);
}

#[test]
fn a_certificate_file_that_is_none_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    fs::write(&path, "not a certificate").unwrap();
    let options = Options { ca_file: Some(path), ..hasty() };
    let server = FaultServer::start(b"x", vec![Fault::None]);
    let (result, _) = fetch(&[source(server.url("m.pt"), None)], directory.path(), &options);
    let answer = &answers(result)[0].answer;
    assert!(answer.contains("ca.pem: it holds no certificate"), "{answer}");
    assert_eq!(server.asked(), Vec::<Asked>::new());
}
