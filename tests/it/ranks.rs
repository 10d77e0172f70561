//! Any number of ranks becomes the model that was split, and files that are not of one checkpoint become none.

use std::path::Path;

use megachat::checkpoint::{Fault, MapError};
use megachat::install::convert::{ConvertError, Input, Options};

use crate::checkpoint::{arguments, float, sorted, text, try_convert, two_heads};
use crate::parallel::{Split, Whole, chunk_of, directory_name, places};
use crate::support::torch_files::{
    Container, HEADS, Half, Pickler, View, WIDTH, container, gpt2, gpt2_of, gpt2_sized, half, linear, megatron_chunks,
};

const LAYERS: usize = 8;
const MANY_HEADS: usize = 48;

/// A model that can be divided among 1, 2, 3, 4, 8 and 16 ranks.
fn divisible() -> Vec<(String, Half)> {
    gpt2_sized(LAYERS, 2 * MANY_HEADS, 48, 48)
}

fn integer(number: usize) -> Vec<u8> {
    let mut pickler = Pickler::default();
    pickler.integer(number);
    pickler.bytes
}

/// What training says of a split and its rank: the numbers of the split, and what each rank has of its own.
fn said(split: Split, heads: usize, rank: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut entries = vec![
        ("num_attention_heads", integer(heads)),
        ("tensor_model_parallel_size", integer(split.tensor)),
        ("pipeline_model_parallel_size", integer(split.pipeline)),
        ("rank", integer(rank)),
        ("local_rank", integer(rank % 8)),
        ("save", text(&format!("/node{}/checkpoints", rank / 8))),
        ("vocab_file", text(&format!("/node{}/vocab.json", rank / 8))),
    ];
    if split.chunks > 1 {
        entries.push(("virtual_pipeline_model_parallel_size", integer(split.chunks)));
    }
    entries
}

/// One rank's file: its chunks, and entries of the outermost dictionary.
fn file(kind: Container, whole: &Whole, split: Split, place: (usize, usize), extra: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let chunks: Vec<_> = (0..split.chunks).map(|it| chunk_of(whole, split, place.0, place.1, it)).collect();
    let names: Vec<String> = (0..split.chunks).map(|it| format!("model{it}")).collect();
    let entries: Vec<(&str, &[(String, Half)])> = match chunks.as_slice() {
        [only] => vec![("model", only)],
        several => names.iter().map(String::as_str).zip(several.iter().map(Vec::as_slice)).collect(),
    };
    let extra: Vec<(&str, &[u8])> = extra.iter().map(|(key, value)| (*key, value.as_slice())).collect();
    megatron_chunks(kind, false, &entries, &extra)
}

fn put(root: &Path, split: Split, place: (usize, usize), bytes: &[u8]) {
    let rank = root.join(directory_name(split, place.0, place.1));
    std::fs::create_dir_all(&rank).unwrap();
    std::fs::write(rank.join("model_optim_rng.pt"), bytes).unwrap();
}

#[test]
fn every_number_of_tensor_and_pipeline_ranks_gives_the_same_bits() {
    let whole = Whole { layers: LAYERS, channels: 2, tensors: linear(divisible(), false, "self_attention") };
    let expected = sorted(divisible());
    let mut versions = (0..=3).cycle();
    for tensor in [1, 2, 3, 4, 8, 16] {
        for (pipeline, chunks) in [(1, 1), (2, 1), (4, 1), (2, 2), (4, 2)] {
            // Two versions each, so that every number of tensor ranks has every version more than once.
            for version in versions.by_ref().take(2) {
                let split = Split { version, tensor, pipeline, chunks };
                let kind = if (tensor + pipeline) % 2 == 0 { Container::Legacy } else { Container::Zip };
                let root = tempfile::tempdir().unwrap();
                for (rank, place) in places(split).enumerate() {
                    let entries = said(split, MANY_HEADS, rank);
                    let entries: Vec<_> = entries.iter().map(|(key, value)| (*key, value.as_slice())).collect();
                    let mut extra = vec![("args", arguments(&entries)), ("iteration", integer(7))];
                    extra.extend((version > 0).then(|| ("checkpoint_version", float(f64::from(version)))));
                    put(root.path(), split, place, &file(kind, &whole, split, place, &extra));
                }
                let found = try_convert(Input::Path(root.path()), &Options::default());
                let (converted, tensors) = found.unwrap_or_else(|error| panic!("{split:?}: {error}"));
                assert!(tensors == expected, "{split:?}");
                assert_eq!(converted.config.n_head, MANY_HEADS);
            }
        }
    }
}

/// Two ranks of the tiny model, of which the second has these entries in place of the first one's.
fn two_ranks(first: &[(&str, Vec<u8>)], second: &[(&str, Vec<u8>)]) -> Result<Vec<(String, Half)>, ConvertError> {
    let split = Split { version: 3, tensor: 2, pipeline: 1, chunks: 1 };
    let tensors = linear(gpt2_of(2), false, "self_attention");
    let whole = Whole { layers: 2, channels: WIDTH / HEADS, tensors };
    let root = tempfile::tempdir().unwrap();
    put(root.path(), split, (0, 0), &file(Container::Zip, &whole, split, (0, 0), first));
    put(root.path(), split, (1, 0), &file(Container::Zip, &whole, split, (1, 0), second));
    try_convert(Input::Path(root.path()), &two_heads()).map(|it| it.1)
}

