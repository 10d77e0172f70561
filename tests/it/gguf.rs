//! What goes out as GGUF, read back by candle, which knows nothing of the writer; and what comes in.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor, safetensors};
use half::f16;
use megachat::assets;
use megachat::checkpoint::Config;
use megachat::checkpoint::gguf::blocks::Stored;
use megachat::install::convert::{self, ConvertError, Converted, Input, convert};
use megachat::install::export::{ExportError, Exported, Kind, Options, export};
use megachat::text::TokenizerChoice;

use crate::support::demo_directory;
use crate::support::fetching::noise;
use crate::support::program::{Home, err, megachat, out};
use crate::support::torch_files::{HEADS, INNER, LAYERS, POSITIONS, ROWS, WIDTH, bytes_of, gpt2, half};

fn run(directory: &Path, output: &Path, kind: Kind, force: bool) -> Result<Exported, ExportError> {
    export(directory, output, &Options { name: "a model", kind, force, tokenizer: None, heads: None }, &mut |_, _| {
        ControlFlow::Continue(())
    })
}

/// The keys, and the tensors by name with the type they have in the file.
fn read(path: &Path) -> (BTreeMap<String, Value>, BTreeMap<String, QTensor>) {
    let mut file = File::open(path).unwrap();
    let content = Content::read(&mut file).unwrap();
    let names: Vec<String> = content.tensor_infos.keys().cloned().collect();
    let tensors = names.into_iter().map(|it| (it.clone(), content.tensor(&mut file, &it, &Device::Cpu).unwrap()));
    let tensors = tensors.collect();
    (content.metadata.into_iter().collect(), tensors)
}

/// What llama.cpp calls a tensor of a Hugging Face directory, and whether it wants it transposed.
fn renamed(name: &str) -> (String, bool) {
    let name = name.strip_prefix("transformer.").unwrap_or(name);
    let Some((layer, rest)) = name.strip_prefix("h.").and_then(|it| it.split_once('.')) else {
        let (stem, end) = name.rsplit_once('.').unwrap();
        let stem = match stem {
            "wte" => "token_embd",
            "wpe" => "position_embd",
            "ln_f" => "output_norm",
            _ => "output",
        };
        return (format!("{stem}.{end}"), false);
    };
    let (stem, end) = rest.rsplit_once('.').unwrap();
    let new = match stem {
        "ln_1" => "attn_norm",
        "attn.c_attn" => "attn_qkv",
        "attn.c_proj" => "attn_output",
        "ln_2" => "ffn_norm",
        "mlp.c_fc" => "ffn_up",
        _ => "ffn_down",
    };
    (format!("blk.{layer}.{new}.{end}"), end == "weight" && !stem.starts_with("ln_"))
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let flat = tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap();
    flat.to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}

#[test]
fn every_tensor_of_the_demo_comes_back_in_each_type() {
    let directory = tempfile::tempdir().unwrap();
    let source = safetensors::load(demo_directory().join("model.safetensors"), &Device::Cpu).unwrap();
    for kind in [Kind::F32, Kind::F16, Kind::Q8_0] {
        let path = directory.path().join(kind.name());
        let exported = run(&demo_directory(), &path, kind, false).unwrap();
        assert_eq!(exported.bytes, fs::metadata(&path).unwrap().len());
        let (_, found) = read(&path);
        assert_eq!(found.len(), source.len());
        for (name, expected) in &source {
            let (name, is_matrix) = renamed(name);
            let found = &found[&name];
            let expected = expected.to_dtype(DType::F32).unwrap();
            let expected = if is_matrix { expected.t().unwrap().contiguous().unwrap() } else { expected };
            assert_eq!(found.shape(), expected.shape(), "{name}");
            let chosen = is_matrix || name == "token_embd.weight";
            let dtype = match kind {
                Kind::F16 if chosen => GgmlDType::F16,
                Kind::Q8_0 if chosen => GgmlDType::Q8_0,
                _ => GgmlDType::F32,
            };
            assert_eq!(found.dtype(), dtype, "{name}");
            if dtype == GgmlDType::Q8_0 {
                // ggml rounds halves away from zero, and so does candle: the blocks are equal to the last bit.
                let theirs = QTensor::quantize(&expected, GgmlDType::Q8_0).unwrap();
                assert!(found.data().unwrap() == theirs.data().unwrap(), "{name}");
            } else {
                let expected = if dtype == GgmlDType::F16 { expected.to_dtype(DType::F16).unwrap() } else { expected };
                assert!(bits(&found.dequantize(&Device::Cpu).unwrap()) == bits(&expected), "{name}");
            }
        }
        let again = directory.path().join("again");
        run(&demo_directory(), &again, kind, true).unwrap();
        assert!(fs::read(&again).unwrap() == fs::read(&path).unwrap(), "the bytes differ from run to run");
    }
}

