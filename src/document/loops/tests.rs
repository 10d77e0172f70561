use super::super::Record;
use super::*;
use crate::TokenId;
use crate::sample::Draw;

fn drawn(tokens: impl IntoIterator<Item = TokenId>, p: f32) -> Document {
    let draw = |token| Draw {
        token,
        model: p,
        log_model: None,
        after: p,
        rank: 0,
        kept: 1,
        die: 0.5,
        entropy: None,
        mu: None,
        begun: 0,
        top: Vec::new(),
    };
    let mut document = Document::default();
    let draws = tokens.into_iter().map(draw).collect();
    document.apply(&Record::Drawn { first: 0, parent: None, draws });
    document
}

#[test]
fn copies_make_a_loop_and_say_where_it_began() {
    let copies = |before: u32, stretch: u32, n: usize| {
        (100..100 + before).chain((0..n).flat_map(move |_| 0..stretch)).collect::<Vec<TokenId>>()
    };
    for (tokens, expected) in [
        (copies(5, 8, 3), Some(5 + 8)),
        (copies(5, 8, 2), None),
        // Fewer than 24 tokens are no loop yet, however often.
        (copies(5, 1, 23), None),
        (copies(5, 1, 24), Some(5 + 1)),
        (copies(5, 40, 3), Some(5 + 40)),
        (copies(5, 41, 3), None),
        (copies(60, 0, 0), None),
    ] {
        assert_eq!(drawn(tokens.clone(), 0.5).looping_since(), expected, "{tokens:?}");
    }
    assert_eq!(drawn(copies(5, 8, 3), 0.5).looping(), Some((13, Loop::Copies(8))));
}

#[test]
fn a_model_that_is_never_surprised_recites() {
    assert_eq!(drawn(0..30, 0.9).looping(), Some((6, Loop::Recital)));
    assert_eq!(drawn(0..30, 0.8).looping_since(), None);
    assert_eq!(drawn(0..23, 0.99).looping_since(), None);
}

#[test]
fn what_a_person_wrote_is_no_loop() {
    let mut document = drawn([1, 2], 0.5);
    document.apply(&Record::Typed { first: 2, parent: Some(1), tokens: [7; 60].to_vec(), chosen: false });
    assert_eq!(document.looping_since(), None);
}
