//! Checkpoints, tiny and real, become models: bit-equal where they are good, an error where not.

use std::ops::ControlFlow;
use std::path::Path;

use megachat::checkpoint::legacy::LegacyError;
use megachat::checkpoint::pickle::{PickleError, parse};
use megachat::checkpoint::zip::ZipError;
use megachat::checkpoint::{Activation, Config, ConfigError, Fault, Limits, MapError};
use megachat::directory::DirectoryError;
use megachat::install::convert::{ConvertError, Converted, Input, Options, Step, convert};
use megachat::text::TokenizerChoice;

use crate::support::torch_files::{
    Container, HEADS, Half, INNER, Packing, Pickler, View, WIDTH, bytes_of, container, download, flat_file, gpt2, half,
    megatron, megatron_file, read_safetensors, transposed, zip,
};

const DEMO: &[u8] = include_bytes!("../../assets/megatron_demo.zip");

/// Converts and answers the tensors, sorted by name; makes sure that failure leaves nothing.
pub(crate) fn try_convert(
    input: Input<'_>,
    options: &Options,
) -> Result<(Converted, Vec<(String, Half)>), ConvertError> {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("model");
    // No tiny model says what its words are.
    let tokenizer = options.tokenizer.clone().or(Some(TokenizerChoice::Gpt2));
    let options = Options { tokenizer, ..options.clone() };
    let result = convert(input, &output, &options, &mut |_| ControlFlow::Continue(()));
    if result.is_err() {
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "something is left behind");
    }
    let converted = result?;
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    Ok((converted, read_safetensors(&std::fs::read(output.join("model.safetensors")).unwrap())))
}

fn from_bytes(bytes: &[u8]) -> Result<(Converted, Vec<(String, Half)>), ConvertError> {
    try_convert(Input::Bytes { name: "test", bytes }, &two_heads())
}

/// What a file without arguments does not say of the tiny model.
pub(crate) fn two_heads() -> Options {
    Options { heads: Some(HEADS), tokenizer: Some(TokenizerChoice::Gpt2), ..Options::default() }
}

pub(crate) fn sorted(mut tensors: Vec<(String, Half)>) -> Vec<(String, Half)> {
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    tensors
}

/// A number as protocol 2 pickles it.
pub(crate) fn float(number: f64) -> Vec<u8> {
    let mut bytes = b"G".to_vec();
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes
}

fn version_entry(version: u8) -> Vec<(&'static str, Vec<u8>)> {
    match version {
        0 => vec![],
        // Version 1 was an integer for a day.
        1 => vec![("checkpoint_version", b"K\x01".to_vec())],
        _ => vec![("checkpoint_version", float(f64::from(version)))],
    }
}

fn tiny(kind: Container, version: u8) -> Vec<u8> {
    let extra = version_entry(version);
    let extra: Vec<(&str, &[u8])> = extra.iter().map(|(key, value)| (*key, value.as_slice())).collect();
    megatron_file(kind, true, &megatron(version, true, "attention"), &extra)
}

/// `args` of the given entries, each a key and a pickled value.
pub(crate) fn arguments(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut pickler = Pickler::default();
    pickler.global("argparse", "Namespace").raw(b")\x81}(");
    for (key, value) in entries {
        pickler.text(key).raw(value);
    }
    pickler.raw(b"ub");
    pickler.bytes
}

pub(crate) fn text(value: &str) -> Vec<u8> {
    let mut pickler = Pickler::default();
    pickler.text(value);
    pickler.bytes
}

#[test]
fn every_version_container_and_packing_gives_the_same_bits() {
    let expected = sorted(gpt2());
    for version in 0..=3 {
        for kind in [Container::Legacy, Container::Zip] {
            let file = tiny(kind, version);
            let (converted, tensors) = from_bytes(&file).unwrap();
            assert_eq!(tensors, expected, "version {version}, {kind:?}");
            assert_eq!(converted.config.n_head, 2);
            for packing in [Packing::Stored, Packing::Deflated, Packing::Descriptor] {
                let (_, tensors) = from_bytes(&download(&file, packing)).unwrap();
                assert_eq!(tensors, expected, "version {version}, {kind:?}, {packing:?}");
            }
        }
    }
}

#[test]
fn every_generation_of_names_gives_the_same_bits() {
    let expected = sorted(gpt2());
    let flat_2019 = megatron_file(Container::Legacy, false, &megatron(0, false, "attention"), &[]);
    assert_eq!(from_bytes(&flat_2019).unwrap().1, expected);
    let renamed = |from: &str, to: &str| -> Vec<(String, Half)> {
        let tensors = megatron(3, true, "self_attention").into_iter();
        tensors.map(|(name, tensor)| (name.replace(from, to), tensor)).collect()
    };
    let version = float(3.0);
    let extra: &[(&str, &[u8])] = &[("checkpoint_version", &version)];
    for tensors in [renamed("transformer.", "encoder."), renamed("x", "x")] {
        let file = megatron_file(Container::Zip, true, &tensors, extra);
        assert_eq!(from_bytes(&file).unwrap().1, expected);
    }
    let dotted = renamed("", "").into_iter().map(|(name, it)| (format!("module.language_model.{name}"), it));
    let file = megatron_file(Container::Zip, false, &dotted.collect::<Vec<_>>(), extra);
    assert_eq!(from_bytes(&file).unwrap().1, expected);
}

