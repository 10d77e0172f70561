//! Tensors as torch pickles them: a storage, an offset, a shape and strides.
//!
//! Offsets and strides count *elements*, as in torch. Every number is checked against the
//! storage before anyone follows it.
//!
//! Not here: the bytes of the storages ([`super::legacy`], [`super::torch_zip`]).
//!
//! Source: `torch/_utils.py` (`_rebuild_tensor_v2`) and `torch/serialization.py` (`persistent_id`).

use std::collections::HashMap;

pub use super::dtype::{Dtype, cast, is_finite};

use super::Limits;
use super::pickle::{Node, NodeId, Pickle, printable};

/// A run of elements that tensors look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The name under which the file keeps its bytes.
    pub key: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// How many elements it has.
    pub numel: usize,
}

impl Storage {
    /// Its size in bytes; [`Storages`] has made sure that this cannot overflow.
    #[must_use]
    pub fn byte_length(&self) -> usize {
        self.numel * self.dtype.size()
    }
}

/// A tensor: which elements of which storage, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tensor {
    /// Which of the checkpoint's files it is in, from 0.
    pub part: usize,
    /// Index into [`Storages::list`] of that file.
    pub storage: usize,
    /// The type of the elements.
    pub dtype: Dtype,
    /// The first element, counted in elements of `dtype`.
    pub offset: usize,
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// Distance between neighbours along each dimension, in elements.
    pub strides: Vec<usize>,
}

/// Why a tensor or storage was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// A reference to a storage does not have the form torch gives it.
    #[error("storage reference number {index}: {what}")]
    BadStorage {
        /// Which of the file's references, in order.
        index: usize,
        /// What is wrong with it.
        what: String,
    },
    /// Two references to one storage disagree.
    #[error("storage `{key}` is described in two ways")]
    Contradiction {
        /// The storage's name.
        key: String,
    },
    /// The call that makes a tensor does not have the form torch gives it.
    #[error("malformed tensor: {0}")]
    Malformed(&'static str),
    /// The tensor reaches outside its storage.
    #[error("tensor of shape {shape:?} reaches outside its storage of {numel} elements")]
    OutOfBounds {
        /// The shape of the tensor, rows first.
        shape: Vec<usize>,
        /// Elements of the storage.
        numel: usize,
    },
    /// There are more than [`Limits::tensors`] of them.
    #[error("more than {0} storages")]
    TooMany(usize),
}

impl Tensor {
    /// A whole storage in row-major order.
    #[must_use]
    pub fn row_major(part: usize, storage: usize, dtype: Dtype, shape: Vec<usize>) -> Self {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            // Only an empty tensor can overflow here, and no number of it is ever read.
            strides[axis - 1] = usize::saturating_mul(strides[axis], shape[axis]);
        }
        Self { part, storage, dtype, offset: 0, shape, strides }
    }

    /// Number of elements.
    #[must_use]
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }

    /// One more than the distance from its first to its last element.
    #[must_use]
    pub fn span(&self) -> usize {
        if self.numel() == 0 {
            return 0;
        }
        1 + self.shape.iter().zip(&self.strides).map(|(&size, &stride)| (size - 1) * stride).sum::<usize>()
    }

    /// Whether its elements lie in row-major order without gaps.
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if size != 1 && stride != expected {
                return false;
            }
            expected *= size.max(1);
        }
        true
    }

    /// The part of it with indices from `start` to before `start + length` along `axis`, without
    /// its bytes being touched.
    ///
    /// # Panics
    ///
    /// If the tensor does not have these indices. That is a bug here, never a bad file.
    #[must_use]
    pub fn narrow(&self, axis: usize, start: usize, length: usize) -> Self {
        assert!(start + length <= self.shape[axis], "{start} + {length} of {:?}", self.shape);
        let mut part = self.clone();
        part.shape[axis] = length;
        part.offset += start * self.strides[axis];
        part
    }

    /// What stands at `index` of the first dimension, which disappears.
    ///
    /// # Panics
    ///
    /// If there is no such index. That is a bug here, never a bad file.
    #[must_use]
    pub fn at_first(&self, index: usize) -> Self {
        let mut part = self.narrow(0, index, 1);
        part.shape.remove(0);
        part.strides.remove(0);
        part
    }

    /// Checks every number against the storage's `numel` elements.
    fn check(self, numel: usize) -> Result<Self, TensorError> {
        let outside = || TensorError::OutOfBounds { shape: self.shape.clone(), numel };
        let mut count = 1usize;
        let mut last = self.offset;
        for (&size, &stride) in self.shape.iter().zip(&self.strides) {
            // Zero sizes count as one here, so that the product of the others is bounded, too.
            count = count.checked_mul(size.max(1)).ok_or_else(outside)?;
            let reach = size.saturating_sub(1).checked_mul(stride).ok_or_else(outside)?;
            last = last.checked_add(reach).ok_or_else(outside)?;
        }
        let empty = self.shape.contains(&0);
        // A stride of zero repeats elements; a weight never does, and it would be a bomb.
        if !empty && (last >= numel || count > numel) {
            return Err(outside());
        }
        Ok(self)
    }
}

