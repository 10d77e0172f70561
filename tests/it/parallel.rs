//! Checkpoints of parallel training runs, split by hand here and joined by the converter.

use std::path::Path;

use megachat::checkpoint::{Fault, MapError};
use megachat::directory::DirectoryError;
use megachat::install::convert::{ConvertError, Input};

use crate::checkpoint::{sorted, text, try_convert, two_heads};
use crate::support::torch_files::{
    Container, HEADS, Half, Packing, Pickler, WIDTH, gpt2_of, linear, megatron_chunks, scatter_heads, transposed, zip,
};

const LAYERS: usize = 4;

/// One way to split a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    pub(crate) version: u8,
    pub(crate) tensor: usize,
    pub(crate) pipeline: usize,
    pub(crate) chunks: usize,
}

/// A model to split, under the names of 2019.
pub(crate) struct Whole {
    pub(crate) layers: usize,
    /// Of each head.
    pub(crate) channels: usize,
    pub(crate) tensors: Vec<(String, Half)>,
}

/// The rows from `part` of `parts` equal ones.
fn rows(tensor: &Half, part: usize, parts: usize) -> Half {
    let columns = tensor.shape.get(1).copied().unwrap_or(1);
    let count = tensor.shape[0] / parts;
    let mut shape = tensor.shape.clone();
    shape[0] = count;
    Half { bits: tensor.bits[part * count * columns..(part + 1) * count * columns].to_vec(), shape }
}

fn stacked(parts: &[Half]) -> Half {
    let mut shape = parts[0].shape.clone();
    shape[0] = parts.iter().map(|part| part.shape[0]).sum();
    Half { bits: parts.iter().flat_map(|part| part.bits.clone()).collect(), shape }
}

/// What tensor rank `rank` of `of` keeps of a tensor, in the row order of `version`.
fn shard(name: &str, tensor: &Half, (version, channels): (u8, usize), rank: usize, of: usize) -> Half {
    if name.contains("query_key_value") {
        let kinds: Vec<Half> = (0..3).map(|kind| rows(&rows(tensor, kind, 3), rank, of)).collect();
        return scatter_heads(&stacked(&kinds), version, channels);
    }
    if name.contains("word_embeddings") || name.contains("dense_h_to_4h") {
        return rows(tensor, rank, of);
    }
    if name.ends_with("dense.weight") || name.ends_with("dense_4h_to_h.weight") {
        return transposed(&rows(&transposed(tensor), rank, of));
    }
    tensor.clone()
}

/// The content of one chunk of one rank of the tiny model.
fn chunk(split: Split, tensor: usize, pipeline: usize, chunk: usize) -> Vec<(String, Half)> {
    let tensors = linear(gpt2_of(LAYERS), false, "self_attention");
    chunk_of(&Whole { layers: LAYERS, channels: WIDTH / HEADS, tensors }, split, tensor, pipeline, chunk)
}

/// The content of one chunk of one rank.
pub(crate) fn chunk_of(
    whole: &Whole,
    split: Split,
    tensor: usize,
    pipeline: usize,
    chunk: usize,
) -> Vec<(String, Half)> {
    let stages = split.pipeline * split.chunks;
    let stage = chunk * split.pipeline + pipeline;
    let count = whole.layers / stages;
    let first = stage * count;
    let manner = (split.version, whole.channels);
    let mut found = Vec::new();
    for (name, whole) in &whole.tensors {
        let part = shard(name, whole, manner, tensor, split.tensor);
        if let Some(rest) = name.strip_prefix("transformer.layers.") {
            let (number, rest) = rest.split_once('.').unwrap();
            let number: usize = number.parse().unwrap();
            if (first..first + count).contains(&number) {
                found.push((format!("encoder.layers.{}.{rest}", number - first), part));
            }
        } else if name.contains("final_layernorm") {
            if stage == stages - 1 {
                found.push((name.replace("transformer.", "encoder."), part));
            }
        } else if stage == 0 {
            found.push((format!("embedding.{name}"), part.clone()));
        }
        if name == "word_embeddings.weight" && stage == stages - 1 && stages > 1 {
            found
                .push(("word_embeddings_for_head.weight".to_owned(), shard(name, whole, manner, tensor, split.tensor)));
        }
    }
    found
}