#[test]
fn megatron_core_names_give_the_same_bits() {
    let tensors = megatron(3, true, "self_attention").into_iter().map(|(name, tensor)| {
        let name = name
            .replace("transformer.", "decoder.")
            .replace("query_key_value", "linear_qkv")
            .replace("self_attention.dense", "self_attention.linear_proj")
            .replace("input_layernorm.", "self_attention.linear_qkv.layer_norm_")
            .replace("post_attention_layernorm.", "pre_mlp_layernorm.")
            .replace("dense_h_to_4h", "linear_fc1")
            .replace("dense_4h_to_h", "linear_fc2");
        (name, tensor)
    });
    let file = megatron_file(Container::Zip, false, &tensors.collect::<Vec<_>>(), &[]);
    assert_eq!(from_bytes(&file).unwrap().1, sorted(gpt2()));
}

#[test]
fn the_demo_converts() {
    let input = Input::Bytes { name: "demo", bytes: DEMO };
    // As the program itself says it.
    let options = Options { heads: Some(3), ..Options::default() };
    let (converted, tensors) = try_convert(input, &options).unwrap();
    let expected = Config {
        vocab_size: 50_257,
        n_positions: 512,
        n_embd: 192,
        n_layer: 6,
        n_head: 3,
        n_inner: 768,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    };
    assert_eq!(converted.config, expected);
    assert_eq!(tensors.len(), 4 + 6 * 12);
    assert_eq!(converted.parameters, 12_417_216);
    let hash = "01e333289e9ac3e561ef5b174a0b80fb57a507f8cdabd5f1dc84476caf1c4a2a";
    assert_eq!(converted.source_sha256.as_deref(), Some(hash));
    let again = try_convert(input, &options).unwrap().0;
    assert_eq!(again.weights.sha256, converted.weights.sha256);
    let unsaid = try_convert(input, &Options::default()).unwrap_err();
    assert!(matches!(unsaid, ConvertError::Map(MapError::HeadsUnknown { n_embd: 192, .. })), "{unsaid}");
}

#[test]
fn hugging_face_names_convert_from_torch_files_and_round_trip() {
    let expected = sorted(gpt2());
    let mut bare: Vec<(String, Half)> =
        gpt2().into_iter().map(|(name, it)| (name.replace("transformer.", ""), it)).collect();
    bare.push(("h.0.attn.bias".to_owned(), half(5, &[4])));
    bare.push(("h.0.attn.masked_bias".to_owned(), half(5, &[1])));
    bare.push(("lm_head.weight".to_owned(), gpt2()[0].1.clone()));
    for kind in [Container::Legacy, Container::Zip] {
        assert_eq!(from_bytes(&flat_file(kind, &gpt2())).unwrap().1, expected);
        assert_eq!(from_bytes(&flat_file(kind, &bare)).unwrap().1, expected);
    }
    bare.last_mut().unwrap().1 = half(77, &gpt2()[0].1.shape);
    let untied = from_bytes(&flat_file(Container::Zip, &bare));
    assert!(matches!(untied, Err(ConvertError::NotTied { name, .. }) if name == "lm_head.weight"));
}

#[test]
fn a_converted_directory_converts_to_itself_with_its_own_tokenizer() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (directory.path().join("first"), directory.path().join("second"));
    let file = tiny(Container::Legacy, 0);
    let mut go = |_| ControlFlow::Continue(());
    let one = convert(Input::Bytes { name: "", bytes: &file }, &first, &two_heads(), &mut go).unwrap();
    let two = convert(Input::Path(&first), &second, &two_heads(), &mut go).unwrap();
    assert_eq!((one.weights.sha256, one.config), (two.weights.sha256, two.config));
    for name in ["config.json", "model.safetensors", "vocab.json", "merges.txt", "tokenizer.json"] {
        assert_eq!(std::fs::read(first.join(name)).unwrap(), std::fs::read(second.join(name)).unwrap());
    }
}

#[test]
fn a_checkpoint_directory_is_found_from_every_level() {
    let directory = tempfile::tempdir().unwrap();
    let rank = directory.path().join("iter_0000012/mp_rank_00");
    std::fs::create_dir_all(&rank).unwrap();
    std::fs::write(directory.path().join("latest_checkpointed_iteration.txt"), "12\n").unwrap();
    let file = rank.join("model_optim_rng.pt");
    std::fs::write(&file, tiny(Container::Zip, 3)).unwrap();
    let expected = sorted(gpt2());
    for path in [directory.path(), rank.parent().unwrap(), &rank, &file] {
        assert_eq!(try_convert(Input::Path(path), &two_heads()).unwrap().1, expected);
    }
    std::fs::create_dir(rank.with_file_name("mp_rank_01")).unwrap();
    let empty = try_convert(Input::Path(&file), &two_heads());
    assert!(
        matches!(empty, Err(ConvertError::Directory(DirectoryError::NothingInside { name, .. })) if name.ends_with("mp_rank_01"))
    );
}

#[test]
fn directories_of_other_kinds_are_refused_by_name() {
    for name in ["__0_0.distcp", "model.safetensors.index.json", "layer_00-model_00-model_states.pt", "a.gguf"] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(name), "").unwrap();
        let result = try_convert(Input::Path(directory.path()), &Options::default());
        assert!(matches!(result, Err(ConvertError::Directory(_))), "{name}");
    }
}

