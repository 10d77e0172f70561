//! Checkpoints that Megatron Core itself wrote (`tests/data/torch_dist`), and such that it would not write.

use std::path::{Path, PathBuf};

use megachat::checkpoint::{Limits, MapError, pickle, torch_dist};
use megachat::directory::DirectoryError;
use megachat::install::convert::{ConvertError, Converted, Input, Options, convert};
use megachat::text::TokenizerChoice;
use serde_json::Value;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torch_dist").join(name)
}

/// Header and numbers of a safetensors file.
fn read(path: &Path) -> (Value, Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[8..8 + length]).unwrap(), bytes[8 + length..].to_vec())
}

/// Name, type, shape and bytes.
type Tensor = (String, Value, Value, Vec<u8>);

/// Every tensor of a file, by name.
fn tensors(path: &Path) -> Vec<Tensor> {
    let (header, data) = read(path);
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let entries = header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
    let mut found: Vec<_> = entries
        .map(|(name, it)| {
            let range = number(&it["data_offsets"][0])..number(&it["data_offsets"][1]);
            (name.clone(), it["dtype"].clone(), it["shape"].clone(), data[range].to_vec())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn try_convert(input: &Path) -> Result<(Converted, Vec<Tensor>), ConvertError> {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    // The vocabulary is not GPT-2's, so that only whoever knows it can say where the padding begins.
    let tokenizer = Some(TokenizerChoice::Gpt2);
    let options = Options { vocab: Some(11), tokenizer, ..Options::default() };
    let nothing = &mut |_| std::ops::ControlFlow::Continue(());
    let converted = convert(Input::Path(input), &output, &options, nothing)?;
    let files = [
        "config.json",
        "generation_config.json",
        "merges.txt",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    ];
    let mut left: Vec<_> = std::fs::read_dir(&output).unwrap().map(|it| it.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, files);
    Ok((converted, tensors(&output.join("model.safetensors"))))
}

/// A copy of a checkpoint's directory to spoil.
fn copy(name: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(data(name).join("iter_0000005")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
    }
    directory
}

#[test]
fn what_megatron_core_writes_gives_the_bits_it_had() {
    for (name, tied) in [("ranks", true), ("whole", true), ("untied", false), ("ranks/files", true)] {
        let (converted, found) = try_convert(&data(name)).unwrap();
        let expected = tensors(&data(name.trim_end_matches("/files")).join("expected.safetensors"));
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{name}: {}", expected.0);
        }
        // All of these come from the arguments, which lie in three different places.
        let config = converted.config;
        assert_eq!((config.n_head, config.vocab_size, config.tie_word_embeddings), (2, 11, tied), "{name}");
        assert!((config.layer_norm_epsilon - 2e-5).abs() < 1e-12, "{name}");
        assert!(converted.format.contains("Core"), "{}", converted.format);
    }
}

#[test]
fn the_directory_is_found_from_its_parts() {
    let directory = data("ranks/iter_0000005");
    let expected = try_convert(&directory).unwrap().1;
    for part in [".metadata", "__0_0.distcp"] {
        assert_eq!(try_convert(&directory.join(part)).unwrap().1, expected, "{part}");
    }
}

#[test]
fn other_ways_to_distribute_are_refused_by_name() {
    for backend in ["zarr", "fsdp_dtensor", "torch_dcp", "something"] {
        let directory = copy("whole");
        let text = format!("{{\"sharded_backend\": \"{backend}\", \"sharded_backend_version\": 1}}");
        std::fs::write(directory.path().join("metadata.json"), text).unwrap();
        let error = try_convert(directory.path()).unwrap_err();
        assert!(matches!(error, ConvertError::Directory(DirectoryError::Unsupported { .. })), "{error}");
        let shown = if backend == "something" { "unknown" } else { backend };
        assert!(error.to_string().contains(shown), "{error}");
    }
}

#[test]
fn a_file_that_is_missing_or_cut_off_is_named() {
    let directory = copy("ranks");
    std::fs::remove_file(directory.path().join("__2_1.distcp")).unwrap();
    let error = try_convert(directory.path()).unwrap_err();
    assert!(matches!(&error, ConvertError::Read { name, .. } if name.ends_with("__2_1.distcp")), "{error}");
    let directory = copy("ranks");
    let path = directory.path().join("__2_1.distcp");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = try_convert(directory.path()).unwrap_err();
    assert!(matches!(&error, ConvertError::Truncated { name, .. } if name.contains("__2_1.distcp")), "{error}");
}

#[test]
fn a_flipped_bit_in_a_chunk_is_noticed() {
    let directory = copy("whole");
    let path = directory.path().join("__0_1.distcp");
    let bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len()).step_by(997) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        std::fs::write(&path, bad).unwrap();
        // Padding and names of members may change without harm; numbers may not.
        if let Ok((_, found)) = try_convert(directory.path()) {
            assert_eq!(found, tensors(&data("whole/expected.safetensors")), "{at}");
        }
    }
}

