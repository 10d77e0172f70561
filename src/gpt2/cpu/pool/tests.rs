use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

#[test]
fn every_piece_is_done_once_with_any_number_of_threads() {
    for threads in [0, 1, 2, 5, 16] {
        let mut pool = Pool::new(threads);
        for pieces in [0, 1, 2, 3, 100, 1_000] {
            let counts: Vec<AtomicU32> = (0..pieces).map(|_| AtomicU32::new(0)).collect();
            pool.run(pieces, &|piece| {
                counts[piece].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|it| it.load(Ordering::Relaxed) == 1), "{threads} {pieces}");
        }
    }
}

#[test]
fn chunks_are_whole_and_in_place() {
    let mut pool = Pool::new(3);
    assert_eq!(pool.size(), (3, 3), "the system gives three threads");
    let mut numbers = vec![0; 1_003];
    pool.chunks(&mut numbers, 10, &|index, chunk| chunk.iter_mut().for_each(|it| *it += index + 1));
    let expected: Vec<usize> = (0..1_003).map(|it| it / 10 + 1).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn a_panic_comes_out_and_the_pool_goes_on() {
    let mut pool = Pool::new(4);
    for bad in 0..4 {
        let outcome = catch_unwind(AssertUnwindSafe(|| pool.run(64, &|piece| assert!(piece % 4 != bad, "{piece}"))));
        assert!(outcome.is_err());
    }
    let done = AtomicU32::new(0);
    pool.run(64, &|_| {
        done.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(done.load(Ordering::Relaxed), 64);
}

#[test]
fn a_worker_that_is_late_is_left_out_and_comes_back() {
    let mut pool = Pool::new(2);
    let caller = std::thread::current().id();
    let both = |pool: &mut Pool, pause: u64| {
        let (mine, theirs) = (AtomicU32::new(0), AtomicU32::new(0));
        pool.run(200, &|_| {
            let own = std::thread::current().id() == caller;
            if own { &mine } else { &theirs }.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_micros(if own { 20 } else { pause }));
        });
        let (mine, theirs) = (mine.into_inner(), theirs.into_inner());
        assert_eq!(mine + theirs, 200);
        theirs
    };
    // Late once is nothing. On a busy machine it may also come too late to be late.
    while both(&mut pool, 1_000) == 0 {}
    assert_eq!(pool.out, 0);
    while both(&mut pool, 100_000) == 0 {}
    assert_eq!(pool.out, 1);
    assert_eq!(both(&mut pool, 0), 0, "it is left out");
    std::thread::sleep(LEFT_OUT.0);
    while both(&mut pool, 20) == 0 {}
    // Late again, so it is left out for longer.
    let first = pool.penalties[0].length;
    while pool.out == 0 {
        both(&mut pool, 100_000);
    }
    assert!(first >= LEFT_OUT.0 && pool.penalties[0].length <= LEFT_OUT.1);
}

#[test]
fn threads_that_fell_asleep_wake_up() {
    let mut pool = Pool::new(2);
    for _ in 0..5 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let done = AtomicU32::new(0);
        pool.run(8, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.load(Ordering::Relaxed), 8);
    }
}