#[test]
fn views_with_gaps_and_shared_storages_are_copied_by_their_strides() {
    // One storage for all; the first layer's feed-forward matrix is a transposed look into it.
    for kind in [Container::Legacy, Container::Zip] {
        let mut pickler = Pickler::new();
        pickler.global("collections", "OrderedDict").raw(b")R(");
        let numel = gpt2().iter().map(|(_, it)| it.bits.len()).sum();
        let mut bits = Vec::new();
        for (name, tensor) in gpt2() {
            let mut view = View { numel, offset: bits.len(), ..View::whole(&tensor) };
            if name == "transformer.h.0.mlp.c_fc.weight" {
                view.strides = vec![1, WIDTH];
                bits.extend(transposed(&tensor).bits);
            } else {
                bits.extend(tensor.bits);
            }
            pickler.text(&name).tensor(kind, "0", &view);
        }
        pickler.raw(b"u.");
        let file = container(kind, &pickler.bytes, &[("0".to_owned(), bits)]);
        assert_eq!(from_bytes(&file).unwrap().1, sorted(gpt2()), "{kind:?}");
    }
}

#[test]
fn every_prefix_of_a_tiny_file_is_an_error() {
    let legacy = tiny(Container::Legacy, 0);
    let zipped = tiny(Container::Zip, 3);
    let files = [download(&legacy, Packing::Deflated), download(&legacy, Packing::Descriptor), legacy, zipped];
    for file in files {
        // Every byte of the structured beginning and end, then samples of the plain numbers.
        let edge = 6_000;
        let lengths = (0..file.len()).filter(|&it| it < edge || it + 300 > file.len() || it % 997 == 0);
        for length in lengths.filter(|length| length % 3 == 0 || *length < 600) {
            assert!(from_bytes(&file[..length]).is_err(), "the first {length} bytes convert");
        }
    }
}

#[test]
fn a_flipped_byte_never_panics_and_is_noticed_in_an_archive() {
    let file = download(&tiny(Container::Legacy, 0), Packing::Deflated);
    for at in (60..file.len() - 300).step_by(131) {
        let mut bad = file.clone();
        bad[at] ^= 0x20;
        // Only in the little text file before the checkpoint may it pass.
        if let Ok((_, tensors)) = from_bytes(&bad) {
            assert_eq!(tensors, sorted(gpt2()), "byte {at}");
        }
    }
    let plain = tiny(Container::Legacy, 0);
    for at in 0..4_000 {
        let mut bad = plain.clone();
        bad[at] ^= 0x11;
        let _no_panic = from_bytes(&bad);
    }
}

#[test]
fn a_wrong_checksum_is_an_error_unless_forced() {
    let mut file = tiny(Container::Zip, 0);
    // The member's own header ends with its name; its bytes follow.
    let at = file.windows(16).position(|it| it == b"archive/data/100").unwrap() + 20;
    file[at] ^= 1;
    assert!(matches!(from_bytes(&file), Err(ConvertError::Checksum { .. })));
    let options = Options { force: true, ..two_heads() };
    let (converted, _) = try_convert(Input::Bytes { name: "", bytes: &file }, &options).unwrap();
    assert!(converted.notes.iter().any(|note| note.contains("checksum")), "{:?}", converted.notes);
}

