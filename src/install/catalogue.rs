//! The models that can be downloaded by name.
//!
//! Only data, with the source of every figure. A SHA-256 stands here only if it was published; where none was found
//! the field is `None`, what arrives counts as unverified, and the hash seen is recorded with the model.
//!
//! Source: the model hub's pages of the five models by `openai-community` and `distilbert`, as quoted in public
//! repositories. Each hash below was found in at least two that have nothing to do with each other, see there.

use super::source::{Kind, Source};
use crate::directory::INDEXES;

/// Names of files of weights, the better one first.
const WEIGHTS_FILES: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// What to ask for where there is no first of them, in transformers' order: a list of several files, the other format.
const INSTEAD: [&str; 3] = [INDEXES[0], WEIGHTS_FILES[1], INDEXES[1]];

/// Small files that a model may have, and can do without.
const OPTIONAL: [&str; 4] =
    ["added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "generation_config.json"];

/// Where the hub is, unless the user says otherwise.
pub const HUB: &str = "https://huggingface.co";

/// A model of the hub, made of several files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// What it is called here.
    pub name: &'static str,
    /// What it is called on the hub: organisation and name.
    pub repository: &'static str,
    /// Bytes to download, about: four for each parameter, and the causal masks that these files carry along.
    pub bytes: u64,
    /// Number of parameters.
    pub parameters: u64,
    /// Its files, the small ones first: they tell soonest that something is wrong.
    pub files: &'static [File],
}

/// A file of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, here and there.
    pub name: &'static str,
    /// Its size in bytes, where it was published.
    pub size: Option<u64>,
    /// Its SHA-256, where it was published.
    pub sha256: Option<&'static str>,
    /// What it is for.
    pub role: Role,
}

/// What a file is for, and so how strictly it is held to its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The numbers. Nothing but the published hash tells whether they are the right ones, so they must have it.
    Weights,
    /// A text, checked by reading it. The hub may reformat it at any time, so its hash is not asked for.
    Text,
}

const fn weights(size: Option<u64>, sha256: Option<&'static str>) -> File {
    File { name: "model.safetensors", size, sha256, role: Role::Weights }
}

const fn config(size: Option<u64>, sha256: Option<&'static str>) -> File {
    File { name: "config.json", size, sha256, role: Role::Text }
}

/// GPT-2's vocabulary, the same file in every repository. Sizes and hashes of `vocab.json` and `merges.txt`: a pinned
/// test of `openai-community/gpt2` (revision 607a30d7) in a Forth project, and a fingerprint list of
/// `openai-community/gpt2-xl` (revision 15ea56de) in a model editing project, which agree. That of `merges.txt` is also
/// the hash of the merges built into this program.
const VOCABULARY: File = File {
    name: "vocab.json",
    size: Some(1_042_301),
    sha256: Some("196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"),
    role: Role::Text,
};

const MERGES: File = File {
    name: "merges.txt",
    size: Some(456_318),
    sha256: Some("1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"),
    role: Role::Text,
};

/// Hash: the two lists named at [`VOCABULARY`]. No size was found.
const TOKENIZER: File = File {
    name: "tokenizer.json",
    size: None,
    sha256: Some("8414cab924d8b9b33013f0d221c5862f365ee9be39c5c2bfae8a5a9e970478a6"),
    role: Role::Text,
};

/// Every model of the hub that has a name here.
pub const MODELS: &[Model] = &[
    Model {
        name: "gpt2",
        repository: "openai-community/gpt2",
        bytes: 548_105_171,
        parameters: 124_439_808,
        files: &[
            // Revision 607a30d7: a pinned test (with the size) and a list of artifact hashes in another project.
            config(Some(665), Some("0daed7749b4f02b8f76240d5444551d7b08712dab4d0adb8239c56ba823bb7b4")),
            VOCABULARY,
            MERGES,
            TOKENIZER,
            // Revision 607a30d7: ten independent projects, three of them with the size.
            weights(Some(548_105_171), Some("248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707")),
        ],
    },
    Model {
        name: "gpt2-medium",
        repository: "openai-community/gpt2-medium",
        bytes: 1_520_000_000,
        parameters: 354_823_168,
        // Neither size nor hash of the weights was found in any public repository.
        files: &[config(None, None), VOCABULARY, MERGES, TOKENIZER, weights(None, None)],
    },
    Model {
        name: "gpt2-large",
        repository: "openai-community/gpt2-large",
        bytes: 3_247_000_000,
        parameters: 774_030_080,
        // Neither size nor hash of the weights was found in any public repository.
        files: &[config(None, None), VOCABULARY, MERGES, TOKENIZER, weights(None, None)],
    },
    Model {
        name: "gpt2-xl",
        repository: "openai-community/gpt2-xl",
        bytes: 6_432_000_000,
        parameters: 1_557_611_200,
        files: &[
            // Revision 15ea56de: the fingerprint list named at the vocabulary; one source only.
            config(None, Some("be48115d52314bc27327e160bf10197760db02ea689d10adb24db4102edf7a8a")),
            VOCABULARY,
            MERGES,
            TOKENIZER,
            // Revision 15ea56de: three independent projects; one hashed the file and compared with the hub's metadata.
            weights(None, Some("0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a")),
        ],
    },
    Model {
        name: "distilgpt2",
        repository: "distilbert/distilgpt2",
        bytes: 352_824_413,
        parameters: 81_912_576,
        files: &[
            // Revision 2290a626: the checkpoint table of one experiment.
            config(Some(762), Some("4ec5947c1d59fee6212cdf3b0ec1a53eac02092554c5ff0a733488cbd2c64f3a")),
            VOCABULARY,
            MERGES,
            TOKENIZER,
            // Revision 2290a626: four independent projects with size and hash, one from the hub's own metadata.
            weights(Some(352_824_413), Some("e1ff18884359fe8beb795a5f414feb85a6ce3d929ad019c0d958c039d2b94a1b")),
        ],
    },
];

