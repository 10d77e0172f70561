//! Where the weights may be had from: the built-in list for the 345M model, and a user's own list.
//!
//! Only data: nothing here opens a connection. Sources are tried in the order of the list, so
//! the order is a decision: the publisher first, a verified copy last.
//!
//! Not here: fetching ([`super::download`]), and finding out what a file really is, which the
//! converter does from its content.
//!
//! Source: the addresses in Megatron-LM's README (until August 2025) and in `NeMo`; the model hub's
//! page of `robowaifudev/megatron-gpt2-345m` for the copy and its SHA-256.

use std::fmt::Write as _;

/// One place the weights may be had from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the user reads, such as "NVIDIA NGC, zip".
    pub label: String,
    /// The address, query included; the query may hold a secret and is never shown or stored.
    pub url: String,
    /// A plain file name, without directories, for the file on disk and its companions.
    pub file_name: String,
    /// The exact size in bytes, where it was published.
    pub size: Option<u64>,
    /// The SHA-256 of the whole file in hexadecimal, where it was published.
    pub sha256: Option<String>,
    /// What the first bytes must look like.
    pub kind: Kind,
}

/// What a source promises to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A zip archive; anything that does not start like one is refused while it arrives.
    Zip,
    /// A file in one of torch's formats, or any other that the converter tells by content.
    TorchFile,
    /// A small text of a model's: JSON, or a list of merges. Not a web page.
    Text,
}

const NGC: &str = "https://api.ngc.nvidia.com/v2/models/nvidia/megatron_lm_345m/versions/v0.0";

/// The branch and not a commit: the hash beside it pins the content, so a changed file is noticed
/// either way, and the commit that added this file is not known from a second source.
const HUB_COPY: &str = "https://huggingface.co/robowaifudev/megatron-gpt2-345m/resolve/main/pytorch_model.bin";

const HUB_COPY_SHA256: &str = "12fa6afe8f5a50cf32070b7d401a66916f549d587a22a0412e8b83c1f386a8c5";

/// The places the 345M weights are known to be, or to have been.
///
/// The publisher's two addresses have answered "410 Gone" to some users since January 2025 and
/// worked for others; no hash was published of what they deliver. The copy on the model hub has
/// one, so it is the only one of the three that can be verified.
#[must_use]
pub fn megatron_345m() -> Vec<Source> {
    vec![
        Source {
            label: "NVIDIA NGC, zip".to_owned(),
            url: format!("{NGC}/zip"),
            file_name: "megatron_lm_345m_v0.0.zip".to_owned(),
            size: None,
            sha256: None,
            kind: Kind::Zip,
        },
        Source {
            label: "NVIDIA NGC, single file".to_owned(),
            url: format!("{NGC}/files/release/mp_rank_00/model_optim_rng.pt"),
            file_name: "model_optim_rng.pt".to_owned(),
            size: None,
            sha256: None,
            kind: Kind::TorchFile,
        },
        Source {
            label: "Hugging Face, converted copy".to_owned(),
            url: HUB_COPY.to_owned(),
            file_name: "pytorch_model.bin".to_owned(),
            size: None,
            sha256: Some(HUB_COPY_SHA256.to_owned()),
            kind: Kind::TorchFile,
        },
    ]
}

/// A user's own list of addresses, in the order given.
///
/// No hash is known for them, so what they deliver counts as unverified. The kind is taken from
/// the address: one that ends in `zip` must deliver a zip archive.
#[must_use]
pub fn from_urls(urls: &[String]) -> Vec<Source> {
    urls.iter().map(|url| from_url(url)).collect()
}

/// Whether a text is an address that can be downloaded from, and not a path.
#[must_use]
pub fn is_url(text: &str) -> bool {
    let lower = text.trim_start().to_ascii_lowercase();
    lower.starts_with("https://") || lower.starts_with("http://")
}

/// One address of a user's, as [`from_urls`] reads it.
#[must_use]
pub fn from_url(url: &str) -> Source {
    let shown = without_secrets(url);
    let after_scheme = shown.split_once("://").map_or(shown.as_str(), |(_, rest)| rest);
    let (host, path) = after_scheme.split_once('/').unwrap_or((after_scheme, ""));
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let zip = last == "zip" || last.to_ascii_lowercase().ends_with(".zip");
    Source {
        label: host.chars().filter(|c| !c.is_control()).collect(),
        url: url.trim().to_owned(),
        file_name: plain_file_name(last),
        size: None,
        sha256: None,
        kind: if zip { Kind::Zip } else { Kind::TorchFile },
    }
}

/// An address as it may be shown and stored: without query, fragment, user name and password.
///
/// Signed addresses carry their secret in the query, and some people type a password before `@`.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let url = url.trim();
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit('@').next().unwrap_or_default();
    let mut shown = String::with_capacity(url.len());
    // Writing into a `String` cannot fail.
    let _ = write!(shown, "{scheme}://{host}{path}");
    shown
}

/// Keeps what every file system allows in a name; longer names are cut at 100 characters.
fn plain_file_name(wish: &str) -> String {
    let name: String =
        wish.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).take(100).collect();
    let name = name.trim_start_matches('.').trim_end_matches('.');
    if name.is_empty() { "model.bin".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
