use super::*;

#[test]
fn words_in_backticks_are_bold_and_a_lone_backtick_is_itself() {
    assert_eq!(mark("a `b` and `c`"), "a \\fBb\\fR and \\fBc\\fR");
    assert_eq!(mark("`b` and ` ~^"), "\\fBb\\fR and \\(ga \\(ti\\(ha");
    assert_eq!(mark("none"), "none");
}

#[test]
fn a_long_line_is_parted_and_no_part_is_a_request() {
    let long = format!("{} .pt 'x'. Next sentence", "word ".repeat(40).trim_end());
    let parted = part(&long, false);
    assert!(parted.lines().all(|it| it.len() <= WIDTH + 12 && !it.starts_with(['.', '\''])), "{parted}");
    assert_eq!(parted.replace('\n', " "), long);
    assert!(parted.ends_with("\nNext sentence"), "{parted}");
    assert_eq!(part(&long, true), long);
}

#[test]
fn a_page_has_one_preamble_and_no_empty_line() {
    let page = main_page();
    assert_eq!(page.matches(".ds Aq").count(), 2);
    assert!(page.lines().all(|it| !it.is_empty()) && page.contains("\n.SH \"EXIT STATUS\"\n"), "{page}");
    assert!(!page.contains('`'));
}
