//! How likely things are, as the screen shows it: bars, the table of the inspector, futures, and the values typed for them.

use crossterm::event::KeyCode;
use megachat::app::layers::Layer;
use megachat::app::layers::columns::Columns;
use megachat::app::{Effect, Focus, KNOBS, Knob};
use megachat::appearance::Colours;
use megachat::sample::{Parameter, Row, Settings};
use megachat::store::protocol::Job;

use crate::support::harness::Harness;

fn drawn(size: (u16, u16)) -> Harness {
    let mut it = Harness::ready(size);
    it.app.context.settings.max_tokens = 12;
    it.app.context.settings.temperature = 1.3;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    it.app.prepare();
    it
}

/// The rows of the screen without the quotes that the harness puts them in.
fn rows(it: &mut Harness) -> Vec<String> {
    it.screen().lines().map(|it| it.trim_matches('"').to_owned()).collect()
}

/// The columns that the scale above some bars stands over, and the row of it.
#[track_caller]
fn scale(rows: &[String]) -> (usize, std::ops::Range<usize>) {
    let is_scale = |it: &&String| it.contains("100%") && it.contains("model");
    let at = rows.iter().position(|it| is_scale(&it)).unwrap_or_else(|| panic!("no scale in {rows:#?}"));
    let cells: Vec<char> = rows[at].chars().collect();
    let end = cells.windows(4).position(|it| it == ['1', '0', '0', '%']).unwrap() + 4;
    let start = cells[..end - 4].iter().rposition(|it| *it == '0').unwrap();
    (at, start..end)
}

/// The bar and the tick of a candidate are where its two shares are, on a scale whose end is 1.
#[track_caller]
fn check_bar(line: &str, columns: std::ops::Range<usize>, row: &Row, ascii: bool) {
    let width = columns.len() as f64;
    let cells: Vec<char> = line.chars().skip(columns.start).take(columns.len()).collect();
    let (ticks, full) = if ascii { (['|', '+'], '#') } else { (['│', '┤'], '█') };
    let tick = cells.iter().position(|it| ticks.contains(it)).unwrap_or_else(|| panic!("no tick in {line}"));
    assert_eq!(tick, ((f64::from(row.model) * width) as usize).min(columns.len() - 1), "{line}");
    let after = f64::from(row.after.unwrap_or(0.0)) * width;
    let bar = cells.iter().filter(|it| **it != ' ').count() as f64;
    let is_inside = f64::from(row.model) * width < after;
    assert!(is_inside || bar <= after.ceil() + 2.0, "{line}: {after}");
    let whole = cells.iter().filter(|it| **it == full).count() as f64;
    assert!((whole - after.floor()).abs() <= 1.0, "{line}: {after}");
    assert!(row.after.is_some() || whole == 0.0, "{line}");
}

#[test]
fn bars_stand_on_a_scale_that_ends_at_certainty_and_a_tick_says_the_models_share() {
    for ascii in [false, true] {
        for temperature in [0.3, 1.0, 2.5] {
            let mut it = drawn((120, 40));
            it.app.context.window.appearance.ascii = ascii;
            it.app.context.window.appearance.colours = Colours::None;
            it.app.context.settings.temperature = temperature;
            it.key(KeyCode::F(5));
            it.settle();
            it.app.prepare();
            let rows = rows(&mut it);
            let (heading, columns) = scale(&rows);
            let table = it.app.context.text.next_table().unwrap().clone();
            let kept = table.rows.iter().filter(|it| it.after.is_some()).take(4);
            let mut count = 0;
            for (line, row) in rows[heading + 1..].iter().zip(kept) {
                check_bar(line, columns.clone(), row, ascii);
                count += 1;
            }
            assert!(count > 0);
        }
    }
}

