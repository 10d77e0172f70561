//! Several processes that want the same model: one fetches it, the others wait and use it; one that dies is replaced.

use std::time::{Duration, Instant};

use crate::support::demo_zip;
use crate::support::fault_server::{Fault, FaultServer};
use crate::support::program::{Home, PATIENCE, Running};
#[cfg(unix)]
use crate::support::watch::Watch;

#[test]
fn two_and_eight_processes_at_once_do_one_transfer() {
    for count in [2, 8] {
        let home = Home::new();
        // Slow enough that all have begun before the first is done.
        let server = FaultServer::start(demo_zip(), vec![Fault::Slow(Duration::from_millis(8))]);
        let url = [server.url("a.zip")];
        let running: Vec<_> = (0..count).map(|_| Running::start(home.download(&url))).collect();
        let ends: Vec<_> = running.into_iter().map(Running::end).collect();
        assert!(ends.iter().all(|it| it.0 == Some(0)), "{ends:#?}");
        let waited = ends.iter().filter(|it| it.1.contains("another megachat")).count();
        assert_eq!((server.asked().len(), server.sent()), (1, demo_zip().len() as u64));
        assert_eq!(waited, count - 1, "the others say why they wait: {ends:#?}");
        assert!(home.model().is_some());
    }
}

/// How often the holder is killed: a quarter of the kills that [`crate::kills`] is asked for.
#[cfg(unix)]
fn kills() -> usize {
    std::env::var("MEGACHAT_KILL_POINTS").map_or(5, |it| it.parse::<usize>().unwrap().div_ceil(4))
}

#[cfg(unix)]
#[test]
fn a_waiting_process_takes_over_when_the_holder_is_killed() {
    use nix::sys::signal::Signal;
    let mut longest = Duration::ZERO;
    let kills = kills();
    for kill in 0..kills {
        let home = Home::new();
        let plan = vec![Fault::Stall(1_000_000 * (kill % 8), PATIENCE), Fault::None];
        let server = FaultServer::start(demo_zip(), plan);
        let url = [server.url("a.zip")];
        let mut holder = Running::start(home.download(&url));
        holder.hear("asking 127.0.0.1");
        // It has the bad connection, so the other gets the good one.
        server.wait_until_asked();
        let mut waiting = Running::start(home.download(&url));
        waiting.hear(&format!("another megachat (process {})", holder.child.id()));

        holder.signal(Signal::SIGKILL);
        let killed = Instant::now();
        waiting.hear("asking 127.0.0.1");
        longest = longest.max(killed.elapsed());
        assert_eq!(holder.end().0, None, "it was killed");
        let (status, said) = waiting.end();
        assert_eq!(status, Some(0), "{said}");
        assert!(home.model().is_some());
    }
    println!("after {kills} kills the other process took over within {longest:?}");
    // Two seconds are promised; a busy machine may start threads late.
    assert!(longest < Duration::from_secs(10), "{longest:?}");
}

#[cfg(unix)]
#[test]
fn a_signal_stops_a_download_at_once_and_keeps_what_arrived() {
    use nix::sys::signal::Signal;
    let mut longest = Duration::ZERO;
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let home = Home::new();
        let server = FaultServer::start(demo_zip(), vec![Fault::Stall(3_000_000, PATIENCE), Fault::None]);
        let url = [server.url("a.zip")];
        std::fs::create_dir_all(home.downloads()).unwrap();
        let watch = Watch::on(&home.downloads());
        let running = Running::start(home.download(&url));
        let part = home.downloads().join("a.zip.part");
        watch.until(|| std::fs::metadata(&part).is_ok_and(|it| it.len() >= 3_000_000));
        running.signal(signal);
        let pressed = Instant::now();
        let (ended, said) = running.end();
        longest = longest.max(pressed.elapsed());
        assert_eq!(ended, Some(status), "{said}");
        assert!(said.contains("3 MB are kept, the same command goes on from there"), "{said}");
        assert_eq!(std::fs::metadata(&part).unwrap().len(), 3_000_000);

        let (ended, said) = Running::start(home.download(&url)).end();
        assert_eq!(ended, Some(0), "{said}");
        assert_eq!(server.asked()[1].range.as_deref(), Some("bytes=3000000-"));
        assert_eq!(server.sent(), demo_zip().len() as u64);
    }
    println!("two signals ended a download within {longest:?}");
    // A third of a second is promised; a busy machine may be late.
    assert!(longest < Duration::from_secs(10), "{longest:?}");
}

#[cfg(unix)]
#[test]
fn a_signal_while_waiting_for_another_process_is_felt_too() {
    use nix::sys::signal::Signal;
    let home = Home::new();
    let server = FaultServer::start(demo_zip(), vec![Fault::Stall(1_000_000, PATIENCE)]);
    let url = [server.url("a.zip")];
    let mut holder = Running::start(home.download(&url));
    holder.hear("asking");
    server.wait_until_asked();
    let mut waiting = Running::start(home.download(&url));
    waiting.hear("another megachat");
    waiting.signal(Signal::SIGTERM);
    assert_eq!(waiting.end().0, Some(143));
    holder.signal(Signal::SIGINT);
    assert_eq!(holder.end().0, Some(130));
    assert_eq!(server.asked().len(), 1);
}