#[test]
fn the_keys_say_what_llama_cpp_asks_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demo.gguf");
    run(&demo_directory(), &path, Kind::Q8_0, false).unwrap();
    let (keys, tensors) = read(&path);
    let config: serde_json::Value =
        serde_json::from_slice(&fs::read(demo_directory().join("config.json")).unwrap()).unwrap();
    let number = |key: &str| keys[key].to_u32().unwrap();
    for (key, theirs) in [
        ("gpt2.block_count", "n_layer"),
        ("gpt2.context_length", "n_positions"),
        ("gpt2.embedding_length", "n_embd"),
        ("gpt2.attention.head_count", "n_head"),
    ] {
        assert_eq!(u64::from(number(key)), config[theirs].as_u64().unwrap(), "{key}");
    }
    let inner = tensors["blk.0.ffn_up.weight"].shape().dims()[0];
    assert_eq!(number("gpt2.feed_forward_length") as usize, inner);
    assert_eq!(keys["general.architecture"].to_string().unwrap(), "gpt2");
    assert_eq!(keys["general.name"].to_string().unwrap(), "a model");
    assert_eq!(number("general.file_type"), 7);
    let epsilon = keys["gpt2.attention.layer_norm_epsilon"].to_f32().unwrap();
    assert!((f64::from(epsilon) - config["layer_norm_epsilon"].as_f64().unwrap()).abs() < 1e-12);
    let tokens = keys["tokenizer.ggml.tokens"].to_vec().unwrap();
    assert_eq!(tokens.len() as u64, config["vocab_size"].as_u64().unwrap());
    let vocab: BTreeMap<String, u32> =
        serde_json::from_slice(&fs::read(demo_directory().join("vocab.json")).unwrap()).unwrap();
    for (piece, id) in vocab {
        assert_eq!(*tokens[id as usize].to_string().unwrap(), piece);
    }
    assert_eq!(number("tokenizer.ggml.eos_token_id"), 50_256);
    let kind = |id: usize| match keys["tokenizer.ggml.token_type"].to_vec().unwrap()[id] {
        Value::I32(kind) => kind,
        _ => panic!("not a number"),
    };
    assert_eq!((kind(0), kind(50_256)), (1, 3));
    let merges = keys["tokenizer.ggml.merges"].to_vec().unwrap();
    assert_eq!((merges.len(), merges[0].to_string().unwrap().as_str()), (50_000, "Ġ t"));
}