#[test]
fn ranks_of_different_checkpoints_are_refused_with_rank_field_and_both_values() {
    let of = |version: f64, iteration: usize, entries: &[(&str, &[u8])]| {
        vec![("checkpoint_version", float(version)), ("iteration", integer(iteration)), ("args", arguments(entries))]
    };
    let (four, tanh, erf) = (integer(4), b"\x88".to_vec(), b"\x89".to_vec());
    let (bpe, spm) = (text("GPT2BPETokenizer"), text("SentencePieceTokenizer"));
    let (a, b) = (text("/one/a.model"), text("/two/b.model"));
    let good = of(3.0, 7, &[("num_layers", b"K\x02"), ("hidden_size", b"K\x80")]);
    two_ranks(&good, &good).unwrap();
    let cases: [(&str, Vec<_>, Vec<_>, [&str; 2]); 11] = [
        (
            "checkpoint_version",
            good.clone(),
            of(1.0, 7, &[("num_layers", b"K\x02"), ("hidden_size", b"K\x80")]),
            ["1", "3"],
        ),
        ("checkpoint_version", good.clone(), good[1..].to_vec(), ["absent", "3"]),
        ("iteration", of(3.0, 7, &[]), of(3.0, 8, &[]), ["8", "7"]),
        ("args", good.clone(), good[..2].to_vec(), ["absent", "there"]),
        ("num_layers", of(3.0, 7, &[("num_layers", b"K\x02")]), of(3.0, 7, &[("num_layers", &four)]), ["4", "2"]),
        ("num_attention_heads", of(3.0, 7, &[("num_attention_heads", b"K\x02")]), of(3.0, 7, &[]), ["absent", "2"]),
        (
            "bias_gelu_fusion",
            of(3.0, 7, &[("bias_gelu_fusion", &tanh)]),
            of(3.0, 7, &[("bias_gelu_fusion", &erf)]),
            ["False", "True"],
        ),
        (
            "layernorm_epsilon",
            of(3.0, 7, &[("layernorm_epsilon", &float(1e-5))]),
            of(3.0, 7, &[("layernorm_epsilon", &float(1e-6))]),
            ["0.000001", "0.00001"],
        ),
        (
            "tokenizer_type",
            of(3.0, 7, &[("tokenizer_type", &bpe)]),
            of(3.0, 7, &[("tokenizer_type", &spm)]),
            ["SentencePieceTokenizer", "GPT2BPETokenizer"],
        ),
        (
            "tokenizer_model",
            of(3.0, 7, &[("tokenizer_model", &a)]),
            of(3.0, 7, &[("tokenizer_model", &b)]),
            ["b.model", "a.model"],
        ),
        (
            "tensor_model_parallel_size",
            of(3.0, 7, &[("tensor_model_parallel_size", b"K\x02")]),
            of(3.0, 7, &[("tensor_model_parallel_size", &four)]),
            ["4", "2"],
        ),
    ];
    for (wanted, first, second, [other, own]) in cases {
        let error = two_ranks(&first, &second).unwrap_err();
        let ConvertError::Map(MapError::RanksDiffer { field, rank, found, expected, .. }) = &error else {
            panic!("{wanted}: {error}")
        };
        assert_eq!((*field, rank.tensor, found.as_str(), expected.as_str()), (wanted, 1, other, own));
        let said = error.to_string();
        assert!(said.contains("the file of tensor rank 1, but") && said.contains("that of tensor rank 0"), "{said}");
    }
}

#[test]
fn what_each_rank_has_of_its_own_and_numbers_of_two_types_are_no_difference() {
    let of = |version: &[u8], entries: &[(&str, &[u8])]| {
        vec![("checkpoint_version", version.to_vec()), ("args", arguments(entries))]
    };
    let (one, two) = (text("/one/data/vocab.json"), text("/two/vocab.json"));
    let first = of(&float(3.0), &[("rank", b"K\0"), ("vocab_file", &one), ("load", &one), ("num_layers", b"K\x02")]);
    let second = of(b"K\x03", &[("rank", b"K\x01"), ("vocab_file", &two), ("load", &two), ("num_layers", &float(2.0))]);
    two_ranks(&first, &second).unwrap();
}

/// A file of plain names whose tensors are looks into storages, each named and given its elements.
fn views(tensors: &[(&str, &str, View)], storages: &[(String, Vec<u16>)]) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.global("collections", "OrderedDict").raw(b")R(");
    for (name, storage, view) in tensors {
        pickler.text(name).tensor(Container::Zip, storage, view);
    }
    pickler.raw(b"u.");
    container(Container::Zip, &pickler.bytes, storages)
}