/// The model of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|it| it.name == name)
}

/// A model of the hub to download, listed here or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it will be called here.
    pub name: String,
    /// Organisation and name on the hub.
    pub repository: String,
    /// Its files, the weights last.
    pub files: Vec<WantedFile>,
    /// Bytes needed on the disk while it is installed, if they are known.
    pub needed: Option<u64>,
}

/// A file of such a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedFile {
    /// Its name, here and there.
    pub name: &'static str,
    /// Names to try if there is none of that name.
    pub instead: &'static [&'static str],
    /// Whether the model can do without.
    pub optional: bool,
    /// Its size and its hash, if it must have them.
    pub expected: (Option<u64>, Option<&'static str>),
}

/// What a text means on the hub: a name listed here, or an organisation and a name such as `someone/gpt2-finetuned`.
#[must_use]
pub fn wanted(text: &str) -> Option<Wanted> {
    if let Some(model) = MODELS.iter().find(|it| it.name == text || it.repository == text) {
        let strict = |it: &&File| it.role == Role::Weights;
        let mut files: Vec<WantedFile> = model
            .files
            .iter()
            .map(|it| WantedFile {
                name: it.name,
                instead: &[],
                optional: false,
                expected: Some(it).filter(strict).map_or((None, None), |it| (it.size, it.sha256)),
            })
            .collect();
        // Before the weights, which come last.
        let last = files.len().saturating_sub(1);
        files.splice(last..last, OPTIONAL.map(optional));
        // The download, the converted copy, and something for what is around them.
        let needed = Some(model.bytes + 4 * model.parameters + (64 << 20));
        return Some(Wanted { name: model.name.to_owned(), repository: model.repository.to_owned(), files, needed });
    }
    let plain = |it: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !it.is_empty() && !it.starts_with(['.', '-']) && it.chars().all(allowed)
    };
    let (organisation, name) = text.split_once('/').filter(|(a, b)| plain(a) && plain(b))?;
    let file = |name, instead: &'static [&'static str], optional| WantedFile {
        name,
        instead,
        optional,
        expected: (None, None),
    };
    let mut files = vec![file("config.json", &[], false)];
    files.extend(["vocab.json", "merges.txt", "tokenizer.json"].into_iter().chain(OPTIONAL).map(optional));
    files.push(file(WEIGHTS_FILES[0], &INSTEAD, false));
    Some(Wanted { name: name.to_owned(), repository: format!("{organisation}/{name}"), files, needed: None })
}

fn optional(name: &'static str) -> WantedFile {
    WantedFile { name, instead: &[], optional: true, expected: (None, None) }
}

impl Wanted {
    /// Where one of several files of its weights is to be had.
    #[must_use]
    pub fn shard(&self, name: &str, hub: &str) -> Source {
        Source { kind: Kind::TorchFile, ..self.source(name, hub, (None, None)) }
    }

    fn source(&self, name: &str, hub: &str, expected: (Option<u64>, Option<&'static str>)) -> Source {
        let at = if hub == HUB { "Hugging Face" } else { "the mirror of Hugging Face" };
        let (hub, repository) = (hub.trim_end_matches('/'), &self.repository);
        Source {
            label: format!("{at}, {name}"),
            url: format!("{hub}/{repository}/resolve/main/{name}"),
            file_name: name.to_owned(),
            size: expected.0,
            sha256: expected.1.map(ToOwned::to_owned),
            kind: if WEIGHTS_FILES.contains(&name) { Kind::TorchFile } else { Kind::Text },
        }
    }

    /// Where one of its files is to be had, `hub` being the address of the hub or of a mirror of it.
    #[must_use]
    pub fn sources(&self, file: &WantedFile, hub: &str) -> Vec<Source> {
        std::iter::once(&file.name).chain(file.instead).map(|it| self.source(it, hub, file.expected)).collect()
    }
}

#[cfg(test)]
mod tests;
