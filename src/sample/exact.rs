//! What could come, without dice: a tree in which the likeliest way to go on is looked at first.

use crate::TokenId;

/// A way to go on, by its last token.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// What it goes on from; `None` for the beginning.
    pub parent: Option<usize>,
    /// Its last token; `None` for the beginning, and for all other tokens together.
    pub token: Option<TokenId>,
    /// Its probability, from the beginning on. That of those that go on from a way sums to its own.
    pub p: f64,
    /// Tokens since the beginning.
    pub depth: usize,
    /// Whether the text ends with it.
    pub ends: bool,
    /// Those that go on from it, the likeliest first and all others last; none as long as it was not looked at.
    pub next: Vec<usize>,
}

/// A tree of ways to go on. A way before what goes on from it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactTree {
    ways: Vec<Way>,
    looked_at: usize,
}

/// Ways with a last token that nothing goes on from yet, at the most.
const LEAVES: usize = 8;
/// Tokens that are told apart after a way, and the share that each of them but the first must have.
pub const APART: usize = 4;
const LEAST: f64 = 0.05;
/// A way is no longer, and no more of them are looked at.
const DEEPEST: usize = 12;
const MOST: usize = 40;

impl Default for ExactTree {
    fn default() -> Self {
        Self {
            ways: vec![Way { parent: None, token: None, p: 1.0, depth: 0, ends: false, next: Vec::new() }],
            looked_at: 0,
        }
    }
}

impl ExactTree {
    /// All ways; the first is the beginning.
    #[must_use]
    pub fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// The tokens of a way.
    #[must_use]
    pub fn tokens(&self, way: usize) -> Vec<TokenId> {
        let mut out: Vec<TokenId> = Vec::new();
        let mut at = Some(way);
        while let Some(it) = at.and_then(|it| self.ways.get(it)) {
            out.extend(it.token);
            at = it.parent;
        }
        out.reverse();
        out
    }

    /// The likeliest way that was not looked at; `None` once there are enough.
    #[must_use]
    pub fn next(&self) -> Option<usize> {
        let open =
            || self.ways.iter().enumerate().filter(|(at, it)| it.next.is_empty() && (it.token.is_some() || *at == 0));
        if open().count() >= LEAVES || self.looked_at >= MOST {
            return None;
        }
        let open = open().filter(|it| it.1.depth < DEEPEST && it.1.p > 0.0 && !it.1.ends);
        // Of equals the first.
        open.min_by(|a, b| b.1.p.total_cmp(&a.1.p)).map(|it| it.0)
    }

    /// Goes on from a way by the likeliest tokens after it, with the probability of each, likeliest first; `ends` says with which
    /// tokens the text ends.
    pub fn grow(&mut self, way: usize, after: &[(TokenId, f64)], ends: impl Fn(TokenId) -> bool) {
        self.looked_at += 1;
        let Some(Way { p, depth, .. }) = self.ways.get(way).cloned() else { return };
        let apart = after.iter().take(APART).enumerate().take_while(|(at, it)| *at == 0 || it.1 >= LEAST);
        let mut apart: Vec<(Option<TokenId>, f64)> = apart.map(|(_, it)| (Some(it.0), it.1)).collect();
        let rest = 1.0 - apart.iter().map(|it| it.1).sum::<f64>();
        // What is left by rounding alone is nothing.
        if rest > 1e-6 {
            apart.push((None, rest));
        }
        for (token, share) in apart {
            let at = self.ways.len();
            let ends = token.is_some_and(&ends);
            self.ways.push(Way { parent: Some(way), token, p: p * share, depth: depth + 1, ends, next: Vec::new() });
            self.ways[way].next.push(at);
        }
    }

    /// The ways in the order of the page: each before what goes on from it, the likeliest first.
    #[must_use]
    pub fn page(&self) -> Vec<usize> {
        let mut out = Vec::new();
        let mut waiting: Vec<usize> = self.ways[0].next.iter().rev().copied().collect();
        while let Some(it) = waiting.pop() {
            out.push(it);
            waiting.extend(self.ways[it].next.iter().rev());
        }
        out
    }
}

#[cfg(test)]
mod tests;