fn file(kind: Container, split: Split, tensor: usize, pipeline: usize) -> Vec<u8> {
    let chunks: Vec<_> = (0..split.chunks).map(|it| chunk(split, tensor, pipeline, it)).collect();
    let names: Vec<String> = (0..split.chunks).map(|it| format!("model{it}")).collect();
    let entries: Vec<(&str, &[(String, Half)])> = match chunks.as_slice() {
        [only] => vec![("model", only)],
        several => names.iter().map(String::as_str).zip(several.iter().map(Vec::as_slice)).collect(),
    };
    let version = [b'K', split.version];
    let extra: &[(&str, &[u8])] = if split.version == 0 { &[] } else { &[("checkpoint_version", &version)] };
    megatron_chunks(kind, false, &entries, extra)
}

pub(crate) fn directory_name(split: Split, tensor: usize, pipeline: usize) -> String {
    if split.pipeline > 1 { format!("mp_rank_{tensor:02}_{pipeline:03}") } else { format!("mp_rank_{tensor:02}") }
}

pub(crate) fn places(split: Split) -> impl Iterator<Item = (usize, usize)> {
    (0..split.tensor).flat_map(move |tensor| (0..split.pipeline).map(move |pipeline| (tensor, pipeline)))
}

fn write(root: &Path, kind: Container, split: Split) {
    std::fs::write(root.join("latest_checkpointed_iteration.txt"), "7").unwrap();
    for (tensor, pipeline) in places(split) {
        let rank = root.join("iter_0000007").join(directory_name(split, tensor, pipeline));
        std::fs::create_dir_all(&rank).unwrap();
        std::fs::write(rank.join("model_optim_rng.pt"), file(kind, split, tensor, pipeline)).unwrap();
    }
}

fn convert(path: &Path) -> Result<Vec<(String, Half)>, ConvertError> {
    try_convert(Input::Path(path), &two_heads()).map(|it| it.1)
}

#[test]
fn every_split_of_every_version_gives_the_same_bits() {
    let expected = sorted(gpt2_of(LAYERS));
    for version in 0..=3 {
        for (tensor, pipeline, chunks) in [(2, 1, 1), (1, 2, 1), (1, 4, 1), (2, 2, 1), (1, 2, 2), (2, 2, 2), (2, 4, 1)]
        {
            let split = Split { version, tensor, pipeline, chunks };
            let kind = if version % 2 == 0 { Container::Legacy } else { Container::Zip };
            let root = tempfile::tempdir().unwrap();
            write(root.path(), kind, split);
            assert_eq!(convert(root.path()).unwrap(), expected, "{split:?}");
        }
    }
}

#[test]
fn all_ranks_are_found_from_the_file_of_one() {
    let split = Split { version: 0, tensor: 2, pipeline: 2, chunks: 1 };
    let root = tempfile::tempdir().unwrap();
    write(root.path(), Container::Legacy, split);
    let rank = root.path().join("iter_0000007/mp_rank_01_001");
    let expected = sorted(gpt2_of(LAYERS));
    for path in [rank.clone(), rank.join("model_optim_rng.pt"), root.path().join("iter_0000007")] {
        assert_eq!(convert(&path).unwrap(), expected, "{}", path.display());
    }
}

