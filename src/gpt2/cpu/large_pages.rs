//! Large pages of memory for what every token reads: finding a hundred thousand small ones takes a tenth of the time.

/// Tells the system that so many bytes from `start` on, which this process has, may lie in large pages: where nothing has
/// touched them yet, the first touch finds one. It may refuse; their content is the same.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the system is told what memory is for")]
pub(super) fn advise(start: *mut u8, bytes: usize) {
    const PAGE: usize = 4096;
    let skipped = start.addr().next_multiple_of(PAGE) - start.addr();
    let whole = bytes.saturating_sub(skipped) / PAGE * PAGE;
    // SAFETY: whole pages of the process; the advice changes no content.
    let _ =
        unsafe { rustix::mm::madvise(start.wrapping_add(skipped).cast(), whole, rustix::mm::Advice::LinuxHugepage) };
}

/// Elsewhere the system decides by itself.
#[cfg(not(target_os = "linux"))]
pub(super) fn advise(_: *mut u8, _: usize) {}
