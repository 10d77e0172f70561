//! Numbers that the tensors do not show: taken from where they are said, refused where they cannot be, guessed nowhere but
//! for GPT-2's own widths.

use std::path::Path;

use megachat::checkpoint::{Config, MapError};
use megachat::directory::DirectoryError;
use megachat::install::convert::{ConvertError, Converted, Input, Options};

use crate::checkpoint::{arguments, float, sorted, text, try_convert, two_heads};
use crate::support::torch_files::{
    Container, Half, Pickler, WIDTH, flat_file, gpt2, gpt2_sized, linear, megatron, megatron_file, read_safetensors,
};

fn convert(bytes: &[u8], options: &Options) -> Result<Converted, ConvertError> {
    try_convert(Input::Bytes { name: "", bytes }, options).map(|it| it.0)
}

/// The tiny model with these arguments, without a word from the user.
fn with(entries: &[(&str, &[u8])]) -> Result<Converted, ConvertError> {
    let args = arguments(entries);
    let file = megatron_file(Container::Zip, true, &megatron(0, true, "attention"), &[("args", &args)]);
    convert(&file, &Options::default())
}

/// Two heads and one more argument.
fn with_one(key: &str, value: &[u8]) -> Result<Converted, ConvertError> {
    let heads: (&str, &[u8]) = ("num_attention_heads", b"K\x02");
    if key == heads.0 { with(&[(key, value)]) } else { with(&[heads, (key, value)]) }
}

fn integer(number: i32) -> Vec<u8> {
    [b"J".as_slice(), &number.to_le_bytes()].concat()
}

