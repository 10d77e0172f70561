//! Whole screens, at the sizes people have.

use crossterm::event::KeyCode;
use megachat::appearance::{Appearance, Background, Colours};
use ratatui::style::{Color, Modifier};

use crate::support::harness::Harness;
use crate::support::moments;

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

type Moment = fn((u16, u16)) -> Harness;

/// A test for each screen.
macro_rules! screens {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name), moments::$name);
            }
        )*
    };
}

screens! {
    first_run first_run_installed blank_page streaming chat panel heat entropy rank cut inspector inspector_next help models no_source
    download palette palette_typed find tree columns fan fan_tree fan_exact circles not_saved full_context
    score score_dice thrown varentropy library library_found find_text
}

/// A moment in every size as it should look, in ASCII alone, and without colour.
fn check(name: &str, moment: Moment) {
    for size in SIZES {
        let mut it = moment(size);
        insta::assert_snapshot!(format!("{}-{}x{}", name.replace('_', "-"), size.0, size.1), it.screen());
        it.app.context.window.appearance.ascii = true;
        let screen = it.terminal();
        let cells = screen.backend().buffer().content();
        let wrong = cells.iter().find(|it| !it.symbol().is_ascii());
        assert!(wrong.is_none(), "{name} {size:?} in ASCII: {wrong:?}\n{}", screen.backend());
        it.app.context.window.appearance =
            Appearance { colours: Colours::None, background: Background::Unknown, ascii: false };
        let screen = it.terminal();
        let cells = screen.backend().buffer().content();
        let coloured = cells.iter().find(|it| it.fg != Color::Reset || it.bg != Color::Reset);
        assert!(coloured.is_none(), "{name} {size:?} without colour: {coloured:?}");
    }
}

#[test]
fn in_ascii_the_text_stays_as_it_is() {
    let mut it = Harness::ready((80, 24));
    it.app.context.window.appearance.ascii = true;
    it.write("naïve 日本 café");
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.screen().contains("naïve 日本 café"), "{}", it.screen());
}

#[test]
fn in_ascii_screens_are_good_to_look_at() {
    for (name, moment) in
        [("panel", moments::panel as Moment), ("inspector", moments::inspector), ("columns", moments::columns)]
    {
        let mut it = moment((80, 24));
        it.app.context.window.appearance.ascii = true;
        insta::assert_snapshot!(format!("ascii-{name}-80x24"), it.screen());
    }
}

#[test]
fn heat_is_told_in_figures_too() {
    // The status line says it of the token under the cursor, the title where there is no such line.
    for (size, moment, says) in [
        ((80, 24), moments::heat as Moment, "surprise"),
        ((80, 24), moments::entropy, "entropy"),
        ((80, 24), moments::rank, "rank"),
        ((40, 12), moments::heat, "surprise"),
    ] {
        let mut it = moment(size);
        let score = it.app.context.text.score(it.app.context.text.cursor).unwrap();
        let figure = match says {
            "surprise" => format!("surprise {:.1}, heat ", score.bits()),
            "entropy" => format!("entropy {:.1}, heat ", score.entropy.unwrap()),
            _ => format!("rank {}, heat ", score.rank + 1),
        };
        assert!(it.screen().contains(&figure), "no {figure} on\n{}", it.screen());
        it.key(KeyCode::Esc);
        assert!(!it.screen().contains(", heat "), "{}", it.screen());
    }
    let mut it = moments::cut((80, 24));
    let survives = it.app.context.text.survives(it.app.context.text.cursor).unwrap();
    assert!(it.screen().contains(if survives { " possible" } else { " impossible" }), "{}", it.screen());
}

#[test]
fn without_colour_the_frame_says_how_hot_a_row_is() {
    let frame = |it: &mut Harness| -> Vec<String> {
        let screen = it.terminal();
        let buffer = screen.backend().buffer();
        // The text's frame ends before the panel's begins.
        (2..16).map(|row| buffer[(51, row)].symbol().to_owned()).collect()
    };
    let mut it = moments::heat((80, 24));
    assert!(frame(&mut it).iter().all(|it| it == "┃"), "{}", it.screen());
    it.app.context.window.appearance.colours = Colours::None;
    let marked: Vec<usize> = frame(&mut it).iter().filter_map(|it| it.parse().ok()).collect();
    let hottest = (1..it.app.context.text.document.len())
        .filter_map(|at| Some(it.app.context.text.score(at)?.bits()))
        .fold(0.0, f32::max);
    let level = [1.0, 3.0, 6.0, 10.0].iter().filter(|&&limit| hottest >= limit).count();
    assert_eq!(marked.iter().max(), Some(&level), "{}", it.screen());
    // The letters say it too, where the terminal can.
    let screen = it.terminal();
    let any = |modifier| screen.backend().buffer().content().iter().any(|it| it.modifier.contains(modifier));
    assert!(any(Modifier::ITALIC) && any(Modifier::UNDERLINED));
}
