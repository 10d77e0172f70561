//! The vocabularies of transcripts: kept once per hash beside them, and found again when a transcript is read.
//!
//! A transcript holds ids. What they stand for is a fact of the model that wrote them, and the model may be gone. GPT-2's
//! own vocabulary is built in and not kept.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::models;
use super::paths::Paths;
use crate::TokenId;
use crate::assets;
use crate::checkpoint::Config;
use crate::directory::{Contents, find_vocabulary};
use crate::document::{Document, Journal, Record, Vocabularies};
use crate::files::{self, Place, make_private_directory};
use crate::manifest::{CONFIG, DEMO, MEGATRON_345M, hex};
use crate::text::vocabulary::{TokenKind, VocabularyKind, VocabularyRecord};
use crate::text::{Vocabulary, visible_name, visible_path};

/// The directory of kept vocabularies.
#[must_use]
pub fn directory(transcripts: &Path) -> PathBuf {
    transcripts.join("vocabularies")
}

/// The file of a vocabulary. A hash is hexadecimal; whatever else a damaged journal says is made so.
fn file(transcripts: &Path, hash: &str) -> PathBuf {
    let plain = !hash.is_empty() && hash.len() <= 64 && hash.bytes().all(|it| it.is_ascii_hexdigit());
    let name = if plain { hash.to_owned() } else { hex(&hash.as_bytes()[..hash.len().min(32)]) };
    directory(transcripts).join(format!("{name}.json"))
}

/// Keeps a vocabulary beside the transcripts, if it is not there already. It is whole or not there.
///
/// # Errors
///
/// What the system says.
pub fn keep(transcripts: &Path, vocabulary: &Vocabulary) -> io::Result<()> {
    let Some(bytes) = vocabulary.remembered() else { return Ok(()) };
    let path = file(transcripts, vocabulary.hash());
    if files::read(Place::KeptVocabulary, &path).is_ok_and(|it| it == bytes) {
        return Ok(());
    }
    let directory = directory(transcripts);
    make_private_directory(transcripts)?;
    make_private_directory(&directory)?;
    let unfinished = path.with_extension(format!("part-{}", std::process::id()));
    let write = || {
        // What a process of the same number left when it was killed.
        match std::fs::remove_file(&unfinished) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = files::create(Place::KeptVocabulary, &unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&unfinished)))
}

/// Why a transcript cannot be read as text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyMissing {
    /// Nothing is known of the words it was written with.
    #[error(
        "the model `{}` that wrote it is not here, and the transcript does not say which words its tokens stand for \
         (it was written before transcripts did). Install that model again to read it",
        visible_name(model)
    )]
    Unknown {
        /// The recorded name of the model.
        model: String,
    },
    /// The words are named and not there.
    #[error(
        "the words it was written with (those of the model `{}`) are not here: {} {why}. Install that model again to \
         read it",
        visible_name(model),
        visible_path(path)
    )]
    Lost {
        /// The recorded name of the model.
        model: String,
        /// Path of the kept vocabulary.
        path: PathBuf,
        /// The fault, as the rest of a sentence that begins with the path.
        why: String,
    },
}

/// A transcript that cannot be read as text, with its path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be read: {error}", visible_path(path))]
pub struct WordsMissing {
    path: PathBuf,
    error: VocabularyMissing,
}

/// The vocabularies of the tokens of one transcript, which lies at `path`.
///
/// # Errors
///
/// If they are not here.
pub fn of(journal: &Journal, path: &Path, paths: &Paths) -> Result<Resolved, WordsMissing> {
    let found = Finder::new(&paths.transcripts, &paths.models).resolve(journal);
    found.map_err(|error| WordsMissing { path: path.to_owned(), error })
}

/// What the vocabularies of a transcript turned out to be.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The vocabulary of each span of nodes.
    pub vocabularies: Vocabularies,
    /// Whether GPT-2's own is assumed, for the transcript does not say.
    pub assumed: bool,
    /// How many tokens are none of their vocabulary.
    pub strange: usize,
}

impl Resolved {
    /// What to say of a transcript, behind its name; nothing if all is well.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let assumed = "does not say which words it was written with; GPT-2's are assumed";
        let strange = match self.strange {
            0 => None,
            1 => Some(
                "has a token that is none of its words: it shows as nothing, and no model goes on from it".to_owned(),
            ),
            n => Some(format!(
                "has {n} tokens that are none of its words: they show as nothing, and no model goes on from them"
            )),
        };
        self.assumed.then(|| assumed.to_owned()).into_iter().chain(strange).collect()
    }
}

