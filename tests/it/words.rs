//! A text and models with words of their own, in the interface.

use std::sync::Arc;

use crossterm::event::KeyCode;
use megachat::TokenId;
use megachat::app::{Effect, Intent, Msg};
use megachat::document::{Header, Journal, NodeId, Record, encode_line, read_journal};
use megachat::install::protocol as install;
use megachat::manifest::Manifest;
use megachat::store::protocol::Job;
use megachat::store::vocabularies::Finder;
use megachat::text::Vocabulary;
use megachat::text::vocabulary::VocabularyRecord;

use crate::support::harness::Harness;
use crate::support::program::{Home, err, files, megachat, out};
use crate::support::tiny;

/// Bytes and a few merges: every text is cut otherwise than by GPT-2's.
fn own() -> Arc<Vocabulary> {
    Arc::new(Vocabulary::from_gpt2_merges("o n\nu p\nc e\n").unwrap())
}

/// A text written by the demo, and another model that could be switched to.
fn written() -> Harness {
    let mut it = Harness::ready((120, 40));
    it.others = vec![("mine".to_owned(), own())];
    it.write("Once upon");
    it.key(KeyCode::Enter);
    it.settle();
    it.send(Msg::Install(install::Event::Ready(ready_model())));
    it
}

fn ready_model() -> install::Ready {
    install::Ready {
        name: "mine".into(),
        directory: "/models/mine".into(),
        format: String::new(),
        notes: Vec::new(),
        verified: true,
        parameters: 1,
    }
}

fn text(it: &Harness) -> String {
    it.app.context.text.vocabulary().decode(&it.app.context.text.document.tokens())
}

fn roots(it: &Harness) -> Vec<NodeId> {
    it.app.context.text.document.children(None)
}

fn switch(it: &mut Harness) {
    it.send(Msg::Intent(Intent::SwitchModel));
    it.settle();
}

#[test]
fn another_model_reads_the_text_in_its_own_words_as_a_new_branch() {
    let mut it = written();
    let (before, tokens, gpt2) =
        (text(&it), it.app.context.text.document.tokens(), it.app.context.text.vocabulary().hash().to_owned());
    switch(&mut it);
    assert_eq!(text(&it), before, "the same text");
    assert_ne!(it.app.context.text.document.tokens(), tokens, "in other words");
    assert_eq!((it.app.context.text.vocabulary().hash(), roots(&it).len()), (own().hash(), 2));
    assert!(it.screen().contains("reads it in its own"), "{}", it.screen());
    assert_eq!(it.journalled(), it.app.context.text.document);
    // The vocabulary is kept before the first line that names it.
    let place = |wanted: &dyn Fn(&Effect) -> bool| it.effects.iter().rposition(wanted).unwrap();
    let kept = place(&|it| matches!(it, Effect::Store(Job::Vocabulary(it)) if it.hash() == own().hash()));
    let named = place(&|it| {
        let Effect::Store(Job::Append(Record::Model { vocabulary, .. })) = it else { return false };
        vocabulary.as_ref().is_some_and(|it| it.hash == own().hash())
    });
    assert!(kept < named);
    // Back on the old branch it is shown in its own words, and no model is asked about it.
    it.press(KeyCode::Char('u'), crossterm::event::KeyModifiers::ALT);
    assert_eq!(
        (it.app.context.text.document.tokens(), it.app.context.text.vocabulary().hash()),
        (tokens.clone(), &*gpt2)
    );
    assert_eq!((it.app.context.drawing.awaited, text(&it)), (None, before.clone()));
    // To go on is to read it again: the branch that is there already, not a third one.
    it.key(KeyCode::F(5));
    it.settle();
    assert!(text(&it).starts_with(&before) && text(&it).len() > before.len(), "{}", text(&it));
    assert_eq!((it.app.context.text.vocabulary().hash(), roots(&it).len()), (own().hash(), 2));
    // And back to the first model: its own branch is found again.
    let longer = text(&it);
    switch(&mut it);
    assert_eq!((text(&it), it.app.context.text.vocabulary().hash()), (longer, &*gpt2));
    assert_eq!(it.journalled(), it.app.context.text.document);
}

