//! What is told as soon as it is known, and what opened by itself.

use std::time::Duration;

use super::act::MANY;
use super::command::help;
use super::{Plain, Report, tell};
use crate::app::words::state::phase;
use crate::app::{App, Effect, Heat, Intent, Overlay};

impl Plain {
    /// Tells what was asked for, if it is known by now. Says whether it was told.
    pub(super) fn tell(&mut self, app: &mut App, now: Duration, effects: &mut Vec<Effect>) -> bool {
        let drawn = matches!(&app.overlay, Some(Overlay::Columns(it)) if it.request.is_some());
        if app.running.is_none() && app.peeking.is_some() || drawn {
            return false;
        }
        let Some(report) = self.report.take() else { return true };
        // What a screen does for one frame is done to its end here.
        while app.prepare() {}
        let lines = match (report, &app.overlay) {
            (Report::Next(most), _) => tell::next(app, most),
            (Report::Inspection(most), _) => tell::inspection(app, most),
            (Report::Heat(heat, most), _) => tell::heat(app, heat, most),
            (Report::Score, _) => super::score::score(app),
            (Report::Cut, _) => tell::cut(app, MANY),
            (Report::Found, Some(Overlay::Find(find))) => tell::found(app, find, MANY),
            (Report::Columns, Some(Overlay::Columns(state))) => tell::columns(app, state),
            (Report::Take(row), _) => {
                let token = app.lens.inspection.as_ref().and_then(|it| it.rows.get(row)).map(|it| it.token);
                self.leave(app, now, effects);
                match token {
                    Some(token) => self.want(app, Intent::Take(token), now, effects),
                    None => self.out.error("There is no such alternative; /inspect lists them with their numbers."),
                }
                return true;
            }
            (Report::Found | Report::Columns, _) => Vec::new(),
        };
        self.out.lines(lines);
        app.lens.heat = Heat::Off;
        // Columns stay until they are taken or something else is wanted.
        if report != Report::Columns {
            self.leave(app, now, effects);
        }
        true
    }

    /// Reads out what opened over the text without being waited for.
    pub(super) fn read_out(&mut self, app: &mut App) {
        match &app.overlay {
            Some(Overlay::Models { .. }) => self.out.lines(tell::models(app)),
            Some(Overlay::Tree { .. }) => self.out.lines(tell::tree(app)),
            Some(Overlay::Help(_)) => self.out.lines(help("", &app.settings)),
            Some(Overlay::Palette(_)) => self.out.lines(help("all", &app.settings)),
            Some(
                Overlay::Inspector { .. }
                | Overlay::Find(_)
                | Overlay::Columns(_)
                | Overlay::Circles { .. }
                | Overlay::Score { .. },
            )
            | None => return,
        }
        app.overlay = None;
    }

    /// What a person is told who writes a text while the model does.
    pub(super) fn say_waiting(&mut self, app: &App) {
        self.out.note(&format!("{} now; this is sent after that. Ctrl-C ends it at once.", phase(app).0));
    }
}
