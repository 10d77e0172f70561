//! The chain in use: what bans, biases, DRY, mirostat and healing do to a text, and the panel that switches and moves
//! the steps.

use crossterm::event::KeyCode;
use megachat::app::{Focus, KNOBS, Knob};
use megachat::document::Origin;
use megachat::engine::generation::{Control, Session};
use megachat::engine::load::load;
use megachat::engine::protocol::{DeviceChoice, Event, ModelSource, Request, RequestId, Said, Want};
use megachat::gpt2::Precision;
use megachat::sample::{Did, Draw, Parameter, Settings, Step};

use crate::support::demo_directory;
use crate::support::harness::Harness;

/// Hears what is added to the text.
#[derive(Default)]
struct Listener {
    typed: Vec<u32>,
    draws: Vec<Draw>,
}

impl Control for Listener {
    fn event(&mut self, event: Event) {
        match event {
            Event::Encoded { tokens, .. } => self.typed = tokens,
            Event::Token { draw, .. } => self.draws.push(*draw),
            Event::Failed { failure, .. } => panic!("{failure}"),
            _ => {}
        }
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        true
    }
}

/// The demo model and its way from text to tokens.
struct Demo(Session, std::sync::Arc<megachat::text::Vocabulary>);

impl Demo {
    fn new() -> Self {
        let source = ModelSource {
            name: "demo".into(),
            directory: demo_directory(),
            device: DeviceChoice::On(megachat::model::Device::Cpu),
            precision: Some(Precision::F32),
            threads: Some(1),
            said: Said::default(),
        };
        let (session, card) = load(&source, &mut |_, _| ()).unwrap();
        Self(session, card.vocabulary)
    }

    fn draw(&mut self, text: &str, settings: Settings) -> Listener {
        let (id, text, want) = (RequestId(1), text.to_owned(), Want::Continuation);
        let mut heard = Listener::default();
        let request = Request {
            id,
            path: Vec::new(),
            text,
            settings,
            mu: None,
            typed: false,
            keep: 0,
            want,
            prompt_logprobs: None,
        };
        self.0.run(&request, &mut heard);
        heard
    }

    /// What was typed and drawn, as the document holds it.
    fn text(&self, heard: &Listener) -> String {
        let mut tokens = heard.typed.clone();
        for draw in &heard.draws {
            tokens.truncate(tokens.len() - usize::from(draw.begun > 0));
            tokens.push(draw.token);
        }
        self.1.decode(&tokens)
    }
}

fn raw() -> Settings {
    let neutral = Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, ..Settings::default() };
    Settings { end_of_text: megachat::sample::EndOfText::Continue, ..neutral }
}

#[test]
fn a_half_word_goes_on_and_nothing_typed_is_lost() {
    let mut demo = Demo::new();
    let greedy = Settings { temperature: 0.0, max_tokens: 2, ..raw() };
    let healed = demo.draw("Once upon a ti", greedy.clone());
    assert!(demo.text(&healed).starts_with("Once upon a time"), "{}", demo.text(&healed));
    assert_eq!((healed.draws[0].begun, demo.1.decode(&[healed.draws[0].token])), (3, " time".to_owned()));
    // Switched off, it stays as it was typed, and the first draw is whatever comes behind.
    let held = demo.draw("Once upon a ti", Settings { heal: false, ..greedy.clone() });
    assert_eq!(held.draws[0].begun, 0);
    // Punctuation is finished, and so is a text of one token.
    for finished in ["Once upon a time,", "ti"] {
        assert_eq!(demo.draw(finished, greedy.clone()).draws[0].begun, 0, "{finished}");
    }
    for (prompt, seed) in
        ["Once upon a ", "The old m", "She sa"].into_iter().flat_map(|it| (0..20).map(move |n| (it, n)))
    {
        let heard = demo.draw(prompt, Settings { seed, max_tokens: 3, ..raw() });
        assert!(demo.text(&heard).starts_with(prompt), "{prompt}, {seed}: {}", demo.text(&heard));
    }
}

#[test]
fn a_stop_string_takes_nothing_that_was_typed() {
    let mut demo = Demo::new();
    let settings = Settings { temperature: 0.0, stop: vec!["me".to_owned()], ..raw() };
    let mut heard = demo.draw("Once upon a ti", settings);
    assert_eq!(heard.draws.len(), 1);
    let typed = heard.typed.len() - 1;
    heard.typed.truncate(typed);
    assert_eq!(demo.1.decode(&heard.typed) + " ti", "Once upon a ti");
}

#[test]
fn a_banned_text_never_appears() {
    let mut demo = Demo::new();
    let settings = Settings { max_tokens: 300, seed: 3, heal: false, temperature: 0.7, ..raw() };
    let free = demo.draw("Once upon a time", settings.clone());
    let ban = ["the", "o the", "."];
    let free = demo.text(&free);
    assert!(ban.iter().all(|it| free.contains(it)), "{free}");
    let held = demo.draw("Once upon a time", Settings { ban: ban.map(str::to_owned).into(), ..settings.clone() });
    let held = demo.text(&held);
    assert!(ban.iter().all(|it| !held.contains(it)), "{held}");
    // A bias makes a word come, or not.
    let count = |demo: &mut Demo, by: &str| {
        let heard = demo.draw("Once upon a time", Settings { bias: vec![by.parse().unwrap()], ..settings.clone() });
        demo.text(&heard).matches(" bear").count()
    };
    let (more, less) = (count(&mut demo, " bear=8"), count(&mut demo, " bear=-8"));
    assert!(more > 20 && less == 0, "{more}, {less}");
}

