//! An allocator that counts.

#![allow(unsafe_code, reason = "counting what is allocated takes an allocator, and that is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of the bytes that are held and of the most that were.
pub(crate) struct Counting;

/// Forgets the peak; answers what is held.
pub(crate) fn restart() -> usize {
    let held = HELD.load(Ordering::SeqCst);
    PEAK.store(held, Ordering::SeqCst);
    held
}

/// The most bytes that were held since [`restart`].
pub(crate) fn peak() -> usize {
    PEAK.load(Ordering::SeqCst)
}

fn add(size: usize) {
    let held = HELD.fetch_add(size, Ordering::SeqCst) + size;
    PEAK.fetch_max(held, Ordering::SeqCst);
}

// SAFETY: every call goes to `System` with the arguments it came with, and the counters touch no memory but their own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the same for `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::SeqCst);
        // SAFETY: the pointer came from `System` through `alloc`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old place and the new one may both be there while the bytes are copied.
        add(size);
        HELD.fetch_sub(layout.size(), Ordering::SeqCst);
        // SAFETY: as in `dealloc`; the caller keeps the contract for the new size.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
