use super::super::tests::draw;
use super::*;

fn model(dtype: &str) -> Record {
    Record::Model {
        name: "demo".into(),
        sha256: String::new(),
        dtype: dtype.into(),
        arithmetic: 1,
        device: "cpu".into(),
        driver: None,
        generator: String::new(),
        vocabulary: None,
        path: None,
    }
}

fn loaded(dtype: &str) -> ReplayStep {
    ReplayStep::Load(Box::new(RunInfo {
        name: "demo".into(),
        dtype: dtype.into(),
        arithmetic: 1,
        device: "cpu".into(),
        driver: None,
        ..RunInfo::default()
    }))
}

fn drawn(first: NodeId, parent: Option<NodeId>, tokens: &[u32]) -> Record {
    Record::Drawn { first, parent, draws: tokens.iter().map(|&it| draw(it)).collect() }
}

#[test]
fn every_drawn_token_is_found_on_every_branch() {
    let it = replay_plan(&[
        drawn(0, None, &[9]),
        model("q8"),
        Record::Typed { first: 1, parent: Some(0), tokens: vec![10, 11], chosen: false },
        drawn(3, Some(2), &[12]),
        Record::Read,
        model("f32"),
        drawn(4, Some(1), &[20, 21]),
    ]);
    let drew = |nodes: &[NodeId]| ReplayStep::Draw(nodes.to_vec());
    assert_eq!(it.steps, [drew(&[0]), loaded("q8"), drew(&[3]), loaded("f32"), drew(&[4, 5])]);
    assert_eq!(it.document.tokens_to(Some(3)), [9, 10, 11, 12]);
    assert_eq!(it.document.tokens_to(Some(5)), [9, 10, 20, 21]);
    assert_eq!(it.document.tokens_to(None), [0; 0]);
}