#[test]
fn the_inspector_shows_the_likeliest_and_the_chosen_one_and_how_many_more_there_are() {
    for size in [(80, 24), (40, 12), (120, 40), (60, 16)] {
        for position in [5, 8, 12] {
            let mut it = drawn(size);
            it.app.context.focus = Focus::Text;
            it.app.context.text.put_cursor(position);
            it.key(KeyCode::Enter);
            it.settle();
            while it.app.prepare() {}
            let all = it.app.context.text.inspection.as_ref().unwrap().rows.len();
            for downs in [0, 1, 9, 30, 200] {
                for _ in 0..downs {
                    it.key(KeyCode::Down);
                }
                let screen = rows(&mut it);
                let top = screen.iter().position(|it| it.contains(" token ") && it.contains("of ")).unwrap();
                let inside = &screen[top + 1..];
                let heading = inside.iter().position(|it| it.contains("│model█after")).unwrap();
                let end = inside.iter().position(|it| it.contains('┗')).unwrap();
                let table = &inside[heading + 1..end];
                let is_row = |it: &&String| it.contains("cut") || it.matches('%').count() >= 2;
                let shown = table.iter().filter(is_row).count();
                assert!(shown >= 2, "{size:?} {screen:#?}");
                assert!(table.iter().any(|it| it.contains("> ") || it.contains(">*")), "{size:?} {screen:#?}");
                let likeliest = it.app.context.text.inspection.as_ref().unwrap().rows[0];
                let share = megachat::format::percent(likeliest.model);
                assert!(table[0].contains(&share), "{size:?}: {share} in {screen:#?}");
                // What is not shown is counted.
                let numbers = |text: &str| -> usize {
                    let words = text.split(|it: char| !it.is_ascii_digit()).filter_map(|it| it.parse::<usize>().ok());
                    words.sum()
                };
                let foot: String =
                    inside[end].chars().skip_while(|it| !it.is_ascii_digit()).take_while(|it| *it != '┛').collect();
                assert_eq!(numbers(&foot) + shown, all, "{size:?} {screen:#?}");
                let empty = table.iter().filter(|it| it.replace(['┃', '│'], " ").trim().is_empty()).count();
                assert!(shown == all || empty == 0, "{size:?} {screen:#?}");
            }
        }
    }
}

fn columns(it: &Harness) -> &Columns {
    let Some(Layer::Columns(columns)) = it.app.layers.top() else { panic!("no columns are shown") };
    columns
}

#[test]
fn equal_futures_are_one_line_with_their_count_and_kept_once() {
    let mut it = drawn((80, 24));
    // Without a choice all eight say the same.
    it.app.context.settings.temperature = 0.0;
    it.key(KeyCode::F(8));
    it.settle();
    let screen = it.screen();
    assert!(screen.contains("×8") && screen.contains(">1 "), "{screen}");
    assert_eq!(columns(&it).lines(it.app.context.text.vocabulary()), 1);
    let before = it.app.context.text.document.next_node();
    it.key(KeyCode::Char('2'));
    assert!(it.app.layers.columns().is_some(), "there is no second line");
    it.key(KeyCode::Char('1'));
    it.settle();
    assert_eq!(it.app.context.text.document.next_node(), before + 12);
}

#[test]
fn all_columns_are_kept_each_text_once() {
    let mut it = drawn((120, 40));
    it.app.context.settings.temperature = 0.0;
    it.key(KeyCode::F(6));
    it.key(KeyCode::Char('s'));
    it.write("temp=0");
    it.key(KeyCode::Enter);
    it.key(KeyCode::Right);
    it.key(KeyCode::Char('s'));
    it.write("greedy");
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(columns(&it).columns[0].tokens(), columns(&it).columns[1].tokens());
    let before = it.app.context.text.document.next_node();
    let length = columns(&it).columns[0].tokens().len() as u32;
    it.key(KeyCode::Char('k'));
    assert!(it.screen().contains("Kept as 1 branch;"), "{}", it.screen());
    assert_eq!(it.app.context.text.document.next_node(), before + length);
}

