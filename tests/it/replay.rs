//! What the fuzzer found worth keeping, run again through the very functions that it runs.

use std::path::Path;

use megachat::checkpoint;
use megachat::text::vocabulary;

#[allow(unreachable_pub, reason = "the fuzz targets are another crate")]
#[path = "../fuzz/src/bodies.rs"]
mod bodies;

#[allow(unreachable_pub, reason = "the fuzz targets are another crate")]
#[path = "../fuzz/src/words.rs"]
mod words;

#[test]
fn the_corpus_of_every_fuzz_target_still_passes() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, target) in bodies::ALL.into_iter().chain(words::ALL) {
        let mut files: Vec<_> = std::fs::read_dir(corpus.join(name)).unwrap().map(|it| it.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 50, "{name}: only {} files", files.len());
        for path in files {
            let bytes = std::fs::read(&path).unwrap();
            // A panic names only its place; the file is what one needs.
            let outcome = std::panic::catch_unwind(|| target(&bytes));
            assert!(outcome.is_ok(), "{}", path.display());
        }
    }
}
