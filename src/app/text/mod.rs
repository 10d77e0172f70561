//! The text: the document together with everything that is derived from it.
//!
//! All that is derived lives here and is forgotten in one place, [`Text::forget`]. The text knows no model, no key and no
//! screen: a model's vocabulary and scores are given to it, and so are the sampling settings.

mod ahead;
mod change;
mod finding;
mod flow;
mod inspection;
mod likelihood;
mod logit_cache;
mod measures;
mod next;
mod score;
mod survival;

use std::sync::Arc;

pub use crate::sample::{Heat, Level};
pub use ahead::Ahead;
pub use change::Change;
pub use finding::{Place, find};
pub use flow::Flow;
pub use inspection::{Inspection, Under};
pub use likelihood::{Likelier, Likelihood};
pub use logit_cache::LogitCache;
pub use measures::{Dice, Measures, TextDice};
pub use next::{Next, Table};
pub use score::{Surprise, TextScore};
pub use survival::{Losses, Survival};

use crate::TokenId;
use crate::assets;
use crate::document::{Document, NodeId, Origin, Record, Vocabularies};
use crate::sample::{Context, Score, Settings, TokenConstraints};
use crate::text::{Vocabulary, rest_of, visible};

/// How the view follows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// The end is in view.
    Follow,
    /// The view stays at the row that holds a byte of the text.
    At {
        /// The byte, an index of [`Flow::text`].
        offset: usize,
        /// How many tokens were appended since the view left the end.
        unseen: usize,
    },
}

/// The document, the view of it, and what is derived from it.
#[derive(Clone, Debug)]
pub struct Text {
    /// The tree of tokens; changed by [`Text::apply`] alone.
    pub document: Document,
    /// The document as rows on the screen.
    pub flow: Flow,
    /// The position under the cursor, 0 to the number of tokens; the last one is the token that is not drawn yet.
    pub cursor: usize,
    /// The position where a selection began that ends at the cursor.
    pub anchor: Option<usize>,
    /// Which rows are in view.
    pub scroll: Scroll,
    /// What the tokens are coloured by.
    pub heat: Heat,
    /// The model's scores of what follows a node, as far as they are kept.
    pub logits: LogitCache,
    /// The model's scores of the next token, and what the settings make of them.
    pub next: Option<Next>,
    /// The model's scores of the token after what is typed and not sent yet.
    pub ahead: Option<Ahead>,
    /// What is known of the token under the cursor, while the inspector is open.
    pub inspection: Option<Inspection>,
    /// Which drawn tokens the settings of now could have drawn.
    pub survival: Survival,
    /// How the tokens stand among all that could have come.
    measures: Measures,
    /// How likely the tokens are under the settings of now.
    likelihood: Likelihood,
    /// Which vocabulary each token of the document is of.
    vocabularies: Vocabularies,
    /// The vocabulary of the text's end; of the model, where there is no text.
    vocabulary: Arc<Vocabulary>,
    /// The vocabulary of the loaded model.
    of_model: Option<Arc<Vocabulary>>,
    /// The texts that the settings name, in tokens of `vocabulary`.
    constraints: TokenConstraints,
    /// Whether scores or settings changed since the last [`Text::prepare`].
    is_stale: bool,
}

impl Text {
    /// A document in the vocabularies that it was written in, not wrapped to any width yet.
    #[must_use]
    pub fn new(document: Document, vocabularies: Vocabularies) -> Self {
        let mut text = Self {
            // Where the eyes are.
            cursor: document.len(),
            document,
            flow: Flow::new(1),
            anchor: None,
            scroll: Scroll::Follow,
            heat: Heat::Off,
            logits: LogitCache::default(),
            next: None,
            ahead: None,
            inspection: None,
            survival: Survival::default(),
            measures: Measures::default(),
            likelihood: Likelihood::default(),
            vocabularies,
            vocabulary: assets::vocabulary(),
            of_model: None,
            constraints: TokenConstraints::default(),
            is_stale: false,
        };
        text.follow_vocabulary();
        text.flow.extend(&text.document, &text.vocabulary);
        text
    }

    /// The vocabulary that the text is shown in.
    #[must_use]
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// The vocabularies that the document's tokens are of, on all branches.
    #[must_use]
    pub fn vocabularies(&self) -> &Vocabularies {
        &self.vocabularies
    }

    /// Whether the text's tokens are of the loaded model's vocabulary.
    #[must_use]
    pub fn is_the_models(&self) -> bool {
        self.document.is_empty() || self.of_model.as_ref().is_none_or(|it| self.vocabulary.has_tokens_of(it))
    }

