//! The words of the converted model: the user's choice, the model's own, or GPT-2's where the checkpoint says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::checkpoint::{Family, Plan, TokenizerClaim};
use crate::directory::{FoundVocabulary, VocabularyFault, find_vocabulary, vocabulary_of_files};
use crate::text::{TokenizerChoice, Vocabulary};

use super::locate::Located;
use super::stage::Stage;
use super::{ConvertError, Options};

/// Rows that a tokenizer is held to before those of the checkpoint are known.
const UNKNOWN_ROWS: usize = 1 << 20;

/// Looks for the vocabulary: before the weights are read where that can be, after they are planned in any case.
pub(super) struct Sought {
    /// A directory in Hugging Face's layout, whose own files count.
    directory: Option<PathBuf>,
    given: Option<TokenizerChoice>,
    /// Rows of the word table by the `config.json` beside it.
    rows: Option<usize>,
    found: Option<FoundVocabulary>,
    /// How many tokens the tokenizer beside the weights has, where no `config.json` stands there.
    beside: Option<usize>,
    notes: Vec<String>,
}

impl Sought {
    /// What is known before the checkpoint is opened: gigabytes need not be read to learn that a tokenizer is no tokenizer.
    pub(super) fn new(located: &Located<'_>, options: &Options) -> Result<Self, ConvertError> {
        let directory = located.directory().map(Path::to_owned);
        let given = options.tokenizer.clone();
        let rows = located.config()?.map(|it| it.vocab_size);
        let find = |rows| find_vocabulary(directory.as_deref(), given.as_ref(), rows);
        let found = match (&given, rows) {
            (Some(_), rows) => Some(find(rows.unwrap_or(UNKNOWN_ROWS))?),
            (None, Some(rows)) => match find(rows) {
                // The checkpoint itself may say whose words they are.
                Err(VocabularyFault::Missing { .. }) => None,
                other => Some(other?),
            },
            (None, None) => None,
        };
        let beside = match (&given, rows, &directory) {
            // What is wrong with one matters where it is needed.
            (None, None, Some(_)) => find(UNKNOWN_ROWS).ok().map(|it| it.vocabulary.len()),
            _ => None,
        };
        Ok(Self { directory, given, rows, found, beside, notes: Vec::new() })
    }

    /// How many tokens the tokenizer has: the user's, or the one beside the weights.
    pub(super) fn tokens(&self) -> Option<usize> {
        self.found.as_ref().map(|it| it.vocabulary.len()).or(self.beside)
    }

    /// Settles it when the plan says how many rows there are, and what the checkpoint says of its words.
    pub(super) fn settle(&mut self, plan: &Plan) -> Result<(), ConvertError> {
        let rows = plan.config.vocab_size;
        if self.given.is_some() && self.rows != Some(rows) {
            // Now its ids can be held to the rows that there are.
            self.found = Some(find_vocabulary(self.directory.as_deref(), self.given.as_ref(), rows)?);
        }
        if self.found.is_none() {
            let named = |fault| match fault {
                VocabularyFault::Missing { place, rows } if plan.family == Family::NanoGpt => {
                    VocabularyFault::Missing { place: format!("{place}, a nanoGPT checkpoint,"), rows }
                }
                other => other,
            };
            let found = match &plan.tokenizer {
                TokenizerClaim::Gpt2 { .. } | TokenizerClaim::Other { .. } if self.beside.is_some() => {
                    let found = find_vocabulary(self.directory.as_deref(), None, rows)?;
                    let origin = found.vocabulary.origin();
                    self.notes.push(format!("the words are those of {origin} beside the checkpoint"));
                    found
                }
                TokenizerClaim::Gpt2 { .. } => find_vocabulary(None, Some(&TokenizerChoice::Gpt2), rows)?,
                TokenizerClaim::Own(it) => vocabulary_of_files(it.files.clone(), rows)?,
                TokenizerClaim::Unsaid => find_vocabulary(self.directory.as_deref(), None, rows).map_err(named)?,
                TokenizerClaim::Other { what } => return Err(ConvertError::OtherVocabulary { what: what.clone() }),
            };
            self.found = Some(found);
        }
        let Some(found) = &self.found else { return Ok(()) };
        let vocabulary = &found.vocabulary;
        let tokens = vocabulary.len();
        if let (Some(given), TokenizerClaim::Other { what }) = (&self.given, &plan.tokenizer) {
            self.notes.push(format!("the checkpoint says {what}; its words are taken from --tokenizer {given}"));
        } else if let Some(given) = &self.given {
            self.notes.push(format!("the words are taken from --tokenizer {given}"));
        }
        if tokens > rows {
            self.notes.push(format!("the tokenizer has {tokens} tokens, but the word table has {rows} rows"));
        }
        self.notes.extend(vocabulary.notes().iter().cloned());
        Ok(())
    }

    /// Writes its files, and those that Hugging Face reads beside them.
    pub(super) fn write(
        self,
        stage: &Stage,
        plan: &Plan,
        dtype: &str,
    ) -> Result<(Arc<Vocabulary>, Vec<String>), ConvertError> {
        let Some(FoundVocabulary { vocabulary, mut files }) = self.found else {
            let place = "the checkpoint".to_owned();
            return Err(VocabularyFault::Missing { place, rows: plan.config.vocab_size }.into());
        };
        let generated = [
            ("tokenizer_config.json", vocabulary.tokenizer_config(plan.config.n_positions)),
            ("generation_config.json", vocabulary.generation_config()),
        ];
        for (name, bytes) in generated {
            if files.iter().all(|it| it.0 != name) {
                files.push((name.to_owned(), bytes));
            }
        }
        let (begin, ends): (Value, Value) = (vocabulary.begin().into(), vocabulary.end_ids());
        stage.write_text("config.json", plan.config.to_json_for(dtype, &begin, &ends).as_bytes())?;
        for (name, bytes) in &files {
            stage.write_text(name, bytes)?;
        }
        // What is written must be read as what was meant, whatever lay beside the tokenizer.
        let again = find_vocabulary(Some(stage.path()), None, plan.config.vocab_size)?.vocabulary;
        if again != vocabulary {
            let (meant, read) = (vocabulary.summary(), again.summary());
            return Err(ConvertError::WordsChanged { meant, read });
        }
        Ok((vocabulary, self.notes))
    }
}