/// Every storage that a pickle refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storages {
    /// The number of the file they are in, given to every tensor that looks into them.
    pub part: usize,
    /// In order of first reference.
    pub list: Vec<Storage>,
    by_key: HashMap<String, usize>,
}

impl Storages {
    /// Finds all storage references of `pickle`, the first file of a checkpoint, also those that no tensor uses.
    ///
    /// # Errors
    ///
    /// [`TensorError`] if a reference is malformed or two of them disagree.
    pub fn collect(pickle: &Pickle, limits: &Limits) -> Result<Self, TensorError> {
        let mut storages = Self::default();
        let mut index = 0;
        for node in pickle.nodes() {
            let Node::Persistent(id) = node else { continue };
            index += 1;
            let bad = |what: String| TensorError::BadStorage { index, what };
            let Some(reference) = parse_reference(pickle, *id).map_err(bad)? else {
                continue;
            };
            storages.add(reference.storage, limits)?;
        }
        Ok(storages)
    }

    fn add(&mut self, storage: Storage, limits: &Limits) -> Result<(), TensorError> {
        if let Some(&index) = self.by_key.get(&storage.key) {
            if self.list[index] != storage {
                return Err(TensorError::Contradiction { key: printable(&storage.key) });
            }
            return Ok(());
        }
        if self.list.len() >= limits.tensors {
            return Err(TensorError::TooMany(limits.tensors));
        }
        self.by_key.insert(storage.key.clone(), self.list.len());
        self.list.push(storage);
        Ok(())
    }

    /// The index of the storage with this name.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// Understands the call that makes a tensor. `None` if `node` is something else.
    ///
    /// # Errors
    ///
    /// [`TensorError`] if it is such a call, but malformed or out of bounds.
    pub fn tensor(&self, pickle: &Pickle, node: NodeId, limits: &Limits) -> Result<Option<Tensor>, TensorError> {
        let Some((module, name, call)) = pickle.call(node) else {
            return Ok(None);
        };
        let arguments = call.arguments.as_slice();
        match (module, name, arguments) {
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state", &[inner, ..])
            | ("torch.nn.parameter", "Parameter", &[inner, ..]) => {
                // A parameter wraps a tensor, never another parameter: no recursion to bound.
                match pickle.call(inner) {
                    Some((_, name, _)) if name.contains("arameter") => {
                        Err(TensorError::Malformed("a parameter of a parameter"))
                    }
                    _ => self.tensor(pickle, inner, limits),
                }
            }
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2", &[storage, offset, size, stride, ..]) => {
                self.rebuild(pickle, [storage, offset, size, stride], None, limits).map(Some)
            }
            ("torch._utils", "_rebuild_tensor_v3", &[storage, offset, size, stride, _, _, dtype, ..]) => {
                let dtype = pickle
                    .global(dtype)
                    .filter(|&(module, _)| module == "torch")
                    .and_then(|(_, name)| Dtype::of_torch_name(name))
                    .ok_or(TensorError::Malformed("unknown element type"))?;
                self.rebuild(pickle, [storage, offset, size, stride], Some(dtype), limits).map(Some)
            }
            ("torch._utils", name, _) if name.starts_with("_rebuild_tensor") => {
                Err(TensorError::Malformed("too few arguments"))
            }
            _ => Ok(None),
        }
    }

    fn rebuild(
        &self,
        pickle: &Pickle,
        [storage, offset, size, stride]: [NodeId; 4],
        dtype: Option<Dtype>,
        limits: &Limits,
    ) -> Result<Tensor, TensorError> {
        let Node::Persistent(id) = pickle.node(storage) else {
            return Err(TensorError::Malformed("the first argument is not a storage"));
        };
        let reference = parse_reference(pickle, *id)
            .ok()
            .flatten()
            .ok_or(TensorError::Malformed("the first argument is not a storage"))?;
        let storage =
            self.find(&reference.storage.key).ok_or(TensorError::Malformed("the storage is not in the file"))?;
        let dtype = dtype.unwrap_or(reference.storage.dtype);
        let unit = reference.storage.dtype.size();
        // Views count in elements of the storage, untyped ones in bytes.
        let (first, length) = reference.view.unwrap_or((0, reference.storage.numel));
        if !(first * unit).is_multiple_of(dtype.size()) {
            return Err(TensorError::Malformed("the storage is not aligned to its elements"));
        }
        let first = first * unit / dtype.size();
        let numel = first + length * unit / dtype.size();
        let shape = sizes(pickle, size).ok_or(TensorError::Malformed("the shape is not a tuple of sizes"))?;
        let strides = sizes(pickle, stride).ok_or(TensorError::Malformed("the strides are not a tuple of sizes"))?;
        if shape.len() != strides.len() || shape.len() > limits.rank {
            return Err(TensorError::Malformed("shape and strides have different or too many dimensions"));
        }
        let offset = unsigned(pickle, offset)
            .and_then(|offset| offset.checked_add(first))
            .ok_or(TensorError::Malformed("the offset is not a size"))?;
        Tensor { part: self.part, storage, dtype, offset, shape, strides }.check(numel)
    }
}

