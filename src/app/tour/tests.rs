use super::{Done, Tour};
use crate::app::keymap::Action;

#[test]
fn a_tour_has_six_to_eight_steps_whose_keys_there_are_and_ends_with_words() {
    for &tour in Tour::ALL {
        let steps = tour.steps();
        assert!((6..=8).contains(&steps.len()), "{}", tour.name());
        assert_eq!(steps.last().unwrap().done, Done::Told);
        assert_eq!(Tour::named(tour.name()), Some(tour));
        tour.settings().check().unwrap();
        for text in steps.iter().flat_map(|it| [it.press, it.watch]) {
            for name in text.split('{').skip(1).map(|it| it.split('}').next().unwrap()) {
                let name = name.split(':').next_back().unwrap();
                assert!(Action::from_name(name).is_some(), "{name}");
            }
        }
    }
    assert_eq!(Tour::named("nowhere"), None);
    assert_eq!(Tour::ALL.iter().map(|it| it.after()).collect::<Vec<_>>().len(), Tour::ALL.len());
    assert_eq!(Tour::Loops.after(), Tour::Temperature);
}
