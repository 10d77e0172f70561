//! How much of anything a checkpoint file may ask for before it is refused.
//!
//! A file chooses its own counts and lengths, so each one is compared with a bound before
//! memory is spent on it. The defaults leave a factor of ten over the largest real files, and
//! keep what a reader allocates below four times the bytes it has read and 64 MiB.
//!
//! A bound is the largest number that is accepted; `tests/it/limits.rs` holds each to that.

/// Every bound that the readers of this module obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one pickle stream. A GPT-2 checkpoint with its optimizer has under 1 MiB.
    pub pickle_bytes: usize,
    /// Instructions in one pickle stream; stops floods of cheap ones.
    pub opcodes: usize,
    /// Values made by one pickle stream.
    pub nodes: usize,
    /// Bytes that the reader of one pickle stream may hold, beyond the length of what it has
    /// read: an instruction of two bytes can copy a name or a tuple of a megabyte.
    pub memory: usize,
    /// Values on the stack at one time.
    pub stack: usize,
    /// Open marks at one time.
    pub marks: usize,
    /// Entries of the memo, which is a map: a large index costs no more than a small one.
    pub memo: usize,
    /// Bytes of one string or byte string.
    pub text_bytes: usize,
    /// Bytes of one integer of arbitrary size. Torch's magic number has 10, a random state 17.
    pub integer_bytes: usize,
    /// Bytes of a module or class name, and of a tensor's.
    pub name_bytes: usize,
    /// Bytes of all names of tensors together: nested dictionaries that share their values multiply them.
    pub names_bytes: usize,
    /// How deep dictionaries of tensors may nest.
    pub depth: usize,
    /// Number of dimensions of a tensor.
    pub rank: usize,
    /// Number of storages or tensors in one file.
    pub tensors: usize,
    /// Number of layers. The largest GPT-2-like model has 105.
    pub layers: usize,
    /// Bytes of a zip directory. 100,000 members with names of 90 bytes need 16 MiB.
    pub directory_bytes: usize,
    /// Bytes of a safetensors header, the format's own bound.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pickle_bytes: 64 << 20,
            opcodes: 10_000_000,
            nodes: 1_000_000,
            memory: 40 << 20,
            stack: 1_000_000,
            marks: 65_536,
            memo: 1_000_000,
            text_bytes: 1 << 20,
            integer_bytes: 64,
            name_bytes: 512,
            names_bytes: 8 << 20,
            depth: 16,
            rank: 8,
            tensors: 100_000,
            layers: 4_096,
            directory_bytes: 16 << 20,
            header_bytes: 100_000_000,
        }
    }
}
