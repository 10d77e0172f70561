//! Changes of the text, which the journal writes down.

use super::library;
use crate::TokenId;
use crate::app::context::{Context, Saved};
use crate::app::outbox::Effect;
use crate::document::{Document, NodeId, Record, Vocabularies};
use crate::sample::{GENERATOR, Settings};
use crate::store::protocol::Job;

/// Applies a record to the text and hands it to the journal.
pub(in crate::app) fn record(cx: &mut Context, record: Record) {
    if let (Record::Model { .. }, Some(card)) = (&record, cx.card()) {
        let own = card.vocabulary.clone();
        cx.outbox.store(Job::Vocabulary(own));
    }
    cx.text.apply(&record);
    append(cx, record);
}

/// Hands a record to the journal.
pub(in crate::app) fn append(cx: &mut Context, record: Record) {
    if cx.journal.saved == Saved::Yes {
        cx.journal.saved = Saved::Soon;
    }
    cx.outbox.append(record);
}

/// Adds tokens that a person wrote after a node, which becomes the end of the text before them.
pub(in crate::app) fn write(cx: &mut Context, parent: Option<NodeId>, tokens: Vec<TokenId>, chosen: bool) {
    let first = cx.text.document.next_node();
    record(cx, Record::Typed { first, parent, tokens, chosen });
}

/// Begins a deed: what is recorded from here on is undone in one step.
pub(in crate::app) fn deed(cx: &mut Context) {
    // What undo comes back to is what the panel shows.
    record_settings(cx, cx.settings.clone());
    record(cx, Record::Deed);
}

/// Tells the journal the model and the settings, where it does not know them.
pub(in crate::app) fn record_circumstances(cx: &mut Context) {
    record_model(cx);
    record_settings(cx, cx.settings.clone());
}

/// Tells the journal the model, where it does not know it.
pub(in crate::app) fn record_model(cx: &mut Context) {
    if let Some(card) = cx.card() {
        let model = Record::Model {
            name: card.name.clone(),
            sha256: card.sha256.clone(),
            dtype: card.dtype.clone(),
            arithmetic: card.arithmetic,
            device: card.device.to_string(),
            driver: card.driver.clone(),
            generator: GENERATOR.to_owned(),
            vocabulary: Some(card.vocabulary.record()),
            path: card.path.clone(),
        };
        if cx.journal.model.as_ref() != Some(&model) {
            cx.journal.model = Some(model.clone());
            record(cx, model);
        }
    }
}

/// Tells the journal the settings that hold from here on, where it does not know them.
pub(in crate::app) fn record_settings(cx: &mut Context, settings: Settings) {
    if cx.journal.settings.as_ref() != Some(&settings) {
        cx.journal.settings = Some(settings.clone());
        record(cx, Record::Settings { settings });
    }
}

/// Begins an empty transcript; what was written is in the old one.
pub(in crate::app) fn begin_transcript(cx: &mut Context) {
    cx.outbox.store(Job::Sync);
    library::leave(cx);
    cx.outbox.push(Effect::NewTranscript);
    cx.text.begin(Document::default(), Vocabularies::default());
    cx.rewriting = None;
    (cx.journal.saved, cx.journal.settings, cx.journal.model) = (Saved::Nothing, None, None);
    record_settings(cx, cx.settings.clone());
    cx.drawing.ended = None;
}
