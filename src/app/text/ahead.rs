//! What could come after a text that is typed and not sent yet.

use std::sync::Arc;

use super::Text;
use super::next::Table;
use crate::TokenId;
use crate::document::NodeId;
use crate::sample::{Context, Settings};

/// The model's scores of the token after what is typed and not sent. Nothing of it is part of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// The end of the text that it would be added to.
    pub after: Option<NodeId>,
    /// What is typed, in tokens of the text's vocabulary.
    pub tokens: Vec<TokenId>,
    /// The spaces at its end, which the next token begins with: they are healed when it is sent.
    pub begun: Vec<u8>,
    /// (V,).
    pub logits: Arc<[f32]>,
    /// What the settings make of them; made by [`Text::prepare`].
    pub table: Option<Table>,
}

impl Text {
    /// Keeps the scores of the token after what is typed.
    pub fn put_ahead(&mut self, ahead: Ahead) {
        if ahead.after == self.document.tip() {
            self.ahead = Some(ahead);
            self.is_stale = true;
        }
    }

    /// What the settings make of the scores of the token after what is typed, as far as that is known.
    #[must_use]
    pub fn ahead_table(&self) -> Option<&Table> {
        self.ahead.as_ref()?.table.as_ref()
    }

    /// Applies the settings to the scores of the token after what is typed.
    pub(super) fn shape_ahead(&mut self, settings: &Settings) {
        let Some(mut ahead) = self.ahead.take() else { return };
        let mut tokens = self.document.tokens();
        tokens.extend_from_slice(&ahead.tokens);
        let context = Context::new(&tokens, &self.constraints).with_begun(&ahead.begun);
        ahead.table = Table::of(&ahead.logits, &context, settings);
        self.ahead = Some(ahead);
    }
}