#[test]
fn an_argument_that_cannot_be_is_an_error_that_names_it_and_what_stands_there() {
    let not_counts: [(Vec<u8>, &str); 10] = [
        (integer(-4), "-4"),
        (integer(-1), "-1"),
        (b"K\0".to_vec(), "0"),
        (float(2.5), "2.5"),
        (float(f64::NAN), "NaN"),
        (float(-2.0), "-2"),
        (b"\x88".to_vec(), "True"),
        (text("two"), "two"),
        (b"](K\x02K\x02e".to_vec(), "[2, 2]"),
        (b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x7f".to_vec(), "an integer"),
    ];
    let counts = [
        "num_attention_heads",
        "num_layers",
        "hidden_size",
        "ffn_hidden_size",
        "max_position_embeddings",
        "padded_vocab_size",
        "orig_vocab_size",
        "vocab_size",
        "make_vocab_size_divisible_by",
        "tensor_model_parallel_size",
        "model_parallel_size",
        "pipeline_model_parallel_size",
        "virtual_pipeline_model_parallel_size",
        "kv_channels",
    ];
    let mut cases: Vec<(&str, Vec<u8>, &str)> = Vec::new();
    for key in counts {
        cases.extend(not_counts.iter().map(|(value, shown)| (key, value.clone(), *shown)));
    }
    for key in ["layernorm_epsilon", "norm_epsilon"] {
        for (number, shown) in [(0.0, "0"), (1.0, "1"), (-1e-5, "-0.00001"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")]
        {
            cases.push((key, float(number), shown));
        }
        cases.push((key, text("small"), "small"));
        cases.push((key, b"K\0".to_vec(), "0"));
    }
    let flags = ["bias_gelu_fusion", "openai_gelu", "swiglu", "add_bias_linear", "untie_embeddings_and_output_weights"];
    for key in flags {
        cases.extend([(key, b"K\x02".to_vec(), "2"), (key, text("no"), "no"), (key, float(0.5), "0.5")]);
    }
    for key in ["tokenizer_type", "position_embedding_type", "normalization"] {
        cases.extend([(key, b"K\x05".to_vec(), "5"), (key, b"]".to_vec(), "[]")]);
    }
    for key in ["num_experts", "mtp_num_layers", "expert_model_parallel_size"] {
        cases.extend([(key, integer(-1), "-1"), (key, text("x"), "x")]);
    }
    for (key, value, shown) in cases {
        let error = with_one(key, &value).expect_err(&format!("{key} = {shown}"));
        let ConvertError::Map(MapError::Argument { key: named, found, .. }) = &error else {
            panic!("{key} = {shown}: {error}")
        };
        assert_eq!((*named, found.as_str()), (key, shown));
        assert!(error.to_string().contains(&format!("the training argument {key} is {shown}, expected")), "{error}");
    }
}

#[test]
fn numbers_that_do_not_fit_each_other_are_refused_with_both() {
    for (key, given, said) in [
        ("num_layers", 3, "num_layers is 3, but the tensors say 2"),
        ("hidden_size", 64, "hidden_size is 64, but the tensors say 128"),
        ("ffn_hidden_size", 512, "ffn_hidden_size is 512, but the tensors say 16"),
        ("num_attention_heads", 3, "num_attention_heads is 3, which does not divide the width 128"),
        ("num_attention_heads", 256, "num_attention_heads is 256, which does not divide the width 128"),
        ("vocab_size", 11, "vocab_size is 11, but the tensors say 10"),
    ] {
        let error = with_one(key, &integer(given)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let both =
        [("num_attention_heads", b"K\x02".to_vec()), ("layernorm_epsilon", float(1e-5)), ("norm_epsilon", float(1e-6))];
    let both: Vec<(&str, &[u8])> = both.iter().map(|(key, value)| (*key, value.as_slice())).collect();
    let error = with(&both).unwrap_err().to_string();
    assert!(error.contains("norm_epsilon is 0.000001, expected the same as layernorm_epsilon"), "{error}");
    let error = with_one("untie_embeddings_and_output_weights", b"\x88").unwrap_err().to_string();
    assert!(error.contains("missing: output_layer.weight (lm_head.weight)"), "{error}");
    // Heads that do not fill the width make another model.
    let channels = [("num_attention_heads", b"K\x02".as_slice()), ("kv_channels", b"K\x20"), ("hidden_size", b"K\x80")];
    assert!(matches!(with(&channels), Err(ConvertError::Map(MapError::NotGpt2 { .. }))));
    for heads in [0, 3] {
        let file = megatron_file(Container::Zip, true, &megatron(0, true, "attention"), &[]);
        let options = Options { heads: Some(heads), ..Options::default() };
        for file in [file, flat_file(Container::Zip, &gpt2())] {
            let error = convert(&file, &options).unwrap_err().to_string();
            assert!(error.contains(&format!("--heads is {heads}, which does not divide the width 128")), "{error}");
        }
    }
}

#[test]
fn arguments_in_the_manner_of_other_versions_are_understood() {
    let enumeration = |class: &str, value: &[u8]| {
        let mut pickler = Pickler::default();
        pickler.global("megatron.model.enums", class).raw(value).raw(b"\x85R");
        pickler.bytes
    };
    let by_name = {
        let mut pickler = Pickler::default();
        pickler.global("builtins", "getattr").global("megatron.model.enums", "PositionEmbeddingType");
        pickler.text("absolute").raw(b"\x86R");
        pickler.bytes
    };
    for (key, value) in [
        ("num_attention_heads", float(2.0)),
        ("num_layers", float(2.0)),
        ("num_experts", b"](K\x01e".to_vec()),
        ("num_experts", b"K\0".to_vec()),
        ("swiglu", b"K\0".to_vec()),
        ("position_embedding_type", enumeration("PositionEmbeddingType", b"K\x02")),
        ("position_embedding_type", by_name),
        ("normalization", text("LayerNorm")),
        ("kv_channels", b"K\x40".to_vec()),
        ("vocab_size", b"N".to_vec()),
    ] {
        let converted = with_one(key, &value).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(converted.config.n_head, 2);
    }
    let rotary = enumeration("PositionEmbeddingType", b"K\x01");
    for (key, value) in [("position_embedding_type", rotary), ("num_experts", b"](K\x01K\x08e".to_vec())] {
        assert!(matches!(with_one(key, &value), Err(ConvertError::Map(MapError::NotGpt2 { .. }))), "{key}");
    }
}

/// One layer of this width under Megatron's names, or Hugging Face's.
fn layer(width: usize) -> [Vec<(String, Half)>; 2] {
    let model = gpt2_sized(1, width, 8, 4);
    [linear(model.clone(), true, "attention"), model]
}

#[test]
fn heads_are_assumed_for_gpt2s_own_widths_and_demanded_for_all_others() {
    for (width, heads) in [(768, 12), (1024, 16), (1280, 20), (1600, 25)] {
        let [ours, theirs] = layer(width);
        for file in [megatron_file(Container::Zip, true, &ours, &[]), flat_file(Container::Zip, &theirs)] {
            let converted = convert(&file, &Options::default()).unwrap();
            assert_eq!(converted.config.n_head, heads);
            let said = |note: &String| note.contains(&format!("{heads} heads")) && note.contains("assumed");
            assert!(converted.notes.iter().any(said), "{:?}", converted.notes);
        }
    }
    for width in [64, 128, 192, 704, 832, 2048] {
        let [ours, theirs] = layer(width);
        for file in [megatron_file(Container::Zip, true, &ours, &[]), flat_file(Container::Zip, &theirs)] {
            let error = convert(&file, &Options::default()).unwrap_err();
            let expected =
                matches!(&error, ConvertError::Map(MapError::HeadsUnknown { n_embd, .. }) if *n_embd == width);
            assert!(expected && error.to_string().contains("--heads"), "{error}");
            let given = Options { heads: Some(width / 32), ..Options::default() };
            assert_eq!(convert(&file, &given).unwrap().config.n_head, width / 32);
        }
    }
    // Arguments that say other things are not silent about the heads for nothing.
    let [ours, _] = layer(768);
    let args = arguments(&[("num_layers", b"K\x01")]);
    let error =
        convert(&megatron_file(Container::Zip, true, &ours, &[("args", &args)]), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("its training arguments do not name it"), "{error}");
}

#[test]
fn heads_that_the_user_gives_count_and_what_they_contradict_is_noted() {
    let args = arguments(&[("num_attention_heads", b"K\x02")]);
    let file = megatron_file(Container::Zip, true, &megatron(0, true, "attention"), &[("args", &args)]);
    let four = Options { heads: Some(4), ..Options::default() };
    let converted = convert(&file, &four).unwrap();
    assert_eq!(converted.config.n_head, 4);
    let words = "--heads 4 is taken; the training argument num_attention_heads is 2";
    assert!(converted.notes.contains(&words.to_owned()), "{:?}", converted.notes);
    let same = convert(&file, &two_heads()).unwrap();
    assert!(!same.notes.iter().any(|note| note.contains("--heads")), "{:?}", same.notes);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("pytorch_model.bin"), flat_file(Container::Zip, &gpt2())).unwrap();
    std::fs::write(directory.path().join("config.json"), same.config.to_json()).unwrap();
    let converted = try_convert(Input::Path(directory.path()), &four).unwrap().0;
    assert_eq!(converted.config, Config { n_head: 4, ..same.config });
    assert!(converted.notes.contains(&"--heads 4 is taken; config.json says 2".to_owned()), "{:?}", converted.notes);
}

/// A copy of a distributed checkpoint without these files.
fn distributed(without: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torch_dist/ranks/iter_0000005");
    for entry in std::fs::read_dir(source).unwrap().map(Result::unwrap) {
        if entry.file_name() != without {
            std::fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
        }
    }
    directory
}

#[test]
fn a_distributed_checkpoint_without_arguments_says_which_file_is_missing() {
    let convert = |path: &Path, heads| {
        let options = Options { heads, ..two_heads() };
        let directory = tempfile::tempdir().unwrap();
        let go = &mut |_| std::ops::ControlFlow::Continue(());
        megachat::install::convert::convert(Input::Path(path), &directory.path().join("x"), &options, go)
    };
    let whole = distributed("");
    assert!(whole.path().join("common.pt").exists());
    assert_eq!(convert(whole.path(), None).unwrap().config.n_head, 2);
    let directory = distributed("common.pt");
    let missing = "there is no common.pt beside .metadata, which names no common_state/shard_0_1 either";
    let error = convert(directory.path(), None).unwrap_err().to_string();
    assert!(error.contains(missing) && error.contains("--heads"), "{error}");
    let converted = convert(directory.path(), Some(2)).unwrap();
    assert!(converted.notes.iter().any(|note| note.contains(missing)), "{:?}", converted.notes);
    // One that is there and holds something else is not as good as none.
    std::fs::write(directory.path().join("common.pt"), flat_text()).unwrap();
    let error = convert(directory.path(), Some(2)).unwrap_err();
    assert!(
        matches!(&error, ConvertError::Directory(DirectoryError::NotACheckpoint { name, .. }) if name.contains("common.pt")),
        "{error}"
    );
}

/// A torch file that holds a text.
fn flat_text() -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.text("nothing").raw(b".");
    crate::support::torch_files::container(Container::Zip, &pickler.bytes, &[])
}

#[test]
fn names_without_transformer_are_written_where_they_are_wanted_and_are_those_of_gpt2model() {
    let directory = tempfile::tempdir().unwrap();
    let bare = Options { bare_names: true, ..two_heads() };
    let file = megatron_file(Container::Zip, true, &megatron(0, true, "attention"), &[]);
    let (converted, found) = try_convert(Input::Bytes { name: "", bytes: &file }, &bare).unwrap();
    // The names of `GPT2Model.state_dict()`: those of `GPT2LMHeadModel` without its part in front.
    let expected = gpt2().into_iter().map(|(name, it)| (name.strip_prefix("transformer.").unwrap().to_owned(), it));
    assert_eq!(found, sorted(expected.collect()));
    assert!(found.iter().any(|it| it.0 == "h.1.attn.c_attn.weight") && found.iter().any(|it| it.0 == "wte.weight"));
    let names: Vec<&String> = converted.weights.checksums.keys().collect();
    assert_eq!(names.len(), found.len());
    assert!(names.iter().all(|name| !name.starts_with("transformer.")), "{names:?}");
    // An output matrix of its own keeps its name, and what is written converts back to what it was.
    let mut untied = linear(gpt2(), true, "attention");
    let head = crate::support::torch_files::half(77, &[10, WIDTH]);
    untied.push(("output_layer.weight".to_owned(), head.clone()));
    let file = megatron_file(Container::Zip, false, &dotted(untied), &[]);
    let output = directory.path().join("bare");
    let go = &mut |_| std::ops::ControlFlow::Continue(());
    let input = Input::Bytes { name: "", bytes: &file };
    megachat::install::convert::convert(input, &output, &bare, go).unwrap();
    let written = read_safetensors(&std::fs::read(output.join("model.safetensors")).unwrap());
    assert!(written.iter().any(|it| it.0 == "lm_head.weight" && it.1 == head));
    let (again, found) = try_convert(Input::Path(&output), &Options::default()).unwrap();
    let mut whole = gpt2();
    whole.push(("lm_head.weight".to_owned(), head));
    assert_eq!((again.config.tie_word_embeddings, found), (false, sorted(whole)));
}

/// The names with `language_model.` in front.
fn dotted(tensors: Vec<(String, Half)>) -> Vec<(String, Half)> {
    tensors.into_iter().map(|(name, it)| (format!("language_model.{name}"), it)).collect()
}
