//! The models, line by line.

use crate::app::context::Context;
use crate::app::messages;
use crate::app::messages::state::{About, models as story};

/// The models, and what can be done.
pub(in crate::app) fn tell(cx: &Context) -> Vec<String> {
    let line = |(about, text): (About, String)| match about {
        About::Running => format!("running: {text}"),
        About::Device => format!("device: {text}"),
        About::Words => format!("words: {text}"),
        About::Ready => format!("ready: {text}; /models switch goes over to it, the text stays"),
        About::Tried => format!("tried: {text}"),
        About::Now => format!("now: {text}; /models stop ends it, what came is kept"),
        About::Failed => format!("failed: {text}"),
    };
    let mut out: Vec<String> = story(cx).into_iter().map(line).collect();
    if !cx.models.has_345m {
        out.push(format!("/models download gets the 345M model ({}).", messages::bytes(messages::DOWNLOAD_345M)));
    }
    out.push("/models import PATH installs a checkpoint you have.".to_owned());
    out
}
