//! A model's vocabulary: which bytes each token stands for, which tokens begin and end a text, and how a text is cut into
//! tokens.
//!
//! The vocabulary is a fact of the model, as its weights are. It is read from the files beside them ([`Vocabulary::read`])
//! or remembered with a transcript ([`Remembered`]), and it has a hash by which the two are known to be the same.

mod alphabet;
mod classes;
mod definition;
mod encoder;
mod error;
mod files;
mod given;
mod json;
mod kind;
mod merges;
mod remembered;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use definition::{Added, Definition, VocabularyLimits};
pub use encoder::{Encoded, ReadAs};
pub use error::{EncodeError, VocabularyError};
pub use given::VocabularyFiles;
pub use kind::{TokenKind, TokenizerChoice, VocabularyKind};
pub use remembered::{Remembered, RememberedError, VocabularyRecord};
pub use write::gpt2_files;

use crate::TokenId;
use encoder::Encoder;
use files::Special;

/// The tokens themselves, shared by all models that have them.
#[derive(Debug)]
struct Tokens {
    /// How a text is cut; `None` where only the spellings are known.
    encoder: Option<Encoder>,
    definition: Option<Definition>,
    /// The bytes of every token, by id; a special token stands for its own name.
    bytes: Vec<Box<[u8]>>,
    kinds: Vec<TokenKind>,
    /// SHA-256 of the canonical content, hexadecimal.
    hash: String,
    kind: VocabularyKind,
}

/// The tokens that a model reads and writes, and those of them that begin and end a text.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    tokens: Arc<Tokens>,
    special: Special,
    origin: String,
    notes: Vec<String>,
}

impl Vocabulary {
    /// From the files beside a model's weights; `None` if they do not say what its words are.
    ///
    /// `origin` names where they lie, for people. GPT-2's own files give the tokens that are built in.
    ///
    /// # Errors
    ///
    /// [`VocabularyError`] if a file is damaged, larger than any vocabulary, or of another kind of tokenizer.
    pub fn read(
        files: &VocabularyFiles<'_>,
        origin: &str,
        limits: &VocabularyLimits,
    ) -> Result<Option<Self>, VocabularyError> {
        let Some(read) = files::read(files, limits)? else { return Ok(None) };
        let tokens = Tokens::new(read.definition)?;
        Ok(Some(Self { tokens, special: read.special, origin: origin.to_owned(), notes: read.notes }))
    }

