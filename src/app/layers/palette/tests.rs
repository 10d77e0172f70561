use super::*;

fn found(query: &str) -> Vec<String> {
    let mut palette = Palette::default();
    palette.input.insert(query);
    palette.entries().iter().map(Entry::name).collect()
}

#[test]
fn the_best_fit_comes_first() {
    for (query, expected) in [
        ("cont", "continue"),
        ("newtr", "new-transcript"),
        ("NEW-T", "new-transcript"),
        ("modls", "models"),
        ("temp", "set temp ..."),
        ("colder", "colder"),
        ("template", "chat"),
        ("top-k", "set top-k ..."),
        ("set", "set preset ..."),
        ("set te", "set temp ..."),
        ("temp 0.9", "set temp 0.9"),
        ("set temp 0.9", "set temp 0.9"),
        ("stop a b", "set stop a b"),
        ("temperature 0.9", "set temp 0.9"),
        ("repetition-penalty 1.2", "set repeat-penalty 1.2"),
        ("p_less on", "set p-less on"),
    ] {
        assert_eq!(found(query).first().map(String::as_str), Some(expected), "{query}: {:?}", found(query));
    }
    assert_eq!(found("xyzzy"), [""; 0]);
}

#[test]
fn what_people_type_finds_what_they_mean() {
    for (query, expected) in [
        ("save", "save"),
        ("export", "export"),
        ("markdown", "export"),
        ("open", "library"),
        ("find", "find-text"),
        ("grep", "find-text"),
        ("rename", "rename"),
        ("title", "rename"),
        ("resume", "library"),
        ("resume", "library"),
        ("print", "print"),
        ("speed", "speed"),
        ("quit", "quit-or-delete"),
        ("exit", "quit-or-delete"),
        ("column", "compare"),
        ("columns", "compare"),
        ("split", "compare"),
        ("copy", "copy"),
        ("clipboard", "copy"),
        ("settings", "settings"),
        ("config", "settings"),
        ("seed", "set seed ..."),
        ("load", "models"),
        ("download", "models"),
        ("undo", "undo"),
        ("redo", "redo"),
        ("theme", "theme"),
        ("dark", "theme"),
        ("colour", "heat"),
        ("color", "heat"),
        ("retry", "reroll"),
        ("regenerate", "reroll"),
        ("clear", "new-transcript"),
        ("new", "new-transcript"),
        ("alternatives", "futures"),
        ("branches", "tree"),
        ("probabilities", "inspect"),
        ("why", "inspect"),
        ("perplexity", "score"),
        ("stats", "score"),
        ("help", "help"),
        ("keys", "help"),
        ("cancel", "interrupt"),
        ("length", "set max-tokens ..."),
        ("slide", "set when-full ..."),
        ("context", "set when-full ..."),
        ("version", "version"),
        ("append", "add"),
        ("temperature", "set temp ..."),
        ("preset", "set preset ..."),
        ("vim", "edit-in-editor"),
        ("continue", "continue"),
        ("generate", "continue"),
        ("chat", "chat"),
        ("bookmark", "bookmark"),
    ] {
        assert_eq!(found(query).first().map(String::as_str), Some(expected), "{query}: {:?}", found(query));
    }
}

#[test]
fn other_names_are_told_beside_the_name_and_mean_one_thing_each() {
    let other = |query: &str, name: &str| {
        let mut palette = Palette::default();
        palette.input.insert(query);
        palette.entries().into_iter().find(|it| it.name() == name).and_then(|it| it.other_name(query))
    };
    assert_eq!((other("ex", "quit-or-delete"), other("quit", "quit-or-delete")), (Some("exit"), None));
    let all: Vec<(&words::Meant, &str)> =
        words::WORDS.iter().flat_map(|it| it.1.iter().map(move |word| (&it.0, *word))).collect();
    for (index, (meant, word)) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|it| it.1 != *word), "{word} means two things");
        assert_eq!(words::meant(word), Some(**meant), "{word}");
        assert_eq!(*word, word.to_lowercase(), "a query is compared in small letters");
    }
}

#[test]
fn every_action_and_every_control_is_there_once() {
    let names = found("");
    for (index, name) in names.iter().enumerate() {
        assert!(!names[..index].contains(name), "{name}");
    }
    for binding in BINDINGS.iter().filter(|it| it.action != Action::Palette) {
        assert!(names.iter().any(|it| it == binding.action.name()), "{}", binding.help);
    }
    assert_eq!(names.iter().filter(|it| it.starts_with("set ")).count(), KNOBS.len());
    assert_eq!(names[0], BINDINGS.iter().find(|it| it.place == Place::Anywhere).unwrap().action.name());
}
