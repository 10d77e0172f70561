//! The stack machine: its registers, the main loop, and the instructions that move values about.
//!
//! Not here: instructions that carry a number or text ([`super::scalars`]) and those that build
//! containers and note calls ([`super::containers`]).

use std::collections::HashMap;

use super::super::Limits;
use super::PickleError;
use super::value::{Node, NodeId, Pickle};

/// Reads one pickle stream from the start of `bytes`.
///
/// Answers the values and how many bytes the stream took; what follows it is not looked at.
///
/// # Errors
///
/// Any [`PickleError`]. [`PickleError::Truncated`] is the only one that more bytes can cure.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<(Pickle, usize), PickleError> {
    let mut machine = Machine::new(bytes, limits);
    loop {
        machine.start = machine.at;
        if machine.at > limits.pickle_bytes {
            return Err(machine.too_large("bytes of the pickle stream", limits.pickle_bytes));
        }
        machine.opcodes += 1;
        if machine.opcodes > limits.opcodes {
            return Err(machine.too_large("instructions", limits.opcodes));
        }
        let opcode = machine.byte()?;
        if opcode == b'.' {
            return machine.finish();
        }
        let known = machine.registers(opcode)?
            || machine.scalar(opcode)?
            || machine.container(opcode)?
            || machine.call(opcode)?;
        if !known {
            return Err(PickleError::UnknownOpcode { opcode, at: machine.start });
        }
    }
}

pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the current instruction begins.
    pub(super) start: usize,
    opcodes: usize,
    pub(super) limits: &'a Limits,
    pub(super) nodes: Vec<Node>,
    pub(super) stack: Vec<NodeId>,
    marks: Vec<usize>,
    memo: HashMap<u64, NodeId>,
}

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            bytes,
            at: 0,
            start: 0,
            opcodes: 0,
            limits,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        }
    }

    fn finish(mut self) -> Result<(Pickle, usize), PickleError> {
        let count = (self.stack.len() + self.marks.len()).saturating_sub(1);
        if count > 0 {
            return Err(PickleError::LeftOver { count, at: self.start });
        }
        let root = self.pop()?;
        Ok((Pickle { nodes: self.nodes, root }, self.at))
    }

    pub(super) fn too_large(&self, what: &'static str, limit: usize) -> PickleError {
        PickleError::TooLarge { what, limit, at: self.start }
    }

    pub(super) fn wrong_kind(&self, expected: &'static str, found: &'static str) -> PickleError {
        PickleError::WrongKind { expected, found, at: self.start }
    }

    /// The next `count` bytes, which stay where they are: nothing is allocated for a length.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.at..];
        let Some(taken) = rest.get(..count) else {
            return Err(PickleError::Truncated { missing: count - rest.len(), at: self.at });
        };
        self.at += count;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// The bytes up to the next line feed, which is passed over.
    pub(super) fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.at..];
        let longest = self.limits.text_bytes;
        let Some(length) = rest.iter().take(longest + 1).position(|&byte| byte == b'\n') else {
            if rest.len() > longest {
                return Err(self.too_large("bytes of one line", longest));
            }
            return Err(PickleError::Truncated { missing: 1, at: self.bytes.len() });
        };
        self.at += length + 1;
        Ok(&rest[..length])
    }

    pub(super) fn make(&mut self, node: Node) -> Result<NodeId, PickleError> {
        let limit = self.limits.nodes.min(u32::MAX as usize);
        if self.nodes.len() >= limit {
            return Err(self.too_large("values", limit));
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        Ok(id)
    }

    /// Makes a value and puts it on the stack.
    pub(super) fn push(&mut self, node: Node) -> Result<bool, PickleError> {
        let id = self.make(node)?;
        self.push_id(id)
    }

    /// Answers that the instruction was known, as every instruction does.
    pub(super) fn push_id(&mut self, id: NodeId) -> Result<bool, PickleError> {
        if self.stack.len() >= self.limits.stack {
            return Err(self.too_large("values on the stack", self.limits.stack));
        }
        self.stack.push(id);
        Ok(true)
    }

    /// The top value, unless it belongs to before the last mark.
    pub(super) fn top(&self) -> Result<NodeId, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(&id) if self.stack.len() > floor => Ok(id),
            _ => Err(PickleError::StackEmpty { at: self.start }),
        }
    }

    pub(super) fn pop(&mut self) -> Result<NodeId, PickleError> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    /// Takes everything above the last mark, and the mark.
    pub(super) fn pop_mark(&mut self) -> Result<Vec<NodeId>, PickleError> {
        let mark = self.marks.pop().ok_or(PickleError::NoMark { at: self.start })?;
        Ok(self.stack.split_off(mark))
    }

    /// Instructions on the stack, the marks and the memo. Answers whether it knew the opcode.
    fn registers(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            0x80 => self.protocol(),
            // The length of a frame is advice for readers of pipes.
            0x95 => self.take(8).map(|_| true),
            b'(' => self.mark(),
            b'0' => {
                // Python pops an open mark with this instruction, too.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                    return Ok(true);
                }
                self.pop().map(|_| true)
            }
            b'1' => self.pop_mark().map(|_| true),
            b'2' => {
                let top = self.top()?;
                self.push_id(top)
            }
            b'g' => {
                let index = self.decimal_index()?;
                self.recall(index)
            }
            b'h' => {
                let index = self.byte()?;
                self.recall(u64::from(index))
            }
            b'j' => {
                let index = u32::from_le_bytes(self.array()?);
                self.recall(u64::from(index))
            }
            b'p' => {
                let index = self.decimal_index()?;
                self.remember(index)
            }
            b'q' => {
                let index = self.byte()?;
                self.remember(u64::from(index))
            }
            b'r' => {
                let index = u32::from_le_bytes(self.array()?);
                self.remember(u64::from(index))
            }
            0x94 => self.remember(self.memo.len() as u64),
            0x82..=0x84 => Err(PickleError::OutsideReference { name: "EXT", at: self.start }),
            0x97 | 0x98 => Err(PickleError::OutsideReference { name: "BUFFER", at: self.start }),
            _ => Ok(false),
        }
    }

    fn mark(&mut self) -> Result<bool, PickleError> {
        if self.marks.len() >= self.limits.marks {
            return Err(self.too_large("open groups", self.limits.marks));
        }
        self.marks.push(self.stack.len());
        Ok(true)
    }

    fn protocol(&mut self) -> Result<bool, PickleError> {
        let protocol = self.byte()?;
        if protocol > 5 {
            return Err(PickleError::Protocol { protocol, at: self.start });
        }
        Ok(true)
    }

    fn decimal_index(&mut self) -> Result<u64, PickleError> {
        let line = self.line()?;
        let number = std::str::from_utf8(line).ok().and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| self.bad_number(line))
    }

    fn recall(&mut self, index: u64) -> Result<bool, PickleError> {
        let known = self.memo.get(&index).copied();
        self.push_id(known.ok_or(PickleError::UnknownMemo { index, at: self.start })?)
    }

    fn remember(&mut self, index: u64) -> Result<bool, PickleError> {
        let top = self.top()?;
        if self.memo.len() >= self.limits.memo && !self.memo.contains_key(&index) {
            return Err(self.too_large("remembered values", self.limits.memo));
        }
        self.memo.insert(index, top);
        Ok(true)
    }
}