    /// The same where the files are known to define GPT-2's own tokens: what is added to them, and what ends a text, is read
    /// from them; the tokens need not be.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn read_gpt2(
        files: &VocabularyFiles<'_>,
        origin: &str,
        limits: &VocabularyLimits,
    ) -> Result<Self, VocabularyError> {
        let stock = crate::assets::vocabulary();
        let mut notes = Vec::new();
        classes::check_classes(files, true, &mut notes)?;
        if files::add_nothing(files)? {
            let plain = Self { notes, ..(*stock).clone() };
            return plain.from_origin(origin).for_model(files);
        }
        let Some(definition) = stock.tokens.definition.clone() else { return Ok((*stock).clone()) };
        let read = files::complete(definition, &[], files, limits, notes)?;
        let tokens = Tokens::new(read.definition)?;
        Ok(Self { tokens, special: read.special, origin: origin.to_owned(), notes: read.notes })
    }

    /// GPT-2's own, from its merges alone: all ids follow from them.
    ///
    /// # Errors
    ///
    /// If a line is no merge of known pieces.
    pub fn from_gpt2_merges(merges: &str) -> Result<Self, VocabularyError> {
        let kind = if merges == crate::assets::MERGES { VocabularyKind::Gpt2 } else { VocabularyKind::ByteLevelBpe };
        let merges = merges::parse(merges)?;
        let pieces = merges::gpt2_pieces(&merges)?;
        let end = pieces.len() as TokenId - 1;
        let pairs = merges.into_iter().map(|it| (it.1, it.2)).collect();
        let mut definition = Definition::of_pieces(pieces, pairs);
        definition.added.insert(end, Added::special(merges::END_OF_TEXT));
        let tokens = Arc::new(Tokens::build(definition, kind)?);
        let special = Special { begin: Some(end), ends: vec![end], before: Vec::new() };
        Ok(Self { tokens, special, origin: "built in".to_owned(), notes: Vec::new() })
    }

    /// The same tokens for another model, whose `generation_config.json` and `config.json` say what begins and ends a text.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::Malformed`] if one of the two is damaged.
    pub fn for_model(mut self, files: &VocabularyFiles<'_>) -> Result<Self, VocabularyError> {
        let is_token = |id: TokenId| self.token_kind(id) != TokenKind::Unused;
        let own = (self.special.begin, self.special.ends.clone());
        let mut notes = self.notes.clone();
        let special = files::ends(&is_token, own, files, &mut notes)?;
        let before = std::mem::take(&mut self.special.before);
        (self.special, self.notes) = (Special { before, ..special }, notes);
        Ok(self)
    }

    /// The same for a word table of so many rows: a token without a row begins and ends no text, which is noted.
    #[must_use]
    pub fn within(mut self, rows: usize) -> Self {
        let has_row = |it: &TokenId| (*it as usize) < rows;
        let all = [self.special.begin.as_slice(), &self.special.ends, &self.special.before].concat();
        let without = all.into_iter().find(|it| !has_row(it));
        if let Some(id) = without {
            let name = self.name_of(id);
            let what = "begins or ends a text, but the word table has no row for it: it does not count";
            self.notes.push(format!("`{}` ({id}) {what}", definition::short(&name)));
        }
        self.special.begin = self.special.begin.filter(has_row);
        self.special.ends.retain(has_row);
        self.special.before.retain(has_row);
        self
    }

    /// The tokens of `text`; a special token in it is that token.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the vocabulary cannot spell it. The tokens always stand for the text, or for what
    /// [`Encoded::read_as`] says that is read instead.
    pub fn encode(&self, text: &str) -> Result<Encoded, EncodeError> {
        let encoder = self.tokens.encoder.as_ref().ok_or(EncodeError::NoEncoder)?;
        encoder.encode(text, &|token| self.bytes(token))
    }

    /// The tokens of a text that begins a document: with what the model's tokenizer puts before every text.
    ///
    /// # Errors
    ///
    /// As [`Self::encode`].
    pub fn encode_beginning(&self, text: &str) -> Result<Encoded, EncodeError> {
        let mut encoded = self.encode(text)?;
        // A user who writes the marks out does not mean them twice.
        if !encoded.tokens.starts_with(self.before()) {
            encoded.tokens.splice(0..0, self.before().iter().copied());
        }
        Ok(encoded)
    }

    /// Tokens that stand for exactly these bytes, if there are any: for a piece of a text whose tokens are lost.
    #[must_use]
    pub fn spell(&self, bytes: &[u8]) -> Option<Vec<TokenId>> {
        let text = std::str::from_utf8(bytes).ok();
        let exact = text.and_then(|it| self.encode(it).ok()).filter(|it| it.read_as.is_none());
        if let Some(it) = exact {
            return Some(it.tokens);
        }
        let (mut rest, mut tokens) = (bytes, Vec::new());
        while !rest.is_empty() {
            let fits = |&it: &usize| {
                let kind = self.tokens.kinds[it];
                kind == TokenKind::Normal
                    && !self.tokens.bytes[it].is_empty()
                    && rest.starts_with(&self.tokens.bytes[it])
            };
            let longest = (0..self.len()).filter(fits).max_by_key(|&it| self.tokens.bytes[it].len())?;
            tokens.push(longest as TokenId);
            rest = &rest[self.tokens.bytes[longest].len()..];
        }
        Some(tokens)
    }

    /// The bytes a token stands for; none for an id that is not in the vocabulary.
    #[must_use]
    pub fn bytes(&self, token: TokenId) -> &[u8] {
        self.tokens.bytes.get(token as usize).map_or(&[], |it| it)
    }

    /// The part that a token plays; [`TokenKind::Unused`] for an id that is not in the vocabulary.
    #[must_use]
    pub fn token_kind(&self, token: TokenId) -> TokenKind {
        self.tokens.kinds.get(token as usize).copied().unwrap_or(TokenKind::Unused)
    }

    /// The text of `tokens`, invalid bytes replaced.
    #[must_use]
    pub fn decode(&self, tokens: &[TokenId]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|&it| self.bytes(it)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One more than the largest id, V.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.bytes.len()
    }

    /// Whether there are no tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.bytes.is_empty()
    }

    /// The token that begins a text, if there is one.
    #[must_use]
    pub fn begin(&self) -> Option<TokenId> {
        self.special.begin
    }

    /// What the tokenizer puts before every text; nothing for most models.
    #[must_use]
    pub fn before(&self) -> &[TokenId] {
        &self.special.before
    }

    /// The tokens that end a text; there may be several, or none.
    #[must_use]
    pub fn ends(&self) -> &[TokenId] {
        &self.special.ends
    }

    /// Whether a token ends a text.
    #[must_use]
    pub fn is_end(&self, token: TokenId) -> bool {
        self.special.ends.contains(&token)
    }

    /// Whether a token is a mark: one that begins or ends a text, or another special one.
    #[must_use]
    pub fn is_mark(&self, token: TokenId) -> bool {
        self.is_end(token) || self.begin() == Some(token) || self.token_kind(token) == TokenKind::Special
    }

    /// The spelling of a token for a line of text: some models end theirs with a line feed.
    #[must_use]
    pub fn name_of(&self, token: TokenId) -> String {
        let text = String::from_utf8_lossy(self.bytes(token));
        let shown = |it: char| if it.is_control() { it.escape_default().to_string() } else { it.to_string() };
        text.chars().map(shown).collect()
    }

    /// The spelling of the token that begins a text, for people.
    #[must_use]
    pub fn begin_name(&self) -> Option<String> {
        self.begin().map(|it| self.name_of(it))
    }

    /// SHA-256 of its canonical content, hexadecimal: equal for the same tokens, whichever files they were read from.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.tokens.hash
    }

    /// Whether two models have the same tokens.
    #[must_use]
    pub fn has_tokens_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tokens, &other.tokens) || self.hash() == other.hash()
    }

    /// Whether it is GPT-2's own or the model's.
    #[must_use]
    pub fn kind(&self) -> VocabularyKind {
        self.tokens.kind
    }

    /// Where it was read from, for people.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The same, said to come from elsewhere.
    #[must_use]
    pub fn from_origin(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// It in a line: which one, how many tokens, what begins and ends a text, its hash.
    #[must_use]
    pub fn summary(&self) -> String {
        let name = |id: TokenId| format!("{} ({id})", self.name_of(id));
        let begin = self.begin().map_or("nothing".to_owned(), name);
        let ends = match self.ends() {
            [] => "nothing".to_owned(),
            ids => ids.iter().map(|&it| name(it)).collect::<Vec<_>>().join(", "),
        };
        let marks = if self.ends() == self.begin().as_slice() && self.begin().is_some() {
            format!("{ends} begins and ends a text")
        } else {
            format!("{begin} begins a text, {ends} ends one")
        };
        format!("{}, {} tokens; {marks}; hash {:.12}", self.kind().name(), self.len(), self.hash())
    }

    /// The same for programs: hash, kind, begin, ends, number of tokens, origin.
    #[must_use]
    pub fn facts(&self) -> serde_json::Value {
        let mut facts = serde_json::json!(self.record());
        facts["begin"] = self.begin().into();
        facts["ends"] = self.ends().into();
        facts["tokens"] = self.len().into();
        facts["origin"] = self.origin().into();
        facts
    }

    /// Remarks about its files, for people.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The same with one more remark.
    #[must_use]
    pub fn with_note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }

    /// Its pieces and merges; `None` where only the spellings are known.
    #[must_use]
    pub fn definition(&self) -> Option<&Definition> {
        self.tokens.definition.as_ref()
    }

    /// Whether texts can be cut into its tokens.
    #[must_use]
    pub fn can_encode(&self) -> bool {
        self.tokens.encoder.is_some()
    }
}

