use super::*;

/// After an even token three come with .5 .3 .15 and the rest have .05; after an odd one a single token with .9.
fn after(last: Option<TokenId>) -> Vec<(TokenId, f64)> {
    match last {
        Some(it) if it % 2 == 1 => vec![(it + 1, 0.9), (it + 3, 0.04), (it + 5, 0.03)],
        it => {
            let from = it.map_or(0, |it| it + 1);
            vec![(from, 0.5), (from + 1, 0.3), (from + 2, 0.15), (from + 3, 0.02)]
        }
    }
}

fn grown() -> ExactTree {
    let mut tree = ExactTree::default();
    while let Some(way) = tree.next() {
        // No other that could be gone on from is likelier.
        let open = tree.ways().iter().skip(1).filter(|it| it.next.is_empty() && it.token.is_some());
        assert!(open.clone().all(|it| it.p <= tree.ways()[way].p));
        tree.grow(way, &after(tree.ways()[way].token), |_| false);
    }
    tree
}

#[test]
fn the_likeliest_is_looked_at_first_as_worked_by_hand() {
    let mut tree = ExactTree::default();
    assert_eq!((tree.next(), tree.page()), (Some(0), vec![]));
    tree.grow(0, &after(None), |_| false);
    // 0 (.5), 1 (.3), 2 (.15), other (.05): what has less than a twentieth is not told apart.
    let told = |tree: &ExactTree| -> Vec<(Option<TokenId>, f64)> {
        tree.page().iter().map(|&it| (tree.ways()[it].token, (tree.ways()[it].p * 1e4).round() / 1e4)).collect()
    };
    assert_eq!(told(&tree), [(Some(0), 0.5), (Some(1), 0.3), (Some(2), 0.15), (None, 0.05)]);
    let next = tree.next().unwrap();
    assert_eq!(tree.tokens(next), [0]);
    tree.grow(next, &after(Some(0)), |_| false);
    assert_eq!(told(&tree)[..5], [(Some(0), 0.5), (Some(1), 0.25), (Some(2), 0.15), (Some(3), 0.075), (None, 0.025)]);
    // The 1 at the beginning has .3, more than the .25 of 0 1.
    assert_eq!(tree.tokens(tree.next().unwrap()), [1]);
}

#[test]
fn what_goes_on_from_a_way_sums_to_it() {
    let tree = grown();
    let leaves = tree.ways().iter().filter(|it| it.next.is_empty() && it.token.is_some()).count();
    assert!((LEAVES..LEAVES + APART).contains(&leaves), "{leaves}");
    assert_eq!(tree.page().len(), tree.ways().len() - 1);
    for way in tree.ways().iter().filter(|it| !it.next.is_empty()) {
        let sum: f64 = way.next.iter().map(|&it| tree.ways()[it].p).sum();
        assert!((sum - way.p).abs() < 1e-12, "{way:?}");
    }
    let all: f64 = tree.ways().iter().filter(|it| it.next.is_empty()).map(|it| it.p).sum();
    assert!((all - 1.0).abs() < 1e-12);
}

#[test]
fn a_way_that_is_certain_ends_too() {
    let mut tree = ExactTree::default();
    while let Some(way) = tree.next() {
        tree.grow(way, &[(7, 1.0)], |_| false);
    }
    assert_eq!((tree.ways().len(), tree.tokens(DEEPEST)), (DEEPEST + 1, vec![7; DEEPEST]));
    // Where nothing can come, all is other, and that is not looked at.
    let mut tree = ExactTree::default();
    tree.grow(0, &[], |_| false);
    assert_eq!((tree.next(), tree.ways().len()), (None, 2));
}

#[test]
fn nothing_goes_on_from_an_end() {
    let mut tree = ExactTree::default();
    tree.grow(0, &[(9, 0.8), (3, 0.2)], |it| it == 9);
    let next = tree.next().unwrap();
    assert_eq!(tree.tokens(next), [3]);
    tree.grow(next, &[(9, 1.0)], |it| it == 9);
    assert_eq!(tree.next(), None);
}