    /// The text of some nodes, each in the vocabulary that it was written in; bytes that are no text are replaced.
    #[must_use]
    pub fn text_of(&self, nodes: &[NodeId]) -> String {
        self.vocabularies.text(&self.document, nodes)
    }

    /// What some nodes in a row add to the text before them, as it is shown in one line. What is seen as one character is
    /// told whole, also where it begins before them.
    #[must_use]
    pub fn shown_of(&self, nodes: &[NodeId]) -> String {
        /// A character of more tokens than this is told in part.
        const BEFORE: usize = 32;
        let ascii = |it: &NodeId| self.bytes_of(*it).first().is_some_and(u8::is_ascii);
        let mut before: Vec<NodeId> = Vec::new();
        let parent = |it: NodeId| self.document.node(it).and_then(|it| it.parent);
        let mut next = nodes.first().copied().filter(|it| !ascii(it)).and_then(parent);
        while let Some(it) = next.filter(|_| before.len() < BEFORE) {
            before.insert(0, it);
            next = parent(it).filter(|_| !ascii(&it));
        }
        let line = |nodes: &[NodeId]| visible(&self.text_of(nodes).replace('\n', "\\n"));
        let all = [&before, nodes].concat();
        rest_of(&line(&all), &line(&before)).to_owned()
    }

    fn bytes_of(&self, node: NodeId) -> Vec<u8> {
        self.document.node(node).map_or_else(Vec::new, |it| self.vocabularies.bytes(node, it.token))
    }

    /// What the model thought of the token at a position; `None` if that is not known.
    #[must_use]
    pub fn score(&self, position: usize) -> Option<Score> {
        let &id = self.document.path().get(position)?;
        match &self.document.node(id)?.origin {
            Origin::Drawn(draw) if draw.entropy.is_some() => Some(Score::from(&**draw)),
            Origin::Drawn(draw) => self.logits.score(id).or(Some(Score::from(&**draw))),
            Origin::Typed | Origin::Chosen => self.logits.score(id),
        }
    }

    /// The positions of the tokens that are selected.
    #[must_use]
    pub fn selection(&self) -> Option<std::ops::Range<usize>> {
        let (anchor, cursor) = (self.anchor?, self.cursor);
        let range = anchor.min(cursor)..(anchor.max(cursor) + 1).min(self.document.len());
        (!range.is_empty()).then_some(range)
    }

    /// Whether the token at a position begins inside a character.
    fn begins_in_a_character(&self, position: usize) -> bool {
        let node = self.document.at(position);
        node.and_then(|it| self.vocabulary.bytes(it.token).first()).is_some_and(|it| (0x80..0xc0).contains(it))
    }

    /// The last position up to this one at which a character begins.
    pub(super) fn whole_from(&self, position: usize) -> usize {
        (0..=position).rev().find(|&it| !self.begins_in_a_character(it)).unwrap_or(0)
    }

    /// The first row in view, where `height` rows are.
    #[must_use]
    pub fn top_row(&self, height: usize) -> usize {
        let last = self.flow.rows().len().saturating_sub(height);
        match self.scroll {
            Scroll::Follow => last,
            Scroll::At { offset, .. } => self.flow.row_of(offset).min(last),
        }
    }

    /// The positions of the tokens in view, where `height` rows are.
    pub(super) fn in_view(&self, height: usize) -> std::ops::Range<usize> {
        let rows = self.flow.rows();
        let top = self.top_row(height);
        let bottom = (top + height).min(rows.len());
        match (rows.get(top), rows.get(bottom.saturating_sub(1))) {
            (Some(first), Some(last)) => self.flow.token_at(first.start)..self.flow.token_at(last.end) + 1,
            _ => 0..0,
        }
    }

    /// The end of the text before the token under the cursor.
    pub(super) fn before_cursor(&self) -> Option<NodeId> {
        self.cursor.checked_sub(1).and_then(|it| self.document.path().get(it)).copied()
    }

