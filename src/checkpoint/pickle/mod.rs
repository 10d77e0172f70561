//! Reads a pickle stream into an inert tree of values.
//!
//! A pickle is a program for a small stack machine. The instructions that build data are
//! carried out; an instruction to call something leaves a note of the call. Nothing is ever
//! called, so opening a file cannot run code, and the parts of a checkpoint that are not
//! needed (training arguments, random states) do no harm.
//!
//! Not here: finding the stream in its file ([`super::legacy`], [`super::torch_zip`]) and the
//! meaning of the calls that make tensors ([`super::tensors`]).
//!
//! Source: `CPython`'s `Lib/pickletools.py`, which documents every opcode.

mod containers;
mod machine;
mod scalars;
mod value;

pub use machine::parse;
pub(crate) use value::printable;
pub use value::{Call, Items, Node, NodeId, Pickle};

/// Why a pickle stream was refused; `at` is a byte offset from the start of the stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// The stream stops inside an instruction, or before the instruction that ends it.
    #[error("byte {at}: the pickle stream ends at least {missing} bytes too early")]
    Truncated {
        /// How many bytes are missing at the least.
        missing: usize,
        /// Where they were needed.
        at: usize,
    },
    /// No protocol has this instruction.
    #[error("byte {at}: unknown opcode {opcode:#04x}")]
    UnknownOpcode {
        /// The instruction.
        opcode: u8,
        /// Where it stands.
        at: usize,
    },
    /// The instruction refers to something outside the file.
    #[error("byte {at}: opcode {name} refers to something outside the file")]
    OutsideReference {
        /// The instruction's name.
        name: &'static str,
        /// Where it stands.
        at: usize,
    },
    /// The stream is of a protocol that does not exist yet.
    #[error("byte {at}: pickle protocol {protocol}, expected 0 to 5")]
    Protocol {
        /// The number found.
        protocol: u8,
        /// Where it stands.
        at: usize,
    },
    /// An instruction needs more values than the stack holds.
    #[error("byte {at}: the stack is empty where a value is needed")]
    StackEmpty {
        /// Where the instruction stands.
        at: usize,
    },
    /// An instruction that ends a group found no beginning.
    #[error("byte {at}: a group of values ends that never began")]
    NoMark {
        /// Where the instruction stands.
        at: usize,
    },
    /// A number written as text is not one.
    #[error("byte {at}: `{text}` is not a number")]
    BadNumber {
        /// What stands there, made printable.
        text: String,
        /// Where it stands.
        at: usize,
    },
    /// Text is not valid in its encoding.
    #[error("byte {at}: text is not valid")]
    BadText {
        /// Where it stands.
        at: usize,
    },
    /// A length is negative.
    #[error("byte {at}: negative length")]
    NegativeLength {
        /// Where it stands.
        at: usize,
    },
    /// A remembered value is asked for that was never remembered.
    #[error("byte {at}: nothing was remembered under number {index}")]
    UnknownMemo {
        /// The number asked for.
        index: u64,
        /// Where the instruction stands.
        at: usize,
    },
    /// An instruction works on a kind of value that it cannot work on.
    #[error("byte {at}: expected {expected}, found {found}")]
    WrongKind {
        /// What the instruction needs.
        expected: &'static str,
        /// What it got.
        found: &'static str,
        /// Where the instruction stands.
        at: usize,
    },
    /// Keys and values of a dictionary do not pair up.
    #[error("byte {at}: a dictionary key without a value")]
    OddItems {
        /// Where the instruction stands.
        at: usize,
    },
    /// A bound of [`super::Limits`] is exceeded.
    #[error("byte {at}: too many or too large: {what}, at most {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
        /// Where it was exceeded.
        at: usize,
    },
    /// The stream ends with other than exactly one value.
    #[error("byte {at}: the stream ends with {count} values left over")]
    LeftOver {
        /// Values and open groups beside the result.
        count: usize,
        /// Where the stream ends.
        at: usize,
    },
}
