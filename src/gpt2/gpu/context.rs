//! Which place in the cache holds which position of which sequence.
//!
//! A place, or slot, holds one position's keys and values of all layers. A sequence is a table of slots; sequences that
//! began alike share slots. Nothing here knows a device.

/// Sequences: the context, and branches of it.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    tables: Vec<Vec<u32>>,
    /// How many tables name each slot.
    users: Vec<u32>,
    free: Vec<u32>,
}

/// The sequence that is the context.
pub(super) const CONTEXT: usize = 0;

impl Sequences {
    pub(super) fn new() -> Self {
        Self { tables: vec![Vec::new()], users: Vec::new(), free: Vec::new() }
    }

    /// Slots that were ever needed at once.
    pub(super) fn slots(&self) -> usize {
        self.users.len()
    }

    pub(super) fn count(&self) -> usize {
        self.tables.len()
    }

    pub(super) fn length(&self, sequence: usize) -> usize {
        self.tables[sequence].len()
    }

    /// The slots of a sequence, by position.
    pub(super) fn table(&self, sequence: usize) -> &[u32] {
        &self.tables[sequence]
    }

    /// Appends a position to a sequence and answers its slot.
    pub(super) fn push(&mut self, sequence: usize) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.users.push(0);
            self.users.len() as u32 - 1
        });
        self.users[slot as usize] = 1;
        self.tables[sequence].push(slot);
        slot
    }

    /// Forgets slots from `most` on that nobody uses: there is no room for them.
    pub(super) fn trim(&mut self, most: usize) {
        if self.users.len() > most && self.users[most..].iter().all(|it| *it == 0) {
            self.users.truncate(most);
            self.free.retain(|it| (*it as usize) < most);
        }
    }

    /// Cuts a sequence back.
    pub(super) fn cut(&mut self, sequence: usize, length: usize) {
        let length = length.min(self.tables[sequence].len());
        let gone = self.tables[sequence].split_off(length);
        self.release(&gone);
    }

    /// Appends a sequence that begins as the context is, and answers its number.
    pub(super) fn fork(&mut self) -> usize {
        let table = self.tables[CONTEXT].clone();
        for slot in &table {
            self.users[*slot as usize] += 1;
        }
        self.tables.push(table);
        self.tables.len() - 1
    }

    /// Makes a sequence the context, and forgets all others.
    pub(super) fn keep(&mut self, sequence: usize) {
        self.tables.swap(CONTEXT, sequence);
        self.forget_branches();
    }

    /// Forgets all but the context.
    pub(super) fn forget_branches(&mut self) {
        for table in self.tables.split_off(1) {
            self.release(&table);
        }
    }

    /// Forgets all branches; or all but the last, which becomes the first.
    pub(super) fn forget_read(&mut self, keeps_the_last: bool) {
        let last = self.tables.len() - 1;
        if keeps_the_last && last > 1 {
            self.tables.swap(1, last);
        }
        for table in self.tables.split_off(if keeps_the_last { 2 } else { 1 }) {
            self.release(&table);
        }
    }

    fn release(&mut self, slots: &[u32]) {
        for slot in slots {
            let users = &mut self.users[*slot as usize];
            *users -= 1;
            if *users == 0 {
                self.free.push(*slot);
            }
        }
    }
}

#[cfg(test)]
mod tests;
