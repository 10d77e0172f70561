//! The text as the model finds it: bits, perplexity, ranks, and what surprised it the most.

use super::Text;
use crate::TokenId;
use crate::document::Origin;
use crate::sample::{Score, Tally};

/// A token that surprised the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surprise {
    /// The position in the text, from 1: the first token has no score.
    pub position: usize,
    /// Which it is.
    pub token: TokenId,
    /// What the model thought of it.
    pub score: Score,
    /// What the model thought likeliest, and how likely, where its scores are kept.
    pub expected: Option<(TokenId, f32)>,
}

/// What the tokens of the text come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextScore {
    /// The sums over all tokens that have a score.
    pub all: Tally,
    /// Those that a person wrote.
    pub typed: Tally,
    /// Those that the model drew.
    pub drawn: Tally,
    /// How many have no score, yet or any more; the first one, which has nothing before it, is not counted.
    pub unknown: usize,
    /// The most surprising ones, the worst first.
    pub worst: Vec<Surprise>,
}

/// How many of the most surprising tokens are told.
const TOLD: usize = 5;

impl Text {
    /// Adds up what the model thought of the tokens of the text.
    #[must_use]
    pub fn text_score(&self) -> TextScore {
        let mut out = TextScore::default();
        let mut scored = Vec::new();
        for (position, &id) in self.document.path().iter().enumerate().skip(1) {
            let (Some(node), Some(score)) = (self.document.node(id), self.score(position)) else {
                out.unknown += 1;
                continue;
            };
            let of_its_kind = if matches!(node.origin, Origin::Drawn(_)) { &mut out.drawn } else { &mut out.typed };
            let bytes = self.vocabulary().bytes(node.token);
            of_its_kind.add(f64::from(score.bits()), score.rank, bytes);
            out.all.add(f64::from(score.bits()), score.rank, bytes);
            scored.push(Surprise { position, token: node.token, score, expected: None });
        }
        // Stable: of equals the first comes first.
        scored.sort_by(|a, b| b.score.bits().total_cmp(&a.score.bits()));
        scored.truncate(TOLD);
        out.worst = scored.into_iter().map(|it| Surprise { expected: self.expected(it.position), ..it }).collect();
        out
    }

    /// What the model thought likeliest at a position, if it is still known.
    fn expected(&self, position: usize) -> Option<(TokenId, f32)> {
        let path = self.document.path();
        if let Some(row) = self.logits.after(*path.get(position.checked_sub(1)?)?) {
            let likeliest =
                (0..).zip(row.iter()).max_by(|a: &(TokenId, &f32), b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?.0;
            return Some((likeliest, Score::new(row, likeliest)?.p));
        }
        match &self.document.at(position)?.origin {
            Origin::Drawn(draw) => draw.top.first().map(|it| (it.token, it.model)),
            Origin::Typed | Origin::Chosen => None,
        }
    }
}
