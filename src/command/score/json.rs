//! The scores as one JSON object.

use serde_json::{Value, json};

use super::rows::Unit;
use super::{Report, Token};
use crate::engine::protocol::ModelCard;
use crate::format::short;
use crate::sample::RANKS;

/// Everything, the tokens included.
pub(super) fn object(report: &Report, worst: usize) -> Value {
    let Report { card, tally, unit, .. } = report;
    let ranks: serde_json::Map<String, Value> =
        RANKS.iter().zip(tally.buckets).map(|(name, n)| ((*name).to_owned(), n.into())).collect();
    let begin = report.start.map(|it| card.vocabulary.name_of(it));
    let first = begin.map_or("not scored".to_owned(), |it| format!("after {it}"));
    let worst: Vec<Value> = report.worst(worst).into_iter().map(|(at, it, _)| token(card, at, it, *unit)).collect();
    let all = report.tokens.iter().enumerate();
    let tokens: Vec<Value> = all.map(|(at, it)| token(card, at, it, *unit)).collect();
    json!({
        "text": report.name,
        "model": report.facts,
        "scored": tally.tokens,
        "first_token": first,
        "context": card.n_positions,
        "windows": report.windows,
        "overlap": report.overlap,
        "bytes": tally.bytes,
        "characters": tally.characters,
        unit.name(): unit.of(tally.bits),
        format!("{}_per_token", unit.name()): tally.bits_per_token().map(|it| unit.of(it)),
        format!("{}_per_character", unit.name()): tally.bits_per_character().map(|it| unit.of(it)),
        format!("{}_per_byte", unit.name()): tally.bits_per_byte().map(|it| unit.of(it)),
        "perplexity": tally.perplexity(),
        "likeliest": tally.likeliest,
        "ranks": ranks,
        "worst": worst,
        "tokens": tokens,
    })
}

/// One token, the likeliest having rank 1.
pub(super) fn token(card: &ModelCard, at: usize, it: &Token, unit: Unit) -> Value {
    let text = |token| String::from_utf8_lossy(card.vocabulary.bytes(token)).into_owned();
    let bytes = card.vocabulary.bytes(it.id);
    let mut value = json!({
        "index": at, "id": it.id, "text": text(it.id), "byte": it.byte, "line": it.line, "column": it.column,
    });
    if std::str::from_utf8(bytes).is_err() {
        value["bytes"] = json!(bytes);
    }
    if let Some(reading) = &it.reading {
        value[unit.name()] = json!(unit.of(reading.bits));
        value["rank"] = json!(reading.score.rank + 1);
        value["entropy"] = short(&reading.score.entropy.map(|it| unit.of(it.into()) as f32));
        value["expected"] =
            json!({ "id": reading.expected, "text": text(reading.expected), "p": short(&reading.expected_p) });
    }
    value
}
