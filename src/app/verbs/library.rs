//! The library: opening, naming, exporting texts.

use std::path::PathBuf;

use super::ask::{next_logits, set_settings, still_writing};
use super::models::load;
use super::{chat, finding, focus};
use crate::app::context::{Context, Opening, Saved, Seen};
use crate::app::models::WrittenBy;
use crate::app::outbox::Effect;
use crate::app::verbs::journal::record;
use crate::app::verbs::translation::read_again;
use crate::document::Record;
use crate::install::protocol::Job as InstallJob;
use crate::manifest::DEMO;
use crate::store::protocol::{Format, Job, LibraryJob, Opened, WrittenWith};
use crate::text::{tags_of, title_of, visible_name};

/// Opens a text of the library in the place of this one; `words` are looked for in it. Answers whether it is on its way.
pub(in crate::app) fn open(cx: &mut Context, id: &str, words: &str) -> bool {
    if cx.drawing.running.is_some() {
        still_writing(cx);
        return false;
    }
    if cx.journal.id.as_deref() == Some(id) {
        finding::go_to_first(cx, words);
        return true;
    }
    if let Saved::No(why) = &cx.journal.saved {
        let text = format!("Not yet: this text is not saved ({why}). It is tried again with every change.");
        cx.outbox.complain(text);
        return false;
    }
    cx.journal.opening = Some(Opening { id: id.to_owned(), words: words.to_owned() });
    // A long one takes its time.
    cx.outbox.say(format!("{} is being opened; Esc stays here.", visible_name(id)));
    cx.outbox.store(Job::Open(id.to_owned()));
    true
}

/// Goes over to a text that was opened.
pub(in crate::app) fn opened(cx: &mut Context, it: Opened) {
    let Some(Opening { words, .. }) = cx.journal.opening.take_if(|opening| opening.id == it.id) else { return };
    if cx.drawing.running.is_some() {
        return still_writing(cx);
    }
    leave(cx);
    cx.outbox.store(Job::GoOn);
    let Opened { id, document, vocabularies, written_by, model, problems } = it;
    let recorded = document.settings().cloned();
    cx.text.begin(document, vocabularies);
    cx.rewriting = None;
    cx.tour = None;
    cx.drawing.ended = None;
    (cx.journal.saved, cx.journal.settings, cx.journal.model) = (Saved::Yes, recorded.clone(), None);
    let before = cx.settings.clone();
    if let Some(settings) = recorded {
        set_settings(cx, settings);
    }
    chat::follow(cx, &before);
    let title = cx.text.document.title().map_or_else(|| visible_name(&id), |it| format!("\"{}\"", visible_name(it)));
    let notice = format!("{title} is open. What was open before is in the library.");
    cx.outbox.notice = None;
    if !problems.is_empty() {
        cx.outbox.complain(problems.join("\n"));
    }
    let name = written_by.as_ref().map(|it| it.name.clone()).unwrap_or_default();
    let is_loaded = written_by
        .as_ref()
        .is_none_or(|it| cx.card().is_some_and(|card| card.sha256 == it.sha256 || it.sha256.is_empty()));
    match model {
        WrittenWith::Here((name, directory)) if !is_loaded => {
            cx.models.written_by =
                written_by.map(|it| WrittenBy { sha256: it.sha256, name: it.name, device: it.device });
            match directory {
                Some(directory) => load(cx, name, &directory),
                None => load_demo(cx, &name),
            }
        }
        WrittenWith::Missing(why) => {
            let goes_on = cx.card().map_or("the model of now".to_owned(), |it| it.name.clone());
            let text = format!("It was written by {}, and {why}: {goes_on} goes on with it.", visible_name(&name));
            cx.outbox.complain(text);
            read_again(cx);
        }
        WrittenWith::Here(_) | WrittenWith::None => _ = read_again(cx),
    }
    if let Some(seen) = cx.journal.seen.get(&id).copied() {
        cx.text.cursor = seen.cursor.min(cx.text.document.len());
    }
    cx.journal.id = Some(id);
    focus::write(cx);
    next_logits(cx);
    let is_said = cx.outbox.notice.is_some();
    finding::go_to_first(cx, &words);
    // Where the place is goes without saying; a complaint does not.
    if !is_said {
        cx.outbox.say(notice);
    }
}