/// The tiny model as a directory, its output matrix of its own, with a word table of ten rows.
fn tiny(directory: &Path, tied: bool, inner: usize) {
    let mut model = gpt2();
    for (name, tensor) in &mut model {
        let shape = match name.as_str() {
            it if it.ends_with("c_fc.weight") => vec![WIDTH, inner],
            it if it.ends_with("c_fc.bias") => vec![inner],
            it if it.ends_with("mlp.c_proj.weight") => vec![inner, WIDTH],
            _ => continue,
        };
        *tensor = half(3, &shape);
    }
    if !tied {
        model.push(("lm_head.weight".to_owned(), half(77, &[ROWS, WIDTH])));
    }
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, tensor) in &model {
        let start = data.len();
        data.extend(bytes_of(&tensor.bits));
        let entry = serde_json::json!({"dtype": "F16", "shape": tensor.shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    let header = serde_json::Value::from(header).to_string();
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat();
    fs::write(directory.join("model.safetensors"), file).unwrap();
    let config = serde_json::json!({"model_type": "gpt2", "n_embd": WIDTH, "n_head": HEADS, "n_layer": LAYERS,
        "n_inner": inner, "n_positions": POSITIONS, "vocab_size": ROWS, "tie_word_embeddings": tied});
    fs::write(directory.join("config.json"), config.to_string()).unwrap();
    let vocab = serde_json::json!({"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 7});
    fs::write(directory.join("vocab.json"), vocab.to_string()).unwrap();
    fs::write(directory.join("merges.txt"), "#version: 0.2\na b\n").unwrap();
}

#[test]
fn an_output_matrix_of_its_own_rows_without_tokens_and_odd_rows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.gguf");
    tiny(directory.path(), false, 40);
    let exported = run(directory.path(), &path, Kind::Q8_0, false).unwrap();
    // Rows of 40 numbers are no whole blocks of 32.
    assert_eq!(exported.notes.len(), 1, "{:?}", exported.notes);
    let (keys, tensors) = read(&path);
    assert_eq!(tensors["blk.1.ffn_down.weight"].dtype(), GgmlDType::F16);
    assert_eq!(tensors["blk.1.ffn_up.weight"].dtype(), GgmlDType::Q8_0);
    let expected: Vec<u32> =
        half(77, &[ROWS, WIDTH]).bits.iter().map(|&it| f16::from_bits(it).to_f32()).map(f32::to_bits).collect();
    run(directory.path(), &path, Kind::F32, true).unwrap();
    let (_, tensors) = read(&path);
    assert!(bits(&tensors["output.weight"].dequantize(&Device::Cpu).unwrap()) == expected);
    let tokens = keys["tokenizer.ggml.tokens"].to_vec().unwrap();
    let text = |id: usize| tokens[id].to_string().unwrap().as_str();
    assert_eq!((text(2), text(7), text(9)), ("ab", "<|endoftext|>", "[PAD9]"));
    tiny(directory.path(), true, INNER);
    run(directory.path(), &path, Kind::F16, true).unwrap();
    assert!(!read(&path).1.contains_key("output.weight"));
}

#[test]
fn nothing_is_replaced_or_left_that_should_not_be() {
    let directory = tempfile::tempdir().unwrap();
    tiny(directory.path(), true, INNER);
    let before = fs::read_dir(directory.path()).unwrap().count();
    let path = directory.path().join("out.gguf");
    let cut = export(
        directory.path(),
        &path,
        &Options { name: "x", kind: Kind::F16, force: false, tokenizer: None, heads: None },
        &mut |done, total| {
            if done * 2 > total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    assert!(matches!(cut, Err(ExportError::Cancelled)));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), before);
    fs::write(&path, "dear").unwrap();
    assert!(matches!(run(directory.path(), &path, Kind::F16, false), Err(ExportError::OutputExists(_))));
    assert_eq!(fs::read(&path).unwrap(), b"dear");
    let weights = directory.path().join("model.safetensors");
    assert!(matches!(run(directory.path(), &weights, Kind::F16, true), Err(ExportError::PartOfTheModel(_))));
    for (output, what) in [(directory.path(), "a directory"), (Path::new("/dev/zero"), "a device")] {
        let refused = run(directory.path(), output, Kind::F16, true).unwrap_err();
        assert!(
            matches!(&refused, ExportError::Write { source, .. } if source.to_string().contains(what)),
            "{refused}"
        );
    }
    let bytes = fs::read(&weights).unwrap();
    for cut in [bytes.len() - 1, 9, 0] {
        fs::write(&weights, &bytes[..cut]).unwrap();
        assert!(run(directory.path(), &path, Kind::F16, true).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"dear");
    }
    fs::write(&weights, &bytes).unwrap();
    let config = fs::read_to_string(directory.path().join("config.json")).unwrap();
    fs::write(directory.path().join("config.json"), config.replace("\"n_layer\":2", "\"n_layer\":3")).unwrap();
    assert!(matches!(run(directory.path(), &path, Kind::F16, true), Err(ExportError::Directory(_))));
}

#[test]
fn the_command_writes_the_demo_and_says_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_megachat"));
        command.args(arguments).env("MEGACHAT_HOME", home.path()).output().unwrap()
    };
    let path = home.path().join("demo.gguf");
    let file = path.to_str().unwrap();
    let done = run(&["export", "demo", "--to", "gguf", file, "--dtype", "q8_0"]);
    assert!(done.status.success() && done.stdout.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stderr).contains("q8_0, 12.4 M parameters, 15 MB"));
    assert_eq!(read(&path).0["general.name"].to_string().unwrap(), "demo");
    let again = run(&["export", "demo", "--to", "gguf", file]);
    assert_eq!(again.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    assert_eq!(run(&["export", "nobody", "--to", "gguf", file]).status.code(), Some(3));
    let full = run(&["export", "demo", "--to", "gguf", "/dev/full", "--force"]);
    assert_eq!(full.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&full.stderr).contains("a device"));
}

