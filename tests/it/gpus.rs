//! GPUs: the same text as the processor's, devices that are lost, machines without one. Software that stands for one is enough.

use crossterm::event::KeyCode;
use megachat::TokenId;
use megachat::app::models::WrittenBy;
use megachat::app::{Effect, Msg, Start};
use megachat::assets;
use megachat::checkpoint::{Activation, Config};
use megachat::document::Record;
use megachat::engine::generation::{Control, Session};
use megachat::engine::protocol::{
    ColumnsRequest, Command, DeviceChoice, Event, Failure, Request, RequestId, StopReason, Want,
};
use megachat::engine::resilient::Resilient;
use megachat::gpt2::cpu::{self, CpuOptions, Isa};
use megachat::gpt2::gpu::{self, Adapter, GpuModel, GpuOptions};
use megachat::model::{Capabilities, Device, Model, ModelError, Precision, Scores};
use megachat::sample::{EndOfText, Settings};
use serde_json::Value;

use crate::support::gpus::gpus;
use crate::support::harness::{Harness, a_start};
use crate::support::noise::Noise;
use crate::support::program::{Home, err, megachat, out};

const POSITIONS: usize = 400;

fn config() -> Config {
    Config {
        vocab_size: assets::vocabulary().len(),
        n_positions: POSITIONS,
        n_embd: 64,
        n_layer: 2,
        n_head: 4,
        n_inner: 256,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    }
}

fn noise() -> Noise {
    Noise { width: 64, vocabulary: assets::vocabulary().len(), positions: POSITIONS }
}

fn on_gpu(adapter: &Adapter) -> GpuModel {
    let options = GpuOptions { precision: Precision::F32, subgroups: true };
    gpu::load(adapter, &config(), &mut noise(), options, &mut |_| ()).unwrap()
}

fn on_cpu(precision: Precision) -> Box<dyn Model> {
    let options = CpuOptions { precision, threads: 1, isa: Isa::detect() };
    cpu::load(&config(), &mut noise(), options, &mut |_| (), &mut |_| ()).unwrap()
}

/// A model whose device goes away once so many tokens are read.
struct Fragile {
    model: GpuModel,
    at: usize,
}

impl Fragile {
    fn perhaps(&self, more: usize) {
        if self.model.position() + more >= self.at {
            self.model.lose();
        }
    }
}

impl Model for Fragile {
    fn vocabulary(&self) -> usize {
        self.model.vocabulary()
    }

    fn positions(&self) -> usize {
        self.model.positions()
    }

    fn precision(&self) -> Precision {
        self.model.precision()
    }

    fn capabilities(&self) -> Capabilities {
        self.model.capabilities()
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.perhaps(tokens.len());
        self.model.extend(tokens, scores, wanted)
    }

    fn extend_several(
        &mut self,
        several: &[&[TokenId]],
        hear: &mut dyn FnMut(usize, usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.perhaps(several.iter().map(|it| it.len()).max().unwrap_or(0));
        self.model.extend_several(several, hear, wanted)
    }

    fn position(&self) -> usize {
        self.model.position()
    }

    fn rewind(&mut self, position: usize) {
        self.model.rewind(position);
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        self.model.branch(count)
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        // Each step is a token; the context stays as it is.
        self.at = self.at.saturating_sub(1);
        self.perhaps(1);
        self.model.step(tokens, scores)
    }

    fn grow(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.at = self.at.saturating_sub(several.iter().map(|it| it.len()).max().unwrap_or(0));
        self.perhaps(1);
        self.model.grow(several, scores, wanted)
    }

    fn keep(&mut self, branch: usize) {
        self.model.keep(branch);
    }
}

#[derive(Default)]
struct Listener(Vec<Event>);

impl Control for Listener {
    fn event(&mut self, event: Event) {
        self.0.push(event);
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        true
    }
}

impl Listener {
    fn drawn(&self) -> Vec<TokenId> {
        let token = |it: &Event| match it {
            Event::Token { draw, .. } | Event::ColumnToken { draw, .. } => Some(draw.token),
            _ => None,
        };
        self.0.iter().filter_map(token).collect()
    }

