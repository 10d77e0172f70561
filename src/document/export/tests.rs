use super::super::tests::draw;
use super::*;
use crate::assets;
use crate::sample::Settings;

#[test]
fn the_three_forms_hold_the_text_and_where_it_came_from() {
    let vocabulary = assets::vocabulary();
    let vocabularies = Vocabularies::of(vocabulary.clone());
    let header = Header { version: 1, id: "x".into(), created: 0, program: "megachat 0".into() };
    let model = Record::Model {
        name: "demo".into(),
        sha256: "ab".into(),
        dtype: "f32".into(),
        arithmetic: 1,
        device: "cpu".into(),
        driver: None,
        generator: String::new(),
        vocabulary: None,
        path: None,
    };
    let mut document = Document::default();
    document.apply(&Record::Settings { settings: Settings::default() });
    document.apply(&Record::Typed {
        first: 0,
        parent: None,
        tokens: vocabulary.encode("Use ```` here").unwrap().tokens,
        chosen: false,
    });
    let (first, parent, draws) = (document.next_node(), document.tip(), vec![draw(13)]);
    document.apply(&Record::Drawn { first, parent, draws });
    let records = [model];
    let vocabularies = &vocabularies;
    let of = |document: &Document| {
        let it = Exported { header: &header, created: "today", records: &records, document, vocabularies };
        (it.text(), it.markdown(), it.json())
    };
    assert_eq!(of(&document).0, "Use ```` here.");
    let markdown = of(&document).1;
    assert!(markdown.contains("\n`````text\nUse ```` here.\n`````\n"), "{markdown}");
    assert!(markdown.contains("model: demo, f32, cpu, weights sha256 ab"));
    assert!(markdown.contains("seed 0, max-tokens 200, stop off"), "{markdown}");
    document.apply(&Record::Settings { settings: Settings { seed: 77, ..Settings::default() } });
    let later = of(&document).1;
    assert_eq!(later, markdown, "what is set after the last token has made nothing of it");
    let json = of(&document).2;
    assert_eq!(json["text"], "Use ```` here.");
    let last = json["tokens"].as_array().unwrap().last().unwrap();
    assert_eq!((last["id"].as_u64(), last["draw"]["kept"].as_u64()), (Some(13), Some(12)));
    assert_eq!(json["models"][0]["name"], "demo");
}
