//! What was sent before, gone through with the arrows or searched.

use super::Input;

/// How many entries are kept.
const MOST: usize = 1000;

/// What was sent, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    entries: Vec<String>,
    /// Which entry is shown, and the draft that was there before.
    recalled: Option<(usize, String)>,
    search: Option<Search>,
}

/// A search through the history, from the newest entry backwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What is looked for.
    pub query: String,
    /// The entry that holds it, and where in it.
    found: Option<(usize, usize)>,
    /// Whether there is no such entry, or none older.
    pub failed: bool,
}

impl History {
    /// Keeps an entry. Says whether it is worth it: not empty, and not the same again.
    pub(super) fn push(&mut self, text: &str) -> bool {
        (self.recalled, self.search) = (None, None);
        let is_new = !text.trim().is_empty() && self.entries.last().is_none_or(|it| it != text);
        if is_new {
            self.entries.push(text.to_owned());
            let excess = self.entries.len().saturating_sub(MOST);
            self.entries.drain(..excess);
        }
        is_new
    }

    /// The entry before the one that is shown; `draft` is what is shown now.
    pub(super) fn older(&mut self, draft: &str) -> Option<String> {
        let index = self.recalled.as_ref().map_or(self.entries.len(), |it| it.0).checked_sub(1)?;
        let draft = self.recalled.take().map_or_else(|| draft.to_owned(), |it| it.1);
        self.recalled = Some((index, draft));
        Some(self.entries[index].clone())
    }

    /// The entry after the one that is shown, at last the draft.
    pub(super) fn newer(&mut self) -> Option<String> {
        let (index, draft) = self.recalled.take()?;
        let Some(next) = self.entries.get(index + 1).cloned() else { return Some(draft) };
        self.recalled = Some((index + 1, draft));
        Some(next)
    }

    /// The newest entry before `end` that holds the query, and where in it.
    fn find(&self, query: &str, end: usize) -> Option<(usize, usize)> {
        let end = end.min(self.entries.len());
        self.entries[..end].iter().enumerate().rev().find_map(|(index, text)| Some((index, position(text, query)?)))
    }
}

/// Where a text holds a query; small letters in it stand for capitals too.
fn position(text: &str, query: &str) -> Option<usize> {
    if query.chars().any(char::is_uppercase) {
        return text.find(query);
    }
    let begins = |at: usize| {
        let mut letters = text[at..].chars().flat_map(char::to_lowercase);
        query.chars().flat_map(char::to_lowercase).all(|it| letters.next() == Some(it))
    };
    text.char_indices().map(|it| it.0).find(|&at| begins(at))
}

impl Input {
    /// Takes in what was sent in earlier runs, oldest first.
    pub fn remember(&mut self, entries: Vec<String>) {
        for entry in entries {
            self.history.push(&entry);
        }
    }

    /// The search that is going on.
    #[must_use]
    pub fn search(&self) -> Option<&Search> {
        self.history.search.as_ref()
    }

    /// What the search shows: the entry it found and the byte of it where the query is; before it found one, what is
    /// written and the cursor.
    #[must_use]
    pub fn searched(&self) -> (&str, usize) {
        let found = self.search().and_then(|it| it.found);
        found.map_or((&self.text, self.cursor), |(index, at)| (&self.history.entries[index], at))
    }

    /// Begins to search, or goes on to what is older.
    pub fn search_older(&mut self) {
        let Some(search) = self.history.search.take() else {
            self.history.search = Some(Search::default());
            return;
        };
        let before = search.found.map_or(usize::MAX, |it| it.0);
        self.look(search, before);
    }

    /// Adds to what is looked for.
    pub fn search_for(&mut self, more: &str) {
        let Some(mut search) = self.history.search.take() else { return };
        search.query.push_str(more);
        let end = search.found.map_or(usize::MAX, |it| it.0 + 1);
        self.look(search, end);
    }

    /// Takes the last character of what is looked for away.
    pub fn search_shorter(&mut self) {
        let Some(mut search) = self.history.search.take() else { return };
        search.query.pop();
        search.found = None;
        self.look(search, usize::MAX);
    }

    fn look(&mut self, mut search: Search, end: usize) {
        let found = if search.query.is_empty() { None } else { self.history.find(&search.query, end) };
        search.failed = found.is_none() && !search.query.is_empty();
        search.found = found.or(search.found);
        self.history.search = Some(search);
    }

    /// Ends the search with what it found; what was written is behind it in the history.
    pub fn search_take(&mut self) {
        let Some(Search { found: Some((index, at)), .. }) = self.history.search.take() else { return };
        let draft = self.history.recalled.take().map_or_else(|| self.text.clone(), |it| it.1);
        self.set(&self.history.entries[index].clone());
        self.put_cursor(at);
        self.history.recalled = Some((index, draft));
    }

    /// Ends the search; what was written is there as it was.
    pub fn search_leave(&mut self) {
        self.history.search = None;
    }
}

#[cfg(test)]
mod tests;
