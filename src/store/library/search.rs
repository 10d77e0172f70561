//! Finding transcripts by words, in all their branches.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension as _, Row, params};

use super::Entry;
use super::index::{COLUMNS, Index, ORDER, entry};
use crate::document::NodeId;

/// Marks before and after what was found in a piece of text; no text in the index has them.
pub const FOUND: char = '\u{2}';
/// The mark after it.
pub const FOUND_END: char = '\u{3}';

/// Words, more or less, of a piece of text around what was found.
const AROUND: usize = 14;

/// A transcript in which words were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What is known of the transcript besides the place.
    pub entry: Entry,
    /// The best place, in one line; what was found stands between [`FOUND`] and [`FOUND_END`].
    pub piece: String,
    /// The number of the run of the tree that it is in, from 1; 0 for the title and the tags.
    pub run: usize,
    /// The first token of that run; `None` for the title and the tags.
    pub node: Option<NodeId>,
    /// Whether the run is part of the text as it is.
    pub on_path: bool,
}

impl Hit {
    /// A transcript in which nothing was looked for.
    #[must_use]
    pub fn whole(entry: Entry) -> Self {
        Self { entry, piece: String::new(), run: 0, node: None, on_path: true }
    }
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    /// In the language of the index.
    Words(String),
    /// As it stands: what has no words in the index's sense, or no spaces between them.
    Characters(String),
}

/// Looks for all of the words.
pub(super) fn search(index: &Index, words: &str, most: usize) -> rusqlite::Result<Vec<Hit>> {
    let terms = terms(words);
    let mut all: Option<HashSet<i64>> = None;
    for term in &terms {
        let found = transcripts_with(index, term)?;
        all = Some(all.map_or_else(|| found.clone(), |it| &it & &found));
    }
    let Some(all) = all.filter(|it| !it.is_empty()) else { return Ok(Vec::new()) };
    let mut hits = Vec::new();
    for place in places(index, &terms, &all)?.into_iter().take(most) {
        if let Some(hit) = hit(index, &terms, &place)? {
            hits.push(hit);
        }
    }
    Ok(hits)
}

fn terms(words: &str) -> Vec<Term> {
    let mut out = Vec::new();
    // What stands at an odd place stands between quotes.
    for (at, part) in words.split('"').enumerate() {
        let part: String = part.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
        if at % 2 == 1 {
            out.extend(Some(part.trim()).filter(|it| !it.is_empty()).map(|it| term(it, "")));
        } else {
            out.extend(part.split_whitespace().map(|it| term(it, "*")));
        }
    }
    out
}

fn term(text: &str, end: &str) -> Term {
    let is_word = text.chars().any(char::is_alphanumeric);
    // Such as Chinese: a run of it is one word to the index.
    let is_unspaced = text.chars().any(|it| {
        ('\u{e00}'..='\u{eff}').contains(&it)
            || ('\u{2e80}'..='\u{9fff}').contains(&it)
            || ('\u{ac00}'..='\u{d7af}').contains(&it)
            || it >= '\u{20000}'
    });
    if is_word && !is_unspaced { Term::Words(format!("\"{text}\"{end}")) } else { Term::Characters(text.to_owned()) }
}

/// A pattern for `LIKE`.
fn pattern(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|it| matches!(it, '%' | '_' | '\\').then_some('\\').into_iter().chain([it])).collect();
    format!("%{escaped}%")
}

fn transcripts_with(index: &Index, term: &Term) -> rusqlite::Result<HashSet<i64>> {
    let (wanted, how) = match term {
        Term::Words(it) => (it.clone(), "texts MATCH ?1"),
        Term::Characters(it) => (pattern(it), "text LIKE ?1 ESCAPE '\\'"),
    };
    let statement = format!("SELECT DISTINCT transcript FROM texts JOIN runs ON row = texts.rowid WHERE {how}");
    index.database.prepare_cached(&statement)?.query_map([wanted], |it| it.get(0))?.collect()
}

/// Where the best place of a transcript is.
struct Place {
    transcript: i64,
    row: i64,
}

/// All words of the index that are looked for, any of them.
fn any_of(terms: &[Term]) -> Option<String> {
    let words = terms.iter().filter_map(|it| if let Term::Words(it) = it { Some(it.as_str()) } else { None });
    Some(words.collect::<Vec<_>>().join(" OR ")).filter(|it| !it.is_empty())
}

