//! The text questioned and steered: cursor, inspector, heat, branches, undo.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::keymap::Action;
use megachat::app::layers::{Layer, inspector::Inspector, score::ScoreTable};
use megachat::app::{CHAT_STOP, Effect, Focus, Heat, Intent, Losses, Msg};
use megachat::assets;
use megachat::document::{Origin, Record};
use megachat::engine::protocol::{Command, Want};
use megachat::sample::{Parameter, Row};

use crate::support::harness::Harness;

const SIZE: (u16, u16) = (80, 24);

/// Something written and five tokens drawn, the text in focus.
fn written() -> Harness {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.max_tokens = 5;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Tab);
    assert_eq!(
        (it.app.context.focus, it.app.context.text.cursor, it.app.context.text.document.len()),
        (Focus::Text, 10, 10)
    );
    it
}

#[track_caller]
fn check_journal(harness: &Harness) {
    assert_eq!(harness.journalled().tokens(), harness.app.context.text.document.tokens());
}

#[test]
fn the_cursor_goes_by_token_word_row_and_to_both_ends() {
    let mut it = written();
    for (key, expected) in [
        (KeyCode::Left, 9),
        (KeyCode::Char('h'), 8),
        (KeyCode::Right, 9),
        (KeyCode::Char('b'), 8),
        (KeyCode::Char('g'), 0),
        (KeyCode::Char('w'), 1),
        (KeyCode::Char('G'), 10),
        (KeyCode::Right, 10),
        (KeyCode::Up, 0),
        (KeyCode::Down, 10),
    ] {
        it.key(key);
        assert_eq!(it.app.context.text.cursor, expected, "{key:?}");
    }
    // While text streams, a cursor at the end stays at the end and another one where it is.
    it.key(KeyCode::F(5));
    it.settle();
    assert_eq!(it.app.context.text.cursor, 15);
    it.key(KeyCode::Left);
    it.key(KeyCode::F(5));
    it.settle();
    assert_eq!(it.app.context.text.cursor, 14);
}

#[test]
fn a_drawn_token_says_what_it_could_have_been_and_why() {
    let mut it = written();
    it.key(KeyCode::Left);
    it.key(KeyCode::Enter);
    it.settle();
    it.app.prepare();
    let seen = it.app.context.text.inspection.clone().expect("the scores of a drawn token are kept");
    let Origin::Drawn(draw) = &it.app.context.text.document.at(9).unwrap().origin else { panic!() };
    assert_eq!((seen.token, seen.picked, seen.die.to_bits()), (draw.token, draw.token, draw.die.to_bits()));
    assert!((seen.score.p - draw.model).abs() < 1e-6 && seen.score.rank == draw.rank);
    assert!((seen.after.unwrap() - draw.after).abs() < 1e-6);
    while it.app.prepare() {}
    // The script's token is all but certain at any temperature that is looked at.
    let flips = &it.app.context.text.inspection.as_ref().unwrap().flips;
    assert!(flips.iter().all(|it| it.parameter == Parameter::Temperature), "{flips:?}");
    assert!(it.screen().contains("token 10 of 10"));
}

#[test]
fn the_help_lies_over_anything_and_gives_it_back() {
    for key in [KeyCode::Enter, KeyCode::F(7), KeyCode::Char('s'), KeyCode::F(6), KeyCode::F(8)] {
        let mut it = written();
        it.key(KeyCode::Left);
        it.key(key);
        if !matches!(key, KeyCode::F(6 | 8)) {
            it.settle();
        }
        assert!(!matches!(it.app.layers.top(), None | Some(Layer::Help(_))), "{key:?}");
        let before = it.screen();
        it.key(KeyCode::F(1));
        // Columns go on under it.
        it.settle();
        // The words of this screen come first, then what can be done here.
        let words = it.screen();
        assert!(words.lines().nth(1).unwrap().contains("ON THIS SCREEN"), "{words}");
        let found = (0..40).any(|_| {
            let screen = it.screen();
            it.key(KeyCode::Down);
            screen.find("one token left").is_some_and(|at| screen.find("TEXT").is_some_and(|it| it < at))
        });
        assert!(found, "{}", it.screen());
        it.key(KeyCode::Esc);
        assert_eq!(before.lines().count(), it.screen().lines().count());
        match it.app.layers.top() {
            Some(Layer::Columns(it)) => {
                assert!(it.request.is_none() && it.columns.iter().all(|it| it.draws.len() > 5));
            }
            it => assert!(!matches!(it, None | Some(Layer::Help(_))), "{key:?}"),
        }
    }
}

