//! What a directory or a file holds: whatever the converter takes, the engine runs and the export writes, and what one of
//! them refuses the others refuse with the same words.

use std::path::{Path, PathBuf};

use half::f16;
use megachat::checkpoint::safetensors::write_header;
use megachat::checkpoint::tensors::Dtype;
use megachat::directory::{Contents, DirectoryError, Weights};

use crate::support::program::{Home, err, megachat, out};
use crate::support::torch_files::{Container, Half, Pickler, View, bytes_of, container, transposed};

/// One head of 64 channels.
const WIDTH: usize = 64;
const POSITIONS: usize = 16;
const ROWS: usize = 50_257;

type Model = Vec<(String, Half)>;

/// Small numbers, other ones for each tensor.
fn numbers(seed: usize, shape: &[usize]) -> Half {
    let count = shape.iter().product::<usize>();
    let number = |at: usize| ((at * 7_919 + seed * 104_729) % 1_009) as f32 / 1_009.0 - 0.5;
    Half { bits: (0..count).map(|at| f16::from_f32(number(at)).to_bits()).collect(), shape: shape.to_vec() }
}

/// A GPT-2 of one layer in its own names.
fn gpt2() -> Model {
    let c = WIDTH;
    let shapes: [(&str, &[usize]); 16] = [
        ("wte.weight", &[ROWS, c]),
        ("wpe.weight", &[POSITIONS, c]),
        ("h.0.ln_1.weight", &[c]),
        ("h.0.ln_1.bias", &[c]),
        ("h.0.attn.c_attn.weight", &[c, 3 * c]),
        ("h.0.attn.c_attn.bias", &[3 * c]),
        ("h.0.attn.c_proj.weight", &[c, c]),
        ("h.0.attn.c_proj.bias", &[c]),
        ("h.0.ln_2.weight", &[c]),
        ("h.0.ln_2.bias", &[c]),
        ("h.0.mlp.c_fc.weight", &[c, 4 * c]),
        ("h.0.mlp.c_fc.bias", &[4 * c]),
        ("h.0.mlp.c_proj.weight", &[4 * c, c]),
        ("h.0.mlp.c_proj.bias", &[c]),
        ("ln_f.weight", &[c]),
        ("ln_f.bias", &[c]),
    ];
    let tensor =
        |(seed, (name, shape)): (usize, &(&str, &[usize]))| (format!("transformer.{name}"), numbers(seed, shape));
    shapes.iter().enumerate().map(tensor).collect()
}

fn is_bias(name: &str) -> bool {
    name.rsplit('.').next() == Some("bias")
}

/// The same as nanoGPT keeps it, with the output matrix that is the word table.
fn nanogpt(biases: bool) -> Model {
    let linear = |(name, tensor): (String, Half)| {
        let matrix = name.contains(".h.") && tensor.shape.len() == 2;
        (name, if matrix { transposed(&tensor) } else { tensor })
    };
    let mut model: Model = gpt2().into_iter().filter(|it| biases || !is_bias(&it.0)).map(linear).collect();
    model.push(("lm_head.weight".to_owned(), model[0].1.clone()));
    model
}

fn prefixed(prefix: &str, model: Model) -> Model {
    model.into_iter().map(|(name, it)| (format!("{prefix}{name}"), it)).collect()
}

fn safetensors(model: &[(String, Half)]) -> Vec<u8> {
    let names: Vec<_> = model.iter().map(|(name, it)| (name.as_str(), Dtype::F16, it.shape.as_slice())).collect();
    let (mut bytes, _) = write_header(&names);
    for (_, it) in model {
        bytes.extend(bytes_of(&it.bits));
    }
    bytes
}