#[test]
fn what_would_change_a_branch_in_other_words_reads_it_again_first() {
    let mut it = written();
    switch(&mut it);
    it.press(KeyCode::Char('u'), crossterm::event::KeyModifiers::ALT);
    let tokens = it.app.context.text.document.tokens();
    // Compare, a candidate, new dice: each is for the model's own words.
    for key in [KeyCode::F(6), KeyCode::F(8)] {
        it.key(key);
        it.settle();
        assert_ne!(it.app.context.text.document.tokens(), tokens);
        assert!(it.app.layers.is_empty(), "it has to be asked for again");
        it.press(KeyCode::Char('u'), crossterm::event::KeyModifiers::ALT);
        assert_eq!(it.app.context.text.document.tokens(), tokens);
    }
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('g'));
    it.key(KeyCode::Right);
    it.key(KeyCode::Char('r'));
    it.settle();
    assert_eq!(it.app.context.text.vocabulary().hash(), own().hash());
}

#[test]
fn the_models_screen_and_the_blank_page_name_the_models_own_words() {
    let mut it = Harness::ready((120, 40));
    it.key(KeyCode::F(3));
    let screen = it.screen();
    assert!(
        screen.contains("GPT-2's own, 50257 tokens") && screen.contains("<|endoftext|> (50256) begins and"),
        "{screen}"
    );
    it.key(KeyCode::Esc);
    assert!(it.screen().contains("starts from <|endoftext|>"), "{}", it.screen());
    // A model whose texts begin with another token, and one whose texts begin with none.
    for (begin, words) in [(Some(5), "starts from &,"), (None, "names no token that begins a text")] {
        let record = VocabularyRecord { begin, ..own().record() };
        let mut it = Harness::ready((120, 40));
        it.others = vec![("mine".to_owned(), Arc::new((*own()).clone().as_recorded(&record)))];
        it.send(Msg::Install(install::Event::Ready(ready_model())));
        switch(&mut it);
        assert!(it.screen().contains(words), "{begin:?}: {}", it.screen());
    }
}

/// A journal as programs before this wrote it: a model without a vocabulary, and some tokens.
fn old_journal(model: &str, sha256: &str, tokens: &[TokenId]) -> Journal {
    let header = Header { version: 1, id: "old".into(), created: 0, program: "megachat 0".into() };
    let model = Record::Model {
        name: model.into(),
        sha256: sha256.into(),
        dtype: "q8".into(),
        arithmetic: 1,
        device: "cpu".into(),
        driver: None,
        generator: String::new(),
        vocabulary: None,
        path: None,
    };
    let typed = Record::Typed { first: 0, parent: None, tokens: tokens.to_vec(), chosen: false };
    let lines = [Record::Header(header), model, typed];
    let text: String = (0..).zip(&lines).map(|(n, it)| encode_line(n, it).unwrap()).collect();
    read_journal(text.as_bytes()).unwrap()
}