#[test]
fn tensors_that_share_their_bytes_are_written_as_often_as_there_are_names() {
    // All norms are the same ones, all vectors the same zeros, the output matrix is the word table, and the matrices of
    // both layers are columns of one.
    let layers = 40;
    let model = gpt2_of(layers);
    let fused = half(5, &[WIDTH, 5 * WIDTH]);
    let one = 0x3c00;
    let mut storages = vec![("0".to_owned(), vec![one; WIDTH]), ("1".to_owned(), vec![0; 3 * WIDTH])];
    storages.push(("2".to_owned(), fused.bits.clone()));
    let mut expected = Vec::new();
    let mut tensors = Vec::new();
    for (name, tensor) in &model {
        let numel = tensor.bits.len();
        let columns = tensor.shape.get(1).copied().unwrap_or(1);
        if tensor.shape.len() == 1 {
            let (storage, bit) = if name.ends_with("weight") { ("0", one) } else { ("1", 0) };
            let view = View { numel: if bit == 0 { 3 * WIDTH } else { WIDTH }, ..View::whole(tensor) };
            tensors.push((name.as_str(), storage.to_owned(), view));
            expected.push((name.clone(), Half { bits: vec![bit; numel], shape: tensor.shape.clone() }));
        } else if name.contains("attn") {
            // The joint matrix, and the one after it, which begins three widths to the right.
            let offset = if name.contains("c_proj") { 3 * WIDTH } else { 0 };
            let view =
                View { numel: 5 * WIDTH * WIDTH, offset, shape: tensor.shape.clone(), strides: vec![5 * WIDTH, 1] };
            tensors.push((name.as_str(), "2".to_owned(), view));
            let row = |row: usize| fused.bits[row * 5 * WIDTH + offset..][..columns].to_vec();
            let bits = (0..WIDTH).flat_map(row).collect();
            expected.push((name.clone(), Half { bits, shape: tensor.shape.clone() }));
        } else {
            let storage = storages.len().to_string();
            tensors.push((name.as_str(), storage.clone(), View::whole(tensor)));
            storages.push((storage, tensor.bits.clone()));
            expected.push((name.clone(), tensor.clone()));
        }
    }
    tensors.push(("lm_head.weight", "3".to_owned(), View::whole(&model[0].1)));
    let tensors: Vec<_> = tensors.iter().map(|(name, storage, view)| (*name, storage.as_str(), view.clone())).collect();
    let file = views(&tensors, &storages);
    let (_, found) = try_convert(Input::Bytes { name: "", bytes: &file }, &two_heads()).unwrap();
    assert!(found == sorted(expected));
}

#[test]
fn what_has_fewer_bytes_than_it_would_make_is_refused() {
    // Every matrix of every layer lies in the same bytes: a little file that would fill a disk.
    let (layers, numel) = (200, 3 * WIDTH * WIDTH);
    let model = gpt2_of(layers);
    let shared = |tensor: &Half| View { numel, ..View::whole(tensor) };
    let tensors: Vec<_> = model.iter().map(|(name, tensor)| (name.as_str(), "0", shared(tensor))).collect();
    let file = views(&tensors, &[("0".to_owned(), vec![1; numel])]);
    let error = try_convert(Input::Bytes { name: "", bytes: &file }, &two_heads()).unwrap_err();
    assert!(matches!(error, ConvertError::Overlap { bytes: 98_304, .. }), "{error}");
    let few = &tensors[..2 + 12 * 2];
    let few: Vec<_> = few.iter().chain(&tensors[tensors.len() - 2..]).cloned().collect();
    let file = views(&few, &[("0".to_owned(), vec![1; numel])]);
    try_convert(Input::Bytes { name: "", bytes: &file }, &two_heads()).unwrap();
}

#[test]
fn a_fault_of_a_rank_has_both_names() {
    let mut model = gpt2();
    model.retain(|it| it.0 != "transformer.h.1.mlp.c_fc.bias");
    let split = Split { version: 3, tensor: 2, pipeline: 1, chunks: 1 };
    let whole = Whole { layers: 2, channels: WIDTH / HEADS, tensors: linear(gpt2(), false, "self_attention") };
    let part = Whole { layers: 2, channels: WIDTH / HEADS, tensors: linear(model, false, "self_attention") };
    let version = [("checkpoint_version", float(3.0))];
    let root = tempfile::tempdir().unwrap();
    put(root.path(), split, (0, 0), &file(Container::Zip, &whole, split, (0, 0), &version));
    put(root.path(), split, (1, 0), &file(Container::Zip, &part, split, (1, 0), &version));
    let error = try_convert(Input::Path(root.path()), &two_heads()).unwrap_err();
    let ConvertError::Map(MapError::Faults(faults)) = &error else { panic!("{error}") };
    let name = "encoder.layers.1.mlp.dense_h_to_4h.bias of tensor rank 1 (transformer.h.1.mlp.c_fc.bias)";
    assert!(faults.contains(&Fault::Missing(name.to_owned())), "{error}");
}
