//! A model's words are those that its files say: every set of files against Hugging Face, through every verb.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::quantized::gguf_file::{Content, Value as Gguf};
use megachat::TokenId;
use megachat::assets;
use megachat::directory::find_vocabulary;
use megachat::document::{Document, Record};
use megachat::store::transcripts;
use megachat::text::vocabulary::{TokenKind, VocabularyKind, VocabularyRecord};
use megachat::text::{TokenizerChoice, Vocabulary, VocabularyFiles};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::model_files::{Case, LAYOUTS, Layout, case, cases, tensors, write_weights};
use crate::support::program::{Home, err, megachat, out};
use crate::support::torch_files::{Container, Half, Pickler, View, container, linear, megatron_file, transposed};

/// Runs a check for every case, on every processor, and tells of all that fail.
fn for_each(cases: &[&Case], check: &(dyn Fn(&Case) + Sync)) {
    let (next, failed) = (AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    let worker = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(case)));
            if outcome.is_err() {
                failed.lock().unwrap().push(case.name.clone());
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(worker))));
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} fail: {failed:#?}", failed.len(), cases.len());
}

fn said(vocabulary: &Vocabulary, tokens: &[TokenId]) -> Vec<u8> {
    tokens.iter().flat_map(|&it| vocabulary.bytes(it)).copied().collect()
}

/// SHA-256 over the bytes of every id, each with its length before it.
fn hash_of_bytes(vocabulary: &Vocabulary) -> String {
    let mut hash = Sha256::new();
    for id in 0..vocabulary.len() as TokenId {
        let bytes = vocabulary.bytes(id);
        hash.update((bytes.len() as u32).to_le_bytes());
        hash.update(bytes);
    }
    hash.finalize().iter().fold(String::new(), |text, it| format!("{text}{it:02x}"))
}

/// Everything that the reference says of a vocabulary.
fn check_vocabulary(case: &Case, found: &Vocabulary) {
    let (name, expected) = (&case.name, case.expected.as_ref().unwrap());
    assert_eq!((found.len(), hash_of_bytes(found)), (expected.len, expected.bytes.clone()), "{name}");
    let marks: Vec<(TokenId, String, bool)> = (0..found.len() as TokenId)
        .filter(|&it| matches!(found.token_kind(it), TokenKind::Special | TokenKind::Added))
        .map(|it| (it, found.decode(&[it]), found.token_kind(it) == TokenKind::Special))
        .collect();
    assert_eq!(marks, expected.added, "{name}");
    assert_eq!((found.begin(), found.ends()), (expected.begin, expected.ends.as_slice()), "{name}");
    assert_eq!(!found.before().is_empty(), expected.prepends, "{name}");
    let kind = if found.kind() == VocabularyKind::Gpt2 { "gpt2" } else { "own" };
    assert_eq!(Some(kind), case.kind.as_deref(), "{name}");
    assert_eq!(found.hash() == assets::vocabulary().hash(), kind == "gpt2", "{name}");
    for (text, ids) in &expected.texts {
        let encoded = found.encode(text).unwrap();
        assert_eq!(&encoded.tokens, ids, "{name}: {text:?}");
        // The tokens say the text, or what is read instead is said.
        let read = encoded.read_as.map_or(text.clone(), |it| it.text);
        assert_eq!(String::from_utf8(said(found, ids)).unwrap(), read, "{name}: {text:?}");
    }
    for [text, character, byte] in &case.unspelled {
        let error = found.encode(text).unwrap_err().to_string();
        assert!(error.contains(&format!("'{character}'")) && error.contains(&format!("0x{byte}")), "{name}: {error}");
    }
}

#[test]
fn every_set_of_files_gives_the_words_that_hugging_face_reads() {
    let readable: Vec<&Case> = cases().iter().filter(|it| it.refused.is_empty()).collect();
    assert!(readable.len() >= 70, "{}", readable.len());
    for_each(&readable, &|case| {
        let home = tempfile::tempdir().unwrap();
        let (directory, again) = (home.path().join("model"), home.path().join("again"));
        case.write_files(&directory);
        let choice = case.choice(&home.path().join("given"));
        let found = find_vocabulary(Some(&directory), choice.as_ref(), case.rows).unwrap();
        check_vocabulary(case, &found.vocabulary);
        // The files that go with it say the same.
        fs::create_dir(&again).unwrap();
        for (name, bytes) in &found.files {
            fs::write(again.join(name), bytes).unwrap();
        }
        fs::copy(directory.join("config.json"), again.join("config.json")).unwrap();
        let copied = find_vocabulary(Some(&again), None, case.rows).unwrap();
        assert!(copied.vocabulary == found.vocabulary, "{}", case.name);
        check_kept(&case.name, &found.vocabulary);
    });
}

