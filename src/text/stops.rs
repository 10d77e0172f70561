//! Stop strings, in bytes: a token may end in the middle of one, or of a character.

/// Bytes that are drawn, of which those at the end are held back that may turn out to be the beginning of a stop string.
#[derive(Clone, Debug, Default)]
pub struct StopBuffer {
    bytes: Vec<u8>,
    /// How many of them have been taken.
    taken: usize,
}

impl StopBuffer {
    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds bytes that need not be taken: a stop string may begin in them.
    pub fn push_taken(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_empty() || self.taken == self.bytes.len(), "what is held back would be lost");
        self.push(bytes);
        self.taken += bytes.len();
    }

    /// All bytes, taken or not.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes from the first on cannot belong to a stop string. The token that finishes one is heard before the
    /// stop is, so a whole one is looked for, too.
    #[must_use]
    pub fn safe(&self, stops: &[String]) -> usize {
        let safe = self.bytes.len() - held(&self.bytes, stops);
        find(&self.bytes, self.taken, stops).map_or(safe, |it| it.0)
    }

    /// The bytes up to `end` that have not been taken before.
    pub fn take(&mut self, end: usize) -> &[u8] {
        let fresh = self.taken.min(end)..end;
        self.taken = self.taken.max(end);
        &self.bytes[fresh]
    }
}

/// The first stop string in `text` that ends after `from`, and where it begins.
#[must_use]
pub fn find<'a>(text: &[u8], from: usize, stops: &'a [String]) -> Option<(usize, &'a str)> {
    let begins = |stop: &str| {
        let stop = stop.as_bytes();
        let start = (from + 1).saturating_sub(stop.len());
        let at = text.get(start..)?.windows(stop.len()).position(|it| it == stop)?;
        Some(start + at)
    };
    stops
        .iter()
        .filter(|it| !it.is_empty())
        .filter_map(|stop| Some((begins(stop)?, stop.as_str())))
        .min_by_key(|it| it.0)
}

/// How many bytes at the end of `text` may be the beginning of a stop string, and so must not be printed yet.
#[must_use]
pub fn held(text: &[u8], stops: &[String]) -> usize {
    let longest = |stop: &String| {
        let stop = stop.as_bytes();
        (1..stop.len()).rev().find(|&n| text.ends_with(&stop[..n])).unwrap_or(0)
    };
    stops.iter().map(longest).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
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
}
