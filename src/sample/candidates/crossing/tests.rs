use super::*;

/// So many scores that are nearly normal, spread by so much.
fn row(count: u32, spread: f32) -> Vec<f32> {
    let part = |n: u32| (n.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
    (0..count).map(|it| ((0..6).map(|round| part(it * 6 + round)).sum::<f32>() - 3.0) * spread).collect()
}

/// The crossing by its definition: all in order, added one by one.
fn plain(row: &[f32], line: f64) -> Option<Crossing> {
    let mut all = Candidates::new(row);
    let (largest, mut sum) = (all.largest(), 0.0);
    let all = all.likeliest(row.len()).to_vec();
    let mut counted = (1..).zip(&all);
    let crossing = counted.find(|(_, it)| {
        sum += f64::from(exp(it.logit - largest));
        sum > line
    });
    crossing.or_else(|| Some((all.len(), all.last()?))).map(|(count, &at)| Crossing { at, count })
}

#[test]
fn a_crossing_is_that_of_weights_added_one_by_one_in_order() {
    let mut holes = row(20_000, 0.1);
    holes.iter_mut().step_by(3).for_each(|it| *it = f32::NEG_INFINITY);
    let equal = vec![1.0; 30_000];
    let steps: Vec<f32> = row(30_000, 1.0).iter().map(|it| it.round()).collect();
    let rows = [row(50_257, 0.1), row(50_257, 1.0), row(50_257, 4.0), row(7, 1.0), row(3000, 0.0), holes, equal, steps];
    for (which, row) in rows.iter().enumerate() {
        let total = Candidates::new(row).masses().0;
        for share in [0.0, 1e-9, 0.003, 0.1, 0.25, 0.5, 0.7, 0.9, 0.95, 0.999, 1.0, 1.1] {
            // Whole numbers are the very sums of equal weights.
            for line in [share * total, (share * total).floor(), (share * total).floor().next_down()] {
                let line = line.max(0.0);
                let expected = plain(row, line);
                assert_eq!(Candidates::new(row).first_above(line), expected, "row {which}, {share}");
                let mut ordered = Candidates::new(row);
                ordered.likeliest(row.len() - 1);
                assert_eq!(ordered.first_above(line), expected, "row {which}, {share}, in order");
                let mut cut = Candidates::new(row);
                cut.keep_to(expected.unwrap());
                let mut whole = Candidates::new(row);
                whole.truncate(expected.unwrap().count);
                assert_eq!(cut.likeliest(row.len()), whole.likeliest(row.len()), "row {which}, {share}, cut");
                assert_eq!(cut.masses(), whole.masses());
            }
        }
    }
    assert_eq!(Candidates::new(&[]).first_above(0.0), None);
}

#[test]
fn a_place_among_tens_of_thousands_is_found_without_a_sort() {
    for spread in [0.02, 0.1, 0.5] {
        let row = row(50_257, spread);
        let total = Candidates::new(&row).masses().0;
        for share in [0.2, 0.5, 0.9, 0.97] {
            let mut candidates = Candidates::new(&row);
            let line = share * total;
            let found = candidates.first_above(line);
            assert!(candidates.ordered() < 100, "{} at {share} of {spread}", candidates.ordered());
            assert_eq!(found, plain(&row, line));
        }
    }
}