/// Into a directory beside the file.
fn converted(file: &Path, tokenizer: Option<TokenizerChoice>) -> Result<(Converted, PathBuf), ConvertError> {
    let output = file.with_extension("converted");
    let _ = fs::remove_dir_all(&output);
    let options = convert::Options { tokenizer, ..convert::Options::default() };
    let converted = convert(Input::Path(file), &output, &options, &mut |_| ControlFlow::Continue(()))?;
    Ok((converted, output))
}

#[test]
fn what_goes_out_comes_in_again_to_the_last_bit() {
    let directory = tempfile::tempdir().unwrap();
    let source = safetensors::load(demo_directory().join("model.safetensors"), &Device::Cpu).unwrap();
    let config = Config::from_json(&fs::read(demo_directory().join("config.json")).unwrap()).unwrap();
    for kind in [Kind::F32, Kind::F16, Kind::Q8_0] {
        let path = directory.path().join(format!("{}.gguf", kind.name()));
        run(&demo_directory(), &path, kind, false).unwrap();
        let (made, output) = converted(&path, None).unwrap();
        assert_eq!(made.config, config);
        assert_eq!((made.vocabulary.hash(), made.vocabulary.ends()), (assets::vocabulary().hash(), &[50_256][..]));
        let found = safetensors::load(output.join("model.safetensors"), &Device::Cpu).unwrap();
        assert_eq!(found.len(), source.len());
        for (name, expected) in &source {
            let expected = expected.to_dtype(DType::F32).unwrap();
            let is_chosen = expected.dims().len() == 2 && name != "transformer.wpe.weight";
            match kind {
                Kind::F16 if is_chosen => {
                    let expected = expected.to_dtype(DType::F16).unwrap();
                    assert!(bits(&found[name]) == bits(&expected) && found[name].dtype() == DType::F16, "{name}");
                }
                // As its blocks have it, which the file written anew shows below.
                Kind::Q8_0 if is_chosen => assert_eq!(found[name].dtype(), DType::F32, "{name}"),
                _ => assert!(bits(&found[name]) == bits(&expected), "{name}"),
            }
        }
        let again = directory.path().join("again.gguf");
        run(&output, &again, kind, true).unwrap();
        assert!(
            fs::read(&again).unwrap() == fs::read(&path).unwrap(),
            "{} is another file the second time",
            kind.name()
        );
    }
}

