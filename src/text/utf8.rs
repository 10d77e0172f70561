//! Bytes to finished characters.

/// Turns a stream of bytes into text, holding back at most three bytes of an unfinished character.
///
/// Byte-level BPE cuts characters between tokens, so a token's bytes are not text by themselves. Every complete character
/// is handed out at once; a byte that can belong to no character becomes U+FFFD, as in [`String::from_utf8_lossy`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Utf8Stream {
    pending: Vec<u8>,
}

impl Utf8Stream {
    /// Appends to `out` every character that `bytes` finish.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) {
        self.pending.extend_from_slice(bytes);
        let mut start = 0;
        loop {
            let rest = &self.pending[start..];
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    out.push_str(text);
                    start = self.pending.len();
                    break;
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    out.push_str(&String::from_utf8_lossy(&rest[..valid]));
                    start += valid;
                    let Some(bad) = error.error_len() else { break };
                    out.push(char::REPLACEMENT_CHARACTER);
                    start += bad;
                }
            }
        }
        self.pending.drain(..start);
    }

    /// Appends what an unfinished character at the very end must become.
    pub fn finish(&mut self, out: &mut String) {
        if !self.pending.is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
            self.pending.clear();
        }
    }

    /// The bytes held back.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_comes_out_with_its_last_byte() {
        let mut stream = Utf8Stream::default();
        let mut out = String::new();
        for (byte, expected) in
            [(0xe6, ""), (0x97, ""), (0xa5, "日"), (b'!', "日!"), (0xff, "日!\u{fffd}"), (0xc3, "日!\u{fffd}")]
        {
            stream.push(&[byte], &mut out);
            assert_eq!(out, expected);
        }
        stream.finish(&mut out);
        assert_eq!(out, "日!\u{fffd}\u{fffd}");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]
        #[test]
        fn any_split_of_any_bytes_reads_as_the_whole(
            bytes in proptest::collection::vec(proptest::prop_oneof![proptest::num::u8::ANY, 0x80_u8..0xf8], 0..40),
            cuts in proptest::collection::vec(0_usize..40, 0..10),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|it| it.min(bytes.len())).collect();
            cuts.push(bytes.len());
            cuts.sort_unstable();
            let (mut stream, mut out, mut from) = (Utf8Stream::default(), String::new(), 0);
            for to in cuts {
                stream.push(&bytes[from..to], &mut out);
                proptest::prop_assert!(stream.pending().len() <= 3);
                from = to;
            }
            stream.finish(&mut out);
            proptest::prop_assert_eq!(out, String::from_utf8_lossy(&bytes));
        }
    }
}
