use super::*;

#[test]
fn what_is_told_never_runs_into_what_is_written() {
    let mut out = Out::default();
    out.push("half a");
    out.push(" line");
    out.note("said \x1b[2J");
    out.push("text\n");
    out.note("again");
    out.prompt("> ");
    out.prompt("> ");
    out.note("while the user writes");
    out.prompt("> ");
    out.entered();
    out.push("at once");
    assert_eq!(
        out.take(),
        "half a line\nnote: said ^[[2J\ntext\nnote: again\n> \nnote: while the user writes\n> at once"
    );
}
