//! Our own colours, for terminals that show 256 or all of them, on a dark and on a light background.
//!
//! Heat is a row of grounds that become lighter on the dark and darker on the light by even steps, as the eye sees them, each
//! with a letter colour of its own, so that it is as readable on an unknown background.

use ratatui::style::Color;

use crate::appearance::Colours;

/// A colour, exactly and as one of xterm's 256.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tone {
    rgb: (u8, u8, u8),
    index: u8,
}

/// What text is written in, and the grounds of heat with what is written on them, the coldest first.
#[derive(Debug)]
pub(super) struct Tones {
    pub(super) dim: Tone,
    pub(super) focus: Tone,
    pub(super) good: Tone,
    pub(super) bad: Tone,
    pub(super) note: Tone,
    pub(super) mark: Tone,
    pub(super) heat: [(Tone, Tone); 4],
}

const fn tone(rgb: (u8, u8, u8), index: u8) -> Tone {
    Tone { rgb, index }
}

const BLACK: Tone = tone((0, 0, 0), 16);
const WHITE: Tone = tone((255, 255, 255), 231);

pub(super) static ON_DARK: Tones = Tones {
    dim: tone((158, 162, 170), 247),
    focus: tone((95, 214, 222), 80),
    good: tone((134, 214, 134), 114),
    bad: tone((255, 139, 132), 210),
    note: tone((222, 178, 92), 179),
    mark: tone((214, 144, 250), 177),
    heat: [
        (tone((75, 26, 83), 53), WHITE),
        (tone((156, 31, 86), 125), WHITE),
        (tone((206, 89, 84), 167), BLACK),
        (tone((229, 159, 75), 179), BLACK),
    ],
};

pub(super) static ON_LIGHT: Tones = Tones {
    dim: tone((98, 100, 108), 241),
    focus: tone((0, 98, 130), 24),
    good: tone((24, 98, 24), 22),
    bad: tone((172, 20, 20), 124),
    note: tone((130, 90, 0), 94),
    mark: tone((128, 20, 132), 90),
    heat: [
        (tone((199, 236, 243), 195), BLACK),
        (tone((213, 169, 219), 182), BLACK),
        (tone((216, 106, 130), 168), BLACK),
        (tone((192, 44, 41), 124), WHITE),
    ],
};

impl Tone {
    /// The nearest colour that a terminal with so many colours can show.
    pub(super) fn among(self, colours: Colours) -> Color {
        match colours {
            Colours::True => Color::Rgb(self.rgb.0, self.rgb.1, self.rgb.2),
            Colours::Indexed | Colours::Sixteen | Colours::None => Color::Indexed(self.index),
        }
    }
}

#[cfg(test)]
mod tests;
