//! A token questioned: what it could have been instead, and what would have made it so.

use std::sync::Arc;

use super::Text;
use crate::TokenId;
use crate::document::{NodeId, Origin};
use crate::sample::{
    Distribution, Flip, Measure, Parameter, Picked, Row, Score, Settings, StepTrace, Thrown, TokenConstraints, die,
    flip, throw,
};

/// Which settings a drawn token is looked at under; any other token is looked at under those of now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Under {
    /// Those that it was drawn under.
    #[default]
    Then,
    /// Those of now: what the same die would draw under them.
    Now,
}

impl Under {
    /// The other ones.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Then => Self::Now,
            Self::Now => Self::Then,
        }
    }
}

/// What is known of one token.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The position in the text; the number of tokens for the token that is not drawn yet.
    pub position: usize,
    /// It; none for the token not drawn yet.
    pub node: Option<NodeId>,
    /// Which token it is, or will be.
    pub token: TokenId,
    /// Whether a person wrote it; what the die would have picked is then told beside it.
    pub typed: bool,
    /// Which settings it is looked at under; those of now, unless it was drawn.
    pub under: Under,
    /// What the model thought of it.
    pub score: Score,
    /// How it stands among all that could have come.
    pub measure: Option<Measure>,
    /// Its probability after the samplers; `None` if they would have cut it.
    pub after: Option<f32>,
    /// The die of its position.
    pub die: f64,
    /// What the die picks.
    pub picked: TokenId,
    /// Its place after the samplers, 0 for the likeliest.
    pub picked_rank: usize,
    /// What the die would pick by the scores of the model that is loaded now, where another one drew the token.
    pub elsewhere: Option<TokenId>,
    /// What each step of the chain did.
    pub trace: Vec<StepTrace>,
    /// How many tokens went on with what a person had begun, if something was.
    pub held_to: Option<usize>,
    /// Size of the vocabulary.
    pub vocabulary: usize,
    /// The table of candidates, likeliest first; the token itself is in it.
    pub rows: Vec<Row>,
    /// Where the draw flips, as far as it was looked for.
    pub flips: Vec<Flip>,
    /// Many dice thrown here, if that was asked for.
    pub thrown: Option<Thrown>,
    /// The scores and settings it was made from.
    logits: Arc<[f32]>,
    settings: Settings,
    constraints: TokenConstraints,
    /// Which settings it was asked for under.
    pub(super) asked: Under,
    /// Directions in which flips are still to be looked for.
    pending: Vec<(Parameter, bool)>,
}

impl Inspection {
    /// Whether flips are still being looked for.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether the model drew it.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.node.is_some() && !self.typed
    }

    /// The settings that it is looked at under.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Text {
    /// Questions the token under the cursor, if its scores are there.
    pub(super) fn inspect(&mut self, settings: &Settings, under: Under) {
        const ROWS: usize = 64;
        self.inspection = None;
        let position = self.cursor;
        let tokens = self.document.tokens();
        let Some(before) = position.checked_sub(1) else { return };
        let Some(&parent) = self.document.path().get(before) else { return };
        let Some(logits) = self.logits.after(parent).cloned() else { return };
        let node = self.document.path().get(position).copied();
        let origin = node.and_then(|it| self.document.node(it)).map(|it| &it.origin);
        let then = node.and_then(|it| self.document.settings_at(it)).filter(|_| under == Under::Then);
        // The die that fell stays, whatever the settings make of it.
        let asked = under;
        let (settings, die, under) = match (origin, then) {
            (Some(Origin::Drawn(draw)), Some(then)) => (then.clone(), draw.die, Under::Then),
            (Some(Origin::Drawn(draw)), None) => (settings.clone(), draw.die, Under::Now),
            _ => (settings.clone(), die(settings.seed, position as u64), Under::Now),
        };
        let constraints = TokenConstraints::of(&settings, &self.vocabulary);
        let context = self.context(&tokens, position, &constraints);
        let Ok(mut distribution) = Distribution::explained(&logits, &context, &settings) else { return };
        let mut picked = distribution.pick(die);
        let token = tokens.get(position).copied().unwrap_or(picked.token);
        let mut elsewhere = None;
        if matches!(origin, Some(Origin::Drawn(_))) && under == Under::Then && picked.token != token {
            elsewhere = Some(picked.token);
            let order = distribution.rows(&logits, distribution.kept());
            let rank = order.iter().position(|it| it.token == token).unwrap_or(distribution.kept());
            picked = Picked { token, p: f64::from(distribution.after(token).unwrap_or(0.0)), rank };
        }
        let Some(score) = Score::new(&logits, token) else { return };
        let mut rows = distribution.rows(&logits, ROWS);
        if rows.iter().all(|it| it.token != token) {
            rows.push(distribution.row(&logits, token));
        }
        let directions = Parameter::flippable().flat_map(|it| [(it, true), (it, false)]);
        self.inspection = Some(Inspection {
            position,
            node,
            token,
            typed: matches!(origin, Some(Origin::Typed | Origin::Chosen)),
            under,
            score,
            measure: Measure::new(&logits, token),
            after: distribution.after(token),
            die,
            picked: picked.token,
            picked_rank: picked.rank,
            elsewhere,
            held_to: distribution.held_to,
            trace: distribution.trace,
            vocabulary: logits.len(),
            rows,
            flips: Vec::new(),
            thrown: None,
            logits,
            settings,
            constraints,
            asked,
            // Taken from the end. Of a draw that these scores do not explain they cannot say what would change it.
            pending: if elsewhere.is_none() { directions.rev().collect() } else { Vec::new() },
        });
    }

    /// Throws so many dice at the inspected token, if they are not thrown already.
    pub(super) fn throw(&mut self, dice: u64) {
        let Some(mut it) = self.inspection.take() else { return };
        if it.thrown.as_ref().map_or(0, |it| it.dice) != dice {
            let tokens = self.document.tokens();
            let context = self.context(&tokens, it.position, &it.constraints);
            let rows: Vec<TokenId> = it.rows.iter().map(|it| it.token).collect();
            it.thrown = throw(&it.logits, &context, &it.settings, dice, &rows).ok().filter(|it| it.dice > 0);
        }
        self.inspection = Some(it);
    }

    /// Looks for one more flip of the inspected token. Says whether there are more to look for.
    pub(super) fn look_for_a_flip(&mut self) -> bool {
        let Some(mut it) = self.inspection.take() else { return false };
        if let Some(direction) = it.pending.pop() {
            let tokens = self.document.tokens();
            let context = self.context(&tokens, it.position, &it.constraints);
            it.flips.extend(flip(&it.logits, &context, &it.settings, it.die, it.picked, direction));
        }
        let is_pending = it.is_pending();
        self.inspection = Some(it);
        is_pending
    }
}
