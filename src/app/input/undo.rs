//! What can be taken back in the input line.

/// How many changes are kept.
const MOST: usize = 200;

/// How many bytes they may take: a pasted book must not be kept two hundred times.
const MOST_BYTES: usize = 8 << 20;

/// The text before each change, newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    before: Vec<(String, usize)>,
    /// Where the cursor stood after the last character that was typed: what is typed on there is one change with it.
    typed: Option<usize>,
    /// Whether all that follows is one change, and whether it has begun.
    held: Option<bool>,
}

impl Changes {
    /// Keeps the text as it is before a change.
    pub(super) fn keep(&mut self, text: &str, cursor: usize) {
        self.typed = None;
        match &mut self.held {
            Some(true) => return,
            Some(begun) => *begun = true,
            None => {}
        }
        self.before.push((text.to_owned(), cursor));
        let mut bytes: usize = self.before.iter().map(|it| it.0.len()).sum();
        while self.before.len() > MOST || (bytes > MOST_BYTES && self.before.len() > 1) {
            bytes -= self.before.remove(0).0.len();
        }
    }

    /// Keeps the text as it is before something is written, unless it goes on with a word that is being typed.
    pub(super) fn will_insert(&mut self, text: &str, cursor: usize, new: &str) {
        let begins_word = text[..cursor].ends_with(char::is_whitespace) && !new.starts_with(char::is_whitespace);
        let is_typed = new.chars().count() == 1;
        let goes_on = is_typed && self.typed == Some(cursor) && !begins_word;
        if !goes_on && !new.is_empty() {
            self.keep(text, cursor);
        }
        self.typed = is_typed.then_some(cursor);
    }

    /// Says where the cursor stands after something was written.
    pub(super) fn inserted(&mut self, cursor: usize) {
        self.typed = self.typed.map(|_| cursor);
    }

    /// From here on until [`release`](Self::release), everything is one change.
    pub(super) fn hold(&mut self) {
        self.held.get_or_insert(false);
    }

    /// The next change is one of its own again.
    pub(super) fn release(&mut self) {
        (self.held, self.typed) = (None, None);
    }

    /// The text before the last change.
    pub(super) fn take(&mut self) -> Option<(String, usize)> {
        self.release();
        self.before.pop()
    }
}

#[cfg(test)]
mod tests;
