//! What is written: only ever appended.

use crate::text::visible;

/// Text on its way out. All of it is safe to show: nothing in it moves a cursor.
#[derive(Debug)]
pub(super) struct Out {
    text: String,
    /// Whether the next character begins a line.
    at_start: bool,
    /// Whether the line holds the prompt, and perhaps what the user is writing after it.
    prompted: bool,
}

impl Default for Out {
    fn default() -> Self {
        Self { text: String::new(), at_start: true, prompted: false }
    }
}

impl Out {
    /// Takes what is to be written.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// How much waits to be written.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// A line was entered: what the terminal showed of it ends the line.
    pub(super) fn entered(&mut self) {
        (self.at_start, self.prompted) = (true, false);
    }

    /// Goes on in the line, with text that is [`visible`] already.
    pub(super) fn push(&mut self, visible: &str) {
        if self.prompted {
            self.end_line();
        }
        self.text.push_str(visible);
        if let Some(last) = visible.chars().next_back() {
            self.at_start = last == '\n';
        }
    }

    /// Ends the line, if something stands in it.
    pub(super) fn end_line(&mut self) {
        if !self.at_start {
            self.text.push('\n');
        }
        (self.at_start, self.prompted) = (true, false);
    }

    /// A line of its own.
    pub(super) fn line(&mut self, text: &str) {
        self.end_line();
        self.text.push_str(&visible(text));
        self.text.push('\n');
    }

    /// Lines of their own.
    pub(super) fn lines(&mut self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            self.line(&line);
        }
    }

    /// Worth knowing.
    pub(super) fn note(&mut self, text: &str) {
        self.line(&format!("note: {text}"));
    }

    /// Something did not work.
    pub(super) fn error(&mut self, text: &str) {
        self.line(&format!("error: {text}"));
    }

    /// Says that a line is waited for; once.
    pub(super) fn prompt(&mut self, prompt: &str) {
        if !self.prompted {
            self.end_line();
            self.text.push_str(prompt);
            (self.at_start, self.prompted) = (false, true);
        }
    }
}

#[cfg(test)]
mod tests;