impl PartialEq for Vocabulary {
    /// The same tokens, of which the same begin and end a text.
    fn eq(&self, other: &Self) -> bool {
        self.has_tokens_of(other) && self.special == other.special
    }
}

impl Tokens {
    /// The tokens of a definition; GPT-2's are the built-in ones.
    fn new(definition: Definition) -> Result<Arc<Self>, VocabularyError> {
        if definition.len() != crate::assets::GPT2_TOKENS {
            return Self::build(definition, VocabularyKind::ByteLevelBpe).map(Arc::new);
        }
        let stock = crate::assets::vocabulary();
        if stock.tokens.definition.as_ref() == Some(&definition) {
            return Ok(stock.tokens.clone());
        }
        let tokens = Self::build(definition, VocabularyKind::ByteLevelBpe)?;
        // What differs is how its files say it.
        Ok(if tokens.hash == stock.tokens.hash { stock.tokens.clone() } else { Arc::new(tokens) })
    }

    fn build(definition: Definition, kind: VocabularyKind) -> Result<Self, VocabularyError> {
        let size = definition.len();
        let (mut bytes, mut kinds) = (vec![Box::default(); size], vec![TokenKind::Unused; size]);
        for (&id, piece) in &definition.pieces {
            if !definition.added.contains_key(&id) {
                let spelled = alphabet::bytes_of(piece);
                let what = || VocabularyError::NotByteLevel { id, piece: definition::short(piece) };
                (bytes[id as usize], kinds[id as usize]) = (spelled.ok_or_else(what)?, TokenKind::Normal);
            }
        }
        for (&id, it) in &definition.added {
            let kind = if it.special { TokenKind::Special } else { TokenKind::Added };
            (bytes[id as usize], kinds[id as usize]) = (it.content.as_bytes().into(), kind);
        }
        let (hash, encoder) = (definition.hash(), Encoder::new(&definition)?);
        Ok(Self { encoder: Some(encoder), definition: Some(definition), bytes, kinds, hash, kind })
    }
}
