//! Why a model cannot be made, or not be run.

use super::{Device, Precision};
use crate::TokenId;

/// Why a model cannot be made, or not be run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A tensor is not there.
    #[error("there is no tensor `{name}`")]
    Missing {
        /// The name of the tensor, without the `transformer.` prefix.
        name: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("`{name}` is {found:?}, but config.json makes it {expected:?}")]
    Shape {
        /// The name of the tensor, without the `transformer.` prefix.
        name: String,
        /// Of the file.
        found: Vec<usize>,
        /// By the configuration.
        expected: Vec<usize>,
    },
    /// A tensor could not be read.
    #[error("`{name}` cannot be read: {why}")]
    Source {
        /// The name of the tensor, without the `transformer.` prefix.
        name: String,
        /// What the file says.
        why: String,
    },
    /// A tensor holds infinities or what is not a number.
    #[error("`{name}` holds a weight that is infinite or not a number")]
    NotFinite {
        /// The name of the tensor, without the `transformer.` prefix.
        name: String,
    },
    /// Memory was asked for and refused.
    #[error("there is not enough memory for {what}, which would take {} MB", bytes.div_ceil(1_000_000))]
    Memory {
        /// What it was for, a noun phrase.
        what: &'static str,
        /// Bytes that were refused.
        bytes: u64,
    },
    /// Another number of tokens than of branches.
    #[error("{found} tokens for {expected} branches")]
    Branches {
        /// Tokens.
        found: usize,
        /// Branches.
        expected: usize,
    },
    /// The caller wanted no more.
    #[error("interrupted")]
    Interrupted,
    /// More tokens than the context has positions.
    #[error("{wanted} positions are needed, the context has {capacity}")]
    ContextFull {
        /// Positions in use and asked for, together.
        wanted: usize,
        /// N.
        capacity: usize,
    },
    /// A token that is not in the vocabulary.
    #[error("token {token} is not in the vocabulary of {vocabulary}")]
    UnknownToken {
        /// The id that is V or more.
        token: TokenId,
        /// V.
        vocabulary: usize,
    },
    /// The backend cannot hold weights in this precision.
    #[error("{backend} cannot hold these weights in {}: {why}; it has {known}", precision.name())]
    Precision {
        /// The precision asked for.
        precision: Precision,
        /// The backend's name.
        backend: &'static str,
        /// Why not.
        why: String,
        /// The precisions that it has, for the user to choose from.
        known: String,
    },
    /// The backend has no such operation.
    #[error("{backend} cannot {what}")]
    Unsupported {
        /// The backend's name.
        backend: &'static str,
        /// What was asked for, as the rest of a sentence.
        what: &'static str,
    },
    /// The device went away: it was unplugged, reset or taken by another process. The model is of no use any more.
    #[error("the {device} device is lost: {why}")]
    DeviceLost {
        /// The device.
        device: Device,
        /// What the driver says.
        why: String,
    },
    /// The device computes something else than it should.
    #[error("{device} computes wrong numbers ({why})")]
    Wrong {
        /// The device.
        device: Device,
        /// How they are wrong.
        why: String,
    },
    /// The library that computes failed.
    #[error("{backend} failed: {source}")]
    Backend {
        /// The backend's name.
        backend: &'static str,
        /// What the library says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ModelError {
    /// A failure of the library that computes.
    pub fn of_backend(backend: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Backend { backend, source: error.into() }
    }

    /// Whether another backend may do what this one could not: the fault is not the model's.
    #[must_use]
    pub fn is_of_backend(&self) -> bool {
        matches!(
            self,
            Self::Backend { .. }
                | Self::DeviceLost { .. }
                | Self::Wrong { .. }
                | Self::Precision { .. }
                | Self::Unsupported { .. }
        )
    }
}

/// So many elements, all of one value, for `what`: a noun phrase.
///
/// # Errors
///
/// [`ModelError::Memory`] if the system refuses the memory.
pub fn room<T: Clone>(count: usize, value: T, what: &'static str) -> Result<Vec<T>, ModelError> {
    let mut all = Vec::new();
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    all.try_reserve_exact(count).map_err(|_| ModelError::Memory { what, bytes })?;
    all.resize(count, value);
    Ok(all)
}
