//! What the writer of transcripts says.

use crate::app::context::{Context, Saved};
use crate::app::verbs::library;
use crate::store::protocol::{Change, Event, Mended};
use crate::text::visible_path;

/// Takes note of what is on the disk.
pub(in crate::app) fn heard(cx: &mut Context, event: Event) {
    match event {
        // What was handed over since is still on its way.
        Event::Saved { path, records } if records == cx.outbox.records() => {
            cx.journal.saved = Saved::Yes;
            if cx.journal.id.is_none() && !cx.text.document.is_empty() {
                cx.journal.id = path.file_stem().map(|it| it.to_string_lossy().into_owned());
            }
        }
        Event::Opened(it) => library::opened(cx, *it),
        Event::NotOpened { id, why } => library::not_opened(cx, &id, &why),
        // Settings without a text are not written yet.
        Event::Saved { .. } if cx.text.document.is_empty() => cx.journal.saved = Saved::Nothing,
        Event::Saved { .. } => cx.journal.saved = Saved::Soon,
        Event::Mended { path, mended: Mended { change, aside } } => {
            cx.journal.saved = Saved::Soon;
            let what = match change {
                Change::Gone => "The transcript's file was removed or renamed while it was written.",
                Change::Replaced => "Something else took the place of the transcript's file while it was written.",
                Change::Rewritten => "Something else wrote to the transcript's file.",
            };
            let kept = aside.map_or_else(String::new, |it| format!(" What stood there is in {}.", visible_path(&it)));
            cx.outbox.complain(format!("{what} All of it is written anew, to {}.{kept}", visible_path(&path)));
        }
        Event::Failed { path, why, .. } => {
            let text = format!(
                "The transcript is not saved: {why}. What is new waits in memory and is written once that works. ({})",
                visible_path(&path)
            );
            if !matches!(cx.journal.saved, Saved::No(_)) {
                cx.outbox.complain(text);
            }
            cx.journal.saved = Saved::No(why);
        }
        Event::NotRemembered { path, why } => {
            let text = format!("What you send is not kept for later runs ({}: {why}).", visible_path(&path));
            cx.outbox.complain(text);
        }
    }
}
