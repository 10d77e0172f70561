//! What the long helps and the manual say besides flags.

pub(super) const CONVERT: &str = include_str!("manual/convert.txt");
pub(super) const MODEL: &str = include_str!("manual/model.txt");
pub(super) const REPLAY: &str = include_str!("manual/replay.txt");
pub(super) const SCORE: &str = include_str!("manual/score.txt");
pub(super) const TRANSCRIPTS: &str = include_str!("manual/transcripts.txt");