/// How many tokens of a document are none of their vocabulary.
fn strange(document: &Document, vocabularies: &Vocabularies) -> usize {
    let mut spans = vocabularies.spans().iter().peekable();
    let mut own = spans.peek().map_or_else(assets::vocabulary, |it| it.1.clone());
    let mut count = 0;
    for id in 0..document.next_node() {
        while let Some((_, next)) = spans.next_if(|it| it.0 <= id) {
            own = next.clone();
        }
        let is_strange = |token| own.token_kind(token) == TokenKind::Unused;
        count += usize::from(document.node(id).is_some_and(|it| is_strange(it.token)));
    }
    count
}

/// Finds the vocabularies of transcripts, each once.
pub struct Finder<'a> {
    transcripts: &'a Path,
    models: &'a Path,
    found: HashMap<String, Arc<Vocabulary>>,
}

impl<'a> Finder<'a> {
    /// Looks in the directory of transcripts and in that of the installed models.
    #[must_use]
    pub fn new(transcripts: &'a Path, models: &'a Path) -> Self {
        Self { transcripts, models, found: HashMap::new() }
    }

    /// The vocabularies of a transcript's tokens.
    ///
    /// # Errors
    ///
    /// [`VocabularyMissing`], naming the model.
    pub fn resolve(&mut self, journal: &Journal) -> Result<Resolved, VocabularyMissing> {
        let (mut vocabularies, mut assumed) = (Vocabularies::default(), false);
        let mut document = Document::default();
        let highest = highest_ids(journal);
        let mut spans = highest.iter();
        // What was typed before any model was recorded was read with the first one.
        let first = spans.next().copied().flatten();
        let mut is_first = true;
        for record in &journal.records {
            if let Record::Words { vocabulary } = record {
                spans.next();
                is_first = false;
                vocabularies.push(document.next_node(), self.recorded(vocabulary, NOBODY, "", None)?);
            }
            if let Record::Model { name, sha256, vocabulary, path, .. } = record {
                let mut highest = spans.next().copied().flatten();
                if std::mem::take(&mut is_first) {
                    highest = highest.max(first);
                }
                let from = document.next_node();
                let found = if let Some(record) = vocabulary {
                    self.recorded(record, name, sha256, path.as_deref())?
                } else {
                    let (found, guess) = self.unrecorded(name, sha256, path.as_deref(), highest)?;
                    assumed |= guess && highest.is_some();
                    found
                };
                vocabularies.push(from, found);
            }
            document.apply(record);
        }
        if is_first && first.is_some_and(|it| it as usize >= assets::vocabulary().len()) {
            return Err(VocabularyMissing::Unknown { model: "unknown".to_owned() });
        }
        let strange = strange(&document, &vocabularies);
        Ok(Resolved { vocabularies, assumed: assumed || (is_first && first.is_some()), strange })
    }

    /// The vocabulary that a journal names by its hash.
    fn recorded(
        &mut self,
        record: &VocabularyRecord,
        model: &str,
        sha256: &str,
        path: Option<&Path>,
    ) -> Result<Arc<Vocabulary>, VocabularyMissing> {
        let stock = assets::vocabulary();
        if record.kind == VocabularyKind::Gpt2 || record.hash == stock.hash() {
            return Ok(Arc::new((*stock).clone().as_recorded(record)));
        }
        // What begins and ends a text is the model's, so it is part of the key.
        let key = format!("{} {:?} {:?}", record.hash, record.begin, record.ends);
        if let Some(known) = self.found.get(&key) {
            return Ok(known.clone());
        }
        // One that is missing is looked for again: another model may have it.
        let found = self.look_for(record, model, sha256, path)?;
        self.found.insert(key, found.clone());
        Ok(found)
    }

