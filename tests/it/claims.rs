//! What a Megatron checkpoint says of its vocabulary, and how many rows of its word table are words.
//!
//! Nothing is read but names, shapes and arguments, so that tall tables cost nothing.

use megachat::checkpoint::megatron::{self, Given, Place, Rank};
use megachat::checkpoint::pickle::{Pickle, parse};
use megachat::checkpoint::tensors::Storages;
use megachat::checkpoint::{Fault, Limits, MapError, Plan, TokenizerClaim};

use crate::checkpoint::{arguments, text};
use crate::support::torch_files::{Container, Pickler, View, gpt2_sized, linear};

const WIDTH: usize = 8;

/// The pickle of one of `of` ranks of a model whose whole word table has so many rows.
fn rank(rows: usize, of: usize, args: Option<&[u8]>, without: &str) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.raw(b"}(");
    if let Some(args) = args {
        pickler.text("args").raw(args);
    }
    pickler.text("model").raw(b"}(");
    for (name, tensor) in linear(gpt2_sized(1, WIDTH, 16, 1), true, "self_attention") {
        let mut shape = tensor.shape.clone();
        let rows_split = ["query_key_value", "dense_h_to_4h"].iter().any(|it| name.contains(it));
        match name.as_str() {
            "embedding.word_embeddings.weight" => shape[0] = rows / of,
            _ if rows_split => shape[0] /= of,
            _ if name.ends_with("dense.weight") || name.ends_with("4h_to_h.weight") => shape[1] /= of,
            _ => {}
        }
        if name == without {
            continue;
        }
        let strides = if shape.len() == 2 { vec![shape[1], 1] } else { vec![1] };
        let view = View { numel: shape.iter().product(), offset: 0, shape, strides };
        pickler.text(&name).tensor(Container::Zip, &name.replace('.', "_"), &view);
    }
    pickler.raw(b"uu.");
    pickler.bytes
}

fn map(ranks: &[Vec<u8>], given: Given) -> Result<Plan, MapError> {
    let limits = Limits::default();
    let parsed: Vec<(Pickle, Storages)> = ranks
        .iter()
        .enumerate()
        .map(|(part, bytes)| {
            let (pickle, _) = parse(bytes, &limits).unwrap();
            let mut storages = Storages::collect(&pickle, &limits).unwrap();
            storages.part = part;
            (pickle, storages)
        })
        .collect();
    let ranks: Vec<Rank<'_>> = parsed
        .iter()
        .enumerate()
        .map(|(tensor, (pickle, storages))| Rank { place: Place { tensor, pipeline: 0 }, pickle, storages })
        .collect();
    megatron::map(&ranks, given, &limits)
}

fn plan(rows: usize, ranks: usize, args: Option<&[(&str, &[u8])]>, vocab: Option<usize>) -> Result<Plan, MapError> {
    let args = args.map(arguments);
    let files: Vec<_> = (0..ranks).map(|_| rank(rows, ranks, args.as_deref(), "")).collect();
    map(&files, Given { heads: Some(8), vocab, ..Given::default() })
}

fn number(number: usize) -> Vec<u8> {
    let mut pickler = Pickler::default();
    pickler.integer(number);
    pickler.bytes
}

/// Rows, tensor ranks, arguments, and words of what is concluded: GPT-2's vocabulary or another.
type Row<'a> = (usize, usize, Option<&'a [(&'a str, &'a [u8])]>, Result<&'a str, &'a str>);

