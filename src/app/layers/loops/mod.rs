//! The question about a text that goes on in a loop.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use crate::app::context::Context;
use crate::app::intent::WayOut;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::messages::columns::WAYS_OUT;
use crate::app::screen::theme::Theme;
use crate::app::verbs::ask::{generate_on, go_on, settings_moved};
use crate::app::verbs::branch::go_to;
use crate::app::verbs::journal::{deed, record};
use crate::document::Record;

/// DRY's multiplier as the way out of a loop: the value that its author recommends.
const WAY_OUT: f32 = 0.8;

/// A loop that was found; drawing is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopFound {
    /// The position where the loop begins.
    pub since: usize,
}

impl LoopFound {
    /// Takes a way out of the loop.
    pub(in crate::app) fn go(self, cx: &mut Context, way: WayOut) {
        let back = self.since.checked_sub(1).and_then(|it| cx.text.document.path().get(it)).copied();
        cx.uncover();
        match way {
            WayOut::Differently => {
                deed(cx);
                record(cx, Record::Tip { node: back });
                cx.settings.dry_multiplier = WAY_OUT;
                settings_moved(cx);
                let undo = cx.key_of(Action::Undo);
                cx.outbox.say(format!("On from before the loop, with DRY at {WAY_OUT}; {undo} goes back."));
                generate_on(cx, String::new(), String::new());
            }
            WayOut::Back => {
                go_to(cx, back);
                let undo = cx.key_of(Action::Undo);
                cx.outbox.say(format!("The text ends before the loop; {undo} brings it back."));
            }
            WayOut::On => {
                cx.drawing.loops_allowed = true;
                go_on(cx);
            }
            WayOut::Leave => {}
        }
    }
}

impl Room for LoopFound {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, _: Option<Action>) -> Answer {
        let way = match key.code {
            KeyCode::Esc | KeyCode::Char('q') => Some(WayOut::Leave),
            KeyCode::Char(c) => WAYS_OUT.iter().find(|it| it.1 == c.encode_utf8(&mut [0; 4])).map(|it| it.0),
            _ => None,
        };
        let Some(way) = way else { return Answer::Nothing };
        self.go(cx, way);
        Answer::Close
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self.since, theme, frame);
    }

    /// The arrows mean nothing there.
    fn wheel(&self) -> usize {
        0
    }
}
