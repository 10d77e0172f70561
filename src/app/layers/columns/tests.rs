use super::*;

fn column(tokens: &[(TokenId, f32)]) -> Column {
    let draw = |&(token, model): &(TokenId, f32)| Draw {
        token,
        model,
        log_model: None,
        after: model,
        rank: 0,
        kept: 9,
        die: 0.5,
        entropy: None,
        mu: None,
        begun: 0,
        top: Vec::new(),
    };
    Column { draws: tokens.iter().map(draw).collect(), ..Column::new(Settings::default()) }
}

#[test]
fn columns_are_measured_and_ordered() {
    let mut it = Columns::compare(&Settings { temperature: 0.7, ..Settings::default() }, 0);
    assert!((it.columns[1].settings.temperature - 1.2).abs() < 1e-6);
    it.columns = vec![column(&[(1, 0.5), (2, 0.25), (1, 0.5), (2, 0.25)]), column(&[(1, 0.5), (3, 1.0)]), column(&[])];
    // (1 + 2 + 1 + 2) / 4 bits; of the pairs 12, 21, 12 two are different.
    assert!((it.columns[0].surprise() - 1.5).abs() < 1e-9);
    assert!((it.columns[0].distinct().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!((it.first_difference(1), it.first_difference(0), it.first_difference(2)), (Some(1), None, None));
    assert_eq!(it.by_likelihood(), [1, 0, 2]);
}

#[test]
fn dice_are_the_same_or_each_its_own() {
    let mut it = Columns::compare(&Settings { seed: 5, ..Settings::default() }, 0);
    it.same_dice = false;
    it.reset(9);
    assert_eq!(it.columns.iter().map(|it| it.settings.seed).collect::<Vec<_>>(), [9, 10]);
    let seeds = |round| -> Vec<u64> {
        let fan = Columns::futures(&Settings { seed: 5, ..Settings::default() }, 0, round);
        fan.columns.iter().map(|it| it.settings.seed).collect()
    };
    assert_eq!((seeds(0)[0], seeds(0)[7], seeds(1)[0]), (5, 12, 13));
}
