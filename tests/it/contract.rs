//! The contract of a model: what every backend promises, whatever computes there.
//!
//! A backend is admitted by one line in [`backends`]. `cargo test --test it contract -- --nocapture` shows the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use candle_core::Device as CandleDevice;
use megachat::TokenId;
use megachat::checkpoint::{Activation, Config};
use megachat::gpt2::CandleModel;
use megachat::gpt2::cpu::{self, CpuOptions, Isa};
use megachat::gpt2::gpu::{self, Adapter, GpuOptions};
use megachat::model::{Model, ModelError, Precision, RawTensor, Rows, Scores, TensorSource, rest};

use crate::support::gpus::gpus;
use crate::support::noise::Noise;
use crate::support::scripted::Scripted;

const ROWS: usize = 97;
/// More than any backend reads in one piece, so that an overflow comes after pieces that fit.
const POSITIONS: usize = 300;
const LAYERS: usize = 2;
/// Whole blocks of every quantised precision.
const WIDTH: usize = 64;

fn config() -> Config {
    Config {
        vocab_size: ROWS,
        n_positions: POSITIONS,
        n_embd: WIDTH,
        n_layer: LAYERS,
        n_head: 4,
        n_inner: 4 * WIDTH,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    }
}

/// A model to be tested, and how far its scores may be from themselves when the same tokens are read otherwise.
struct Candidate {
    name: String,
    make: Box<dyn Fn() -> Box<dyn Model>>,
    /// Of the largest score. A model that numbers its arithmetic promises the same bits, so it has none.
    tolerance: f32,
}

/// How far one token at a time may be from many at once where the arithmetic has no number, as candle's: its products sum
/// in another order for one token than for many, and rounding to 8 or 4 bits magnifies the difference.
fn tolerance(model: &dyn Model) -> f32 {
    if model.arithmetic() != 0 {
        return 0.0;
    }
    match model.precision() {
        Precision::F32 => 1e-5,
        Precision::F16 | Precision::Bf16 => 1e-2,
        Precision::Q8 | Precision::Q4 => 3e-2,
    }
}

fn noise() -> Noise {
    Noise { width: WIDTH, vocabulary: ROWS, positions: POSITIONS }
}

fn on_cpu(precision: Precision, isa: Isa) -> Box<dyn Model> {
    let options = CpuOptions { precision, threads: 2, isa };
    cpu::load(&config(), &mut noise(), options, &mut |_| (), &mut |_| ()).unwrap()
}

fn on_candle(precision: Precision) -> Box<dyn Model> {
    let device = CandleDevice::Cpu;
    Box::new(CandleModel::load(&config(), &mut noise(), &device, precision, &mut |_| ()).unwrap())
}

/// What the kernels of GPUs have.
const ON_GPUS: [Precision; 3] = [Precision::F32, Precision::F16, Precision::Q8];

fn on_gpu(adapter: &Adapter, precision: Precision, subgroups: bool) -> Box<dyn Model> {
    let options = GpuOptions { precision, subgroups };
    Box::new(gpu::load(adapter, &config(), &mut noise(), options, &mut |_| ()).unwrap())
}

/// Every model there is: a new backend is one line here.
fn backends() -> Vec<Candidate> {
    let mut all = Vec::new();
    let mut add = |name: String, make: Box<dyn Fn() -> Box<dyn Model>>| {
        let tolerance = tolerance(&*make());
        all.push(Candidate { name, make, tolerance });
    };
    add("scripted".into(), Box::new(|| Box::new(Scripted::new(&[5, 9, 33], POSITIONS).with_rows(ROWS))));
    for isa in Isa::available() {
        for precision in Precision::ALL {
            let name = format!("cpu {} {}", isa.name(), precision.name());
            add(name, Box::new(move || on_cpu(precision, isa)));
        }
    }
    for precision in Precision::ALL {
        add(format!("candle cpu {}", precision.name()), Box::new(move || on_candle(precision)));
    }
    for adapter in gpus() {
        for (how, subgroups) in [("gpu", false), ("gpu with subgroups", true)] {
            for precision in ON_GPUS {
                let adapter = adapter.clone();
                let name = format!("{how} {}", precision.name());
                add(name, Box::new(move || on_gpu(&adapter, precision, subgroups)));
            }
        }
    }
    all
}

fn tokens(count: usize) -> Vec<TokenId> {
    (0..count).map(|it| (it * 37 + it / 7 + 11) as TokenId % ROWS as TokenId).collect()
}