fn parse(bytes: &[u8], limits: &Limits) -> Result<torch_dist::Metadata, String> {
    let (table, _) = pickle::parse(bytes, limits).map_err(|it| it.to_string())?;
    torch_dist::parse(&table, limits).map_err(|it| it.to_string())
}

#[test]
fn the_table_of_contents_is_read_and_every_damage_of_it_is_an_error_or_harmless() {
    let bytes = std::fs::read(data("ranks/iter_0000005/.metadata")).unwrap();
    let limits = Limits::default();
    let metadata = parse(&bytes, &limits).unwrap();
    let qkv = &metadata.tensors["decoder.layers.self_attention.linear_qkv.weight"];
    assert_eq!((qkv.shape.as_slice(), qkv.chunks.len()), (&[2, 48, 16][..], 4));
    assert!(qkv.chunks.iter().all(|chunk| chunk.shape == [1, 24, 16]));
    assert!(metadata.objects.contains_key("decoder.layers.mlp.linear_fc1._extra_state/shard_0_2"));
    for length in 0..bytes.len() {
        assert!(parse(&bytes[..length], &limits).is_err(), "{length}");
    }
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] = bad[at].wrapping_add(1);
        if let Ok(metadata) = parse(&bad, &limits) {
            let chunks = metadata.tensors.values().flat_map(|entry| &entry.chunks);
            assert!(chunks.into_iter().all(|chunk| chunk.range.file.starts_with("__")), "{at}");
        }
    }
}

#[test]
fn a_name_from_the_table_never_becomes_a_path() {
    let directory = copy("whole");
    let path = directory.path().join(".metadata");
    let bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(12).position(|it| it == b"__0_0.distcp").unwrap();
    for name in [b"../../x.disp", b"/etc/passwd1", b"__a_0.distcp", b"__0/0.distcp", b"__0_0.distcx"] {
        let mut bad = bytes.clone();
        bad[at..at + 12].copy_from_slice(name);
        std::fs::write(&path, bad).unwrap();
        let error = try_convert(directory.path()).unwrap_err();
        let expected =
            matches!(&error, ConvertError::Metadata { source: torch_dist::MetadataError::BadFile { .. }, .. });
        assert!(expected, "{error}");
    }
}

#[test]
fn chunks_that_leave_a_gap_or_overlap_are_refused() {
    // The four bytes of a chunk's offsets cannot be told apart by eye, so both tables are tried at every small number.
    let directory = copy("ranks");
    let path = directory.path().join(".metadata");
    let bytes = std::fs::read(&path).unwrap();
    let expected = tensors(&data("ranks/expected.safetensors"));
    let mut refused = 0;
    for at in (0..bytes.len() - 1).filter(|&at| bytes[at] == b'K') {
        let mut bad = bytes.clone();
        bad[at + 1] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        match try_convert(directory.path()) {
            Ok((_, found)) => assert_eq!(found, expected, "{at}"),
            Err(ConvertError::Map(MapError::Pieces { .. }) | ConvertError::Metadata { .. }) => refused += 1,
            Err(_) => {}
        }
    }
    assert!(refused > 20, "{refused}");
}
