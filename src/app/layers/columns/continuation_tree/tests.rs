use super::super::Column;
use super::*;
use crate::sample::Settings;

fn fan(texts: &[&[TokenId]]) -> Columns {
    let mut fan = Columns::futures(&Settings::default(), 0, 0);
    // What a stop string left is text as well, and has no likelihood that would change the order.
    fan.columns = texts.iter().map(|it| Column { tail: it.to_vec(), ..Column::new(Settings::default()) }).collect();
    fan
}

#[test]
fn what_is_shared_is_told_once() {
    let branch = |depth, columns: &[usize], from, to| Branch { depth, columns: columns.to_vec(), from, to };
    let it = fan(&[&[1, 2, 3], &[9, 9], &[1, 2, 4, 5], &[1, 2, 4, 6], &[]]);
    let expected = [
        branch(0, &[0, 2, 3], 0, 2),
        branch(1, &[2, 3], 2, 3),
        branch(2, &[2], 3, 4),
        branch(2, &[3], 3, 4),
        branch(1, &[0], 2, 3),
        branch(0, &[1], 0, 2),
    ];
    assert_eq!(it.branches(), expected);
}

#[test]
fn what_says_the_same_is_one_line_once_all_is_drawn() {
    let vocabulary = crate::assets::vocabulary();
    let token = |text: &str| (0..vocabulary.len() as u32).find(|&it| vocabulary.bytes(it) == text.as_bytes()).unwrap();
    let [a, b, c, ab] = ["a", "b", "c", "ab"].map(token);
    let mut it = fan(&[&[c], &[a, b], &[c], &[ab], &[c]]);
    assert_eq!(it.listed(&vocabulary), [vec![0, 2, 4], vec![1, 3]]);
    it.chosen = 3;
    assert_eq!((it.lines(&vocabulary), it.chosen_line(&vocabulary)), (2, 1));
    assert_eq!((it.line(0, &vocabulary), it.line(2, &vocabulary)), (Some((0, 0, usize::MAX)), None));
    it.request = Some(crate::engine::protocol::RequestId(1));
    assert_eq!(it.lines(&vocabulary), 5);
}

#[test]
fn one_that_ends_where_others_go_on_is_part_of_their_beginning() {
    let it = fan(&[&[1, 2], &[1, 2, 3], &[1, 2]]);
    let branches = it.branches();
    assert_eq!((branches.len(), branches[0].to, &*branches[0].columns), (2, 2, &[0, 1, 2][..]));
    assert_eq!((branches[1].from, &*branches[1].columns), (2, &[1][..]));
    assert_eq!(fan(&[]).branches(), []);
}
