//! A model that says what a test tells it to, in no time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use megachat::TokenId;
use megachat::model::{Capabilities, Device, Model, ModelError, Precision, Scores};

/// The same script over and over: after n tokens of context, the n-th token of it is all but certain.
pub(crate) struct Scripted {
    /// Rows of scores, V.
    vocabulary: usize,
    positions: usize,
    script: Vec<TokenId>,
    position: usize,
    branches: usize,
    /// How many tokens were read, over and over ones included.
    pub(crate) read: Arc<AtomicUsize>,
    /// The scores of a few other tokens; all others have none to speak of.
    pub(crate) others: Vec<(TokenId, f32)>,
    /// What it does at this position instead of answering.
    pub(crate) fault: Option<(usize, Fault)>,
}

/// What can go wrong in a model.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    NotANumber,
    Panic,
    Lost,
    Error,
}

impl Scripted {
    pub(crate) fn new(script: &[TokenId], n_positions: usize) -> Self {
        Self {
            vocabulary: 50_257,
            positions: n_positions,
            script: script.to_vec(),
            position: 0,
            branches: 0,
            read: Arc::default(),
            others: Vec::new(),
            fault: None,
        }
    }
}
impl Scripted {
    /// The same with so many rows of scores.
    pub(crate) fn with_rows(self, vocabulary: usize) -> Self {
        Self { vocabulary, ..self }
    }

    fn check(&self, tokens: &[TokenId]) -> Result<(), ModelError> {
        match tokens.iter().find(|&&it| it as usize >= self.vocabulary) {
            Some(&token) => Err(ModelError::UnknownToken { token, vocabulary: self.vocabulary }),
            None => Ok(()),
        }
    }

    fn fault(&self) -> Option<Fault> {
        self.fault.filter(|it| self.position >= it.0).map(|it| it.1)
    }

    /// The scores after so many tokens.
    fn row(&self, position: usize, out: &mut [f32]) {
        out.fill(-20.0);
        for &(token, score) in &self.others {
            out[token as usize] = score;
        }
        out[self.script[position % self.script.len()] as usize] = 10.0;
        if self.fault().is_some() {
            out[7] = f32::NAN;
        }
    }
}

impl Model for Scripted {
    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn positions(&self) -> usize {
        self.positions
    }

    /// A script is read the same way each time.
    fn arithmetic(&self) -> u32 {
        u32::MAX
    }

    fn precision(&self) -> Precision {
        Precision::F32
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { together: true, ..Capabilities::default() }
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let (needed, capacity) = (self.position + tokens.len(), self.positions);
        if needed > capacity {
            return Err(ModelError::ContextFull { wanted: needed, capacity });
        }
        self.check(tokens)?;
        self.branches = 0;
        if !wanted() {
            return Err(ModelError::Interrupted);
        }
        let first = self.position + 1;
        self.position += tokens.len();
        self.read.fetch_add(tokens.len(), Ordering::Relaxed);
        match self.fault() {
            Some(Fault::Panic) => panic!("a scripted panic"),
            Some(Fault::Lost) => {
                return Err(ModelError::DeviceLost { device: Device::Cuda(0), why: "scripted".into() });
            }
            Some(Fault::Error) => {
                return Err(ModelError::Missing { name: "scripted".into() });
            }
            Some(Fault::NotANumber) | None => {}
        }
        match scores {
            Scores::None => {}
            Scores::Last(out) => self.row(self.position, out),
            Scores::Each(hear) => {
                let mut row = vec![0.0; self.vocabulary];
                for index in 0..tokens.len() {
                    self.row(first + index, &mut row);
                    hear(index, &row);
                }
            }
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.position
    }

    fn rewind(&mut self, position: usize) {
        self.branches = 0;
        self.position = self.position.min(position);
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        self.branches = count;
        Ok(())
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        if tokens.len() != self.branches {
            return Err(ModelError::Branches { found: tokens.len(), expected: self.branches });
        }
        self.check(tokens)?;
        let (wanted, capacity) = (self.position + 1, self.positions);
        if wanted > capacity {
            return Err(ModelError::ContextFull { wanted, capacity });
        }
        self.position += 1;
        for row in scores.chunks_mut(self.vocabulary) {
            self.row(self.position, row);
        }
        Ok(())
    }

    fn keep(&mut self, _branch: usize) {
        self.branches = 0;
    }
}
