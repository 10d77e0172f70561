//! The system's allocator, which remembers what it refused.

#![allow(unsafe_code, reason = "an allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// The bytes that this thread was refused last.
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator.
pub struct Allocator;

/// The bytes that the calling thread was refused last; 0 if it never was, or panicked since.
pub(super) fn refused() -> usize {
    REFUSED.get()
}

/// The calling thread panics: if that ends the process, it is not for want of the memory that it was refused before.
pub(crate) fn panicked() {
    REFUSED.set(0);
}

#[inline]
fn note(pointer: *mut u8, size: usize) -> *mut u8 {
    if pointer.is_null() {
        REFUSED.set(size);
    }
    pointer
}

// SAFETY: every call goes to `System` with the arguments it came with; what is noted is a number of the thread's own,
// which needs no memory from here.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is the same for `System`.
        note(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        note(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System` through `alloc`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`; the caller keeps the contract for the new size.
        note(unsafe { System.realloc(pointer, layout, size) }, size)
    }
}

#[cfg(test)]
mod tests;
