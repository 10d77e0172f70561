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
mod tests {
    use super::super::Column;
    use super::*;
    use crate::sample::Settings;

    fn fan(texts: &[&[TokenId]]) -> Columns {
        let mut fan = Columns::futures(&Settings::default(), 0, 0);
        // What a stop string left is text as well, and has no likelihood that would change the order.
        fan.columns = texts.iter().map(|it| Column { tail: it.to_vec(), ..Column::new(Settings::default()) }).collect();
        fan
    }

    #[test]
    fn what_is_shared_is_told_once() {
        let branch = |depth, columns: &[usize], from, to| Branch { depth, columns: columns.to_vec(), from, to };
        let it = fan(&[&[1, 2, 3], &[9, 9], &[1, 2, 4, 5], &[1, 2, 4, 6], &[]]);
        let expected = [
            branch(0, &[0, 2, 3], 0, 2),
            branch(1, &[2, 3], 2, 3),
            branch(2, &[2], 3, 4),
            branch(2, &[3], 3, 4),
            branch(1, &[0], 2, 3),
            branch(0, &[1], 0, 2),
        ];
        assert_eq!(it.branches(), expected);
    }

    #[test]
    fn what_says_the_same_is_one_line_once_all_is_drawn() {
        let vocabulary = crate::assets::vocabulary();
        let token =
            |text: &str| (0..vocabulary.len() as u32).find(|&it| vocabulary.bytes(it) == text.as_bytes()).unwrap();
        let [a, b, c, ab] = ["a", "b", "c", "ab"].map(token);
        let mut it = fan(&[&[c], &[a, b], &[c], &[ab], &[c]]);
        assert_eq!(it.listed(&vocabulary), [vec![0, 2, 4], vec![1, 3]]);
        it.chosen = 3;
        assert_eq!((it.lines(&vocabulary), it.chosen_line(&vocabulary)), (2, 1));
        assert_eq!((it.line(0, &vocabulary), it.line(2, &vocabulary)), (Some((0, 0, usize::MAX)), None));
        it.request = Some(crate::engine::protocol::RequestId(1));
        assert_eq!(it.lines(&vocabulary), 5);
    }

    #[test]
    fn one_that_ends_where_others_go_on_is_part_of_their_beginning() {
        let it = fan(&[&[1, 2], &[1, 2, 3], &[1, 2]]);
        let branches = it.branches();
        assert_eq!((branches.len(), branches[0].to, &*branches[0].columns), (2, 2, &[0, 1, 2][..]));
        assert_eq!((branches[1].from, &*branches[1].columns), (2, &[1][..]));
        assert_eq!(fan(&[]).branches(), []);
    }
}
