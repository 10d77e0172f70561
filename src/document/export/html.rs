//! A page for browsers: one file with everything in it, for reading, showing and printing.
//!
//! What the model knew of a token stands in the page as data; the script shows it beside the text. Without a script the text,
//! its heat, the branches and the settings are there all the same.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::passages::pieces;
use super::{Exported, describe, settings_of};
use crate::document::{NodeId, Origin, Record, Run};
use crate::sample::{Draw, Heat, Score, Settings};
use crate::text::{visible, visible_line, visible_name};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Candidates of a token that are told, at the most.
const CANDIDATES: usize = 8;
/// Forks whose branches stand beside each other, and branches of one, at the most.
const FORKS: usize = 12;
const COLUMNS: usize = 8;

impl Exported<'_> {
    /// HTML, complete and with nothing from elsewhere.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = Page { of: self, data: Vec::new(), numbers: HashMap::new(), settings: Vec::new() };
        let text = page.passage(self.document.path());
        let branches = page.branches();
        let title = html(&visible_name(self.title()));
        let (head, legend) = (page.head(), legend());
        // In a script element nothing but its end means anything.
        let data = json!({ "tokens": page.data, "settings": page.settings }).to_string().replace('<', "\\u003c");
        format!(
            "<!DOCTYPE html>\n<html lang=\"und\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src \
             'unsafe-inline'\">\n<meta name=\"generator\" content=\"{generator}\">\n<title>{title}</title>\n<style>\n{STYLE}\
             </style>\n</head>\n<body>\n<header lang=\"en\">\n<h1>{title}</h1>\n{head}</header>\n<main>\n<section \
             aria-labelledby=\"text-name\">\n<h2 id=\"text-name\" lang=\"en\">Text</h2>\n{legend}\
             <p class=\"text\">{text}</p>\n</section>\n{branches}</main>\n<aside id=\"about\" lang=\"en\" aria-live=\"polite\" \
             aria-label=\"About the token\"></aside>\n<script type=\"application/json\" id=\"data\">{data}</script>\n<script>\n\
             {SCRIPT}</script>\n</body>\n</html>\n",
            generator = html(concat!("megachat ", env!("CARGO_PKG_VERSION"))),
        )
    }
}

/// A page while it is written.
struct Page<'a> {
    of: &'a Exported<'a>,
    /// What is known of each piece of text, in the order in which they come first on the page; and the numbers of pieces.
    data: Vec<Value>,
    numbers: HashMap<Vec<NodeId>, usize>,
    /// Settings in words, each once.
    settings: Vec<String>,
}

impl<'a> Page<'a> {
    /// What was done, in lines.
    fn head(&self) -> String {
        let Exported { header, created, records, document, .. } = self.of;
        let mut rows: Vec<(&str, String)> = vec![
            ("transcript", visible_name(&header.id)),
            ("begun", (*created).to_owned()),
            ("program", visible_name(&header.program)),
        ];
        if !document.tags().is_empty() {
            rows.push(("tags", visible_line(&document.tags().join(", "))));
        }
        for record in *records {
            if let Record::Model { name, sha256, dtype, device, .. } = record {
                let [name, dtype, device, sha256] = [name, dtype, device, sha256].map(|it| visible_name(it));
                rows.push(("model", format!("{name}, {dtype}, {device}, weights sha256 {sha256}")));
            }
        }
        for (place, settings) in self.of.settings_of_text() {
            let what = if place == 1 { String::new() } else { format!("from token {place} on: ") };
            rows.push(("settings", format!("{what}{}", describe(settings))));
        }
        let ends = document.path().iter().filter(|it| self.of.is_end(**it)).count();
        let ended =
            if ends > 0 { format!(", {ends} of them marks of an end, which are not shown") } else { String::new() };
        rows.push(("tokens", format!("{}, of which the model drew {}{ended}", document.len(), document.drawn())));
        let mut out = "<dl>\n".to_owned();
        for (name, value) in rows {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", html(&value));
        }
        out.push_str("</dl>\n");
        out
    }

