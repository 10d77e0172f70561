//! Weights: the precision they are held in, and where they come from.

use super::ModelError;

/// In which precision the weights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats: exact, four bytes a weight.
    F32,
    /// 16-bit IEEE floats, two bytes a weight.
    F16,
    /// 16-bit brain floats, two bytes a weight.
    Bf16,
    /// 8-bit integers in blocks of 32 with a 16-bit scale, 8.5 bits a weight.
    Q8,
    /// 4-bit integers in blocks of 32 with a 16-bit scale, 4.5 bits a weight.
    Q4,
}

impl Precision {
    /// All precisions, the most exact first.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Bf16, Self::Q8, Self::Q4];

    /// The precision of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The name on the command line and on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q8 => "q8",
            Self::Q4 => "q4",
        }
    }
}

/// A tensor as it lies in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTensor {
    /// `F32`, `F16` or `BF16`.
    pub dtype: RawType,
    /// Rows first.
    pub shape: Vec<usize>,
    /// Little-endian, row-major.
    pub bytes: Vec<u8>,
}

/// The element types weights come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawType {
    /// Four bytes.
    F32,
    /// Two bytes, IEEE.
    F16,
    /// Two bytes, the upper half of an f32.
    Bf16,
}

impl RawType {
    /// Bytes of one number.
    #[must_use]
    pub fn size(self) -> usize {
        if self == Self::F32 { 4 } else { 2 }
    }
}

/// Where weights come from, by their Hugging Face names without the `transformer.` prefix (`h.0.attn.c_attn.weight`).
pub trait TensorSource {
    /// Reads one tensor.
    ///
    /// # Errors
    ///
    /// [`ModelError::Missing`] if there is none of that name, [`ModelError::Source`] if it cannot be read.
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError>;

    /// Reads one tensor that must have a shape.
    ///
    /// # Errors
    ///
    /// As [`Self::tensor`]; [`ModelError::Shape`] if it has another.
    fn shaped(&mut self, name: &str, expected: &[usize]) -> Result<RawTensor, ModelError> {
        let raw = self.tensor(name)?;
        if raw.shape != expected {
            return Err(ModelError::Shape { name: name.to_owned(), found: raw.shape, expected: expected.to_vec() });
        }
        Ok(raw)
    }

    /// Fills `out` with all matrices as a backend packed them for this precision before; answers whether it has.
    fn packed(&mut self, precision: Precision, out: &mut [u8]) -> bool {
        let _ = (precision, out);
        false
    }
}
