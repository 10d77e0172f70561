use serde_json::{Value, json};

use super::*;
use crate::assets;

mod special;

/// A vocabulary of bytes, some merges and one mark: 259 pieces, as `tokenizer.json` has them.
fn own_json() -> Value {
    let mut vocab = serde_json::Map::new();
    for (id, (letter, _)) in (0..).zip(alphabet::alphabet()) {
        vocab.insert(letter.to_string(), json!(id));
    }
    for (id, piece) in [(256, "th"), (257, "the"), (258, "<|endoftext|>")] {
        vocab.insert(piece.to_owned(), json!(id));
    }
    json!({
        "version": "1.0",
        "added_tokens": [{"id": 258, "content": "<|endoftext|>", "special": true, "normalized": false,
            "single_word": false, "lstrip": false, "rstrip": false}],
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": null,
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": vocab, "merges": ["t h", ["th", "e"]]},
    })
}

fn limits() -> VocabularyLimits {
    VocabularyLimits::for_rows(259)
}

fn read_with(tokenizer: &Value, more: VocabularyFiles<'_>) -> Result<Vocabulary, VocabularyError> {
    let bytes = serde_json::to_vec(tokenizer).unwrap();
    let files = VocabularyFiles { tokenizer: Some(&bytes), ..more };
    Vocabulary::read(&files, "here", &limits()).map(Option::unwrap)
}

fn read(tokenizer: &Value) -> Result<Vocabulary, VocabularyError> {
    read_with(tokenizer, VocabularyFiles::default())
}

fn ids(vocabulary: &Vocabulary, text: &str) -> Vec<TokenId> {
    vocabulary.encode(text).unwrap().tokens
}

#[test]
fn golden_ids_of_the_reference_tokenizer() {
    let vocabulary = assets::vocabulary();
    for (text, expected) in [
        ("Hello world", &[15496, 995][..]),
        ("Once upon a time", &[7454, 2402, 257, 640]),
        ("don't", &[9099, 470]),
        ("  two  spaces\n", &[220, 734, 220, 9029, 198]),
        ("naïve café 日本", &[2616, 38776, 40304, 10545, 245, 98, 17312, 105]),
        ("<|endoftext|>", &[50256]),
        ("", &[]),
    ] {
        assert_eq!(ids(&vocabulary, text), expected, "{text:?}");
        assert_eq!(vocabulary.decode(expected), text);
    }
    assert_eq!((vocabulary.len(), vocabulary.kind()), (50_257, VocabularyKind::Gpt2));
    assert_eq!((vocabulary.begin(), vocabulary.ends()), (Some(50_256), &[50_256][..]));
}

#[test]
fn the_vocabulary_is_openais() {
    use sha2::{Digest as _, Sha256};
    // Made once from OpenAI's encoder.json: every "piece\tid\n" in the order of ids, UTF-8.
    let files = gpt2_files(assets::MERGES).unwrap();
    let vocab: serde_json::Map<String, Value> = serde_json::from_slice(&files[0].1).unwrap();
    let mut hash = Sha256::new();
    for (piece, id) in &vocab {
        hash.update(format!("{piece}\t{id}\n"));
    }
    let hash = crate::text::hex(&hash.finalize());
    assert_eq!(hash, "f02ddc2b80f00a7a92dbedbda8398997583856aa194291c9e14392729131812f");
}

