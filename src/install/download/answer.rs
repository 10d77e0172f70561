//! Judges a server's answer: may its body be appended, must it replace what we have, or neither?
//!
//! The rule behind every case: bytes from two answers are joined only if the server says, in a
//! `206` with exactly the range asked for and the `ETag` we hold, that they belong together.
//! Everything here is a function of plain values; no socket and no file is touched.
//!
//! Source: RFC 9110, sections 13.1.5 (`If-Range`), 14.4 (`Content-Range`), 15.3.7 (`206`) and
//! 15.5.17 (`416`).

use super::partial::Origin;
use crate::install::protocol::Refusal;
use crate::install::source::Kind;

/// How many first bytes are looked at before anything is written.
pub(super) const HEAD_BYTES: usize = 512;

/// What the answer's header said.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    /// The status code.
    pub(super) status: u16,
    /// Code and reason as shown to the user, such as "410 Gone".
    pub(super) text: String,
    /// The `ETag` as sent.
    pub(super) etag: Option<String>,
    /// The length of this body, where it was announced.
    pub(super) length: Option<u64>,
    /// `Content-Range` as sent.
    pub(super) content_range: Option<String>,
    /// `Content-Encoding` as sent.
    pub(super) encoding: Option<String>,
    /// `Retry-After` as sent.
    pub(super) retry_after: Option<String>,
    /// `X-Error-Code` as sent: the hub's word for why not.
    pub(super) error_code: Option<String>,
    /// `X-Error-Message` as sent: the same in a sentence.
    pub(super) error_message: Option<String>,
}

impl Head {
    /// What kind of no it is; `None` if it is none, or one that may pass.
    ///
    /// Source: `hf_raise_for_status` of `huggingface_hub`, which too takes a `401` without a word for an absent
    /// repository: the hub will not say of a private one that it is there.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match (self.error_code.as_deref(), self.status) {
            (Some("GatedRepo"), 400..) => Some(Refusal::Gated),
            (Some("RepoNotFound"), 400..) => Some(Refusal::Repository),
            (Some("RevisionNotFound"), 400..) => Some(Refusal::Revision),
            (Some("EntryNotFound"), 400..) | (_, 404 | 410) => Some(Refusal::Absent),
            (_, 401) => Some(Refusal::Repository),
            (_, 403 | 451) => Some(Refusal::Forbidden),
            _ => None,
        }
    }

    /// An answer with what the server says about it, cut to a line.
    pub(super) fn with_message(&self, answer: String) -> String {
        const MOST: usize = 200;
        let words = self.error_message.as_deref().unwrap_or_default();
        let words: String = words.chars().filter(|it| !it.is_control()).take(MOST).collect();
        if words.trim().is_empty() { answer } else { format!("{answer} ({})", words.trim()) }
    }
}

/// What to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The body continues what we have.
    Append,
    /// The body is the whole file, from its first byte.
    Replace,
    /// There is nothing after the bytes we have.
    Complete,
    /// Ranges from this server cannot be used; ask again for everything.
    Distrust(String),
    /// Worth another try.
    Later(String),
    /// Worth exactly one more try: a signed address may have expired between origin and store.
    OnceMore(String),
    /// This source will not give the file.
    Refuse(String),
}

/// Judges the header of an answer to a request that asked for the bytes from `from` on, or for
/// everything if `from` is zero. `known` tells of the bytes we have.
pub(super) fn judge(head: &Head, from: u64, known: Option<&Origin>) -> Verdict {
    let text = &head.text;
    match head.status {
        200 | 206 if !is_identity(head.encoding.as_deref()) => {
            Verdict::Refuse(format!("{text}, but the body is compressed, which was not asked for"))
        }
        200 if head.length == Some(0) => Verdict::Refuse(format!("{text}, but the body is empty")),
        200 => Verdict::Replace,
        206 if from == 0 => Verdict::Refuse(format!("{text}, though the whole file was asked for")),
        206 => judge_range(head, from, known),
        416 if from > 0 && unsatisfied_total(head) == Some(from) => Verdict::Complete,
        416 if from > 0 => Verdict::Distrust(format!("{text}, so the partial file is not a part of it")),
        403 => Verdict::OnceMore(text.clone()),
        408 | 425 | 429 | 500 | 502..=504 | 506..=599 => Verdict::Later(text.clone()),
        _ => Verdict::Refuse(text.clone()),
    }
}