#[test]
fn mirostat_follows_the_surprise() {
    let mut demo = Demo::new();
    // Above what the model has of itself, no cut can steer.
    for tau in [1.0, 2.0] {
        let settings = Settings { max_tokens: 400, mirostat_tau: tau, seed: 5, ..raw() };
        let heard = demo.draw("Once upon a time", settings);
        let mut mu = 2.0 * tau;
        let mut sum = 0.0;
        for draw in &heard.draws {
            let surprise = -draw.after.log2();
            sum += surprise;
            mu -= 0.1 * (surprise - tau);
            let told = draw.mu.unwrap();
            assert!((told - mu).abs() < 1e-3, "{told} for {mu}");
            mu = told;
        }
        let mean = sum / heard.draws.len() as f32;
        assert!((mean - tau).abs() < 0.1 * tau, "{mean} bits for {tau}");
    }
}

#[test]
fn dry_breaks_a_circle() {
    let mut demo = Demo::new();
    let greedy = Settings { temperature: 0.0, max_tokens: 200, ..raw() };
    // The share of sequences of six tokens that were there before.
    let repeated = |heard: &Listener| {
        let tokens: Vec<u32> = heard.draws.iter().map(|it| it.token).collect();
        let all: Vec<&[u32]> = tokens.windows(6).collect();
        let old = all.iter().enumerate().filter(|(at, it)| all[..*at].contains(it)).count();
        old as f64 / all.len() as f64
    };
    let (free, held) = (
        repeated(&demo.draw("Once upon a time", greedy.clone())),
        repeated(&demo.draw("Once upon a time", Settings { dry_multiplier: 0.8, ..greedy })),
    );
    assert!(free > 0.15 && held < free / 3.0, "{free} without, {held} with DRY");
}

/// With the panel in focus and a control chosen.
fn panel(knob: Knob) -> Harness {
    let mut it = Harness::ready((120, 40));
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Tab);
    assert_eq!(it.app.context.focus, Focus::Panel);
    it.app.prepare();
    it.app.context.panel.knob = KNOBS.iter().position(|&it| it == knob).unwrap();
    it
}

#[test]
fn a_step_is_switched_and_moved_in_the_panel() {
    let mut it = panel(Knob::Of(Parameter::TopP));
    let steps =
        |it: &Harness| it.app.context.text.next_table().unwrap().trace.iter().map(|it| it.step).collect::<Vec<_>>();
    assert_eq!(steps(&it), [Step::RepeatPenalty, Step::TopP, Step::Temperature]);
    it.key(KeyCode::Char('o'));
    it.app.prepare();
    assert_eq!(steps(&it), [Step::RepeatPenalty, Step::Temperature]);
    assert!(it.screen().contains("top-p              off 0.9"), "{}", it.screen());
    it.key(KeyCode::Char('o'));
    // Past the temperature, and not past the four steps in between that do nothing.
    it.key(KeyCode::Char('>'));
    it.app.prepare();
    assert_eq!(steps(&it), [Step::RepeatPenalty, Step::Temperature, Step::TopP]);
    assert!(it.screen().contains("order: repeat-penalty, temp, top-p"), "{}", it.screen());
    it.key(KeyCode::Char('>'));
    assert!(it.screen().contains("it is at the end"), "{}", it.screen());
    it.key(KeyCode::Char('<'));
    it.app.prepare();
    assert_eq!(steps(&it), [Step::RepeatPenalty, Step::TopP, Step::Temperature]);
    it.key(KeyCode::Char('<'));
    assert!(it.screen().contains("what cuts comes after what changes scores"), "{}", it.screen());
    it.app.context.panel.knob = KNOBS.iter().position(|&it| it == Knob::Of(Parameter::Seed)).unwrap();
    it.key(KeyCode::Char('o'));
    assert!(it.screen().contains("seed is no step of the chain"), "{}", it.screen());
}

#[test]
fn bans_are_typed_in_the_panel_and_show_at_once() {
    let mut it = panel(Knob::Of(Parameter::Ban));
    let next = it.app.context.text.next_table().unwrap().rows[0].token;
    let word = it.app.context.text.vocabulary().decode(&[next]);
    it.key(KeyCode::Enter);
    it.write(&word);
    it.key(KeyCode::Enter);
    it.app.prepare();
    assert_eq!(it.app.context.settings.ban, [word]);
    let rows = &it.app.context.text.next_table().unwrap().rows;
    assert!(rows.iter().filter(|it| it.after.is_some()).all(|it| it.token != next));
    let first = it.app.context.text.next_table().unwrap().trace[0];
    assert!(first.step == Step::Bias && matches!(first.did, Did::Touched(1..)), "{first:?}");
}

#[test]
fn new_dice_leave_what_was_typed_of_a_word() {
    let mut it = Harness::ready((80, 24));
    it.app.context.settings.max_tokens = 4;
    it.app.context.settings.temperature = 0.0;
    it.write("Once upon a ti");
    it.key(KeyCode::Enter);
    it.settle();
    let begun = |it: &Harness| match &it.app.context.text.document.at(3).unwrap().origin {
        Origin::Drawn(draw) => draw.begun,
        Origin::Typed | Origin::Chosen => 0,
    };
    assert_eq!(begun(&it), 3, "{}", it.text());
    assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens());
    assert!(it.screen().contains("of yours went on as"), "{}", it.screen());
    it.key(KeyCode::Tab);
    it.app.context.text.cursor = 3;
    it.app.context.settings.temperature = 1.0;
    it.key(KeyCode::Char('r'));
    it.settle();
    assert!(it.text().starts_with("Once upon a ti"), "{}", it.text());
    assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens());
}