#[test]
fn gpt2s_vocabulary_is_known_by_its_name_and_by_the_height_of_the_table_together() {
    let (bpe, spm, hub) = (text("GPT2BPETokenizer"), text("SentencePieceTokenizer"), text("HuggingFaceTokenizer"));
    let (own, model) = (text("/data/my-vocab.json"), text("/data/spm.model"));
    let (eight, thousand, words, other, multiple) =
        (number(8), number(1_000), number(50_257), number(32_000), number(51_200));
    let named: &[(&str, &[u8])] = &[("tokenizer_type", &bpe)];
    let sixteen = number(16);
    let rows: [Row<'_>; 24] = [
        // Nothing is said: the height alone.
        (50_257, 1, None, Ok("the word table has 50,257 rows")),
        (50_304, 1, None, Ok("the word table has 50,304 rows")),
        (50_432, 2, None, Ok("the word table has 50,432 rows")),
        (50_688, 4, None, Ok("50,688")),
        (51_200, 8, None, Ok("51,200")),
        (50_304, 2, None, Err("in a word table of 50,304 rows, where GPT-2's own has 50,257, padded 50,432")),
        (51_200, 1, None, Err("in a word table of 51,200 rows, where GPT-2's own has 50,257, padded 50,304")),
        (50_256, 1, None, Err("that the file does not name")),
        (50_258, 1, None, Err("50,258 rows")),
        (10, 1, None, Err("10 rows")),
        // Arguments without a tokenizer are as none.
        (50_304, 1, Some(&[("num_layers", b"K\x01")]), Ok("the arguments name no tokenizer")),
        (50_304, 1, Some(&[("tokenizer_type", b"N")]), Ok("the arguments name no tokenizer")),
        // They may name the files without saying of which type they are.
        (50_304, 1, Some(&[("vocab_file", &own)]), Err("(vocab_file /data/my-vocab.json) in a word table")),
        // GPT-2's by name.
        (50_304, 1, Some(named), Ok("tokenizer_type is GPT2BPETokenizer and the word table has 50,304 rows")),
        (
            51_200,
            1,
            Some(&[("tokenizer_type", &bpe), ("vocab_file", &own)]),
            Err("a GPT2BPETokenizer (vocab_file /data/my-vocab.json) in a word table of 51,200 rows"),
        ),
        // The ranks of the training, and its divisor, where the arguments have them.
        (51_200, 8, Some(&[("tokenizer_type", &bpe), ("model_parallel_size", &eight)]), Ok("51,200")),
        (51_000, 1, Some(&[("tokenizer_type", &bpe), ("make_vocab_size_divisible_by", &thousand)]), Ok("51,000")),
        (
            50_304,
            1,
            Some(&[("tokenizer_type", &bpe), ("make_vocab_size_divisible_by", &sixteen)]),
            Err("padded 50,272"),
        ),
        // What the vocabulary has by the arguments.
        (50_304, 1, Some(&[("tokenizer_type", &bpe), ("vocab_size", &words)]), Ok("50,304")),
        (50_304, 1, Some(&[("orig_vocab_size", &other)]), Err("of 32,000 tokens")),
        (51_200, 8, Some(&[("vocab_size", &multiple)]), Ok("51,200")),
        // Others by name.
        (
            32_128,
            1,
            Some(&[("tokenizer_type", &spm), ("tokenizer_model", &model), ("vocab_size", &other)]),
            Err("a SentencePieceTokenizer (tokenizer_model /data/spm.model) of 32,000 tokens"),
        ),
        (50_304, 1, Some(&[("tokenizer_type", &hub)]), Err("a HuggingFaceTokenizer in a word table of 50,304 rows")),
        (50_257, 1, Some(&[("tokenizer_type", &hub)]), Err("a HuggingFaceTokenizer in a word table of 50,257 rows")),
    ];
    for (rows, ranks, args, expected) in rows {
        let plan = plan(rows, ranks, args, None).unwrap_or_else(|error| panic!("{rows} {ranks}: {error}"));
        match (&plan.tokenizer, expected) {
            (TokenizerClaim::Gpt2 { because }, Ok(words)) => {
                assert!(because.contains(words), "{rows} {ranks}: {because}");
                assert_eq!(plan.config.vocab_size, 50_257, "{rows} {ranks}");
                assert!(plan.notes.contains(&format!("the vocabulary is GPT-2's: {because}")), "{:?}", plan.notes);
                let padding = format!("{} rows of padding at the end of the word table left out", rows - 50_257);
                assert_eq!(plan.notes.contains(&padding), rows > 50_257, "{:?}", plan.notes);
            }
            (TokenizerClaim::Other { what }, Err(words)) => {
                assert!(what.contains(words), "{rows} {ranks}: {what}");
                assert_eq!(plan.config.vocab_size, rows, "nothing is cut off: {rows} {ranks}");
                assert!(plan.notes.contains(&format!("the vocabulary is not GPT-2's, but {what}")), "{:?}", plan.notes);
            }
            (found, expected) => panic!("{rows} {ranks}: expected {expected:?}, found {found:?}"),
        }
    }
}