#[test]
fn an_old_transcript_is_gpt2s_where_nothing_contradicts_and_that_is_said() {
    let home = tempfile::tempdir().unwrap();
    let (transcripts, models) = (home.path().join("transcripts"), home.path().join("models"));
    // An installed model with words of its own.
    let mine = models.join("mine");
    std::fs::create_dir_all(&mine).unwrap();
    let config = r#"{"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 1, "vocab_size": 260}"#;
    std::fs::write(mine.join("config.json"), config).unwrap();
    let vocab: serde_json::Map<String, serde_json::Value> =
        own().definition().unwrap().pieces.iter().map(|(id, piece)| (piece.clone(), (*id).into())).collect();
    std::fs::write(mine.join("vocab.json"), serde_json::to_vec(&vocab).unwrap()).unwrap();
    std::fs::write(mine.join("merges.txt"), "o n\nu p\nc e\n").unwrap();
    let manifest = Manifest { name: "mine".into(), weights_sha256: "aa".into(), ..manifest() };
    std::fs::write(mine.join(Manifest::FILE), manifest.to_bytes()).unwrap();
    let resolve = |journal: &Journal| Finder::new(&transcripts, &models).resolve(journal);
    let hash = |journal: &Journal| {
        let resolved = resolve(journal).unwrap();
        (resolved.vocabularies.at(0).hash().to_owned(), resolved.assumed)
    };
    let gpt2 = megachat::assets::vocabulary().hash().to_owned();
    // The built-in model has GPT-2's words; of an unknown one that is assumed, and said.
    assert_eq!(hash(&old_journal("demo", "00", &[15496, 995])), (gpt2.clone(), false));
    assert_eq!(hash(&old_journal("finetuned", "00", &[15496, 995])), (gpt2.clone(), true));
    // An id that GPT-2 has not, and a model of that name that contradicts, are no GPT-2's.
    for (name, sha256, tokens) in [("finetuned", "00", &[50_257][..]), ("mine", "bb", &[1]), ("demo", "00", &[60_000])]
    {
        let error = resolve(&old_journal(name, sha256, tokens)).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}`")) && error.contains("Install that model"), "{error}");
    }
    // The model itself is here, by its weights: its words are those.
    assert_eq!(hash(&old_journal("mine", "aa", &[1, 2])), (own().hash().to_owned(), false));
    assert_eq!(hash(&old_journal("renamed", "aa", &[1, 2])), (own().hash().to_owned(), false));
}

fn manifest() -> Manifest {
    Manifest {
        version: Manifest::VERSION,
        name: String::new(),
        source: String::new(),
        source_sha256: None,
        verified: false,
        format: String::new(),
        weights_sha256: String::new(),
        parameters: 1,
        program: String::new(),
        repository: None,
        heads: None,
        tokenizer: None,
        vocabulary: None,
        forced: false,
        checksums: std::collections::BTreeMap::new(),
        files: Vec::new(),
        seal: None,
    }
}

#[test]
fn a_tokenizer_that_was_named_is_remembered_and_a_repair_finds_it_again() {
    let home = Home::new();
    let (source, words) = (home.path().join("source"), home.path().join("words"));
    tiny::hugging_face(&source, 1);
    std::fs::rename(source.join("merges.txt"), home.path().join("merges.txt")).unwrap();
    std::fs::create_dir_all(&words).unwrap();
    for (name, bytes) in megachat::text::vocabulary::gpt2_files(megachat::assets::MERGES).unwrap() {
        std::fs::write(words.join(name), bytes).unwrap();
    }
    std::fs::write(words.join("special_tokens_map.json"), r#"{"eos_token": "<|endoftext|>"}"#).unwrap();
    let run = |arguments: &[&str]| megachat(home.path(), arguments).output().unwrap();
    let (from, with) = (source.to_str().unwrap(), words.to_str().unwrap());
    let refused = run(&["model", "import", from, "--name", "a"]);
    assert_eq!(refused.status.code(), Some(5), "{}", err(&refused));
    assert!(err(&refused).contains("--tokenizer gpt2"), "{}", err(&refused));
    let imported = run(&["model", "import", from, "--name", "a", "--tokenizer", with]);
    assert!(imported.status.success(), "{}", err(&imported));
    let info: serde_json::Value = serde_json::from_str(&out(&run(&["model", "info", "a", "--json"]))).unwrap();
    assert_eq!((&info["tokenizer"], &info["vocabulary"]["kind"]), (&with.into(), &"gpt2".into()));
    let before = files(&home.models().join("a")).unwrap();
    // The directory that was named is gone; the copy beside the weights is the same vocabulary.
    std::fs::remove_dir_all(&words).unwrap();
    std::fs::write(home.models().join("a/model.safetensors"), "half").unwrap();
    let repaired = run(&["model", "verify", "a", "--repair"]);
    assert!(repaired.status.success(), "{}", err(&repaired));
    let after = files(&home.models().join("a")).unwrap();
    let of = |all: &[(String, Vec<u8>)], name: &str| all.iter().find(|it| it.0 == name).unwrap().1.clone();
    for name in ["config.json", "model.safetensors", "vocab.json", "tokenizer.json"] {
        assert!(of(&before, name) == of(&after, name), "{name}");
    }
}
