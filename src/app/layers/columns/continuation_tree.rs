//! Futures folded together: what several of them begin with is told once.

use super::Columns;
use crate::TokenId;
use crate::text::Vocabulary;

/// A run of tokens that some futures share, up to where they part.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// How many runs come before it.
    pub depth: usize,
    /// The futures that go through it, the likeliest first.
    pub columns: Vec<usize>,
    /// Which of their tokens it begins with.
    pub from: usize,
    /// Which of their tokens it ends before.
    pub to: usize,
}

impl Columns {
    /// The futures as a tree: each run before what follows it, those that more of them take first.
    #[must_use]
    pub fn branches(&self) -> Vec<Branch> {
        let texts: Vec<Vec<TokenId>> = self.columns.iter().map(super::Column::tokens).collect();
        let mut out = Vec::new();
        grow(&texts, &self.by_likelihood(), 0, 0, &mut out);
        out
    }

    /// The futures as a list, the likeliest by the model first: those that say the same are one line. As long as any of them
    /// grows each has its own.
    #[must_use]
    pub fn listed(&self, vocabulary: &Vocabulary) -> Vec<Vec<usize>> {
        let mut out: Vec<Vec<usize>> = Vec::new();
        for column in self.by_likelihood() {
            let is_drawn = self.request.is_none();
            match out.iter_mut().find(|it| is_drawn && self.say_the_same(it[0], column, vocabulary)) {
                Some(line) => line.push(column),
                None => out.push(vec![column]),
            }
        }
        out
    }

    /// Whether two columns are the same text.
    #[must_use]
    pub fn say_the_same(&self, one: usize, other: usize, vocabulary: &Vocabulary) -> bool {
        let text = |it: usize| self.columns.get(it).map(|it| vocabulary.decode(&it.tokens()));
        text(one) == text(other)
    }

    /// How many lines the futures have, as a list or as a tree.
    #[must_use]
    pub fn lines(&self, vocabulary: &Vocabulary) -> usize {
        if self.tree.is_some() { self.branches().len() } else { self.listed(vocabulary).len() }
    }

    /// The line that is chosen.
    #[must_use]
    pub fn chosen_line(&self, vocabulary: &Vocabulary) -> usize {
        // The order of a list changes while it grows, and what was chosen stays chosen.
        let listed = || self.listed(vocabulary).iter().position(|it| it.contains(&self.chosen)).unwrap_or(0);
        self.tree.unwrap_or_else(listed)
    }

    /// What a line of the futures stands for: a future, and from which to before which of its tokens.
    #[must_use]
    pub fn line(&self, line: usize, vocabulary: &Vocabulary) -> Option<(usize, usize, usize)> {
        if self.tree.is_some() {
            return self.branches().get(line).map(|it| (it.columns[0], it.from, it.to));
        }
        self.listed(vocabulary).get(line).map(|it| (it[0], 0, usize::MAX))
    }
}

fn grow(texts: &[Vec<TokenId>], columns: &[usize], from: usize, depth: usize, out: &mut Vec<Branch>) {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &column in columns {
        let Some(token) = texts[column].get(from) else { continue };
        match groups.iter_mut().find(|it| texts[it[0]][from] == *token) {
            Some(group) => group.push(column),
            None => groups.push(vec![column]),
        }
    }
    // Stable: of those that as many take, the likeliest comes first.
    groups.sort_by_key(|it| std::cmp::Reverse(it.len()));
    for group in groups {
        let first = &texts[group[0]];
        let shared = |&at: &usize| group.iter().all(|&it| texts[it].get(at) == Some(&first[at]));
        let to = (from..first.len()).take_while(shared).last().map_or(from, |it| it + 1);
        out.push(Branch { depth, columns: group.clone(), from, to });
        grow(texts, &group, to, depth + 1, out);
    }
}

#[cfg(test)]
mod tests;
