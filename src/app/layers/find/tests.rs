use super::*;
use crate::assets;

#[test]
fn tokens_are_found_by_what_they_show() {
    let vocabulary = assets::vocabulary();
    let texts = |wanted: &str| -> Vec<String> {
        matches(&vocabulary, wanted).into_iter().map(|it| vocabulary.decode(&[it])).collect()
    };
    let moons = texts("moon");
    for expected in [" moon", "moon", "Moon", " Moon", " moons"] {
        assert!(moons.contains(&expected.to_owned()), "{expected} in {moons:?}");
    }
    assert!(texts("Moon").iter().all(|it| it.contains("Moon")), "a capital is meant");
    for spaced in ["␣moon", " moon"] {
        let found = texts(spaced);
        assert!(found.contains(&" moon".to_owned()) && !found.contains(&"moon".to_owned()), "{found:?}");
    }
    assert!(texts("\\n").contains(&"\n".to_owned()));
    assert_eq!(texts(""), [""; 0]);
    assert_eq!(texts("no token is this long"), [""; 0]);
}
