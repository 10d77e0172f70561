//! What begins and ends a text, what is put before it, and which tokens are added.

use serde_json::{Value, json};

use super::*;

#[test]
fn what_begins_and_ends_a_text_is_counted_as_hugging_face_counts_it() {
    let ends = |config: Value, generation: Option<Value>, tokenizer: Option<Value>| {
        let bytes = |it: Value| serde_json::to_vec(&it).unwrap();
        let (config, generation, tokenizer) = (bytes(config), generation.map(bytes), tokenizer.map(bytes));
        let more = VocabularyFiles {
            config: Some(&config),
            generation_config: generation.as_deref(),
            tokenizer_config: tokenizer.as_deref(),
            ..VocabularyFiles::default()
        };
        let it = read_with(&own_json(), more).unwrap();
        (it.begin(), it.ends().to_vec(), it.notes().len())
    };
    assert_eq!(ends(json!({}), None, None), (Some(258), vec![258], 0));
    assert_eq!(ends(json!({"bos_token_id": 64, "eos_token_id": 65}), None, None), (Some(64), vec![65], 2));
    assert_eq!(ends(json!({"bos_token_id": null, "eos_token_id": null}), None, None), (None, vec![], 0));
    // The configuration's default of a larger vocabulary is no token here.
    assert_eq!(ends(json!({"bos_token_id": 50256, "eos_token_id": 50256}), None, None), (Some(258), vec![258], 1));
    let several = json!({"eos_token_id": [258, 65, 258, 70_000]});
    assert_eq!(ends(json!({"eos_token_id": 64}), Some(several), None).1, [258, 65]);
    let marks = json!({"bos_token": null, "eos_token": {"content": "the", "lstrip": false}});
    assert_eq!(ends(json!({}), None, Some(marks)), (None, vec![257], 0));
}

