//! What a file is, by its first bytes.

use crate::checkpoint::gguf::read::SIGNATURE;
use crate::checkpoint::zip;

/// How many bytes tell what a file is.
pub const FIRST_BYTES: usize = 512;

/// A file that may hold weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A safetensors file.
    Safetensors,
    /// A zip archive: a torch file of today, or an archive around others.
    Zip,
    /// A pickle: a torch file of the older kind.
    Pickle,
    /// llama.cpp's file.
    Gguf,
}

impl Kind {
    /// Tells it by the first [`FIRST_BYTES`].
    ///
    /// # Errors
    ///
    /// What it is instead, in words.
    pub fn of(first: &[u8]) -> Result<Self, &'static str> {
        if first.starts_with(&zip::SIGNATURE) {
            return Ok(Self::Zip);
        }
        // A length below four gigabytes and the brace of a JSON object. The length may well begin
        // with the byte that a pickle begins with.
        if first.get(4..9) == Some(b"\0\0\0\0{") {
            return Ok(Self::Safetensors);
        }
        if first.starts_with(SIGNATURE) {
            return Ok(Self::Gguf);
        }
        let text = without_mark(first);
        Err(if first.is_empty() {
            "empty"
        } else if is_pointer(text) {
            "a pointer to a file kept elsewhere (git-lfs)"
        } else if text.starts_with(b"<") {
            "a web page"
        } else if text.starts_with(b"{") || text.starts_with(b"[") {
            "a JSON text, perhaps a server's error message"
        } else if first.starts_with(b"\x89HDF") {
            "an HDF5 file, as Keras writes"
        } else if first.get(257..262) == Some(b"ustar") {
            "a tar archive, as torch wrote in 2016"
        } else if first[0] == 0x80 {
            return Ok(Self::Pickle);
        } else {
            "of no known kind"
        })
    }
}

/// Why the first bytes cannot be those of a small text of a model's, if so: what they are instead.
#[must_use]
pub fn no_text(first: &[u8]) -> Option<&'static str> {
    let text = without_mark(first);
    let lower: Vec<u8> = text.iter().take(16).map(u8::to_ascii_lowercase).collect();
    let page = [&b"<!doctype"[..], b"<html", b"<head", b"<body", b"<?xml", b"<!--"];
    if page.iter().any(|tag| lower.starts_with(tag)) {
        return Some("a web page");
    }
    is_pointer(text).then_some("a pointer to a file kept elsewhere (git-lfs)")
}

fn is_pointer(text: &[u8]) -> bool {
    text.starts_with(b"version https://git-lfs")
}

/// Without a byte order mark and spaces.
fn without_mark(first: &[u8]) -> &[u8] {
    first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start()
}
