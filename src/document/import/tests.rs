use super::*;

fn texts(it: &Imported) -> Vec<(Option<usize>, &str)> {
    it.nodes.iter().map(|it| (it.parent, &*it.text)).collect()
}

#[test]
fn a_looms_tree_keeps_its_branches_and_ends_with_the_first() {
    let json = r#"{"root":{"text":"Once","children":[
        {"text":" upon","children":[{"text":" a time","children":[]},{"text":" a cat"}]},
        {"text":" more","children":[]}]}, "version": 1}"#;
    let it = import_loom(json).unwrap();
    let expected = [(None, "Once"), (Some(0), " upon"), (Some(1), " a time"), (Some(1), " a cat"), (Some(0), " more")];
    assert_eq!((texts(&it), it.end), (expected.to_vec(), Some(2)));
    // An empty root is a way to several beginnings; the root may stand alone.
    let it = import_loom(r#"{"text":"","children":[{"text":"A"},{"text":"B","children":[{"text":"C"}]}]}"#).unwrap();
    assert_eq!((texts(&it), it.end), (vec![(None, "A"), (None, "B"), (Some(1), "C")], Some(0)));
    assert!(matches!(import_loom(r#"{"root":{"children":[]}}"#), Err(ImportError::NoTree(_))));
    assert!(matches!(import_loom("[1]"), Err(ImportError::NoTree(_))));
    assert_eq!(import_loom(r#"{"text":""}"#), Err(ImportError::Empty));
}

/// Deeper than any stack.
#[test]
fn a_deep_tree_is_read_level_by_level() {
    const DEPTH: usize = 5_000;
    let json = format!("{}{}", r#"{"text":"a","children":["#.repeat(DEPTH), "]}".repeat(DEPTH));
    let it = import_loom(&json).unwrap();
    assert_eq!((it.nodes.len(), it.end), (DEPTH, Some(DEPTH - 1)));
}

#[test]
fn markdown_stays_as_it_is_written_unless_it_is_an_export() {
    let own =
        "# A \\*cat\\*\n\n- transcript: x\n- tokens: 3, of which the model drew 1\n\n````text\nUse ``` here.\n````\n";
    let it = import_text(own).unwrap();
    assert_eq!((texts(&it), it.title.as_deref()), (vec![(None, "Use ``` here.")], Some("A *cat*")));
    let other = "# A cat\n\nIt *sat*.\n";
    assert_eq!(texts(&import_text(other).unwrap()), [(None, other)]);
    assert_eq!(import_text(""), Err(ImportError::Empty));
}