    /// What stands before the token at a position of `tokens`, which are those of the document.
    pub(super) fn context<'a>(
        &'a self,
        tokens: &'a [TokenId],
        position: usize,
        constraints: &'a TokenConstraints,
    ) -> Context<'a> {
        let begun = match self.document.at(position).map(|it| &it.origin) {
            Some(Origin::Drawn(draw)) => draw.begun,
            _ => 0,
        };
        let bytes = tokens.get(position).map_or(&[][..], |&it| self.vocabulary.bytes(it));
        let before = &tokens[..position.min(tokens.len())];
        // What goes on with a begun word is drawn before mirostat knows anything.
        let mu = if begun > 0 { None } else { self.document.mu(position) };
        Context::new(before, constraints).with_mu(mu).with_begun(&bytes[..begun.min(bytes.len())])
    }

    /// What stands before the next token; its constraints are those of the last [`Text::prepare`].
    pub(in crate::app) fn context_of_next<'a>(&'a self, tokens: &'a [TokenId]) -> Context<'a> {
        self.context(tokens, tokens.len(), &self.constraints)
    }

    /// Derives what is missing and wanted, a piece at a time. No model runs; cheap if nothing changed.
    ///
    /// To be called once before a frame, and not for every token. `height` is the rows of text in view. Answers whether the
    /// scores or settings changed since the last call, and whether something is left for the next frame.
    pub fn prepare(&mut self, settings: &Settings, wanted: Wanted, height: usize) -> Prepared {
        self.constraints.follow(settings, &self.vocabulary);
        let is_new = std::mem::take(&mut self.is_stale);
        if is_new {
            self.shape_next(settings);
            self.shape_ahead(settings);
        }
        self.inspection.take_if(|it| wanted.inspection != Some(it.asked));
        if let (Some(under), None) = (wanted.inspection, &self.inspection) {
            self.inspect(settings, under);
        }
        self.throw(wanted.dice);
        let flips = self.look_for_a_flip();
        let in_view = self.in_view(height);
        let judges = self.judge(settings, in_view);
        let measures = wanted.measures || self.heat == Heat::Varentropy;
        let measures = measures && self.measure_more(wanted.measures) || wanted.measures && self.weigh(settings);
        Prepared { is_new, is_unfinished: measures || judges || flips }
    }
}

/// What is to be derived besides what always is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What is known of the token under the cursor, and under which settings if it was drawn.
    pub inspection: Option<Under>,
    /// What so many dice would draw in that token's place.
    pub dice: u64,
    /// How every token stands among all that could have come.
    pub measures: bool,
}

/// What [`Text::prepare`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Whether the next token's table was made anew.
    pub is_new: bool,
    /// Whether something is left to derive.
    pub is_unfinished: bool,
}

impl Text {
    /// Adds typed or drawn tokens, moves the end, or notes something: the only way to change the document.
    ///
    /// All that is derived follows. The cursor stays at the end if it was there and tokens were appended.
    pub fn apply(&mut self, record: &Record) {
        if let (Record::Model { .. }, Some(own)) = (record, &self.of_model) {
            self.vocabularies.push(self.document.next_node(), own.clone());
        }
        let (tip, length) = (self.document.tip(), self.document.len());
        self.document.apply(record);
        let is_longer = length < self.document.len()
            && length.checked_sub(1).is_none_or(|it| self.document.path().get(it).copied() == tip);
        if is_longer {
            self.forget(Change::Grown { from: length });
        } else if self.document.tip() != tip {
            self.forget(Change::Moved);
        } else {
            self.follow_vocabulary();
        }
    }

    /// Puts the cursor behind the last token and brings that into view.
    pub(super) fn go_to_end(&mut self) {
        (self.cursor, self.anchor, self.scroll) = (self.document.len(), None, Scroll::Follow);
        self.inspection = None;
    }

    /// Puts the cursor on a position, at most behind the last token.
    pub fn put_cursor(&mut self, position: usize) {
        self.cursor = position.min(self.document.len());
        self.inspection = None;
    }

    /// Keeps the scores, (V,), of what comes after the last token.
    pub fn put_next(&mut self, logits: Arc<[f32]>) {
        let tip = self.document.tip();
        if let Some(tip) = tip {
            self.logits.put(tip, logits.clone());
        }
        self.next = Some(Next::new(tip, logits));
        self.forget(Change::Scores);
    }

    /// Keeps scores of tokens that are there already: a row, (V,), for each position from `first` on.
    pub fn put_scores(&mut self, first: usize, rows: Vec<Arc<[f32]>>) {
        for (position, row) in (first..).zip(rows) {
            let path = self.document.path();
            let before = position.checked_sub(1).and_then(|it| path.get(it));
            let (Some(&before), Some(&id)) = (before, path.get(position)) else { return };
            if let Some(score) = self.document.node(id).and_then(|it| Score::new(&row, it.token)) {
                self.logits.put_score(id, score);
            }
            self.logits.put(before, row);
        }
    }
}