#[test]
fn a_word_is_looked_for_in_the_help() {
    let mut it = written();
    it.key(KeyCode::F(1));
    it.write("/dice");
    let screen = it.screen();
    assert!(screen.contains("throw new dice") && !screen.contains("one token left"), "{screen}");
    it.write("xyz");
    assert!(it.screen().contains("nothing in the help"));
    // A letter that closes the help elsewhere is part of the word here; Esc ends first the one, then the other.
    it.key(KeyCode::Esc);
    assert!(it.screen().contains("one token left"));
    it.key(KeyCode::Esc);
    assert_eq!(it.app.layers.top(), None);
    // In a line that is written, a question mark is one.
    it.press(KeyCode::Char('p'), KeyModifiers::CONTROL);
    it.write("?");
    assert!(matches!(it.app.layers.top(), Some(Layer::Palette(it)) if it.input.text() == "?"));
}

#[test]
fn scores_of_another_model_do_not_contradict_what_was_drawn() {
    let mut it = written();
    let before = it.app.context.text.document.path()[8];
    let known = it.app.context.text.logits.after(before).unwrap().clone();
    // As after a resumption with another precision: the draw is told as it was, and that the scores are others.
    let other: Arc<[f32]> = known.iter().enumerate().map(|(id, it)| if id == 7 { 99.0 } else { *it }).collect();
    it.app.context.text.logits.put(before, other);
    it.key(KeyCode::Left);
    it.key(KeyCode::Enter);
    it.app.prepare();
    let seen = it.app.context.text.inspection.clone().unwrap();
    assert_eq!((seen.picked, seen.elsewhere, seen.is_pending()), (seen.token, Some(7), false));
    assert!(it.screen().contains("drew this: by the one"), "{}", it.screen());
}

#[test]
fn the_token_to_come_is_told_before_it_is_drawn() {
    let mut it = written();
    it.key(KeyCode::Enter);
    it.settle();
    it.app.prepare();
    let told = it.app.context.text.inspection.clone().unwrap();
    assert_eq!((told.position, told.node), (10, None));
    it.key(KeyCode::Esc);
    it.app.context.settings.max_tokens = 1;
    it.key(KeyCode::F(5));
    it.settle();
    assert_eq!(it.app.context.text.document.at(10).unwrap().token, told.picked);
}

#[test]
fn another_token_makes_a_branch_and_nothing_is_lost() {
    let mut it = written();
    let before = it.text();
    for _ in 0..3 {
        it.key(KeyCode::Left);
    }
    it.key(KeyCode::Enter);
    it.settle();
    it.app.prepare();
    // The one after the token itself, and only that one: step by step.
    let seen = it.app.context.text.inspection.as_ref().unwrap();
    let own = seen.rows.iter().position(|row| row.token == seen.token).unwrap();
    let other = seen.rows[own + 1].token;
    it.key(KeyCode::Down);
    it.key(KeyCode::Char(' '));
    it.settle();
    assert_eq!((it.app.context.text.document.len(), it.app.context.text.document.at(7).unwrap().token), (8, other));
    assert!(matches!(it.app.layers.top(), Some(Layer::Inspector(_))), "the next one is asked for");
    check_journal(&it);
    it.key(KeyCode::Esc);
    it.key(KeyCode::Left);
    it.key(KeyCode::Char('['));
    it.settle();
    assert_eq!(it.text(), before);
    assert_eq!(it.app.context.text.cursor, 7);
    it.key(KeyCode::Char(']'));
    it.settle();
    assert_eq!(it.app.context.text.document.len(), 8);
    // The same choice again goes to the branch that is there.
    let nodes = it.app.context.text.document.next_node();
    it.key(KeyCode::Char('u'));
    it.settle();
    it.key(KeyCode::Enter);
    it.settle();
    it.app.prepare();
    it.key(KeyCode::Down);
    it.key(KeyCode::Char(' '));
    it.settle();
    assert_eq!((it.app.context.text.document.next_node(), it.app.context.text.document.len()), (nodes, 8));
    check_journal(&it);
}