#[test]
fn cancelling_at_any_step_leaves_nothing_behind() {
    let file = tiny(Container::Legacy, 0);
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("model");
    for stop_at in 0.. {
        let mut steps = 0;
        let mut progress = |_: Step| {
            steps += 1;
            if steps > stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let input = Input::Bytes { name: "", bytes: &file };
        let result = convert(input, &output, &two_heads(), &mut progress);
        if result.is_ok() {
            assert!(stop_at > 20);
            return;
        }
        assert!(matches!(result, Err(ConvertError::Cancelled)));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}

#[test]
fn progress_is_honest() {
    let file = tiny(Container::Legacy, 0);
    let directory = tempfile::tempdir().unwrap();
    let (mut last, mut layers) = (0, 0);
    let mut progress = |step: Step| {
        match step {
            Step::Reading { done, total } => {
                assert!(done >= last && done <= total);
                assert_eq!(total, file.len() as u64);
                last = done;
            }
            Step::Layer { index, count } => {
                assert_eq!((index, count), (layers + 1, 2));
                layers += 1;
            }
            Step::Finishing => assert_eq!((last, layers), (file.len() as u64, 2)),
        }
        ControlFlow::Continue(())
    };
    let input = Input::Bytes { name: "", bytes: &file };
    convert(input, &directory.path().join("m"), &two_heads(), &mut progress).unwrap();
}

#[test]
fn an_output_that_exists_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = tiny(Container::Legacy, 0);
    let input = Input::Bytes { name: "", bytes: &file };
    let result = convert(input, directory.path(), &two_heads(), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(result, Err(ConvertError::OutputExists(path)) if path == directory.path()));
}

#[test]
fn files_of_other_kinds_get_their_own_words() {
    let cases: [(&[u8], &str); 8] = [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"{\"requestStatus\":{}}", "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-lfs"),
        (b"GGUF\x03\0\0\0", "GGUF file ends within its header"),
        (b"hello, world", "no known kind"),
        (&[0; 40], "no known kind"),
        (b"\x80\x02K\x01.", "magic number"),
    ];
    for (bytes, words) in cases {
        let error = from_bytes(bytes).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn all_faults_of_the_tensors_are_listed_at_once() {
    let mut tensors = megatron(0, true, "attention");
    tensors.retain(|(name, _)| name != "transformer.layers.1.attention.dense.bias");
    tensors.push(("transformer.layers.0.surprise".to_owned(), half(3, &[2])));
    for (name, tensor) in &mut tensors {
        if name == "transformer.layers.1.mlp.dense_h_to_4h.weight" {
            *tensor = half(3, &[INNER, WIDTH - 1]);
        }
    }
    let error = from_bytes(&megatron_file(Container::Legacy, true, &tensors, &[])).unwrap_err();
    let ConvertError::Map(MapError::Faults(faults)) = error else { panic!("{error}") };
    assert_eq!(faults.len(), 3, "{faults:?}");
    // The file's own name of what it lacks, and ours beside it.
    let missing = "language_model.transformer.layers.1.attention.dense.bias (transformer.h.1.attn.c_proj.bias)";
    assert!(faults.contains(&Fault::Missing(missing.to_owned())), "{faults:?}");
    assert!(faults.iter().any(|fault| matches!(fault, Fault::Extra(name) if name.ends_with("surprise"))));
    assert!(faults.iter().any(|fault| matches!(fault, Fault::Shape { .. })));
}

#[test]
fn arguments_give_heads_epsilon_and_activation() {
    let epsilon = float(1e-6);
    let entries: [(&str, &[u8]); 5] = [
        ("num_attention_heads", b"K\x02"),
        ("vocab_size", b"K\x07"),
        ("layernorm_epsilon", &epsilon),
        ("bias_gelu_fusion", b"\x89"),
        ("openai_gelu", b"\x89"),
    ];
    let args = arguments(&entries);
    let tensors = megatron(0, true, "attention");
    let file = megatron_file(Container::Legacy, true, &tensors, &[("args", &args)]);
    let (converted, _) = try_convert(Input::Bytes { name: "", bytes: &file }, &Options::default()).unwrap();
    let config = converted.config;
    // Seven tokens of a vocabulary that nobody knows are no reason to cut anything off.
    assert_eq!((config.n_head, config.vocab_size, config.activation), (2, 10, Activation::Gelu));
    assert!((config.layer_norm_epsilon - 1e-6).abs() < 1e-12);
    let seven = Options { vocab: Some(7), ..Options::default() };
    let (converted, tensors) = try_convert(Input::Bytes { name: "", bytes: &file }, &seven).unwrap();
    assert_eq!(converted.config.vocab_size, 7);
    let table = tensors.iter().find(|(name, _)| name == "transformer.wte.weight").unwrap();
    assert_eq!(table.1.bits, gpt2()[0].1.bits[..7 * WIDTH]);
}

#[test]
fn other_models_are_refused_by_their_feature() {
    let (rope, rms) = (text("rope"), text("RMSNorm"));
    let by_argument: [(&str, &[u8]); 11] = [
        ("position_embedding_type", &rope),
        ("normalization", &rms),
        ("swiglu", b"\x88"),
        ("squared_relu", b"\x88"),
        ("add_bias_linear", b"\x89"),
        ("group_query_attention", b"\x88"),
        ("multi_latent_attention", b"\x88"),
        ("qk_layernorm", b"\x88"),
        ("num_experts", b"K\x08"),
        ("apply_layernorm_1p", b"\x88"),
        ("apply_residual_connection_post_layernorm", b"\x88"),
    ];
    for argument in by_argument {
        let args = arguments(&[argument]);
        let tensors = megatron(0, true, "attention");
        let file = megatron_file(Container::Legacy, true, &tensors, &[("args", &args)]);
        let error = from_bytes(&file).unwrap_err();
        assert!(matches!(error, ConvertError::Map(MapError::NotGpt2 { .. })), "{}: {error}", argument.0);
    }
    let by_name = [
        "embedding.tokentype_embeddings.weight",
        "transformer.layers.0.mlp.router.weight",
        "transformer.layers.0.self_attention.q_layernorm.weight",
        "transformer.layers.0.inter_attention.query.weight",
        "transformer.layers.0.mixer.weight",
    ];
    for name in by_name {
        let mut tensors = megatron(0, false, "attention");
        tensors.push((name.to_owned(), half(1, &[2])));
        let error = from_bytes(&megatron_file(Container::Legacy, false, &tensors, &[])).unwrap_err();
        assert!(matches!(error, ConvertError::Map(MapError::NotGpt2 { .. })), "{name}: {error}");
    }
    for (without, feature) in [("position_embeddings", "position"), ("norm.bias", "norm"), ("dense.bias", "missing")] {
        let mut tensors = megatron(0, true, "attention");
        tensors.retain(|(name, _)| !name.contains(without));
        let error = from_bytes(&megatron_file(Container::Legacy, true, &tensors, &[])).unwrap_err().to_string();
        assert!(error.contains(feature), "{error}");
    }
}

#[test]
fn a_file_that_asks_to_run_code_is_reported_and_obeyed_in_nothing() {
    let tensors = megatron(0, true, "attention");
    let call = b"cposix\nsystem\nX\x09\0\0\0touch /xy\x85R";
    let file = megatron_file(Container::Legacy, true, &tensors, &[("args", call)]);
    let (converted, tensors) = from_bytes(&file).unwrap();
    assert_eq!(tensors, sorted(gpt2()));
    assert!(converted.notes.iter().any(|note| note.contains("`posix.system`")), "{:?}", converted.notes);
    let mut pickle = b"\x80\x02}X\x05\0\0\0model".to_vec();
    pickle.extend_from_slice(call);
    pickle.extend_from_slice(b"s.");
    let error = from_bytes(&container(Container::Zip, &pickle, &[])).unwrap_err().to_string();
    assert!(error.contains("posix.system"), "{error}");
}

#[test]
fn storages_that_lie_are_refused() {
    let bits = half(1, &[8]).bits;
    let views = [
        ("offset past the end", View { numel: 8, offset: 8, shape: vec![1], strides: vec![1] }),
        ("stride past the end", View { numel: 8, offset: 0, shape: vec![2, 2], strides: vec![7, 1] }),
        (
            "overflowing product",
            View { numel: 8, offset: 0, shape: vec![0x7fff_ffff; 8], strides: vec![0x7fff_ffff; 8] },
        ),
        ("repeated elements", View { numel: 8, offset: 0, shape: vec![0x7fff_ffff], strides: vec![0] }),
        ("ranks differ", View { numel: 8, offset: 0, shape: vec![2], strides: vec![1, 1] }),
        ("nine dimensions", View { numel: 8, offset: 0, shape: vec![1; 9], strides: vec![1; 9] }),
    ];
    for (why, view) in views {
        for kind in [Container::Legacy, Container::Zip] {
            let mut pickler = Pickler::new();
            pickler.raw(b"}").text("wte.weight").tensor(kind, "0", &view).raw(b"s.");
            let file = container(kind, &pickler.bytes, &[("0".to_owned(), bits.clone())]);
            let error = from_bytes(&file).unwrap_err();
            assert!(matches!(error, ConvertError::Map(MapError::Tensor { .. })), "{why}: {error}");
        }
    }
    let view = View { numel: 9, offset: 0, shape: vec![9], strides: vec![1] };
    let mut tensors = gpt2();
    tensors[0].1.bits.pop();
    let mut lying = Pickler::new();
    lying.raw(b"}").text("w").tensor(Container::Legacy, "0", &view).raw(b"s.");
    let file = container(Container::Legacy, &lying.bytes, &[("0".to_owned(), bits)]);
    assert!(from_bytes(&file).is_err());
}

#[test]
fn a_weight_that_is_not_finite_is_named() {
    let mut tensors = gpt2();
    tensors[1].1.bits[7] = 0x7e00;
    let error = from_bytes(&flat_file(Container::Zip, &tensors)).unwrap_err();
    assert!(matches!(error, ConvertError::NotFinite { name } if name == "transformer.wpe.weight"));
}

#[test]
fn a_count_that_differs_from_its_description_is_named() {
    let mut file = flat_file(Container::Legacy, &gpt2());
    let data: usize = gpt2().iter().map(|(_, it)| 8 + 2 * it.bits.len()).sum();
    let at = file.len() - data;
    file[at] ^= 1;
    let error = from_bytes(&file).unwrap_err();
    assert!(matches!(error, ConvertError::Legacy(LegacyError::Count { .. })), "{error}");
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn every_way_a_pickle_can_be_wrong_has_its_error() {
    let small = Limits {
        nodes: 4,
        stack: 3,
        marks: 2,
        memo: 2,
        text_bytes: 5,
        integer_bytes: 9,
        name_bytes: 4,
        opcodes: 30,
        ..Limits::default()
    };
    let too_large = |what, limit, at| PickleError::TooLarge { what, limit, at };
    let wrong = |expected, found, at| PickleError::WrongKind { expected, found, at };
    let cases: &[(&[u8], PickleError)] = &[
        (b"", PickleError::Truncated { missing: 1, at: 0 }),
        (b"N", PickleError::Truncated { missing: 1, at: 1 }),
        (b"J\x01\x02", PickleError::Truncated { missing: 2, at: 1 }),
        (b"X\x05\0\0\0ab", PickleError::Truncated { missing: 3, at: 5 }),
        (b"I12", PickleError::Truncated { missing: 1, at: 3 }),
        (b"\xff.", PickleError::UnknownOpcode { opcode: 0xff, at: 0 }),
        (b"\x82\x01.", PickleError::OutsideReference { name: "EXT", at: 0 }),
        (b"\x97.", PickleError::OutsideReference { name: "BUFFER", at: 0 }),
        (b"\x80\x06.", PickleError::Protocol { protocol: 6, at: 0 }),
        (b".", PickleError::StackEmpty { at: 0 }),
        (b"N(R", PickleError::StackEmpty { at: 2 }),
        (b"N\x86.", PickleError::StackEmpty { at: 1 }),
        (b"Nt.", PickleError::NoMark { at: 1 }),
        (b"Ix\n.", PickleError::BadNumber { text: "x".to_owned(), at: 0 }),
        (b"F\x1b[\n.", PickleError::BadNumber { text: "\\u{1b}[".to_owned(), at: 0 }),
        (b"g-1\n.", PickleError::BadNumber { text: "-1".to_owned(), at: 0 }),
        (b"X\x02\0\0\0\xed\xa0.", PickleError::BadText { at: 0 }),
        (b"Sabc\n.", PickleError::BadText { at: 0 }),
        (b"V\\ud8\n.", PickleError::BadText { at: 0 }),
        (b"T\xff\xff\xff\xff.", PickleError::NegativeLength { at: 0 }),
        (b"\x8b\xff\xff\xff\xff.", PickleError::NegativeLength { at: 0 }),
        (b"h\x07.", PickleError::UnknownMemo { index: 7, at: 0 }),
        (b"Nq\x00j\xff\xff\xff\xff.", PickleError::UnknownMemo { index: 0xffff_ffff, at: 3 }),
        (b")NNs.", wrong("a dictionary", "a tuple", 3)),
        (b"}Na.", wrong("a list or set", "a dictionary", 2)),
        (b"NNb.", wrong("an object", "None", 2)),
        (b"NNR.", wrong("a tuple of arguments", "None", 2)),
        (b"NN\x93.", wrong("a name as text", "None", 2)),
        (b"}(Nu.", PickleError::OddItems { at: 3 }),
        (b"(Nd.", PickleError::OddItems { at: 2 }),
        (b"N0N0N0N0N0.", too_large("values", 4, 8)),
        (b"N2222.", too_large("values on the stack", 3, 3)),
        (b"(((.", too_large("open groups", 2, 2)),
        (b"Nq\0q\x01q\x02.", too_large("remembered values", 2, 5)),
        (b"U\x06abcdef.", too_large("bytes of one text", 5, 0)),
        (b"X\xff\xff\xff\xff.", too_large("bytes of one text", 5, 0)),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", too_large("bytes of one text", 5, 0)),
        (b"I123456\n.", too_large("bytes of one line", 5, 0)),
        (b"\x8a\x0a0123456789.", too_large("bytes of one integer", 9, 0)),
        (b"cabcde\nx\n.", too_large("bytes of one name", 4, 0)),
        (b"(1(1(1(1(1(1(1(1(1(1(1(1(1(1(1(1", too_large("instructions", 30, 30)),
        (b"NN.", PickleError::LeftOver { count: 1, at: 2 }),
        (b"(N.", PickleError::LeftOver { count: 1, at: 2 }),
    ];
    for (bytes, expected) in cases {
        let error = parse(bytes, &small).unwrap_err();
        assert_eq!(&error, expected, "{}", crate::support::torch_files::shown(bytes));
    }
    let at_the_limit: [&[u8]; 5] = [b"N22t.", b"U\x05abcde.", b"Nq\0q\x01.", b"cabcd\nx\n.", b"\x8a\x09012345678."];
    for bytes in &at_the_limit[1..] {
        parse(bytes, &small).unwrap();
    }
    let short = Limits { pickle_bytes: 3, ..Limits::default() };
    assert!(matches!(parse(b"NNNN.", &short), Err(PickleError::TooLarge { limit: 3, .. })));
}

#[test]
fn hostile_pickles_end_quickly_and_quietly() {
    let mut nested = b"]".repeat(900_000);
    nested.extend(b"a".repeat(899_999));
    nested.push(b'.');
    let mut tuples = b"N".to_vec();
    tuples.extend(b"\x85".repeat(900_000));
    tuples.push(b'.');
    let mut doubling = b"N".to_vec();
    doubling.extend(b"2\x86".repeat(100_000));
    doubling.push(b'.');
    let mut storages = b")".to_vec();
    storages.extend(b"Q".repeat(100_000));
    storages.push(b'.');
    for bytes in [&nested, &tuples, &doubling, &storages] {
        parse(bytes, &Limits::default()).unwrap();
        assert!(from_bytes(&container(Container::Legacy, bytes, &[])).is_err());
    }
    // Sixteen levels of the same dictionary twice: two to the sixteenth names if followed.
    let mut twice = b"\x80\x02}X\x0a\0\0\0wte.weightNs".to_vec();
    for _ in 0..40 {
        twice.extend_from_slice(b"q\x00}(X\x01\0\0\0ah\x00X\x01\0\0\0bh\x00u");
    }
    twice.push(b'.');
    assert!(from_bytes(&container(Container::Zip, &twice, &[])).is_err());
    let itself = b"\x80\x02}q\x00X\x05\0\0\0modelh\x00s.";
    assert!(from_bytes(&container(Container::Zip, itself, &[])).is_err());
}

#[test]
fn protocols_nought_to_five_say_the_same() {
    let streams: [&[u8]; 6] = [
        b"(dp0\nVa\np1\n(lp2\nI1\naF2.5\naI01\nas.",
        b"}q\x00X\x01\0\0\0aq\x01]q\x02(K\x01G\x40\x04\0\0\0\0\0\0I01\neu0s.",
        b"\x80\x02}q\0X\x01\0\0\0aq\x01]q\x02(K\x01G\x40\x04\0\0\0\0\0\0\x88es.",
        b"\x80\x03}q\0X\x01\0\0\0aq\x01]q\x02(M\x01\0G\x40\x04\0\0\0\0\0\0\x88es.",
        b"\x80\x04\x95\0\0\0\0\0\0\0\0}\x94\x8c\x01a\x94]\x94(K\x01G\x40\x04\0\0\0\0\0\0\x88es.",
        b"\x80\x05}\x94\x8d\x01\0\0\0\0\0\0\0a]\x94(\x8a\x01\x01G\x40\x04\0\0\0\0\0\0\x88es.",
    ];
    for (protocol, stream) in streams.iter().enumerate().filter(|(protocol, _)| *protocol != 1) {
        let (pickle, length) = parse(stream, &Limits::default()).unwrap();
        assert_eq!(length, stream.len());
        let list = pickle.get(pickle.root(), "a").unwrap();
        let &[one, number, truth] = pickle.sequence(list).unwrap() else { panic!("{protocol}") };
        assert_eq!(pickle.integer(one), Some(1));
        assert_eq!(pickle.float(number), Some(2.5));
        assert_eq!(pickle.truth(truth), Some(true), "{protocol}");
    }
}

#[test]
fn archives_with_tricks_are_refused() {
    let good = tiny(Container::Zip, 0);
    let member = |name: &str| (name.to_owned(), b"x".to_vec());
    let bad_name = |error: &ConvertError| matches!(error, ConvertError::Zip(ZipError::BadName { .. }));
    for name in ["../../etc/x", "/x", "a\\b", "C:x"] {
        let error = from_bytes(&zip(&[member(name)], Packing::Stored)).unwrap_err();
        assert!(bad_name(&error), "{name}: {error}");
    }
    assert!(bad_name(&from_bytes(&zip(&[member("a"), member("a")], Packing::Stored)).unwrap_err()));
    let two_roots = zip(&[member("a/data.pkl"), member("b/data/0")], Packing::Stored);
    assert!(from_bytes(&two_roots).unwrap_err().to_string().contains("outside"));
    let script = zip(&[member("a/data.pkl"), member("a/constants.pkl")], Packing::Stored);
    assert!(from_bytes(&script).unwrap_err().to_string().contains("TorchScript"));
    let packed = zip(&[member("a/data.pkl")], Packing::Deflated);
    assert!(from_bytes(&packed).unwrap_err().to_string().contains("deflated"));
    let order = zip(&[member("a/data.pkl"), ("a/byteorder".to_owned(), b"big".to_vec())], Packing::Stored);
    assert!(from_bytes(&order).unwrap_err().to_string().contains("byte order"));
    assert!(from_bytes(&zip(&[member("readme")], Packing::Stored)).unwrap_err().to_string().contains("readme"));
    let models = [member("a/mp_rank_00/model_optim_rng.pt"), member("b/mp_rank_00/model_optim_rng.pt")];
    assert!(matches!(from_bytes(&zip(&models, Packing::Stored)), Err(ConvertError::Several { .. })));
    let directory = good.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
    let tricks: [(&str, usize, u8); 5] = [
        ("encrypted", directory + 8, 1),
        ("unknown method", directory + 10, 9),
        ("other name in the header", 30, b'X'),
        ("entries that are not there", good.len() - 12, 0xff),
        ("a header elsewhere", directory + 42, 7),
    ];
    for (why, at, byte) in tricks {
        let mut bad = good.clone();
        bad[at] = byte;
        assert!(matches!(from_bytes(&bad), Err(ConvertError::Zip(_))), "{why}");
    }
    let mut prefixed = b"PK\x03\x04junk".to_vec();
    prefixed.extend_from_slice(&good);
    assert!(from_bytes(&prefixed).is_err());
    let zeros = vec![0; 5_000_000];
    assert!(from_bytes(&download(&zeros, Packing::Deflated)).is_err());
}

#[test]
fn the_wide_end_record_that_torch_always_writes_is_read() {
    let narrow = tiny(Container::Zip, 3);
    let end = narrow.len() - 22;
    let number = |at: usize| u64::from(u32::from_le_bytes(narrow[at..at + 4].try_into().unwrap()));
    let entries = u64::from(u16::from_le_bytes([narrow[end + 10], narrow[end + 11]]));
    let mut record = b"PK\x06\x06".to_vec();
    record.extend_from_slice(&44u64.to_le_bytes());
    record.extend_from_slice(&[0x2d, 0, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for field in [entries, entries, number(end + 12), number(end + 16)] {
        record.extend_from_slice(&field.to_le_bytes());
    }
    record.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    record.extend_from_slice(&(end as u64).to_le_bytes());
    record.extend_from_slice(&1u32.to_le_bytes());
    let wide = [&narrow[..end], &record, &narrow[end..]].concat();
    assert_eq!(from_bytes(&wide).unwrap().1, sorted(gpt2()));
    let mut only_wide = wide.clone();
    let end = only_wide.len() - 22;
    only_wide[end + 8..end + 20].fill(0xff);
    assert_eq!(from_bytes(&only_wide).unwrap().1, sorted(gpt2()));
}

#[test]
fn configurations_are_read_checked_and_written() {
    let json = br#"{"model_type":"gpt2","n_embd":64,"n_head":2,"n_layer":3,"n_positions":8,"n_ctx":null,
        "n_inner":null,"vocab_size":11,"layer_norm_epsilon":1e-6,"activation_function":"gelu_fast"}"#;
    let config = Config::from_json(json).unwrap();
    assert_eq!((config.n_inner, config.activation), (256, Activation::GeluTanh));
    assert_eq!(Config::from_json(config.to_json().as_bytes()).unwrap(), config);
    let odd = Config { activation: Activation::Gelu, tie_word_embeddings: false, ..config };
    assert_eq!(Config::from_json(odd.to_json().as_bytes()).unwrap(), odd);
    let refused = |json: &str| Config::from_json(json.as_bytes()).unwrap_err();
    assert!(matches!(refused("[]"), ConfigError::NotJson(_)));
    assert!(matches!(refused("{"), ConfigError::NotJson(_)));
    assert!(matches!(refused("{}"), ConfigError::NotGpt2 { .. }));
    assert!(matches!(refused(r#"{"model_type":"llama"}"#), ConfigError::NotGpt2 { .. }));
    for entry in [
        r#""n_layer":0"#,
        r#""n_layer":1e9"#,
        r#""n_layer":"3""#,
        r#""layer_norm_epsilon":-1"#,
        r#""tie_word_embeddings":3"#,
    ] {
        assert!(
            matches!(refused(&format!(r#"{{"model_type":"gpt2",{entry}}}"#)), ConfigError::BadValue { .. }),
            "{entry}"
        );
    }
    for entry in [
        r#""activation_function":"relu""#,
        r#""scale_attn_by_inverse_layer_idx":true"#,
        r#""scale_attn_weights":false"#,
    ] {
        assert!(
            matches!(refused(&format!(r#"{{"model_type":"gpt2",{entry}}}"#)), ConfigError::Unsupported { .. }),
            "{entry}"
        );
    }
    let accepted = |json: &str| Config::from_json(json.as_bytes()).unwrap();
    let other_names = r#"{"model_type":"gpt2","hidden_size":16,"num_attention_heads":2.0,"num_hidden_layers":3,
        "max_position_embeddings":8,"layer_norm_epsilon":"1e-06"}"#;
    let other = accepted(other_names);
    assert_eq!((other.n_embd, other.n_inner, other.n_head, other.n_layer, other.n_positions), (16, 64, 2, 3, 8));
    assert!((other.layer_norm_epsilon - 1e-6).abs() < 1e-12);
    // As transformers, which sets the other name after its own.
    assert_eq!(accepted(r#"{"model_type":"gpt2","n_embd":24,"hidden_size":48}"#).n_embd, 48);
    assert_eq!(accepted(r#"{"architectures":["GPT2LMHeadModel"]}"#).n_layer, 12);
    assert_eq!(accepted(r#"{"model_type":null,"n_embd":24}"#).n_embd, 24);
    assert_eq!(accepted(r#"{"model_type":"gpt2","n_positions":16777216.0}"#).n_positions, 1 << 24);
    for entry in [
        r#""n_positions":16777217.0"#,
        r#""n_head":2.5"#,
        r#""layer_norm_epsilon":"small""#,
        r#""num_hidden_layers":0.0"#,
        r#""n_layer":16777216"#,
        r#""num_hidden_layers":4097"#,
        r#""n_inner":18446744073709551615"#,
    ] {
        let json = format!(r#"{{"model_type":"gpt2",{entry}}}"#);
        assert!(matches!(refused(&json), ConfigError::BadValue { .. }), "{entry}");
    }
    assert!(matches!(refused(r#"{"architectures":["BertModel"],"hidden_size":8}"#), ConfigError::Architecture { .. }));
    assert_eq!(accepted(r#"{"model_type":"gpt2","n_layer":4096}"#).n_layer, Limits::default().layers);
    assert!(matches!(refused(r#"{"model_type":"gpt2","n_head":7}"#), ConfigError::Heads { .. }));
}

#[test]
fn a_safetensors_header_of_any_length_is_recognised() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("model");
    let file = tiny(Container::Legacy, 0);
    let input = Input::Bytes { name: "", bytes: &file };
    let mut go = |_| ControlFlow::Continue(());
    convert(input, &output, &two_heads(), &mut go).unwrap();
    let bytes = std::fs::read(output.join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let (header, data) = bytes[8..].split_at(usize::try_from(length).unwrap());
    // Among them is one whose lowest byte is that of a pickle's beginning, 0x80.
    for padding in (0..256u64).step_by(8) {
        let mut padded = (length + padding).to_le_bytes().to_vec();
        padded.extend_from_slice(header);
        padded.resize(padded.len() + usize::try_from(padding).unwrap(), b' ');
        padded.extend_from_slice(data);
        assert_eq!(from_bytes(&padded).unwrap().1, sorted(gpt2()));
    }
}

#[test]
fn safetensors_that_lie_are_refused() {
    let file = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    };
    for (why, header, data) in [
        ("gap", r#"{"a":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#, 4),
        (
            "overlap",
            r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#,
            4,
        ),
        ("past the end", r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, 2),
        ("shape", r#"{"a":{"dtype":"F16","shape":[3],"data_offsets":[0,4]}}"#, 4),
        ("overflow", r#"{"a":{"dtype":"F16","shape":[9223372036854775807,4],"data_offsets":[0,4]}}"#, 4),
        ("dtype", r#"{"a":{"dtype":"F8","shape":[4],"data_offsets":[0,4]}}"#, 4),
        (
            "empty and huge",
            r#"{"wte.weight":{"dtype":"F16","shape":[0,9223372036854775807,4],"data_offsets":[0,0]}}"#,
            0,
        ),
        ("not json", "{nonsense", 4),
    ] {
        assert!(from_bytes(&file(header, data)).is_err(), "{why}");
    }
    let length = u64::MAX.to_le_bytes();
    assert!(from_bytes(&[&length[..], b"{}"].concat()).is_err());
}

#[test]
fn an_unwritable_place_keeps_the_systems_reason() {
    let file = tiny(Container::Legacy, 0);
    let input = Input::Bytes { name: "", bytes: &file };
    let result = convert(input, Path::new("/proc/none/model"), &two_heads(), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(result, Err(ConvertError::Write { .. })));
    assert_eq!(bytes_of(&[1]), [1, 0]);
}
