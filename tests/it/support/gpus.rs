//! GPUs to test with.

use std::sync::OnceLock;

use megachat::gpt2::gpu::{Adapter, adapters};

/// Every adapter of the machine, software too. Where there is none the tests of the GPU are left out, with one line; where
/// `MEGACHAT_TEST_GPU` demands them they fail.
pub(crate) fn gpus() -> Vec<Adapter> {
    static ALL: OnceLock<Vec<Adapter>> = OnceLock::new();
    let look = || {
        let all = adapters();
        if all.is_empty() {
            assert!(
                std::env::var_os("MEGACHAT_TEST_GPU").is_none(),
                "MEGACHAT_TEST_GPU is set, and there is no adapter"
            );
            println!("there is no adapter: the tests of the GPU are left out");
        }
        all
    };
    ALL.get_or_init(look).clone()
}