/// What is kept with transcripts says the same of every token.
fn check_kept(name: &str, vocabulary: &Vocabulary) {
    let Some(kept) = vocabulary.remembered() else { return assert_eq!(vocabulary.kind(), VocabularyKind::Gpt2) };
    let again = Vocabulary::from_remembered(&kept, &vocabulary.record()).unwrap();
    assert!(again.has_tokens_of(vocabulary) && !again.can_encode(), "{name}");
    assert_eq!((again.begin(), again.ends()), (vocabulary.begin(), vocabulary.ends()), "{name}");
    for id in 0..=vocabulary.len() as TokenId {
        let of = |it: &Vocabulary| (it.bytes(id).to_vec(), it.token_kind(id));
        assert_eq!(of(&again), of(vocabulary), "{name}: {id}");
    }
    let other = VocabularyRecord { hash: "0".repeat(64), ..vocabulary.record() };
    assert!(Vocabulary::from_remembered(&kept, &other).is_err(), "{name}");
    let mut damaged = kept.clone();
    let at = damaged.windows(9).position(|it| it == b"\"tokens\":").unwrap() + 11;
    damaged[at] ^= 1;
    assert!(Vocabulary::from_remembered(&damaged, &vocabulary.record()).is_err(), "{name}");
}

#[test]
fn a_directory_without_words_that_can_be_read_is_refused_by_name() {
    let refused: Vec<&Case> = cases().iter().filter(|it| !it.refused.is_empty()).collect();
    assert!(refused.len() >= 40, "{}", refused.len());
    for_each(&refused, &|case| {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("model");
        case.write_files(&directory);
        let choice = case.choice(&home.path().join("given"));
        let fault = find_vocabulary(Some(&directory), choice.as_ref(), case.rows).err();
        let fault = fault.unwrap_or_else(|| panic!("{} is read", case.name)).to_string();
        for words in &case.refused {
            assert!(fault.contains(words), "{}: no `{words}` in: {fault}", case.name);
        }
        assert!(fault.len() < 600 && !fault.contains('\n'), "{}: {fault}", case.name);
    });
}

/// `generation_config.json` and `config.json` decide, whichever files have the words.
#[test]
fn what_ends_a_text_is_the_models_also_where_the_words_are_given() {
    let home = tempfile::tempdir().unwrap();
    case("own: two tokens end a text").write_files(home.path());
    for name in ["tokenizer.json", "vocab.json", "merges.txt"] {
        let _ = fs::remove_file(home.path().join(name));
    }
    let given = tempfile::tempdir().unwrap();
    case("own: tokenizer.json").write_files(given.path());
    let choice = TokenizerChoice::Directory(given.path().to_owned());
    let found = find_vocabulary(Some(home.path()), Some(&choice), 300).unwrap();
    assert_eq!((found.vocabulary.begin(), found.vocabulary.ends()), (Some(299), &[299, 10][..]));
    let gpt2 = find_vocabulary(Some(home.path()), Some(&TokenizerChoice::Gpt2), 300).unwrap();
    assert_eq!(gpt2.vocabulary.ends(), [299, 10]);
}

#[test]
fn the_same_tokens_have_one_hash_whichever_files_say_them() {
    let hash = |name: &str| {
        let home = tempfile::tempdir().unwrap();
        let case = case(name);
        case.write_files(home.path());
        find_vocabulary(Some(home.path()), None, case.rows).unwrap().vocabulary.hash().to_owned()
    };
    let same = |names: &[&str]| {
        let all: BTreeMap<String, &str> = names.iter().map(|it| (hash(it), *it)).collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all.into_keys().next().unwrap()
    };
    let own = same(&[
        "own: tokenizer.json",
        "own: vocab.json and merges.txt",
        "own: all three",
        "own: line ends of Windows",
        "own: merges.txt without its first line",
        "own: merges as texts",
        "own: merges as texts of an older version, with empty marks",
        "own: a table padded to 304 rows",
        "own: two tokens end a text",
        "json: truncation, padding and dropout stored",
        "json: begins with its mark",
    ]);
    let added = same(&[
        "added: tokenizer.json, added_tokens.json and GPT-2's vocab.json and merges.txt",
        "added: added_tokens.json with vocab.json and merges.txt",
        "added: added_tokens.json with GPT-2's merges.txt",
    ]);
    let gaps = same(&["own: ids with gaps", "own: ids with gaps, in vocab.json"]);
    let others = ["json: NFC", "json: lower case", "json: a space before the text", "json: added words"].map(hash);
    let mut all = [vec![own, added, gaps], others.to_vec()].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 7);
}

// ------------------------------------------------------------------------------------------------- the program itself

/// A model's directory in a home of its own.
struct Place {
    home: Home,
    tokenizer: Vec<String>,
}

impl Place {
    fn new(case: &Case, layout: Layout) -> Self {
        let home = Home::new();
        case.write(&home.path().join("model"), layout);
        let given = case.choice(&home.path().join("given"));
        let tokenizer = given.map_or(Vec::new(), |it| vec!["--tokenizer".to_owned(), it.to_string()]);
        Self { home, tokenizer }
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        megachat(self.home.path(), arguments).output().unwrap()
    }

    /// The same with the tokenizer that the user names.
    fn run_given(&self, arguments: &[&str]) -> Output {
        let tokenizer = self.tokenizer.iter().map(String::as_str);
        self.run(&arguments.iter().copied().chain(tokenizer).collect::<Vec<_>>())
    }

