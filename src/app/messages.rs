//! Every sentence the user can read that is made from something that happened. The program's tone of voice lives here.

pub mod columns;
pub mod dice;
pub(super) mod spoken;
pub mod state;

use std::time::Duration;

use super::keymap::{Action, Keymap};
use super::knobs::{KNOBS, Knob};
use crate::engine::protocol::{Failure, StopReason};
use crate::install::protocol as install;
use crate::sample::Settings;

/// What Megatron GPT-2 345M is, in two lines.
pub const WHAT_IT_IS: [&str; 2] = [
    "Megatron GPT-2 345M is a base language model by NVIDIA: it continues whatever text",
    "you give it. It is no assistant: it answers nothing, obeys nothing, knows no chat.",
];

/// Bytes the 345M model needs on the disk while it is installed: the download and the converted copy.
pub const NEEDED_345M: u64 = 1_500_000_000;

/// Bytes of the 345M model's download, about.
pub const DOWNLOAD_345M: u64 = 735_000_000;

/// Bytes in the units people read.
#[must_use]
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.0} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// A span of time in the units people read.
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_millis() < 1000 => format!("{} ms", time.as_millis()),
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// Why a continuation ended.
#[must_use]
pub fn stopped(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::MaxTokens => "max new reached",
        StopReason::EndOfText => "end of text",
        StopReason::StopString(_) => "stop string",
        StopReason::ContextFull => "context full",
        StopReason::Cancelled => "stopped",
        StopReason::ScoresReady => "ready",
    }
}

/// What the engine could not do, and what to try.
#[must_use]
pub fn engine_failure(failure: &Failure, keymap: &Keymap) -> String {
    let models = keymap.name_of(Action::Models);
    let back = if keymap.is_written() { "" } else { " It is back in the input line." };
    let hint = match failure {
        Failure::Unreadable { .. } | Failure::BadModel { .. } | Failure::Damaged { .. } => {
            format!("{models} shows the models; one that is damaged can be removed and installed again.")
        }
        Failure::NoDevice { .. } => "Start with --device cpu to run on the CPU.".to_owned(),
        Failure::TooMuchText { .. } | Failure::Unspelled(_) => back.to_owned(),
        Failure::TooLong { .. } => format!("Shorten it, or set {} to slide.{back}", Knob::WhenFull.name()),
        Failure::NoModel | Failure::NoModelThere(_) => format!("{models} shows the models."),
        Failure::Settings(_) | Failure::NoVocabulary { .. } => String::new(),
        Failure::Model(_) | Failure::Panic(_) => {
            format!("The text is kept. {} tries again.", keymap.name_of(Action::Continue))
        }
    };
    sentence(&failure.to_string(), hint.trim_start())
}

/// What the installer could not do, and what to try.
#[must_use]
pub fn install_failure(failure: &install::Failure, keymap: &Keymap) -> String {
    let (import, again) = if keymap.is_written() { ("/models import FILE", "/models download") } else { ("i", "d") };
    let hint = match failure {
        install::Failure::NoSource { .. } => &format!(
            "If you have the file (NVIDIA's zip, the .pt in it, or a converted directory): {import}, or megachat model \
             import FILE."
        ),
        install::Failure::Download { .. } => &format!("{again} tries again and goes on where it stopped."),
        install::Failure::Convert { .. } | install::Failure::NoWords { .. } | install::Failure::NotObtained { .. } => {
            ""
        }
        install::Failure::Disk { .. } => "What has been downloaded is kept.",
        install::Failure::DiskFull { .. } => {
            &format!("Make room; what has been downloaded is kept, and {again} goes on from there.")
        }
        install::Failure::Cancelled { .. } => &format!("What has been downloaded is kept; {again} goes on from there."),
    };
    sentence(&failure.to_string(), hint)
}

/// What happened as a sentence, and a hint after it.
pub(in crate::app) fn sentence(what: &str, hint: &str) -> String {
    let mut letters = what.chars();
    // A path is written as it is.
    let is_path = what.split([' ', ':']).next().is_some_and(|it| it.contains(['/', '\\', '.']));
    let first: String =
        letters.next().map(|it| if is_path { it.to_string() } else { it.to_uppercase().collect() }).unwrap_or_default();
    let end = if what.ends_with(['.', '!', '?']) { "" } else { "." };
    let text = format!("{first}{}{end}", letters.as_str());
    if hint.is_empty() { text } else { format!("{text} {hint}") }
}

