use super::super::tests::{paths, refreshed, tokens, write};
use super::*;
use crate::document::Record;

fn found(library: &super::super::Library, words: &str) -> Vec<String> {
    library.search(words, 20).unwrap().into_iter().map(|it| it.entry.id).collect()
}

#[test]
fn words_are_found_on_all_branches_in_titles_and_over_forks() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    let first = tokens("The old light").len() as u32;
    let branch = |text: &str, from: u32| Record::Typed {
        first: from,
        parent: Some(first - 1),
        tokens: tokens(text),
        chosen: false,
    };
    let sea = branch("house by the sea", first);
    let years = branch(" years ago", first + tokens("house by the sea").len() as u32);
    write(&paths, "a", "The old light", &[sea, years, Record::Opened { number: 1 }]);
    let title = Record::Title { title: "A lighthouse".to_owned() };
    write(
        &paths,
        "b",
        "Caf\u{e9} and the C-beam; \u{65e5}\u{672c}\u{8a9e}\u{306e}\u{672c} 100% \u{1f469}",
        &[title, Record::Opened { number: 2 }],
    );
    let library = refreshed(&paths);
    // Over the fork, on a branch that is not the text; the title counts as well.
    let hits = library.search("lighthouse", 9).unwrap();
    assert_eq!(
        hits.iter().map(|it| (&*it.entry.id, it.run, it.on_path)).collect::<Vec<_>>(),
        [("b", 0, true), ("a", 2, false)]
    );
    assert_eq!(hits[1].piece.replace(FOUND, "[").replace(FOUND_END, "]"), "The old [lighthouse] by the sea");
    assert_eq!((hits[1].entry.branches, hits[1].node), (2, Some(first)));
    // All words, the beginnings of words, phrases; marks and capitals do not matter.
    assert_eq!(found(&library, "light years"), ["a"]);
    assert_eq!(found(&library, "sea ago"), ["a"], "on two branches");
    assert_eq!(found(&library, "\"by the sea\""), ["a"]);
    assert!(found(&library, "\"sea by\"").is_empty() && found(&library, "sea moon").is_empty());
    assert_eq!(found(&library, "CAFE"), ["b"]);
    // What has no spaces between its words, or no words at all.
    assert_eq!(found(&library, "\u{672c}\u{8a9e}"), ["b"]);
    assert_eq!(found(&library, "\u{1f469}"), ["b"]);
    assert_eq!(found(&library, "100% caf"), ["b"]);
    let piece = &library.search("\u{1f469}", 1).unwrap()[0].piece;
    assert!(piece.contains(&format!("{FOUND}\u{1f469}{FOUND_END}")), "{piece:?}");
    // The language of the index is nobody's business.
    for odd in
        ["", "  ", "\"", "\"\"", "* ^ ( )", "NEAR(", "a AND", "text:x", "-", "\u{0}\u{1b}[2J", "'; DROP TABLE runs"]
    {
        let _ = library.search(odd, 9).unwrap();
    }
    assert!(found(&library, "text: light").is_empty(), "the name of a column is a word like any other");
}

#[test]
fn of_equally_good_ones_the_last_worked_on_comes_first() {
    let home = tempfile::tempdir().unwrap();
    let paths = paths(home.path());
    for (id, number) in [("a", 2), ("b", 3), ("c", 1)] {
        write(&paths, id, "The sea.", &[Record::Opened { number }]);
    }
    let library = refreshed(&paths);
    assert_eq!(found(&library, "sea"), ["b", "a", "c"]);
    assert_eq!(library.search("sea", 2).unwrap().len(), 2);
}