    /// Tokens that follow each other as text that can be questioned.
    fn passage(&mut self, nodes: &[NodeId]) -> String {
        let mut out = String::new();
        for piece in pieces(self.of, nodes) {
            let own = &nodes[piece.tokens];
            let draws: Vec<&'a Draw> = own.iter().filter_map(|&it| self.draw(it)).collect();
            let heat = draws.iter().filter_map(|it| Heat::Surprise.level(&Score::from(*it), None)).max();
            let class = heat.map_or_else(|| "typed".to_owned(), |it| format!("drawn h{it}"));
            let id = self.number(own);
            let text = html(&visible(&piece.text));
            let _ = write!(out, "<span class=\"{class}\" tabindex=\"0\" data-t=\"{id}\">{text}</span>");
        }
        out
    }

    /// The number of what is known of some tokens. A branch that stands on the page twice is known once.
    fn number(&mut self, nodes: &[NodeId]) -> usize {
        if let Some(&known) = self.numbers.get(nodes) {
            return known;
        }
        let known: Vec<Value> = nodes.iter().filter_map(|&it| self.known(it)).collect();
        self.data.push(Value::Array(known));
        self.numbers.insert(nodes.to_vec(), self.data.len() - 1);
        self.data.len() - 1
    }

    fn draw(&self, node: NodeId) -> Option<&'a Draw> {
        match &self.of.document.node(node)?.origin {
            Origin::Drawn(draw) => Some(draw),
            Origin::Typed | Origin::Chosen => None,
        }
    }

    /// What is known of a token. The script knows the order.
    fn known(&mut self, node: NodeId) -> Option<Value> {
        let it = self.of.document.node(node)?;
        let vocabulary = self.of.vocabularies.at(node);
        let spelled = |token| visible_line(&crate::format::spelled(vocabulary.bytes(token)));
        let text = spelled(it.token);
        let Some(draw) = self.draw(node) else { return Some(json!([text, it.token, it.origin.name()])) };
        let number = |it: f32| json!(short(it));
        let candidates: Vec<Value> = draw
            .top
            .iter()
            .take(CANDIDATES)
            .map(|row| json!([spelled(row.token), number(row.model), row.after.map(short)]))
            .collect();
        let (p, after, entropy) = (number(draw.model), number(draw.after), draw.entropy.map(short));
        let bits = number(Score::from(draw).bits());
        let settings = self.of.document.settings_at(node).map(|it| self.settings_number(it));
        let (token, rank, kept, die) = (it.token, draw.rank + 1, draw.kept, (draw.die * 1e6).round() / 1e6);
        Some(json!([text, token, "drawn", p, rank, bits, entropy, after, kept, die, candidates, settings]))
    }

    fn settings_number(&mut self, settings: &Settings) -> usize {
        let described = describe(settings);
        if let Some(at) = self.settings.iter().position(|it| *it == described) {
            return at;
        }
        self.settings.push(described);
        self.settings.len() - 1
    }

    /// The other branches: those of a fork beside each other, and the whole tree folded.
    fn branches(&mut self) -> String {
        let runs = self.of.document.runs();
        if runs.len() < 2 {
            return String::new();
        }
        let mut out =
            "<section aria-labelledby=\"branches-name\">\n<h2 id=\"branches-name\" lang=\"en\">Branches</h2>\n"
                .to_owned();
        let forks = forks(&runs);
        for fork in forks.iter().take(FORKS) {
            out.push_str(&self.columns(&runs, fork));
        }
        if forks.len() > FORKS {
            let _ = writeln!(out, "<p lang=\"en\">{} forks more are in the tree.</p>", forks.len() - FORKS);
        }
        out.push_str(&self.tree(&runs));
        out.push_str("</section>\n");
        out
    }

    /// The branches of a fork, beside each other.
    fn columns(&mut self, runs: &[Run], fork: &Fork) -> String {
        let document = self.of.document;
        let first = runs[fork.branches[0]].nodes[0];
        let at = document.tokens_to(Some(first)).len();
        let open = if fork.on_path { " open" } else { "" };
        let count = fork.branches.len();
        let mut out = format!(
            "<details{open}>\n<summary lang=\"en\">At token {at}: {count} branches</summary>\n<div class=\"columns\">\n"
        );
        for &branch in fork.branches.iter().take(COLUMNS) {
            let run = &runs[branch];
            let here = if run.on_path { ", in the text" } else { "" };
            let _ = writeln!(out, "<div class=\"column\">\n<h3 lang=\"en\">Branch {}{here}</h3>", branch + 1);
            for (place, settings) in settings_of(document, &run.nodes) {
                let from = if place == 1 { String::new() } else { format!("from its token {place} on: ") };
                let _ = writeln!(out, "<p class=\"settings\" lang=\"en\">{from}{}</p>", html(&describe(settings)));
            }
            let text = self.passage(&run.nodes);
            let _ = writeln!(out, "<p class=\"text\">{text}</p>\n</div>");
        }
        if count > COLUMNS {
            let _ = writeln!(out, "<p lang=\"en\">{} branches more are in the tree.</p>", count - COLUMNS);
        }
        out.push_str("</div>\n</details>\n");
        out
    }

    /// All runs, folded, a line for each.
    fn tree(&self, runs: &[Run]) -> String {
        let mut out = "<details>\n<summary lang=\"en\">The whole tree</summary>\n<ol class=\"tree\">\n".to_owned();
        for run in runs {
            let text = self.of.vocabularies.text(self.of.document, &run.nodes);
            let marks: Vec<&str> = run.nodes.iter().filter_map(|&it| self.of.document.bookmark_name(it)).collect();
            let marks = if marks.is_empty() {
                String::new()
            } else {
                format!(" <em>{}</em>", html(&visible_line(&marks.join(", "))))
            };
            let on = if run.on_path { " class=\"on\"" } else { "" };
            let (depth, text) = (run.depth.min(40), html(&visible(&text)));
            let _ =
                writeln!(out, "<li{on} style=\"margin-left:{depth}em\"><span class=\"text\">{text}</span>{marks}</li>");
        }
        out.push_str("</ol>\n</details>\n");
        out
    }
}

