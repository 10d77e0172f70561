//! Weights in safetensors files, to be read where they lie.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Contents, DirectoryError, Weights};
use crate::checkpoint::arrange::Arrange;
use crate::checkpoint::hugging_face::{self, Known};
use crate::checkpoint::megatron::Given;
use crate::checkpoint::safetensors::{Entry, HeaderError, one_storage_each, read_header};
use crate::checkpoint::tensors::Tensor;
use crate::checkpoint::{Leaves, Limits, Plan, Target};
use crate::files::{self, Place};
use crate::text::visible_path;

/// Bytes compared at a time.
const CHUNK: usize = 1 << 20;

/// The weights of a model, each where the plan says.
#[derive(Debug)]
pub struct Opened {
    /// Which tensors make the model; every one lies in one piece, as it is to be.
    pub plan: Plan,
    files: Vec<Safetensors>,
}

/// One file.
#[derive(Debug)]
struct Safetensors {
    path: PathBuf,
    file: File,
    /// Where the data begin, in bytes.
    start: u64,
    entries: Vec<Entry>,
}

impl Contents {
    /// Opens weights that can be used as they lie; `None` if they have to be converted first. `heads` is what the user says
    /// of them, if anything.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] if they cannot be used either way.
    pub fn open(&self, heads: Option<usize>) -> Result<Option<Opened>, DirectoryError> {
        let Weights::Safetensors(paths) = &self.weights else {
            return Ok(None);
        };
        let given = Given { heads, ..Given::default() };
        let known = Known { config: self.config()?, given, ..Known::default() };
        let mut files = Vec::new();
        let mut leaves = Leaves::default();
        for (part, path) in paths.iter().enumerate() {
            let file = Safetensors::open(path)?;
            leaves.extend(one_storage_each(&file.entries, part).0);
            files.push(file);
        }
        let plan = hugging_face::map(&leaves, &known, &Limits::default())?;
        let lies = |target: &Target| {
            target.arrange == Arrange::Keep && target.from.pieces.len() == 1 && target.from.shape == target.shape
        };
        Ok(plan.targets.iter().all(lies).then_some(Opened { plan, files }))
    }
}

impl Safetensors {
    fn open(path: &Path) -> Result<Self, DirectoryError> {
        let name = || visible_path(path);
        let read = |source: io::Error| DirectoryError::read(path)(source);
        let bad = |source| DirectoryError::Safetensors { name: name(), source };
        let mut file = files::open(Place::Weights, path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let header = read_header(&mut file, size, &Limits::default()).map_err(|e| match e {
            HeaderError::Read(error) => read(error),
            HeaderError::Refused(error) => bad(error),
        })?;
        Ok(Self { path: path.to_owned(), file, start: header.bytes.len() as u64, entries: header.entries })
    }
}

impl Opened {
    /// The tensor of a name in a converted model, such as `transformer.wte.weight`.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.plan.targets.iter().find(|it| it.name == name)
    }

    /// Numbers in the model.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.plan.targets.iter().map(|it| it.shape.iter().map(|&n| n as u64).product::<u64>()).sum()
    }

    /// The files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|it| it.path.as_path())
    }

    /// The same files, as they were opened.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &File)> {
        self.files.iter().map(|it| (it.path.as_path(), &it.file))
    }

    /// Reads a part of a tensor: `length` bytes from byte `at` on, as they lie.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn read(&mut self, tensor: &Tensor, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let nowhere = || io::Error::from(io::ErrorKind::NotFound);
        let file = self.files.get_mut(tensor.part).ok_or_else(nowhere)?;
        let entry = file.entries.get(tensor.storage).ok_or_else(nowhere)?;
        file.file.seek(SeekFrom::Start(file.start + entry.start + at))?;
        file.file.read_exact(bytes)
    }

    /// The file of a tensor.
    #[must_use]
    pub fn path_of(&self, tensor: &Tensor) -> &Path {
        self.files.get(tensor.part).map_or(Path::new(""), |it| it.path.as_path())
    }

    /// Compares what must be the same: the output matrix of a tied model with its word table.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NotTied`], or that a file cannot be read.
    pub fn check_ties(&mut self) -> Result<(), DirectoryError> {
        let (mut one, mut other) = (vec![0; CHUNK], vec![0; CHUNK]);
        for pair in self.plan.same.clone() {
            let bytes = pair.first.numel() * pair.first.dtype.size();
            for at in (0..bytes).step_by(CHUNK) {
                let count = CHUNK.min(bytes - at);
                self.read_or_say(&pair.first, at, &mut one[..count])?;
                self.read_or_say(&pair.second, at, &mut other[..count])?;
                if one[..count] != other[..count] {
                    return Err(DirectoryError::NotTied { name: pair.name, of: pair.of });
                }
            }
        }
        Ok(())
    }

    fn read_or_say(&mut self, tensor: &Tensor, at: usize, bytes: &mut [u8]) -> Result<(), DirectoryError> {
        self.read(tensor, at as u64, bytes).map_err(|source| {
            let name = visible_path(self.path_of(tensor));
            DirectoryError::Read { name, source }
        })
    }
}