/// An output matrix of its own stays one; one that is the table of words written twice is the table of words.
#[test]
fn an_output_matrix_comes_in_as_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.gguf");
    for is_own in [true, false] {
        tiny(directory.path(), false, INNER);
        if !is_own {
            // The same numbers, written twice.
            let table = safetensors::load(directory.path().join("model.safetensors"), &Device::Cpu).unwrap();
            let mut twice = table.clone();
            let words = table.iter().find(|it| it.0.ends_with("wte.weight")).unwrap().1;
            twice.insert("lm_head.weight".to_owned(), words.clone());
            safetensors::save(&twice, directory.path().join("model.safetensors")).unwrap();
        }
        run(directory.path(), &path, Kind::F32, true).unwrap();
        assert!(read(&path).1.contains_key("output.weight"));
        let (made, output) = converted(&path, None).unwrap();
        assert_eq!(made.config.tie_word_embeddings, !is_own);
        let found = safetensors::load(output.join("model.safetensors"), &Device::Cpu).unwrap();
        assert_eq!(found.contains_key("lm_head.weight"), is_own);
        if is_own {
            let expected = half(77, &[ROWS, WIDTH]).bits.into_iter().map(|it| f16::from_bits(it).to_f32().to_bits());
            assert!(bits(&found["lm_head.weight"]) == expected.collect::<Vec<_>>());
        }
        // Rows that no token is spelled for stay rows, and its words are its own.
        assert_eq!((made.config.vocab_size, made.vocabulary.len()), (ROWS, 8));
        assert_eq!(made.vocabulary.encode("abba").unwrap().tokens, [2, 1, 0]);
    }
}

#[test]
fn a_file_is_run_where_it_lies_and_installed() {
    let home = Home::new();
    let path = home.path().join("mine.gguf");
    run(&demo_directory(), &path, Kind::F32, false).unwrap();
    let draw = |model: &str| {
        let arguments = ["-p", "Once upon a", "-n", "20", "-s", "5", "--device", "cpu", "--dtype", "f32", "-m", model];
        let output = megachat(home.path(), &arguments).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        (out(&output), err(&output))
    };
    let (expected, _) = draw("demo");
    let (text, said) = draw("mine.gguf");
    assert_eq!(text, expected);
    assert!(said.contains("converted on the way in (GGUF, F32); `megachat model import mine.gguf`"), "{said}");
    // Alone in a directory, it is what the directory holds.
    fs::create_dir(home.path().join("only")).unwrap();
    fs::rename(&path, home.path().join("only/mine.gguf")).unwrap();
    assert_eq!(draw("only").0, expected);
    let imported = megachat(home.path(), &["model", "import", "only/mine.gguf", "--name", "mine"]).output().unwrap();
    assert!(imported.status.success(), "{}", err(&imported));
    assert_eq!(draw("mine"), (expected, String::new()));
}

