//! Stop strings, in bytes: a token may end in the middle of one, or of a character.

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
    fn what_may_become_a_stop_string_is_held_back() {
        let stops = ["\nUser:".to_owned(), "\n\n".to_owned()];
        for (text, expected) in [("hello", 0), ("hello\n", 1), ("hello\nUs", 3), ("\nUser", 5), ("\nUsxr", 0)] {
            assert_eq!(held(text.as_bytes(), &stops), expected, "{text:?}");
        }
    }
}
