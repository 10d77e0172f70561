//! What the text says of the dice that drew it, in words.

use crate::app::context::Context;
use crate::app::text::{Dice, Likelier, TextDice};
use crate::sample::{Found, HOTTEST, Luck};

/// A share below which nothing could have drawn the text: never more than it is, with the digits that it needs near 0 and near 1.
pub(in crate::app) fn least(it: f64) -> String {
    share(it, f64::floor)
}

/// A share above which nothing could have drawn it: never less than it is.
pub(in crate::app) fn most(it: f64) -> String {
    share(it, f64::ceil)
}

fn share(it: f64, rounded: fn(f64) -> f64) -> String {
    let digits = |digits: usize| {
        let scale = 10f64.powi(digits as i32);
        format!("{:.digits$}", rounded(it * scale) / scale)
    };
    match it {
        0.0 => "0".to_owned(),
        it if it < 0.001 => {
            let exponent = it.log10().floor() as i32;
            match rounded(it / 10f64.powi(exponent)) {
                it if it >= 10.0 => format!("1e{}", exponent + 1),
                digit => format!("{}e{exponent}", digit.max(1.0)),
            }
        }
        it if it < 0.999 => digits(3),
        it if it < 1.0 => digits(((1.0 - it).log10().abs().ceil() as usize).clamp(3, 5)),
        _ => "1".to_owned(),
    }
}

/// The temperature that most likely drew some tokens, and its 95 % interval.
pub(in crate::app) fn found(it: &Dice) -> (String, String) {
    let (temperature, interval) = match (it.temperature, it.hidden_by) {
        (_, Some(_)) => ("hidden".to_owned(), "-"),
        // Where there was no choice, any temperature draws the same.
        _ if it.luck.variance <= 0.0 => ("-".to_owned(), "-"),
        (None, None) => ("...".to_owned(), "-"),
        (Some(Found::Greedy), None) => ("0: greedy".to_owned(), "-"),
        (Some(Found::Hotter), None) => (format!("above {HOTTEST}"), "-"),
        (Some(Found::At { temperature, from, to }), None) => {
            let to = if to < HOTTEST { format!("{to:.2}") } else { "any".to_owned() };
            return (format!("{temperature:.2}"), format!("{from:.2} to {to}"));
        }
    };
    (temperature, interval.to_owned())
}

/// Half of the interval, where there is no room for its ends.
pub(in crate::app) fn spread(it: &Dice) -> String {
    match it.temperature {
        Some(Found::At { from, to, .. }) if it.hidden_by.is_none() && to < HOTTEST => {
            format!("+-{:.2}", (to - from) / 2.0)
        }
        _ => "-".to_owned(),
    }
}

/// Luck in standard deviations; nothing where there was no choice.
pub(in crate::app) fn sigmas(it: Luck) -> String {
    it.sigmas().map_or("-".to_owned(), |it| format!("{:+.1}", if it.abs() < 0.05 { 0.0 } else { it }))
}

/// How many times likelier tokens are under the settings of now than at temperature 1.
pub(in crate::app) fn likelier(cx: &Context, it: &Likelier) -> String {
    match it {
        _ if cx.settings.has_own_dice().is_some() => "hidden".to_owned(),
        Likelier { tokens: 0, .. } => "-".to_owned(),
        Likelier { cut: 0, decades, .. } => format!("10^{:.1}", if decades.abs() < 0.05 { 0.0 } else { *decades }),
        Likelier { cut, .. } => format!("{cut} cut"),
    }
}

/// What the figures mean, a sentence for each.
pub(in crate::app) fn sentences(it: &TextDice) -> Vec<String> {
    let mut out = vec![
        "Temperature: the one that most likely drew the text, if nothing was penalised or cut (a cut makes it look colder).",
        "Bounds: a smaller top-k or top-p or a larger min-p could not have drawn it.",
        "Luck: beside dice at temperature 1, which are within 2 sigmas 95 times of 100; always the likeliest is far above, a \
         novel far below.",
        "Settings: how many times likelier it is under those of now than at temperature 1, or how many tokens they would cut.",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    if let Some(step) = it.all.hidden_by {
        out.insert(1, format!("Drawn with {}, it does not tell its temperature.", step.name()));
    }
    out
}

#[cfg(test)]
mod tests;
