use super::*;
use crate::assets;
use crate::document::Record;

#[test]
fn words_are_found_on_all_branches_over_forks_and_in_parts_of_tokens() {
    let vocabulary = assets::vocabulary();
    let vocabularies = Vocabularies::of(vocabulary.clone());
    let mut document = Document::default();
    let mut write = |parent: Option<NodeId>, text: &str| {
        let first = document.next_node();
        let tokens = vocabulary.encode(text).unwrap().tokens;
        document.apply(&Record::Typed { first, parent, tokens, chosen: false });
        (first, document.tip())
    };
    let (_, fork) = write(None, "The old light");
    let (sea, _) = write(fork, "house by the sea. The LIGHTHOUSE shone.");
    let (year, _) = write(fork, " years. Ağrı \u{1f469}\u{200d}\u{1f467} café");
    let found = |words: &str| -> Vec<(NodeId, usize, bool, String)> {
        let all = find(&document, &vocabularies, words, 10);
        all.into_iter().map(|it| (it.node, it.run, it.on_path, it.piece.concat())).collect()
    };
    // Over the fork it begins in the token before it; the text as it is comes first.
    let light = fork.unwrap();
    let all = found("lighthouse");
    assert_eq!(all.iter().map(|it| (it.0, it.1, it.2)).next(), Some((light, 1, false)));
    assert_eq!((all.len(), all[1].0 > sea && all[1].0 < year), (2, true));
    // What stands before a fork is found once.
    assert_eq!(found("the old").len(), 1);
    assert_eq!(found("light years").iter().map(|it| (it.0, it.2)).collect::<Vec<_>>(), [(light, true)]);
    // A character in pieces, and letters that are longer when they are small.
    assert_eq!(found("\u{1f469}").len(), 1);
    assert_eq!(found("CAFÉ").len(), 1);
    assert_eq!(found("ağrı").len(), 1);
    assert!(found("").is_empty() && found("moon").is_empty());
    let piece = &find(&document, &vocabularies, "years", 1)[0].piece;
    assert_eq!((&*piece[0], &*piece[1]), ("The old light ", "years"));
}
