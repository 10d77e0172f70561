use std::hint::black_box;

use super::*;

#[test]
#[allow(clippy::undocumented_unsafe_blocks, reason = "the layouts are sound, and what was given is given back")]
fn what_was_refused_is_known_until_the_thread_panics() {
    let most = Layout::from_size_align(isize::MAX as usize & !7, 8).unwrap();
    let little = Layout::from_size_align(64, 8).unwrap();
    unsafe {
        // Its address is looked at, or the compiler may leave the call out.
        assert!(black_box(Allocator.alloc(most)).is_null());
        assert_eq!(refused(), most.size());
        let given = black_box(Allocator.alloc(little));
        panicked();
        assert_eq!(refused(), 0);
        assert!(black_box(Allocator.alloc_zeroed(most)).is_null());
        assert!(black_box(Allocator.realloc(given, little, most.size())).is_null());
        assert_eq!(refused(), most.size());
        Allocator.dealloc(given, little);
    }
}
