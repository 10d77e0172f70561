//! What is promised of the keyboard, the terminal, the files and the numbers, in one place, with the test that holds it.
//!
//! T is the terminal and the keyboard, S what is saved, P what is read of a stranger's, N numbers.

/// The promise's name, the promise, the file of its test, and the test.
const PROMISES: &[(&str, &str, &str, &str)] = &[
    (
        "T12",
        "A terminal that vanishes ends the program with status 129, whatever it shows.",
        "tests/it/endurance.rs",
        "a_terminal_that_goes_away_leaves_a_whole_transcript_and_no_busy_process",
    ),
    (
        "T13",
        "A terminal of any size is drawn in bounded memory.",
        "tests/it/world.rs",
        "a_terminal_of_any_size_is_drawn_in_bounded_memory",
    ),
    (
        "T14",
        "Where memory is refused, the interface ends with a sentence, the terminal is as it was, and the text is kept.",
        "tests/it/scarce.rs",
        "at_every_level_of_memory_the_interface_ends_with_a_sentence_and_the_terminal_as_it_was",
    ),
    (
        "T15",
        "A layer that is closed gives the focus back, and what is typed then is written.",
        "tests/it/focus.rs",
        "whatever_is_opened_looked_at_and_closed_what_is_typed_then_is_written",
    ),
    (
        "T16",
        "The temperature is at hand in every layer.",
        "tests/it/writing.rs",
        "the_temperature_is_turned_in_every_layer",
    ),
    (
        "T17",
        "What is seen as one character is never drawn in pieces.",
        "tests/it/graphemes.rs",
        "a_grapheme_is_never_drawn_in_pieces_wherever_tokens_part_it",
    ),
    (
        "T18",
        "What was cut to be rewritten can be left, and nothing of it stays in the input.",
        "tests/it/lens.rs",
        "what_was_cut_to_be_rewritten_can_be_left",
    ),
    (
        "T19",
        "Full context: each Enter says what can be done.",
        "tests/it/writing.rs",
        "a_full_context_says_what_can_be_done_each_time",
    ),
    (
        "S7",
        "A transcript that is taken away, replaced or changed is written anew from memory, and nothing is destroyed.",
        "src/store/appender/tests.rs",
        "whatever_is_done_to_the_file_everything_is_written_anew_and_nothing_is_destroyed",
    ),
    (
        "S8",
        "What stands in the place of a file is said, whatever it is, and nothing waits for it.",
        "tests/it/faults.rs",
        "whatever_stands_in_the_place_of_a_file_is_said_and_nothing_waits_for_it",
    ),
    (
        "S9",
        "One bit in the first line of a transcript hides nothing.",
        "tests/it/journals.rs",
        "one_bit_in_the_first_line_hides_nothing",
    ),
    (
        "S10",
        "Undo is there again when a transcript is gone on with, and so are the settings that were left.",
        "tests/it/lens.rs",
        "undo_is_there_again_when_a_transcript_is_gone_on_with",
    ),
    (
        "S11",
        "Limits on files and read-only disks are errors, and leave nothing behind.",
        "tests/it/world.rs",
        "a_limit_on_files_is_an_error_and_leaves_nothing",
    ),
    (
        "P8",
        "Numbers in a transcript are bounded before memory is asked for.",
        "tests/it/journals.rs",
        "numbers_and_settings_that_cannot_be_cost_neither_the_text_nor_the_memory",
    ),
    (
        "P9",
        "A model that does not fit, or whose configuration cannot be, is refused before it is read.",
        "tests/it/scarce.rs",
        "a_configuration_of_countless_layers_is_refused_under_any_limit",
    ),
    (
        "P10",
        "Names that a terminal would obey are shown harmless wherever they are told.",
        "tests/it/journals.rs",
        "names_that_a_terminal_would_obey_are_shown_harmless_wherever_they_are_told",
    ),
    (
        "N1",
        "A text has one set of scores on the CPU, to the last bit, however it was read.",
        "tests/it/arithmetic.rs",
        "one_text_has_one_set_of_scores_however_it_was_read",
    ),
    (
        "N2",
        "Whatever is pressed, a transcript draws its tokens again, and looking changes no figure.",
        "tests/it/sessions.rs",
        "whatever_is_pressed_the_transcript_draws_its_tokens_again_to_the_last_bit",
    ),
];

#[test]
fn every_promise_has_a_test() {
    let mut names: Vec<&str> = PROMISES.iter().map(|it| it.0).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PROMISES.len(), "each has a name of its own");
    for (name, promise, file, test) in PROMISES {
        let source = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let head = format!("fn {test}()");
        let is_test = source.match_indices(&head).any(|(at, _)| source[..at].trim_end().ends_with("#[test]"));
        assert!(is_test, "{name}: {promise} {file} has no test `{test}`");
    }
}