    /// `-p` with a model: what it reads and draws.
    #[track_caller]
    fn generate(&self, model: &str, text: &str, given: bool) -> Value {
        let arguments =
            ["-m", model, "-p", text, "--json", "-n", "2", "--temp", "0", "--heal", "false", "--repeat-penalty", "1"];
        let output = if given { self.run_given(&arguments) } else { self.run(&arguments) };
        assert!(output.status.success(), "{}", err(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A session of the line mode, without what it says when it is left.
    fn plain(&self, arguments: &[&str], lines: &str) -> Output {
        let usual = ["--plain", "-n", "2", "--temp", "0", "--heal", "false", "--repeat-penalty", "1"];
        let mut child =
            megachat(self.home.path(), &[&usual, arguments].concat()).stdin(Stdio::piped()).spawn().unwrap();
        // A program that refuses does not read.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        let mut output = child.wait_with_output().unwrap();
        let others = err(&output)
            .lines()
            .filter(|it| !it.starts_with("The text is in "))
            .fold(String::new(), |text, line| text + line + "\n");
        output.stderr = others.into_bytes();
        output
    }

    fn journal(&self) -> (Document, Vec<Record>) {
        let (_, journal) = transcripts::read(&self.home.path().join("data/transcripts"), "latest").unwrap();
        (transcripts::replay(&journal), journal.records)
    }
}

fn ids(value: &Value) -> Vec<TokenId> {
    let id = |it: &Value| it.as_u64().or_else(|| it["id"].as_u64()).unwrap() as TokenId;
    value.as_array().unwrap().iter().map(id).collect()
}

#[track_caller]
fn check_generated(case: &Case, value: &Value) {
    let drawn = case.drawn(2);
    assert_eq!(ids(&value["prompt_tokens"]), case.prompt().1, "{}", case.name);
    assert_eq!(ids(&value["tokens"]), drawn, "{}", case.name);
    let stop = if drawn.len() == 1 { "end-of-text" } else { "max-tokens" };
    assert_eq!(value["stop_reason"], stop, "{}", case.name);
}

#[test]
fn every_model_is_read_converted_exported_and_written_down() {
    let run: Vec<&Case> = cases().iter().filter(|it| it.program && it.refused.is_empty()).collect();
    assert!(run.len() >= 15, "{}", run.len());
    for_each(&run, &|case| {
        let place = Place::new(case, Layout::Single);
        let model = place.path("model");
        check_generated(case, &place.generate(&model, &case.prompt().0, true));
        check_converted(case, &place);
        check_exported(case, &place);
        check_written_down(case, &place);
    });
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The converted model has the same words, and its files say what begins and ends a text.
fn check_converted(case: &Case, place: &Place) {
    let (name, expected) = (&case.name, case.expected.as_ref().unwrap());
    let (model, made) = (place.path("model"), place.path("made"));
    let output = place.run_given(&["convert", &model, &made]);
    assert!(output.status.success(), "{name}: {}", err(&output));
    let found = find_vocabulary(Some(Path::new(&made)), None, case.rows).unwrap().vocabulary;
    check_vocabulary(case, &found);
    check_generated(case, &place.generate(&made, &case.prompt().0, false));
    let config = read_json(&Path::new(&made).join("config.json"));
    assert_eq!(config["vocab_size"], case.rows, "{name}");
    for file in [config, read_json(&Path::new(&made).join("generation_config.json"))] {
        let listed = |value: &Value| match value {
            Value::Array(list) => list.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        assert_eq!(ids(&listed(&file["eos_token_id"]).into()), expected.ends, "{name}: {file}");
        assert_eq!(file["bos_token_id"].as_u64().map(|it| it as TokenId), expected.begin, "{name}: {file}");
    }
}

/// The GGUF file has the same tokens, or it is said why there is none.
fn check_exported(case: &Case, place: &Place) {
    let (name, expected) = (&case.name, case.expected.as_ref().unwrap());
    let (model, file) = (place.path("model"), place.path("model.gguf"));
    let given = case.choice(&place.home.path().join("given"));
    let words = find_vocabulary(Some(Path::new(&model)), given.as_ref(), case.rows).unwrap().vocabulary;
    let definition = words.definition().unwrap();
    let output = place.run_given(&["export", &model, "--to", "gguf", &file]);
    let is_gpt2s_way =
        definition.normalizer.is_null() && definition.pre_tokenizer.is_null() && !definition.prefix_space;
    if !is_gpt2s_way || definition.ignore_merges || expected.ends.is_empty() {
        assert_eq!(output.status.code(), Some(5), "{name}: {}", err(&output));
        return assert!(!Path::new(&file).exists(), "{name}");
    }
    assert!(output.status.success(), "{name}: {}", err(&output));
    let content = Content::read(&mut fs::File::open(&file).unwrap()).unwrap();
    let keys = &content.metadata;
    let tokens = keys["tokenizer.ggml.tokens"].to_vec().unwrap();
    let types = keys["tokenizer.ggml.token_type"].to_vec().unwrap();
    assert_eq!((tokens.len(), types.len()), (case.rows, case.rows), "{name}");
    for (id, (token, kind)) in tokens.iter().zip(types).enumerate() {
        let (token, Gguf::I32(kind)) = (token.to_string().unwrap(), kind) else { panic!("{name}: {id} has no type") };
        let added = expected.added.iter().find(|it| it.0 as usize == id);
        let piece = definition.pieces.get(&(id as TokenId));
        let (spelling, wanted) = match (added, piece) {
            (Some((_, content, true)), _) => (content.clone(), 3),
            (Some((_, content, false)), _) => (content.clone(), 4),
            (None, Some(piece)) => (piece.clone(), 1),
            (None, None) => (format!("[PAD{id}]"), 5),
        };
        assert_eq!((token, *kind), (&spelling, wanted), "{name}: {id}");
    }
    let number = |key: &str| keys[key].to_u32().unwrap();
    assert_eq!(number("tokenizer.ggml.eos_token_id"), expected.ends[0], "{name}");
    assert_eq!(number("tokenizer.ggml.bos_token_id"), expected.begin.unwrap_or(expected.ends[0]), "{name}");
    assert_eq!(keys["tokenizer.ggml.add_bos_token"].to_bool().unwrap(), expected.prepends, "{name}");
    // Read again it has the same tokens, and cuts a text into them alike where nothing is peculiar about its marks.
    let made = place.path("again");
    let output = place.run(&["convert", &file, &made]);
    assert!(output.status.success(), "{name}: {}", err(&output));
    let again = find_vocabulary(Some(Path::new(&made)), None, case.rows).unwrap().vocabulary;
    assert_eq!(again.ends().first(), words.ends().first(), "{name}");
    for id in 0..words.len().min(case.rows) as TokenId {
        assert_eq!((again.bytes(id), again.token_kind(id)), (words.bytes(id), words.token_kind(id)), "{name}: {id}");
    }
    let is_plain = definition.added.values().all(|it| !it.single_word && !it.lstrip && !it.rstrip);
    for (text, ids) in expected.texts.iter().filter(|_| is_plain && words.len() <= case.rows) {
        assert_eq!(&again.encode(text).unwrap().tokens, ids, "{name}: {text:?}");
    }
}

/// The transcript is read in the model's words, whether the model is there or not, and goes on with that model alone.
fn check_written_down(case: &Case, place: &Place) {
    let (name, (text, mut tokens)) = (&case.name, case.prompt());
    let model = place.path("model");
    let tokenizer: Vec<&str> = place.tokenizer.iter().map(String::as_str).collect();
    let output = place.plain(&[&["-m", &model], &tokenizer[..]].concat(), &format!("{text}\n/quit\n"));
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()), "{name}: {}", out(&output));
    tokens.extend(case.drawn(2));
    let (document, records) = place.journal();
    assert_eq!(document.tokens(), tokens, "{name}");
    let given = case.choice(&place.home.path().join("given"));
    let words = find_vocabulary(Some(Path::new(&model)), given.as_ref(), case.rows).unwrap().vocabulary;
    let recorded = records.iter().find_map(|it| match it {
        Record::Model { vocabulary, path, .. } => Some((vocabulary.clone().unwrap(), path.clone().unwrap())),
        _ => None,
    });
    assert_eq!(recorded.unwrap(), (words.record(), Path::new(&model).to_owned()), "{name}");
    let spelled = words.decode(&tokens);
    // With the model, and without it.
    let check = || {
        let json: Value =
            serde_json::from_slice(&place.run(&["transcripts", "export", "latest", "--to", "json"]).stdout)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
        let pieces: Vec<String> = tokens.iter().map(|it| words.decode(&[*it])).collect();
        let found: Vec<&str> =
            json["tokens"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
        assert_eq!(found, pieces, "{name}");
        json["text"].as_str().unwrap().to_owned()
    };
    let text = check();
    let list = out(&place.run(&["transcripts", "list"]));
    let first: String = spelled.trim_end().chars().take(12).collect();
    assert!(list.contains(first.trim_end()), "{name}: no `{first}` in {list}");
    // It goes on with the model that wrote it, found again where it was.
    let resumed = place.plain(&[&["--resume"], &tokenizer[..]].concat(), "/status\n/quit\n");
    assert_eq!((resumed.status.code(), err(&resumed)), (Some(0), String::new()), "{name}: {}", out(&resumed));
    assert!(!out(&resumed).contains("another model"), "{name}: {}", out(&resumed));
    let (document, _) = place.journal();
    assert_eq!(document.tokens(), tokens, "{name}");
    fs::rename(&model, place.path("gone")).unwrap();
    check();
    assert_eq!(out(&place.run(&["transcripts", "show", "latest"])), text, "{name}");
    let refused = place.plain(&["--resume"], "/quit\n");
    assert_eq!(refused.status.code(), Some(3), "{name}: {}", err(&refused));
    assert!(err(&refused).contains("`model`") && err(&refused).contains("--model NAME"), "{name}: {}", err(&refused));
}

#[test]
fn what_is_refused_is_refused_alike_by_every_verb() {
    let run: Vec<&Case> = cases().iter().filter(|it| it.program && !it.refused.is_empty()).collect();
    assert!(run.len() >= 8, "{}", run.len());
    for_each(&run, &|case| {
        let place = Place::new(&Case { logits: BTreeMap::from([(0, 8.0)]), ..case.clone() }, Layout::Single);
        let (model, made, file) = (place.path("model"), place.path("made"), place.path("model.gguf"));
        for (arguments, status) in [
            (&["-m", &model, "-p", "a", "-n", "1"][..], 1),
            (&["convert", &model, &made], 5),
            (&["export", &model, "--to", "gguf", &file], 5),
            (&["score", "-m", &model, "--json", &place.path("model/config.json")], 1),
        ] {
            let output = place.run_given(arguments);
            let said = err(&output);
            assert_eq!(output.status.code(), Some(status), "{}: {arguments:?}: {said}", case.name);
            for words in &case.refused {
                assert!(said.contains(words), "{}: {arguments:?}: no `{words}` in: {said}", case.name);
            }
            assert!(output.stdout.is_empty(), "{}: {arguments:?}", case.name);
        }
        assert!(!Path::new(&made).exists() && !Path::new(&file).exists(), "{}", case.name);
    });
}

#[test]
fn a_text_that_cannot_be_spelled_is_refused_and_another_reading_is_said() {
    let spelled = case("own: without some letters");
    let place = Place::new(spelled, Layout::Single);
    let output = place.run(&["-m", &place.path("model"), "-p", "the é"]);
    assert_eq!((output.status.code(), out(&output)), (Some(2), String::new()));
    assert!(err(&output).contains("'é'") && err(&output).contains("0xc3"), "{}", err(&output));
    let lower = case("json: lower case");
    let place = Place::new(lower, Layout::Single);
    let output = place.run(&["-m", &place.path("model"), "-p", "THE And", "-n", "1", "--heal", "false", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(value["prompt_read_as"].as_str().unwrap().contains("Lowercase"), "{value}");
    assert!(err(&output).contains("\"the and\"") && err(&output).contains("\"THE And\""), "{}", err(&output));
}

#[test]
fn a_model_without_a_token_that_begins_a_text_says_so_where_one_is_needed() {
    let place = Place::new(case("own: tokenizer.json"), Layout::Single);
    let model = place.path("model");
    fs::write(format!("{model}/generation_config.json"), r#"{"bos_token_id": null, "eos_token_id": null}"#).unwrap();
    let output = place.run(&["-m", &model, "-p", "", "-n", "1"]);
    assert!(!output.status.success() && out(&output).is_empty(), "{}", out(&output));
    assert!(err(&output).contains("names no token that begins a text"), "{}", err(&output));
    let text = place.path("text");
    fs::write(&text, "the and").unwrap();
    let output = place.run(&["score", "-m", &model, &text]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("the first token is not scored"), "{}", err(&output));
    // It is said of an installed model, too.
    assert!(place.run(&["model", "import", &model, "--name", "mine"]).status.success());
    let doctor = place.run(&["doctor"]);
    let words = "byte-level BPE of its own, 300 tokens; nothing begins a text, nothing ends one";
    assert!(out(&doctor).contains(words), "{}", out(&doctor));
}

#[test]
fn a_row_without_a_token_is_not_drawn_and_a_token_without_a_row_is_not_read() {
    let padded =
        Case { logits: BTreeMap::from([(302, 9.0), (258, 8.0)]), ..case("own: a table padded to 304 rows").clone() };
    let place = Place::new(&padded, Layout::Single);
    assert_eq!(ids(&place.generate(&place.path("model"), "the", false)["tokens"]), [258, 258]);
    let place = Place::new(case("added: taller than the table"), Layout::Single);
    let output = place.run(&["-m", &place.path("model"), "-p", "<|startoftext|>Hello", "-n", "1"]);
    assert!(!output.status.success() && out(&output).is_empty(), "{}", out(&output));
    assert!(err(&output).contains("no row for `<|startoftext|>` (token 50257)"), "{}", err(&output));
    assert_eq!(ids(&place.generate(&place.path("model"), "Hello", false)["tokens"]), [262, 262]);
}

#[test]
fn a_text_goes_on_with_another_model_as_a_new_branch() {
    let (written, other) = (case("own: tokenizer.json"), case("own: ids with gaps"));
    for gone in [false, true] {
        let place = Place::new(written, Layout::Single);
        let (text, mut tokens) = written.prompt();
        assert!(place.plain(&["-m", &place.path("model")], &format!("{text}\n/quit\n")).status.success());
        tokens.extend(written.drawn(2));
        other.write(&place.home.path().join("other"), Layout::Single);
        if gone {
            fs::remove_dir_all(place.path("model")).unwrap();
        }
        // A line that is typed is what the other model reads the text for.
        let output = place.plain(&["--resume", "--model", &place.path("other")], " the\n/quit\n");
        assert_eq!(output.status.code(), Some(0), "{gone}: {}", err(&output));
        assert!(out(&output).contains("as a new branch"), "{gone}: {}", out(&output));
        let (document, _) = place.journal();
        // The same text, in the ids of the other, and what was written before is still there.
        let moved = |it: &TokenId| if *it < 280 { *it } else { it + 20 };
        let read: Vec<TokenId> = tokens.iter().map(moved).chain([258, 258, 258]).collect();
        assert_eq!(document.tokens(), read, "{gone}");
        let first = document.node(document.path()[0]).unwrap();
        assert!(first.parent.is_none() && document.children(None).len() == 2, "{gone}");
        // The whole of it, old branch and new, is read without either model.
        fs::remove_dir_all(place.path("other")).unwrap();
        let shown = place.run(&["transcripts", "show", "latest"]);
        assert_eq!(out(&shown), format!("{text} the the the the the"), "{gone}: {}", err(&shown));
    }
}

// ------------------------------------------------------------------------------------- how the weights lie beside them

fn check_layout(layout: Layout) {
    let case = Case { logits: BTreeMap::from([(258, 8.0)]), ..case("own: two tokens end a text").clone() };
    let place = Place::new(&case, layout);
    check_generated(&case, &place.generate(&place.path("model"), &case.prompt().0, false));
    check_converted(&case, &place);
    check_exported(&case, &place);
    check_written_down(&case, &place);
}

#[test]
fn the_words_are_the_same_however_the_weights_lie() {
    for layout in LAYOUTS {
        check_layout(layout);
    }
}

/// A file that is named, not its directory, has the same words: those beside it.
#[test]
fn a_named_file_has_the_words_beside_it() {
    let config =
        json!({"activation_function": "gelu", "layer_norm_epsilon": 1e-6, "bos_token_id": 299, "eos_token_id": 299});
    let case = &Case { config: config.as_object().unwrap().clone(), ..case("own: tokenizer.json").clone() };
    for layout in LAYOUTS {
        let place = Place::new(case, Layout::Single);
        let directory = place.home.path().join("file");
        case.write_files(&directory);
        let file = write_weights(&directory, tensors(case.rows, &case.logits), layout);
        let output = place.run(&["convert", file.to_str().unwrap(), &place.path("made")]);
        assert!(output.status.success(), "{layout:?}: {}", err(&output));
        let found = find_vocabulary(Some(Path::new(&place.path("made"))), None, case.rows).unwrap().vocabulary;
        check_vocabulary(case, &found);
        let config = read_json(&Path::new(&place.path("made")).join("config.json"));
        for (key, value) in &case.config {
            assert_eq!(&config[key], value, "{layout:?}: {key}");
        }
        assert_eq!(config["n_head"], 2, "{layout:?}");
    }
}

// ------------------------------------------------------------------------------------------------- cases that went wrong

#[test]
fn an_added_token_is_one_token_in_prompts_draws_scores_and_bans() {
    let case = case("added: tokenizer.json, added_tokens.json and GPT-2's vocab.json and merges.txt");
    let place = Place::new(case, Layout::Single);
    let model = place.path("model");
    let start = "<|startoftext|>";
    for without in [&[][..], &["merges.txt", "vocab.json"]] {
        for name in without {
            fs::remove_file(Path::new(&model).join(name)).unwrap();
        }
        let value = place.generate(&model, start, false);
        assert_eq!((ids(&value["prompt_tokens"]), ids(&value["tokens"])), (vec![50257], vec![50257, 50257]));
        let text = place.home.path().join("text");
        fs::write(&text, format!("{start}Hello")).unwrap();
        let score = place.run(&["score", "-m", &model, "--json", text.to_str().unwrap()]);
        let score: Value = serde_json::from_slice(&score.stdout).unwrap();
        assert!(score.to_string().contains(start), "{score}");
        let banned = place.run(&["-m", &model, "-p", "a", "--json", "-n", "2", "--temp", "0", "--ban", start]);
        let banned: Value = serde_json::from_slice(&banned.stdout).unwrap();
        assert!(ids(&banned["tokens"]).iter().all(|it| *it != 50257), "{banned}");
    }
}

#[test]
fn stored_truncation_and_padding_change_no_text() {
    let case = case("gpt2: truncation, padding and dropout stored");
    let place = Place::new(case, Layout::Single);
    for (text, ids_of) in &case.expected.as_ref().unwrap().texts {
        assert_eq!(ids(&place.generate(&place.path("model"), text, false)["prompt_tokens"]), *ids_of);
    }
    let text = place.home.path().join("text");
    fs::write(&text, "one two three four five six seven eight nine ten eleven twelve").unwrap();
    let score = place.run(&["score", "-m", &place.path("model"), "--json", text.to_str().unwrap()]);
    let score: Value = serde_json::from_slice(&score.stdout).unwrap();
    assert_eq!((score["bytes"].as_u64(), score["tokens"].as_array().unwrap().len()), (Some(62), 12), "{score}");
}

#[test]
fn an_installed_model_is_found_again_by_its_weights() {
    let case = case("own: vocab.json and merges.txt");
    let place = Place::new(case, Layout::Single);
    let output = place.run(&["model", "import", &place.path("model"), "--name", "mine"]);
    assert!(output.status.success(), "{}", err(&output));
    let (text, mut tokens) = case.prompt();
    assert!(place.plain(&["-m", "mine"], &format!("{text}\n/quit\n")).status.success());
    tokens.extend(case.drawn(2));
    assert_eq!(place.journal().0.tokens(), tokens);
    // Under another name it is the same model.
    fs::rename(place.home.models().join("mine"), place.home.models().join("yours")).unwrap();
    let resumed = place.plain(&["--resume"], "\n/quit\n");
    assert_eq!((resumed.status.code(), err(&resumed)), (Some(0), String::new()), "{}", out(&resumed));
    tokens.extend(case.drawn(2));
    assert_eq!(place.journal().0.tokens(), tokens);
    let names: Vec<String> = place
        .journal()
        .1
        .iter()
        .filter_map(|it| match it {
            Record::Model { name, .. } => Some(name.clone()),
            _ => None,
        })
        .collect();
    assert!(!names.iter().any(|it| it == "demo"), "{names:?}");
    assert!(place.run(&["model", "remove", "yours"]).status.success());
    let refused = place.plain(&["--resume"], "/quit\n");
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
}

#[test]
fn a_pointer_of_git_lfs_is_named_where_weights_should_be() {
    let case = case("gpt2: vocab.json and merges.txt");
    let place = Place::new(case, Layout::Single);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707\nsize 548105171\n";
    for name in ["model.safetensors", "pytorch_model.bin"] {
        fs::write(place.home.path().join("model").join(name), pointer).unwrap();
    }
    let (model, made) = (place.path("model"), place.path("made"));
    for arguments in [&["-m", &model, "-p", "a"][..], &["convert", &model, &made]] {
        let output = place.run(arguments);
        assert!(
            !output.status.success() && err(&output).to_lowercase().contains("lfs"),
            "{arguments:?}: {}",
            err(&output)
        );
    }
}

/// A Megatron checkpoint with a word table of so many rows and what its arguments say of its tokenizer.
fn megatron(rows: usize, said: &[(&str, &str)]) -> Vec<u8> {
    let mut args = Pickler::default();
    args.global("argparse", "Namespace").raw(b")\x81}(");
    args.text("num_attention_heads").integer(2).text("padded_vocab_size").integer(rows);
    for (key, value) in said {
        args.text(key).text(value);
    }
    args.raw(b"ub");
    let table = tensors(rows, &BTreeMap::from([(258, 8.0)]));
    let model = linear(table, true, "self_attention");
    let extra: &[(&str, &[u8])] = &[("checkpoint_version", b"G\x40\x08\0\0\0\0\0\0"), ("args", &args.bytes)];
    megatron_file(Container::Zip, true, &model, if said.is_empty() { &extra[..1] } else { extra })
}

#[test]
fn a_megatron_checkpoint_has_gpt2s_words_only_where_it_says_so() {
    let place = Place::new(case("own: tokenizer.json"), Layout::Single);
    let (file, made) = (place.path("checkpoint.pt"), place.path("made"));
    let convert = |rows: usize, said: &[(&str, &str)], more: &[&str]| {
        fs::write(&file, megatron(rows, said)).unwrap();
        let _ = fs::remove_dir_all(&made);
        place.run(&[&["convert", &file, &made, "--heads", "2"], more].concat())
    };
    let gpt2 = ("tokenizer_type", "GPT2BPETokenizer");
    for (rows, said) in [(50257, &[][..]), (50304, &[]), (50257, &[gpt2]), (50304, &[gpt2])] {
        let output = convert(rows, said, &[]);
        assert!(output.status.success(), "{rows}, {said:?}: {}", err(&output));
        assert_eq!(read_json(&Path::new(&made).join("config.json"))["vocab_size"], 50257, "{rows}, {said:?}");
        let found = find_vocabulary(Some(Path::new(&made)), None, 50257).unwrap().vocabulary;
        assert_eq!(found.kind(), VocabularyKind::Gpt2, "{rows}, {said:?}");
    }
    let spm = [("tokenizer_type", "SentencePieceTokenizer"), ("tokenizer_model", "/data/spm.model")];
    let named = [("tokenizer_type", "HuggingFaceTokenizer"), ("tokenizer_model", "EleutherAI/gpt-neox-20b")];
    for (rows, said, words) in [
        (32128, &spm[..], "SentencePieceTokenizer"),
        (51200, &[gpt2], "51,200"),
        (50304, &named, "HuggingFaceTokenizer"),
        (320, &[], "320"),
    ] {
        let output = convert(rows, said, &[]);
        assert_eq!(output.status.code(), Some(5), "{rows}, {said:?}: {}", err(&output));
        assert!(err(&output).contains(words) && err(&output).contains("--tokenizer"), "{rows}: {}", err(&output));
        assert!(!Path::new(&made).exists());
    }
    // What is cut off as padding are the rows without a token, and no others.
    let output = convert(320, &spm, &["--tokenizer", &place.path("model")]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(read_json(&Path::new(&made).join("config.json"))["vocab_size"], 300);
    let value = place.generate(&made, "the and", false);
    assert_eq!((ids(&value["prompt_tokens"]), ids(&value["tokens"])), (vec![289, 261], vec![258, 258]));
}

#[test]
fn a_tokenizer_beside_a_megatron_checkpoint_is_the_models_own_and_must_fit_it() {
    let place = Place::new(case("own: tokenizer.json"), Layout::Single);
    let beside = place.path("beside");
    fs::create_dir(&beside).unwrap();
    let (file, made) = (format!("{beside}/checkpoint.pt"), place.path("made"));
    let own = Path::new(&place.path("model")).join("tokenizer.json");
    fs::copy(own, format!("{beside}/tokenizer.json")).unwrap();
    let spm = [("tokenizer_type", "SentencePieceTokenizer")];
    for said in [&[][..], &spm] {
        fs::write(&file, megatron(320, said)).unwrap();
        let output = place.run(&["convert", &file, &made, "--heads", "2"]);
        assert!(output.status.success(), "{said:?}: {}", err(&output));
        assert!(err(&output).contains("tokenizer.json beside the checkpoint"), "{}", err(&output));
        let value = place.generate(&made, "the and", false);
        assert_eq!((ids(&value["prompt_tokens"]), ids(&value["tokens"])), (vec![289, 261], vec![258, 258]));
        fs::remove_dir_all(&made).unwrap();
    }
    // One that has nothing to do with the checkpoint is refused, and does not leave out its words.
    fs::write(&file, megatron(50304, &[("tokenizer_type", "GPT2BPETokenizer")])).unwrap();
    let output = place.run(&["convert", &file, &made, "--heads", "2"]);
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("the tokenizer has 300 tokens"), "{}", err(&output));
    let output = place.run(&["convert", &file, &made, "--heads", "2", "--tokenizer", "gpt2"]);
    assert!(output.status.success(), "{}", err(&output));
}

#[test]
fn what_keeps_a_model_from_its_words_is_named_and_ends_with_a_status() {
    let place = Place::new(case("own: tokenizer.json"), Layout::Single);
    let (model, other) = (place.path("model"), place.path("other"));
    fs::create_dir(&other).unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    fs::write(format!("{other}/tokenizer.json"), pointer).unwrap();
    let output = place.run(&["-m", &model, "--tokenizer", &other, "-p", "the", "-n", "1"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(
        err(&output).contains("tokenizer.json is a pointer to a file kept elsewhere (git-lfs)"),
        "{}",
        err(&output)
    );
    // Lines for a model that is not there are not answered with success.
    fs::remove_file(format!("{model}/tokenizer.json")).unwrap();
    let output = place.run(&["--plain", "-m", &model]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
}

/// A pickled dictionary with a model of bare names in it, as the savers of training loops write it.
fn nested(key: &str, model: &[(String, Half)], more: &[(&str, usize)]) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.raw(b"}(").text(key).global("collections", "OrderedDict").raw(b")R(");
    let mut storages = Vec::new();
    for (index, (name, tensor)) in model.iter().enumerate() {
        pickler.text(name).tensor(Container::Zip, &index.to_string(), &View::whole(tensor));
        storages.push((index.to_string(), tensor.bits.clone()));
    }
    pickler.raw(b"u");
    if !more.is_empty() {
        pickler.text("model_args").raw(b"}(");
        for (key, value) in more {
            pickler.text(key).integer(*value);
        }
        pickler.raw(b"u");
    }
    pickler.raw(b"u.");
    container(Container::Zip, &pickler.bytes, &storages)
}

#[test]
fn a_file_of_nano_gpt_and_one_of_lightning_are_converted() {
    let renamed = |before: &str| {
        let mut model = tensors(304, &BTreeMap::from([(258, 8.0)]));
        for (name, tensor) in &mut model {
            if before == "_orig_mod." && name.contains(".h.") && tensor.shape.len() == 2 {
                *tensor = transposed(tensor);
            }
            *name = format!("{before}{name}");
        }
        model
    };
    let sizes = [("n_layer", 1), ("n_head", 2), ("n_embd", 8), ("block_size", 64), ("vocab_size", 304)];
    let nano = nested("model", &renamed("_orig_mod."), &sizes);
    let lightning = nested("state_dict", &renamed("model."), &[]);
    let place = Place::new(case("own: tokenizer.json"), Layout::Single);
    for (name, bytes) in [("ckpt.pt", nano), ("lightning.ckpt", lightning)] {
        let (file, made) = (place.path(name), place.path("made"));
        fs::write(&file, bytes).unwrap();
        let output = place.run(&["convert", &file, &made, "--heads", "2", "--tokenizer", &place.path("model")]);
        assert!(output.status.success(), "{name}: {}", err(&output));
        let value = place.generate(&made, "the and", false);
        assert_eq!((ids(&value["prompt_tokens"]), ids(&value["tokens"])), (vec![289, 261], vec![258, 258]), "{name}");
        fs::remove_dir_all(made).unwrap();
    }
}

/// What a converter is told of a program's own words, without a model.
#[test]
fn files_that_say_nothing_of_words_give_none() {
    let files = VocabularyFiles { config: Some(b"{}"), ..VocabularyFiles::default() };
    let limits = megachat::text::vocabulary::VocabularyLimits::for_rows(300);
    assert!(Vocabulary::read(&files, "here", &limits).unwrap().is_none());
}