#[test]
fn whichever_files_define_it_the_hash_is_the_same() {
    let files = gpt2_files(assets::MERGES).unwrap();
    let [vocab, merges, tokenizer] = [0, 1, 2].map(|it: usize| Some(files[it].1.as_slice()));
    let stock = assets::vocabulary();
    let limits = VocabularyLimits::for_rows(50_257);
    let by_json = VocabularyFiles { tokenizer, ..VocabularyFiles::default() };
    let by_merges = VocabularyFiles { vocab, merges, ..VocabularyFiles::default() };
    for files in [by_json, by_merges] {
        let read = Vocabulary::read(&files, "here", &limits).unwrap().unwrap();
        assert_eq!((read.hash(), read.kind()), (stock.hash(), VocabularyKind::Gpt2));
        assert!(read == *stock, "the same tokens, ended by the same");
    }
    let own = read(&own_json()).unwrap();
    assert_ne!(own.hash(), stock.hash());
    let mut vocab = own_json()["model"]["vocab"].clone();
    let by_merges = |vocab: &Value| {
        let vocab = serde_json::to_vec(vocab).unwrap();
        let merges = Some(&b"#version: 0.2\nt h\nth e\n"[..]);
        let files = VocabularyFiles { vocab: Some(&vocab), merges, ..VocabularyFiles::default() };
        Vocabulary::read(&files, "here", &limits).unwrap().unwrap().hash().to_owned()
    };
    assert_eq!(by_merges(&vocab), own.hash());
    // Every part of the content counts.
    vocab["ths"] = json!(259);
    assert_ne!(by_merges(&vocab), own.hash());
    for (change, value) in [
        ("/model/merges", json!(["t h"])),
        ("/added_tokens/0/special", json!(false)),
        ("/added_tokens/0/lstrip", json!(true)),
        ("/normalizer", json!({"type": "NFC"})),
        ("/pre_tokenizer/add_prefix_space", json!(true)),
    ] {
        let mut other = own_json();
        *other.pointer_mut(change).unwrap() = value;
        assert_ne!(read(&other).unwrap().hash(), own.hash(), "{change}");
    }
    // And what changes no token does not.
    for (change, value) in [
        ("/decoder", Value::Null),
        ("/post_processor", json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false})),
        ("/pre_tokenizer/trim_offsets", json!(false)),
        ("/added_tokens/0/normalized", json!(true)),
        ("/truncation", json!({"direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0})),
    ] {
        let mut other = own_json();
        match other.pointer_mut(change) {
            Some(it) => *it = value,
            None => other[&change[1..]] = value,
        }
        assert_eq!(read(&other).unwrap().hash(), own.hash(), "{change}");
    }
}

#[test]
fn what_a_tokenizer_file_orders_is_not_done() {
    let mut json = own_json();
    let plain = ids(&read(&json).unwrap(), "the moth then");
    json["truncation"] = json!({"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0});
    json["padding"] = json!({"strategy": {"Fixed": 2_000_000_000}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "!"});
    json["model"]["dropout"] = json!(0.9);
    let vocabulary = read(&json).unwrap();
    assert_eq!(ids(&vocabulary, "the moth then"), plain);
    assert_eq!(ids(&vocabulary, "a"), [64]);
}

#[test]
fn a_character_that_cannot_be_spelled_is_named_and_never_dropped() {
    let mut json = own_json();
    // No token for the byte 0xC3, nor for `z`.
    for letter in ["Ã", "z"] {
        json["model"]["vocab"].as_object_mut().unwrap().shift_remove(letter);
    }
    let vocabulary = read(&json).unwrap();
    assert_eq!(vocabulary.decode(&ids(&vocabulary, "the moth")), "the moth");
    let refused = vocabulary.encode("café");
    assert_eq!(refused, Err(EncodeError::Unspelled { character: 'é', byte: 0xc3 }));
    assert!(refused.unwrap_err().to_string().contains("cannot spell 'é'"));
    assert_eq!(vocabulary.encode("fizz"), Err(EncodeError::Unspelled { character: 'z', byte: b'z' }));
    // An unknown token in the file does not stand for it, either.
    json["model"]["unk_token"] = json!("<|endoftext|>");
    assert_eq!(read(&json).unwrap().encode("z"), Err(EncodeError::Unspelled { character: 'z', byte: b'z' }));
}

#[test]
fn what_changes_a_text_is_named_with_what_is_read_instead() {
    let mut json = own_json();
    json["normalizer"] = json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]});
    let lower = read(&json).unwrap();
    assert_eq!(lower.encode("the").unwrap(), Encoded { tokens: vec![257], read_as: None });
    let encoded = lower.encode("The").unwrap();
    let read_as = encoded.read_as.unwrap();
    assert_eq!((encoded.tokens, read_as.text.as_str()), (vec![257], "the"));
    assert_eq!(read_as.sentence(), "the model's tokenizer (NFC, Lowercase) reads \"the\" instead of \"The\"");
    let mut json = own_json();
    json["pre_tokenizer"]["add_prefix_space"] = json!(true);
    let read_as = read(&json).unwrap().encode("the").unwrap().read_as.unwrap();
    assert_eq!((read_as.text.as_str(), read_as.by.as_str()), (" the", "add_prefix_space"));
    // A token that takes the space beside it is read without that space.
    let mut json = own_json();
    json["added_tokens"][0]["lstrip"] = json!(true);
    let read_as = read(&json).unwrap().encode("a <|endoftext|>").unwrap().read_as.unwrap();
    assert_eq!(read_as.text, "a<|endoftext|>");
}