    /// What was said of moves.
    fn moves(&self) -> Vec<&str> {
        let mut moves = Vec::new();
        for event in &self.0 {
            if let Event::Moved { device, dtype, arithmetic, why, .. } = event {
                assert_eq!((device, dtype.as_str(), *arithmetic != 0), (&Device::Cpu, "f32", true));
                moves.push(why.as_str());
            }
        }
        moves
    }
}

fn settings(max_tokens: u32) -> Settings {
    Settings { max_tokens, seed: 5, temperature: 1.0, end_of_text: EndOfText::Continue, ..Settings::default() }
}

fn draw(model: Box<dyn Model>, text: &str, tokens: u32) -> Listener {
    let request = Request {
        id: RequestId(1),
        path: Vec::new(),
        text: text.into(),
        settings: settings(tokens),
        mu: None,
        typed: false,
        keep: 3,
        want: Want::Continuation,
        prompt_logprobs: Some(1),
    };
    let mut heard = Listener::default();
    Session::new(model, assets::vocabulary()).run(&request, &mut heard);
    assert!(
        matches!(heard.0.last(), Some(Event::Finished { reason: StopReason::MaxTokens, .. })),
        "{:?}",
        heard.0.last()
    );
    heard
}

fn draw_columns(model: Box<dyn Model>) -> Listener {
    let columns = (0..5).map(|seed| Settings { seed, ..settings(12) }).collect();
    let path = assets::vocabulary().encode("Once upon a time").unwrap().tokens;
    let request = ColumnsRequest { id: RequestId(1), path, mu: None, columns, tokens: 12, keep: 3 };
    let mut heard = Listener::default();
    Session::new(model, assets::vocabulary()).run_columns(&request, &mut heard);
    assert!(matches!(heard.0.last(), Some(Event::Finished { .. })), "{:?}", heard.0.last());
    heard
}

#[test]
fn the_same_dice_give_the_text_of_the_processor() {
    let text = "Once upon a time";
    let expected = draw(on_cpu(Precision::F32), text, 200).drawn();
    let columns = draw_columns(on_cpu(Precision::F32)).drawn();
    for adapter in gpus() {
        assert_eq!(draw(Box::new(on_gpu(&adapter)), text, 200).drawn(), expected);
        assert_eq!(draw_columns(Box::new(on_gpu(&adapter))).drawn(), columns);
    }
}

/// Lost while the text is read, while its scores are computed, at the first token drawn and in the middle.
#[test]
fn a_text_whose_device_is_lost_goes_on_on_the_processor_with_the_same_dice() {
    let text = "Once upon a time there was a small model. ".repeat(20);
    let expected = draw(on_cpu(Precision::F32), &text, 40).drawn();
    let length = assets::vocabulary().encode(&text).unwrap().tokens.len();
    assert!(length > 128, "{length}");
    for adapter in gpus() {
        for at in [1, 100, 150, length, length + 1, length + 20] {
            let model = Fragile { model: on_gpu(&adapter), at };
            let again = |precision| Ok(on_cpu(precision));
            let resilient = Resilient::new(Box::new(model), adapter.device(), Box::new(again));
            let heard = draw(Box::new(resilient), &text, 40);
            assert_eq!(heard.drawn(), expected, "lost at {at}");
            let [why] = heard.moves()[..] else { panic!("lost at {at}: {:?}", heard.moves()) };
            assert!(why.starts_with(&format!("the {} device is lost: ", adapter.device())), "{why}");
            assert!(why.ends_with("the text goes on on the CPU with the same dice"), "{why}");
            let rows = heard.0.iter().filter_map(|it| {
                if let Event::PromptLogprobs { first, rows, .. } = it { Some((*first, rows.len())) } else { None }
            });
            // Every position is told once, whenever the device went.
            let mut next = 1;
            for (first, count) in rows {
                assert_eq!(first, next, "lost at {at}");
                next += count;
            }
            assert_eq!(next, length, "lost at {at}");
        }
    }
}

#[test]
fn columns_whose_device_is_lost_go_on_on_the_processor_with_the_same_dice() {
    let expected = draw_columns(on_cpu(Precision::F32)).drawn();
    for adapter in gpus() {
        for at in [5, 6, 10, 14] {
            let model = Fragile { model: on_gpu(&adapter), at };
            let again = |precision| Ok(on_cpu(precision));
            let resilient = Resilient::new(Box::new(model), adapter.device(), Box::new(again));
            let heard = draw_columns(Box::new(resilient));
            assert_eq!((heard.drawn() == expected, heard.moves().len()), (true, 1), "lost at {at}");
        }
    }
}

#[test]
fn where_the_processor_cannot_take_over_both_reasons_are_told() {
    for adapter in gpus() {
        let model = Fragile { model: on_gpu(&adapter), at: 2 };
        let again = |_| Err("there is not enough memory".to_owned());
        let mut resilient = Resilient::new(Box::new(model), adapter.device(), Box::new(again));
        for both in [true, false] {
            let failed = resilient.extend(&[1, 2, 3], Scores::None, &mut || true);
            let Err(ModelError::DeviceLost { why, .. }) = failed else { panic!("{failed:?}") };
            assert!(why.contains("it is not there any more"), "{why}");
            assert_eq!(why.contains("; the CPU cannot take over: there is not enough memory"), both, "{why}");
        }
        assert_eq!(resilient.position(), 0);
    }
}

/// `--device` for a test's adapter.
fn named(adapter: &Adapter) -> String {
    adapter.device().to_string()
}

fn json(arguments: &[&str], home: &Home) -> Value {
    let output = megachat(home.path(), arguments).output().unwrap();
    let said = err(&output);
    assert!(output.status.success() && !said.contains("XDG_RUNTIME_DIR"), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The demo in 32 bits, 200 tokens; and what drivers print is in the log, not between the program's words.
#[test]
fn the_program_writes_the_same_with_a_gpu() {
    let home = Home::new();
    let common = [
        "-q",
        "-m",
        "demo",
        "-p",
        "Once upon a time",
        "-n",
        "200",
        "-s",
        "3",
        "--ignore-eos",
        "--dtype",
        "f32",
        "--json",
    ];
    let on_cpu = json(&[&common[..], &["--device", "cpu"]].concat(), &home);
    for adapter in gpus() {
        let found = json(&[&common[..], &["--device", &named(&adapter)]].concat(), &home);
        assert_eq!(found["text"], on_cpu["text"]);
    }
}

/// Two at a time on one adapter, and each a verb of its own.
#[test]
fn every_verb_runs_on_a_gpu() {
    let (home, place) = (Home::new(), tempfile::tempdir().unwrap());
    let text = place.path().join("text");
    std::fs::write(&text, "Once upon a time there was a bear. He liked honey.").unwrap();
    let text = text.to_str().unwrap();
    let score = ["score", "-m", "demo", "--dtype", "f32", "--json", text];
    let on_cpu = json(&[&score[..], &["--device", "cpu"]].concat(), &home);
    for adapter in gpus() {
        let name = named(&adapter);
        let device = ["--device", name.as_str()];
        let bench = [
            &["bench", "-m", "demo", "--runs", "1", "--prefill", "8", "--decode", "4", "--depth", "0", "--json"],
            &device[..],
        ];
        let second = megachat(home.path(), &bench.concat()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let found = json(&[&score[..], &device].concat(), &home);
        let bits = |it: &Value| it["total"]["bits"].as_f64().or_else(|| it["bits"].as_f64());
        let (a, b) = (bits(&found), bits(&on_cpu));
        assert!(a.zip(b).is_none_or(|(a, b)| (a - b).abs() < 1e-2), "{a:?} {b:?}");
        let output = second.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let bench: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(bench.to_string().contains(&name), "{bench}");
    }
}

#[test]
fn without_a_driver_nothing_changes_and_a_gpu_that_is_asked_for_is_refused_with_what_is_needed() {
    let home = Home::new();
    let without = |arguments: &[&str]| {
        let mut command = megachat(home.path(), arguments);
        // The loader finds none; where there is no loader it is the same.
        command.envs(["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].map(|it| (it, "/nowhere")));
        command.output().unwrap()
    };
    let found = without(&["-q", "-m", "demo", "-p", "Once", "-n", "2", "-s", "1"]);
    assert_eq!((found.status.code(), err(&found).as_str()), (Some(0), ""));
    let refused = without(&["-q", "-m", "demo", "-p", "Once", "-n", "2", "--device", "gpu"]);
    assert_eq!(refused.status.code(), Some(6));
    let said = err(&refused);
    assert!(said.contains("no gpu device: no driver offers one") && said.contains("--device cpu"), "{said}");
}

#[test]
fn software_is_taken_only_by_its_name_and_other_names_are_told_what_there_is() {
    let home = Home::new();
    for adapter in gpus().iter().filter(|it| it.is_software()) {
        let refused = |device: &str| {
            let output = megachat(home.path(), &["-q", "-m", "demo", "-p", "Once", "-n", "1", "--device", device])
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(6), "{}", out(&output));
            err(&output)
        };
        if gpus().iter().all(Adapter::is_software) {
            let said = refused("gpu");
            assert!(said.contains(&format!("`--device '{}'` takes it", named(adapter))), "{said}");
        }
        assert!(refused("gpu:no such card").contains(&format!("there is {}", named(adapter))));
        // A figure stands in many names.
        assert!(refused("gpu:0").contains("no gpu:0 device"));
        let part: String = adapter.name.chars().take(4).collect::<String>().to_uppercase();
        let output =
            megachat(home.path(), &["-q", "-m", "demo", "-p", "Once", "-n", "1", "--device", &format!("gpu:{part}")])
                .output()
                .unwrap();
        assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
    }
}

/// A driver is not opened where it could be refused memory in its middle.
#[cfg(target_os = "linux")]
#[test]
fn where_memory_is_limited_no_driver_is_opened() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_megachat");
    let script = format!("ulimit -v 3000000; exec {program} -q -m demo -p Once -n 1 -s 1");
    let limited = |more: &str| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("{script} {more}")]).env("MEGACHAT_HOME", home.path()).output().unwrap()
    };
    let output = limited("--device gpu");
    let said = err(&output);
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(
        said.contains("left under the limit of `ulimit -v`, and a driver is opened where at least 4000 MB are"),
        "{said}"
    );
    let output = limited("");
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

/// What was found out about a device is kept, and found out again where it cannot be read.
#[test]
fn a_device_is_tried_once() {
    for adapter in gpus() {
        let home = Home::new();
        let kept = home.path().join("state/devices.json");
        let device = named(&adapter);
        let run = || {
            let arguments = ["-q", "-m", "demo", "-p", "Once", "-n", "1", "-s", "1", "--device", &device];
            let output = megachat(home.path(), &arguments).output().unwrap();
            (output.status.code(), err(&output))
        };
        assert_eq!(run(), (Some(0), String::new()));
        let first = std::fs::read_to_string(&kept).unwrap();
        let findings: Value = serde_json::from_str(&first).unwrap();
        assert_eq!((findings.as_array().unwrap().len(), &findings[0]["device"]), (1, &device.as_str().into()));
        assert_eq!(findings[0]["wrong"], Value::Null);
        assert_eq!(run(), (Some(0), String::new()));
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), first);
        // A device that was found to be wrong is refused from then on.
        let wrong = first.replacen("\"model\":", "\"wrong\": \"scores differ by 7 %\", \"model\":", 1);
        std::fs::write(&kept, wrong).unwrap();
        let (status, said) = run();
        assert!(status == Some(6) && said.contains("computes wrong numbers (scores differ by 7 %)"), "{said}");
        // Another version of the driver is another device.
        std::fs::write(&kept, first.replace("\"driver\": \"", "\"driver\": \"older ")).unwrap();
        assert_eq!(run(), (Some(0), String::new()));
        std::fs::write(&kept, "{").unwrap();
        assert_eq!(run(), (Some(0), String::new()));
    }
}

