//! What the installer leaves beside an installed model: where it came from and what it should be.

use serde::{Deserialize, Serialize};

/// The name of NVIDIA's model.
pub const MEGATRON_345M: &str = "megatron-345m";

/// The name of the model that comes with the program.
pub const DEMO: &str = "demo";

/// The content of `megachat.json` in the directory of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format, 1.
    pub version: u32,
    /// The name it is installed under.
    pub name: String,
    /// Where it came from: an address, a path, or "built in".
    pub source: String,
    /// SHA-256 of what it was converted from, hexadecimal, if that was one file.
    pub source_sha256: Option<String>,
    /// Whether that hash was known beforehand and agreed.
    pub verified: bool,
    /// What the converter found, in words.
    pub format: String,
    /// SHA-256 of `model.safetensors`, hexadecimal.
    pub weights_sha256: String,
    /// Number of parameters.
    pub parameters: u64,
    /// The program that converted it.
    pub program: String,
}

impl Manifest {
    /// The file's name.
    pub const FILE: &str = "megachat.json";
}

/// Bytes as hexadecimal digits, as hashes are written.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