fn last(model: &mut dyn Model, tokens: &[TokenId]) -> Result<Vec<f32>, ModelError> {
    let mut row = vec![0.0; ROWS];
    model.extend(tokens, Scores::Last(&mut row), &mut || true)?;
    Ok(row)
}

impl Candidate {
    /// Whether two rows are the same, as far as this precision can tell.
    fn is_same(&self, a: &[f32], b: &[f32]) -> bool {
        let largest = a.iter().fold(0.0_f32, |top, it| top.max(it.abs())).max(1e-3);
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= self.tolerance * largest)
    }
}

type Property = (&'static str, fn(&Candidate) -> bool);

/// What every model promises.
const PROPERTIES: &[Property] = &[
    ("token by token", |it| {
        [1, 2, 3, 4, 5, 8, 13, 64, 126, 127, 128, 129, 130, 257].into_iter().all(|count| {
            let tokens = tokens(count);
            let whole = last(&mut *(it.make)(), &tokens).unwrap();
            let mut model = (it.make)();
            let single = tokens.chunks(1).map(|token| last(&mut *model, token).unwrap()).last().unwrap();
            it.is_same(&whole, &single) && model.position() == count
        })
    }),
    ("after a rewind", |it| {
        let tokens = tokens(140);
        let whole = last(&mut *(it.make)(), &tokens).unwrap();
        [1, 3, 40, 127, 128, 136, 139].into_iter().all(|kept| {
            let mut model = (it.make)();
            last(&mut *model, &tokens[..kept]).unwrap();
            last(&mut *model, &[1, 2, 3, 4]).unwrap();
            model.rewind(kept);
            let after = last(&mut *model, &tokens[kept..]).unwrap();
            // What lies behind the context is no place to go back to.
            model.rewind(1000);
            it.is_same(&whole, &after) && model.position() == 140
        })
    }),
    ("each", |it| {
        let tokens = tokens(140);
        let mut rows = Vec::new();
        let mut hear = |index: usize, row: &[f32]| rows.push((index, row.to_vec()));
        (it.make)().extend(&tokens, Scores::Each(&mut hear), &mut || true).unwrap();
        let is_in_order = rows.iter().enumerate().all(|(n, row)| row.0 == n);
        let at = |n: usize| last(&mut *(it.make)(), &tokens[..=n]).unwrap();
        is_in_order && rows.len() == 140 && [0, 5, 139].into_iter().all(|n| it.is_same(&rows[n].1, &at(n)))
    }),
    ("several", |it| {
        let prefix = tokens(20);
        let all: [Vec<TokenId>; 5] = [1, 0, 260, 3, 140].map(|count| tokens(count + 7)[7..].to_vec());
        let several: Vec<&[TokenId]> = all.iter().map(Vec::as_slice).collect();
        let mut model = (it.make)();
        last(&mut *model, &prefix).unwrap();
        let mut rows: Vec<Vec<Vec<f32>>> = vec![Vec::new(); all.len()];
        let mut hear = |which: usize, index: usize, row: &[f32]| {
            assert_eq!(index, rows[which].len());
            rows[which].push(row.to_vec());
        };
        model.extend_several(&several, &mut hear, &mut || true).unwrap();
        let is_whole = rows.iter().zip(&all).all(|(rows, tokens)| rows.len() == tokens.len());
        let alone =
            |which: usize, index: usize| last(&mut *(it.make)(), &[&prefix, &all[which][..=index]].concat()).unwrap();
        let places = [(0, 0), (2, 0), (2, 127), (2, 259), (3, 2), (4, 0), (4, 139)];
        let is_same = places.into_iter().all(|(which, at)| it.is_same(&rows[which][at], &alone(which, at)));
        let long = tokens(POSITIONS - 19);
        let over = model.extend_several(&[&[1], &long], &mut |_, _, _| panic!("heard"), &mut || true);
        let is_over = matches!(over, Err(ModelError::ContextFull { wanted: 301, capacity: POSITIONS }));
        let unknown = model.extend_several(&[&[1], &[97]], &mut |_, _, _| panic!("heard"), &mut || true);
        let is_unknown = matches!(unknown, Err(ModelError::UnknownToken { token: 97, .. }));
        let left = model.extend_several(&several, &mut |_, _, _| (), &mut || false);
        let is_left = matches!(left, Err(ModelError::Interrupted)) && model.position() == 20;
        let on = last(&mut *model, &[3]).unwrap();
        let expected = last(&mut *(it.make)(), &[&*prefix, &[3]].concat()).unwrap();
        is_whole && is_same && is_over && is_unknown && is_left && it.is_same(&on, &expected)
    }),
    ("precision", |it| {
        let model = (it.make)();
        it.name == "scripted" || it.name.ends_with(&format!(" {}", model.precision().name()))
    }),
    ("rows", |it| {
        let mut model = (it.make)();
        let row = last(&mut *model, &tokens(9)).unwrap();
        match model.capabilities().rows {
            Rows::Logits => row.iter().all(|it| it.is_finite()),
            Rows::Likeliest => (0.0..1.0).contains(&rest(&row)) && row.iter().any(|it| it.is_finite()),
        }
    }),
    ("branches", |it| {
        let tokens = tokens(20);
        let mut model = (it.make)();
        last(&mut *model, &tokens).unwrap();
        model.branch(3).unwrap();
        let ways: [[TokenId; 2]; 3] = [[1, 2], [3, 4], [5, 6]];
        let mut scores = vec![0.0; 3 * ROWS];
        for step in 0..2 {
            model.step(&ways.map(|it| it[step]), &mut scores).unwrap();
        }
        let alone = |way: &[TokenId]| last(&mut *(it.make)(), &[&tokens, way].concat()).unwrap();
        let all = (0..3).all(|n| it.is_same(&scores[n * ROWS..(n + 1) * ROWS], &alone(&ways[n])));
        let wrong = model.step(&[1], &mut scores[..ROWS]);
        let is_refused = matches!(wrong, Err(ModelError::Branches { found: 1, expected: 3 }));
        model.keep(1);
        let on = last(&mut *model, &[7]).unwrap();
        all && is_refused && model.position() == 23 && it.is_same(&on, &alone(&[3, 4, 7]))
    }),
    ("branches of their own lengths", |it| {
        let mut model = (it.make)();
        let prefix = tokens(20);
        last(&mut *model, &prefix).unwrap();
        model.branch(4).unwrap();
        let mut scores = vec![-1.0; 4 * ROWS];
        let all: [Vec<TokenId>; 4] = [1, 0, 260, 140].map(|count| tokens(count + 7)[7..].to_vec());
        let several: Vec<&[TokenId]> = all.iter().map(Vec::as_slice).collect();
        let outcome = model.grow(&several, &mut scores, &mut || true);
        if it.name == "scripted" {
            return matches!(outcome, Err(ModelError::Unsupported { .. }));
        }
        outcome.unwrap();
        let alone = |texts: &[&[TokenId]]| last(&mut *(it.make)(), &[&[&*prefix], texts].concat().concat()).unwrap();
        let row = |scores: &[f32], which: usize| scores[which * ROWS..(which + 1) * ROWS].to_vec();
        let is_same = [0, 2, 3].into_iter().all(|which| it.is_same(&row(&scores, which), &alone(&[&all[which]])));
        let is_left = row(&scores, 1).iter().all(|it| *it == -1.0);
        // One overflows, one has a token that is none, nobody wants it: nothing changes.
        let before = scores.clone();
        let over = model.grow(&[&[1], &[], &tokens(21), &[]], &mut scores, &mut || true);
        let is_over = matches!(over, Err(ModelError::ContextFull { wanted: 301, capacity: POSITIONS }));
        let unknown = model.grow(&[&[1], &[97], &[], &[]], &mut scores, &mut || true);
        let is_unknown = matches!(unknown, Err(ModelError::UnknownToken { token: 97, .. }));
        let several: [&[TokenId]; 4] = [&[3], &[5], &[], &[2, 9]];
        let stopped = model.grow(&several, &mut scores, &mut || false);
        let is_stopped = matches!(stopped, Err(ModelError::Interrupted)) && scores == before;
        let wrong = model.grow(&several[..3], &mut scores, &mut || true);
        let is_refused = matches!(wrong, Err(ModelError::Branches { found: 3, expected: 4 }));
        model.grow(&several, &mut scores, &mut || true).unwrap();
        let goes_on =
            [0, 1, 3].into_iter().all(|which| it.is_same(&row(&scores, which), &alone(&[&all[which], several[which]])));
        let stays = row(&scores, 2) == row(&before, 2);
        model.keep(3);
        let on = last(&mut *model, &[7]).unwrap();
        let is_kept = model.position() == 163 && it.is_same(&on, &alone(&[&all[3], &[2, 9, 7]]));
        is_same && is_left && is_over && is_unknown && is_stopped && is_refused && goes_on && stays && is_kept
    }),
    ("overflow", |it| {
        let mut model = (it.make)();
        last(&mut *model, &tokens(10)).unwrap();
        let before = model.position();
        let refused = last(&mut *model, &tokens(POSITIONS - 9));
        let is_refused = matches!(refused, Err(ModelError::ContextFull { wanted: 301, capacity: POSITIONS }));
        let stays = model.position() == before;
        let on = last(&mut *model, &[3]).unwrap();
        let expected = last(&mut *(it.make)(), &[&*tokens(10), &[3]].concat()).unwrap();
        // The last position can be used.
        let mut full = (it.make)();
        let fits = last(&mut *full, &tokens(POSITIONS)).is_ok() && full.position() == POSITIONS;
        full.branch(2).unwrap();
        let over = full.step(&[1, 2], &mut vec![0.0; 2 * ROWS]);
        let is_over = matches!(over, Err(ModelError::ContextFull { .. }));
        is_refused && stays && it.is_same(&on, &expected) && fits && is_over && full.position() == POSITIONS
    }),
    ("unknown token", |it| {
        let mut model = (it.make)();
        let mut wrong = tokens(270);
        wrong[265] = ROWS as TokenId;
        let refused = last(&mut *model, &wrong);
        let is_refused = matches!(refused, Err(ModelError::UnknownToken { token: 97, vocabulary: ROWS }));
        model.branch(2).unwrap();
        let refused = model.step(&[1, 97], &mut vec![0.0; 2 * ROWS]);
        is_refused && model.position() == 0 && matches!(refused, Err(ModelError::UnknownToken { .. }))
    }),
    ("interrupt", |it| {
        let mut model = (it.make)();
        let mut row = vec![0.0; ROWS];
        let outcome = model.extend(&tokens(290), Scores::Last(&mut row), &mut || false);
        // Nothing need be computed, but whatever the model says of its context is true.
        let position = model.position();
        let on = last(&mut *model, &tokens(290)[position..]).unwrap();
        let expected = last(&mut *(it.make)(), &tokens(290)).unwrap();
        matches!(outcome, Err(ModelError::Interrupted)) && it.is_same(&on, &expected)
    }),
    ("interrupt halfway", |it| {
        let mut model = (it.make)();
        // As often as it asks, but once; a model that never asks is not one that reads for long.
        let mut asked = 0;
        let mut wanted = || {
            asked += 1;
            asked < 5
        };
        let outcome = model.extend(&tokens(290), Scores::None, &mut wanted);
        let position = model.position();
        if outcome.is_err() && position < 290 {
            let rest = last(&mut *model, &tokens(290)[position..]).unwrap();
            return it.is_same(&rest, &last(&mut *(it.make)(), &tokens(290)).unwrap());
        }
        outcome.is_ok() && position == 290
    }),
    ("what it says", |it| {
        let model = (it.make)();
        (model.vocabulary(), model.positions(), model.position()) == (ROWS, POSITIONS, 0)
    }),
    ("probe", |it| {
        let mut model = (it.make)();
        let mut names = Vec::new();
        let outcome = model.probe(&tokens(9), &mut |name, state| names.push((name.to_owned(), state.len())));
        if !model.capabilities().probes {
            return matches!(outcome, Err(ModelError::Unsupported { .. })) && model.position() == 0;
        }
        let state = |name: &str| (name.to_owned(), 9 * WIDTH);
        names == [state("embedding"), state("h.0"), state("h.1")] && model.position() == 9
    }),
];

#[test]
fn every_model_keeps_the_contract() {
    let all = backends();
    assert!(all.len() >= 11);
    let width = all.iter().map(|it| it.name.len()).max().unwrap();
    let names: Vec<&str> = PROPERTIES.iter().map(|it| it.0).collect();
    println!("{:<width$}  {}", "", names.join("  "));
    let mut broken = Vec::new();
    for candidate in &all {
        let mut line = format!("{:<width$}", candidate.name);
        for (name, holds) in PROPERTIES {
            let holds = holds(candidate);
            _ = write!(line, "  {:<1$}", if holds { "yes" } else { "NO" }, name.len());
            if !holds {
                broken.push(format!("{}: {name}", candidate.name));
            }
        }
        println!("{line}");
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The hidden state after each block, by name.
fn states(model: &mut dyn Model) -> BTreeMap<String, Vec<f32>> {
    let mut states = BTreeMap::new();
    model.probe(&tokens(33), &mut |name, state| _ = states.insert(name.to_owned(), state.to_vec())).unwrap();
    states
}

/// A wrong kernel is found by the tensor where it begins: each is compared by its name.
#[test]
fn hidden_states_agree_by_name_between_backends() {
    let expected = states(&mut *on_candle(Precision::F32));
    assert_eq!(expected.keys().collect::<Vec<_>>(), ["embedding", "h.0", "h.1"]);
    for (precision, tolerance) in [
        (Precision::F32, 1e-4),
        (Precision::F16, 2e-3),
        (Precision::Bf16, 2e-2),
        (Precision::Q8, 3e-2),
        (Precision::Q4, 0.3),
    ] {
        let on_cpu = Isa::available().into_iter().map(|isa| (isa.name(), on_cpu(precision, isa)));
        let gpus = gpus().into_iter().filter(|_| ON_GPUS.contains(&precision));
        let on_gpus = gpus.flat_map(|it| [false, true].map(|subgroups| ("gpu", on_gpu(&it, precision, subgroups))));
        for (place, mut model) in on_cpu.chain([("candle", on_candle(precision))]).chain(on_gpus) {
            for (name, state) in states(&mut *model) {
                let largest = expected[&name].iter().fold(0.0_f32, |top, it| top.max(it.abs()));
                let difference = state.iter().zip(&expected[&name]).fold(0.0_f32, |top, (a, b)| top.max((a - b).abs()));
                let share = difference / largest;
                println!("{name} {place} {}: {share:.1e}", precision.name());
                assert!(share <= tolerance, "{name} on {place} {}: {share}", precision.name());
            }
        }
    }
}

/// What is held in blocks is not what 32 bits hold: a backend that says `q4` and holds floats is found out.
#[test]
fn a_precision_is_what_it_says() {
    let exact = last(&mut *on_candle(Precision::F32), &tokens(12)).unwrap();
    for precision in [Precision::F16, Precision::Bf16, Precision::Q8, Precision::Q4] {
        let rounded = last(&mut *on_candle(precision), &tokens(12)).unwrap();
        assert_ne!(exact, rounded, "{}", precision.name());
    }
    // A row that is no whole number of blocks cannot be held in them, and is not held otherwise without a word.
    let (mut noise, narrow) = (Noise { width: 24, ..noise() }, Config { n_embd: 24, n_inner: 96, ..config() });
    for precision in [Precision::Q8, Precision::Q4] {
        let outcome = CandleModel::load(&narrow, &mut noise, &CandleDevice::Cpu, precision, &mut |_| ());
        let error = outcome.err().unwrap();
        assert!(matches!(error, ModelError::Precision { .. }), "{error}");
        assert!(error.to_string().contains("f32, f16 and bf16"), "{error}");
    }
}

/// Weights of which one number is none.
struct Spoilt(&'static str);

impl TensorSource for Spoilt {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let mut raw = noise().tensor(name)?;
        if name == self.0 {
            let last = raw.bytes.len() - 4;
            raw.bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
        }
        Ok(raw)
    }
}

#[test]
fn a_weight_that_is_no_number_is_refused_by_its_name() {
    for name in ["wte.weight", "wpe.weight", "h.1.attn.c_attn.weight", "h.0.mlp.c_fc.bias", "ln_f.weight"] {
        for precision in Precision::ALL {
            let options = CpuOptions { precision, threads: 2, isa: Isa::detect() };
            let on_cpu = cpu::load(&config(), &mut Spoilt(name), options, &mut |_| (), &mut |_| ()).err();
            let device = CandleDevice::Cpu;
            let on_candle = CandleModel::load(&config(), &mut Spoilt(name), &device, precision, &mut |_| ()).err();
            for error in [on_cpu, on_candle] {
                assert!(matches!(&error, Some(ModelError::NotFinite { name: found }) if found == name), "{error:?}");
            }
        }
    }
}

/// More branches than positions: each takes one position only.
#[test]
fn many_branches_fit_a_short_context() {
    let short = Config { n_positions: 4, ..config() };
    let source = || Noise { positions: 4, ..noise() };
    let options = CpuOptions { precision: Precision::F32, threads: 2, isa: Isa::detect() };
    let on_cpu = cpu::load(&short, &mut source(), options, &mut |_| (), &mut |_| ()).unwrap();
    let on_candle = CandleModel::load(&short, &mut source(), &CandleDevice::Cpu, Precision::F32, &mut |_| ()).unwrap();
    let all: [Box<dyn Model>; 2] = [on_cpu, Box::new(on_candle)];
    for mut model in all {
        let mut rows = vec![0.0; 6 * ROWS];
        model.branch(6).unwrap();
        model.step(&[1, 2, 3, 4, 5, 6], &mut rows).unwrap();
        last(&mut *model, &[1, 2, 3, 4]).unwrap();
        model.branch(6).unwrap();
        let over = model.step(&[1, 2, 3, 4, 5, 6], &mut rows);
        assert!(matches!(over, Err(ModelError::ContextFull { wanted: 5, capacity: 4 })), "{over:?}");
    }
}