#[test]
fn bounds_hold_at_the_limit_and_past_it() {
    let with_id = |id: u64| {
        let mut json = own_json();
        json["added_tokens"].as_array_mut().unwrap().push(json!({"id": id, "content": "<far>", "special": true}));
        read(&json)
    };
    let last = 259 + (1 << 16) - 1;
    assert_eq!(with_id(last).unwrap().len(), last as usize + 1);
    for id in [last + 1, 300_000_000, u64::from(u32::MAX), u64::MAX] {
        let error = with_id(id).unwrap_err();
        assert!(matches!(&error, VocabularyError::IdTooLarge { id: found, rows: 259, .. } if *found == id), "{error}");
    }
    // Ids stay where the file puts them, gaps and all.
    assert_eq!(ids(&with_id(300).unwrap(), "<far>"), [300]);
    assert!(with_id(300).unwrap().bytes(270).is_empty());
    let with_normalizer = |it: Value| {
        let mut json = own_json();
        json["normalizer"] = it;
        read(&json).map(|_| ())
    };
    let replace = |n: usize| json!({"type": "Replace", "pattern": {"String": "a"}, "content": "b".repeat(n)});
    assert_eq!(with_normalizer(replace(64)), Ok(()));
    assert_eq!(with_normalizer(replace(65)), Err(VocabularyError::Growth { factor: 65, limit: 64 }));
    let twice = json!({"type": "Sequence", "normalizers": [replace(8), replace(9)]});
    assert_eq!(with_normalizer(twice), Err(VocabularyError::Growth { factor: 72, limit: 64 }));
    let between = json!({"type": "Replace", "pattern": {"Regex": ""}, "content": "b".repeat(64)});
    // The library cannot put anything before a text.
    assert!(matches!(with_normalizer(between), Err(VocabularyError::Malformed { .. })));
    let nested = |depth: usize| {
        (0..depth).fold(json!({"type": "NFC"}), |it, _| json!({"type": "Sequence", "normalizers": [it]}))
    };
    assert_eq!(with_normalizer(nested(8)), Ok(()));
    assert!(matches!(with_normalizer(nested(9)), Err(VocabularyError::TooLarge { found: 9, limit: 8, .. })));
    let steps = |n: usize| json!({"type": "Sequence", "normalizers": vec![json!({"type": "Strip", "strip_left": false, "strip_right": false}); n]});
    // The sequence is a step, and the pre-tokenizer is one.
    assert_eq!(with_normalizer(steps(62)), Ok(()));
    assert!(matches!(with_normalizer(steps(63)), Err(VocabularyError::TooLarge { found: 65, limit: 64, .. })));
    let pattern = |n: usize| json!({"type": "Replace", "pattern": {"String": "a".repeat(n)}, "content": ""});
    assert_eq!(with_normalizer(pattern(4096)), Ok(()));
    assert!(matches!(with_normalizer(pattern(4097)), Err(VocabularyError::TooLarge { found: 4097, limit: 4096, .. })));
    let precompiled = json!({"type": "Precompiled", "precompiled_charsmap": "AAAAAAAA//8="});
    assert!(matches!(with_normalizer(precompiled), Err(VocabularyError::OtherKind { .. })));
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let files = VocabularyFiles { tokenizer: Some(deep.as_bytes()), ..VocabularyFiles::default() };
    assert!(matches!(Vocabulary::read(&files, "", &limits()), Err(VocabularyError::Malformed { .. })));
}

