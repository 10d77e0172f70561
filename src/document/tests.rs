use super::*;

pub(super) fn draw(token: TokenId) -> Draw {
    Draw {
        token,
        model: 0.5,
        log_model: None,
        after: 0.6,
        rank: 1,
        kept: 12,
        die: 0.25,
        entropy: None,
        mu: None,
        begun: 0,
        top: Vec::new(),
    }
}

fn typed(first: NodeId, parent: Option<NodeId>, tokens: &[TokenId]) -> Record {
    Record::Typed { first, parent, tokens: tokens.to_vec(), chosen: false }
}

fn drawn(first: NodeId, parent: Option<NodeId>, tokens: &[TokenId]) -> Record {
    Record::Drawn { first, parent, draws: tokens.iter().map(|&it| draw(it)).collect() }
}

#[test]
fn a_text_grows_and_branches_and_the_old_tail_stays() {
    let mut document = Document::default();
    document.apply(&typed(0, None, &[10, 11]));
    document.apply(&drawn(2, Some(1), &[12, 13]));
    assert_eq!(document.tokens(), [10, 11, 12, 13]);
    assert_eq!(
        document.segments(),
        [Segment { start: 0, end: 2, drawn: false }, Segment { start: 2, end: 4, drawn: true },]
    );
    document.apply(&drawn(4, Some(2), &[14]));
    assert_eq!(document.tokens(), [10, 11, 12, 14]);
    assert_eq!(document.drawn(), 2);
    document.apply(&Record::Tip { node: Some(3) });
    assert_eq!(document.tokens(), [10, 11, 12, 13]);
    document.apply(&Record::Tip { node: None });
    assert!(document.is_empty());
}

#[test]
fn a_lost_line_loses_its_own_tokens_and_no_others() {
    let mut document = Document::default();
    document.apply(&typed(0, None, &[10]));
    // The line that made nodes 1 and 2 is gone.
    document.apply(&drawn(3, Some(2), &[13]));
    document.apply(&drawn(4, Some(3), &[14]));
    assert_eq!(document.tokens(), [10, 13, 14]);
    document.apply(&Record::Tip { node: Some(0) });
    assert_eq!(document.tokens(), [10]);
}

#[test]
fn settings_that_nothing_was_drawn_under_leave_no_trace() {
    let mut document = Document::default();
    let at = |temperature| Record::Settings { settings: Settings { temperature, ..Settings::default() } };
    document.apply(&at(0.5));
    document.apply(&at(0.6));
    document.apply(&drawn(0, None, &[1]));
    document.apply(&at(0.9));
    let history: Vec<_> = document.settings_history().iter().map(|(node, s)| (*node, s.temperature)).collect();
    assert_eq!(history, [(0, 0.6), (1, 0.9)]);
}
