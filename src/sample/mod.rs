//! From the model's scores to one token: the chain of samplers, the die, and what can be shown of both.
//!
//! Nothing here knows a model, a thread or a clock. [`Distribution::new`] applies a [`Settings`] to a row of logits and
//! keeps what each step did; [`Distribution::pick`] is a function of the coin, which [`die()`] derives from the seed and
//! the position alone. So a draw can be repeated, explained, and asked how it would have come out otherwise.

mod candidates;
mod die;
mod distribution;
mod flips;
mod order;
mod penalties;
mod score;
mod settings;

pub use candidates::{Candidate, Candidates};
pub use die::die;
pub use distribution::{Distribution, Draw, Picked, Row, SampleError, StepTrace};
pub use flips::{Flip, LEVERS, Lever, flip};
pub use order::{Order, Step};
pub use score::Score;
pub use settings::{EndOfText, PRESETS, Preset, Settings, SettingsError, WhenFull, preset};