#[test]
fn tokenizers_of_another_kind_are_named() {
    let with = |path: &str, value: Value| {
        let mut json = own_json();
        *json.pointer_mut(path).unwrap() = value;
        read(&json).unwrap_err().to_string()
    };
    assert!(with("/model/type", json!("Unigram")).contains("SentencePiece"));
    assert!(with("/model/type", json!("WordPiece")).contains("BERT"));
    assert!(with("/pre_tokenizer", json!({"type": "Metaspace", "replacement": "▁"})).contains("SentencePiece"));
    assert!(with("/pre_tokenizer", json!({"type": "Whitespace"})).contains("does not split a text into bytes"));
    let mut json = own_json();
    json["model"]["vocab"]["▁the"] = json!(259);
    assert!(matches!(read(&json), Err(VocabularyError::NotByteLevel { id: 259, .. })));
    let class = |name: &str, has_json: bool| {
        let config = serde_json::to_vec(&json!({"tokenizer_class": name})).unwrap();
        let (json, vocab) =
            (serde_json::to_vec(&own_json()).unwrap(), serde_json::to_vec(&own_json()["model"]["vocab"]).unwrap());
        let files = VocabularyFiles {
            tokenizer: has_json.then_some(&*json),
            vocab: Some(&vocab),
            merges: Some(b"t h\nth e\n"),
            tokenizer_config: Some(&config),
            ..VocabularyFiles::default()
        };
        Vocabulary::read(&files, "", &limits()).map(|it| it.unwrap().notes().len())
    };
    for (name, has_json, expected) in [
        ("GPT2Tokenizer", false, Some(0)),
        ("GPT2TokenizerFast", true, Some(0)),
        ("PreTrainedTokenizerFast", true, Some(0)),
        ("BertTokenizerFast", true, None),
        ("T5Tokenizer", false, None),
        ("LlamaTokenizer", true, None),
        ("MyTokenizer", true, Some(1)),
        ("MyTokenizer", false, None),
        // These split a text otherwise, or put marks around it, and only `tokenizer.json` says how.
        ("Qwen2Tokenizer", true, Some(0)),
        ("Qwen2Tokenizer", false, None),
        ("RobertaTokenizer", false, None),
        ("BartTokenizerFast", false, None),
        ("LongformerTokenizer", false, None),
        ("BlenderbotTokenizer", false, None),
    ] {
        assert_eq!(class(name, has_json).ok(), expected, "{name}, {has_json}");
    }
}

#[test]
fn tokens_are_added_by_whichever_file_adds_them() {
    let bytes = |it: Value| serde_json::to_vec(&it).unwrap();
    let (vocab, merges) = (bytes(own_json()["model"]["vocab"].clone()), &b"t h\nth e\n"[..]);
    let base = VocabularyFiles { vocab: Some(&vocab), merges: Some(merges), ..VocabularyFiles::default() };
    let wide = VocabularyLimits::for_rows(262);
    let added = bytes(json!({"<|startoftext|>": 259, "<|pad|>": 260}));
    let map = bytes(json!({"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|pad|>"}));
    let by_added = VocabularyFiles { added_tokens: Some(&added), special_tokens_map: Some(&map), ..base };
    let it = Vocabulary::read(&by_added, "", &wide).unwrap().unwrap();
    assert_eq!(ids(&it, "<|startoftext|>the<|pad|>"), [259, 257, 260]);
    assert_eq!((it.begin(), it.ends(), it.token_kind(260)), (Some(259), &[258][..], TokenKind::Special));
    let decoder = json!({"added_tokens_decoder": {
        "259": {"content": "<|startoftext|>", "special": true}, "260": {"content": "<|pad|>", "special": true},
    }});
    let decoder = bytes(decoder);
    let by_decoder = VocabularyFiles { tokenizer_config: Some(&decoder), ..base };
    assert_eq!(Vocabulary::read(&by_decoder, "", &wide).unwrap().unwrap().hash(), it.hash());
    // A mark without an id gets the next one where the table has a row for it, and is none otherwise.
    let map = bytes(json!({"pad_token": "[PAD]"}));
    let named = VocabularyFiles { special_tokens_map: Some(&map), ..base };
    let it = Vocabulary::read(&named, "", &VocabularyLimits::for_rows(260)).unwrap().unwrap();
    assert_eq!((ids(&it, "[PAD]"), it.notes().len()), (vec![259], 1));
    let it = Vocabulary::read(&named, "", &VocabularyLimits::for_rows(259)).unwrap().unwrap();
    assert_eq!((it.len(), it.notes().len()), (259, 1));
    // Two ids for one token, or two tokens for one id, are no vocabulary.
    for clash in [json!({"the": 300}), json!({"new": 257})] {
        let clash = bytes(clash);
        let files = VocabularyFiles { added_tokens: Some(&clash), ..base };
        assert!(matches!(Vocabulary::read(&files, "", &wide), Err(VocabularyError::Ambiguous(_))));
    }
}