    fn look_for(
        &self,
        record: &VocabularyRecord,
        model: &str,
        sha256: &str,
        at: Option<&Path>,
    ) -> Result<Arc<Vocabulary>, VocabularyMissing> {
        let path = file(self.transcripts, &record.hash);
        let why =
            match files::read(Place::KeptVocabulary, &path).map(|bytes| Vocabulary::from_remembered(&bytes, record)) {
                Ok(Ok(it)) => return Ok(Arc::new(it)),
                Ok(Err(e)) => e.to_string(),
                Err(e) if e.kind() == io::ErrorKind::NotFound => "is missing".to_owned(),
                Err(e) => e.to_string(),
            };
        // The model itself may be here.
        let installed = self.installed(model, sha256).map(|it| it.0);
        let places = installed.into_iter().chain(at.map(Path::to_owned));
        for it in places {
            if let Some(found) = vocabulary_of(&it).ok().filter(|it| it.hash() == record.hash) {
                return Ok(Arc::new(found.as_recorded(record)));
            }
        }
        Err(VocabularyMissing::Lost { model: model.to_owned(), path, why })
    }

    /// The installed model that wrote a transcript, by its weights or else its name, and whether the weights are those.
    fn installed(&self, model: &str, sha256: &str) -> Option<(PathBuf, bool)> {
        let by_name = models::find(self.models, model);
        let same = |it: &models::Installed| !sha256.is_empty() && it.manifest.weights_sha256 == sha256;
        if let Some(it) = by_name.as_ref().filter(|it| same(it)) {
            return Some((it.directory.clone(), true));
        }
        let by_weights = models::installed(self.models).ok()?.into_iter().find(same);
        by_weights.map(|it| (it.directory, true)).or_else(|| by_name.map(|it| (it.directory, false)))
    }

    /// The vocabulary of a model that a journal names without one: GPT-2's if every id fits and the model's name does not
    /// contradict. Says whether that is a guess.
    fn unrecorded(
        &self,
        model: &str,
        sha256: &str,
        path: Option<&Path>,
        highest: Option<TokenId>,
    ) -> Result<(Arc<Vocabulary>, bool), VocabularyMissing> {
        let stock = assets::vocabulary();
        let fits = |it: &Vocabulary| highest.is_none_or(|id| (id as usize) < it.len());
        if path.is_none() && (model == DEMO || model == MEGATRON_345M) && fits(&stock) {
            return Ok((stock, false));
        }
        let missing = || VocabularyMissing::Unknown { model: model.to_owned() };
        match self.installed(model, sha256) {
            Some((directory, same_weights)) => {
                let own = vocabulary_of(&directory).map_err(|_| missing())?;
                // Another model of that name says nothing of this one, unless it contradicts.
                if !fits(&own) || !(same_weights || own.kind() == VocabularyKind::Gpt2) {
                    return Err(missing());
                }
                Ok((Arc::new(own), !same_weights))
            }
            None if fits(&stock) => Ok((stock, true)),
            None => Err(missing()),
        }
    }
}

/// The model of what was imported.
const NOBODY: &str = "none";

/// The highest id before the first model, and of what each model's record is followed by; `None` where there is none.
fn highest_ids(journal: &Journal) -> Vec<Option<TokenId>> {
    let mut highest = vec![None];
    for record in &journal.records {
        let most = match record {
            Record::Model { .. } | Record::Words { .. } => {
                highest.push(None);
                continue;
            }
            Record::Typed { tokens, .. } => tokens.iter().max().copied(),
            Record::Drawn { draws, .. } => draws.iter().map(|it| it.token).max(),
            _ => None,
        };
        if let Some(last) = highest.last_mut() {
            *last = most.max(*last);
        }
    }
    highest
}

/// The vocabulary of the model at a path.
///
/// # Errors
///
/// Why it has none, in words that name the file.
pub fn vocabulary_of(directory: &Path) -> Result<Vocabulary, String> {
    // The weights need not be there.
    let (directory, path) = if directory.join(CONFIG).is_file() {
        (directory.to_owned(), directory.join(CONFIG))
    } else {
        let contents = Contents::of(directory).map_err(|e| e.to_string())?;
        let beside = contents.directory.ok_or_else(|| format!("{} has no {CONFIG}", visible_path(directory)))?;
        let path = beside.join(CONFIG);
        (beside, path)
    };
    let bytes = files::read(Place::ModelConfig, &path).map_err(|e| format!("{}: {e}", visible_path(&path)))?;
    let config = Config::from_json(&bytes).map_err(|e| e.to_string())?;
    let found = find_vocabulary(Some(&directory), None, config.vocab_size).map_err(|e| e.to_string())?;
    Ok((*found.vocabulary).clone().within(config.vocab_size))
}
