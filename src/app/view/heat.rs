//! How hot a token is, as a style and as a legend. Never by colour alone: the hotter, the more a token stands out without it.

use ratatui::text::{Line, Span};

use super::super::Heat;
use super::super::state::{App, Focus};
use super::theme::{LEVELS, Theme};

/// The style of a token under the heat-map; `None` if it is not coloured.
pub(super) fn style(app: &App, theme: &Theme, position: usize) -> Option<ratatui::style::Style> {
    match app.lens.heat {
        Heat::Off => None,
        Heat::Cut => match app.survives(position) {
            Some(false) => Some(theme.gone),
            Some(true) | None => None,
        },
        heat => Some(theme.level(heat.level(&app.score(position)?)?)),
    }
}

/// The heat of the token under the cursor in words, for whoever cannot see it.
pub(super) fn told(app: &App) -> Option<String> {
    let position = app.lens.cursor;
    if app.focus != Focus::Text {
        return None;
    }
    match app.lens.heat {
        Heat::Off => None,
        Heat::Cut => app.survives(position).map(|it| if it { "possible" } else { "impossible" }.to_owned()),
        heat => {
            let score = app.score(position)?;
            let level = heat.level(&score)?;
            let figure = match heat {
                Heat::Entropy => format!("entropy {:.1}", score.entropy?),
                Heat::Rank => format!("rank {}", score.rank + 1),
                Heat::Off | Heat::Surprise | Heat::Cut => format!("surprise {:.1}", score.bits()),
            };
            Some(format!("{figure}, heat {level} of {}", LEVELS - 1))
        }
    }
}

/// The hottest level among some tokens, 1 or more, for the frame beside them: where there is no colour, the eye needs help.
pub(super) fn hottest(app: &App, positions: impl Iterator<Item = usize>) -> Option<usize> {
    let heat = app.lens.heat;
    positions.filter_map(|it| heat.level(&app.score(it)?)).max().filter(|&it| it > 0)
}

/// What the levels mean, for the frame of the text.
pub(super) fn legend(app: &App, theme: &Theme, width: usize) -> Option<Line<'static>> {
    let heat = app.lens.heat;
    match heat {
        Heat::Off => None,
        Heat::Cut => {
            let losses = app.losses();
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
