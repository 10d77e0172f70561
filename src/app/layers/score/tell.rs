//! The score of the text, line by line.

use crate::app::context::Context;
use crate::app::messages::dice::percent;
use crate::app::messages::measures::{found, least, likelier, most, sentences, sigmas};
use crate::app::messages::spoken::{count, quoted};
use crate::app::text::{Dice, Surprise};
use crate::sample::Tally;

/// What the tokens of the text come to, and the most surprising of them.
pub(in crate::app) fn tell(cx: &Context) -> Vec<String> {
    let it = cx.text.text_score();
    if it.all.tokens == 0 {
        return vec!["Nothing is known of the text yet: the model has no say in the first token.".to_owned()];
    }
    let mut out: Vec<String> = [("All", &it.all), ("Typed", &it.typed), ("Drawn", &it.drawn)]
        .into_iter()
        .filter_map(|(name, tally)| Some(format!("{name}: {}.", sum(tally)?)))
        .collect();
    let share = |bucket| percent(it.all.share(bucket) as f32);
    out.push(format!(
        "Ranks: {} of 1 to 10, {} of 11 to 100, {} of 101 to 1000, {} over 1000.",
        share(0),
        share(1),
        share(2),
        share(3)
    ));
    if it.unknown > 0 {
        out.push(format!("{} not known.", count(it.unknown, "token")));
    }
    out.extend(cx.card().map(|it| super::premises(&it.dtype)));
    out.push("The most surprising first:".to_owned());
    out.extend(it.worst.iter().map(|worst| surprise(cx, worst)));
    let it = cx.text.dice();
    let dice = [("All", it.all), ("Typed", it.typed), ("Drawn", it.drawn)];
    let settings = cx.text.likelier().map(|it| likelier(cx, &it));
    let known = dice.into_iter().zip(settings).filter(|it| it.0.1.tokens > 0);
    out.extend(known.map(|((name, it), settings)| of_dice(name, &it, &settings)));
    out.extend(sentences(&it));
    out
}

fn sum(tally: &Tally) -> Option<String> {
    let (bits, perplexity) = (tally.bits_per_token()?, tally.perplexity()?);
    let characters = tally.bits_per_character().map_or(String::new(), |it| format!(", {it:.2} bits a character"));
    Some(format!("{}, {bits:.2} bits a token{characters}, perplexity {perplexity:.1}", count(tally.tokens, "token")))
}

fn surprise(cx: &Context, it: &Surprise) -> String {
    let expected = it
        .expected
        .map_or(String::new(), |(token, p)| format!("; the likeliest was {} with {}", quoted(cx, token), percent(p)));
    let (bits, rank) = (it.score.bits(), it.score.rank + 1);
    format!("token {}, {}: surprise {bits:.1} bits, rank {rank}{expected}", it.position + 1, quoted(cx, it.token))
}

fn of_dice(name: &str, it: &Dice, settings: &str) -> String {
    let (temperature, interval) = found(it);
    let Dice { bounds, .. } = it;
    format!(
        "{name}, the dice: temperature {temperature}, 95% interval {interval}; top-k {} or more, top-p above {}, min-p {} or less; luck {}; settings of now {settings}.",
        bounds.top_k,
        least(bounds.top_p),
        most(bounds.min_p),
        sigmas(it.luck)
    )
}
