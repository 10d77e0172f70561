//! Which drawn tokens the settings of now could have drawn.

use std::collections::HashMap;

use super::{Heat, Text};
use crate::document::{NodeId, Origin};
use crate::sample::{Distribution, Settings};

/// Whether each drawn token could be drawn under some settings, as far as it was found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survival {
    /// By drawn node.
    of: HashMap<NodeId, bool>,
    /// The settings that was found out under.
    under: Option<Settings>,
}

/// How many drawn tokens the settings of now would have cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Losses {
    /// Drawn tokens that are known to be impossible under the settings of now.
    pub cut: usize,
    /// Of so many drawn tokens.
    pub drawn: usize,
    /// About which nothing is known, yet or any more.
    pub unknown: usize,
}

impl Text {
    /// Whether the token at a position could be drawn under the settings of now; `None` if it is not known or was typed.
    #[must_use]
    pub fn survives(&self, position: usize) -> Option<bool> {
        self.survival.of.get(self.document.path().get(position)?).copied()
    }

    /// How many drawn tokens of the text the settings of now would have cut.
    #[must_use]
    pub fn losses(&self) -> Losses {
        let (mut cut, mut unknown, mut drawn) = (0, 0, 0);
        for &id in self.document.path() {
            if self.document.node(id).is_some_and(|it| matches!(it.origin, Origin::Drawn(_))) {
                drawn += 1;
                match self.survival.of.get(&id) {
                    Some(survives) => cut += usize::from(!survives),
                    None => unknown += 1,
                }
            }
        }
        Losses { cut, drawn, unknown }
    }

    /// Finds out for some more tokens whether they would survive, those in view first. Says whether there are more.
    ///
    /// A full context takes half a second, which is too long for one frame.
    pub(super) fn judge(&mut self, settings: &Settings, in_view: std::ops::Range<usize>) -> bool {
        /// So many scores are looked at for one frame: some milliseconds.
        const BUDGET: usize = 500_000;
        if self.heat != Heat::Cut {
            return false;
        }
        if self.survival.under.as_ref() != Some(settings) {
            self.survival = Survival { under: Some(settings.clone()), of: HashMap::new() };
        }
        let tokens = self.document.tokens();
        let path = self.document.path();
        let mut spent = 0;
        let everywhere = 1..path.len();
        for position in in_view.chain(everywhere).filter(|&it| it > 0 && it < path.len()) {
            let id = path[position];
            let drawn = matches!(self.document.node(id).map(|it| &it.origin), Some(Origin::Drawn(_)));
            if !drawn || self.survival.of.contains_key(&id) {
                continue;
            }
            let Some(row) = self.logits.after(path[position - 1]) else { continue };
            if spent > 0 && spent + row.len() > BUDGET {
                return true;
            }
            spent += row.len();
            let survives = Distribution::new(row, &self.context(&tokens, position, &self.constraints), settings)
                .is_ok_and(|it| it.contains(tokens[position]));
            self.survival.of.insert(id, survives);
        }
        false
    }
}