#[test]
fn what_is_no_gpt2_or_not_whole_is_refused_in_its_own_words() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.gguf");
    run(&demo_directory(), &path, Kind::F16, false).unwrap();
    let good = fs::read(&path).unwrap();
    let place = |of: &str| good.windows(of.len()).position(|it| it == of.as_bytes()).unwrap();
    // The value of a key that is a text begins behind its type and its length.
    let value = |key: &str| place(key) + key.len() + 12;
    let refused = |at: usize, with: &[u8], tokenizer| {
        let mut bytes = good.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        fs::write(&path, bytes).unwrap();
        match converted(&path, tokenizer) {
            Ok(_) => String::new(),
            Err(e) => e.to_string(),
        }
    };
    let said = refused(value("general.architecture"), b"gptj", None);
    assert!(said.contains("not a GPT-2: another architecture (gptj)"), "{said}");
    let said = refused(place("general.architecture"), b"general.architectura", None);
    assert!(said.contains("no general.architecture"), "{said}");
    let said = refused(place("gpt2.block_count"), b"gpt2.block_kount", None);
    assert!(said.contains("gpt2.block_count is not there"), "{said}");
    let said = refused(place("blk.1.ffn_up.weight"), b"blk.1.ffn_ip.weight", None);
    assert!(said.contains("missing") && said.contains("blk.1.ffn_ip.weight"), "{said}");
    let said = refused(value("tokenizer.ggml.model"), b"bert", None);
    assert!(said.contains("a tokenizer of the kind bert") && said.contains("--tokenizer DIR"), "{said}");
    // Its words may be named instead.
    assert_eq!(refused(value("tokenizer.ggml.model"), b"bert", Some(TokenizerChoice::Gpt2)), "");
    let said = refused(place("tokenizer.ggml.tokens"), b"tokenizer.ggml.tokenz", None);
    assert!(said.contains("does not say which words its 50257 rows stand for"), "{said}");
    for cut in [3, 30, 10_000, 3_000_000, good.len() - 40] {
        fs::write(&path, &good[..cut]).unwrap();
        let said = converted(&path, None).unwrap_err().to_string();
        assert!(
            said.contains("within its header") || said.contains("after the end of the file") || cut == 3,
            "{cut}: {said}"
        );
        assert!(!path.with_extension("converted").exists());
    }
    // A number that is none in a block's scale.
    run(&demo_directory(), &path, Kind::Q8_0, true).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 34;
    bytes[at - 34 * 1000..][..34 * 900].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let said = converted(&path, None).unwrap_err().to_string();
    assert!(said.contains("infinite or not a number"), "{said}");
}

/// candle's type of blocks, and where in one the numbers of half precision stand.
const BLOCKS: [(Stored, GgmlDType, &[usize]); 8] = [
    (Stored::Q4_0, GgmlDType::Q4_0, &[0]),
    (Stored::Q4_1, GgmlDType::Q4_1, &[0, 2]),
    (Stored::Q5_0, GgmlDType::Q5_0, &[0]),
    (Stored::Q5_1, GgmlDType::Q5_1, &[0, 2]),
    (Stored::Q8_0, GgmlDType::Q8_0, &[0]),
    (Stored::Q4K, GgmlDType::Q4K, &[0, 2]),
    (Stored::Q5K, GgmlDType::Q5K, &[0, 2]),
    (Stored::Q6K, GgmlDType::Q6K, &[208]),
];

#[test]
fn blocks_of_every_type_are_widened_to_what_candle_makes_of_them() {
    const COUNT: usize = 300;
    for (stored, dtype, halves) in BLOCKS {
        let (numbers, length) = stored.block();
        assert_eq!((dtype.block_size(), dtype.type_size()), (numbers, length), "{stored:?}");
        let mut bytes = noise(COUNT * length, 5);
        for (at, block) in bytes.chunks_exact_mut(length).enumerate() {
            for &half in halves {
                // Of both signs, and of no size at which sixteen bits end.
                let scale = f16::from_f32((at as f32 - 150.0) / 1024.0);
                block[half..half + 2].copy_from_slice(&scale.to_le_bytes());
            }
        }
        let theirs = qtensor_from_ggml(dtype, &bytes, vec![COUNT * numbers], &Device::Cpu).unwrap();
        let theirs = theirs.dequantize(&Device::Cpu).unwrap();
        let mut ours = Vec::new();
        stored.widen(&bytes, &mut ours);
        let (of, wide) = if stored == Stored::Q8_0 { (DType::F32, 4) } else { (DType::F16, 2) };
        assert_eq!(ours.len(), COUNT * numbers * wide, "{stored:?}");
        let ours = Tensor::from_raw_buffer(&ours, of, &[COUNT * numbers], &Device::Cpu).unwrap();
        assert!(bits(&ours) == bits(&theirs.to_dtype(of).unwrap()), "{stored:?}");
    }
}