fn judge_range(head: &Head, from: u64, known: Option<&Origin>) -> Verdict {
    let range = head.content_range.as_deref().and_then(parse_content_range);
    let Some((first, last, total)) = range else {
        return Verdict::Distrust("the server sent a part without saying which".to_owned());
    };
    let total_held = known.and_then(|origin| origin.total);
    if first != from || last.checked_add(1) != Some(total) || first > last {
        return Verdict::Distrust(format!(
            "the server sent bytes {first} to {last} of {total} when asked for those from {from}"
        ));
    }
    if total_held.is_some_and(|before| before != total) {
        return Verdict::Distrust("the file on the server has another length now".to_owned());
    }
    if head.length.is_some_and(|length| length != total - from) {
        return Verdict::Distrust("the server sent a part of another length than it says".to_owned());
    }
    let tag_held = known.and_then(|origin| origin.etag.as_deref());
    if tag_held.is_none() || head.etag.as_deref() != tag_held {
        return Verdict::Distrust("the file on the server has changed".to_owned());
    }
    Verdict::Append
}

/// Parses `bytes FIRST-LAST/TOTAL`. An unknown total (`*`) is as good as none: we could not tell
/// where the file ends.
fn parse_content_range(value: &str) -> Option<(u64, u64, u64)> {
    let rest = value.trim().strip_prefix("bytes ")?;
    let (range, total) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((number(first)?, number(last)?, number(total)?))
}

/// The total of `bytes */TOTAL`, which a `416` carries.
fn unsatisfied_total(head: &Head) -> Option<u64> {
    number(head.content_range.as_deref()?.trim().strip_prefix("bytes */")?)
}

/// Digits only; `parse` alone would let a plus sign through.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn is_identity(encoding: Option<&str>) -> bool {
    encoding.is_none_or(|it| it.trim().is_empty() || it.trim().eq_ignore_ascii_case("identity"))
}

/// The tag, if it promises equal bytes. A weak one (`W/"…"`) promises only equal meaning.
pub(super) fn strong_etag(etag: Option<&str>) -> Option<String> {
    let tag = etag?.trim();
    let quoted = tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"');
    quoted.then(|| tag.to_owned())
}

/// Why the first bytes cannot be those of a model file, if so.
pub(super) fn unwanted_body(first: &[u8], kind: Kind) -> Option<&'static str> {
    if first.is_empty() {
        return Some("the body is empty");
    }
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    let lower: Vec<u8> = text.iter().take(16).map(u8::to_ascii_lowercase).collect();
    let page = [&b"<!doctype"[..], b"<html", b"<head", b"<body", b"<?xml", b"<!--"];
    if page.iter().any(|tag| lower.starts_with(tag)) {
        return Some("the body is a web page, perhaps a login page, not a model file");
    }
    if kind != Kind::Text && is_json(text) {
        return Some("the body is a JSON message, not a model file");
    }
    if text.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some("the body is a Git LFS pointer, not the file that it points to");
    }
    let zip = first.starts_with(b"PK\x03\x04");
    (kind == Kind::Zip && !zip).then_some("the body is not a zip archive")
}

/// A brace can also be the first byte of a binary length, so the next one must fit too.
fn is_json(text: &[u8]) -> bool {
    let Some((&open @ (b'{' | b'['), rest)) = text.split_first() else {
        return false;
    };
    match rest.trim_ascii_start().first() {
        None => text.len() == rest.len() + 1,
        Some(b'"') => !text.contains(&0),
        Some(b'}') => open == b'{',
        Some(b'{' | b']') => open == b'[',
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests;