#[test]
fn rows_are_cut_off_where_the_user_says_how_many_words_there_are() {
    let spm = text("SentencePieceTokenizer");
    let args: &[(&str, &[u8])] = &[("tokenizer_type", &spm)];
    assert_eq!(plan(32_128, 1, Some(args), Some(32_000)).unwrap().config.vocab_size, 32_000);
    assert_eq!(plan(32_128, 1, Some(args), Some(32_128)).unwrap().config.vocab_size, 32_128);
    assert_eq!(plan(50_304, 1, None, Some(50_000)).unwrap().config.vocab_size, 50_000);
    for given in [0, 32_129] {
        let error = plan(32_128, 1, Some(args), Some(given)).unwrap_err();
        assert!(matches!(error, MapError::Contradiction { what: "the vocabulary", found: 32_128, .. }), "{error}");
    }
    let words = number(40_000);
    let error = plan(32_128, 1, Some(&[("vocab_size", &words)]), None).unwrap_err();
    let expected = matches!(error, MapError::Contradiction { what: "vocab_size", given: 40_000, found: 32_128 });
    assert!(expected, "{error}");
}

#[test]
fn a_tokenizer_that_leaves_out_rows_that_are_words_is_refused() {
    let (bpe, words) = (text("GPT2BPETokenizer"), number(32_000));
    let typed: &[(&str, &[u8])] = &[("tokenizer_type", &bpe)];
    let told: &[(&str, &[u8])] = &[("vocab_size", &words)];
    let with = |rows, args: Option<&[(&str, &[u8])]>, tokens, vocab| {
        let args = args.map(arguments);
        map(&[rank(rows, 1, args.as_deref(), "")], Given { heads: Some(8), vocab, tokens: Some(tokens) })
    };
    // As many as the arguments say, or as padding explains: 127 rows at one rank; of an unknown number of ranks at most 64.
    for (rows, args, fewest) in
        [(32_128, Some(told), 32_000), (50_304, Some(typed), 50_177), (50_304, None, 50_304 - 128 * 64 + 1)]
    {
        assert_eq!(with(rows, args, fewest, None).unwrap().config.vocab_size, fewest);
        let error = with(rows, args, fewest - 1, None).unwrap_err();
        assert_eq!(error, MapError::TokenizerTooSmall { tokens: fewest - 1, rows, least: fewest });
        assert_eq!(with(rows, args, 300, Some(300)).unwrap().config.vocab_size, 300, "as the user says");
    }
}

#[test]
fn tables_of_another_height_than_the_arguments_say_are_noted_with_both_numbers() {
    let (positions, padded) = (number(1_024), number(50_432));
    let args: &[(&str, &[u8])] = &[("max_position_embeddings", &positions), ("padded_vocab_size", &padded)];
    let plan = plan(50_304, 1, Some(args), None).unwrap();
    assert_eq!((plan.config.n_positions, plan.config.vocab_size), (4, 50_257));
    for words in [
        "max_position_embeddings is 1024, but the position table has 4 rows",
        "padded_vocab_size is 50432, but the word table has 50304 rows",
    ] {
        assert!(plan.notes.iter().any(|note| note.contains(words)), "{:?}", plan.notes);
    }
    let (positions, padded) = (number(4), number(50_304));
    let args: &[(&str, &[u8])] = &[("max_position_embeddings", &positions), ("padded_vocab_size", &padded)];
    assert_eq!(self::plan(50_304, 1, Some(args), None).unwrap().notes.len(), 2);
}

