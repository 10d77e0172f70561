//! The tensors of a model's files, for the backends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::packed::Packs;
use crate::checkpoint::tensors::{Dtype, is_finite};
use crate::directory::{DirectoryError, Opened};
use crate::manifest::Manifest;
use crate::model::{ModelError, Precision, RawTensor, RawType, TensorSource, room};

/// The tensors of safetensors files, read one at a time.
pub(super) struct FileTensors {
    pub(super) opened: Opened,
    /// Where packed weights may be.
    pub(super) packs: Option<Packs>,
    /// CRC-32 of each tensor's bytes when the model was installed; empty if they are unknown.
    pub(super) checksums: BTreeMap<String, u32>,
    /// Whether numbers are looked at; those of an installed model were, when it was installed.
    checked: bool,
    /// Why a tensor was refused.
    pub(super) fault: Option<DirectoryError>,
}

impl FileTensors {
    pub(super) fn new(mut opened: Opened, manifest: Option<&Manifest>) -> Result<Self, DirectoryError> {
        if manifest.is_none() {
            opened.check_ties()?;
        }
        let checksums = manifest.map(|it| it.checksums.clone()).unwrap_or_default();
        Ok(Self { opened, packs: None, checksums, checked: manifest.is_none(), fault: None })
    }

    /// The first file, for messages.
    pub(super) fn path(&self) -> PathBuf {
        self.opened.paths().next().unwrap_or(Path::new("")).to_owned()
    }
}

impl TensorSource for FileTensors {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let source = |why: String| ModelError::Source { name: name.to_owned(), why };
        let full = if name == "lm_head.weight" { name.to_owned() } else { format!("transformer.{name}") };
        let target = self.opened.target(&full).ok_or_else(|| ModelError::Missing { name: full.clone() })?;
        let (named, shape) = (target.from.source.clone(), target.shape.clone());
        let piece = target.from.pieces.first().ok_or_else(|| ModelError::Missing { name: full.clone() })?;
        let tensor = piece.tensor.clone();
        // The plan lets no other type through.
        let dtype = match tensor.dtype {
            Dtype::F16 => RawType::F16,
            Dtype::Bf16 => RawType::Bf16,
            _ => RawType::F32,
        };
        // The header has been checked against the file's size, so this is bounded by bytes present.
        let mut bytes = room(tensor.numel() * tensor.dtype.size(), 0, "one tensor of the file")?;
        self.opened.read(&tensor, 0, &mut bytes).map_err(|e| source(e.to_string()))?;
        if self.checksums.get(&named).is_some_and(|it| *it != crc32fast::hash(&bytes)) {
            return Err(source("its bytes have changed since the model was installed".to_owned()));
        }
        if self.checked && !is_finite(&bytes, tensor.dtype) {
            let fault = DirectoryError::NotFinite { name: named };
            let why = fault.to_string();
            self.fault = Some(fault);
            return Err(source(why));
        }
        Ok(RawTensor { dtype, shape, bytes })
    }

    fn packed(&mut self, precision: Precision, out: &mut [u8]) -> bool {
        self.packs.as_ref().is_some_and(|it| it.read(precision, out))
    }
}
