use super::*;
use crate::sample::{Score, log_share};

#[test]
fn statistics_against_worked_numbers() {
    // p = 1/2, 1/4, 1/8, 1/8: entropy 1.75 bits; bits are 1, 2, 3, 3, of variance 11/16 bits squared.
    let row: Vec<f32> = [0.5_f32, 0.25, 0.125, 0.125].iter().map(|it| it.ln() + 3.0).collect();
    let squared = Standing::new(&row, 3, 1.0).unwrap().variance;
    assert!((squared - 0.6875 * LN_2 * LN_2).abs() < 1e-6, "{squared}");
    let tokens = [0, 2, 1].map(|it| (Reading::new(&row, it).unwrap(), Standing::new(&row, it, 1.0).unwrap()));
    let it = Statistics::new(tokens.iter().map(|it| (&it.0, &it.1)));
    let sd = 0.6875_f64.sqrt();
    assert!((it.luck.unwrap() - (3.0 * 1.75 - 6.0) / (3.0 * 0.6875_f64).sqrt()).abs() < 1e-5, "{it:?}");
    // Of three tokens a fifth is none: the lowest one counts.
    assert!((it.min_k_pp.unwrap() - (1.75 - 3.0) / sd).abs() < 1e-5, "{it:?}");
    let ranks = 3.0_f64.ln() + 2.0_f64.ln();
    assert!((it.log_rank.unwrap() - ranks / 3.0).abs() < 1e-9);
    assert!((it.lrr.unwrap() - 6.0 * LN_2 / ranks).abs() < 1e-5);
}

#[test]
fn what_has_no_spread_has_no_statistics() {
    assert_eq!(Statistics::new(std::iter::empty()), Statistics::default());
    let score = Score { p: 1.0, log_p: 0.0, rank: 0, entropy: Some(0.0) };
    let certain = Reading { score, bits: 0.0, expected: 0, expected_p: 1.0 };
    let standing = Standing { lead: 0.0, variance: 0.0, log_p: 0.0 };
    let it = Statistics::new([(&certain, &standing)].into_iter());
    assert_eq!(it, Statistics { log_rank: Some(0.0), ..Statistics::default() });
    let row = [0.0, f32::NEG_INFINITY];
    assert!(Standing::new(&row, 0, 1.0).unwrap().variance < 1e-30);
}

#[test]
fn the_share_of_some_tokens_is_a_logarithm_where_the_share_itself_is_nothing() {
    let row = [0.0, -400.0, -400.0, f32::NEG_INFINITY];
    assert!((log_share(&row, &[1, 2]) - (2.0_f64.ln() - 400.0)).abs() < 1e-6);
    assert!(log_share(&row, &[0, 1, 2, 3, 9]).abs() < 1e-9);
    assert_eq!((log_share(&row, &[3]), log_share(&row, &[])), (f64::NEG_INFINITY, f64::NEG_INFINITY));
}