/// Where the tree parts: the first run of each branch.
struct Fork {
    branches: Vec<usize>,
    /// Whether the text goes through it.
    on_path: bool,
}

/// The forks of a tree, those of the text first.
fn forks(runs: &[Run]) -> Vec<Fork> {
    let mut out: Vec<Fork> = Vec::new();
    let mut seen: HashSet<usize> = HashSet::new();
    for at in 0..runs.len() {
        if !seen.insert(at) {
            continue;
        }
        // Those that follow at the same depth, up to one above.
        let depth = runs[at].depth;
        let after =
            (at + 1..runs.len()).take_while(|&it| runs[it].depth >= depth).filter(|&it| runs[it].depth == depth);
        let branches: Vec<usize> = std::iter::once(at).chain(after).collect();
        seen.extend(&branches);
        if branches.len() > 1 {
            let on_path = branches.iter().any(|&it| runs[it].on_path);
            out.push(Fork { branches, on_path });
        }
    }
    out.sort_by_key(|it| !it.on_path);
    out
}

/// What the colours mean, as the program's own legend says it.
fn legend() -> String {
    let limits = Heat::Surprise.limits();
    let mut out = format!("<p class=\"legend\" lang=\"en\">{}: ", Heat::Surprise.name());
    for level in 0..=limits.len() {
        let text = match level {
            0 => format!("&lt;{}", limits[0]),
            4 => format!("{}+", limits[3]),
            _ => format!("{}-{}", limits[level - 1], limits[level]),
        };
        let _ = write!(out, "<span class=\"h{level}\">{level}:{text}</span> ");
    }
    out.push_str("<span class=\"typed\">written by a person</span></p>\n");
    out
}

/// Numbers of few digits: a page is read by people.
fn short(it: f32) -> f64 {
    format!("{it:.4e}").parse().unwrap_or_default()
}

/// Text that means nothing to a browser.
fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(it),
        }
    }
    out
}
