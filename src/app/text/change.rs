//! What happened to the text, and the one place that forgets what was derived from it.

use std::sync::Arc;

use super::{Likelihood, LogitCache, Measures, Scroll, Survival, Text, Under};
use crate::document::{Document, Origin, Vocabularies};
use crate::text::Vocabulary;

/// What happened to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Tokens were appended; there were so many before.
    Grown {
        /// The position of the first new token.
        from: usize,
    },
    /// The text ends at another node, which is no descendant of its end before.
    Moved,
    /// The model's scores of the next token came.
    Scores,
    /// The sampling settings are others.
    Settings,
    /// Another model is loaded, or none.
    Model,
    /// Another document.
    New,
}

impl Text {
    /// Forgets what a change makes untrue. Whatever is derived from the text is forgotten here and nowhere else.
    pub fn forget(&mut self, change: Change) {
        match change {
            Change::Grown { from } => {
                self.ahead = None;
                self.measures.forget_search();
                // The token that was not drawn yet may be another one now; those before it are what they were.
                if self.inspection.as_ref().is_some_and(|it| it.position >= from) {
                    self.inspection = None;
                }
                // While text is drawn, the scores of the next token are a token late; of what was typed they say nothing.
                let is_drawn = self.document.at(from).is_some_and(|it| matches!(it.origin, Origin::Drawn(_)));
                if !is_drawn {
                    self.next = None;
                }
                if self.cursor == from {
                    self.cursor = self.document.len();
                }
                if let Scroll::At { unseen, .. } = &mut self.scroll {
                    *unseen += self.document.len() - from;
                }
                self.follow_vocabulary();
                self.flow.extend(&self.document, &self.vocabulary);
            }
            Change::Moved => {
                (self.inspection, self.ahead) = (None, None);
                self.measures.forget_search();
                // Scores of another end are not scores of this one.
                if self.next.as_ref().is_some_and(|it| it.after != self.document.tip()) {
                    self.next = None;
                }
                (self.cursor, self.anchor) = (self.cursor.min(self.document.len()), None);
                self.follow_vocabulary();
                self.flow.rebuild(&self.document, &self.vocabulary);
            }
            Change::Scores => {
                self.forget_present_inspection();
                self.is_stale = true;
            }
            Change::Settings => {
                self.forget_present_inspection();
                (self.survival, self.likelihood) = (Survival::default(), Likelihood::default());
                if let Some(next) = &mut self.next {
                    next.table = None;
                }
                if let Some(ahead) = &mut self.ahead {
                    ahead.table = None;
                }
                self.is_stale = true;
            }
            Change::Model => {
                self.forget_scores();
                let before = self.vocabulary.clone();
                self.follow_vocabulary();
                if !Arc::ptr_eq(&before, &self.vocabulary) {
                    self.flow.rebuild(&self.document, &self.vocabulary);
                }
            }
            Change::New => {
                self.forget_scores();
                (self.cursor, self.anchor, self.scroll) = (self.document.len(), None, Scroll::Follow);
                self.follow_vocabulary();
                self.flow.rebuild(&self.document, &self.vocabulary);
            }
        }
    }

    /// Begins another document; how it is looked at stays.
    pub fn begin(&mut self, document: Document, vocabularies: Vocabularies) {
        (self.document, self.vocabularies) = (document, vocabularies);
        self.forget(Change::New);
    }

    /// Another model has been loaded; `None` while there is none.
    pub fn set_model(&mut self, vocabulary: Option<Arc<Vocabulary>>) {
        self.of_model = vocabulary;
        self.forget(Change::Model);
    }

    /// What is looked at under the settings of then stays as it was; everything else follows those of now.
    fn forget_present_inspection(&mut self) {
        if self.inspection.as_ref().is_some_and(|it| it.under == Under::Now) {
            self.inspection = None;
        }
    }

    /// Forgets all that a model said.
    fn forget_scores(&mut self) {
        self.logits = LogitCache::default();
        (self.survival, self.likelihood) = (Survival::default(), Likelihood::default());
        self.measures = Measures::default();
        (self.next, self.ahead, self.inspection) = (None, None, None);
    }

    /// Shows the text in the vocabulary that its end is written in; an empty text has that of the model.
    pub(super) fn follow_vocabulary(&mut self) {
        let of_text = self.vocabularies.of_text(&self.document);
        let shown = match (of_text, self.of_model.clone()) {
            // The model's knows how to cut a text, too; one that was kept with a transcript does not.
            (Some(of_text), Some(own)) => Some(if own.has_tokens_of(&of_text) { own } else { of_text }),
            (of_text, own) => of_text.or(own),
        };
        if let Some(it) = shown {
            self.vocabulary = it;
        }
    }
}
