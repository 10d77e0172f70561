//! The program: arguments in, exit status out.

use std::process::ExitCode;

/// So that what ends the program for want of memory can say how much was refused.
#[global_allocator]
static ALLOCATOR: megachat::emergency::Allocator = megachat::emergency::Allocator;

fn main() -> ExitCode {
    megachat::run()
}
