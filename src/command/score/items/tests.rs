use std::io;

use super::*;

fn source(bytes: &[u8]) -> Source {
    Source {
        name: "a file".to_owned(),
        inner: Inner::Ready(Box::new(io::Cursor::new(bytes.to_vec()))),
        progress: Rc::default(),
        waits_after: false,
        delivered: 0,
        line_end: 0,
    }
}

fn texts(items: impl Iterator<Item = Result<Item, Exit>>) -> Vec<Result<(String, String), String>> {
    items.map(|it| it.map(|it| (it.name, it.text)).map_err(|it| it.message)).collect()
}

fn named(all: &[(&str, &str)]) -> Vec<Result<(String, String), String>> {
    all.iter().map(|it| Ok((it.0.to_owned(), it.1.to_owned()))).collect()
}

#[test]
fn lines_are_texts_and_empty_ones_too() {
    let found = texts(lines(source("\u{feff}One.\r\n\n Two \u{feff}|".as_bytes()), false));
    assert_eq!(found, named(&[("1", "One."), ("2", ""), ("3", " Two \u{feff}|")]));
    assert_eq!(texts(lines(source(b""), false)), []);
    let several = lines(source(b"One."), true).next().unwrap().unwrap();
    assert_eq!(several.carried, ["a file"]);
}

#[test]
fn another_encoding_is_named_with_its_line_and_nothing_comes_after_it() {
    let found = texts(lines(source(b"One.\nTh\xe9.\nTwo.\n"), false));
    assert_eq!(found.len(), 2);
    let why = found[1].clone().unwrap_err();
    assert!(why.contains("byte 2 of line 2 (0xe9)") && why.contains("save it as UTF-8"), "{why}");
}

#[test]
fn a_line_without_an_end_is_refused_and_not_held() {
    let endless = Source { inner: Inner::Ready(Box::new(io::repeat(b'a'))), ..source(b"") };
    let found = texts(lines(endless, false));
    assert!(found[0].clone().unwrap_err().contains("longer than"), "{:?}", found[0].is_ok());
    let endless =
        Source { inner: Inner::Ready(Box::new(io::Cursor::new(b"text\n\"").chain(io::repeat(b'a')))), ..source(b"") };
    let found = texts(rows(endless).unwrap().1);
    assert!(found[0].clone().unwrap_err().contains("longer than"), "{:?}", found[0].is_ok());
}

#[test]
fn rows_of_a_table_carry_their_other_columns() {
    let table =
        "\u{feff}cond,text,item,target,\"a, b\"\r\nx,\"The \"\"cat\"\"\nsat, there.\",i7, cat ,\"1,5\"\r\n,,,,\r\n";
    let (carried, items) = rows(source(table.as_bytes())).unwrap();
    assert_eq!(carried, ["cond", "target", "a, b"]);
    let all: Vec<Item> = items.map(Result::unwrap).collect();
    assert_eq!(all[0].text, "The \"cat\"\nsat, there.");
    assert_eq!((all[0].name.as_str(), all[0].target.as_deref()), ("i7", Some(" cat ")));
    assert_eq!(all[0].carried, ["x", " cat ", "1,5"]);
    assert_eq!((all.len(), all[1].text.as_str(), all[1].target.clone()), (2, "", None));
    // Without a name a row has its number.
    let (_, mut items) = rows(source(b"text\nOne\n")).unwrap();
    assert_eq!(items.next().unwrap().unwrap().name, "1");
}

#[test]
fn what_is_wrong_with_a_table_is_said_with_what_helps() {
    let refused = |bytes: &[u8]| rows(source(bytes)).map(|_| ()).unwrap_err().message;
    let why = refused(b"item;sentence\n1;a\n");
    assert!(why.contains("a column `text`") && why.contains("parted by semicolons"), "{why}");
    assert!(refused(b"item\ttext\n1\ta\n").contains("parted by tabs"));
    assert!(refused(b"item,sentence\n1,a\n").contains("`item`, `sentence`"));
    // Capitals are no other name, unless there are both.
    let text_of = |bytes: &[u8]| rows(source(bytes)).unwrap().1.next().unwrap().unwrap().text;
    assert_eq!((text_of(b"Item,Text\n1,a\n"), text_of(b"TEXT,text\na,b\n")), ("a".to_owned(), "b".to_owned()));
    assert!(refused(b"").contains("is empty"));
    assert!(refused(b"text,\xff\n").contains("field 2 of row 1 is not UTF-8 (\\xff)"));
    for (table, expected) in [
        (&b"item,text\n1,One\n2,Two, too\n"[..], "quotes"),
        (b"item,text\n1,One\n2,Caf\xe9\n", "field 2 of row 3 is not UTF-8 (Caf\\xe9)"),
    ] {
        let found = texts(rows(source(table)).unwrap().1);
        assert!(found.len() == 2 && found[0].is_ok(), "{found:?}");
        assert!(found[1].clone().unwrap_err().contains(expected), "{found:?}");
    }
}

#[test]
fn pairs_are_two_texts_and_a_line_without_a_tab_is_named() {
    let found = texts(lines(source(b"Good.\tBad.\n\nAlone.\n"), false).flat_map(both));
    assert_eq!(found[..4], named(&[("1", "Good."), ("1", "Bad."), ("2", ""), ("2", "")]));
    assert!(found[4].clone().unwrap_err().contains("line 3 has 1 fields"), "{found:?}");
}
