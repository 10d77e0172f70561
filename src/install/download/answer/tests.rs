use super::*;

fn held(etag: Option<&str>, total: Option<u64>) -> Origin {
    Origin { url: String::new(), etag: etag.map(str::to_owned), total }
}

#[test]
fn a_part_is_appended_only_if_everything_fits() {
    let origin = held(Some("\"a\""), Some(100));
    for (why, range, etag, length, fits) in [
        ("exact", Some("bytes 40-99/100"), Some("\"a\""), Some(60), true),
        ("length not told", Some("bytes 40-99/100"), Some("\"a\""), None, true),
        ("wrong start", Some("bytes 39-99/100"), Some("\"a\""), None, false),
        ("wrong end", Some("bytes 40-98/100"), Some("\"a\""), None, false),
        ("wrong total", Some("bytes 40-199/200"), Some("\"a\""), None, false),
        ("unknown total", Some("bytes 40-99/*"), Some("\"a\""), None, false),
        ("another unit", Some("lines 40-99/100"), Some("\"a\""), None, false),
        ("no range", None, Some("\"a\""), None, false),
        ("another tag", Some("bytes 40-99/100"), Some("\"b\""), None, false),
        ("no tag", Some("bytes 40-99/100"), None, None, false),
        ("wrong length", Some("bytes 40-99/100"), Some("\"a\""), Some(61), false),
        ("too large", Some("bytes 40-18446744073709551615/0"), Some("\"a\""), None, false),
        ("signs", Some("bytes +40-99/100"), Some("\"a\""), None, false),
    ] {
        let head = Head {
            status: 206,
            content_range: range.map(str::to_owned),
            etag: etag.map(str::to_owned),
            length,
            ..Head::default()
        };
        let verdict = judge(&head, 40, Some(&origin));
        assert_eq!(verdict == Verdict::Append, fits, "{why}: {verdict:?}");
    }
}

#[test]
fn statuses_sort_into_now_later_and_never() {
    for (status, from, expected) in [
        (200, 0, "Replace"),
        (200, 40, "Replace"),
        (206, 0, "Refuse"),
        (204, 0, "Refuse"),
        (304, 0, "Refuse"),
        (400, 0, "Refuse"),
        (401, 0, "Refuse"),
        (403, 0, "OnceMore"),
        (404, 0, "Refuse"),
        (407, 0, "Refuse"),
        (410, 0, "Refuse"),
        (451, 0, "Refuse"),
        (416, 40, "Distrust"),
        (416, 0, "Refuse"),
        (408, 0, "Later"),
        (429, 0, "Later"),
        (500, 0, "Later"),
        (501, 0, "Refuse"),
        (503, 0, "Later"),
        (505, 0, "Refuse"),
    ] {
        let head = Head { status, ..Head::default() };
        let verdict = format!("{:?}", judge(&head, from, None));
        assert!(verdict.starts_with(expected), "{status} from {from}: {verdict}");
    }
    let head = Head { status: 416, content_range: Some("bytes */40".to_owned()), ..Head::default() };
    assert_eq!(judge(&head, 40, None), Verdict::Complete);
}

#[test]
fn a_no_is_of_a_kind() {
    for (status, code, kind) in [
        (401, Some("GatedRepo"), Some(Refusal::Gated)),
        (403, Some("GatedRepo"), Some(Refusal::Gated)),
        (401, Some("RepoNotFound"), Some(Refusal::Repository)),
        (404, Some("RepoNotFound"), Some(Refusal::Repository)),
        (401, None, Some(Refusal::Repository)),
        (404, Some("RevisionNotFound"), Some(Refusal::Revision)),
        (404, Some("EntryNotFound"), Some(Refusal::Absent)),
        (404, None, Some(Refusal::Absent)),
        (410, None, Some(Refusal::Absent)),
        (403, None, Some(Refusal::Forbidden)),
        (500, None, None),
        (200, Some("GatedRepo"), None),
    ] {
        let head = Head { status, error_code: code.map(str::to_owned), ..Head::default() };
        assert_eq!(head.refusal(), kind, "{status} {code:?}");
    }
    let said = |length: usize| {
        let head = Head { error_message: Some("a\u{1b}".repeat(length)), ..Head::default() };
        head.with_message("404".to_owned())
    };
    assert_eq!(said(0), "404");
    assert_eq!(said(200), format!("404 ({})", "a".repeat(200)));
    assert_eq!(said(201), said(200));
}

#[test]
fn only_strong_tags_count() {
    for (etag, strong) in
        [(Some("\"a\""), true), (Some("W/\"a\""), false), (Some("a"), false), (Some("\"\""), false), (None, false)]
    {
        assert_eq!(strong_etag(etag).is_some(), strong, "{etag:?}");
    }
}

#[test]
fn first_bytes_give_away_what_is_no_model() {
    for (why, first, kind, refused) in [
        ("nothing", &b""[..], Kind::TorchFile, true),
        ("page", b"\xef\xbb\xbf \n<!DOCTYPE html><html>", Kind::TorchFile, true),
        ("page without doctype", b"<HTML lang=en>", Kind::TorchFile, true),
        ("message", b" {\"requestStatus\":{}}", Kind::TorchFile, true),
        ("list", b"[ {\"error\":1}]", Kind::TorchFile, true),
        ("a model's own JSON", b"{\"n_layer\": 12}", Kind::Text, false),
        ("page for JSON", b"<!DOCTYPE html><html>", Kind::Text, true),
        ("pointer", b"version https://git-lfs.github.com/spec/v1\n", Kind::TorchFile, true),
        ("zip", b"PK\x03\x04\x14\0", Kind::Zip, false),
        ("no zip", b"\x80\x02\x8a\x0a", Kind::Zip, true),
        ("torch", b"\x80\x02\x8a\x0a", Kind::TorchFile, false),
        ("header length that starts like a brace", b"{\0\0\0\0\0\0\0{\"a\"", Kind::TorchFile, false),
        ("header length that is a brace and a quote", b"{\"\0\0\0\0\0\0{\"a\"", Kind::TorchFile, false),
    ] {
        assert_eq!(unwanted_body(first, kind).is_some(), refused, "{why}");
    }
}
