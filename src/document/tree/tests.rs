use super::super::Record;
use super::*;

/// 10 11 12 13, and after 11 also 20 21, and after 20 also 30.
fn sample() -> Document {
    let mut document = Document::default();
    let mut typed = |first, parent, tokens: &[u32]| {
        document.apply(&Record::Typed { first, parent, tokens: tokens.to_vec(), chosen: false });
    };
    typed(0, None, &[10, 11, 12, 13]);
    typed(4, Some(1), &[20, 21]);
    typed(6, Some(4), &[30]);
    document
}

#[test]
fn forks_are_found_and_branches_followed_to_their_newest_end() {
    let document = sample();
    assert_eq!(document.tokens(), [10, 11, 20, 30]);
    assert_eq!(document.children(Some(1)), [2, 4]);
    assert_eq!(document.siblings(3), [5, 6]);
    assert_eq!(document.siblings(0), [0]);
    assert!(document.siblings(9).is_empty());
    assert_eq!([3, 2, 1].map(|it| document.fork_before(it)), [Some(3), Some(2), None]);
    assert_eq!((document.newest_leaf(2), document.newest_leaf(4), document.newest_leaf(0)), (3, 6, 6));
}

#[test]
fn runs_end_at_forks() {
    let run = |nodes: &[NodeId], depth, on_path| Run { nodes: nodes.to_vec(), depth, on_path };
    let expected =
        [run(&[0, 1], 0, true), run(&[2, 3], 1, false), run(&[4], 1, true), run(&[5], 2, false), run(&[6], 2, true)];
    assert_eq!(sample().runs(), expected);
    assert_eq!(Document::default().runs(), []);
}
