//! What the writer of transcripts says.

use crate::app::context::Context;
use crate::store::protocol::Event;

/// Takes note of what is on the disk.
pub(in crate::app) fn heard(cx: &mut Context, event: Event) {
    match event {
        Event::Saved { .. } => cx.journal.saved = Some(Ok(())),
        Event::Failed { path, why, .. } => {
            let text = format!(
                "The transcript is not saved: {why}. What is new waits in memory and is written once that works. ({})",
                path.display()
            );
            if !matches!(cx.journal.saved, Some(Err(_))) {
                cx.outbox.complain(text);
            }
            cx.journal.saved = Some(Err(why));
        }
        Event::NotRemembered { path, why } => {
            let text = format!("What you send is not kept for later runs ({}: {why}).", path.display());
            cx.outbox.complain(text);
        }
    }
}
