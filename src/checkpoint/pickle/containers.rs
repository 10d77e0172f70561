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
                self.append(vec![item])
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(items)
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(vec![(key, value)])
            }
            b'u' => {
                let pairs = self.pop_pairs()?;
                self.set_items(pairs)
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
        let node = &self.nodes[id.0 as usize];
        if let Node::Tuple(items) = node {
            Ok(items.to_vec())
        } else {
            Err(self.wrong_kind("a tuple of arguments", node.kind()))
        }
    }

    fn append(&mut self, items: Vec<NodeId>) -> Result<bool, PickleError> {
        let target = self.top()?.0 as usize;
        if let Node::List(list) | Node::Set(list) = &mut self.nodes[target] {
            list.extend(items);
            return Ok(true);
        }
        if let Node::Call(call) = &mut self.nodes[target] {
            call.appended.extend(items);
            return Ok(true);
        }
        Err(self.wrong_kind("a list or set", self.nodes[target].kind()))
    }

    fn set_items(&mut self, pairs: Vec<(NodeId, NodeId)>) -> Result<bool, PickleError> {
        let target = self.top()?.0 as usize;
        if let Node::Dict(items) = &mut self.nodes[target] {
            items.extend(pairs);
            return Ok(true);
        }
        if let Node::Call(call) = &mut self.nodes[target] {
            call.items.extend(pairs);
            return Ok(true);
        }
        Err(self.wrong_kind("a dictionary", self.nodes[target].kind()))
    }

    fn build(&mut self) -> Result<bool, PickleError> {
        let state = self.pop()?;
        let target = self.top()?.0 as usize;
        if let Node::Call(call) = &mut self.nodes[target] {
            call.state = Some(state);
            return Ok(true);
        }
        let found = self.nodes[target].kind();
        Err(self.wrong_kind("an object", found))
    }

    fn push_call(&mut self, callee: NodeId, arguments: Vec<NodeId>) -> Result<bool, PickleError> {
        let call = Call { callee, arguments, state: None, items: Vec::new(), appended: Vec::new() };
        self.push(Node::Call(Box::new(call)))
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
        let node = &self.nodes[id.0 as usize];
        let Node::Text(text) = node else {
            return Err(self.wrong_kind("a name as text", node.kind()));
        };
        if text.len() > self.limits.name_bytes {
            return Err(self.too_large("bytes of one name", self.limits.name_bytes));
        }
        Ok(text.to_string())
    }
}