/// A torch file with the tensors in dictionaries within dictionaries, and values beside the innermost's way there.
fn torch(kind: Container, keys: &[&str], model: &[(String, Half)], beside: &[(&str, &[u8])]) -> Vec<u8> {
    let mut pickler = Pickler::new();
    for key in keys {
        pickler.raw(b"}(");
        for (name, value) in beside {
            pickler.text(name).raw(value);
        }
        pickler.text(key);
    }
    pickler.raw(b"}(");
    let mut storages = Vec::new();
    for (name, tensor) in model {
        let storage = format!("{}", 100 + storages.len());
        pickler.text(name).tensor(kind, &storage, &View::whole(tensor));
        storages.push((storage, tensor.bits.clone()));
    }
    pickler.raw(&b"u".repeat(keys.len() + 1)).raw(b".");
    container(kind, &pickler.bytes, &storages)
}

/// nanoGPT's `model_args`, pickled.
fn model_args(entries: &[(&str, usize)], bias: bool) -> Vec<u8> {
    let mut pickler = Pickler::default();
    pickler.raw(b"}(");
    for (key, number) in entries {
        pickler.text(key).integer(*number);
    }
    pickler.text("bias").raw(if bias { b"\x88" } else { b"\x89" }).raw(b"u");
    pickler.bytes
}

const ARGUMENTS: [(&str, usize); 5] =
    [("n_layer", 1), ("n_head", 1), ("n_embd", WIDTH), ("block_size", POSITIONS), ("vocab_size", ROWS)];

fn config(more: &str) -> String {
    format!(
        r#"{{"model_type": "gpt2", "n_embd": {WIDTH}, "n_head": 1, "n_layer": 1, "n_positions": {POSITIONS},
            "vocab_size": {ROWS}{more}}}"#
    )
}

fn index(of: &[(&str, &[(String, Half)])]) -> String {
    let names = of.iter().flat_map(|(file, model)| model.iter().map(|(name, _)| (name.clone(), (*file).into())));
    let map: serde_json::Map<String, serde_json::Value> = names.collect();
    serde_json::json!({"metadata": {}, "weight_map": map}).to_string()
}

/// What is written: a file's name and its bytes.
type Files = Vec<(String, Vec<u8>)>;

fn files(of: &[(&str, &[u8])]) -> Files {
    of.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
}

