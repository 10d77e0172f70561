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
mod tests;