#[test]
fn a_begin_token_is_put_before_a_text_where_the_files_say_so() {
    let bytes = |it: Value| serde_json::to_vec(&it).unwrap();
    let vocab = bytes(own_json()["model"]["vocab"].clone());
    let config = bytes(json!({"add_bos_token": true}));
    let files = VocabularyFiles {
        vocab: Some(&vocab),
        merges: Some(b"t h\nth e\n"),
        tokenizer_config: Some(&config),
        ..VocabularyFiles::default()
    };
    assert!(Vocabulary::read(&files, "", &limits()).unwrap().unwrap().before().len() == 1);
    let mut json = own_json();
    let mark = json!({"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    json["post_processor"] =
        json!({"type": "TemplateProcessing", "single": [mark, text], "pair": [], "special_tokens": {}});
    let it = read(&json).unwrap();
    assert_eq!(it.before(), it.begin().as_slice());
    // Not twice, where a text has it written out.
    assert_eq!(it.encode_beginning("the").unwrap(), it.encode_beginning("<|endoftext|>the").unwrap());
    json["post_processor"]["single"] = json!([text, mark]);
    let it = read(&json).unwrap();
    assert!(it.before().is_empty());
    assert!(it.notes()[0].contains("behind a text"), "{:?}", it.notes());
}

#[test]
fn all_that_the_tokenizer_puts_before_a_text_is_put_there() {
    let mut json = own_json();
    json["added_tokens"].as_array_mut().unwrap().push(json!({"id": 259, "content": "<s>", "special": true}));
    let mark = |it: &str| json!({"SpecialToken": {"id": it, "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    json["post_processor"] = json!({"type": "TemplateProcessing", "pair": [], "special_tokens": {},
        "single": [mark("<s>"), mark("<|endoftext|>"), text]});
    let of_model = json!({"bos_token_id": 258, "eos_token_id": 258}).to_string();
    let more = VocabularyFiles { config: Some(of_model.as_bytes()), ..VocabularyFiles::default() };
    let bytes = serde_json::to_vec(&json).unwrap();
    let limits = VocabularyLimits::for_rows(260);
    let it = Vocabulary::read(&VocabularyFiles { tokenizer: Some(&bytes), ..more }, "", &limits).unwrap().unwrap();
    // Which token begins a text elsewhere changes nothing in it.
    assert_eq!((it.begin(), it.before()), (Some(258), &[259, 258][..]));
    assert_eq!(it.encode_beginning("the").unwrap().tokens, [259, 258, 257]);
    assert_eq!(it.encode("the").unwrap().tokens, [257]);
    let same = it.clone().for_model(&more).unwrap();
    assert_eq!(same.before(), [259, 258]);
    let less = it.within(259);
    assert_eq!((less.begin(), less.before()), (Some(258), &[258][..]));
    assert!(less.notes().iter().any(|it| it.contains("`<s>` (259)")), "{:?}", less.notes());
}

#[test]
fn a_piece_that_ends_a_text_stays_a_piece_in_what_is_written() {
    let of_model = json!({"bos_token_id": 256, "eos_token_id": 257}).to_string();
    let of_tokenizer = json!({"tokenizer_class": "PreTrainedTokenizerFast"}).to_string();
    let more = VocabularyFiles {
        config: Some(of_model.as_bytes()),
        tokenizer_config: Some(of_tokenizer.as_bytes()),
        ..VocabularyFiles::default()
    };
    let it = read_with(&own_json(), more).unwrap();
    assert_eq!((it.begin(), it.ends()), (Some(256), &[257][..]));
    let written = it.tokenizer_config(64);
    let value: Value = serde_json::from_slice(&written).unwrap();
    assert!(value["bos_token"].is_null() && value["eos_token"].is_null(), "{value}");
    let again = read_with(&own_json(), VocabularyFiles { tokenizer_config: Some(&written), ..more }).unwrap();
    assert_eq!((again.hash(), again.begin(), again.ends()), (it.hash(), it.begin(), it.ends()));
}

#[test]
fn a_line_feed_that_ends_a_text_is_named_in_one_line() {
    let feed = ids(&read(&own_json()).unwrap(), "\n")[0];
    let of_model = json!({"bos_token_id": null, "eos_token_id": feed}).to_string();
    let more = VocabularyFiles { config: Some(of_model.as_bytes()), ..VocabularyFiles::default() };
    let it = read_with(&own_json(), more).unwrap();
    assert_eq!(it.ends(), [feed]);
    assert!(it.summary().contains(&format!("\\n ({feed}) ends one")), "{}", it.summary());
}

#[test]
fn only_gpt2s_classes_have_gpt2s_mark_unasked() {
    for (class, expected) in [("GPT2Tokenizer", &[258][..]), ("PreTrainedTokenizerFast", &[])] {
        let config = json!({"tokenizer_class": class}).to_string();
        let more = VocabularyFiles { tokenizer_config: Some(config.as_bytes()), ..VocabularyFiles::default() };
        let it = read_with(&own_json(), more).unwrap();
        assert_eq!(it.ends(), expected, "{class}");
    }
}

#[test]
fn tens_of_thousands_of_added_tokens_are_read_and_their_remarks_stay_few() {
    let many: serde_json::Map<String, Value> = (0..40_000)
        .map(|it| ((259 + it).to_string(), json!({"content": format!("<{it}>"), "special": true})))
        .collect();
    let strange: Vec<String> = (0..500).map(|it| format!("[{it}]")).collect();
    let config = json!({"added_tokens_decoder": many, "additional_special_tokens": strange}).to_string();
    let files = serde_json::to_vec(&own_json()).unwrap();
    let files = VocabularyFiles {
        tokenizer: Some(&files),
        tokenizer_config: Some(config.as_bytes()),
        ..VocabularyFiles::default()
    };
    let it = Vocabulary::read(&files, "", &limits()).unwrap().unwrap();
    assert_eq!(it.len(), 40_259);
    assert_eq!(ids(&it, "<39999>the"), [40_258, 257]);
    assert!(it.notes().len() <= 6, "{} notes", it.notes().len());
}
