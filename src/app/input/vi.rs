//! vi's keys for the input line: insert and normal mode, motions, operators with counts.

mod motion;

use motion::Reach;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Input, Motion};

/// What letters do in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Letters are written.
    #[default]
    Insert,
    /// Letters are commands.
    Normal,
}

/// What waits for a motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Delete,
    Change,
    Yank,
}

impl Operator {
    fn of(key: char) -> Option<Self> {
        match key {
            'd' => Some(Self::Delete),
            'c' => Some(Self::Change),
            'y' => Some(Self::Yank),
            _ => None,
        }
    }
}

/// The mode, and what of a command has been said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Vi {
    /// What letters do now.
    mode: Mode,
    count: Option<usize>,
    operator: Option<(Operator, usize)>,
    /// Whether the next character takes the place of the one under the cursor.
    replaces: bool,
}

/// The most that is done at once: more is a slip of the keys.
const MOST_TIMES: usize = 1000;

impl Input {
    /// From here on with vi's keys, in insert mode.
    pub fn use_vi(&mut self) {
        self.vi = Some(Vi::default());
    }

    /// vi's mode; `None` with readline's keys.
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        self.vi.as_ref().map(|it| it.mode)
    }

    /// Whether letters are commands.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        self.mode() == Some(Mode::Normal)
    }

    /// Whether half a command waits for a character: what to write, or a motion.
    #[must_use]
    pub fn vi_waits(&self) -> bool {
        self.vi.as_ref().is_some_and(|it| it.replaces || it.operator.is_some())
    }

    /// Esc: from insert mode to normal mode, or away with half a command. Says whether it meant anything.
    pub fn vi_escape(&mut self) -> bool {
        let Some(vi) = &mut self.vi else { return false };
        let nothing = *vi == Vi { mode: Mode::Normal, ..Vi::default() };
        let was_insert = vi.mode == Mode::Insert;
        *vi = Vi { mode: Mode::Normal, ..Vi::default() };
        self.changes.release();
        if was_insert && self.cursor > self.target(Motion::LineStart) {
            self.go(Motion::Left);
        }
        !nothing
    }

    /// In normal mode the cursor stands on a character, not behind the last one.
    pub fn vi_settle(&mut self) {
        let start = self.target(Motion::LineStart);
        if self.is_normal() && self.cursor > start && self.cursor == self.target(Motion::LineEnd) {
            self.go(Motion::Left);
        }
    }

    /// From normal mode back to writing, behind what is written.
    pub fn vi_write(&mut self) {
        if self.is_normal() {
            self.write_at(self.text.len());
        }
    }

    /// A letter in normal mode.
    pub fn vi_key(&mut self, key: char) {
        let Some(vi) = &mut self.vi else { return };
        if vi.replaces {
            let times = vi.count.take().unwrap_or(1);
            vi.replaces = false;
            return self.replace(key, times);
        }
        if let Some(digit) = key.to_digit(10).filter(|&it| it > 0 || vi.count.is_some()) {
            vi.count = Some((vi.count.unwrap_or(0) * 10 + digit as usize).min(MOST_TIMES));
            return;
        }
        if let (Some(operator), None) = (Operator::of(key), vi.operator) {
            vi.operator = Some((operator, vi.count.take().unwrap_or(1)));
            return;
        }
        let (count, pending) = (vi.count.take(), vi.operator.take());
        let times = (count.unwrap_or(1) * pending.map_or(1, |it| it.1)).min(MOST_TIMES);
        self.changes.hold();
        match pending {
            Some((operator, _)) if Operator::of(key) == Some(operator) => self.operate_on_lines(operator, times),
            Some((operator, _)) => self.operate(operator, key, times),
            None => self.command(key, times),
        }
        if self.is_normal() {
            self.changes.release();
            self.vi_settle();
        }
    }

    fn command(&mut self, key: char, times: usize) {
        match key {
            'i' => self.write_mode(),
            'I' => self.write_at(self.reach('^', 1).map_or(self.cursor, |it| it.to)),
            'a' => self.write_at(self.cursor.max(self.target(Motion::Right).min(self.target(Motion::LineEnd)))),
            'A' => self.write_at(self.target(Motion::LineEnd)),
            'o' => self.open_line(self.target(Motion::LineEnd), false),
            'O' => self.open_line(self.target(Motion::LineStart), true),
            'x' => self.operate(Operator::Delete, 'l', times),
            'X' => self.operate(Operator::Delete, 'h', times),
            's' => self.operate(Operator::Change, 'l', times),
            'D' => self.operate(Operator::Delete, '$', times),
            'C' => self.operate(Operator::Change, '$', times),
            'S' => self.operate_on_lines(Operator::Change, times),
            'Y' => self.operate_on_lines(Operator::Yank, times),
            'p' | 'P' => self.put(key == 'p', times),
            '~' => self.switch_case(times),
            'r' => {
                if let Some(vi) = &mut self.vi {
                    (vi.replaces, vi.count) = (true, Some(times));
                }
            }
            'u' => {
                for _ in 0..times {
                    self.undo();
                }
            }
            'j' => (0..times).for_each(|_| self.down()),
            'k' => (0..times).for_each(|_| self.up()),
            _ => self.cursor = self.reach(key, times).map_or(self.cursor, |it| it.to),
        }
    }

    fn write_mode(&mut self) {
        self.vi = Some(Vi::default());
        self.changes.hold();
    }

    fn write_at(&mut self, at: usize) {
        self.cursor = at;
        self.write_mode();
    }

    /// A new line at `at`, before or behind what is there.
    fn open_line(&mut self, at: usize, before: bool) {
        self.changes.keep(&self.text, self.cursor);
        self.cursor = at;
        self.write("\n");
        self.cursor -= usize::from(before);
        self.write_mode();
    }

    /// An operator from here to where a motion leads.
    fn operate(&mut self, operator: Operator, key: char, times: usize) {
        if let 'j' | 'k' = key {
            if key == 'k' {
                let above = |at: usize| {
                    self.text[..at].rfind('\n').map(|it| self.text[..it].rfind('\n').map_or(0, |it| it + 1))
                };
                let start = (0..times).try_fold(self.target(Motion::LineStart), |at, _| above(at));
                let Some(start) = start else { return };
                self.cursor = start;
            }
            return self.operate_on_lines(operator, times + 1);
        }
        // vi's oldest oddity: to change a word leaves the space behind it alone.
        let on_word = self.text[self.cursor..].chars().next().is_some_and(|it| !it.is_whitespace());
        let key = match key {
            'w' if operator == Operator::Change && on_word => 'e',
            'W' if operator == Operator::Change && on_word => 'E',
            other => other,
        };
        let Some(Reach { to, inclusive }) = self.reach(key, times) else { return };
        let mut range = self.cursor.min(to)..self.cursor.max(to);
        if inclusive {
            range.end = self.next_from(range.end);
        }
        if let 'w' | 'W' = key {
            // The last word of a line does not take the line's end along.
            let gone = &self.text[range.clone()];
            let line = gone.rfind('\n').filter(|&it| gone[it..].trim().is_empty());
            range.end = line.map_or(range.end, |it| range.start + gone[..=it].trim_end_matches('\n').len());
        }
        self.apply(operator, range, false);
    }

    /// An operator on whole lines, from that of the cursor on.
    fn operate_on_lines(&mut self, operator: Operator, times: usize) {
        let start = self.target(Motion::LineStart);
        let ends = self.text[start..].match_indices('\n').map(|it| start + it.0).chain([self.text.len()]);
        let Some(end) = ends.take(times).last() else { return };
        if operator == Operator::Change {
            return self.apply(operator, start..end, false);
        }
        self.killed = format!("{}\n", &self.text[start..end]);
        if operator == Operator::Yank {
            return;
        }
        // The line goes with one line end: its own, or for the last one that before it.
        let range = match (end < self.text.len(), start > 0) {
            (true, _) => start..end + 1,
            (false, true) => start - 1..end,
            (false, false) => start..end,
        };
        self.apply(operator, range, true);
        self.cursor = self.target(Motion::LineStart);
        self.cursor = self.reach('^', 1).map_or(self.cursor, |it| it.to);
    }

    fn apply(&mut self, operator: Operator, range: std::ops::Range<usize>, is_kept: bool) {
        if !is_kept {
            self.text[range.clone()].clone_into(&mut self.killed);
        }
        self.cursor = range.start;
        if operator != Operator::Yank && !range.is_empty() {
            self.changes.keep(&self.text, range.start);
            self.text.drain(range);
        }
        if operator == Operator::Change {
            self.write_mode();
        }
    }

    /// Puts back what was deleted: lines as lines, anything else behind or before the cursor.
    fn put(&mut self, behind: bool, times: usize) {
        let text = self.killed.repeat(times);
        if text.is_empty() {
            return;
        }
        if let Some(lines) = text.strip_suffix('\n') {
            let (at, text) = if behind {
                (self.target(Motion::LineEnd), format!("\n{lines}"))
            } else {
                (self.target(Motion::LineStart), format!("{lines}\n"))
            };
            self.cursor = at;
            self.insert(&text);
            self.cursor = at + usize::from(behind);
            return;
        }
        if behind {
            self.cursor = self.cursor.max(self.target(Motion::Right).min(self.target(Motion::LineEnd)));
        }
        self.insert(&text);
        self.go(Motion::Left);
    }

    /// Writes a character over as many; nothing if the line has fewer.
    fn replace(&mut self, with: char, times: usize) {
        let end = self.target(Motion::LineEnd);
        let line = &self.text[self.cursor..end];
        let gone: usize = line.graphemes(true).take(times).map(str::len).sum();
        if line.graphemes(true).take(times).count() == times {
            self.changes.keep(&self.text, self.cursor);
            self.text.replace_range(self.cursor..self.cursor + gone, &with.to_string().repeat(times));
            self.put_cursor(self.cursor + with.len_utf8() * (times - 1));
        }
    }

    fn switch_case(&mut self, times: usize) {
        let line = self.text[self.cursor..self.target(Motion::LineEnd)].graphemes(true).take(times);
        let old: String = line.collect();
        let switch = |c: char| -> String {
            if c.is_lowercase() { c.to_uppercase().collect() } else { c.to_lowercase().collect() }
        };
        let new: String = old.chars().map(switch).collect();
        if new != old {
            self.changes.keep(&self.text, self.cursor);
            self.text.replace_range(self.cursor..self.cursor + old.len(), &new);
        }
        self.put_cursor(self.cursor + new.len());
    }
}

#[cfg(test)]
mod tests;