#[test]
fn what_is_chosen_stays_as_it_is_however_it_could_go_on() {
    // ` th` and ` the` are the beginnings of other tokens, which would be drawn in their place had they been written.
    for candidate in [" th", " the"] {
        let mut it = written();
        let token = assets::vocabulary().encode(candidate).unwrap().tokens[0];
        it.app.context.focus = Focus::Text;
        it.app.context.text.cursor = 7;
        it.key(KeyCode::Enter);
        it.settle();
        it.app.prepare();
        let inspection = it.app.context.text.inspection.as_mut().unwrap();
        inspection.rows.insert(0, Row { token, model: 0.1, log_model: None, after: Some(0.1), log_after: None });
        it.over(Some(Layer::Inspector(Inspector { chosen: Some(0), ..Inspector::default() })));
        it.key(KeyCode::Enter);
        it.settle();
        assert_eq!(it.app.context.text.document.tokens()[7], token, "{:?}", it.text());
        assert!(it.app.context.text.document.len() > 8, "it goes on from there");
        it.app.context.text.cursor = 7;
        it.key(KeyCode::Enter);
        it.app.prepare();
        assert!(it.screen().contains("chosen"), "{}", it.screen());
        check_journal(&it);
    }
}

#[test]
fn undo_goes_back_over_drawing_writing_and_branching_and_redo_forward() {
    let mut it = written();
    let drawn = it.text();
    it.key(KeyCode::Char('u'));
    assert_eq!(it.text(), "Once upon a time,");
    it.key(KeyCode::Char('u'));
    assert_eq!(it.text(), "");
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert!(it.app.context.outbox.notice.as_ref().unwrap().text.contains("nothing to undo"));
    it.press(KeyCode::Char('r'), KeyModifiers::ALT);
    it.press(KeyCode::Char('r'), KeyModifiers::ALT);
    it.settle();
    assert_eq!(it.text(), drawn);
    check_journal(&it);
    // Not while something is being written.
    it.key(KeyCode::F(5));
    it.tokens(1);
    let streaming = it.text();
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!(it.text(), streaming);
}

#[test]
fn new_dice_from_here_keep_what_stood_there() {
    let mut it = written();
    let (before, seed) = (it.text(), it.app.context.settings.seed);
    it.key(KeyCode::Left);
    it.key(KeyCode::Left);
    it.key(KeyCode::Char('r'));
    it.settle();
    assert_eq!(it.app.context.settings.seed, seed + 1);
    assert_eq!(it.app.context.text.document.len(), 8 + 5);
    let recorded = it.records().into_iter().rev().find_map(|it| match it {
        Record::Settings { settings } => Some(settings.seed),
        _ => None,
    });
    assert_eq!(recorded, Some(seed + 1));
    // One deed, one step: the text and the seed are what they were, and the same dice can be thrown again.
    let after = it.text();
    it.key(KeyCode::Char('u'));
    assert_eq!((it.text(), it.app.context.settings.seed), (before.clone(), seed));
    let said = it.app.context.outbox.notice.as_ref().unwrap().text.clone();
    assert!(said.contains(&format!("seed is {seed} again")), "{said}");
    it.key(KeyCode::Char('U'));
    assert_eq!((it.text(), it.app.context.settings.seed), (after, seed + 1));
    it.key(KeyCode::Char('u'));
    assert_eq!((it.text(), it.app.context.settings.seed), (before, seed));
    check_journal(&it);
}

#[test]
fn a_candidate_that_is_taken_and_gone_on_from_is_one_step() {
    let mut it = written();
    let before = it.text();
    it.key(KeyCode::Left);
    it.key(KeyCode::Left);
    it.key(KeyCode::Enter);
    it.settle();
    it.screen();
    it.key(KeyCode::Down);
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.app.context.text.document.len() > 10, "{}", it.text());
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!(it.text(), before);
    check_journal(&it);
}

