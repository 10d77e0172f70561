use super::*;

#[test]
fn the_first_that_ends_in_new_text_is_found() {
    let stops = ["\nUser:".to_owned(), "end".to_owned()];
    for (text, from, expected) in [
        ("hello", 0, None),
        ("a end\nUser:", 0, Some((2, "end"))),
        ("a\nUser:", 6, Some((1, "\nUser:"))),
        ("end of", 3, None),
        ("end of end", 3, Some((7, "end"))),
        ("", 0, None),
    ] {
        assert_eq!(find(text.as_bytes(), from, &stops), expected, "{text:?} from {from}");
    }
}

#[test]
fn a_stop_string_may_begin_in_what_is_taken_already() {
    let stops = ["time".to_owned(), "loved".to_owned()];
    let mut buffer = StopBuffer::default();
    buffer.push_taken(b" ti");
    assert_eq!(buffer.safe(&stops), 1);
    buffer.push(b"me");
    let safe = buffer.safe(&stops);
    assert_eq!((safe, buffer.take(safe)), (1, &b""[..]));
    let mut buffer = StopBuffer::default();
    buffer.push(b"girl");
    let safe = buffer.safe(&stops);
    assert_eq!(buffer.take(safe), b"gir");
    buffer.push_taken(b"");
    buffer.push(b" named");
    let safe = buffer.safe(&stops);
    assert_eq!(buffer.take(safe), b"l named");
}

#[test]
fn what_may_become_a_stop_string_is_held_back() {
    let stops = ["\nUser:".to_owned(), "\n\n".to_owned()];
    for (text, expected) in [("hello", 0), ("hello\n", 1), ("hello\nUs", 3), ("\nUser", 5), ("\nUsxr", 0)] {
        assert_eq!(held(text.as_bytes(), &stops), expected, "{text:?}");
    }
}
#[test]
fn a_buffer_gives_each_byte_once_and_no_part_of_a_stop_string() {
    let stops = ["\nUser:".to_owned()];
    let mut buffer = StopBuffer::default();
    let mut told = String::new();
    for (piece, expected) in [("Hello", "Hello"), ("\nUs", ""), ("ual", "\nUsual"), (".\nUse", "."), ("r:", "")] {
        buffer.push(piece.as_bytes());
        let end = buffer.safe(&stops);
        let fresh = String::from_utf8(buffer.take(end).to_vec()).unwrap();
        assert_eq!(fresh, expected, "{piece:?}");
        told += &fresh;
    }
    assert_eq!(told, "Hello\nUsual.");
    assert_eq!(buffer.take(buffer.bytes().len()), b"\nUser:");
}
