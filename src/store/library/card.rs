//! What the index holds of a transcript, read from its journal.

use std::path::Path;

use super::State;
use crate::document::{Document, Journal, NodeId, Record, Vocabularies};
use crate::store::transcripts::{read_named, replay};
use crate::store::vocabularies::Finder;
use crate::text::visible_name;

/// How many tokens of a text are told.
const FIRST: usize = 24;
/// Tokens before a run that are searched with it: what is looked for may begin before a fork.
const BEFORE: usize = 24;
/// The most characters of settings in words.
const SETTINGS: usize = 400;

/// What is known of a transcript.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) state: State,
    pub(super) fault: Option<String>,
    pub(super) created: Option<i64>,
    pub(super) opened: u64,
    pub(super) title: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) model: Option<String>,
    pub(super) settings: String,
    pub(super) tokens: u64,
    pub(super) nodes: u64,
    pub(super) branches: u64,
    pub(super) words: Option<String>,
    pub(super) words_assumed: bool,
    pub(super) words_fault: Option<String>,
    pub(super) texts: Vec<RunText>,
}

/// The text of a run of the tree, with some of what stands before it.
#[derive(Clone, Debug)]
pub(super) struct RunText {
    /// The first token of the run.
    pub(super) node: NodeId,
    /// Its number among all runs, from 1.
    pub(super) run: usize,
    /// Whether it is part of the text as it is.
    pub(super) on_path: bool,
    pub(super) text: String,
}

impl Card {
    /// Reads a transcript; what cannot be read is told on the card.
    pub(super) fn read(transcripts: &Path, id: &str, finder: &mut Finder) -> Self {
        match read_named(transcripts, id) {
            Ok(journal) => Self::of(&journal, finder),
            Err(error) => Self::unreadable(error.to_string()),
        }
    }

    fn unreadable(fault: String) -> Self {
        Self {
            state: State::Unreadable,
            fault: Some(fault),
            created: None,
            opened: 0,
            title: None,
            tags: Vec::new(),
            model: None,
            settings: String::new(),
            tokens: 0,
            nodes: 0,
            branches: 0,
            words: None,
            words_assumed: false,
            words_fault: None,
            texts: Vec::new(),
        }
    }

    pub(super) fn of(journal: &Journal, finder: &mut Finder) -> Self {
        let document = replay(journal);
        let model = journal.records.iter().rev().find_map(|it| match it {
            Record::Model { name, .. } => Some(name.clone()),
            _ => None,
        });
        let is_sound = journal.faults.is_sound();
        let mut card = Self {
            state: if is_sound { State::Sound } else { State::Damaged },
            fault: (!is_sound).then(|| journal.faults.to_string()),
            created: Some(journal.header.created),
            opened: number(journal),
            title: document.title().map(str::to_owned),
            tags: document.tags().to_vec(),
            model,
            settings: settings(&document),
            tokens: document.len() as u64,
            nodes: u64::from(document.next_node()),
            ..Self::unreadable(String::new())
        };
        card.fault = (!is_sound).then(|| journal.faults.to_string());
        let runs = document.runs();
        // A run that is followed by a deeper one is no end.
        let ends = (0..runs.len()).filter(|&at| runs.get(at + 1).is_none_or(|next| next.depth <= runs[at].depth));
        card.branches = ends.count() as u64;
        match finder.resolve(journal) {
            Ok(resolved) => {
                let words = |nodes: &[NodeId]| searchable(&resolved.vocabularies, &document, nodes);
                let first = &document.path()[..document.len().min(FIRST)];
                card.words = Some(resolved.vocabularies.text(&document, first));
                card.words_assumed = resolved.assumed;
                let text = |(at, run): (usize, &crate::document::Run)| {
                    let nodes = [&before(&document, run.nodes[0])[..], &run.nodes].concat();
                    RunText { node: run.nodes[0], run: at + 1, on_path: run.on_path, text: words(&nodes) }
                };
                card.texts = runs.iter().enumerate().map(text).collect();
            }
            Err(missing) => card.words_fault = Some(missing.to_string()),
        }
        card
    }
}

/// The largest number under which a transcript was opened, 0 if it does not say any.
pub(in crate::store) fn number(journal: &Journal) -> u64 {
    let numbers = journal.records.iter().filter_map(|it| match it {
        Record::Opened { number } => Some(*number),
        _ => None,
    });
    numbers.max().unwrap_or_default()
}

/// A text without what ends or turns lines: it is searched and told in one.
fn searchable(vocabularies: &Vocabularies, document: &Document, nodes: &[NodeId]) -> String {
    let text = vocabularies.text(document, nodes);
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// Some of the tokens before a node, in order.
fn before(document: &Document, node: NodeId) -> Vec<NodeId> {
    let parent = |id: NodeId| document.node(id)?.parent.filter(|&it| it < id);
    let mut out: Vec<NodeId> = std::iter::successors(parent(node), |&it| parent(it)).take(BEFORE).collect();
    out.reverse();
    out
}

fn settings(document: &Document) -> String {
    let Some(settings) = document.settings() else { return String::new() };
    let described = settings.described().into_iter().map(|(name, value)| format!("{name} {value}"));
    let all = visible_name(&described.collect::<Vec<_>>().join(", "));
    all.chars().take(SETTINGS).collect()
}
