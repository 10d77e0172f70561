//! Every character on the screen that is no letter of a sentence and no text of the model: frames, bars, marks. Two sets,
//! one of them ASCII alone. What one has in one column the other has in one column too, arrows and `more` excepted.

use ratatui::symbols::border;

use crate::appearance::Appearance;

/// A set.
#[derive(Debug)]
pub(in crate::app) struct Glyphs {
    /// The frame of what has not the focus, and of what has.
    pub(in crate::app) frames: [border::Set<'static>; 2],
    /// A line across.
    pub(in crate::app) rule: &'static str,
    /// What a bar is made of.
    pub(in crate::app) full: &'static str,
    /// The last column of a bar, by the eighths of it that are full.
    pub(in crate::app) eighths: [&'static str; 8],
    /// What is too little for a bar, and not nothing.
    pub(in crate::app) least: &'static str,
    /// A second share beside a bar.
    pub(in crate::app) tick: &'static str,
    /// The same in the column in which the bar ends.
    pub(in crate::app) tick_at_end: &'static str,
    /// What a bar leaves free.
    pub(in crate::app) free: &'static str,
    /// The share of the gauge that is the prompt.
    pub(in crate::app) prompt: &'static str,
    /// The share of the gauge that was typed.
    pub(in crate::app) typed: &'static str,
    /// Where the model writes.
    pub(in crate::app) caret: &'static str,
    /// Where the model's sight begins.
    pub(in crate::app) sight: &'static str,
    /// Where the settings changed.
    pub(in crate::app) change: &'static str,
    /// A space that shall be seen.
    pub(in crate::app) space: &'static str,
    /// So many times.
    pub(in crate::app) times: &'static str,
    /// There is more than is shown.
    pub(in crate::app) more: &'static str,
    /// Around the bytes of half a character.
    pub(in crate::app) bytes: [&'static str; 2],
    /// The key that goes to the right, in two columns at the most.
    pub(in crate::app) right: &'static str,
    /// Left and right, up and down: keys that belong together.
    pub(in crate::app) pairs: [&'static str; 2],
}

static UNICODE: Glyphs = Glyphs {
    frames: [border::PLAIN, border::THICK],
    rule: "─",
    full: "█",
    eighths: ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"],
    least: "▏",
    tick: "│",
    tick_at_end: "┤",
    free: "░",
    prompt: "▒",
    typed: "▓",
    caret: "▌",
    sight: "▲",
    change: "◆",
    space: "␣",
    times: "×",
    more: "…",
    bytes: ["‹", "›"],
    right: "→",
    pairs: ["←→", "↑↓"],
};

static ASCII: Glyphs = Glyphs {
    frames: [frame("-", "|"), frame("=", "|")],
    rule: "-",
    full: "#",
    // Half a column and more is shown as one.
    eighths: ["", "", "", "", "#", "#", "#", "#"],
    least: ".",
    tick: "|",
    tick_at_end: "+",
    free: ".",
    prompt: ":",
    typed: "+",
    caret: "_",
    sight: "^",
    change: "*",
    space: "_",
    times: "x",
    more: "..",
    bytes: ["<", ">"],
    right: "->",
    pairs: ["Left/Right", "Up/Down"],
};

const fn frame(across: &'static str, down: &'static str) -> border::Set<'static> {
    border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: down,
        vertical_right: down,
        horizontal_top: across,
        horizontal_bottom: across,
    }
}

impl Appearance {
    /// The characters for frames, bars and marks: ASCII where the terminal can show no others.
    pub(in crate::app) fn glyphs(self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }
}

impl Glyphs {
    /// A bar of `share` of `width` columns, as fine as the characters are. What is not nothing is seen.
    pub(in crate::app) fn bar(&self, share: f64, width: usize) -> String {
        let eighths = (share.clamp(0.0, 1.0) * (width * 8) as f64).round() as usize;
        let bar = format!("{}{}", self.full.repeat(eighths / 8), self.eighths[eighths % 8]);
        if bar.is_empty() && share > 0.0 && width > 0 { self.least.to_owned() } else { bar }
    }

    /// Two shares of the same `width` columns: a bar, and a tick where the other one is.
    pub(in crate::app) fn shares(&self, share: f64, other: f64, width: usize) -> String {
        let bar = self.bar(share, width);
        // All of these are single characters.
        let mut cells: Vec<&str> = bar.split_inclusive(|_| true).collect();
        let end = cells.len();
        cells.resize(width, " ");
        let at = ((other.clamp(0.0, 1.0) * width as f64) as usize).min(width.saturating_sub(1));
        if let Some(cell) = cells.get_mut(at).filter(|_| other > 0.0) {
            *cell = if at + 1 == end { self.tick_at_end } else { self.tick };
        }
        cells.concat()
    }

    /// How often something came of so many times as a bar, and how often it was expected to as an outline.
    pub(in crate::app) fn thrown(&self, came: f64, expected: f64, of: f64, width: usize) -> String {
        let bar = self.shares(came / of, expected / of, width);
        let end = self.bar(came / of, width).chars().count();
        let tick = ((expected / of).clamp(0.0, 1.0) * width as f64) as usize;
        let cell = |(at, it): (usize, &str)| if at >= end && at < tick { self.free.to_owned() } else { it.to_owned() };
        bar.split_inclusive(|_| true).enumerate().map(cell).collect()
    }

    /// What the whole of a bar of `width` columns is, above it; nothing where there is no room.
    pub(in crate::app) fn scale(width: usize) -> String {
        if width < 8 { String::new() } else { format!("0{:>rest$}", "100%", rest = width - 1) }
    }

    /// A bar of whole columns, with what it leaves free.
    pub(in crate::app) fn level(&self, full: usize, width: usize) -> String {
        format!("{}{}", self.full.repeat(full.min(width)), self.free.repeat(width.saturating_sub(full)))
    }
}

#[cfg(test)]
mod tests;