#[test]
fn a_control_that_is_turned_is_one_step_however_often_and_the_text_stays() {
    let mut it = written();
    let (text, before) = (it.text(), it.app.context.settings.clone());
    for _ in 0..3 {
        it.press(KeyCode::Up, KeyModifiers::ALT);
    }
    let warmer = it.app.context.settings.temperature;
    it.press(KeyCode::Left, KeyModifiers::ALT);
    let narrower = it.app.context.settings.top_p;
    assert!(warmer > before.temperature && narrower < before.top_p);
    let now = |it: &Harness| (it.app.context.settings.temperature, it.app.context.settings.top_p);
    it.key(KeyCode::Char('u'));
    assert_eq!((now(&it), it.text()), ((warmer, before.top_p), text.clone()));
    it.key(KeyCode::Char('u'));
    assert_eq!((now(&it), it.text()), ((before.temperature, before.top_p), text));
    it.key(KeyCode::Char('u'));
    assert_eq!(it.text(), "Once upon a time,", "then what was drawn");
    for _ in 0..3 {
        it.key(KeyCode::Char('U'));
    }
    assert_eq!(now(&it), (warmer, narrower));
    // What the journal says is what the panel shows, without a token being drawn.
    assert_eq!(it.journalled().settings(), Some(&it.app.context.settings));
}

#[test]
fn undo_is_there_again_when_a_transcript_is_gone_on_with() {
    let mut it = written();
    it.key(KeyCode::Left);
    it.key(KeyCode::Char('r'));
    it.settle();
    it.press(KeyCode::Up, KeyModifiers::ALT);
    let mut again = it.resumed();
    assert_eq!((again.text(), &again.app.context.settings), (it.text(), &it.app.context.settings));
    loop {
        for it in [&mut it, &mut again] {
            it.press(KeyCode::Char('u'), KeyModifiers::ALT);
            it.settle();
        }
        assert_eq!((again.text(), &again.app.context.settings), (it.text(), &it.app.context.settings));
        if it.app.context.outbox.notice.as_ref().unwrap().text.contains("nothing to undo") {
            break;
        }
    }
    assert_eq!((again.text().as_str(), again.app.context.settings.seed), ("", 7));
}

#[test]
fn the_text_from_here_on_can_be_edited() {
    let mut it = written();
    let text = it.text();
    it.key(KeyCode::Char('g'));
    it.key(KeyCode::Char('w'));
    it.key(KeyCode::Char('e'));
    assert_eq!((it.text().as_str(), it.app.context.focus), ("Once", Focus::Input));
    assert_eq!(format!("Once{}", it.app.context.input.text()), text);
    it.settle();
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!(it.text(), text, "the old text is a branch");
    assert_eq!(it.app.context.input.text(), "", "what was taken from it is in it again, once");
    check_journal(&it);
}

#[test]
fn what_was_cut_to_be_rewritten_can_be_left() {
    for (key, typed) in [('e', ""), ('e', " and more"), ('t', ""), ('t', " another way")] {
        let mut it = written();
        let (text, settings) = (it.text(), it.app.context.settings.clone());
        it.key(KeyCode::Char('g'));
        it.key(KeyCode::Char('w'));
        it.key(KeyCode::Char(key));
        assert_eq!(it.text(), "Once");
        it.settle();
        it.write(typed);
        // A control may be turned meanwhile.
        if key == 't' {
            it.press(KeyCode::Up, KeyModifiers::ALT);
            it.press(KeyCode::Down, KeyModifiers::ALT);
        }
        it.key(KeyCode::Esc);
        it.settle();
        assert_eq!((it.text(), it.app.context.input.text()), (text.clone(), ""), "{key} {typed}");
        assert_eq!((it.app.context.focus, it.app.context.text.cursor), (Focus::Text, 1));
        assert_eq!(it.app.context.settings, settings);
        check_journal(&it);
        // Nothing is doubled by going on, and what was written is not lost.
        it.key(KeyCode::Esc);
        if !typed.is_empty() {
            it.key(KeyCode::Up);
            // Where the text is taken up, the cursor stands before it.
            let written = it.app.context.input.text();
            assert!(if key == 'e' { written.starts_with(typed) } else { written == typed }, "{written}");
            continue;
        }
        it.key(KeyCode::Enter);
        it.settle();
        assert!(it.text().starts_with(&text) && it.text().matches("Once upon").count() == 1, "{}", it.text());
        // Sent, it is no longer to be left.
        it.key(KeyCode::Esc);
        assert!(it.text().len() > text.len());
    }
}

