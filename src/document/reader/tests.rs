use super::super::{Document, encode_line, tests::draw};
use super::*;

fn header() -> Record {
    Record::Header(Header { version: 1, id: "t".into(), created: 5, program: "megachat 0".into() })
}

fn typed(first: u32, parent: Option<u32>, tokens: &[u32]) -> Record {
    Record::Typed { first, parent, tokens: tokens.to_vec(), chosen: false }
}

fn sample() -> Vec<Record> {
    let each = (0..6).map(|it: u32| typed(it, it.checked_sub(1), &[it + 10]));
    std::iter::once(header()).chain(each).collect()
}

fn lines(records: &[Record]) -> Vec<String> {
    (0..).zip(records).map(|(n, it)| encode_line(n, it).unwrap()).collect()
}

/// A line with any record, the checksum of which is right.
fn line(n: u64, record: &str) -> String {
    format!("{{\"n\":{n},\"crc\":\"{:08x}\",\"r\":{record}}}\n", crc32fast::hash(record.as_bytes()))
}

fn read(lines: &[String]) -> Journal {
    read_journal(lines.concat().as_bytes()).unwrap()
}

fn tokens(journal: &Journal) -> Vec<u32> {
    let mut document = Document::default();
    journal.records.iter().for_each(|it| document.apply(it));
    document.tokens()
}

#[test]
fn a_first_line_that_is_damaged_or_missing_hides_nothing() {
    let whole = lines(&sample());
    for first in ["", "rubbish\n", "\n", &whole[0].replacen('t', "u", 1), "\u{feff}{}\n"] {
        let mut lines = whole.clone();
        first.clone_into(&mut lines[0]);
        let journal = read(&lines);
        assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15], "{first:?}");
        assert_eq!((journal.next, journal.header.version), (7, 1));
        assert!(journal.faults.header && journal.faults.to_string().contains("first line"), "{first:?}");
    }
}

#[test]
fn lines_that_are_missing_double_or_out_of_order_are_told_and_read_in_their_order() {
    let whole = lines(&sample());
    assert!(read(&whole).faults.is_sound());
    let mut missing = whole.clone();
    missing.drain(3..5);
    let journal = read(&missing);
    assert_eq!(tokens(&journal), [10, 11, 14, 15]);
    assert_eq!(journal.faults, Faults { missing: 2, ..Faults::default() });
    assert_eq!(journal.faults.to_string(), "2 lines are missing");

    let mut twice = whole.clone();
    twice.insert(4, whole[2].clone());
    let journal = read(&twice);
    assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15]);
    assert_eq!(journal.faults, Faults { repeated: 1, ..Faults::default() });

    let mut moved = whole.clone();
    moved.swap(2, 5);
    let journal = read(&moved);
    assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15]);
    assert_eq!((journal.faults.misplaced > 0, journal.faults.missing, journal.next), (true, 0, 7));

    let mut other = whole.clone();
    other.insert(3, encode_line(2, &typed(1, Some(0), &[99])).unwrap());
    assert_eq!(read(&other).faults, Faults { doubled: 1, ..Faults::default() });

    let mut damaged = whole.clone();
    damaged[3] = "rubbish\n".to_owned();
    assert_eq!(read(&damaged).faults, Faults { damaged: 1, ..Faults::default() }, "it is missing for a reason");
}

#[test]
fn a_number_that_is_damaged_moves_no_line() {
    let whole = lines(&sample());
    for (at, wrong) in [(6, 0), (6, 2), (2, 5), (3, 70), (0, 4), (5, 4)] {
        let mut lines = whole.clone();
        lines[at] = lines[at].replacen(&format!("\"n\":{at}"), &format!("\"n\":{wrong}"), 1);
        let journal = read(&lines);
        assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15], "{at} as {wrong}");
        assert!(!journal.faults.is_sound() && journal.next >= 6, "{at} as {wrong}");
    }
}

