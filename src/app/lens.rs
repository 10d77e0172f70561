//! How the text is looked at: the token under the cursor, the heat of each token, what the settings would have cut.

use std::collections::HashMap;

use super::inspection::Inspection;
use super::rows::Rows;
use super::state::{App, Overlay};
use crate::document::{NodeId, Origin};
use crate::engine::protocol::RequestId;
use crate::sample::{Distribution, Score, Settings};

/// What the text is coloured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heat {
    /// Nothing.
    #[default]
    Off,
    /// How improbable the model found each token, in bits.
    Surprise,
    /// How open the choice was, in bits.
    Entropy,
    /// The token's place among the model's candidates.
    Rank,
    /// Whether the settings of now would have allowed it.
    Cut,
}

/// A level of heat: 0 is cold, 4 is hot.
pub(super) type Level = usize;

impl Heat {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Off => Self::Surprise,
            Self::Surprise => Self::Entropy,
            Self::Entropy => Self::Rank,
            Self::Rank => Self::Cut,
            Self::Cut => Self::Off,
        }
    }

    /// What it shows, in a word or two.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Surprise => "surprise, bits",
            Self::Entropy => "entropy, bits",
            Self::Rank => "rank",
            Self::Cut => "cut by these settings",
        }
    }

    /// The upper ends of the levels but the last.
    #[must_use]
    pub fn limits(self) -> [f32; 4] {
        match self {
            Self::Surprise => [1.0, 3.0, 6.0, 10.0],
            Self::Entropy => [1.0, 2.5, 4.0, 6.0],
            // GLTR's buckets: the likeliest, 10, 100, 1,000.
            Self::Rank => [1.0, 10.0, 100.0, 1000.0],
            Self::Off | Self::Cut => [0.0; 4],
        }
    }

    /// The level of a token.
    #[must_use]
    pub(super) fn level(self, score: &Score) -> Option<Level> {
        let value = match self {
            Self::Surprise => score.bits(),
            Self::Entropy => score.entropy?,
            // Places are counted from 1 on the screen; limits are inclusive there.
            Self::Rank => score.rank as f32 + 0.5,
            Self::Off | Self::Cut => return None,
        };
        Some(self.limits().iter().take_while(|&&limit| value >= limit).count())
    }
}

/// How the text is looked at.
#[derive(Clone, Debug, Default)]
pub struct Lens {
    /// What it is coloured by.
    pub heat: Heat,
    /// The position under the cursor; that after the last token is the token not drawn yet.
    pub cursor: usize,
    /// The position where a selection began that ends at the cursor.
    pub anchor: Option<usize>,
    /// The model's scores that are kept.
    pub rows: Rows,
    /// What is known of the token under the cursor, while somebody looks at it.
    pub inspection: Option<Inspection>,
    /// Whether each drawn token could be drawn under the settings of now.
    survives: HashMap<NodeId, bool>,
    /// The settings that was found out under.
    under: Option<Settings>,
    /// The continuation before which the text was read again, if the journal knows of it.
    pub(super) reread: Option<RequestId>,
}

/// How many drawn tokens the settings of now would have cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Losses {
    /// So many.
    pub cut: usize,
    /// Of so many drawn tokens.
    pub drawn: usize,
    /// About which nothing is known, yet or any more.
    pub unknown: usize,
}

impl App {
    /// What the model thought of the token at a position.
    #[must_use]
    pub fn score(&self, position: usize) -> Option<Score> {
        let &id = self.document.path().get(position)?;
        match &self.document.node(id)?.origin {
            Origin::Drawn(draw) if draw.entropy.is_some() => Some(Score::from(&**draw)),
            Origin::Drawn(draw) => self.lens.rows.score(id).or(Some(Score::from(&**draw))),
            Origin::Typed | Origin::Chosen => self.lens.rows.score(id),
        }
    }

    /// Whether the token at a position could be drawn under the settings of now; `None` if it is not known or was typed.
    #[must_use]
    pub fn survives(&self, position: usize) -> Option<bool> {
        self.lens.survives.get(self.document.path().get(position)?).copied()
    }

    /// How many drawn tokens of the text the settings of now would have cut.
    #[must_use]
    pub fn losses(&self) -> Losses {
        let drawn = self.document.drawn();
        let known = self.document.path().iter().filter_map(|id| self.lens.survives.get(id));
        let (mut cut, mut all) = (0, 0);
        for &survives in known {
            all += 1;
            cut += usize::from(!survives);
        }
        Losses { cut, drawn, unknown: drawn - all }
    }

