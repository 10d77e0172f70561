//! A process killed at any moment of a download, a verification or a conversion leaves nothing that the next one
//! stumbles over: no half-made model, and no step for the user but to start again.
//!
//! How many kills there are is a matter of patience:
//!
//! ```sh
//! MEGACHAT_KILL_POINTS=200 cargo test --test it kill -- --nocapture
//! ```

#![cfg(unix)]

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::demo_zip;
use crate::support::fault_server::{Content, Fault, FaultServer};
use crate::support::fetching::points;
use crate::support::program::{Home, Running};

/// So many, unless the environment says otherwise.
const FEW: usize = 8;

/// A server on which a download takes about as long as a conversion.
fn server() -> FaultServer {
    let content = Content { body: demo_zip().to_vec(), etag: "\"one\"".to_owned() };
    FaultServer::start_with(vec![content], vec![Fault::Slow(Duration::from_millis(1))])
}

/// What is in a directory beside locks, which stay for ever.
fn left(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    names.filter(|it| Path::new(it).extension().is_none_or(|it| it != "lock")).collect()
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_model_or_none() {
    let server = server();
    let url = [server.url("a.zip")];
    let whole = Home::new();
    let started = Instant::now();
    let (status, said) = Running::start(whole.download(&url)).end();
    let took = started.elapsed();
    assert_eq!(status, Some(0), "{said}");
    let reference = whole.model().unwrap();

    let count = std::env::var("MEGACHAT_KILL_POINTS").map_or(FEW, |it| it.parse().unwrap());
    // A little longer than a whole run, so that the end of it is hit too.
    let span = (took.as_micros() * 11 / 10) as usize;
    let moments = points(count, span, 60);
    let (mut partial, mut unfinished, mut done, mut resumed) = (0, 0, 0, 0);
    let mut home = Home::new();
    for (number, &moment) in moments.iter().enumerate() {
        let running = Running::start(home.download(&url));
        // The moment is what is tried: no event stands for "anywhere between two of them".
        std::thread::sleep(Duration::from_micros(moment as u64));
        running.signal(Signal::SIGKILL);
        let _ = running.end();
        match home.model() {
            Some(model) => {
                assert!(model == reference, "kill {number} after {moment} µs left a model that is not whole");
                done += 1;
            }
            None if left(&home.models()).is_empty() => partial += 1,
            None => unfinished += 1,
        }
        // Every third is killed again where it goes on, while it reads what is there.
        if number % 3 == 2 && number + 1 < count {
            continue;
        }
        let (status, said) = Running::start(home.download(&url)).end();
        assert_eq!(status, Some(0), "kill {number} after {moment} µs:\n{said}");
        resumed += usize::from(said.contains("verifying"));
        assert!(home.model().unwrap() == reference, "kill {number} after {moment} µs");
        assert_eq!(left(&home.models()), ["megatron-345m"], "nothing half-made stays: kill {number} after {moment} µs");
        assert_eq!(left(&home.downloads()), [""; 0], "no download stays: kill {number} after {moment} µs");
        home = Home::new();
    }
    println!(
        "{count} kills within {took:?}: {partial} during the download, {unfinished} during the conversion, {done} \
         after it; {resumed} runs went on from what was there"
    );
    assert!(partial + unfinished > 0, "every kill came too late");
}
