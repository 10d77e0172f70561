//! From an address to an installed model, as the interface hears of it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use megachat::install::job::run;
use megachat::install::places::{Places, Wishes};
use megachat::install::protocol::{Event, Failure, Job, Ready, Stage};
use megachat::install::source::from_urls;
use megachat::store::models;

use crate::support::demo_zip;
use crate::support::fault_server::{Fault, FaultServer};

fn install(home: &Path, urls: &[String]) -> (Result<Ready, Failure>, Vec<Event>) {
    let places = Places { sources: from_urls(urls), ..Places::new(home.join("models"), home.join("downloads")) };
    let mut events = Vec::new();
    let cancel = AtomicBool::new(false);
    let result = run(&Job::Megatron345m, &places, &Wishes::default(), &cancel, &mut |event| events.push(event));
    (result, events)
}

fn answers(events: &[Event]) -> Vec<String> {
    let answer = |it: &'_ Event| match it {
        Event::Answer { answer, .. } => Some(answer.clone()),
        _ => None,
    };
    events.iter().filter_map(answer).collect()
}

#[test]
fn a_download_becomes_a_model_and_the_file_goes() {
    let home = tempfile::tempdir().unwrap();
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let (result, events) = install(home.path(), &[server.url("/model.zip")]);
    let ready = result.unwrap();
    assert_eq!((ready.name.as_str(), ready.verified), ("megatron-345m", false));
    let found = models::find(&home.path().join("models"), "megatron-345m").unwrap();
    assert_eq!(found.manifest.source, server.url("/model.zip"));
    assert!(ready.directory.join("model.safetensors").exists());
    let left: Vec<_> = std::fs::read_dir(home.path().join("downloads"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter(|it| Path::new(it).extension().is_none_or(|it| it != "lock"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    for stage in ["Connecting", "Downloading", "Verifying", "Converting", "Finishing"] {
        let told = |it: &Event| matches!(it, Event::Stage { stage: it, .. } if format!("{it:?}").starts_with(stage));
        // Verification is of known hashes or of resumed files; this source has neither.
        assert!(stage == "Verifying" || events.iter().any(told), "{stage} was not told");
    }
    // The second time nothing is asked of the server.
    let asked = server.asked().len();
    assert_eq!(install(home.path(), &[server.url("/model.zip")]).0.unwrap().directory, ready.directory);
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn a_source_that_is_gone_is_shown_and_the_next_one_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let gone = FaultServer::start(demo_zip(), vec![Fault::Status("410 Gone", Vec::new(), Vec::new())]);
    let good = FaultServer::start(demo_zip(), vec![Fault::None]);
    let (result, events) = install(home.path(), &[gone.url("/a.zip"), good.url("/b.zip")]);
    assert_eq!(result.unwrap().name, "megatron-345m");
    assert!(answers(&events)[0].contains("410"), "{:?}", answers(&events));
}

#[test]
fn what_a_source_gave_before_another_one_had_it_all_goes_too() {
    let home = tempfile::tempdir().unwrap();
    let gone = Fault::Status("410 Gone", Vec::new(), Vec::new());
    let half = FaultServer::start(demo_zip(), vec![Fault::Drop(demo_zip().len() / 2), gone]);
    let good = FaultServer::start(demo_zip(), vec![Fault::None]);
    install(home.path(), &[half.url("/a.zip"), good.url("/b.zip")]).0.unwrap();
    let mut left: Vec<_> = std::fs::read_dir(home.path().join("downloads")).unwrap().collect();
    left.retain(|it| it.as_ref().unwrap().path().extension().is_none_or(|it| it != "lock"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_dropped_connection_is_resumed() {
    let home = tempfile::tempdir().unwrap();
    let middle = demo_zip().len() / 2;
    let server = FaultServer::start(demo_zip(), vec![Fault::Drop(middle), Fault::None]);
    let (result, _) = install(home.path(), &[server.url("/a.zip")]);
    result.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    let range = asked[1].range.clone().unwrap();
    let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
    assert!(from > 0 && from <= middle, "{range}");
}

#[test]
fn without_a_network_every_source_and_its_answer_is_told() {
    let home = tempfile::tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let urls = [format!("http://{closed}/a.zip"), format!("http://{closed}/b.zip")];
    let (result, _) = install(home.path(), &urls);
    let Err(Failure::NoSource { answers }) = result else { panic!("{result:?}") };
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|it| it.1.contains("refused")), "{answers:?}");
    assert_eq!(models::installed(&home.path().join("models")).unwrap(), []);
}

#[test]
fn what_arrives_and_is_no_checkpoint_is_refused_and_leaves_nothing_to_load() {
    let home = tempfile::tempdir().unwrap();
    let server = FaultServer::start(b"PK\x03\x04 this only begins like a zip", vec![Fault::None]);
    let (result, _) = install(home.path(), &[server.url("/a.zip")]);
    assert!(matches!(result, Err(Failure::Convert { .. })), "{result:?}");
    assert_eq!(models::installed(&home.path().join("models")).unwrap(), []);
}

#[test]
fn a_cancelled_download_keeps_its_bytes() {
    let home = tempfile::tempdir().unwrap();
    let server = FaultServer::start(demo_zip(), vec![Fault::Slow(Duration::from_millis(20)); 3]);
    let places = Places {
        sources: from_urls(&[server.url("/a.zip")]),
        ..Places::new(home.path().join("models"), home.path().join("downloads"))
    };
    let cancel = AtomicBool::new(false);
    let mut stop = |event: Event| {
        if matches!(event, Event::Stage { stage: Stage::Downloading { done: 1.., .. }, .. }) {
            cancel.store(true, Ordering::Release);
        }
    };
    let result = run(&Job::Megatron345m, &places, &Wishes::default(), &cancel, &mut stop);
    assert!(matches!(result, Err(Failure::Cancelled { kept: 1.. })), "{result:?}");
}