#[test]
fn broken_files_are_named() {
    let error = |merges| Vocabulary::from_gpt2_merges(merges).unwrap_err().to_string();
    assert!(error("#version: 0.2\na b\nnospace\n").contains("line 3"));
    assert!(error("ab c\n").contains("`ab c`"));
    for (vocab, merges) in
        [("[1]", "a b"), ("<html>", "a b"), ("{\"a\":-1}", ""), ("{\"a\":0,\"b\":0}", ""), ("{\"a\":0}", "{}")]
    {
        let files = VocabularyFiles {
            vocab: Some(vocab.as_bytes()),
            merges: Some(merges.as_bytes()),
            ..VocabularyFiles::default()
        };
        assert!(Vocabulary::read(&files, "", &limits()).is_err(), "{vocab} {merges}");
    }
    assert!(matches!(read(&json!({})), Err(VocabularyError::Malformed { .. })));
    assert!(matches!(read(&json!("<html>")), Err(VocabularyError::Malformed { .. })));
    assert_eq!(Vocabulary::read(&VocabularyFiles::default(), "", &limits()).unwrap(), None);
}

#[test]
fn what_is_remembered_spells_the_same_and_knows_its_damage() {
    let own = read(&own_json()).unwrap();
    let bytes = own.remembered().unwrap();
    let back = Vocabulary::from_remembered(&bytes, &own.record()).unwrap();
    assert!(back == own);
    assert!((0..260).all(|it| back.bytes(it) == own.bytes(it) && back.token_kind(it) == own.token_kind(it)));
    assert_eq!(back.encode("the"), Err(EncodeError::NoEncoder));
    assert_eq!(assets::vocabulary().remembered(), None);
    let other = VocabularyRecord { hash: "00".into(), ..own.record() };
    assert_eq!(Vocabulary::from_remembered(&bytes, &other), Err(RememberedError::Other));
    let text = String::from_utf8(bytes).unwrap();
    let changed = text.replacen("\"the\"", "\"tha\"", 1);
    assert_eq!(Vocabulary::from_remembered(changed.as_bytes(), &own.record()), Err(RememberedError::Changed));
    assert!(matches!(Vocabulary::from_remembered(b"{", &own.record()), Err(RememberedError::Malformed(_))));
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    assert_eq!(Vocabulary::from_remembered(newer.as_bytes(), &own.record()), Err(RememberedError::Version(2)));
}

#[test]
fn what_is_written_beside_weights_is_read_back_as_the_same() {
    let own = read(&own_json()).unwrap();
    let (json, config) = (serde_json::to_vec(&own_json()).unwrap(), own.tokenizer_config(64));
    let generation = own.generation_config();
    let files = VocabularyFiles {
        tokenizer: Some(&json),
        tokenizer_config: Some(&config),
        generation_config: Some(&generation),
        ..VocabularyFiles::default()
    };
    assert!(Vocabulary::read(&files, "", &limits()).unwrap().unwrap() == own);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]
    #[test]
    fn what_is_encoded_decodes_to_itself(text in "\\PC{0,40}") {
        let vocabulary = assets::vocabulary();
        let encoded = vocabulary.encode(&text).unwrap();
        proptest::prop_assert_eq!(vocabulary.decode(&encoded.tokens), text);
        proptest::prop_assert_eq!(encoded.read_as, None);
    }

    #[test]
    fn any_bytes_can_be_spelled_exactly(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..24)) {
        let vocabulary = assets::vocabulary();
        let tokens = vocabulary.spell(&bytes).unwrap();
        let said: Vec<u8> = tokens.iter().flat_map(|&it| vocabulary.bytes(it)).copied().collect();
        proptest::prop_assert_eq!(said, bytes);
    }
}