    /// The positions of the tokens that are selected.
    #[must_use]
    pub fn selection(&self) -> Option<std::ops::Range<usize>> {
        let (anchor, cursor) = (self.lens.anchor?, self.lens.cursor);
        let range = anchor.min(cursor)..(anchor.max(cursor) + 1).min(self.document.len());
        (!range.is_empty()).then_some(range)
    }

    /// Whether the token at a position begins inside a character.
    fn is_piece(&self, position: usize) -> bool {
        let node = self.document.at(position);
        node.and_then(|it| self.vocabulary.bytes(it.token).first()).is_some_and(|it| (0x80..0xc0).contains(it))
    }

    /// The position from which on the characters are whole, this one's among them.
    pub(super) fn whole_from(&self, position: usize) -> usize {
        (0..=position).rev().find(|&it| !self.is_piece(it)).unwrap_or(0)
    }

    /// The position up to which the characters are whole.
    pub(super) fn whole_to(&self, position: usize) -> usize {
        (position..self.document.len()).find(|&it| !self.is_piece(it)).unwrap_or(self.document.len())
    }

    /// Whether the inspector is open.
    pub(super) fn inspects(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Inspector { .. }))
    }

    /// Whether scores of single tokens are shown.
    pub(super) fn looks_closely(&self) -> bool {
        self.lens.heat != Heat::Off || self.inspects() || matches!(self.overlay, Some(Overlay::Score { .. }))
    }

    /// The first position whose scores are wanted and not there, but could be had.
    pub(super) fn first_unknown(&self) -> Option<usize> {
        let needs_rows = self.lens.heat == Heat::Cut || self.inspects();
        if !self.looks_closely() {
            return None;
        }
        let first = self.out_of_sight() + 1;
        (first..self.document.len()).find(|&position| {
            let before = self.document.path()[position - 1];
            let row_is_there = self.lens.rows.after(before).is_some();
            self.score(position).is_none() || (needs_rows && !row_is_there)
        })
    }

    /// Forgets what is known of tokens: another model, another document. How the text is looked at stays.
    pub(super) fn forget_the_text(&mut self) {
        self.lens.rows.clear();
        self.lens.survives.clear();
        self.lens.inspection = None;
    }

    /// Finds out for some more tokens whether they would survive, those in view first. Says whether there are more.
    ///
    /// A full context takes half a second, which is too long for one frame.
    pub(super) fn judge(&mut self, in_view: std::ops::Range<usize>) -> bool {
        /// So many scores are looked at for one frame: some milliseconds.
        const BUDGET: usize = 500_000;
        if self.lens.heat != Heat::Cut {
            return false;
        }
        if self.lens.under.as_ref() != Some(&self.settings) {
            self.lens.under = Some(self.settings.clone());
            self.lens.survives.clear();
        }
        let tokens = self.document.tokens();
        let path = self.document.path();
        let mut spent = 0;
        let everywhere = 1..path.len();
        for position in in_view.chain(everywhere).filter(|&it| it > 0 && it < path.len()) {
            let id = path[position];
            let drawn = matches!(self.document.node(id).map(|it| &it.origin), Some(Origin::Drawn(_)));
            if !drawn || self.lens.survives.contains_key(&id) {
                continue;
            }
            let Some(row) = self.lens.rows.after(path[position - 1]) else { continue };
            if spent > 0 && spent + row.len() > BUDGET {
                return true;
            }
            spent += row.len();
            let survives = Distribution::new(row, &self.context(&tokens, position, &self.words), &self.settings)
                .is_ok_and(|it| it.contains(tokens[position]));
            self.lens.survives.insert(id, survives);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_begin_where_the_legend_says() {
        let score = |p: f32, rank| Score { p, rank, entropy: Some(-p.log2()) };
        for (heat, score, expected) in [
            (Heat::Surprise, score(0.6, 0), Some(0)),
            (Heat::Surprise, score(0.5, 0), Some(1)),
            (Heat::Surprise, score(0.126, 0), Some(1)),
            (Heat::Surprise, score(0.1249, 0), Some(2)),
            (Heat::Surprise, score(0.0009, 0), Some(4)),
            (Heat::Entropy, score(0.1249, 0), Some(2)),
            (Heat::Rank, score(0.5, 0), Some(0)),
            (Heat::Rank, score(0.5, 1), Some(1)),
            (Heat::Rank, score(0.5, 9), Some(1)),
            (Heat::Rank, score(0.5, 10), Some(2)),
            (Heat::Rank, score(0.5, 1000), Some(4)),
            (Heat::Entropy, Score { entropy: None, ..score(0.5, 0) }, None),
            (Heat::Off, score(0.5, 0), None),
        ] {
            assert_eq!(heat.level(&score), expected, "{heat:?} {score:?}");
        }
    }
}
