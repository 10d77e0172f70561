use super::*;

#[test]
fn the_origin_is_in_one_column_whatever_the_values_are() {
    let setting = |name: &str, shown: &str| Setting {
        name: name.to_owned(),
        shown: shown.to_owned(),
        value: Value::Null,
        origin: "default",
    };
    let long = "/a/very/long/path".repeat(9);
    let exact = "x".repeat(WIDEST);
    let all = ["0.7", "", "  ", "a\nb\tc\u{1b}[31m", "日本語のモデル", "👨‍👩‍👧", &long, &exact];
    let tables = [all.iter().map(|it| setting("stop", it)).collect(), vec![setting("keys.a-long-name", "Ctrl-A")]];
    let lines = table(&tables);
    let column = |line: &str| line.strip_suffix("default").map(columns_of);
    let columns: Vec<usize> = lines.iter().filter_map(|it| column(it)).collect();
    assert_eq!(columns.len(), all.len() + 1, "{lines:#?}");
    assert!(columns.iter().all(|&it| it == columns[0]), "{lines:#?}");
    assert_eq!(columns[0], "keys.a-long-name".len() + 1 + WIDEST + 1);
    // What is too long is whole, and its origin below it.
    assert!(lines.iter().any(|it| it.ends_with(&long)), "{lines:#?}");
    assert!(lines.iter().all(|it| !it.contains(['\n', '\u{1b}'])), "{lines:#?}");
    assert_eq!(lines.iter().filter(|it| it.is_empty()).count(), 2);
}

#[test]
fn short_values_take_no_more_columns_than_they_need() {
    let setting =
        |shown: &str| Setting { name: "n".to_owned(), shown: shown.to_owned(), value: Value::Null, origin: "default" };
    assert_eq!(table(&[vec![setting("a"), setting("bcd")]]), ["n a   default", "n bcd default", ""]);
}
