use super::*;

#[test]
fn the_likeliest_and_the_chosen_one_are_in_view_and_no_row_is_wasted() {
    for count in 0..12 {
        for at in 0..count.max(1) {
            for room in 0..14 {
                let (is_pinned, view) = window(count, at, room);
                let shown = view.len() + usize::from(is_pinned);
                assert_eq!(shown, room.min(count), "{count} {at} {room}");
                assert!(!is_pinned || view.start > 1, "{count} {at} {room}");
                assert!(shown == 0 || view.contains(&at), "{count} {at} {room}");
                assert!(shown < 2 || is_pinned || view.start == 0, "{count} {at} {room}");
            }
        }
    }
}