struct Reference {
    storage: Storage,
    /// First element and number of elements, where the tensor sees only a part.
    view: Option<(usize, usize)>,
}

/// `None` for a reference to something that is not a storage.
fn parse_reference(pickle: &Pickle, id: NodeId) -> Result<Option<Reference>, String> {
    let parts = pickle.sequence(id).ok_or("not a tuple")?;
    let (&kind, rest) = parts.split_first().ok_or("an empty tuple")?;
    match pickle.text(kind) {
        Some("storage") => {}
        Some("module") => return Ok(None),
        _ => return Err("neither `storage` nor `module`".to_owned()),
    }
    let (class, key, numel, view) = match *rest {
        [class, key, _, numel] => (class, key, numel, None),
        [class, key, _, numel, view] => (class, key, numel, Some(view)),
        _ => return Err(format!("{} parts, expected 5 or 6", parts.len())),
    };
    let (module, name) = pickle.global(class).ok_or("the class is not a name")?;
    let dtype = Some(name)
        .filter(|_| matches!(module, "torch" | "torch.cuda" | "torch.storage"))
        .and_then(Dtype::of_storage)
        .ok_or_else(|| format!("unknown class `{}`", printable(&format!("{module}.{name}"))))?;
    let key = pickle.text(key).ok_or("the key is not text")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if key.is_empty() || key.len() > 64 || !key.bytes().all(allowed) {
        return Err(format!("bad key `{}`", printable(key)));
    }
    let numel = unsigned(pickle, numel)
        .filter(|&numel| numel <= isize::MAX as usize / 16)
        .ok_or("the number of elements is not a size")?;
    let view = match view {
        Some(view) if *pickle.node(view) != Node::None => Some(parse_view(pickle, view, numel)?),
        _ => None,
    };
    Ok(Some(Reference { storage: Storage { key: key.to_owned(), dtype, numel }, view }))
}

fn parse_view(pickle: &Pickle, id: NodeId, numel: usize) -> Result<(usize, usize), String> {
    let &[_, offset, length] = pickle.sequence(id).ok_or("the view is not a tuple")? else {
        return Err("the view has not three parts".to_owned());
    };
    let both = unsigned(pickle, offset).zip(unsigned(pickle, length));
    let (offset, length) = both.ok_or("the view is not made of sizes")?;
    if offset.checked_add(length).is_none_or(|end| end > numel) {
        return Err("the view reaches outside its storage".to_owned());
    }
    Ok((offset, length))
}

/// A number that is not negative.
pub(super) fn unsigned(pickle: &Pickle, id: NodeId) -> Option<usize> {
    usize::try_from(pickle.integer(id)?).ok()
}

/// A shape, or offsets.
pub(super) fn sizes(pickle: &Pickle, id: NodeId) -> Option<Vec<usize>> {
    pickle.sequence(id)?.iter().map(|&item| unsigned(pickle, item)).collect()
}
