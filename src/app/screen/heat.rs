//! How hot a token is, as a style and as a legend. Never by colour alone: the hotter, the more a token stands out without it.

use std::ops::Range;

use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::screen::theme::{LEVELS, Theme};
use crate::app::text::Heat;

/// The style under the heat-map of what some tokens make up together, that of the hottest of them; `None` if it is not
/// coloured.
pub(super) fn style(cx: &Context, theme: &Theme, tokens: &Range<usize>) -> Option<ratatui::style::Style> {
    match cx.text.heat {
        Heat::Off => None,
        Heat::Cut => tokens.clone().any(|it| cx.text.survives(it) == Some(false)).then_some(theme.gone),
        _ => levels(cx, tokens.clone()).max().map(|it| theme.level(it)),
    }
}

/// The levels of the tokens that have one.
fn levels(cx: &Context, positions: Range<usize>) -> impl Iterator<Item = usize> {
    positions.filter_map(|it| cx.text.heat.level(&cx.text.score(it)?, varentropy(cx, it)))
}

/// The varentropy of the place of a token, in bits squared, where it was measured.
fn varentropy(cx: &Context, position: usize) -> Option<f32> {
    cx.text.measure(position).map(|it| it.varentropy() as f32)
}

/// The heat of the token under the cursor in words, for a user who cannot see it.
pub(super) fn told(cx: &Context) -> Option<String> {
    let position = cx.text.cursor;
    if cx.in_focus() != Focus::Text {
        return None;
    }
    match cx.text.heat {
        Heat::Off => None,
        Heat::Cut => cx.text.survives(position).map(|it| if it { "possible" } else { "impossible" }.to_owned()),
        heat => {
            let score = cx.text.score(position)?;
            let level = heat.level(&score, varentropy(cx, position))?;
            let figure = match heat {
                Heat::Entropy => format!("entropy {:.1}", score.entropy?),
                Heat::Varentropy => format!("varentropy {:.1}", varentropy(cx, position)?),
                Heat::Rank => format!("rank {}", score.rank + 1),
                Heat::Off | Heat::Surprise | Heat::Cut => format!("surprise {:.1}", score.bits()),
            };
            Some(format!("{figure}, heat {level} of {}", LEVELS - 1))
        }
    }
}

/// The hottest level among some tokens, 1 or more, for the frame beside them: where there is no colour, the eye needs help.
pub(super) fn hottest(cx: &Context, positions: Range<usize>) -> Option<usize> {
    levels(cx, positions).max().filter(|&it| it > 0)
}

/// What the levels mean, for the frame of the text.
pub(super) fn legend(cx: &Context, theme: &Theme, width: usize) -> Option<Line<'static>> {
    let heat = cx.text.heat;
    match heat {
        Heat::Off => None,
        Heat::Cut => {
            let losses = cx.text.losses();
            let unknown = match losses.unknown {
                0 => String::new(),
                n => format!(", {n} not known"),
            };
            let text = format!(" {} of {} impossible under these settings{unknown} ", losses.cut, losses.drawn);
            let short = format!(" {}/{} cut ", losses.cut, losses.drawn);
            let text = if text.len() + 4 <= width { text } else { short };
            Some(Line::styled(text, if losses.cut > 0 { theme.bad } else { theme.note }))
        }
        _ => {
            let limits = heat.limits();
            let show = |it: f32| format!("{it}");
            let mut spans = vec![Span::styled(format!(" {} ", heat.name()), theme.note)];
            for level in 0..=limits.len() {
                let text = match (heat, level) {
                    (Heat::Rank, 0) => "1".to_owned(),
                    (_, 0) => format!("<{}", show(limits[0])),
                    (Heat::Rank, 4) => format!(">{}", show(limits[3])),
                    (Heat::Rank, _) => format!("{}-{}", show(limits[level - 1] + 1.0), show(limits[level])),
                    (_, 4) => format!("{}+", show(limits[3])),
                    _ => format!("{}-{}", show(limits[level - 1]), show(limits[level])),
                };
                spans.push(Span::styled(format!("{level}:{text}"), theme.level(level)));
                spans.push(Span::raw(" "));
            }
            let wide: usize = spans.iter().map(Span::width).sum();
            Some(if wide + 4 <= width {
                Line::from(spans)
            } else {
                Line::styled(format!(" {} ", heat.name()), theme.note)
            })
        }
    }
}