#[test]
fn numbers_far_beyond_what_there_is_are_damage_and_ask_for_no_memory() {
    let far = [
        typed(u32::MAX, Some(0), &[1]),
        typed(4_000_000_000, Some(3_999_999_999), &[1]),
        typed(1, Some(77), &[1]),
        Record::Drawn { first: 1 << 30, parent: Some(0), draws: vec![draw(3)] },
        Record::Tip { node: Some(u32::MAX) },
        Record::Undo { node: Some(u32::MAX) },
        Record::Redo { node: Some(u32::MAX) },
        Record::Bookmark { node: u32::MAX, on: true, name: String::new() },
    ];
    for record in far {
        let records = [header(), typed(0, None, &[10]), record.clone(), typed(1, Some(0), &[11])];
        let journal = read(&lines(&records));
        assert_eq!((tokens(&journal), journal.faults.damaged), (vec![10, 11], 1), "{record:?}");
    }
    // Many gaps, each of which could be.
    let step = 1 << 19;
    let many = (1..4000_u32).map(|it| typed(it * step, Some(it * step - 1), &[it]));
    let records: Vec<Record> = [header(), typed(0, None, &[10])].into_iter().chain(many).collect();
    let journal = read(&lines(&records));
    let mut document = Document::default();
    journal.records.iter().for_each(|it| document.apply(it));
    assert!((document.next_node() as usize) <= WIDEST_GAP + records.len(), "{}", document.next_node());
    assert!(journal.faults.damaged > 3000);
    for n in [u64::MAX, u64::MAX - 1, MOST_LINES] {
        let mut lines = lines(&sample());
        lines.push(line(n, r#"{"kind":"tip","node":0}"#));
        let journal = read(&lines);
        assert_eq!((journal.faults.damaged, journal.faults.missing, journal.next), (1, 0, 7), "{n}");
    }
}

#[test]
fn a_setting_that_cannot_be_is_told_and_the_others_count() {
    for (field, value, says) in [
        ("temperature", "-3", "temp"),
        ("temperature", "1e30", "temp"),
        ("temperature", "1e300", "temp"),
        ("temperature", "null", "temp"),
        ("temperature", "\"hot\"", "temp"),
        ("top_p", "17", "top-p"),
        ("top_k", "-1", "top-k"),
        ("top_k", "99999999999999", "top-k"),
        ("seed", "-1", "seed"),
        ("order", "\"temp,magic\"", "order"),
        ("order", "\"temp,temp\"", "order"),
        ("when_full", "\"explode\"", "when-full"),
        ("end_of_text", "\"maybe\"", "ignore-eos"),
        ("off", "[\"magic\"]", "off"),
        ("bias", "[\"x=1e9\"]", "bias"),
        ("bias", "[\"nothing\"]", "bias"),
        ("stop", "[\"\"]", "stop"),
        ("stop", "7", "stop"),
        ("mirostat_tau", "-1", "mirostat-tau"),
    ] {
        let record = format!(r#"{{"kind":"settings","settings":{{"seed":5,"max_tokens":9,"{field}":{value}}}}}"#);
        let record = if field == "seed" { record.replacen(r#""seed":5,"#, "", 1) } else { record };
        let journal = read(&[lines(&[header()]).remove(0), line(1, &record)]);
        let [Record::Settings { settings }] = &journal.records[..] else { panic!("{field}: {journal:?}") };
        assert!(settings.check().is_ok() && settings.max_tokens == 9, "{field} {value}");
        let default = Settings::default();
        assert!(Parameter::ALL.iter().find(|it| it.field() == field).unwrap().is_same(settings, &default));
        let told = journal.faults.to_string();
        assert!(told.contains("defaults") && told.contains(says), "{field} {value}: {told}");
        assert_eq!(journal.faults.damaged, 0);
    }
    let many = |field: &str| {
        let texts = vec!["\"x=1\""; 100_000].join(",");
        let record = format!(r#"{{"kind":"settings","settings":{{"{field}":[{texts}]}}}}"#);
        read(&[lines(&[header()]).remove(0), line(1, &record)]).faults.to_string()
    };
    for field in ["stop", "ban", "bias", "dry_breakers"] {
        assert!(many(field).contains("at most"), "{field}: {}", many(field));
    }
}

#[test]
fn the_same_wrong_setting_is_told_once() {
    let record = r#"{"kind":"settings","settings":{"temperature":-3}}"#;
    let lines: Vec<String> =
        std::iter::once(lines(&[header()]).remove(0)).chain((1..50).map(|n| line(n, record))).collect();
    assert_eq!(read(&lines).faults.settings.len(), 1);
}

#[test]
fn what_cannot_be_known_of_a_draw_is_brought_into_its_range() {
    let record = r#"{"kind":"drawn","first":0,"parent":null,"draws":[{"token":3,"model":1e39,"after":-1,"rank":1,
        "kept":2,"die":7.5,"entropy":1e39,"mu":1e39,"begun":99999999999,"top":[{"token":1,"model":5,"after":-2}]}]}"#;
    let record = record.split_whitespace().collect::<String>();
    let journal = read(&[lines(&[header()]).remove(0), line(1, &record)]);
    let [Record::Drawn { draws, .. }] = &journal.records[..] else { panic!("{journal:?}") };
    assert_eq!((draws[0].model, draws[0].after, draws[0].die), (0.0, 0.0, 0.0));
    assert_eq!((draws[0].entropy, draws[0].mu, draws[0].top[0].model), (Some(0.0), Some(0.0), 0.0));
    assert_eq!((journal.faults.draws, tokens(&journal)), (1, vec![3]));
    let sound = Record::Drawn { first: 0, parent: None, draws: vec![draw(3)] };
    let journal = read(&lines(&[header(), sound.clone()]));
    assert_eq!((journal.faults.is_sound(), journal.records), (true, vec![sound]));
}