/// Writes them, and GPT-2's merges beside them: without words no model is taken.
fn write(directory: &Path, files: &Files) {
    if !files.iter().any(|it| it.0.ends_with("merges.txt")) {
        std::fs::create_dir_all(directory).unwrap();
        std::fs::write(directory.join("merges.txt"), megachat::assets::MERGES).unwrap();
    }
    for (name, bytes) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// The likeliest tokens after a text: a fingerprint of the model, and what was said.
fn fingerprint(home: &Home, path: &Path) -> (String, String) {
    let path = path.to_str().unwrap();
    let arguments = [
        "-m",
        path,
        "-n",
        "8",
        "--temperature",
        "0",
        "--dtype",
        "f32",
        "--heads",
        "1",
        "--json",
        "-p",
        "Once upon a time",
    ];
    let output = megachat(home.path(), &arguments).output().unwrap();
    assert!(output.status.success(), "{path}: {}", err(&output));
    let json: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    (json["text"].as_str().unwrap().to_owned(), err(&output))
}

fn convert(home: &Home, path: &Path, to: &Path) -> Result<String, String> {
    let output = megachat(home.path(), &["convert", path.to_str().unwrap(), to.to_str().unwrap(), "--heads", "1"])
        .output()
        .unwrap();
    if output.status.success() { Ok(err(&output)) } else { Err(err(&output)) }
}

fn export(home: &Home, path: &Path, to: &Path) -> Result<String, String> {
    let arguments = ["export", path.to_str().unwrap(), "--to", "gguf", "--heads", "1", to.to_str().unwrap()];
    let output = megachat(home.path(), &arguments).output().unwrap();
    if output.status.success() { Ok(err(&output)) } else { Err(err(&output)) }
}

/// Which of the references a model is to be like.
#[derive(Clone, Copy, PartialEq)]
enum Like {
    /// GPT-2's own activation.
    Tanh,
    /// The exact one.
    Exact,
    /// The exact one, without biases.
    NoBias,
}

/// A name, the files, what to name of them, what it is like, whether it runs as it lies, what must be said.
type Case = (&'static str, Files, &'static str, Like, bool, &'static str);

fn in_safetensors() -> Vec<Case> {
    let model = gpt2();
    let (whole, config) = (safetensors(&model), config(""));
    let exact = self::config(r#", "activation_function": "gelu""#);
    let (first, second) = model.split_at(5);
    let (one, two) = (safetensors(first), safetensors(second));
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let list = index(&[(names[0], first), (names[1], second)]);
    let single = index(&[("model-00001-of-00001.safetensors", &model)]);
    let sharded = files(&[
        ("config.json", config.as_bytes()),
        ("model.safetensors.index.json", list.as_bytes()),
        (names[0], &one),
        (names[1], &two),
    ]);
    let counted: Files = sharded.iter().filter(|it| !it.0.contains("index")).cloned().collect();
    let odd = files(&[("config.json", exact.as_bytes()), ("story.safetensors", &whole), ("training_args.bin", b"x")]);
    let alias = format!(
        r#"{{"model_type": "gpt2", "hidden_size": {WIDTH}.0, "num_attention_heads": 1, "num_hidden_layers": 1,
            "max_position_embeddings": {POSITIONS}, "vocab_size": {ROWS}, "layer_norm_epsilon": "1e-05"}}"#
    );
    let bare: Model = model.iter().map(|(name, it)| (name.replace("transformer.", ""), it.clone())).collect();
    let mut head_only = model.clone();
    "lm_head.weight".clone_into(&mut head_only[0].0);
    let mut masks = model.clone();
    masks.push(("lm_head.decoder.weight".to_owned(), model[0].1.clone()));
    masks.push(("transformer.h.0.attn.bias".to_owned(), numbers(3, &[1, 1, 4, 4])));
    let mut heads = model.clone();
    heads.push(("multiple_choice_head.summary.weight".to_owned(), numbers(3, &[1, WIDTH])));
    heads.push(("score.weight".to_owned(), numbers(3, &[2, WIDTH])));
    let with = |model: &[(String, Half)]| {
        files(&[("config.json", config.as_bytes()), ("model.safetensors", &safetensors(model))])
    };
    vec![
        ("plain", with(&model), "", Like::Tanh, true, ""),
        ("without prefix", with(&bare), "", Like::Tanh, true, ""),
        ("of DDP", with(&prefixed("module.", model.clone())), "", Like::Tanh, true, ""),
        (
            "of several wrappings",
            with(&prefixed("_orig_mod.module.model.", model.clone())),
            "model.safetensors",
            Like::Tanh,
            true,
            "",
        ),
        ("the pair under its other name", with(&head_only), "", Like::Tanh, true, ""),
        ("masks and a copy", with(&masks), "", Like::Tanh, true, ""),
        (
            "two heads",
            with(&heads),
            "",
            Like::Tanh,
            true,
            "left out: multiple_choice_head.summary.weight, score.weight",
        ),
        (
            "a list of one file",
            files(&[
                ("config.json", exact.as_bytes()),
                ("model.safetensors.index.json", single.as_bytes()),
                ("model-00001-of-00001.safetensors", &whole),
            ]),
            "",
            Like::Exact,
            true,
            "",
        ),
        ("several files", sharded.clone(), "", Like::Tanh, true, ""),
        ("one of several files", sharded.clone(), names[1], Like::Tanh, true, ""),
        ("the list itself", sharded.clone(), "model.safetensors.index.json", Like::Tanh, true, ""),
        ("the numbers themselves", sharded, "config.json", Like::Tanh, true, ""),
        ("several files without a list", counted.clone(), "", Like::Tanh, true, ""),
        ("one of them", counted, names[0], Like::Tanh, true, ""),
        ("another name", odd.clone(), "", Like::Exact, true, ""),
        ("the file of another name", odd, "story.safetensors", Like::Exact, true, ""),
        (
            "other names of the numbers",
            files(&[("config.json", alias.as_bytes()), ("model.safetensors", &whole)]),
            "",
            Like::Tanh,
            true,
            "",
        ),
        ("no numbers", files(&[("a.safetensors", &whole)]), "a.safetensors", Like::Tanh, true, "no config.json beside"),
        (
            "nanoGPT's layout",
            files(&[("config.json", exact.as_bytes()), ("model.safetensors", &safetensors(&nanogpt(true)))]),
            "",
            Like::Exact,
            false,
            "",
        ),
    ]
}

fn in_torch_files() -> Vec<Case> {
    let model = gpt2();
    let (config, whole) = (config(""), torch(Container::Zip, &[], &model, &[]));
    let exact = self::config(r#", "activation_function": "gelu""#);
    let (first, second) = model.split_at(7);
    let names = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
    let list = index(&[(names[0], first), (names[1], second)]);
    let arguments = model_args(&ARGUMENTS, true);
    let no_bias = model_args(&ARGUMENTS, false);
    let nano = |biases, args: &[u8]| {
        let model = prefixed("_orig_mod.", nanogpt(biases));
        torch(Container::Zip, &["model"], &model, &[("model_args", args), ("iter_num", b"K\x05")])
    };
    let lightning = prefixed("model.", model.clone());
    let lightning = torch(Container::Zip, &["state_dict"], &lightning, &[("epoch", b"K\x01")]);
    let mut deep = model.clone();
    deep.push(("lm_head.weight".to_owned(), model[0].1.clone()));
    vec![
        (
            "pytorch_model.bin alone",
            files(&[("config.json", config.as_bytes()), ("pytorch_model.bin", &whole)]),
            "",
            Like::Tanh,
            false,
            "",
        ),
        (
            "several torch files",
            files(&[
                ("config.json", config.as_bytes()),
                ("pytorch_model.bin.index.json", list.as_bytes()),
                (names[0], &torch(Container::Zip, &[], first, &[])),
                (names[1], &torch(Container::Legacy, &[], second, &[])),
            ]),
            "",
            Like::Tanh,
            false,
            "",
        ),
        (
            "a torch file of another name",
            files(&[("config.json", exact.as_bytes()), ("story.bin", &whole)]),
            "story.bin",
            Like::Exact,
            false,
            "",
        ),
        ("Lightning", files(&[("last.ckpt", &lightning)]), "last.ckpt", Like::Tanh, false, "no config.json beside"),
        (
            "dictionaries in a dictionary",
            files(&[("a.pt", &torch(Container::Legacy, &["a", "b"], &deep, &[]))]),
            "",
            Like::Tanh,
            false,
            "",
        ),
        ("nanoGPT", files(&[("ckpt.pt", &nano(true, &arguments))]), "ckpt.pt", Like::Exact, false, "(nanoGPT)"),
        (
            "nanoGPT without its numbers",
            files(&[("a.pt", &torch(Container::Zip, &[], &nanogpt(true), &[]))]),
            "a.pt",
            Like::Exact,
            false,
            "nanoGPT's exact GELU",
        ),
        ("nanoGPT without biases", files(&[("ckpt.pt", &nano(false, &no_bias))]), "", Like::NoBias, false, "no biases"),
    ]
}

#[test]
fn what_the_converter_takes_runs_and_is_exported() {
    let home = Home::new();
    let places = tempfile::tempdir().unwrap();
    let reference = |name: &str, model: &[(String, Half)], more: &str| {
        let directory = places.path().join(name);
        write(
            &directory,
            &files(&[("config.json", config(more).as_bytes()), ("model.safetensors", &safetensors(model))]),
        );
        fingerprint(&home, &directory).0
    };
    let zeros = |(name, mut it): (String, Half)| {
        if is_bias(&name) {
            it.bits.fill(0);
        }
        (name, it)
    };
    let gelu = r#", "activation_function": "gelu""#;
    let no_bias: Model = gpt2().into_iter().map(zeros).collect();
    let (tanh, exact) = (reference("tanh", &gpt2(), ""), reference("exact", &gpt2(), gelu));
    let no_bias = reference("no bias", &no_bias, gelu);
    assert!(no_bias != exact && !tanh.is_empty());
    let converted = |name: &str| {
        let to = places.path().join(format!("{name}, converted"));
        convert(&home, &places.path().join(name), &to).unwrap();
        std::fs::read(to.join("model.safetensors")).unwrap()
    };
    let (usual, zeros) = (converted("tanh"), converted("no bias"));
    // The likeliest tokens may not show which activation it is; the converted numbers do.
    for (number, (why, files, named, like, as_it_lies, says)) in
        in_safetensors().into_iter().chain(in_torch_files()).enumerate()
    {
        let directory = places.path().join(number.to_string());
        write(&directory, &files);
        let path = if named.is_empty() { directory.clone() } else { directory.join(named) };
        let expected = match like {
            Like::Tanh => &tanh,
            Like::Exact => &exact,
            Like::NoBias => &no_bias,
        };
        let (found, said) = fingerprint(&home, &path);
        assert_eq!(&found, expected, "{why}");
        assert_eq!(said.contains("converted on the way in"), !as_it_lies, "{why}: {said}");
        assert!(said.contains(says), "{why}: {said}");
        let converted = directory.join("converted");
        let said = convert(&home, &path, &converted).unwrap_or_else(|error| panic!("{why}: {error}"));
        assert!(said.contains(says.trim_matches(['(', ')'])), "{why}: {said}");
        let text = std::fs::read_to_string(converted.join("config.json")).unwrap();
        let activation = if like == Like::Tanh { "\"gelu_new\"" } else { "\"gelu\"" };
        assert!(text.contains(activation), "{why}: {text}");
        let weights = std::fs::read(converted.join("model.safetensors")).unwrap();
        assert!(&weights == if like == Like::NoBias { &zeros } else { &usual }, "{why}");
        let gguf = places.path().join(format!("{number}.gguf"));
        export(&home, &path, &gguf).unwrap_or_else(|error| panic!("{why}: {error}"));
        std::fs::remove_dir_all(&directory).unwrap();
    }
    let left = std::fs::read_dir(std::env::temp_dir()).unwrap().map(|it| it.unwrap().file_name());
    let left: Vec<_> = left.filter(|it| it.to_string_lossy().starts_with("megachat-converted-")).collect();
    assert!(left.len() < 8, "the copies go: {left:?}");
}

/// A name, the files, and what must be said.
type Refusal = (&'static str, Files, &'static str);

fn refused_files() -> Vec<Refusal> {
    let model = gpt2();
    let (whole, config_json) = (safetensors(&model), config(""));
    let good = [("config.json", config_json.as_bytes()), ("model.safetensors", whole.as_slice())];
    let but = |name: &'static str, bytes: &'static [u8]| {
        let mut changed = files(&good);
        changed.retain(|it| it.0 != name);
        changed.push((name.to_owned(), bytes.to_vec()));
        changed
    };
    let page: &[u8] = b"<!DOCTYPE html>\n<title>Sign in</title>";
    let pointer: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    let list = index(&[("a-1.safetensors", &model[..1]), ("a-2.safetensors", &model[1..])]);
    vec![
        (
            "a pointer for weights",
            but("model.safetensors", pointer),
            "model.safetensors is a pointer to a file kept elsewhere (git-lfs)",
        ),
        ("a page for weights", but("model.safetensors", page), "model.safetensors is a web page"),
        ("nothing for weights", but("model.safetensors", b""), "model.safetensors is empty"),
        ("a page for numbers", but("config.json", page), "config.json is a web page, expected JSON"),
        ("a pointer for numbers", but("config.json", pointer), "config.json is a pointer"),
        ("a page for a tokenizer", but("tokenizer.json", page), "tokenizer.json is a web page, expected JSON"),
        ("a pointer for merges", but("merges.txt", pointer), "merges.txt is a pointer"),
        ("a page for added tokens", but("added_tokens.json", page), "added_tokens.json is a web page"),
        ("another model", but("config.json", br#"{"model_type": "llama"}"#), "`model_type` is `llama`"),
        ("another class", but("config.json", br#"{"architectures": ["BertModel"]}"#), "`architectures` is `BertModel`"),
        ("numbers cut short", but("config.json", b"{"), "not a JSON object"),
        ("a page for the list", files(&[("model.safetensors.index.json", page)]), "index.json is a web page"),
        ("a list that is none", files(&[("model.safetensors.index.json", b"{}")]), "is an index without `weight_map`"),
        (
            "a missing file",
            files(&[("model.safetensors.index.json", list.as_bytes()), ("a-1.safetensors", &whole)]),
            "a-2.safetensors is missing, which",
        ),
        (
            "a missing number",
            files(&[("m-1-of-3.safetensors", &whole), ("m-3-of-3.safetensors", &whole)]),
            "number 2 of the 3 files of the model is missing",
        ),
        ("unrelated files", files(&[("a.safetensors", &whole), ("b.bin", b"x")]), "a.safetensors, b.bin"),
        ("nothing", files(&[("readme.md", b"x")]), "holds no checkpoint; it has merges.txt, readme.md"),
        ("an adapter", files(&[("adapter_model.safetensors", &whole)]), "an adapter (LoRA) without its base model"),
        ("TensorFlow", files(&[("tf_model.h5", b"x")]), "a TensorFlow model"),
        ("Flax", files(&[("flax_model.msgpack", b"x")]), "a Flax model"),
        ("GGUF", files(&[("a.gguf", b"GGUF")]), "the GGUF file ends within its header"),
    ]
}

fn refused_tensors() -> Vec<Refusal> {
    let config_json = config("");
    let with = |model: &[(String, Half)]| {
        files(&[("config.json", config_json.as_bytes()), ("model.safetensors", &safetensors(model))])
    };
    let changed = |change: &dyn Fn(&mut Model)| {
        let mut model = gpt2();
        change(&mut model);
        with(&model)
    };
    let named = |names: &[&str]| names.iter().map(|it| ((*it).to_owned(), numbers(1, &[2, 2]))).collect::<Model>();
    let torch_of = |names: &[&str]| files(&[("a.bin", &torch(Container::Zip, &[], &named(names), &[]))]);
    let wrong = model_args(&[("n_layer", 2)], true);
    let nano = |biases, arguments: &[u8]| {
        files(&[("ckpt.pt", &torch(Container::Zip, &["model"], &nanogpt(biases), &[("model_args", arguments)]))])
    };
    // A number that no model has, a text, and nothing: none of them is a reason to guess.
    let heads = |value: &[u8]| {
        let mut pickler = Pickler::default();
        pickler.raw(b"}(").text("n_layer").integer(1);
        if !value.is_empty() {
            pickler.text("n_head").raw(value);
        }
        pickler.raw(b"u");
        nano(true, &pickler.bytes)
    };
    vec![
        (
            "a negative number",
            heads(b"J\xfc\xff\xff\xff"),
            "the training argument n_head is -4, expected a whole number",
        ),
        ("a text for a number", heads(b"X\x01\0\0\x006"), "the training argument n_head is 6, expected a whole number"),
        ("BERT", torch_of(&["bert.embeddings.token_type_embeddings.weight"]), "not a GPT-2: a BERT"),
        ("T5", torch_of(&["decoder.block.0.layer.1.EncDecAttention.q.weight"]), "not a GPT-2: a T5"),
        ("LLaMA", torch_of(&["model.layers.0.mlp.gate_proj.weight"]), "not a GPT-2: a LLaMA"),
        ("OPT", torch_of(&["model.decoder.embed_positions.weight"]), "not a GPT-2: an OPT"),
        ("GPT-NeoX", torch_of(&["gpt_neox.embed_in.weight"]), "not a GPT-2: a GPT-NeoX"),
        ("GPT-J", torch_of(&["transformer.wte.weight", "transformer.h.0.mlp.fc_in.weight"]), "not a GPT-2: a GPT-J"),
        ("Bloom", torch_of(&["transformer.word_embeddings_layernorm.weight"]), "not a GPT-2: a Bloom"),
        ("nobody's names", torch_of(&["surprise"]), "no model in this file: it has surprise"),
        (
            "two models",
            with(&[prefixed("a.", gpt2()), prefixed("b.", gpt2())].concat()),
            "more than once: b.transformer.wpe.weight",
        ),
        ("a superfluous tensor", changed(&|it| it.push(("extra".to_owned(), numbers(1, &[2])))), "unexpected: extra"),
        ("a missing tensor", changed(&|it| drop(it.remove(3))), "missing: transformer.h.0.ln_1.bias"),
        (
            "another output matrix",
            changed(&|it| it.push(("lm_head.weight".to_owned(), numbers(9, &[ROWS, WIDTH])))),
            "lm_head.weight should equal transformer.wte.weight",
        ),
        (
            "what is no number",
            changed(&|it| it[4].1.bits[5] = 0x7e00),
            "transformer.h.0.attn.c_attn.weight holds a weight that is infinite",
        ),
        ("numbers that contradict", nano(true, &wrong), "n_layer is 2, but the tensors say 1"),
        (
            "biases that should be there",
            nano(false, &model_args(&ARGUMENTS, true)),
            "missing: transformer.h.0.ln_1.bias",
        ),
    ]
}

#[test]
fn what_one_refuses_the_others_refuse_with_the_same_words() {
    let home = Home::new();
    for (why, files, words) in refused_files().into_iter().chain(refused_tensors()) {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &files);
        let to = home.path().join("to");
        let model = directory.path().to_str().unwrap();
        let output =
            megachat(home.path(), &["-m", model, "--heads", "1", "-n", "1", "-q", "-p", "x"]).output().unwrap();
        assert!(!output.status.success(), "{why}");
        let converted = convert(&home, directory.path(), &to).unwrap_err();
        assert!(converted.contains(words), "{why}: {converted}");
        assert_eq!(err(&output), converted, "{why}");
        assert_eq!(export(&home, directory.path(), &to).unwrap_err(), converted, "{why}");
        let imported =
            megachat(home.path(), &["model", "import", model, "--heads", "1", "--name", "a"]).output().unwrap();
        assert!(err(&imported).ends_with(&converted), "{why}: {}", err(&imported));
        assert!(!to.exists());
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_what_leads_nowhere_is_named() {
    let home = Home::new();
    let cache = tempfile::tempdir().unwrap();
    let root = cache.path().join("models--someone--story");
    let (blobs, snapshot) = (root.join("blobs"), root.join("snapshots/0123abc"));
    write(&root, &files(&[("refs/main", b"0123abc")]));
    write(&blobs, &files(&[("aa11", config("").as_bytes()), ("bb22", &safetensors(&gpt2()))]));
    std::fs::create_dir_all(&snapshot).unwrap();
    let link = |name: &str, blob: &str| {
        std::os::unix::fs::symlink(format!("../../blobs/{blob}"), snapshot.join(name)).unwrap();
    };
    link("config.json", "aa11");
    link("model.safetensors", "bb22");
    link("merges.txt", "merges.txt");
    let expected = fingerprint(&home, &snapshot).0;
    for path in [root.clone(), snapshot.join("model.safetensors")] {
        assert_eq!(fingerprint(&home, &path).0, expected, "{}", path.display());
    }
    // A tokenizer that was never fetched is no missing tokenizer, and numbers that were not are not guessed.
    std::fs::remove_file(blobs.join("aa11")).unwrap();
    let error = Contents::of(&snapshot).unwrap_err();
    assert!(matches!(&error, DirectoryError::Read { name, .. } if name.ends_with("config.json")), "{error}");
    std::fs::remove_file(blobs.join("bb22")).unwrap();
    let error = Contents::of(&snapshot).unwrap_err();
    assert!(matches!(&error, DirectoryError::Read { name, .. } if name.ends_with("model.safetensors")), "{error}");
    // A revision is a name and no way out.
    write(&root, &files(&[("refs/main", b"../../..")]));
    assert!(matches!(Contents::of(&root), Err(DirectoryError::NothingInside { .. })));
}

#[test]
fn the_better_of_two_formats_is_taken_and_the_small_files_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let whole = safetensors(&gpt2());
    let torch = torch(Container::Zip, &[], &gpt2(), &[]);
    let of = |names: &[(&str, &[u8])]| {
        for entry in std::fs::read_dir(directory.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, bytes) in names {
            std::fs::write(directory.path().join(name), bytes).unwrap();
        }
        Contents::of(directory.path()).unwrap()
    };
    let path = |name: &str| directory.path().join(name);
    let both = of(&[("model.safetensors", &whole), ("pytorch_model.bin", &torch), ("tokenizer_config.json", b"{}")]);
    assert_eq!(both.weights, Weights::Safetensors(vec![path("model.safetensors")]));
    assert_eq!(both.small.into_iter().collect::<Vec<_>>(), [("tokenizer_config.json", path("tokenizer_config.json"))]);
    let both = of(&[("story.bin", &torch), ("story.safetensors", &whole), ("optimizer.pt", b"x")]);
    assert_eq!(both.weights, Weights::Safetensors(vec![path("story.safetensors")]));
    // A file is what its bytes say.
    let misnamed = of(&[("pytorch_model.bin", &whole)]);
    assert_eq!(misnamed.weights, Weights::Safetensors(vec![path("pytorch_model.bin")]));
    assert_eq!(misnamed.directory.as_deref(), Some(directory.path()));
    let other: PathBuf = of(&[("model.safetensors", &torch)]).files()[0].clone();
    assert_eq!(other, path("model.safetensors"));
}

#[test]
fn the_line_mode_runs_a_torch_file_and_says_that_it_was_converted() {
    use std::io::Write as _;
    let home = Home::new();
    let directory = tempfile::tempdir().unwrap();
    let torch = torch(Container::Zip, &[], &gpt2(), &[]);
    write(directory.path(), &files(&[("config.json", config("").as_bytes()), ("story.bin", &torch)]));
    let path = directory.path().join("story.bin");
    let mut command = megachat(home.path(), &["--plain", "-m", path.to_str().unwrap(), "-n", "3", "--no-save"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"Once upon\n/status\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = out(&output) + &err(&output);
    assert!(output.status.success() && said.contains("story.bin"), "{said}");
    assert!(said.contains("converted on the way in"), "{said}");
    let damaged = directory.path().join("damaged.bin");
    std::fs::write(&damaged, b"<html>").unwrap();
    let mut command = megachat(home.path(), &["--plain", "-m", damaged.to_str().unwrap(), "-n", "3", "--no-save"]);
    let output = command.output().unwrap();
    let said = out(&output) + &err(&output);
    assert!(said.contains("is a web page, expected a GPT-2 checkpoint"), "{said}");
}