/// Where an installation is, in one line.
#[must_use]
pub fn stage(stage: &install::Stage) -> String {
    use install::Stage;
    match stage {
        Stage::Connecting { source, of, label } => {
            format!("source {source} of {of}: asking {label}")
        }
        Stage::Waiting { why } => why.clone(),
        Stage::Downloading { source, of, done, total, rate } => {
            let eta = total.filter(|_| *rate > 1.0).map(|total| {
                let left = total.saturating_sub(*done) as f64 / rate;
                format!("  ETA {}", span(Duration::from_secs_f64(left.clamp(1.0, 1e6).round())))
            });
            let of_total = total.map_or(String::new(), |it| format!(" of {}", bytes(it)));
            format!(
                "source {source} of {of}: {}{of_total}  {}/s{}",
                bytes(*done),
                bytes(*rate as u64),
                eta.unwrap_or_default()
            )
        }
        Stage::Retrying { wait, why } => format!("{why}; next try in {}", span(*wait)),
        Stage::Verifying { done, total } => {
            format!("verifying {} of {}", bytes(*done), bytes(*total))
        }
        Stage::Reading { done, total } => format!("reading {} of {}", bytes(*done), bytes(*total)),
        Stage::Converting { layer, of } => format!("converting layer {layer} of {of}"),
        Stage::Finishing => "finishing: writing to the disk".to_owned(),
    }
}

/// Where an installation is, in a few words.
#[must_use]
pub fn stage_in_short(at: &install::Stage) -> String {
    use install::Stage;
    let percent = progress(at).map_or(String::new(), |it| format!(" {:.0}%", it * 100.0));
    match at {
        Stage::Connecting { source, of, .. } => format!("asking source {source} of {of}"),
        Stage::Waiting { .. } => "waiting for another megachat".to_owned(),
        Stage::Downloading { source, of, rate, .. } => {
            format!("download {source}/{of}{percent} {}/s", bytes(*rate as u64))
        }
        Stage::Retrying { wait, .. } => format!("next try in {}", span(*wait)),
        Stage::Verifying { .. } => format!("verifying{percent}"),
        Stage::Reading { .. } => format!("reading{percent}"),
        Stage::Converting { .. } | Stage::Finishing => stage(at),
    }
}

/// How far an installation's current stage is, of 1; `None` if nobody knows.
#[must_use]
pub fn progress(stage: &install::Stage) -> Option<f64> {
    use install::Stage;
    let share = |done: u64, total: u64| (total > 0).then(|| (done as f64 / total as f64).min(1.0));
    match stage {
        Stage::Downloading { done, total, .. } => share(*done, (*total)?),
        Stage::Verifying { done, total } | Stage::Reading { done, total } => share(*done, *total),
        Stage::Converting { layer, of } => share(*layer as u64, *of as u64),
        Stage::Finishing => Some(1.0),
        Stage::Connecting { .. } | Stage::Waiting { .. } | Stage::Retrying { .. } => None,
    }
}

/// What changed between two settings, in short: `temp .7>1.2 top-k off>40`.
#[must_use]
pub fn change(before: &Settings, after: &Settings) -> String {
    let said = changes(before, after).into_iter().map(|(name, old, new)| format!("{name} {old}>{new}"));
    said.collect::<Vec<_>>().join(" ")
}

/// What changed between two settings: which controls, from what to what.
#[must_use]
pub fn changes(before: &Settings, after: &Settings) -> Vec<(&'static str, String, String)> {
    let changed = KNOBS.iter().copied().filter(|it| *it != Knob::Preset);
    let said = changed.filter_map(|knob| {
        let (old, new) = (knob.show(before), knob.show(after));
        let short = |text: &str| text.strip_suffix(" off").unwrap_or(text).to_owned();
        (old != new).then(|| (knob.name().trim(), short(&old), short(&new)))
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(735_000_000), "735 MB");
        assert_eq!(bytes(12_400_000_000), "12.4 GB");
        assert_eq!(span(Duration::from_millis(18)), "18 ms");
        assert_eq!(span(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(span(Duration::from_secs(81)), "1:21");
    }

    #[test]
    fn a_download_is_one_honest_line() {
        let stage_at = |total, rate| install::Stage::Downloading { source: 2, of: 3, done: 341_000_000, total, rate };
        assert_eq!(stage(&stage_at(Some(723_000_000), 18.2e6)), "source 2 of 3: 341 MB of 723 MB  18 MB/s  ETA 21.0 s");
        assert_eq!(stage(&stage_at(None, 0.0)), "source 2 of 3: 341 MB  0 B/s");
        assert_eq!(progress(&stage_at(None, 0.0)), None);
    }

    #[test]
    fn failures_are_sentences_with_a_way_on() {
        let text = engine_failure(&Failure::TooLong { tokens: 600, capacity: 512 }, &Keymap::default());
        assert!(text.starts_with("The text is 600 tokens long, the context holds 512. Shorten it"), "{text}");
        let text = install_failure(&install::Failure::NoSource { answers: Vec::new() }, &Keymap::default());
        assert!(text.contains("megachat model import FILE"), "{text}");
    }
}
