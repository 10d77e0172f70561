use std::io::{Cursor, repeat};

use super::*;

fn of(bytes: &'static [u8]) -> Answers<Cursor<&'static [u8]>> {
    // In small pieces, as they may arrive.
    Answers(BufReader::with_capacity(3, Cursor::new(bytes)))
}

#[test]
fn lines_come_one_by_one_however_they_arrive() {
    let mut answers = of(b"dog\r\nbig cat\n\n\xff");
    let told: Vec<Heard> = (0..5).map(|_| answers.next().unwrap()).collect();
    // The last line may have no end, and what is no UTF-8 is no fault.
    let line = |it: &str| Heard::Line(it.to_owned());
    assert_eq!(told, [line("dog"), line("big cat"), line(""), line("\u{fffd}"), Heard::End]);
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let long = repeat(b'a').take(1 << 20).chain(Cursor::new(b"\nc\n"));
    let mut answers = Answers(BufReader::new(long));
    assert_eq!(answers.next().unwrap(), Heard::Line("a".repeat(LONGEST as usize)));
    assert_eq!(answers.next().unwrap(), Heard::Line("c".into()));
}
