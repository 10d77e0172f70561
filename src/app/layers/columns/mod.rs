//! Several continuations of one text side by side.

mod continuation_tree;
mod draw;
mod exact;
mod keep;
mod keys;
mod tell;

use crossterm::event::KeyEvent;
use ratatui::Frame;

pub use continuation_tree::Branch;
pub use exact::Exact;
pub(in crate::app) use exact::tell_exact;
pub(in crate::app) use tell::{branches, tell};

use crate::TokenId;
use crate::app::context::Context;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::messages::words::{self, Word};
use crate::app::screen::theme::Theme;
use crate::engine::protocol::{RequestId, StopReason};
use crate::sample::{Draw, Parameter, Score, Settings};
use crate::text::Vocabulary;

/// How many columns are compared at the most.
pub const MOST_COLUMNS: usize = 4;
/// Tokens of a column that is compared.
pub const COMPARED: usize = 48;
/// How many futures there are to choose from.
pub const FUTURES: usize = 8;
/// Tokens of each.
pub const FUTURE_TOKENS: usize = 12;

/// What they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To compare settings, under the same dice unless asked otherwise.
    Compare,
    /// To choose among dice, under the same settings.
    Futures,
}

/// One future.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// How it is drawn, seed included.
    pub settings: Settings,
    /// What was drawn.
    pub draws: Vec<Draw>,
    /// What a stop string left of the token it began in.
    pub tail: Vec<TokenId>,
    /// Why it ended; not told where it has as many tokens as were asked for.
    pub ended: Option<StopReason>,
}

impl Column {
    /// Nothing yet, under these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, draws: Vec::new(), tail: Vec::new(), ended: None }
    }

    /// The ids of the drawn tokens, and of what a stop string left behind them.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenId> {
        self.draws.iter().map(|it| it.token).chain(self.tail.iter().copied()).collect()
    }

    /// The mean surprise of its tokens by the model alone, in bits a token; infinite without any.
    #[must_use]
    pub fn surprise(&self) -> f64 {
        if self.draws.is_empty() {
            return f64::INFINITY;
        }
        let bits: f64 = self.draws.iter().map(|it| f64::from(Score::from(it).bits())).sum();
        bits / self.draws.len() as f64
    }

    /// Share of its pairs of neighbouring tokens that are different ones (distinct-2, Li et al. 2016); `None` without a
    /// pair.
    #[must_use]
    pub fn distinct(&self) -> Option<f64> {
        let tokens = self.tokens();
        let pairs: std::collections::HashSet<&[TokenId]> = tokens.windows(2).collect();
        (tokens.len() > 1).then(|| pairs.len() as f64 / (tokens.len() - 1) as f64)
    }

    /// How many of its tokens there are up to the end of the word that begins with token `from`.
    #[must_use]
    pub fn first_word(&self, from: usize, vocabulary: &Vocabulary) -> usize {
        let begins = |draw: &Draw| vocabulary.bytes(draw.token).first().is_some_and(u8::is_ascii_whitespace);
        self.draws.iter().skip(from + 1).position(begins).map_or(self.draws.len(), |it| from + it + 1)
    }
}

/// Continuations of one text that are drawn as one batch, and the state of the layer that shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// What they are for.
    pub purpose: Purpose,
    /// The request that draws them, while it runs.
    pub request: Option<RequestId>,
    /// In the order of the batch.
    pub columns: Vec<Column>,
    /// Which one is chosen.
    pub chosen: usize,
    /// Whether it was chosen by hand; else it is the likeliest future.
    pub by_hand: bool,
    /// Whether all are drawn with the same dice.
    pub same_dice: bool,
    /// How many tokens of the text they go on from.
    pub at: usize,
    /// How many fans came before this one.
    pub round: u64,
    /// Whether futures are shown as a tree, and the line of it that is chosen.
    pub tree: Option<usize>,
    /// The exact tree in the place of the futures.
    pub exact: Option<Exact>,
    /// A setting being written for the chosen column.
    pub typing: Option<Input>,
    /// Why that is none.
    pub problem: Option<String>,
}

impl Columns {
    /// Two columns after `at` tokens of the text, the second half a degree warmer.
    #[must_use]
    pub fn compare(settings: &Settings, at: usize) -> Self {
        let mut warmer = settings.clone();
        warmer.temperature = (settings.temperature + 0.5).min(5.0);
        Self::new(Purpose::Compare, at, vec![settings.clone(), warmer])
    }

    /// Futures under these settings after `at` tokens. The first of the first round is what would come anyhow.
    #[must_use]
    pub fn futures(settings: &Settings, at: usize, round: u64) -> Self {
        let seed = |n: u64| settings.seed.wrapping_add(FUTURES as u64 * round + n);
        let columns = (0..FUTURES as u64).map(|n| Settings { seed: seed(n), ..settings.clone() }).collect();
        Self { round, same_dice: false, ..Self::new(Purpose::Futures, at, columns) }
    }

    fn new(purpose: Purpose, at: usize, settings: Vec<Settings>) -> Self {
        let columns = settings.into_iter().map(Column::new).collect();
        Self {
            purpose,
            request: None,
            columns,
            chosen: 0,
            by_hand: false,
            same_dice: true,
            at,
            round: 0,
            tree: None,
            exact: None,
            typing: None,
            problem: None,
        }
    }

    /// How many tokens each gets.
    #[must_use]
    pub fn tokens(&self) -> usize {
        match self.purpose {
            Purpose::Compare => COMPARED,
            Purpose::Futures => FUTURE_TOKENS,
        }
    }

    /// Gives every column the seed that the dice ask for, and forgets what was drawn.
    pub fn reset(&mut self, seed: u64) {
        for (n, column) in (0..).zip(&mut self.columns) {
            let mut settings = column.settings.clone();
            if self.purpose == Purpose::Compare {
                settings.seed = if self.same_dice { seed } else { seed.wrapping_add(n) };
            }
            *column = Column::new(settings);
        }
    }

    /// The first token in which a column differs from the first one; `None` as long as they agree.
    #[must_use]
    pub fn first_difference(&self, column: usize) -> Option<usize> {
        let (first, other) = (self.columns.first()?.tokens(), self.columns.get(column)?.tokens());
        first.iter().zip(&other).position(|(a, b)| a != b)
    }

    /// The columns as futures are listed: the likeliest by the model first.
    #[must_use]
    pub fn by_likelihood(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by(|&a, &b| self.columns[a].surprise().total_cmp(&self.columns[b].surprise()));
        order
    }
}

impl Room for Columns {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        self.do_key(cx, key, action)
    }

    fn words(&self) -> &'static [Word] {
        match self.purpose {
            Purpose::Compare => words::COMPARE,
            Purpose::Futures => words::FUTURES,
        }
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self, theme, frame);
    }

    fn turn(&mut self, cx: &mut Context, parameter: Parameter, steps: i32) {
        self.turn_settings(cx, parameter, steps);
    }

    fn is_written_in(&self) -> bool {
        self.typing.is_some()
    }

    /// While settings are compared the arrows change them.
    fn wheel(&self) -> usize {
        usize::from(self.purpose != Purpose::Compare)
    }
}

#[cfg(test)]
mod tests;
