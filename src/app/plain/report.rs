//! What is told as soon as it is known, and what opened by itself.

use super::act::MANY;
use super::command::help;
use super::{Plain, Report, tell};
use crate::app::intent::Intent;
use crate::app::layers::{Layer, columns, find, inspector, score};
use crate::app::messages::state::phase;
use crate::app::state::App;
use crate::app::text::Heat;

impl Plain {
    /// Tells what was asked for, if it is known by now. Says whether it was told.
    pub(super) fn tell(&mut self, app: &mut App) -> bool {
        let drawn = app.layers.columns().is_some_and(|it| it.request.is_some());
        if app.context.drawing.running.is_none() && app.context.drawing.awaited.is_some() || drawn {
            return false;
        }
        let Some(report) = self.report.take() else { return true };
        // What a screen does for one frame is done to its end here.
        while app.prepare() {}
        let cx = &app.context;
        let lines = match (report, app.layers.top()) {
            (Report::Next(most), _) => tell::next(cx, most),
            (Report::Inspection(most), _) => inspector::tell(cx, most),
            (Report::Thrown, _) => inspector::tell_thrown(cx, MANY),
            (Report::Heat(heat, most), _) => tell::heat(cx, heat, most),
            (Report::Score, _) => score::tell(cx),
            (Report::Cut, _) => tell::cut(cx, MANY),
            (Report::Found, Some(Layer::Find(state))) => find::tell(cx, state, MANY),
            (Report::Columns, Some(Layer::Columns(state))) => columns::tell(cx, state),
            (Report::Take(row), _) => {
                let token = app.context.text.inspection.as_ref().and_then(|it| it.rows.get(row)).map(|it| it.token);
                self.leave(app);
                match token {
                    Some(token) => self.want(app, Intent::Take(token)),
                    None => self.out.error("There is no such alternative; /inspect lists them with their numbers."),
                }
                return true;
            }
            (Report::Found | Report::Columns, _) => Vec::new(),
        };
        self.out.lines(lines);
        app.context.text.heat = Heat::Off;
        // Columns stay until they are taken or something else is wanted.
        if report != Report::Columns {
            self.leave(app);
        }
        true
    }

    /// Reads out what opened over the text without being waited for.
    pub(super) fn read_out(&mut self, app: &mut App) {
        let lines = match app.layers.top() {
            Some(Layer::Help(_)) => help("", &app.context.settings),
            Some(Layer::Palette(_)) => help("all", &app.context.settings),
            Some(layer) => match layer.room().tell(&app.context) {
                Some(lines) => lines,
                None => return,
            },
            None => return,
        };
        if let Some(list) = app.layers.library() {
            self.listed = list.hits.iter().map(|it| it.entry.id.clone()).collect();
        }
        self.out.lines(lines);
        app.clear();
    }

    /// What a person is told who writes a text while the model does.
    pub(super) fn say_waiting(&mut self, app: &App) {
        self.out.note(&format!("{} now; this is sent after that. Ctrl-C ends it at once.", phase(&app.context).0));
    }
}