/// Takes note of where the reader of this text is.
pub(in crate::app) fn leave(cx: &mut Context) {
    if let Some(id) = cx.journal.id.take() {
        cx.journal.seen.insert(id, Seen { cursor: cx.text.cursor });
    }
}

/// The demo is always there; where it lies is known once it was asked for.
fn load_demo(cx: &mut Context, name: &str) {
    if name == DEMO {
        cx.models.demo_coming = true;
        cx.models.engine = crate::app::models::EngineState::Empty;
        cx.outbox.push(Effect::Install(InstallJob::Demo));
    }
}

/// Says that a text could not be opened.
pub(in crate::app) fn not_opened(cx: &mut Context, id: &str, why: &str) {
    if cx.journal.opening.take_if(|it| it.id == id).is_some() {
        cx.outbox.complain(format!("{} is not opened: {why}.", visible_name(id)));
    }
}

/// Gives a text of the library a title.
pub(in crate::app) fn retitle(cx: &mut Context, id: &str, text: &str) {
    let title = title_of(text);
    if cx.journal.id.as_deref() == Some(id) {
        return retitle_this(cx, &title);
    }
    cx.outbox.push(Effect::Library(LibraryJob::Retitle { id: id.to_owned(), title }));
}

/// Gives the text that is open a title.
pub(in crate::app) fn retitle_this(cx: &mut Context, text: &str) {
    if cx.text.document.is_empty() {
        return cx.outbox.say("There is no text to give a title to yet.");
    }
    let title = title_of(text);
    cx.outbox.say(if title.is_empty() {
        "The text has no title any more.".to_owned()
    } else {
        format!("The text is called \"{}\".", visible_name(&title))
    });
    record(cx, Record::Title { title });
    written(cx);
}

/// Files a text of the library under words.
pub(in crate::app) fn retag(cx: &mut Context, id: &str, text: &str) {
    let tags = match tags_of([text]) {
        Ok(it) => it,
        Err(why) => return cx.outbox.complain(format!("{why}.")),
    };
    if cx.journal.id.as_deref() == Some(id) {
        return retag_this(cx, tags);
    }
    cx.outbox.push(Effect::Library(LibraryJob::Retag { id: id.to_owned(), tags }));
}

/// Files the text that is open under words.
pub(in crate::app) fn retag_this(cx: &mut Context, tags: Vec<String>) {
    if cx.text.document.is_empty() {
        return cx.outbox.say("There is no text to file yet.");
    }
    let told: String = tags.iter().flat_map(|it| [" #".to_owned(), visible_name(it)]).collect();
    cx.outbox.say(if told.is_empty() {
        "The text has no tags any more.".to_owned()
    } else {
        format!("Filed under{told}.")
    });
    record(cx, Record::Tags { tags });
    written(cx);
}

/// The library reads what the journal says, so that must be on the disk.
fn written(cx: &mut Context) {
    cx.outbox.store(Job::Sync);
}

/// Writes a text of the library as a file into the working directory.
pub(in crate::app) fn export(cx: &mut Context, id: String, format: Format) {
    cx.outbox.store(Job::Sync);
    cx.outbox.push(Effect::Library(LibraryJob::Export { id, format, directory: PathBuf::from(".") }));
}

/// The same of the text that is open.
pub(in crate::app) fn export_this(cx: &mut Context, format: Format) {
    match cx.journal.id.clone() {
        Some(id) => export(cx, id, format),
        None => cx.outbox.say("There is no text to export yet: it is kept with its first word."),
    }
}

/// Has a text drawn again, to see whether it comes out the same.
pub(in crate::app) fn replay(cx: &mut Context, id: String) {
    cx.outbox.say(format!("{} is drawn again; the verdict follows.", visible_name(&id)));
    cx.outbox.push(Effect::Library(LibraryJob::Replay { id }));
}