#[test]
fn the_cursor_of_futures_begins_on_the_likeliest_and_stays_where_it_is_put() {
    let mut it = drawn((80, 24));
    it.app.context.settings.temperature = 1.6;
    it.key(KeyCode::F(8));
    it.settle();
    assert_eq!(columns(&it).chosen, columns(&it).by_likelihood()[0]);
    assert!(it.screen().contains(">1 ") && it.screen().contains("the likeliest first"), "{}", it.screen());
    it.key(KeyCode::Char('r'));
    it.key(KeyCode::Down);
    let chosen = columns(&it).chosen;
    it.settle();
    assert_eq!(columns(&it).chosen, chosen);
}

#[test]
fn settings_of_a_column_are_written_as_people_write_them() {
    for text in
        ["temp 2.3", "temperature=2.3", "temperature = 2.3", "Temp =2.3", "steady temp 2.3", "topp .5, temp=2.3"]
    {
        let mut it = drawn((80, 24));
        it.key(KeyCode::F(6));
        it.key(KeyCode::Char('s'));
        let screen = it.screen();
        assert!(screen.contains("Esc leaves") && screen.contains("steady"), "{screen}");
        it.write(text);
        it.key(KeyCode::Enter);
        assert_eq!((columns(&it).columns[0].settings.temperature, &columns(&it).problem), (2.3, &None), "{text}");
    }
}

#[test]
fn why_a_setting_cannot_be_is_told_whole_beside_the_way_out() {
    for size in [(80, 24), (40, 12), (120, 40)] {
        let mut it = drawn(size);
        it.key(KeyCode::F(6));
        it.key(KeyCode::Char('s'));
        it.write("some-control-that-is-not-there 1");
        it.key(KeyCode::Enter);
        let screen = it.screen();
        let words: String = screen.replace(['"', '┃', '│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        let why = columns(&it).problem.clone().unwrap();
        assert!(words.contains(&why) && words.contains("Esc leaves it."), "{why}\n{screen}");
        it.key(KeyCode::Esc);
        assert!(columns(&it).typing.is_none());
    }
}

#[test]
fn why_a_value_cannot_be_is_told_whole_in_the_palette() {
    for size in [(80, 24), (40, 12)] {
        let mut it = drawn(size);
        it.control('p');
        it.write("set top-p 700");
        it.key(KeyCode::Enter);
        let screen = it.screen();
        let words: String = screen.replace(['"', '┃', '│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("top-p: must be between 0 and 1 (1 is off), not 700."), "{screen}");
    }
}

fn panel(knob: Knob) -> Harness {
    let mut it = drawn((80, 24));
    it.app.context.focus = Focus::Panel;
    it.app.context.panel.knob = KNOBS.iter().position(|&it| it == knob).unwrap();
    it
}

#[test]
fn a_refused_value_stays_to_be_corrected() {
    let mut it = panel(Knob::Of(Parameter::TopP));
    it.write("7.5");
    it.key(KeyCode::Enter);
    let screen = it.screen();
    assert!(screen.contains("top-p          7.5") && screen.contains("Correct it, or Esc"), "{screen}");
    assert_eq!(it.app.context.settings.top_p, Settings::default().top_p);
    for _ in 0..3 {
        it.key(KeyCode::Backspace);
    }
    it.write(".5");
    it.key(KeyCode::Enter);
    assert_eq!((it.app.context.settings.top_p, &it.app.context.panel.typing), (0.5, &None));
    it.write("8");
    it.key(KeyCode::Enter);
    it.key(KeyCode::Esc);
    assert_eq!((it.app.context.settings.top_p, &it.app.context.panel.typing), (0.5, &None));
}

#[test]
fn the_key_for_off_leaves_a_preset_alone_and_says_so() {
    for key in [KeyCode::Backspace, KeyCode::Delete] {
        let mut it = panel(Knob::Preset);
        let before = it.app.context.settings.clone();
        let stored = it.effects.iter().filter(|it| matches!(it, Effect::Store(Job::Append(_)))).count();
        it.key(key);
        assert_eq!(it.app.context.settings, before);
        assert!(it.screen().contains("A preset has no off"), "{}", it.screen());
        assert_eq!(it.effects.iter().filter(|it| matches!(it, Effect::Store(Job::Append(_)))).count(), stored);
    }
}
