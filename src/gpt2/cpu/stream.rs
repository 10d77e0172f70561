//! Reading memory and nothing else: what the speed of a model is compared with.

use super::lanes::Isa;
use super::matrix::Arena;
use super::pool::Pool;

/// Bytes that are read in one pass: far more than any cache has.
const BYTES: usize = 512 << 20;

/// Bytes that a thread reads before it looks for more.
const PIECE: usize = 1 << 20;

/// Memory to be read by the threads and instructions that a model is computed with.
pub struct Stream {
    pool: Pool,
    isa: Isa,
    arena: Arena,
}

impl Stream {
    /// Memory for `threads`; `None` if there is not enough.
    #[must_use]
    pub fn new(threads: usize) -> Option<Self> {
        let mut arena = Arena::new(BYTES)?;
        // Memory that was never written is one page of zeros, over and over.
        arena.bytes_mut().fill(1);
        Some(Self { pool: Pool::new(threads), isa: Isa::detect(), arena })
    }

    /// Reads all of it once; answers how many bytes that were.
    pub fn pass(&mut self) -> usize {
        let (isa, arena) = (self.isa, &self.arena);
        self.pool.run(BYTES / PIECE, &|piece| {
            std::hint::black_box(isa.sum(&arena.bytes()[piece * PIECE..(piece + 1) * PIECE]));
        });
        BYTES
    }
}
