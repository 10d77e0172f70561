use super::*;
use crate::checkpoint::Activation;
use crate::model::{Backend, Capabilities, Found, Order, Scores};

/// A model that only says how fast it is.
struct Fake(f64);

impl Model for Fake {
    fn vocabulary(&self) -> usize {
        1
    }

    fn positions(&self) -> usize {
        self.0 as usize
    }

    fn precision(&self) -> Precision {
        Precision::Q8
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn extend(&mut self, _: &[u32], _: Scores, _: &mut dyn FnMut() -> bool) -> Result<(), ModelError> {
        Ok(())
    }

    fn position(&self) -> usize {
        0
    }

    fn rewind(&mut self, _: usize) {}

    fn branch(&mut self, _: usize) -> Result<(), ModelError> {
        Ok(())
    }

    fn step(&mut self, _: &[u32], _: &mut [f32]) -> Result<(), ModelError> {
        Ok(())
    }

    fn keep(&mut self, _: usize) {}
}

/// A backend that computes wrong, or not.
struct Tried(bool);

impl Backend for Tried {
    fn name(&self) -> &'static str {
        "tried"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["gpu"]
    }

    fn probe(&self) -> Vec<Found> {
        Vec::new()
    }

    fn usual_precision(&self, _: &Device) -> Precision {
        Precision::Q8
    }

    fn load(&self, _: Order<'_>) -> Result<Box<dyn Model>, ModelError> {
        Err(ModelError::Interrupted)
    }

    fn trial(&self, device: &Device, _: &Config, _: Precision) -> Result<(), ModelError> {
        let wrong = || ModelError::Wrong { device: device.clone(), why: "scores differ".into() };
        if self.0 { Ok(()) } else { Err(wrong()) }
    }
}

fn card(name: &str) -> Device {
    Device::Gpu(Some(name.into()))
}

/// What comes of a card that draws so many tokens a second, or has no room, beside a processor that draws ten; and how many
/// models were loaded.
fn choose(findings: &Findings, name: &str, is_auto: bool, is_right: bool, card_draws: Option<f64>) -> (Made, usize) {
    let config = Config {
        vocab_size: 1,
        n_positions: 1,
        n_embd: 1,
        n_layer: 1,
        n_head: 1,
        n_inner: 1,
        layer_norm_epsilon: 1e-5,
        activation: Activation::Gelu,
        tie_word_embeddings: true,
    };
    let backend: &'static dyn Backend = if is_right { &Tried(true) } else { &Tried(false) };
    let places = [card(name), Device::Cpu].map(|device| Place { backend, device, driver: "a driver".into() });
    let mut loads = 0;
    let mut load = |place: &Place, _: Precision| -> Result<Box<dyn Model>, ModelError> {
        loads += 1;
        match (&place.device, card_draws) {
            (Device::Cpu, _) => Ok(Box::new(Fake(10.0))),
            (_, Some(speed)) => Ok(Box::new(Fake(speed))),
            (_, None) => Err(ModelError::of_backend("gpu", "Out of memory\nmore")),
        }
    };
    let choice = Choice {
        is_auto,
        findings: findings.clone(),
        config: &config,
        threads: 1,
        precision: &|_| Precision::Q8,
        fits: &|_, _| Ok(()),
        load: &mut load,
        speed: &mut |model| Ok(model.positions() as f64),
    };
    let made = choice.make(&places, Vec::new());
    (made.unwrap_or_else(|e| panic!("{e}")), loads)
}

fn nothing_found() -> (tempfile::TempDir, Findings) {
    let place = tempfile::tempdir().unwrap();
    let findings = Findings::in_a_directory(place.path());
    (place, findings)
}

#[test]
fn where_the_program_chooses_the_faster_device_is_taken_and_remembered() {
    let (_place, findings) = nothing_found();
    for (name, speed, taken) in [("fast", 30.0, card("fast")), ("slow", 3.0, Device::Cpu)] {
        let (made, loads) = choose(&findings, name, true, true, Some(speed));
        let on = if speed > 10.0 { "gpu:fast" } else { "the CPU" };
        let said = format!("gpu:{name} draws {speed} tokens a second, the CPU 10: running on {on}");
        assert_eq!((&made.device, &made.notes, loads), (&taken, &vec![said.clone()], 2));
        assert!(made.outcome.is_ok());
        // The second time nothing is measured, and nothing is said but where it is asked.
        let (made, loads) = choose(&findings, name, true, true, Some(speed));
        assert_eq!((&made.device, made.notes.len(), loads), (&taken, 0, 1));
        assert_eq!(made.measured, Some(said));
    }
    // Who names the slower one has it.
    let (made, loads) = choose(&findings, "slow", false, true, Some(3.0));
    assert_eq!((made.device, loads), (card("slow"), 1));
}

#[test]
fn what_a_card_cannot_do_the_processor_does_unless_the_card_was_named() {
    for (is_right, says) in [(true, "gpu failed: Out of memory"), (false, "computes wrong numbers (scores differ)")] {
        let (_place, findings) = nothing_found();
        let (made, _) = choose(&findings, "full", true, is_right, None);
        let [note] = &made.notes[..] else { panic!("{:?}", made.notes) };
        assert!(note.starts_with("gpu:full cannot run it (") && note.contains(says), "{note}");
        assert!(note.ends_with("): running on the CPU"), "{note}");
        assert!(made.device == Device::Cpu && made.outcome.is_ok());
        let (made, _) = choose(&findings, "full", false, is_right, None);
        let Err(error) = made.outcome else { panic!("it was made") };
        assert!(made.device == card("full") && error.to_string().contains(says), "{error}");
    }
}
