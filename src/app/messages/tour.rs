//! The step of a tour in words.

use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::tour::Done;
use crate::manifest::DEMO;

/// What to press; once that is done, what to watch and how to go on. With the keys in force.
pub(in crate::app) fn told(cx: &Context) -> Option<String> {
    let walk = cx.tour.as_ref()?;
    let (step, next) = (walk.now(), cx.key_of(Action::NextStep));
    let told = match (step.done, walk.is_done) {
        (Done::Told, _) => format!("{} {}", with_keys(cx, step.watch), with_keys(cx, step.press)),
        (_, false) => format!("Press: {}", with_keys(cx, step.press)),
        (_, true) => format!("Watch: {} {next} goes on.", with_keys(cx, step.watch)),
    };
    // Another model says other words, and other bits of its numbers throw other dice.
    let other = cx.card().filter(|it| walk.step == 0 && (it.name != DEMO || it.dtype != "f32"));
    let remark = other.map_or_else(String::new, |it| {
        let (model, tour) = (&it.name, walk.tour.name());
        format!(" The tour is written for demo f32, not for {model} {}: megachat --tour {tour}.", it.dtype)
    });
    Some(format!("{} {}/{}  {told}{remark}", walk.tour.name(), walk.step + 1, walk.tour.steps().len()))
}

fn with_keys(cx: &Context, text: &str) -> String {
    let mut parts = text.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let (place, name) = name.split_once(':').unwrap_or(("", name));
        let key = Action::from_name(name).map(|it| match place {
            "text" => cx.key_in(Focus::Text, it),
            "input" => cx.key_in(Focus::Input, it),
            _ => cx.key_of(it),
        });
        out.push_str(&key.unwrap_or_default());
        out.push_str(rest);
    }
    out
}
