//! What the screens of the full interface show, in lines that can be read one after the other.

use std::ops::Range;

use crate::TokenId;
use crate::app::columns::{Column, Columns, Purpose};
use crate::app::words;
use crate::app::words::columns::name;
use crate::app::words::dice::{facts, fine_percent, not_known, percent, spelled, steps};
use crate::app::words::state::{About, Seen, context, model, models as story, phase, seen};
use crate::app::{App, Find, Heat, KNOBS, Knob, Twig};
use crate::sample::Row;
use crate::text::visible;

/// A token in quotes.
pub(super) fn quoted(app: &App, token: TokenId) -> String {
    format!("\"{}\"", spelled(app.vocabulary().bytes(token)))
}

/// Some tokens in quotes, in one line.
fn text_of(app: &App, tokens: &[TokenId]) -> String {
    visible(&app.vocabulary().decode(tokens).replace('\n', "\\n"))
}

/// A token of the text with its number.
pub(super) fn token(app: &App, position: usize) -> String {
    match app.document.at(position) {
        Some(node) => format!("Token {} of {}: {}.", position + 1, app.document.len(), quoted(app, node.token)),
        None => format!("The next token, number {}.", position + 1),
    }
}

/// How the text ends now.
pub(super) fn end(app: &App) -> String {
    /// So many tokens say where one is.
    const LAST: usize = 16;
    let tokens = app.document.tokens();
    if tokens.is_empty() {
        return "The text is empty.".to_owned();
    }
    let tail = text_of(app, &tokens[tokens.len().saturating_sub(LAST)..]);
    let ending = if tokens.len() > LAST { ", ending" } else { "" };
    format!("The text is now {}{ending}: \"{tail}\"", count(tokens.len(), "token"))
}

