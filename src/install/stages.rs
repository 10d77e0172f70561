//! Where an installation is, in words.

use std::time::Duration;

use super::protocol as install;
use crate::format::{bytes, span};

/// Bytes the 345M model needs on the disk while it is installed: the download and the converted copy.
pub const NEEDED_345M: u64 = 1_500_000_000;

/// Bytes of the 345M model's download, about.
pub const DOWNLOAD_345M: u64 = 735_000_000;

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

/// How far an installation's current stage is, of 1; `None` if that is unknown.
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

#[cfg(test)]
mod tests;
