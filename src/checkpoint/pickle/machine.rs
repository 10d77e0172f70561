//! The stack machine: its registers, the main loop, and the instructions that move values about.
//!
//! Not here: instructions that carry a number or text ([`super::scalars`]) and those that build
//! containers and note calls ([`super::containers`]).

use std::collections::HashMap;

use super::super::Limits;
use super::PickleError;
use super::value::{Arena, Node, NodeId, Pickle};

/// Reads one pickle stream from the start of `bytes`.
///
/// Answers the values and how many bytes the stream took; what follows it is not looked at.
///
/// # Errors
///
/// Any [`PickleError`]. [`PickleError::Truncated`] is the only one that more bytes can cure.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<(Pickle, usize), PickleError> {
    // What lies beyond the bound is not there; so no instruction can reach over it.
    let within = &bytes[..bytes.len().min(limits.pickle_bytes)];
    let mut machine = Machine::new(within, limits);
    let result = machine.run();
    if within.len() < bytes.len() && matches!(result, Err(PickleError::Truncated { .. })) {
        return Err(machine.too_large("bytes of the pickle stream", limits.pickle_bytes));
    }
    let root = result?;
    Ok((Pickle { nodes: machine.nodes, root }, machine.at))
}

pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the current instruction begins.
    pub(super) start: usize,
    opcodes: usize,
    pub(super) limits: &'a Limits,
    pub(super) nodes: Arena,
    pub(super) stack: Vec<NodeId>,
    marks: Vec<usize>,
    memo: HashMap<u32, NodeId>,
    /// Bytes that the values keep beside themselves.
    kept: usize,
}

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            bytes,
            at: 0,
            start: 0,
            opcodes: 0,
            limits,
            nodes: Arena::default(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            kept: 0,
        }
    }

    fn run(&mut self) -> Result<NodeId, PickleError> {
        loop {
            self.start = self.at;
            self.opcodes += 1;
            if self.opcodes > self.limits.opcodes {
                return Err(self.too_large("instructions", self.limits.opcodes));
            }
            self.check_memory()?;
            let opcode = self.byte()?;
            if opcode == b'.' {
                return self.finish();
            }
            let known =
                self.registers(opcode)? || self.scalar(opcode)? || self.container(opcode)? || self.call(opcode)?;
            if !known {
                return Err(PickleError::UnknownOpcode { opcode, at: self.start });
            }
        }
    }

    fn finish(&mut self) -> Result<NodeId, PickleError> {
        let count = (self.stack.len() + self.marks.len()).saturating_sub(1);
        if count > 0 {
            return Err(PickleError::LeftOver { count, at: self.start });
        }
        self.pop()
    }

    /// Compares everything that is held with the bound. Texts come from the stream byte for byte,
    /// so what has been read of it is added to the bound.
    fn check_memory(&self) -> Result<(), PickleError> {
        // An entry has eight bytes and one of the table's own, and a table is at most 7/8 full.
        const MEMO_ENTRY: usize = 11;
        let held = self.kept
            + self.nodes.len() * size_of::<Node>()
            + self.stack.capacity() * size_of::<NodeId>()
            + self.marks.capacity() * size_of::<usize>()
            + self.memo.capacity() * MEMO_ENTRY;
        if held > self.limits.memory.saturating_add(self.at) {
            return Err(self.too_large("bytes of memory", self.limits.memory));
        }
        Ok(())
    }

    /// Counts what a list of items that grows will take, before it does.
    pub(super) fn grow<T>(&mut self, length: usize, capacity: usize, more: usize) -> Result<(), PickleError> {
        if length + more > capacity {
            // As `Vec` grows: twice as large, or as large as it must be. The first time it is not
            // left to grow: most lists are filled by one instruction.
            let wanted = if capacity == 0 { more } else { (2 * capacity).max(length + more).max(4) };
            self.kept += (wanted - capacity) * size_of::<T>();
        }
        self.check_memory()
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
        self.kept += node.heap();
        Ok(self.nodes.push(node))
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
        let items = self.stack[mark..].to_vec();
        self.stack.truncate(mark);
        Ok(items)
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
        let known = u32::try_from(index).ok().and_then(|index| self.memo.get(&index).copied());
        self.push_id(known.ok_or(PickleError::UnknownMemo { index, at: self.start })?)
    }

    fn remember(&mut self, index: u64) -> Result<bool, PickleError> {
        let top = self.top()?;
        let index =
            u32::try_from(index).map_err(|_| self.too_large("number of a remembered value", u32::MAX as usize))?;
        if self.memo.len() >= self.limits.memo && !self.memo.contains_key(&index) {
            return Err(self.too_large("remembered values", self.limits.memo));
        }
        self.memo.insert(index, top);
        Ok(true)
    }
}