#[test]
fn an_archive_of_all_ranks_is_one_model() {
    let split = Split { version: 0, tensor: 2, pipeline: 2, chunks: 1 };
    let expected = sorted(gpt2_of(LAYERS));
    for kind in [Container::Legacy, Container::Zip] {
        let member = |(tensor, pipeline)| {
            let name = format!("release/{}/model_optim_rng.pt", directory_name(split, tensor, pipeline));
            (name, file(kind, split, tensor, pipeline))
        };
        let members: Vec<_> = places(split).map(member).collect();
        for packing in [Packing::Stored, Packing::Deflated, Packing::Descriptor] {
            let bytes = zip(&members, packing);
            let found = try_convert(Input::Bytes { name: "", bytes: &bytes }, &two_heads());
            let (converted, tensors) = found.unwrap();
            assert_eq!(tensors, expected, "{kind:?} {packing:?}");
            assert!(converted.format.contains("2 tensor ranks, 2 pipeline ranks"), "{}", converted.format);
        }
    }
}

#[test]
fn a_missing_rank_is_named() {
    let split = Split { version: 3, tensor: 2, pipeline: 2, chunks: 1 };
    let root = tempfile::tempdir().unwrap();
    write(root.path(), Container::Zip, split);
    let ranks = root.path().join("iter_0000007");
    std::fs::remove_dir_all(ranks.join("mp_rank_01_000")).unwrap();
    let error = convert(root.path()).unwrap_err();
    let expected = |it: &ConvertError| {
        matches!(it, ConvertError::Map(MapError::MissingRanks { tensor: 2, pipeline: 2, found: 3 }))
    };
    assert!(expected(&error), "{error}");
    // Only one tensor rank left: its shapes say so.
    let alone = Split { version: 3, tensor: 2, pipeline: 1, chunks: 1 };
    let bytes = file(Container::Zip, alone, 0, 0);
    let error = try_convert(Input::Bytes { name: "", bytes: &bytes }, &two_heads()).unwrap_err();
    assert!(matches!(error, ConvertError::Map(MapError::Ranks { given: 2, found: 1, .. })), "{error}");
}

#[test]
fn the_arguments_and_the_files_must_agree_about_the_ranks() {
    let mut arguments = Pickler::default();
    arguments.global("argparse", "Namespace").raw(b")\x81}(");
    arguments.text("tensor_model_parallel_size").integer(4).raw(b"ub");
    let split = Split { version: 0, tensor: 1, pipeline: 1, chunks: 1 };
    let model = chunk(split, 0, 0, 0);
    let bytes = megatron_chunks(Container::Zip, false, &[("model", &model)], &[("args", &arguments.bytes)]);
    let error = try_convert(Input::Bytes { name: "", bytes: &bytes }, &two_heads()).unwrap_err();
    assert!(matches!(error, ConvertError::Map(MapError::Ranks { given: 4, found: 1, .. })), "{error}");
}

#[test]
fn what_every_rank_has_whole_is_compared() {
    let split = Split { version: 3, tensor: 2, pipeline: 1, chunks: 1 };
    for spoilt in ["embedding.position_embeddings.weight", "encoder.layers.2.mlp.dense_4h_to_h.bias"] {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), Container::Legacy, split);
        let mut model = chunk(split, 1, 0, 0);
        let tensor = &mut model.iter_mut().find(|it| it.0 == spoilt).unwrap().1;
        tensor.bits[3] ^= 1;
        let bytes =
            megatron_chunks(Container::Legacy, false, &[("model", &model)], &[("checkpoint_version", b"K\x03")]);
        std::fs::write(root.path().join("iter_0000007/mp_rank_01/model_optim_rng.pt"), bytes).unwrap();
        let error = convert(root.path()).unwrap_err();
        let expected = matches!(&error, ConvertError::NotTied { name, of } if name.contains("rank 1") && of == spoilt);
        assert!(expected, "{error}");
    }
}

#[test]
fn the_last_stages_copy_of_the_word_table_is_compared() {
    let split = Split { version: 3, tensor: 2, pipeline: 2, chunks: 1 };
    let root = tempfile::tempdir().unwrap();
    write(root.path(), Container::Legacy, split);
    let mut model = chunk(split, 1, 1, 0);
    let tensor = &mut model.iter_mut().find(|it| it.0 == "word_embeddings_for_head.weight").unwrap().1;
    *tensor.bits.last_mut().unwrap() ^= 1;
    let bytes = megatron_chunks(Container::Legacy, false, &[("model", &model)], &[("checkpoint_version", b"K\x03")]);
    std::fs::write(root.path().join("iter_0000007/mp_rank_01_001/model_optim_rng.pt"), bytes).unwrap();
    let error = convert(root.path()).unwrap_err();
    assert!(matches!(&error, ConvertError::NotTied { name, .. } if name.contains("for_head")), "{error}");
}

