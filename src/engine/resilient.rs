//! A model that goes on where it was when its device is lost.

use crate::TokenId;
use crate::model::{Capabilities, Device, Model, ModelError, Moved, Precision, Scores};

/// Makes the model anew on the processor, from the same files and in the same precision.
pub type Again = Box<dyn FnOnce(Precision) -> Result<Box<dyn Model>, String> + Send>;

/// A model on a device that can be lost. It keeps the tokens of its context and of its branches; when the device is gone or
/// fails, the model is made anew on the processor, reads them, and does again what failed.
pub struct Resilient {
    model: Box<dyn Model>,
    device: Device,
    /// Until it was needed.
    again: Option<Again>,
    moved: Option<Moved>,
    context: Vec<TokenId>,
    /// Whether the model has not read all of it, or has not its branches.
    is_behind: bool,
    /// What each branch has beyond the context.
    branches: Vec<Vec<TokenId>>,
}

impl Resilient {
    /// `again` is called at most once.
    #[must_use]
    pub fn new(model: Box<dyn Model>, device: Device, again: Again) -> Self {
        Self {
            model,
            device,
            again: Some(again),
            moved: None,
            context: Vec::new(),
            is_behind: false,
            branches: Vec::new(),
        }
    }

    /// Takes another model in the place of one that failed; it has read nothing yet.
    fn recover(&mut self, error: ModelError) -> Result<(), ModelError> {
        if !matches!(error, ModelError::DeviceLost { .. } | ModelError::Backend { .. }) {
            return Err(error);
        }
        let Some(again) = self.again.take() else { return Err(error) };
        let why = error.to_string();
        self.model = again(self.model.precision()).map_err(|e| {
            let why = format!("{why}; the CPU cannot take over: {e}");
            ModelError::DeviceLost { device: self.device.clone(), why }
        })?;
        self.device = Device::Cpu;
        self.is_behind = true;
        let on = "the text goes on on the CPU with the same dice";
        self.moved = Some(Moved { device: Device::Cpu, why: format!("{why}; {on}") });
        Ok(())
    }

    /// Has the model read what the one before it had read. That may take long, so it can be stopped, and goes on the next time.
    fn catch_up(&mut self, wanted: &mut dyn FnMut() -> bool) -> Result<(), ModelError> {
        if !self.is_behind {
            return Ok(());
        }
        self.model.extend(&self.context[self.model.position()..], Scores::None, wanted)?;
        if !self.branches.is_empty() {
            self.model.branch(self.branches.len())?;
            let mut scores = vec![0.0; self.model.vocabulary() * self.branches.len()];
            let several: Vec<&[TokenId]> = self.branches.iter().map(Vec::as_slice).collect();
            self.model.grow(&several, &mut scores, wanted)?;
        }
        self.is_behind = false;
        Ok(())
    }

    /// Does something, and once more if the device was lost.
    fn twice<T>(
        &mut self,
        wanted: &mut dyn FnMut() -> bool,
        mut what: impl FnMut(&mut dyn Model, &mut dyn FnMut() -> bool) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.catch_up(wanted)?;
        match what(&mut *self.model, wanted) {
            Err(error) => {
                self.recover(error)?;
                self.catch_up(wanted)?;
                what(&mut *self.model, wanted)
            }
            done => done,
        }
    }

    fn forget_branches(&mut self) {
        self.branches.clear();
    }
}

impl Model for Resilient {
    fn vocabulary(&self) -> usize {
        self.model.vocabulary()
    }

    fn positions(&self) -> usize {
        self.model.positions()
    }

    fn precision(&self) -> Precision {
        self.model.precision()
    }

    fn arithmetic(&self) -> u32 {
        self.model.arithmetic()
    }

    fn capabilities(&self) -> Capabilities {
        self.model.capabilities()
    }

    fn moved(&mut self) -> Option<Moved> {
        self.moved.take()
    }

    fn weight_bytes(&self) -> u64 {
        self.model.weight_bytes()
    }

    fn notes(&self) -> Vec<String> {
        self.model.notes()
    }

    fn position(&self) -> usize {
        self.context.len()
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        mut scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let before = self.context.len();
        self.forget_branches();
        let mut heard = 0;
        let outcome = self.twice(wanted, |model, wanted| match &mut scores {
            Scores::None => model.extend(tokens, Scores::None, wanted),
            Scores::Last(out) => model.extend(tokens, Scores::Last(out), wanted),
            Scores::Each(hear) => {
                // What was heard before the device was lost is not heard again.
                let mut each = |index: usize, row: &[f32]| {
                    if index >= heard {
                        hear(index, row);
                        heard = index + 1;
                    }
                };
                model.extend(tokens, Scores::Each(&mut each), wanted)
            }
        });
        let added = self.model.position().saturating_sub(before).min(tokens.len());
        if !self.is_behind {
            self.context.extend_from_slice(&tokens[..added]);
        }
        outcome
    }

    fn extend_several(
        &mut self,
        several: &[&[TokenId]],
        hear: &mut dyn FnMut(usize, usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.forget_branches();
        let mut heard = vec![0; several.len()];
        self.twice(wanted, |model, wanted| {
            let mut each = |which: usize, index: usize, row: &[f32]| {
                if index >= heard[which] {
                    hear(which, index, row);
                    heard[which] = index + 1;
                }
            };
            model.extend_several(several, &mut each, wanted)
        })
    }

    fn rewind(&mut self, position: usize) {
        self.forget_branches();
        self.context.truncate(position);
        self.model.rewind(position);
    }

    fn probe(&mut self, tokens: &[TokenId], hear: &mut dyn FnMut(&str, &[f32])) -> Result<(), ModelError> {
        self.forget_branches();
        self.catch_up(&mut || true)?;
        self.model.probe(tokens, hear)?;
        self.context.extend_from_slice(tokens);
        Ok(())
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        self.forget_branches();
        self.twice(&mut || true, |model, _| model.branch(count))?;
        self.branches = vec![Vec::new(); count];
        Ok(())
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        self.twice(&mut || true, |model, _| model.step(tokens, scores))?;
        for (branch, token) in self.branches.iter_mut().zip(tokens) {
            branch.push(*token);
        }
        Ok(())
    }

    fn grow(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.twice(wanted, |model, wanted| model.grow(several, scores, wanted))?;
        for (branch, tokens) in self.branches.iter_mut().zip(several) {
            branch.extend_from_slice(tokens);
        }
        Ok(())
    }

    fn keep(&mut self, branch: usize) {
        if branch < self.branches.len() {
            self.context.append(&mut self.branches[branch]);
        }
        self.forget_branches();
        self.model.keep(branch);
    }
}
