//! The scores as one JSON object.

use serde_json::{Value, json};

use super::{Report, Token};
use crate::format::short;
use crate::sample::Reading;

/// Everything, the tokens included.
pub(super) fn object(report: &Report, worst: usize) -> Value {
    let Report { card, tally, .. } = report;
    let [top_10, top_100, top_1000, beyond] = tally.buckets;
    let begin = report.start.map(|it| card.vocabulary.name_of(it));
    let first = begin.map_or("not scored".to_owned(), |it| format!("after {it}"));
    let worst: Vec<Value> =
        report.worst(worst).into_iter().map(|(at, it, reading)| token(report, at, it, Some(reading))).collect();
    let all = report.tokens.iter().enumerate();
    let tokens: Vec<Value> = all.map(|(at, it)| token(report, at, it, it.reading.as_ref())).collect();
    json!({
        "text": report.name,
        "model": {
            "name": card.name, "sha256": card.sha256, "dtype": card.dtype, "device": card.device,
            "vocabulary": card.vocabulary.facts(),
        },
        "scored": tally.tokens,
        "first_token": first,
        "context": card.n_positions,
        "windows": report.windows,
        "overlap": report.overlap,
        "bytes": tally.bytes,
        "characters": tally.characters,
        "bits": tally.bits,
        "bits_per_token": tally.bits_per_token(),
        "bits_per_character": tally.bits_per_character(),
        "bits_per_byte": tally.bits_per_byte(),
        "perplexity": tally.perplexity(),
        "likeliest": tally.likeliest,
        "ranks": { "top_10": top_10, "top_100": top_100, "top_1000": top_1000, "beyond": beyond },
        "worst": worst,
        "tokens": tokens,
    })
}

fn token(report: &Report, at: usize, it: &Token, reading: Option<&Reading>) -> Value {
    let text = |token| String::from_utf8_lossy(report.bytes(token)).into_owned();
    let bytes = report.bytes(it.id);
    let mut value = json!({
        "index": at, "id": it.id, "text": text(it.id), "byte": it.byte, "line": it.line, "column": it.column,
    });
    if std::str::from_utf8(bytes).is_err() {
        value["bytes"] = json!(bytes);
    }
    if let Some(reading) = reading {
        value["bits"] = json!(reading.bits);
        // The likeliest is 0, as in everything that programs read.
        value["rank"] = json!(reading.score.rank);
        value["entropy"] = short(&reading.score.entropy);
        value["expected"] =
            json!({ "id": reading.expected, "text": text(reading.expected), "p": short(&reading.expected_p) });
    }
    value
}