#[test]
fn a_tensor_that_one_rank_lacks_or_has_otherwise_is_named() {
    let split = Split { version: 3, tensor: 2, pipeline: 1, chunks: 1 };
    let root = tempfile::tempdir().unwrap();
    write(root.path(), Container::Zip, split);
    let mut model = chunk(split, 1, 0, 0);
    model.retain(|it| it.0 != "encoder.final_layernorm.bias");
    let tensor = &mut model.iter_mut().find(|it| it.0.ends_with("1.mlp.dense_4h_to_h.weight")).unwrap().1;
    *tensor = transposed(tensor);
    let bytes = megatron_chunks(Container::Zip, false, &[("model", &model)], &[("checkpoint_version", b"K\x03")]);
    std::fs::write(root.path().join("iter_0000007/mp_rank_01/model_optim_rng.pt"), bytes).unwrap();
    let error = convert(root.path()).unwrap_err();
    let ConvertError::Map(MapError::Faults(faults)) = &error else { panic!("{error}") };
    let missing =
        |it: &Fault| matches!(it, Fault::Missing(name) if name.contains("final_layernorm.bias of tensor rank 1"));
    let shape = |it: &Fault| matches!(it, Fault::Shape { name, .. } if name.contains("dense_4h_to_h.weight"));
    assert!(faults.iter().any(missing) && faults.iter().any(shape), "{error}");
}

#[test]
fn experts_and_odd_rank_names_are_refused() {
    let split = Split { version: 3, tensor: 1, pipeline: 1, chunks: 1 };
    for (name, what) in [("mp_rank_00_000_001", "experts"), ("mp_rank_x", "unknown"), ("mp_rank_00_1_2_3", "unknown")] {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(name)).unwrap();
        std::fs::write(root.path().join(name).join("model_optim_rng.pt"), file(Container::Zip, split, 0, 0)).unwrap();
        let error = convert(root.path()).unwrap_err();
        assert!(
            matches!(error, ConvertError::Directory(DirectoryError::Unsupported { .. }))
                && error.to_string().contains(what),
            "{error}"
        );
    }
}

#[test]
fn layers_numbered_through_all_stages_are_understood() {
    let split = Split { version: 3, tensor: 1, pipeline: 2, chunks: 1 };
    let root = tempfile::tempdir().unwrap();
    write(root.path(), Container::Zip, split);
    let mut model = chunk(split, 0, 1, 0);
    for (name, _) in &mut model {
        *name = name.replace("layers.1.", "layers.3.").replace("layers.0.", "layers.2.");
    }
    let bytes = megatron_chunks(Container::Zip, false, &[("model", &model)], &[("checkpoint_version", b"K\x03")]);
    std::fs::write(root.path().join("iter_0000007/mp_rank_00_001/model_optim_rng.pt"), bytes).unwrap();
    assert_eq!(convert(root.path()).unwrap(), sorted(gpt2_of(LAYERS)));
}

#[test]
fn arguments_that_are_a_text_are_refused() {
    let split = Split { version: 0, tensor: 1, pipeline: 1, chunks: 1 };
    let model = chunk(split, 0, 0, 0);
    let odd = text("not a namespace");
    let bytes = megatron_chunks(Container::Zip, false, &[("model", &model)], &[("args", &odd)]);
    let error = try_convert(Input::Bytes { name: "", bytes: &bytes }, &two_heads()).unwrap_err();
    assert!(matches!(error, ConvertError::Map(MapError::Argument { .. })), "{error}");
    assert!(error.to_string().contains("is text, expected an argparse.Namespace"), "{error}");
}
