//! Instructions that build containers, name things, and note calls without making them.

use super::PickleError;
use super::machine::Machine;
use super::value::{Call, Node, NodeId};

impl Machine<'_> {
    /// Answers whether it knew the opcode.
    pub(super) fn container(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            b']' => self.push(Node::List(Vec::new())),
            b')' => self.push(Node::Tuple(Box::default())),
            b'}' => self.push(Node::Dict(Vec::new())),
            0x8f => self.push(Node::Set(Vec::new())),
            b'l' => {
                let items = self.pop_mark()?;
                self.push(Node::List(items))
            }
            b't' => {
                let items = self.pop_mark()?;
                self.push(Node::Tuple(items.into()))
            }
            0x91 => {
                let items = self.pop_mark()?;
                self.push(Node::Set(items))
            }
            b'd' => {
                let pairs = self.pop_pairs()?;
                self.push(Node::Dict(pairs))
            }
            0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0..opcode - 0x84 {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Node::Tuple(items.into()))
            }
            b'a' => {
                let item = self.pop()?;
                self.append(opcode, &[item])
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(opcode, &items)
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(&[(key, value)])
            }
            b'u' => {
                let pairs = self.pop_pairs()?;
                self.set_items(&pairs)
            }
            _ => Ok(false),
        }
    }

    /// Answers whether it knew the opcode.
    pub(super) fn call(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            b'c' => {
                let global = self.global_lines()?;
                self.push(global)
            }
            0x93 => self.stack_global(),
            b'i' => {
                let global = self.global_lines()?;
                let callee = self.make(global)?;
                let arguments = self.pop_mark()?;
                self.push_call(callee, arguments)
            }
            b'o' => {
                let mut arguments = self.pop_mark()?;
                if arguments.is_empty() {
                    return Err(PickleError::StackEmpty { at: self.start });
                }
                let callee = arguments.remove(0);
                self.push_call(callee, arguments)
            }
            b'R' | 0x81 => {
                let arguments = self.pop_tuple()?;
                let callee = self.pop()?;
                self.push_call(callee, arguments)
            }
            0x92 => {
                let keywords = self.pop()?;
                if !matches!(self.nodes[keywords], Node::Dict(_)) {
                    return Err(self.wrong_kind("a dictionary", self.nodes[keywords].kind()));
                }
                let mut arguments = self.pop_tuple()?;
                let callee = self.pop()?;
                arguments.push(keywords);
                self.push_call(callee, arguments)
            }
            b'b' => self.build(),
            b'P' => {
                let line = self.line()?;
                let id = self.make(Node::Bytes(line.into()))?;
                self.push(Node::Persistent(id))
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))
            }
            _ => Ok(false),
        }
    }

    fn pop_pairs(&mut self) -> Result<Vec<(NodeId, NodeId)>, PickleError> {
        let items = self.pop_mark()?;
        if items.len() % 2 != 0 {
            return Err(PickleError::OddItems { at: self.start });
        }
        Ok(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    }

    fn pop_tuple(&mut self) -> Result<Vec<NodeId>, PickleError> {
        let id = self.pop()?;
        let node = &self.nodes[id];
        if let Node::Tuple(items) = node {
            Ok(items.to_vec())
        } else {
            Err(self.wrong_kind("a tuple of arguments", node.kind()))
        }
    }

    /// Lists grow by two instructions, sets by one of their own.
    fn append(&mut self, opcode: u8, items: &[NodeId]) -> Result<bool, PickleError> {
        let target = self.top()?;
        let is_set = opcode == 0x90;
        let (length, capacity) = match &self.nodes[target] {
            Node::List(list) if !is_set => (list.len(), list.capacity()),
            Node::Set(list) if is_set => (list.len(), list.capacity()),
            Node::Call(call) => (call.appended.len(), call.appended.capacity()),
            other => return Err(self.wrong_kind("a list or set", other.kind())),
        };
        self.grow::<NodeId>(length, capacity, items.len())?;
        match &mut self.nodes[target] {
            Node::List(list) | Node::Set(list) => extend(list, items),
            Node::Call(call) => extend(&mut call.appended, items),
            _ => {}
        }
        Ok(true)
    }

    fn set_items(&mut self, pairs: &[(NodeId, NodeId)]) -> Result<bool, PickleError> {
        let target = self.top()?;
        let (length, capacity) = match &self.nodes[target] {
            Node::Dict(items) => (items.len(), items.capacity()),
            Node::Call(call) => (call.items.len(), call.items.capacity()),
            other => return Err(self.wrong_kind("a dictionary", other.kind())),
        };
        self.grow::<(NodeId, NodeId)>(length, capacity, pairs.len())?;
        match &mut self.nodes[target] {
            Node::Dict(items) => extend(items, pairs),
            Node::Call(call) => extend(&mut call.items, pairs),
            _ => {}
        }
        Ok(true)
    }

    fn build(&mut self) -> Result<bool, PickleError> {
        let state = self.pop()?;
        let target = self.top()?;
        if let Node::Call(call) = &mut self.nodes[target] {
            call.state = Some(state);
            return Ok(true);
        }
        let found = self.nodes[target].kind();
        Err(self.wrong_kind("an object", found))
    }

    fn push_call(&mut self, callee: NodeId, arguments: Vec<NodeId>) -> Result<bool, PickleError> {
        // A class may also stand beside the stream, as a persistent reference.
        if !matches!(self.nodes[callee], Node::Global(_) | Node::Call(_) | Node::Persistent(_)) {
            return Err(self.wrong_kind("something to call", self.nodes[callee].kind()));
        }
        let items = self.pairs(callee, &arguments)?;
        let call = Call { callee, arguments, state: None, items, appended: Vec::new() };
        self.push(Node::Call(Box::new(call)))
    }

    /// The pairs that Python 2 hands to an `OrderedDict`: a list of lists.
    fn pairs(&self, callee: NodeId, arguments: &[NodeId]) -> Result<Vec<(NodeId, NodeId)>, PickleError> {
        let (Node::Global(names), Some(&first)) = (&self.nodes[callee], arguments.first()) else {
            return Ok(Vec::new());
        };
        if (names.0.as_str(), names.1.as_str()) != ("collections", "OrderedDict") {
            return Ok(Vec::new());
        }
        let sequence = |id: NodeId| match &self.nodes[id] {
            Node::List(items) => Ok(items.as_slice()),
            Node::Tuple(items) => Ok(&**items),
            other => Err(self.wrong_kind("a list of pairs", other.kind())),
        };
        let pair = |&id: &NodeId| match sequence(id)? {
            &[key, value] => Ok((key, value)),
            _ => Err(self.wrong_kind("a pair", self.nodes[id].kind())),
        };
        sequence(first)?.iter().map(pair).collect()
    }

    fn global_lines(&mut self) -> Result<Node, PickleError> {
        let module = self.name_line()?;
        let name = self.name_line()?;
        Ok(Node::Global(Box::new((module, name))))
    }

    fn name_line(&mut self) -> Result<String, PickleError> {
        let line = self.line()?;
        if line.len() > self.limits.name_bytes {
            return Err(self.too_large("bytes of one name", self.limits.name_bytes));
        }
        String::from_utf8(line.to_vec()).map_err(|_| PickleError::BadText { at: self.start })
    }

    fn stack_global(&mut self) -> Result<bool, PickleError> {
        let name = self.pop_name()?;
        let module = self.pop_name()?;
        self.push(Node::Global(Box::new((module, name))))
    }

    fn pop_name(&mut self) -> Result<String, PickleError> {
        let id = self.pop()?;
        let node = &self.nodes[id];
        let Node::Text(text) = node else {
            return Err(self.wrong_kind("a name as text", node.kind()));
        };
        if text.len() > self.limits.name_bytes {
            return Err(self.too_large("bytes of one name", self.limits.name_bytes));
        }
        Ok(text.to_string())
    }
}

/// Grows as [`Machine::grow`] has counted.
fn extend<T: Copy>(list: &mut Vec<T>, items: &[T]) {
    if list.capacity() == 0 {
        list.reserve_exact(items.len());
    }
    list.extend_from_slice(items);
}