#[test]
fn what_was_typed_is_read_again_once_for_the_heat_map() {
    let mut it = written();
    assert_eq!(it.app.context.text.score(2), None);
    it.key(KeyCode::F(4));
    it.settle();
    assert_eq!(it.app.context.text.heat, Heat::Surprise);
    assert_eq!(it.app.context.text.score(0), None, "nothing comes before the first token");
    assert!((1..10).all(|position| it.app.context.text.score(position).is_some()));
    let surveys = |it: &Harness| {
        let survey = |it: &&Effect| matches!(it, Effect::Engine(Command::Generate(r)) if matches!(r.want, Want::PromptLogprobs(_)));
        it.effects.iter().filter(survey).count()
    };
    assert_eq!(surveys(&it), 1);
    assert!(it.screen().contains("surprise, bits"));
    for _ in 0..5 {
        it.key(KeyCode::F(4));
        it.settle();
    }
    assert_eq!((it.app.context.text.heat, surveys(&it)), (Heat::Off, 1));
}

/// The text as the settings of now would have cut it; all of it is known.
fn struck_out() -> Harness {
    let mut it = written();
    it.app.context.text.heat = Heat::Cut;
    it.key(KeyCode::Left);
    it.settle();
    while it.app.prepare() {}
    assert_eq!(it.app.context.text.losses().unknown, 0);
    it
}

#[test]
fn strike_outs_do_not_follow_into_a_new_transcript() {
    let mut it = struck_out();
    it.control('n');
    it.settle();
    it.key(KeyCode::Esc);
    it.write("A prompt of far more tokens than the text before it ever had, and all of them typed");
    it.key(KeyCode::Enter);
    it.tokens(1);
    let typed = it.app.context.text.document.len() - 1;
    assert!(
        typed > 10 && (0..typed).all(|position| it.app.context.text.survives(position).is_none()),
        "typed tokens are no dice"
    );
    assert_eq!(it.app.context.text.losses(), Losses { cut: 0, drawn: 1, unknown: 1 });
}

#[test]
fn strike_outs_do_not_follow_to_another_model() {
    let mut it = struck_out();
    it.others = vec![("other".into(), it.app.context.card().unwrap().vocabulary.clone())];
    it.installed("other");
    it.key(KeyCode::F(3));
    it.key(KeyCode::Enter);
    // Its scores are not there yet.
    assert_eq!(it.app.context.text.losses(), Losses { cut: 0, drawn: 5, unknown: 5 });
    it.settle();
    while it.app.prepare() {}
    assert_eq!(it.app.context.text.losses().unknown, 0);
}

#[test]
fn what_would_not_survive_the_settings_is_counted_without_the_model() {
    let mut it = written();
    it.app.context.text.heat = Heat::Cut;
    it.key(KeyCode::Left);
    it.settle();
    while it.app.prepare() {}
    assert_eq!(it.app.context.text.losses().cut, 0);
    // Far from the text's own dice, nothing of it could have been drawn.
    let asked = it.effects.len();
    it.app.context.settings.repeat_penalty = 100.0;
    it.app.context.settings.repeat_last_n = -1;
    it.app.context.settings.top_k = 1;
    it.app.context.settings.temperature = 0.0;
    while it.app.prepare() {}
    let losses = it.app.context.text.losses();
    assert_eq!((losses.drawn, losses.unknown), (5, 0));
    for position in 0..5 {
        assert_eq!(it.app.context.text.survives(position), None, "typed tokens are no dice");
    }
    assert_eq!(it.effects.len(), asked, "no model was asked");
    assert!(it.screen().contains(&format!("{} of 5 impossible", losses.cut)) || it.screen().contains("/5 cut"));
}

