//! What the engine does for the text: the continuation under way, and how fast the last one came.

use std::collections::VecDeque;
use std::time::Duration;

use crate::TokenId;
use crate::document::NodeId;
use crate::engine::protocol::{RequestId, StopReason};

/// A continuation under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// The request to the engine.
    pub id: RequestId,
    /// When the continuation was asked for, in time since the start.
    pub asked: Duration,
    /// Tokens of the prompt read, of so many; `None` once tokens come.
    pub reading: Option<(usize, usize)>,
    /// Tokens drawn.
    pub drawn: usize,
    /// The text that was sent with the request, to be given back if it cannot be used.
    pub sent: String,
    /// Whether what is sent and what comes of it are one deed.
    pub is_one_deed: bool,
    /// Whether the engine was told to stop.
    pub stopping: bool,
}

/// What is typed and not sent yet, and the question what could come after it.
#[derive(Clone, Debug, PartialEq)]
pub struct LookAhead {
    /// What is typed.
    pub written: String,
    /// The end of the text that it would be added to.
    pub after: Option<NodeId>,
    /// Whether the chat template goes around it.
    pub chat: bool,
    /// When the model is asked, in time since the start; `None` once it is, or where it cannot be.
    pub due: Option<Duration>,
    /// The request, and what the model was given to read.
    pub asked: Option<(RequestId, Typed)>,
    /// Whether the scores came.
    pub came: bool,
}

/// What is typed, as a model reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// In tokens.
    pub tokens: Vec<TokenId>,
    /// The spaces behind them, which the next token begins with.
    pub begun: Vec<u8>,
}

/// What the engine does for the text.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// The continuation under way.
    pub running: Option<Running>,
    /// The request whose scores are awaited without drawing.
    pub awaited: Option<RequestId>,
    /// What could come after what is typed.
    pub ahead: Option<LookAhead>,
    /// Why the last continuation ended.
    pub ended: Option<StopReason>,
    /// Time from the last request to its first token.
    pub first_token: Option<Duration>,
    /// Tokens a second of the last continuation.
    pub speed: Option<f64>,
    /// When the last tokens came, in time since the start.
    recent: VecDeque<Duration>,
    /// Whether the text may go on in a loop without a question.
    pub loops_allowed: bool,
    /// Whether the input was sent too early, and is sent once there is a model.
    pub send_when_ready: bool,
}

/// Over how long the speed on the screen is measured.
const SPEED_WINDOW: Duration = Duration::from_secs(2);

impl Drawing {
    /// Whether this request is the continuation under way.
    #[must_use]
    pub fn is_running(&self, id: RequestId) -> bool {
        self.running.as_ref().is_some_and(|it| it.id == id)
    }

    /// Whether this request asks what could come after what is typed.
    #[must_use]
    pub fn looks_ahead(&self, id: RequestId) -> bool {
        self.ahead.as_ref().and_then(|it| it.asked.as_ref()).is_some_and(|it| it.0 == id)
    }

    /// Whether the bars are those of what is typed, or will be in a moment.
    #[must_use]
    pub fn is_ahead_shown(&self) -> bool {
        self.ahead.as_ref().is_some_and(|it| it.due.is_some() || it.asked.is_some() || it.came)
    }

    /// A continuation begins; the measures of the last one go.
    pub(super) fn begin(&mut self, running: Running) {
        (self.awaited, self.ended, self.first_token, self.speed) = (None, None, None, None);
        self.recent.clear();
        self.running = Some(running);
    }

    /// A token of the continuation came: counts and times it.
    pub(super) fn count(&mut self, now: Duration) {
        if let Some(running) = &mut self.running {
            running.drawn += 1;
            if running.drawn == 1 {
                self.first_token = Some(now.saturating_sub(running.asked));
            }
        }
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|&it| now.saturating_sub(it) > SPEED_WINDOW) {
            self.recent.pop_front();
        }
        if let (Some(&from), true) = (self.recent.front(), self.recent.len() > 1) {
            let seconds = now.saturating_sub(from).as_secs_f64();
            self.speed = (seconds > 0.0).then(|| (self.recent.len() - 1) as f64 / seconds);
        }
    }
}
