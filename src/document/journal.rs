//! The journal: a transcript as lines that can be appended, and read back after anything.
//!
//! One JSON object a line, `{"n":3,"crc":"90ab12cd","r":{...}}`: a running number, the CRC-32 of the record's own bytes, the
//! record. [`super::read_journal`] reads it back. No file is touched here.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::NodeId;
use crate::TokenId;
use crate::sample::{Draw, Settings};
use crate::text::vocabulary::VocabularyRecord;

/// What a transcript starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of this format, 1.
    pub version: u32,
    /// The transcript's name, also that of its file.
    pub id: String,
    /// When it was begun, in milliseconds since 1970, UTC.
    pub created: i64,
    /// The program and its version.
    pub program: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// The first line.
    Header(Header),
    /// The model that draws from here on.
    Model {
        /// The name it is installed under, or that of its directory.
        name: String,
        /// SHA-256 of its weights, hexadecimal; empty if unknown.
        sha256: String,
        /// The precision it runs in.
        dtype: String,
        /// The number of its arithmetic, [`crate::model::Model::arithmetic`]; older transcripts do not say it.
        #[serde(default)]
        arithmetic: u32,
        /// Where it runs.
        device: String,
        /// What computed there, where the device says it: the kind of GPU, its driver and that driver's version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        driver: Option<String>,
        /// What makes the dice, [`crate::sample::GENERATOR`]; older transcripts do not say it, and have the same.
        #[serde(default)]
        generator: String,
        /// Its vocabulary; older transcripts do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vocabulary: Option<VocabularyRecord>,
        /// Where it lies, if it is not an installed one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
    },
    /// The settings that hold from here on.
    Settings {
        /// Every setting, also those that did not change.
        settings: Settings,
    },
    /// Tokens a person wrote.
    Typed {
        /// The number of the first one.
        first: NodeId,
        /// What they follow.
        parent: Option<NodeId>,
        /// Each follows the one before.
        tokens: Vec<TokenId>,
        /// Whether they were chosen as tokens, and not written as text: then the last of them is no half word.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        chosen: bool,
    },
    /// Tokens the model drew.
    Drawn {
        /// The number of the first one.
        first: NodeId,
        /// What they follow.
        parent: Option<NodeId>,
        /// Each follows the one before.
        draws: Vec<Draw>,
    },
    /// The text now ends here.
    Tip {
        /// Its last node; none for the empty text.
        node: Option<NodeId>,
    },
    /// A person does something: all that follows is undone in one step, until there is the next of these.
    Deed,
    /// The last deed is undone: the text ends here again. The settings of then follow, if they were others.
    Undo {
        /// Its last node; none for the empty text.
        node: Option<NodeId>,
    },
    /// What was undone last is done again: the text ends here.
    Redo {
        /// Its last node; none for the empty text.
        node: Option<NodeId>,
    },
    /// A place is marked, or no longer.
    Bookmark {
        /// The node that is marked.
        node: NodeId,
        /// Whether it is marked.
        on: bool,
        /// What the mark is called; empty for one without a name.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
    },
    /// The transcript is opened and written in: by these numbers the one that was worked on last is known, whatever the clock says.
    Opened {
        /// One more than the largest number that was known then in any transcript beside it.
        number: u64,
    },
    /// What the transcript is called from here on; empty takes the title away.
    Title {
        /// In one line.
        title: String,
    },
    /// Under which words the transcript is filed from here on.
    Tags {
        /// All of them.
        tags: Vec<String>,
    },
    /// The words that tokens are of from here on, where no model is recorded: what was imported was written by none.
    Words {
        /// Their vocabulary.
        vocabulary: VocabularyRecord,
    },
    /// How the model read the text. Older programs noted it, whose scores depended on it; it says nothing of the text.
    #[serde(rename = "reread", alias = "read-to")]
    Read,
    /// A continuation ended.
    Stopped {
        /// Why, in a word or two.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    pub(super) n: u64,
    pub(super) crc: &'a str,
    #[serde(borrow)]
    pub(super) r: &'a RawValue,
}

/// The line for a record, with its line feed.
///
/// # Errors
///
/// None in practice: every record can be written as JSON. The error is the library's.
pub fn encode_line(n: u64, record: &Record) -> Result<String, serde_json::Error> {
    let r = serde_json::value::to_raw_value(record)?;
    let crc = format!("{:08x}", crc32fast::hash(r.get().as_bytes()));
    let mut line = serde_json::to_string(&Line { n, crc: &crc, r: &r })?;
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests;
