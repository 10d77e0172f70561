use super::*;

#[test]
fn what_began_alike_is_shared_and_what_is_no_more_is_used_again() {
    let mut all = Sequences::new();
    for _ in 0..5 {
        all.push(CONTEXT);
    }
    let (a, b) = (all.fork(), all.fork());
    let (of_a, of_b) = (all.push(a), all.push(b));
    assert_ne!(of_a, of_b);
    assert_eq!(all.table(a)[..5], all.table(CONTEXT)[..]);
    assert_eq!((all.slots(), all.count(), all.length(b)), (7, 3, 6));
    all.keep(b);
    assert_eq!((all.count(), all.length(CONTEXT), all.table(CONTEXT)[5]), (1, 6, of_b));
    // The slot of the other branch is free, and no other.
    assert_eq!((all.push(CONTEXT), all.slots()), (of_a, 7));
    all.cut(CONTEXT, 2);
    all.cut(CONTEXT, 9);
    assert_eq!(all.length(CONTEXT), 2);
    for _ in 0..5 {
        all.push(CONTEXT);
    }
    assert_eq!(all.slots(), 7);
    // What there is no room for is given back once nobody uses it.
    all.trim(6);
    assert_eq!(all.slots(), 7);
    all.cut(CONTEXT, 0);
    all.trim(9);
    assert_eq!(all.slots(), 7);
    all.trim(5);
    assert_eq!(all.slots(), 5);
    for _ in 0..7 {
        all.push(CONTEXT);
    }
    let mut slots = all.table(CONTEXT).to_vec();
    slots.sort_unstable();
    assert_eq!(slots, (0..7).collect::<Vec<_>>());
}
