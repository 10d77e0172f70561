//! From the files of a checkpoint to the file of the weights: plan, then carry the numbers over.

use std::path::Path;

use crate::checkpoint::gguf::model as gguf;
use crate::checkpoint::hugging_face::{self, Known};
use crate::checkpoint::megatron::{self, Given, Rank};
use crate::checkpoint::{Leaves, Limits, MapError, Plan, TrainingArguments, alarming_calls, has_gpt2_names, subject};

use super::distributed;
use super::locate::Located;
use super::part::{Names, Part};
use super::reading::{Reading, hear};
use super::stage::WEIGHTS;
use super::transfer::Transfer;
use super::vocabulary::Sought;
use super::{ConvertError, Options, Progress, Step};

/// A model whose weights are written.
pub(super) struct Model {
    pub(super) plan: Plan,
    pub(super) notes: Vec<String>,
    pub(super) parameters: u64,
}

/// Reads the located files and writes their weights into the directory `stage`.
pub(super) fn convert_model(
    located: &Located<'_>,
    stage: &Path,
    options: &Options,
    sought: &mut Sought,
    progress: &mut Progress<'_>,
) -> Result<Model, ConvertError> {
    let limits = Limits::default();
    let (parts, plan, mut notes) = open_and_plan(located, stage, options, sought, progress, &limits)?;
    // Before gigabytes are written that cannot be read.
    sought.settle(&plan)?;
    let mut heard = |_, _| Ok(());
    let force = options.force;
    let mut reading = Reading { limits: &limits, force, stage, notes: Vec::new(), heard: &mut heard };
    let mut transfer = Transfer::new(&plan, &parts, stage.join(WEIGHTS), options, progress)?;
    for part in &parts {
        part.feed(&mut reading, &mut transfer)?;
    }
    notes.append(&mut reading.notes);
    notes.append(&mut transfer.finish()?);
    let sizes = plan.targets.iter().map(|target| target.shape.iter().product::<usize>() as u64);
    let parameters = sizes.sum();
    Ok(Model { plan, notes, parameters })
}

fn open_and_plan<'a>(
    located: &Located<'a>,
    stage: &Path,
    options: &Options,
    sought: &Sought,
    progress: &mut Progress<'_>,
    limits: &Limits,
) -> Result<(Vec<Part<'a>>, Plan, Vec<String>), ConvertError> {
    let given = Given { heads: options.heads, vocab: options.vocab, tokens: sought.tokens() };
    let mut heard = |done, total| hear(progress, Step::Reading { done, total });
    let mut reading = Reading { limits, force: options.force, stage, notes: Vec::new(), heard: &mut heard };
    let (parts, plan) = if let Some(directory) = &located.distributed {
        distributed::read(&mut reading, directory, given)?
    } else {
        let mut parts = Vec::new();
        for file in &located.files {
            parts.extend(reading.open(file.name.clone(), file.place, &file.section)?);
        }
        for (number, part) in parts.iter_mut().enumerate() {
            part.number(number);
        }
        let plan = plan(&parts, located, &mut reading.notes, given, limits)?;
        (parts, plan)
    };
    let mut notes = plan.notes.clone();
    notes.append(&mut reading.notes);
    Ok((parts, plan, notes))
}

/// Notes what a file asks to run.
pub(super) fn note_alarming(notes: &mut Vec<String>, part: &Part<'_>) {
    let Names::Pickle(pickle) = &part.names else {
        return;
    };
    for name in alarming_calls(pickle) {
        let note = format!("this file asks to run code (`{name}`); nothing was run");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

fn plan(
    parts: &[Part<'_>],
    located: &Located<'_>,
    notes: &mut Vec<String>,
    given: Given,
    limits: &Limits,
) -> Result<Plan, ConvertError> {
    for part in parts {
        note_alarming(notes, part);
    }
    if let [Part { names: Names::Gguf { header, leaves, is_tied }, .. }] = parts {
        return Ok(gguf::map(header, leaves, *is_tied, given, limits)?);
    }
    let mut ranks = Vec::new();
    let mut all = Leaves::default();
    let mut known = Known { given, ..Known::default() };
    for part in parts {
        match &part.names {
            Names::Pickle(pickle) if megatron::recognise(pickle) && !has_gpt2_names(pickle) => {
                ranks.push(Rank { place: part.place, pickle, storages: &part.storages });
            }
            Names::Pickle(pickle) => {
                all.extend(Leaves::collect(pickle, &part.storages, subject(pickle), limits)?);
                let arguments = TrainingArguments::of(pickle)?;
                known.arguments = known.arguments.or(arguments);
            }
            Names::Plain(leaves) | Names::Gguf { leaves, .. } => all.extend(leaves.clone()),
        }
    }
    if ranks.len() == parts.len() {
        return Ok(megatron::map(&ranks, given, limits)?);
    }
    if !ranks.is_empty() {
        return Err(MapError::NoModel("some of its files are Megatron's and some are not".to_owned()).into());
    }
    known.config = located.config()?;
    Ok(hugging_face::map(&all, &known, limits)?)
}
