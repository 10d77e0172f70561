//! What the text says of the dice that drew it: a temperature, cuts that it rules out, its luck.

use std::collections::HashMap;

use super::{LogitCache, Text};
use crate::document::{NodeId, Origin};
use crate::sample::{Backwards, Bounds, Found, Luck, Measure, Step};

/// How each token stands among all that could have come, as far as it was measured, and the temperature as far as it was
/// looked for.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    of: HashMap<NodeId, Option<Measure>>,
    search: Option<Search>,
}

/// All tokens, those that a person wrote, those that the model drew.
const KINDS: usize = 3;

/// A search for the temperatures of the three kinds of tokens, pass by pass.
#[derive(Clone, Debug)]
struct Search {
    /// Positions, and whether the token there was drawn.
    tokens: Vec<(usize, bool)>,
    /// What is still looked for.
    open: [Option<Backwards>; KINDS],
    found: [Option<Found>; KINDS],
    /// Which of the tokens comes next in this pass.
    next: usize,
}

/// What some tokens say of their dice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dice {
    /// How many were measured.
    pub tokens: usize,
    /// How lucky they were.
    pub luck: Luck,
    /// Which cuts they rule out.
    pub bounds: Bounds,
    /// The temperature that most likely drew them, once it is found.
    pub temperature: Option<Found>,
    /// A step that some of them were drawn under and that hides the temperature.
    pub hidden_by: Option<Step>,
}

/// What the text says of the dice that drew it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextDice {
    /// All tokens that were measured.
    pub all: Dice,
    /// Those that a person wrote.
    pub typed: Dice,
    /// Those that the model drew.
    pub drawn: Dice,
    /// The luck of the text up to each of its measured tokens, in standard deviations.
    pub curve: Vec<f64>,
}

impl Text {
    /// How the token at a position stands among all that could have come, if it was measured.
    #[must_use]
    pub fn measure(&self, position: usize) -> Option<Measure> {
        self.measures.of.get(self.document.path().get(position)?).copied().flatten()
    }

    /// What the measured tokens of the text say of the dice that drew them.
    #[must_use]
    pub fn dice(&self) -> TextDice {
        let mut out = TextDice::default();
        for (position, is_drawn) in self.measurable() {
            let Some(it) = self.measure(position) else { continue };
            let hidden_by = if is_drawn { self.hidden_by(position) } else { None };
            let own = if is_drawn { &mut out.drawn } else { &mut out.typed };
            for dice in [&mut out.all, own] {
                dice.tokens += 1;
                dice.luck.add(it.lead, it.variance);
                dice.bounds.add(&it);
                dice.hidden_by = dice.hidden_by.or(hidden_by);
            }
            out.curve.push(out.all.luck.sigmas().unwrap_or(0.0));
        }
        let found = self.measures.search.as_ref().map(|it| it.found).unwrap_or_default();
        (out.all.temperature, out.typed.temperature, out.drawn.temperature) = (found[0], found[1], found[2]);
        out
    }

    /// Positions whose rows can be there, and whether the token was drawn. A token that a person had begun is neither's.
    pub(super) fn measurable(&self) -> impl Iterator<Item = (usize, bool)> {
        let first = self.document.len().saturating_sub(LogitCache::MOST).max(1);
        (first..self.document.len()).filter_map(|position| match &self.document.at(position)?.origin {
            Origin::Drawn(draw) => (draw.begun == 0).then_some((position, true)),
            Origin::Typed | Origin::Chosen => Some((position, false)),
        })
    }

    /// A step that the token at a position was drawn under and that hides its temperature.
    fn hidden_by(&self, position: usize) -> Option<Step> {
        self.document.settings_at(*self.document.path().get(position)?)?.hides_temperature()
    }

    /// Measures some more tokens, then goes on with the search for the temperature if that is wanted. Says whether something is
    /// left.
    pub(super) fn measure_more(&mut self, searches: bool) -> bool {
        /// So many scores are looked at for one frame: a few milliseconds.
        const BUDGET: usize = 2_000_000;
        let mut spent = 0;
        let path = self.document.path();
        for (position, _) in self.measurable().collect::<Vec<_>>() {
            let (before, id) = (path[position - 1], path[position]);
            if self.measures.of.contains_key(&id) {
                continue;
            }
            let (Some(row), Some(node)) = (self.logits.after(before), self.document.node(id)) else { continue };
            if spent > 0 && spent + row.len() > BUDGET {
                return true;
            }
            spent += row.len();
            self.measures.of.insert(id, Measure::new(row, node.token));
            self.measures.search = None;
        }
        if !searches {
            return false;
        }
        let mut search = self.measures.search.take().unwrap_or_else(|| self.begin_search());
        self.search_on(&mut search, BUDGET.saturating_sub(spent));
        let is_unfinished = search.is_open();
        self.measures.search = Some(search);
        is_unfinished
    }

    /// The first pass is at temperature 1, which is what was measured.
    fn begin_search(&self) -> Search {
        let has_row = |position: usize| self.logits.after(self.document.path()[position - 1]).is_some();
        let tokens: Vec<_> = self.measurable().filter(|it| self.measure(it.0).is_some() && has_row(it.0)).collect();
        let dice = self.dice();
        let tells = |it: Dice| (it.tokens > 0 && it.hidden_by.is_none()).then(Backwards::default);
        let open = [dice.all, dice.typed, dice.drawn].map(tells);
        let mut search = Search { tokens, open, found: [None; KINDS], next: 0 };
        for &(position, is_drawn) in &search.tokens {
            let Some(measure) = self.measure(position) else { continue };
            of(is_drawn, &mut search.open).for_each(|it| it.add_measure(&measure));
        }
        search.end_pass();
        search
    }

    /// Looks at so many scores for the search.
    fn search_on(&self, search: &mut Search, budget: usize) {
        let (tokens, path) = (self.document.tokens(), self.document.path());
        let mut spent = 0;
        while search.is_open() {
            while let Some(&(position, is_drawn)) = search.tokens.get(search.next) {
                if spent >= budget {
                    return;
                }
                search.next += 1;
                let Some(row) = self.logits.after(path[position - 1]) else { continue };
                for it in of(is_drawn, &mut search.open) {
                    it.add(row, tokens[position]);
                    spent += row.len();
                }
            }
            search.end_pass();
        }
    }
}

/// What is still looked for that a token counts for.
fn of(is_drawn: bool, open: &mut [Option<Backwards>; KINDS]) -> impl Iterator<Item = &mut Backwards> {
    let other = if is_drawn { 1 } else { 2 };
    open.iter_mut().enumerate().filter(move |it| it.0 != other).filter_map(|it| it.1.as_mut())
}

impl Search {
    fn is_open(&self) -> bool {
        self.open.iter().any(Option::is_some)
    }

    fn end_pass(&mut self) {
        self.next = 0;
        for (open, found) in self.open.iter_mut().zip(&mut self.found) {
            if let Some(it) = open {
                *found = it.end_pass();
                open.take_if(|_| found.is_some());
            }
        }
    }
}

impl Measures {
    /// The text is another one; what was measured of its tokens is still so.
    pub(super) fn forget_search(&mut self) {
        self.search = None;
    }
}
