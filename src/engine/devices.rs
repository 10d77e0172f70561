//! What was found out about this machine's GPUs, and is not found out again: whether they compute right, and how fast they are
//! beside the processor.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Activation, Config};
use crate::files::{self, Place};
use crate::gpt2::gpu;
use crate::model::{Backend, Device, Model, ModelError, Precision, Scores};

/// Findings that are kept; more are of drivers and models that are long gone.
const MOST: usize = 64;

/// Tokens that a device draws to show how fast it is.
const TOKENS: usize = 16;

/// Pieces of as many, at the least, and the time that they take together.
const PIECES: usize = 2;
const LONG_ENOUGH: Duration = Duration::from_millis(300);

static OF_THE_PROGRAM: OnceLock<Findings> = OnceLock::new();

/// Names the directory in which the program keeps its findings; without it they are forgotten with the process.
pub fn remember_in(directory: &Path) {
    OF_THE_PROGRAM.get_or_init(|| Findings::in_a_directory(directory));
}

/// What was found out about a device, a model's widths and a precision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The device's name.
    pub device: String,
    /// Its driver, as it was then.
    pub driver: String,
    /// The program's version, and a number of its kernels.
    pub version: String,
    /// Layers, channels, heads, inner channels and words of the model, and the precision.
    pub model: String,
    /// Threads on the processor, which a speed there depends on.
    pub threads: usize,
    /// What is wrong with its numbers; `None` if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<String>,
    /// Tokens a second there, and on the processor; `None` if they were never compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<Speed>,
}

/// Tokens a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// On the device.
    pub device: f64,
    /// On the processor.
    pub cpu: f64,
}

impl Speed {
    /// Whether the device is worth it.
    #[must_use]
    pub fn is_faster(self) -> bool {
        self.device > self.cpu
    }
}

/// Where findings are kept: in a file, or nowhere.
#[derive(Clone, Debug, Default)]
pub struct Findings(Option<PathBuf>);

impl Findings {
    /// Those of this program, which [`remember_in`] gave a place.
    #[must_use]
    pub fn of_the_program() -> Self {
        OF_THE_PROGRAM.get().cloned().unwrap_or_default()
    }

    /// Those of a directory.
    #[must_use]
    pub fn in_a_directory(directory: &Path) -> Self {
        Self(Some(directory.join("devices.json")))
    }

    /// Everything that is known; what cannot be read is as if it were not there.
    #[must_use]
    pub fn all(&self) -> Vec<Finding> {
        let bytes = self.0.as_ref().and_then(|it| files::read(Place::State, it).ok());
        bytes.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default()
    }

    /// Writes a finding, whole or not at all. Where it cannot be written, it is found out again.
    fn keep(&self, new: Finding) {
        let Some(path) = &self.0 else { return };
        let mut all = self.all();
        all.retain(|it| !it.is_of_the_same(&new));
        all.push(new);
        let surplus = all.len().saturating_sub(MOST);
        all.drain(..surplus);
        let _ = write(path, &all);
    }
}

/// A device with a model's numbers: what findings are about.
pub(super) struct Subject<'a> {
    /// Where it is looked up, and kept.
    pub(super) findings: &'a Findings,
    pub(super) backend: &'static dyn Backend,
    pub(super) device: &'a Device,
    /// What the backend says of it.
    pub(super) driver: &'a str,
    pub(super) config: &'a Config,
    pub(super) precision: Precision,
    pub(super) threads: usize,
}

impl Subject<'_> {
    fn unknown(&self) -> Finding {
        let &Config { n_layer, n_embd, n_head, n_inner, vocab_size, activation, .. } = self.config;
        let by = match activation {
            Activation::GeluTanh => " by tanh",
            Activation::Gelu => "",
        };
        Finding {
            device: self.device.to_string(),
            driver: self.driver.to_owned(),
            version: format!("{}, kernels {:016x}", env!("CARGO_PKG_VERSION"), gpu::kernels()),
            model: format!(
                "{n_layer} layers of {n_embd} channels in {n_head} heads, {n_inner} inner ones with GELU{by}, \
                 {vocab_size} words, {}",
                self.precision.name()
            ),
            threads: self.threads,
            wrong: None,
            speed: None,
        }
    }

    /// What is known of it.
    pub(super) fn known(&self) -> Option<Finding> {
        let own = self.unknown();
        self.findings.all().into_iter().find(|it| it.is_of_the_same(&own))
    }

    /// Whether it computes right: from what is known, or by a trial, whose outcome is kept.
    pub(super) fn try_out(&self) -> Result<(), ModelError> {
        let wrong = match self.known() {
            Some(known) => known.wrong,
            None => match self.backend.trial(self.device, self.config, self.precision) {
                Ok(()) => {
                    self.findings.keep(self.unknown());
                    None
                }
                Err(ModelError::Wrong { why, .. }) => {
                    self.findings.keep(Finding { wrong: Some(why.clone()), ..self.unknown() });
                    Some(why)
                }
                Err(error) => return Err(error),
            },
        };
        match wrong {
            Some(why) => Err(ModelError::Wrong { device: self.device.clone(), why }),
            None => Ok(()),
        }
    }

    pub(super) fn keep_speed(&self, speed: Speed) {
        self.findings.keep(Finding { speed: Some(speed), ..self.known().unwrap_or_else(|| self.unknown()) });
    }
}

impl Finding {
    /// What was found, in words.
    #[must_use]
    pub fn said(&self) -> String {
        match (&self.wrong, self.speed) {
            (Some(why), _) => format!("computes wrong numbers ({why}) with {}", self.model),
            (None, None) => format!("computes right with {}", self.model),
            (None, Some(Speed { device, cpu })) => {
                format!("with {} it draws {device:.0} tokens a second, the CPU {cpu:.0}", self.model)
            }
        }
    }

    fn is_of_the_same(&self, other: &Self) -> bool {
        let key = |it: &Self| {
            let words = [&it.device, &it.driver, &it.version, &it.model].map(String::clone);
            (words, it.threads)
        };
        key(self) == key(other)
    }
}

fn write(path: &Path, all: &[Finding]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    files::make_private_directory(directory)?;
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut temporary, all)?;
    temporary.flush()?;
    temporary.persist(path)?;
    Ok(())
}

/// Tokens a second that a model draws, and leaves it as it was: the best of a few pieces. A card that rests has to wake first,
/// and another program may come between.
pub(super) fn speed(model: &mut dyn Model) -> Result<f64, ModelError> {
    let rows = model.vocabulary();
    let mut scores = vec![0.0; rows];
    let tokens = TOKENS.min(model.positions());
    let mut best = 0.0_f64;
    let started = Instant::now();
    // The first piece makes pipelines.
    for piece in 0.. {
        model.rewind(0);
        let begun = Instant::now();
        for index in 0..tokens {
            let token = (index * 7 % rows) as crate::TokenId;
            model.extend(&[token], Scores::Last(&mut scores), &mut || true)?;
        }
        if piece > 0 {
            best = best.max(tokens as f64 / begun.elapsed().as_secs_f64().max(1e-9));
        }
        if piece >= PIECES && started.elapsed() >= LONG_ENOUGH {
            break;
        }
    }
    model.rewind(0);
    Ok(best)
}