#[test]
fn the_tree_lists_the_branches_and_goes_to_them() {
    let mut it = written();
    let before = it.text();
    it.key(KeyCode::Left);
    it.key(KeyCode::Left);
    it.key(KeyCode::Char('t'));
    it.write(" and that was that.");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('m'));
    it.key(KeyCode::F(7));
    let runs = it.app.context.text.document.runs();
    assert_eq!((runs.len(), runs[0].depth, runs[2].on_path), (3, 0, true));
    assert!(it.screen().contains("and that was that"));
    it.key(KeyCode::Up);
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!((it.text(), it.app.layers.is_empty()), (before, true));
    // The mark is on the other branch: it is gone to.
    it.key(KeyCode::Char('\''));
    it.settle();
    assert!(it.text().contains("and that was that"));
    check_journal(&it);
}

#[test]
fn where_a_setting_changed_the_text_says_so() {
    let mut it = written();
    assert!(!it.screen().contains('◆'));
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.key(KeyCode::F(5));
    it.settle();
    assert_eq!(it.app.context.text.document.change_at(9), None);
    let (before, after) = it.app.context.text.document.change_at(10).unwrap();
    assert!((after.temperature - before.temperature - 0.05).abs() < 1e-6);
    // Where there is no room for words, the mark stands alone.
    assert!(it.screen().contains('◆') && !it.screen().contains("temp 0.7>0.75"));
    it.send(Msg::Resize(120, 40));
    assert!(it.screen().contains("temp 0.7>0.75"), "{}", it.screen());
}

#[test]
fn a_typed_token_is_read_again_to_be_looked_at_and_follows_the_settings() {
    let mut it = written();
    for _ in 0..8 {
        it.key(KeyCode::Left);
    }
    it.key(KeyCode::Enter);
    it.settle();
    it.app.prepare();
    let seen = it.app.context.text.inspection.clone().expect("the model reads the text again");
    assert_eq!((seen.position, seen.typed), (2, true));
    assert!(it.screen().contains("would have drawn"));
    // Another seed throws another die for the same place.
    it.app.context.settings.seed += 1;
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.key(KeyCode::Esc);
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.key(KeyCode::Enter);
    it.app.prepare();
    assert_ne!(it.app.context.text.inspection.as_ref().unwrap().die.to_bits(), seen.die.to_bits());
}

#[test]
fn what_is_typed_is_coloured_while_the_model_writes() {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.max_tokens = 30;
    it.key(KeyCode::F(4));
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.tokens(3);
    assert!(it.app.context.drawing.running.is_some());
    let scores: Vec<bool> =
        (0..it.app.context.text.document.len()).map(|at| it.app.context.text.score(at).is_some()).collect();
    assert!(!scores[0], "nothing is before the first token");
    assert!(scores[1..].iter().all(|it| *it), "{scores:?}");
    it.settle();
}

#[test]
fn the_score_adds_up_and_leads_to_what_surprised() {
    let mut it = written();
    it.key(KeyCode::Char('s'));
    assert_eq!(it.app.layers.top(), Some(&Layer::Score(ScoreTable::default())));
    let asked = it.effects.iter().rev().find_map(|it| match it {
        Effect::Engine(Command::Generate(request)) => Some(request.want),
        _ => None,
    });
    assert_eq!(asked, Some(Want::PromptLogprobs(1)), "what was typed has no scores yet");
    assert!(it.screen().contains("not known yet"), "{}", it.screen());
    it.settle();
    let score = it.app.context.text.text_score();
    assert_eq!((score.all.tokens, score.typed.tokens, score.drawn.tokens, score.unknown), (9, 4, 5, 0));
    assert!((score.all.bits - score.typed.bits - score.drawn.bits).abs() < 1e-9);
    assert_eq!(score.all.characters, it.text().chars().count() - "Once".len());
    let by_hand: f64 = (1..10).map(|at| f64::from(it.app.context.text.score(at).unwrap().bits())).sum();
    assert!((score.all.bits - by_hand).abs() < 1e-9);
    // The model of the tests never thinks of what was typed.
    assert_eq!(score.worst.len(), 5);
    assert!(score.worst.windows(2).all(|it| it[0].score.bits() >= it[1].score.bits()));
    assert!(score.worst[..3].iter().all(|it| it.position < 5 && it.expected.is_some()), "{:?}", score.worst);
    assert_ne!(score.worst[0].expected.unwrap().0, score.worst[0].token);
    it.key(KeyCode::Down);
    it.key(KeyCode::Down);
    it.key(KeyCode::Enter);
    assert_eq!(
        (it.app.layers.top(), it.app.context.focus, it.app.context.text.cursor),
        (None, Focus::Text, score.worst[2].position)
    );
    // The same key closes it, and a text of one token says why there is nothing.
    it.key(KeyCode::Char('s'));
    it.key(KeyCode::Char('s'));
    assert_eq!(it.app.layers.top(), None);
    let mut empty = Harness::ready(SIZE);
    empty.send(Msg::Intent(Intent::Act(Action::Score)));
    assert!(empty.screen().contains("There is no text to score yet"));
    check_journal(&it);
}

