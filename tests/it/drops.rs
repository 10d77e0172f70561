//! A connection may break at any byte: what has arrived is kept, the rest is asked for, and the file is the right one.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::fault_server::{Fault, FaultServer};
use crate::support::fetching::{HEAD, LEN, count, fetch_one, hasty, noise, points};

/// No drop may cost more bytes than this.
const LOST: u64 = 64 * 1024;

#[test]
fn two_hundred_drops_in_one_transfer_cost_nothing_but_the_first_bytes() {
    let body = noise(1_500_000, 40);
    let mut at = points(200, body.len(), 41);
    at.extend([0, 1, HEAD - 1, HEAD, body.len() - 1]);
    at.sort_unstable();
    let mut plan: Vec<Fault> = at.iter().map(|it| Fault::DropAt(*it)).collect();
    plan.push(Fault::None);
    let server = FaultServer::start(&body, plan);
    let mut options = hasty();
    options.limits.good_progress = 1;
    let (_, events) = fetch_one(&server, &body, &options);
    assert_eq!(server.asked().len(), at.len() + 1);
    assert_eq!(count(&events, "Restarting"), 0);
    let lost: usize = at.iter().filter(|it| **it < HEAD).sum();
    assert_eq!(server.sent(), (body.len() + lost) as u64, "no other byte is sent twice");
}

#[test]
fn a_drop_at_any_byte_resumes_from_the_last_byte_held() {
    let body = noise(LEN, 3);
    let mut at = vec![0, 1, HEAD - 1, HEAD, HEAD + 1, LEN / 2, LEN - 1];
    at.extend(points(200, LEN, 4));
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(&at) = at.get(next.fetch_add(1, Ordering::Relaxed)) {
            let server = FaultServer::start(&body, vec![Fault::DropAt(at), Fault::None]);
            let (_, events) = fetch_one(&server, &body, &hasty());
            let asked = server.asked();
            assert_eq!(asked.len(), 2, "{events:#?}");
            let kept = if at < HEAD { 0 } else { at };
            let from = (kept > 0).then(|| format!("bytes={kept}-"));
            assert_eq!(asked[1].range, from, "every byte before the drop is kept");
            assert_eq!(server.sent(), (LEN + at - kept) as u64, "no other byte is sent twice");
            assert_eq!(count(&events, "Restarting"), 0);
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
}

#[test]
fn a_reset_costs_at_most_what_was_on_the_way() {
    let body = noise(LEN * 3, 42);
    let mut at = points(30, body.len(), 43);
    at.sort_unstable();
    let mut plan: Vec<Fault> = at.iter().map(|it| Fault::ResetAt(*it)).collect();
    plan.push(Fault::None);
    let server = FaultServer::start(&body, plan);
    let mut options = hasty();
    options.limits.tries = 100;
    let (_, events) = fetch_one(&server, &body, &options);
    assert_eq!(count(&events, "Restarting"), 0);
    let lost = server.sent() - body.len() as u64;
    assert!(lost <= LOST * at.len() as u64, "{lost} bytes were sent twice");
}
