use super::*;

#[test]
fn a_thread_that_is_not_given_is_a_sentence_with_its_purpose() {
    let refused = NoThread { what: "the engine", source: io::Error::from(io::ErrorKind::WouldBlock) };
    let said = refused.to_string();
    assert!(said.starts_with("the system gives no thread for the engine ("), "{said}");
    assert!(said.contains("ulimit -v"), "{said}");
    assert_eq!(start("one", "a test", || 7).unwrap().join().unwrap(), 7);
}

#[test]
fn every_part_is_worked_on_once_and_all_but_the_last_elsewhere() {
    let mut numbers = [1, 2, 3, 4, 5];
    let here = std::thread::current().id();
    let twice = |it: &mut i32| {
        *it *= 2;
        (*it, std::thread::current().id() == here)
    };
    let done = at_once("part", numbers.iter_mut().collect(), twice);
    assert_eq!(done, [(2, false), (4, false), (6, false), (8, false), (10, true)]);
    assert_eq!(numbers, [2, 4, 6, 8, 10]);
    assert!(at_once("part", Vec::<u8>::new(), |it| it).is_empty());
}

#[test]
fn two_things_are_done_at_once() {
    // Each waits for the other.
    let (ping, pinged) = std::sync::mpsc::channel();
    let (answer, answered) = std::sync::mpsc::channel();
    let there = move || {
        ping.send(1).unwrap();
        answered.recv().unwrap() + 10
    };
    let here = || {
        answer.send(2).unwrap();
        pinged.recv().unwrap()
    };
    assert_eq!(beside("test", there, here), (12, 1));
}
