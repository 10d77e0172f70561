use super::*;

fn input() -> Input {
    let mut input = Input::default();
    input.remember(["The bear", "a dragon\nslept", "the bear again", "the fox"].map(str::to_owned).to_vec());
    input.insert("draft");
    input
}

#[test]
fn a_search_goes_back_and_narrows() {
    let mut it = input();
    it.search_older();
    assert_eq!(it.searched(), ("draft", 5));
    for (more, shown, at) in [("t", "the fox", 0), ("he b", "the bear again", 0)] {
        it.search_for(more);
        assert_eq!(it.searched(), (shown, at));
    }
    it.search_older();
    assert_eq!(it.searched(), ("The bear", 0));
    it.search_older();
    assert!(it.search().unwrap().failed);
    assert_eq!(it.searched(), ("The bear", 0), "what was found stays");
    it.search_shorter();
    assert_eq!(it.searched(), ("the fox", 0));
    for _ in 0..9 {
        it.search_shorter();
    }
    it.search_for("SLEPT");
    assert!(it.search().unwrap().failed, "capitals mean capitals");
    for _ in 0..9 {
        it.search_shorter();
    }
    it.search_for("slept");
    assert_eq!(it.searched(), ("a dragon\nslept", 9));
}

#[test]
fn what_is_found_is_taken_or_left() {
    let mut it = input();
    it.search_older();
    it.search_for("dragon");
    it.search_leave();
    assert_eq!((it.text(), it.cursor(), it.search()), ("draft", 5, None));
    it.search_older();
    it.search_for("dragon");
    it.search_take();
    assert_eq!((it.text(), it.cursor(), it.search()), ("a dragon\nslept", 2, None));
    it.up();
    assert_eq!(it.text(), "The bear", "the arrows go on from there");
    for _ in 0..9 {
        it.down();
    }
    assert_eq!(it.text(), "draft");
}

#[test]
fn the_same_again_and_nothing_are_not_kept_and_there_is_an_end() {
    let mut history = History::default();
    for (text, kept) in [("a", true), ("a", false), (" \n", false), ("b", true), ("a", true)] {
        assert_eq!(history.push(text), kept);
    }
    (0..MOST + 5).for_each(|it| assert!(history.push(&it.to_string())));
    assert_eq!((history.entries.len(), history.entries[0].as_str()), (MOST, "5"));
}
