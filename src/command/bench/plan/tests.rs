use super::*;
use crate::cli::ModelArguments;

fn wanted(prefill: usize, decode: usize, depth: &[usize], batch: usize) -> BenchArguments {
    let (depth, model) = (depth.to_vec(), ModelArguments::default());
    BenchArguments { prefill, decode, depth, batch, runs: 2, json: false, model }
}

#[test]
fn a_plan_fits_into_any_context() {
    for context in 1..200 {
        for prefill in [1, 16, 512, usize::MAX] {
            for decode in [1, 3, 64, usize::MAX] {
                for depth in [&[0][..], &[0, 512], &[5, 9, 5], &[usize::MAX], &[7]] {
                    let wanted = wanted(prefill, decode, depth, 4);
                    let plan = Plan::of(&wanted, context);
                    let most = plan.depths.iter().max().unwrap() + plan.decode;
                    assert!(most <= context && plan.decode >= 1, "{context} {wanted:?} {plan:?}");
                    assert!((1..=context).contains(&plan.prefill) && (1..=context).contains(&plan.short));
                    let batch = plan.batch.map(|it| it.prompt + it.decode);
                    assert!(batch.is_none_or(|it| it <= context), "{context} {plan:?}");
                    assert_eq!(plan.batch.is_none(), context == 1);
                    let once: std::collections::BTreeSet<_> = plan.depths.iter().collect();
                    assert_eq!(once.len(), plan.depths.len(), "{plan:?}");
                }
            }
        }
    }
}

#[test]
fn what_fits_is_as_it_was_asked_for_and_what_does_not_is_said() {
    let plan = Plan::of(&wanted(512, 64, &[0, 512], 4), 1024);
    let batch = Batch { count: 4, prompt: 16, decode: 64 };
    assert_eq!((plan.prefill, plan.decode, &plan.depths[..], plan.batch), (512, 64, &[0, 512][..], Some(batch)));
    assert_eq!((plan.shortened, Plan::of(&wanted(8, 1, &[3, 3], 1), 8).batch), (None, None));
    let plan = Plan::of(&wanted(512, 64, &[0, 512], 4), 512);
    let says = "the model's context is of 512 tokens: --depth 0,448 instead of 0,512";
    assert_eq!(plan.shortened.as_deref(), Some(says));
    let plan = Plan::of(&wanted(512, 64, &[0, 512], 4), 8);
    assert_eq!((plan.prefill, plan.decode, &plan.depths[..]), (8, 4, &[0, 4][..]));
    let says = "the model's context is of 8 tokens: --prefill 8 instead of 512, --decode 4 instead of 64, --depth 0,4 \
                    instead of 0,512";
    assert_eq!(plan.shortened.as_deref(), Some(says));
    // Two that become one are measured once; so is what was asked for twice, and that is not told.
    assert_eq!(Plan::of(&wanted(8, 1, &[500, 600, 7], 1), 8).depths, [7]);
    let twice = Plan::of(&wanted(8, 1, &[3, 3], 1), 8);
    assert_eq!((&twice.depths[..], twice.shortened), (&[3][..], None));
}