#[test]
fn a_rank_whose_numbers_are_of_another_type_is_named_with_both() {
    let first = rank(50_432, 2, None, "");
    let (class, other) = (b"HalfStorage\n".as_slice(), b"BFloat16Storage\n".as_slice());
    let mut changed = Vec::new();
    let mut rest = first.as_slice();
    while let Some(at) = rest.windows(class.len()).position(|it| it == class) {
        changed.extend_from_slice(&rest[..at]);
        changed.extend_from_slice(other);
        rest = &rest[at + class.len()..];
    }
    changed.extend_from_slice(rest);
    let error = map(&[first, changed], Given { heads: Some(8), ..Given::default() }).unwrap_err();
    let MapError::Faults(faults) = &error else { panic!("{error}") };
    let named = |it: &Fault| matches!(it, Fault::Types { name, found: "bfloat16", expected: "float16" } if name.contains("tensor rank 1"));
    assert!(faults.iter().any(named), "{error}");
}

type Renaming = fn(&str) -> String;

/// The names of Megatron Core.
fn core(name: &str) -> String {
    name.replace("transformer.", "decoder.")
        .replace("query_key_value", "linear_qkv")
        .replace("self_attention.dense", "self_attention.linear_proj")
        .replace("post_attention_layernorm", "pre_mlp_layernorm")
        .replace("dense_h_to_4h", "linear_fc1")
        .replace("dense_4h_to_h", "linear_fc2")
}

#[test]
fn what_is_missing_is_spelt_in_the_manner_of_the_file_even_if_nothing_like_it_is_there() {
    let manners: [(&str, Renaming); 4] = [
        ("flat", |name| name.replace("embedding.", "").replace("self_attention", "attention")),
        ("nested", |name| format!("language_model.{name}").replace("transformer.", "encoder.")),
        ("wrapped", |name| format!("module.language_model.{name}").replace("self_attention", "attention")),
        ("core", core),
    ];
    for (manner, name_of) in manners {
        let model: Vec<_> = linear(gpt2_sized(1, WIDTH, 16, 1), true, "self_attention")
            .into_iter()
            .map(|(name, tensor)| (name_of(&name), tensor))
            .collect();
        for (gone, _) in &model {
            // Without positions it is another model; without the first matrix it is looked at no further.
            let first = ["h_to_4h.bias", "fc1.bias"].iter().any(|it| gone.ends_with(it));
            if gone.contains("position_embeddings") || first {
                continue;
            }
            let stem = gone.rsplit_once('.').unwrap().0;
            let mut pickler = Pickler::new();
            pickler.raw(b"}").text("model").raw(b"}(");
            for (index, (name, tensor)) in model.iter().enumerate().filter(|it| !it.1.0.starts_with(stem)) {
                pickler.text(name).tensor(Container::Zip, &index.to_string(), &View::whole(tensor));
            }
            pickler.raw(b"us.");
            let error = map(&[pickler.bytes], Given { heads: Some(8), ..Given::default() }).unwrap_err();
            let MapError::Faults(faults) = &error else { panic!("{manner}, {gone}: {error}") };
            let named = |it: &Fault| matches!(it, Fault::Missing(said) if said.starts_with(&format!("{gone} (")));
            assert!(faults.iter().any(named), "{manner}, {gone}: {error}");
        }
    }
}

#[test]
fn what_is_missing_is_spelt_as_the_file_spells_its_like() {
    let model = linear(gpt2_sized(1, WIDTH, 16, 1), true, "self_attention");
    for (name, _) in &model {
        if name.contains("position_embeddings") {
            continue;
        }
        let error = map(&[rank(16, 1, None, name)], Given { heads: Some(8), ..Given::default() }).unwrap_err();
        let MapError::Faults(faults) = &error else { panic!("{name}: {error}") };
        let [Fault::Missing(said)] = faults.as_slice() else { panic!("{name}: {error}") };
        assert!(said.starts_with(&format!("{name} (transformer.")), "{name}: {said}");
    }
}
