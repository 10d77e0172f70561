use super::*;
use crate::checkpoint::tensors::{Dtype, Storage};
use crate::checkpoint::{Activation, Config, Same, TokenizerClaim};

#[test]
fn work_may_be_three_times_what_is_there_and_the_allowance_but_no_more() {
    let allowed = |files: &[(u64, u64)]| {
        let mut excess = 0;
        files.iter().all(|&(tensors, bytes)| is_in_proportion(tensors, bytes, &mut excess))
    };
    assert!(allowed(&[(300 + ALLOWANCE, 100)]) && !allowed(&[(301 + ALLOWANCE, 100)]));
    // One allowance for all files, and a file that is used little lends nothing to the others.
    assert!(allowed(&[(300 + ALLOWANCE, 100), (300, 100)]));
    assert!(!allowed(&[(300 + ALLOWANCE, 100), (301, 100)]));
    assert!(!allowed(&[(0, 1 << 40), (1 + ALLOWANCE, 0)]));
    assert!(!allowed(&[(u64::MAX, 1), (u64::MAX, 1)]) && allowed(&[(u64::MAX, u64::MAX)]));
}

/// Sixteen ranks that have one tensor of so many elements alike, in storages of so many.
fn alike(elements: usize, stored: usize) -> (Plan, Vec<Storages>) {
    let tensor =
        |part| Tensor { part, storage: 0, dtype: Dtype::F16, offset: 0, shape: vec![elements], strides: vec![1] };
    let same = |part| Same { of: String::new(), name: String::new(), first: tensor(0), second: tensor(part) };
    let config = Config {
        vocab_size: 1,
        n_positions: 1,
        n_embd: 1,
        n_layer: 0,
        n_head: 1,
        n_inner: 1,
        layer_norm_epsilon: 1e-5,
        activation: Activation::Gelu,
        tie_word_embeddings: true,
    };
    let plan = Plan {
        config,
        dtype: Dtype::F16,
        targets: Vec::new(),
        same: (1..16).map(same).collect(),
        tokenizer: TokenizerClaim::Unsaid,
        notes: Vec::new(),
        family: crate::checkpoint::Family::HuggingFace,
        format: String::new(),
    };
    let storages = |part| {
        let mut storages = Storages::default();
        storages.part = part;
        storages.list.push(Storage { key: "0".to_owned(), dtype: Dtype::F16, numel: stored });
        storages
    };
    (plan, (0..16).map(storages).collect())
}

#[test]
fn what_sixteen_ranks_have_alike_is_hashed_sixteen_times() {
    let (plan, storages) = alike(1_000, 1_000);
    let files: Vec<(&str, &Storages)> = storages.iter().map(|it| ("rank", it)).collect();
    let jobs = Jobs::of(&plan, &files).unwrap();
    assert!(jobs.by_storage.iter().flatten().all(|jobs| jobs.len() == 1));
    assert_eq!((jobs.compared.len(), jobs.pairs.len()), (16, 15));
    assert!(jobs.pairs.iter().all(|&(first, second)| jobs.compared[first].part == 0 && second > 0));
    // What is compared counts for the file that it is in: each of these is short of its work by a sixteenth of the
    // allowance, so that all together are just within it.
    let elements = ALLOWANCE as usize / 2 / 16;
    let (plan, mut storages) = alike(elements, 0);
    let files: Vec<(&str, &Storages)> = storages.iter().map(|it| ("rank", it)).collect();
    assert!(Jobs::of(&plan, &files).is_ok());
    let (plan, _) = alike(elements + 1, 0);
    let refused = Jobs::of(&plan, &files);
    assert!(matches!(refused, Err(ConvertError::Overlap { bytes: 0, .. })));
    for storages in &mut storages {
        storages.list[0].numel = 1;
    }
    let files: Vec<(&str, &Storages)> = storages.iter().map(|it| ("rank", it)).collect();
    assert!(Jobs::of(&plan, &files).is_ok());
}