/// The best place of each of the transcripts, the best ones first.
fn places(index: &Index, terms: &[Term], all: &HashSet<i64>) -> rusqlite::Result<Vec<Place>> {
    let database = &index.database;
    let mut order = database.prepare_cached(&format!("SELECT key FROM transcripts ORDER BY {ORDER}"))?;
    let order: HashMap<i64, usize> = order
        .query_map([], |it| it.get(0))?
        .zip(0..)
        .map(|(key, at)| Ok((key?, at)))
        .collect::<rusqlite::Result<_>>()?;
    let row = |it: &Row| Ok((it.get::<_, i64>(0)?, it.get::<_, i64>(1)?, it.get::<_, f64>(2)?, it.get::<_, i64>(3)?));
    let mut found: Vec<(i64, i64, f64, i64)> = Vec::new();
    if let Some(any) = any_of(terms) {
        let mut of = database.prepare_cached(
            "SELECT transcript, row, bm25(texts), run FROM texts JOIN runs ON row = texts.rowid WHERE texts MATCH ?1",
        )?;
        found.extend(of.query_map([any], row)?.collect::<rusqlite::Result<Vec<_>>>()?);
    } else {
        let mut of = database.prepare_cached(
            "SELECT transcript, row, 0.0, run FROM texts JOIN runs ON row = texts.rowid WHERE text LIKE ?1 ESCAPE '\\'",
        )?;
        for term in terms {
            if let Term::Characters(it) = term {
                found.extend(of.query_map([pattern(it)], row)?.collect::<rusqlite::Result<Vec<_>>>()?);
            }
        }
    }
    found.retain(|it| all.contains(&it.0));
    let at = |key: i64| order.get(&key).copied().unwrap_or(usize::MAX);
    found.sort_by(|a, b| a.2.total_cmp(&b.2).then_with(|| at(a.0).cmp(&at(b.0))).then_with(|| a.1.cmp(&b.1)));
    // What is called so comes where its title puts it, and shows the place in its text, if there is one.
    let mut in_text: HashMap<i64, i64> = HashMap::new();
    for it in found.iter().filter(|it| it.3 > 0) {
        in_text.entry(it.0).or_insert(it.1);
    }
    let mut seen = HashSet::new();
    found.retain(|it| seen.insert(it.0));
    let row_of = |transcript: i64, row: i64| in_text.get(&transcript).copied().unwrap_or(row);
    Ok(found.into_iter().map(|it| Place { transcript: it.0, row: row_of(it.0, it.1) }).collect())
}

fn hit(index: &Index, terms: &[Term], place: &Place) -> rusqlite::Result<Option<Hit>> {
    let database = &index.database;
    let mut of = database.prepare_cached(&format!(
        "SELECT {COLUMNS}, node, run, on_path, text FROM transcripts JOIN runs ON transcript = key
         JOIN texts ON texts.rowid = row WHERE key = ?1 AND row = ?2"
    ))?;
    let columns = COLUMNS.split(',').count();
    let found = of.query_row([place.transcript, place.row], |it| {
        let entry = entry(it, 0)?;
        let (node, run, on_path) =
            (it.get::<_, Option<NodeId>>(columns)?, it.get::<_, i64>(columns + 1)?, it.get(columns + 2)?);
        Ok((
            Hit { entry, piece: String::new(), run: run.max(0) as usize, node, on_path },
            it.get::<_, String>(columns + 3)?,
        ))
    });
    let Some((mut hit, text)) = found.optional()? else { return Ok(None) };
    hit.piece = match any_of(terms) {
        Some(any) => {
            let mut piece = database.prepare_cached(
                "SELECT snippet(texts, 0, ?1, ?2, '...', ?3) FROM texts WHERE texts MATCH ?4 AND rowid = ?5",
            )?;
            let marks = (FOUND.to_string(), FOUND_END.to_string());
            piece.query_row(params![marks.0, marks.1, AROUND as i64, any, place.row], |it| it.get(0))?
        }
        None => around(&text, terms),
    };
    Ok(Some(hit))
}

/// A piece of a text around characters that were looked for.
fn around(text: &str, terms: &[Term]) -> String {
    /// Characters before it, and after it.
    const BEFORE: usize = 30;
    const AFTER: usize = 60;
    let lower = text.to_ascii_lowercase();
    let first = terms.iter().find_map(|it| match it {
        Term::Characters(it) => lower.find(&it.to_ascii_lowercase()).map(|at| at..at + it.len()),
        Term::Words(_) => None,
    });
    let Some(found) = first else { return text.chars().take(BEFORE + AFTER).collect() };
    let start = text[..found.start].char_indices().rev().nth(BEFORE - 1).map_or(0, |it| it.0);
    let end = text[found.end..].char_indices().nth(AFTER).map_or(text.len(), |it| found.end + it.0);
    let (before, after) = (if start > 0 { "..." } else { "" }, if end < text.len() { "..." } else { "" });
    let (left, middle, right) = (&text[start..found.start], &text[found.clone()], &text[found.end..end]);
    format!("{before}{left}{FOUND}{middle}{FOUND_END}{right}{after}")
}

#[cfg(test)]
mod tests;
