//! What the long helps and the manual say besides flags: headings in capitals, and paragraphs that begin with two spaces.

pub(super) const CONVERT: &str = include_str!("manual/convert.txt");
pub(super) const EVAL: &str = include_str!("manual/eval.txt");
pub(super) const GUESS: &str = include_str!("manual/guess.txt");
pub(super) const MODEL: &str = include_str!("manual/model.txt");
pub(super) const REPLAY: &str = include_str!("manual/replay.txt");
pub(super) const SCORE: &str = include_str!("manual/score.txt");
pub(super) const TRANSCRIPTS: &str = include_str!("manual/transcripts.txt");
/// Of the interface, which is no verb. The manual alone has it.
const INTERFACE: &str = include_str!("manual/interface.txt");

/// What the manual says of a verb, by the name of its page without `megachat-`; of the program itself without one.
#[must_use]
pub fn manual(verb: Option<&str>) -> &'static str {
    match verb {
        None => INTERFACE,
        Some("convert") => CONVERT,
        Some("eval") => EVAL,
        Some("guess") => GUESS,
        Some("model") => MODEL,
        Some("replay") => REPLAY,
        Some("score") => SCORE,
        Some("transcripts") => TRANSCRIPTS,
        Some(_) => "",
    }
}