/// From the first run to a transcript that is replayed, with the temperature moved while the text comes.
#[cfg(unix)]
#[test]
fn a_session_on_a_gpu_is_replayed() {
    use crate::pty::Pty;
    for adapter in gpus() {
        let (home, device) = (Home::new(), named(&adapter));
        let arguments = ["--device", &device, "--ignore-eos", "-n", "60", "-s", "11", "--dtype", "f32"];
        let mut pty = Pty::start(home.path(), &arguments, &[]);
        pty.see("is a base language model");
        pty.press("n");
        pty.see("ctx ");
        pty.press("Once upon a time\r");
        pty.see("writing");
        pty.press("\x1b[1;3A");
        pty.drawn(60);
        pty.press("\x04");
        assert_eq!(pty.exit(), 0);
        pty.assert_restored();
        let raw = String::from_utf8_lossy(&pty.raw.lock().unwrap()).into_owned();
        assert!(!raw.contains("XDG_RUNTIME_DIR"), "what the driver prints is on the screen");
        let replayed = json(&["replay", "latest", "--json"], &home);
        let now = &replayed["models"][0]["now"];
        assert_eq!((&now["device"], &now["dtype"]), (&device.as_str().into(), &"f32".into()));
        let recorded = &replayed["models"][0]["recorded"];
        assert_eq!((&recorded["device"], &recorded["driver"]), (&now["device"], &now["driver"]));
        assert!(now["driver"].as_str().is_some_and(|it| it == adapter.described()), "{now}");
        // On the processor the dice fall alike as well, as far as probabilities tell.
        let output = megachat(home.path(), &["replay", "latest", "--device", "cpu"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    }
}

/// The screen says it once, shows the new device, and the journal knows where the rest was drawn.
#[test]
fn a_move_is_told_on_the_screen_and_in_the_journal() {
    let mut it = Harness::ready((80, 24));
    it.write("Once upon a time");
    it.key(KeyCode::Enter);
    it.tokens(3);
    let id = it.app.context.drawing.running.as_ref().unwrap().id;
    let why =
        "the gpu:Big card device is lost: it is not there any more; the text goes on on the CPU with the same dice";
    let moved = |id| Event::Moved { id, device: Device::Cpu, dtype: "f32".into(), arithmetic: 7, why: why.into() };
    it.send(Msg::Engine(moved(id)));
    it.tokens(2);
    let screen = it.screen();
    assert!(screen.contains("The gpu:Big card device is lost") && screen.contains("f32 cpu"), "{screen}");
    let models: Vec<(usize, String, u32)> = (0..)
        .zip(it.records())
        .filter_map(|(at, record)| match record {
            Record::Model { dtype, arithmetic, .. } => Some((at, dtype.clone(), *arithmetic)),
            _ => None,
        })
        .collect();
    let [(_, first, 1), (at, second, 7)] = &models[..] else { panic!("{models:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("q8", "f32"));
    let drawn =
        |from: usize, to: usize| it.records()[from..to].iter().filter(|it| matches!(it, Record::Drawn { .. })).count();
    assert_eq!((drawn(0, *at), drawn(*at, it.records().len())), (3, 2));
    // Whoever waits for the request: the engine's model is another.
    it.settle();
    it.send(Msg::Engine(Event::Moved {
        id: RequestId(0),
        device: Device::Cpu,
        dtype: "q4".into(),
        arithmetic: 8,
        why: why.into(),
    }));
    assert!(it.screen().contains("q4 cpu"));
}

#[test]
fn why_no_model_runs_stays_where_the_screen_points() {
    let mut it = Harness::begin(a_start((80, 24)));
    it.install_demo();
    let id = it.app.context.models.loading().unwrap().id;
    let device = Device::Gpu(Some("nope".into()));
    let failure = Failure::NoDevice { device, why: "there is gpu:Other".into() };
    it.send(Msg::Engine(Event::Failed { id, failure }));
    assert!(it.screen().contains("F3 says why"), "{}", it.screen());
    for _ in 0..2 {
        it.key(KeyCode::F(3));
        let screen = it.screen();
        assert!(
            screen.contains("No gpu:nope device: there is gpu:Other") && screen.contains("--device cpu"),
            "{screen}"
        );
        it.key(KeyCode::Esc);
    }
}

/// A model that a GPU was asked to hold, and could not or was lost meanwhile, is loaded on the processor, text and all.
#[test]
fn a_model_that_a_gpu_cannot_be_given_is_loaded_on_the_processor() {
    let mut it = Harness::begin(Start { device: DeviceChoice::Auto, ..a_start((80, 24)) });
    it.install_demo();
    it.settle();
    it.write("Once upon a time");
    it.key(KeyCode::Enter);
    it.tokens(3);
    it.settle();
    let text = it.text();
    it.installed("other");
    it.key(KeyCode::F(3));
    it.key(KeyCode::Enter);
    let asked = |it: &Harness| {
        let of = |it: &Effect| match it {
            Effect::Engine(Command::Load { source, .. }) => Some((source.name.clone(), source.device.clone())),
            _ => None,
        };
        it.effects.iter().filter_map(of).next_back().unwrap()
    };
    assert_eq!(asked(&it), ("other".into(), DeviceChoice::Auto));
    let fail = |it: &mut Harness, device| {
        let id = it.app.context.models.loading().unwrap().id;
        let why = "there is not enough of its memory".to_owned();
        it.send(Msg::Engine(Event::Failed { id, failure: Failure::CannotRun { device, why } }));
    };
    fail(&mut it, Device::Gpu(Some("Big card".into())));
    assert!(it.screen().contains("of its memory; it runs on the CPU"), "{}", it.screen());
    assert_eq!(asked(&it), ("other".into(), DeviceChoice::On(Device::Cpu)));
    // What the processor cannot run either is not tried for ever.
    let tried = it.effects.len();
    fail(&mut it, Device::Cpu);
    assert!(it.effects[tried..].iter().all(|it| !matches!(it, Effect::Engine(Command::Load { .. }))));
    assert!(it.app.context.models.loading().is_none() && it.screen().contains("cannot run on cpu"), "{}", it.screen());
    assert_eq!(it.text(), text);
}

/// A device that was lost is not tried again with the same text, which could lose it for ever; nor is it left unsaid that the
/// engine has no model because nobody waits for the request any more.
#[test]
fn after_a_lost_device_the_model_is_loaded_on_the_processor() {
    let mut it = Harness::ready((80, 24));
    let lost = Failure::DeviceLost("the gpu:Big card device is lost".into());
    it.send(Msg::Engine(Event::Failed { id: RequestId(99_999), failure: lost }));
    let loads: Vec<DeviceChoice> = it
        .effects
        .iter()
        .filter_map(|it| match it {
            Effect::Engine(Command::Load { source, .. }) => Some(source.device.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(loads.last(), Some(&DeviceChoice::On(Device::Cpu)));
    it.settle();
    assert!(it.app.context.card().is_some());
}

#[test]
fn a_text_that_goes_on_on_another_device_is_told_so() {
    for (device, says) in [("gpu:Big card", true), ("cpu", false), ("", false)] {
        let written_by = Some(WrittenBy { sha256: "5eed".into(), name: "demo".into(), device: device.into() });
        let mut it = Harness::begin(Start { written_by, ..a_start((80, 24)) });
        it.install_demo();
        it.settle();
        let screen = it.screen();
        assert_eq!(screen.contains("This text was drawn on gpu:Big card; it goes on on cpu"), says, "{screen}");
    }
}

/// To read a long text again takes long: it can be stopped, and goes on where it was.
#[test]
fn taking_over_can_be_stopped_and_goes_on() {
    let tokens: Vec<TokenId> = (0..300).map(|it| it * 37 % 5000).collect();
    let last = |model: &mut dyn Model, tokens: &[TokenId], wanted: &mut dyn FnMut() -> bool| {
        let mut row = vec![0.0; model.vocabulary()];
        model.extend(tokens, Scores::Last(&mut row), wanted).map(|()| row)
    };
    let expected = last(&mut *on_cpu(Precision::F32), &tokens, &mut || true).unwrap();
    for adapter in gpus() {
        let model = Fragile { model: on_gpu(&adapter), at: 290 };
        let again = |precision| Ok(on_cpu(precision));
        let mut resilient = Resilient::new(Box::new(model), adapter.device(), Box::new(again));
        last(&mut resilient, &tokens[..280], &mut || true).unwrap();
        // Wanted until the processor begins to read.
        let mut asked = 0;
        let stopped = last(&mut resilient, &tokens[280..], &mut || {
            asked += 1;
            asked < 3
        });
        assert!(matches!(stopped, Err(ModelError::Interrupted)), "{stopped:?}");
        assert_eq!((resilient.position(), resilient.moved().is_some()), (280, true));
        assert_eq!(last(&mut resilient, &tokens[280..], &mut || true).unwrap(), expected);
        assert_eq!(resilient.position(), 300);
    }
}
