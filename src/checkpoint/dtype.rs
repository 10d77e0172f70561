//! The types of numbers that torch stores.
//!
//! Source: the storage classes of `torch/__init__.py`.

/// The type of a storage's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the safetensors format")]
pub enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

impl Dtype {
    /// Every element type that a checkpoint can have.
    pub const ALL: [Self; 10] =
        [Self::F64, Self::F32, Self::F16, Self::Bf16, Self::I64, Self::I32, Self::I16, Self::I8, Self::U8, Self::Bool];

    /// Bytes per element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The name torch gives it, as in `float16`.
    #[must_use]
    pub fn torch_name(self) -> &'static str {
        match self {
            Self::F64 => "float64",
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::I64 => "int64",
            Self::I32 => "int32",
            Self::I16 => "int16",
            Self::I8 => "int8",
            Self::U8 => "uint8",
            Self::Bool => "bool",
        }
    }

    /// Whether weights may have this type here.
    #[must_use]
    pub fn is_weight(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::Bf16)
    }

    /// The type that a storage class of torch holds.
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        Some(match class {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::Bf16,
            "LongStorage" => Self::I64,
            "IntStorage" => Self::I32,
            "ShortStorage" => Self::I16,
            "CharStorage" => Self::I8,
            "ByteStorage" | "UntypedStorage" | "TypedStorage" | "_UntypedStorage" => Self::U8,
            "BoolStorage" => Self::Bool,
            _ => return None,
        })
    }

    /// The type that torch gives this name.
    pub(super) fn of_torch_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.torch_name() == name)
    }
}

/// Whether no element of a weight's type has all bits of its exponent set, the mark of infinities and non-numbers.
///
/// # Shapes
///
/// - `bytes`: elements of type `dtype`, little-endian, without a rest
#[must_use]
pub fn is_finite(bytes: &[u8], dtype: Dtype) -> bool {
    if dtype == Dtype::F32 {
        let (elements, _) = bytes.as_chunks::<4>();
        return elements.iter().all(|it| u32::from_le_bytes(*it) & 0x7f80_0000 != 0x7f80_0000);
    }
    let exponent: u32 = if dtype == Dtype::F16 { 0x7c00 } else { 0x7f80 };
    let (elements, _) = bytes.as_chunks::<2>();
    // Without an early way out, so that it runs at the speed of memory.
    let bad = elements.iter().filter(|it| u32::from(u16::from_le_bytes(**it)) & exponent == exponent);
    bad.count() == 0
}

/// Weights in another type, appended to `out`; answers how many became infinite that were not.
///
/// Both types must be weights' ([`Dtype::is_weight`]). Rounds to the nearest, halves to even.
///
/// # Shapes
///
/// - `bytes`: elements of type `from`, little-endian, without a rest
pub fn cast(bytes: &[u8], from: Dtype, to: Dtype, out: &mut Vec<u8>) -> usize {
    use half::{bf16, f16};
    if from == to {
        out.extend_from_slice(bytes);
        return 0;
    }
    let mut overflown = 0;
    let mut put = |value: f32| match to {
        Dtype::F16 => {
            let near = f16::from_f32(value);
            overflown += usize::from(near.is_infinite() && value.is_finite());
            out.extend_from_slice(&near.to_le_bytes());
        }
        Dtype::Bf16 => {
            let near = bf16::from_f32(value);
            overflown += usize::from(near.is_infinite() && value.is_finite());
            out.extend_from_slice(&near.to_le_bytes());
        }
        _ => out.extend_from_slice(&value.to_le_bytes()),
    };
    match from {
        Dtype::F16 => bytes.as_chunks().0.iter().for_each(|it| put(f16::from_le_bytes(*it).to_f32())),
        Dtype::Bf16 => bytes.as_chunks().0.iter().for_each(|it| put(bf16::from_le_bytes(*it).to_f32())),
        _ => bytes.as_chunks().0.iter().for_each(|it| put(f32::from_le_bytes(*it))),
    }
    overflown
}