/// Controls with what they were and are.
fn changed(changes: Vec<(&'static str, String, String)>) -> String {
    let said = changes.into_iter().map(|(name, old, new)| format!("{name} from {old} to {new}"));
    said.collect::<Vec<_>>().join(", ")
}

/// So many things.
pub(super) fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// Tokens of the text with their numbers.
pub(super) fn tokens(app: &App, positions: Range<usize>) -> Vec<String> {
    let line = |position: usize| {
        let node = app.document.at(position)?;
        let whence = node.origin.name();
        let marked = app.document.path().get(position).is_some_and(|&it| app.document.is_bookmarked(it));
        let mark = if marked { ", marked" } else { "" };
        Some(format!("{}: {}, {whence}{mark}", position + 1, quoted(app, node.token)))
    };
    positions.filter_map(line).collect()
}

/// A row of a table of candidates.
fn candidate(app: &App, number: usize, row: &Row, remark: &str) -> String {
    let after = row.after.map_or("cut".to_owned(), |p| format!("after {}", percent(p)));
    format!("{number}: {}, model {}, {after}{remark}", quoted(app, row.token), percent(row.model))
}

/// The next token: how open it is, what the die picks, what the chain did, the candidates.
pub(super) fn next(app: &App, most: usize) -> Vec<String> {
    let Some(next) = &app.next else {
        return vec!["What could come next is not known yet.".to_owned()];
    };
    let mut out = vec![
        format!(
            "The next token, number {}: entropy {:.1} bits, about {:.1} choices; by the model alone {:.1} bits.",
            app.document.len() + 1,
            next.entropy,
            next.entropy.exp2(),
            next.model_entropy
        ),
        format!("The chain: {}.", steps(next.logits.len(), None, &next.trace, &app.settings).join(", then ")),
    ];
    let picked = next.throw.map(|it| it.1.token);
    if let Some((coin, picked)) = next.throw {
        out.push(format!("The die, {coin:.4}, picks {}, rank {}.", quoted(app, picked.token), picked.rank + 1));
    }
    let mut cut_told = false;
    for (index, row) in next.rows.iter().enumerate().take(most) {
        if row.after.is_none() && !cut_told {
            cut_told = true;
            out.push(format!("Cut from here on; {} left.", count(next.kept, "token")));
        }
        let remark = if Some(row.token) == picked { ", picked" } else { "" };
        out.push(candidate(app, index + 1, row, remark));
    }
    out
}

/// The token that is looked at: what is known of it, and the first `most` of what it could have been.
pub(super) fn inspection(app: &App, most: usize) -> Vec<String> {
    let position = app.lens.cursor;
    let mut out = vec![token(app, position)];
    let Some(it) = &app.lens.inspection else {
        out.push(not_known(app, position).to_owned());
        return out;
    };
    let name = |token| spelled(app.vocabulary().bytes(token));
    let known = facts(app, it, &name);
    out.push(format!("{}.", known.whence.replace("  ", ", ")));
    out.push(format!("{}.", known.chances));
    out.push(format!("The chain: {}.", known.steps.join(", then ")));
    out.push(format!("{}.", known.die));
    if !known.changes.is_empty() {
        out.push(format!("The settings changed here: {}.", changed(known.changes)));
    }
    out.push(format!("{}.", known.flips));
    out.push("What it could have been:".to_owned());
    for (index, row) in it.rows.iter().enumerate() {
        let own = row.token == it.token;
        if index < most || own {
            let this = if it.node.is_some() { ", this one" } else { ", picked" };
            out.push(candidate(app, index + 1, row, if own { this } else { "" }));
        }
    }
    out.push(format!("/take {} K puts one there and goes on.", position + 1));
    out
}

/// The tokens that stand out most.
pub(super) fn heat(app: &App, heat: Heat, most: usize) -> Vec<String> {
    let measure = |position: usize| {
        let score = app.score(position)?;
        let value = match heat {
            Heat::Entropy => score.entropy?,
            Heat::Rank => score.rank as f32 + 1.0,
            Heat::Surprise | Heat::Off | Heat::Cut => score.bits(),
        };
        Some((position, value, score))
    };
    let mut known: Vec<_> = (0..app.document.len()).filter_map(measure).collect();
    if known.is_empty() {
        return vec!["Nothing is known of the text yet: the model has no say in the first token.".to_owned()];
    }
    let mean = known.iter().map(|it| f64::from(it.1)).sum::<f64>() / known.len() as f64;
    let word = heat.name();
    let mut out =
        vec![format!("By {word}: {} known, {mean:.1} on average. The most first:", count(known.len(), "token"))];
    known.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (position, _, score) in known.into_iter().take(most) {
        let entropy = score.entropy.map_or(String::new(), |it| format!(", entropy {it:.1} bits"));
        let token = app.document.at(position).map_or(String::new(), |it| quoted(app, it.token));
        let (bits, rank) = (score.bits(), score.rank + 1);
        out.push(format!("token {}, {token}: surprise {bits:.1} bits, rank {rank}{entropy}", position + 1));
    }
    out
}

/// The drawn tokens that the settings of now would have cut.
pub(super) fn cut(app: &App, most: usize) -> Vec<String> {
    let losses = app.losses();
    if losses.drawn == 0 {
        return vec!["The model has drawn nothing yet.".to_owned()];
    }
    let unknown = if losses.unknown > 0 { format!("; {} not known", losses.unknown) } else { String::new() };
    let mut out =
        vec![format!("{} of {} drawn tokens are impossible under these settings{unknown}.", losses.cut, losses.drawn)];
    let gone: Vec<usize> = (0..app.document.len()).filter(|&it| app.survives(it) == Some(false)).collect();
    for &position in gone.iter().take(most) {
        let token = app.document.at(position).map_or(String::new(), |it| quoted(app, it.token));
        out.push(format!("token {}, {token}", position + 1));
    }
    if gone.len() > most {
        out.push(format!("and {} more", gone.len() - most));
    }
    out
}

/// What a search found.
pub(super) fn found(app: &App, find: &Find, most: usize) -> Vec<String> {
    if find.found.is_empty() {
        return vec!["No token contains this; a longer word is made of several.".to_owned()];
    }
    let mut out = vec![format!("{}, the likeliest first:", count(find.count, "token"))];
    out.extend(find.found.iter().take(most).map(|it| {
        let token = quoted(app, it.token);
        match it.scores {
            None => token,
            Some((row, rank)) => {
                let after = row.after.map_or("cut".to_owned(), |p| format!("after {}", fine_percent(p)));
                format!("{token}, rank {rank}, model {}, {after}", fine_percent(row.model))
            }
        }
    }));
    if find.count > most {
        out.push(format!("and {} more", find.count - most));
    }
    out
}

/// The branches with their numbers.
pub(super) fn tree(app: &App) -> Vec<String> {
    let runs = app.document.runs();
    if runs.is_empty() {
        return vec!["There is no text yet.".to_owned()];
    }
    let last = runs.iter().rposition(|it| it.on_path);
    let mut out = vec!["The branches, with the number of forks above each:".to_owned()];
    for (index, run) in runs.iter().enumerate() {
        /// As many tokens tell one branch from another.
        const TOLD: usize = 16;
        let text = visible(&app.text_of(&run.nodes[..run.nodes.len().min(TOLD)]).replace('\n', "\\n"));
        let more = if run.nodes.len() > TOLD { " and so on" } else { "" };
        let here = match (run.on_path, Some(index) == last) {
            (true, true) => ", the end of the text",
            (true, false) => ", in the text",
            (false, _) => "",
        };
        let marked = if run.nodes.iter().any(|&it| app.document.is_bookmarked(it)) { ", marked" } else { "" };
        let (depth, tokens) = (run.depth, count(run.nodes.len(), "token"));
        out.push(format!("{}: depth {depth}, {tokens}{here}{marked}: \"{text}\"{more}", index + 1));
    }
    out.push("/branch K goes to one.".to_owned());
    out
}

/// Futures as a tree: what several begin with is told once.
pub(super) fn twigs(app: &App, state: &Columns) -> Vec<String> {
    let order = state.by_likelihood();
    let line = |it: Twig| {
        let tokens = it.columns.first().map(|&column| state.columns[column].tokens()).unwrap_or_default();
        let text = text_of(app, tokens.get(it.from..it.to).unwrap_or_default());
        let through = order.iter().enumerate().filter(|line| it.columns.contains(line.1));
        let numbers: Vec<String> = through.map(|line| (line.0 + 1).to_string()).collect();
        format!("depth {}, of {}: \"{text}\"", it.depth, numbers.join(" "))
    };
    let mut out = vec!["The ways to go on by what they share, with the numbers of those that go through:".to_owned()];
    out.extend(state.twigs().into_iter().map(line));
    out
}

/// One column of a comparison: settings, text, measures, where it first differs.
fn column(app: &App, state: &Columns, index: usize) -> Vec<String> {
    let it: &Column = &state.columns[index];
    let mut like = it.settings.clone();
    like.seed = app.settings.seed;
    let changes = words::changes(&app.settings, &like);
    let settings = if changes.is_empty() { "the settings of now".to_owned() } else { changed(changes) };
    let mut figures = vec![count(it.draws.len(), "token")];
    if !it.draws.is_empty() {
        figures.push(format!("{:.1} bits a token", it.surprise()));
    }
    figures.extend(it.distinct().map(|it| format!("{:.0} of 100 pairs different", it * 100.0)));
    figures.extend(it.ended.map(str::to_owned));
    let mut out = vec![
        format!("{}, {settings}: {}", name(index), figures.join(", ")),
        format!("\"{}\"", text_of(app, &it.tokens())),
    ];
    match state.first_difference(index) {
        Some(at) => {
            let token = |of: &Column| of.tokens().get(at).map_or("nothing".to_owned(), |&it| quoted(app, it));
            let die = it.draws.get(at).map_or(String::new(), |it| format!(", die {:.4}", it.die));
            let (here, there) = (token(it), token(&state.columns[0]));
            out.push(format!("first difference at its token {}{die}: {here} here, {there} in A", at + 1));
        }
        None if index > 0 => out.push("no difference".to_owned()),
        None => {}
    }
    out
}

/// Columns, one after the other.
pub(super) fn columns(app: &App, state: &Columns) -> Vec<String> {
    let mut out = Vec::new();
    match state.purpose {
        Purpose::Compare => {
            out.push(
                if state.same_dice { "The same dice, other settings:" } else { "Each with its own dice:" }.to_owned(),
            );
            out.extend((0..state.columns.len()).flat_map(|it| column(app, state, it)));
            out.push("/keep B goes on with a column, /keep all keeps each as a branch, /dice gives each its own dice or all the same.".to_owned());
        }
        Purpose::Fan => {
            out.push("Ways to go on, the likeliest first, with the mean probability of a token:".to_owned());
            for (line, index) in state.by_likelihood().into_iter().enumerate() {
                let column = &state.columns[index];
                let figure = percent(2f64.powf(-column.surprise()) as f32);
                out.push(format!("{}, {figure}: \"{}\"", line + 1, text_of(app, &column.tokens())));
            }
            out.push(
                "/keep 1 goes on with one, /keep 1 word with its first word, /fan more throws other dice.".to_owned(),
            );
        }
    }
    out
}

/// The models, and what can be done.
pub(super) fn models(app: &App) -> Vec<String> {
    let line = |(about, text): (About, String)| match about {
        About::Running => format!("running: {text}"),
        About::Words => format!("words: {text}"),
        About::Ready => format!("ready: {text}; /models switch goes over to it, the text stays"),
        About::Tried => format!("tried: {text}"),
        About::Now => format!("now: {text}; /models stop ends it, what came is kept"),
        About::Failed => format!("failed: {text}"),
    };
    let mut out: Vec<String> = story(app).into_iter().map(line).collect();
    if !app.has_345m {
        out.push(format!("/models download gets the 345M model ({}).", words::bytes(words::DOWNLOAD_345M)));
    }
    out.push("/models import PATH installs a checkpoint you have.".to_owned());
    out
}

/// What goes on.
pub(super) fn status(app: &App) -> Vec<String> {
    let mut out = vec![format!("model: {}, {}", model(&app.engine), phase(app).0)];
    if let Some((used, of)) = context(app) {
        let Seen { prompt, typed, drawn } = seen(app);
        let lost = app.out_of_sight();
        let gone = if lost > 0 { format!(", {lost} out of sight") } else { String::new() };
        let free = of.saturating_sub(used);
        out.push(format!("context: {used} of {of} tokens, {prompt} in the prompt, {typed} typed since, {drawn} drawn, {free} free{gone}"));
    }
    let (tokens, drawn) = (count(app.document.len(), "token"), app.document.drawn());
    out.push(format!("text: {tokens}, {drawn} of them drawn; parts in the tree: {}", app.document.runs().len()));
    let mut speed: Vec<String> = app.speed.iter().map(|it| format!("{it:.0} tokens a second")).collect();
    speed.extend(app.first_token.iter().map(|it| format!("the first after {}", words::span(*it))));
    if !speed.is_empty() {
        out.push(format!("speed: {}", speed.join(", ")));
    }
    let s = &app.settings;
    let (preset, temp, top_p) = (Knob::Preset.show(s), Knob::Temperature.show(s), Knob::TopP.show(s));
    out.push(format!("sampling: preset {preset}, temp {temp}, top-p {top_p}, seed {}", s.seed));
    out.push(if app.chat { "chat: on" } else { "chat: off" }.to_owned());
    if !app.document.is_empty() {
        out.push(format!("looked at: {}", token(app, app.lens.cursor.min(app.document.len()))));
    }
    out.push(match &app.saved {
        Some(Ok(())) => format!("saved: yes, in {}", app.transcripts),
        Some(Err(why)) => format!("saved: no, {why}"),
        None => "saved: nothing is written yet, or nothing is to be".to_owned(),
    });
    out
}

/// A control with its value and what it does.
pub(super) fn knob(app: &App, knob: Knob) -> String {
    format!("{}: {}; {}", knob.word(), knob.show(&app.settings), knob.explain(&app.settings))
}

/// All controls, or those that a word fits.
pub(super) fn settings_lines(app: &App, word: &str) -> Vec<String> {
    let lines = KNOBS.iter().map(|&it| knob(app, it));
    let fitting: Vec<String> = lines.filter(|it| it.contains(word)).collect();
    if fitting.is_empty() { vec![format!("No control is called {word}.")] } else { fitting }
}
