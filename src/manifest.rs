//! What the installer leaves beside an installed model: where it came from and what it should be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::text::TokenizerChoice;
pub use crate::text::hex;
use crate::text::vocabulary::VocabularyRecord;

/// The name of NVIDIA's model.
pub const MEGATRON_345M: &str = "megatron-345m";

/// The name of the model that comes with the program.
pub const DEMO: &str = "demo";

/// The source of that model.
pub const BUILT_IN: &str = "built in";

/// The file of the weights.
pub const WEIGHTS: &str = "model.safetensors";

/// The file of the model's numbers.
pub const CONFIG: &str = "config.json";

/// The content of `megachat.json` in the directory of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format, [`Manifest::VERSION`]. Version 1 ended with `program`, version 2 had no vocabulary.
    pub version: u32,
    /// The name it is installed under.
    pub name: String,
    /// Where it came from: an address, a path, or [`BUILT_IN`].
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
    /// The repository on the model hub that it was downloaded from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The number of heads, where the checkpoint did not say it: as the user gave it, or the program for its demo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// The tokenizer that a user had to give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerChoice>,
    /// Its vocabulary; manifests before version 3 do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<VocabularyRecord>,
    /// Whether checksums and numbers were accepted as they were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// CRC-32 of each tensor's bytes, by its name in the file of the weights.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checksums: BTreeMap<String, u32>,
    /// Every other file of the directory, the weights among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRecord>,
    /// SHA-256 of this manifest without this line, hexadecimal: it vouches for everything else, so it must not rot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

/// What one file of a model should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The name of the file in the model's directory.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not the JSON it should be.
    #[error("it is no manifest: {0}")]
    Malformed(String),
    /// Of a format this program does not know.
    #[error("it is of version {0}, made by a newer megachat; this one knows versions 1 to 3")]
    Version(u64),
    /// Changed since it was written.
    #[error("it was changed after it was written")]
    Seal,
}

impl Manifest {
    /// The file's name.
    pub const FILE: &str = "megachat.json";

    /// The version that is written.
    pub const VERSION: u32 = 3;

    /// A manifest from the bytes of its file.
    ///
    /// # Errors
    ///
    /// [`ManifestError`].
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let malformed = |e: serde_json::Error| ManifestError::Malformed(e.to_string());
        // The version first: what a later one looks like is not known.
        let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if !(1..=u64::from(Self::VERSION)).contains(&version) {
            return Err(ManifestError::Version(version));
        }
        let it: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        let unsealed = it.version == 1 && it.seal.is_none();
        let sealed = unsealed || it.seal.as_ref().is_some_and(|seal| *seal == it.computed_seal());
        // A plain name: what stands here is joined to the directory.
        let plain = it.files.iter().all(|file| !file.name.is_empty() && !file.name.contains(['/', '\\']));
        if sealed && plain { Ok(it) } else { Err(ManifestError::Seal) }
    }

    /// The bytes of its file, sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let sealed = Self { seal: Some(self.computed_seal()), ..self.clone() };
        // Strings, numbers and lists always serialize.
        serde_json::to_vec_pretty(&sealed).unwrap_or_default()
    }

    fn computed_seal(&self) -> String {
        let open = Self { seal: None, ..self.clone() };
        hex(&Sha256::digest(serde_json::to_vec(&open).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests;