#[test]
fn a_setting_that_is_undone_while_text_is_rewritten_leaves_that_as_it_is() {
    let mut it = written();
    let text = it.text();
    for key in ['g', 'w', 'e'] {
        it.key(KeyCode::Char(key));
    }
    let tail = it.app.context.input.text().to_owned();
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!((it.text().as_str(), it.app.context.input.text()), ("Once", tail.as_str()));
    it.key(KeyCode::Esc);
    assert_eq!((it.text(), it.app.context.input.text()), (text, ""));
}

#[test]
fn what_is_cut_twice_is_left_to_where_it_began() {
    for first in ['t', 'e'] {
        let mut it = written();
        let text = it.text();
        for _ in 0..2 {
            it.key(KeyCode::Left);
        }
        it.key(KeyCode::Char(first));
        it.key(KeyCode::Tab);
        for _ in 0..3 {
            it.key(KeyCode::Left);
        }
        it.key(KeyCode::Char('t'));
        it.settle();
        it.key(KeyCode::Esc);
        it.settle();
        assert_eq!((it.text(), it.app.context.input.text()), (text, ""), "{first}");
        check_journal(&it);
    }
}

#[test]
fn what_is_done_after_an_undo_is_a_new_future_and_nothing_is_none() {
    let mut it = written();
    let drawn = it.text();
    let temperature = |it: &Harness| it.app.context.settings.temperature;
    it.press(KeyCode::Up, KeyModifiers::ALT);
    let first = temperature(&it);
    it.key(KeyCode::F(5));
    it.settle();
    it.key(KeyCode::Char('u'));
    assert_eq!(it.text(), drawn);
    // A control turned on from there is a step of its own, and the end of what was undone.
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.key(KeyCode::Char('U'));
    assert_eq!(it.text(), drawn);
    it.key(KeyCode::Char('u'));
    assert_eq!(temperature(&it), first);
    // A key that changes nothing takes no future away.
    let mut it = written();
    it.app.context.settings.temperature = 0.0;
    it.key(KeyCode::F(5));
    it.settle();
    let longer = it.text();
    it.key(KeyCode::Char('u'));
    assert_ne!(it.text(), longer);
    it.press(KeyCode::Down, KeyModifiers::ALT);
    it.key(KeyCode::Char('U'));
    assert_eq!(it.text(), longer);
}

#[test]
fn chat_is_undone_with_its_stop_string_and_there_again_in_the_next_run() {
    let has_stop = |it: &Harness| it.app.context.settings.stop.iter().any(|it| it == CHAT_STOP);
    let is_on = |it: &Harness| (it.app.context.chat, has_stop(it));
    for mut it in [written(), Harness::ready(SIZE)] {
        let text = it.text();
        it.control('t');
        it.settle();
        assert_eq!(is_on(&it), (true, true));
        if !text.is_empty() {
            assert_eq!(is_on(&it.resumed()), (true, true));
        }
        it.press(KeyCode::Char('u'), KeyModifiers::ALT);
        it.settle();
        assert_eq!((is_on(&it), it.text()), ((false, false), text.clone()), "one step");
        it.press(KeyCode::Char('r'), KeyModifiers::ALT);
        assert_eq!(is_on(&it), (true, true));
        it.control('t');
        assert_eq!(is_on(&it), (false, false));
        it.press(KeyCode::Char('u'), KeyModifiers::ALT);
        assert_eq!(is_on(&it), (true, true));
    }
}
