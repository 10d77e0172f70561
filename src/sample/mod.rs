//! From the model's scores to one token: the chain of samplers, the die, and what can be shown of both.
//!
//! Nothing here knows a model, a thread or a clock. [`Distribution::new`] applies a [`Settings`] to a row of logits and
//! keeps what each step did; [`Distribution::pick`] is a function of the coin, which [`die()`] derives from the seed and
//! the position alone. So a draw can be repeated, explained, and asked how it would have come out otherwise.

mod backwards;
mod candidates;
mod context;
mod die;
mod distribution;
mod ends;
mod exact;
mod filters;
mod flips;
mod heat;
mod logits;
mod measure;
mod order;
mod parameters;
mod penalties;
mod preset;
mod redraw;
mod score;
mod settings;
mod statistics;
mod tally;
mod throw;
mod token_constraints;
mod trace;

pub use backwards::{Backwards, Bounds, Found, HOTTEST};
pub use candidates::{Candidate, Candidates};
pub use context::Context;
pub use die::{GENERATOR, die};
pub use distribution::{Distribution, Draw, Picked, Row, SampleError};
pub use ends::{EndOfText, WhenFull};
pub use exact::{APART, ExactTree, Way};
pub use flips::{Flip, flip};
pub use heat::{Heat, Level};
pub use measure::{Luck, Measure, Quadrant, Standing};
pub use order::Order;
pub use parameters::{Flips, Kind, Parameter, Place, Spread, Step};
pub use preset::{PRESETS, Preset, preset, preset_names};
pub use redraw::{Redrawn, redraw};
pub use score::{Score, log_share};
pub use settings::{Settings, SettingsError};
pub use statistics::Statistics;
pub use tally::{BUCKETS, RANKS, Reading, Tally, begins_character, bucket};
pub use throw::{Thrown, throw};
pub use token_constraints::{Bias, TokenConstraints};
pub use trace::{Did, StepTrace};
