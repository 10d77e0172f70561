//! From the command line to the interface or to a command.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, ValueEnum as _};

use crate::app::Start;
use crate::app::keymap::Keymap;
use crate::app::models::{Installed, WrittenBy};
use crate::app::tour::Tour;
use crate::cli::{
    Arguments, MeaningError, ModelFormat, Verb, answer_a_shell, drop_words_without_meaning, error_json, wants_json,
};
use crate::command::{self, Exit, find_model, places};
use crate::document::{Document, Vocabularies};
use crate::emergency::{self, NO_MEMORY};
use crate::engine::protocol::Said;
use crate::engine::{devices, known};
use crate::gpt2::gpu;
use crate::install::convert::Options;
use crate::manifest::{DEMO, MEGATRON_345M};
use crate::memory;
use crate::output;
use crate::shell::{self, End, Outcome, Session, Trouble};
use crate::store::config::{LoadedConfig, load_config, load_state, some};
use crate::store::opening::Recorded;
use crate::store::paths::Paths;
use crate::store::{history, models};
use crate::text::{visible, visible_name, visible_path};

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(code) = answer_a_shell() {
        return ExitCode::from(code);
    }
    if let Err(why) = emergency::prepare() {
        let _ = writeln!(output::stderr(), "megachat: {why}");
        return ExitCode::from(NO_MEMORY);
    }
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !gpu::panic_is_caught() {
            output::undivert_libraries();
            default(info);
        }
    }));
    memory::refuse_beyond_the_group();
    let arguments = Arguments::read();
    let result = dispatch(&arguments).and_then(|code| output::lost().map_or(Ok(code), |error| Err(error.into())));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(exit) => {
            if !exit.message.is_empty() {
                // Standard error may have no reader; the status says it too.
                let _ = if wants_json() {
                    writeln!(output::stderr(), "{}", error_json(&exit.message, exit.code))
                } else {
                    writeln!(output::stderr(), "megachat: {}", visible(&exit.message))
                };
            }
            ExitCode::from(exit.code)
        }
    }
}

fn dispatch(arguments: &Arguments) -> Result<u8, Exit> {
    if let Some(told) = command::document(arguments) {
        return told.map(|()| 0);
    }
    let mut paths = Paths::from_environment().map_err(|e| Exit::failed(e.to_string()))?;
    if let Some(file) = &arguments.files.config {
        if !file.exists() {
            return Err(Exit::usage(format!("there is no configuration file {}", visible_path(file))));
        }
        paths.config_file.clone_from(file);
    }
    output::log_libraries_in(paths.state.join("megachat.log"));
    devices::remember_in(&paths.state);
    known::keep_in(&paths.packed);
    let mut loaded = load_config(&paths.config_file);
    let words = drop_words_without_meaning(&mut loaded.config);
    loaded.has_errors |= !words.is_empty();
    loaded.problems.extend(words.iter().map(|it| format!("{}: {it}", visible_path(&paths.config_file))));
    let (keymap, problems) = Keymap::with(&loaded.config.keys);
    let of_keys = |it: &String| format!("{}: {it}", visible_path(&paths.config_file));
    loaded.problems.extend(some(&problems, "problems of [keys]", of_keys));
    let front = if arguments.verb.is_none() { front(arguments, loaded.config.plain.unwrap_or(false)) } else { None };
    if front.is_none() {
        // Who asks for silence has errors told nevertheless.
        for problem in loaded.problems.iter().filter(|_| loaded.has_errors || !arguments.output.quiet) {
            command::say(&format!("megachat: {problem}"));
        }
        if loaded.has_errors && uses_configuration(arguments) {
            let why = "the configuration cannot be used as it is; nothing was done";
            return Err(Exit::usage(format!("{why}: {}", visible_path(&paths.config_file))));
        }
    }
    match &arguments.verb {
        Some(Verb::Convert { input, output, heads, vocab, tokenizer, dtype, bare_names, force }) => {
            let (dtype, tokenizer) = (dtype.map(Into::into), tokenizer.clone());
            let (heads, vocab, bare_names, force) = (*heads, *vocab, *bare_names, *force);
            let options = Options { heads, vocab, tokenizer, dtype, bare_names, force };
            command::convert(input, output, &options)?;
        }
        Some(Verb::Export { model, file, to: ModelFormat::Gguf, dtype, heads, tokenizer, force }) => {
            let said = Said { tokenizer: tokenizer.clone(), heads: *heads };
            command::export(model, file, dtype.kind(), *force, &said, &arguments.files, &paths)?;
        }
        Some(Verb::Score(wanted)) => command::score(wanted, &arguments.files, &loaded.config, &paths)?,
        Some(Verb::Eval { verb }) => command::eval(verb, &arguments.files, &loaded.config, &paths)?,
        Some(Verb::Guess(wanted)) => command::guess(wanted, &arguments.files, &loaded.config, &paths)?,
        Some(Verb::Replay(wanted)) => command::replay(wanted, &arguments.files, &loaded.config, &paths)?,
        Some(Verb::Bench(wanted)) => command::bench(wanted, &arguments.files, &loaded.config, &paths)?,
        Some(Verb::Model { verb }) => command::model(verb, arguments, &loaded.config, &paths)?,
        Some(Verb::Cache { verb }) => command::cache(*verb, &arguments.files, &paths)?,
        Some(Verb::Doctor { json }) => command::doctor(*json, &arguments.files, &loaded, &paths)?,
        Some(Verb::Transcripts { verb }) => command::transcripts(verb, &paths)?,
        Some(Verb::Config { verb }) => command::config(*verb, arguments, &loaded, &paths)?,
        Some(Verb::Completions { .. } | Verb::Man { .. }) => {}
        None => {
            misplaced_verb(arguments)?;
            if arguments.interface.tour.is_some() && front != Some(Front::Screen) {
                return Err(Exit::usage(
                    "a tour is on the screen: --tour needs a terminal on both sides, and no --plain",
                ));
            }
            if let Some(front) = front {
                return open_interface(arguments, loaded, keymap, paths, front);
            }
            if arguments.interface.resume.is_some() {
                let why = "--resume needs the interface: a terminal on both sides, or --plain, and no --print";
                return Err(Exit::usage(why));
            }
            command::generate(arguments, &loaded.config, &paths, random_seed())?;
        }
    }
    Ok(0)
}

/// Whether what is asked for depends on values of the configuration. The others, of which two tell what is wrong with it,
/// do what they do without.
fn uses_configuration(arguments: &Arguments) -> bool {
    matches!(&arguments.verb, None | Some(Verb::Score(_) | Verb::Eval { .. } | Verb::Replay(_) | Verb::Bench(_)))
}

/// A verb behind a flag is read as the beginning of a text, which is hardly ever meant.
fn misplaced_verb(arguments: &Arguments) -> Result<(), Exit> {
    // With --print any word is text.
    if arguments.output.print {
        return Ok(());
    }
    let first = arguments.prompt.first().map(String::as_str).unwrap_or_default();
    let command = Arguments::command();
    if command.find_subcommand(first).is_none() {
        return Ok(());
    }
    Err(Exit::usage(format!(
        "`{first}` stands behind a flag; a verb comes first, and its flags behind it: megachat {first} ... \
         If it is a text to go on from, write it with more of the text in one pair of quotes, or on standard input"
    )))
}

/// A front end of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    /// The whole terminal.
    Screen,
    /// Lines.
    Plain,
}

/// Which front end to open, if any: with a terminal on both sides, unless something asks for output. Lines are read from
/// anything where the command line asks for them; a choice made once and for all leaves pipes what they are.
fn front(arguments: &Arguments, configured: bool) -> Option<Front> {
    let (output, interface) = (&arguments.output, &arguments.interface);
    if output.prints() || arguments.prompt.iter().any(|it| it == "-") {
        return None;
    }
    if interface.plain_here {
        return Some(Front::Plain);
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return None;
    }
    let is_dumb = std::env::var_os("TERM").is_none_or(|it| it == "dumb" || it.is_empty());
    Some(if interface.plain || configured || is_dumb { Front::Plain } else { Front::Screen })
}

fn open_interface(
    arguments: &Arguments,
    loaded: LoadedConfig,
    keymap: Keymap,
    paths: Paths,
    front: Front,
) -> Result<u8, Exit> {
    let LoadedConfig { config, mut problems, has_errors } = loaded;
    if has_errors {
        problems.push("What the configuration says wrongly is at its default.".to_owned());
    }
    let usage = |e: MeaningError| Exit::usage(e.to_string());
    let (mut settings, seed) = arguments.sampling.settings(&config).map_err(usage)?;
    settings.seed = seed.unwrap_or_else(random_seed);
    let resumed = arguments.interface.resume.as_ref().map(|id| command::resume::open(id, &paths)).transpose()?;
    // A transcript goes on as before, dice and model included, but for what the user says now.
    let mut recorded_model = None;
    if let Some(it) = &resumed {
        if let Some(recorded) = it.1.document.settings() {
            settings = arguments.sampling.over(recorded.clone()).map_err(usage)?;
        }
        if arguments.model.model.is_none() {
            recorded_model = command::resume::model(&it.1)?;
        }
    }
    let places = places(&paths, &arguments.files);
    let tour = tour(arguments)?;
    let wanted = tour.map(|_| DEMO).or(arguments.model.model.as_deref()).or(config.model.as_deref());
    let (device, precision) = arguments.model.place(&config, tour.is_some()).map_err(usage)?;
    let ask = wanted.is_none() && resumed.is_none();
    let (name, directory) = match recorded_model {
        Some(it) => it,
        None => find_model(&paths, wanted)?,
    };
    let (mut document, mut vocabularies, mut open, mut written_by) =
        (Document::default(), Vocabularies::default(), None, None);
    let mut id = None;
    if let Some((appender, it)) = resumed {
        (document, vocabularies, open) = (it.document, it.vocabularies, Some(appender));
        id = Some(it.id);
        // Who asks for another model knows that it has other weights.
        written_by = it.written_by.filter(|_| arguments.model.model.is_none());
        problems.extend(it.problems);
    }
    let has_345m = models::find(&paths.models, MEGATRON_345M).is_some();
    let answered = load_state(&paths.state).demo_only || command::remembered_model(&paths).is_some();
    let asks = ask && !has_345m && !answered && io::stdin().is_terminal();
    let start = Start {
        id,
        settings,
        model: directory.map(|it| (name, it)),
        ask: asks,
        installed: if asks { installed(&paths) } else { Vec::new() },
        has_345m,
        draft: arguments.prompt.join(" "),
        chat: arguments.interface.chat,
        document,
        vocabularies,
        written_by: written_by.map(|it: Recorded| WrittenBy { sha256: it.sha256, name: it.name, device: it.device }),
        said: arguments.model.said(),
        size: (80, 24),
        appearance: arguments.interface.appearance(&config, |name| std::env::var(name).ok()).map_err(usage)?,
        device,
        precision,
        threads: arguments.model.threads,
        free: crate::files::disk::free_bytes(&paths.models).ok(),
        sources: places.sources.iter().map(|it| it.label.clone()).collect(),
        transcripts: visible_path(&paths.transcripts),
        notices: problems,
        keymap: if front == Front::Plain { Keymap::written() } else { keymap },
        history: history::load(&history::file(&paths.state)),
        vi: arguments.interface.vi(&config).map_err(usage)?,
        mouse: arguments.interface.mouse(&config),
        tour,
    };
    let (save, quiet) = (!arguments.interface.no_save, arguments.output.quiet);
    run_interface(Session { paths, places, save, open, mouse: start.mouse, start }, front, quiet)
}

/// The tour that is asked for.
fn tour(arguments: &Arguments) -> Result<Option<Tour>, Exit> {
    let named = arguments.interface.tour.and_then(|it| Tour::named(it.to_possible_value()?.get_name()));
    if named.is_some() && arguments.model.model.as_deref().is_some_and(|it| it != DEMO) {
        return Err(Exit::usage("a tour is written for the demo model: leave --model and MEGACHAT_MODEL out"));
    }
    Ok(named)
}

/// The installed models that the question of the first run offers.
fn installed(paths: &Paths) -> Vec<Installed> {
    let found = models::installed(&paths.models).unwrap_or_default().into_iter();
    let others = found.filter(|it| it.name != DEMO);
    others.map(|it| Installed { name: it.name, directory: it.directory, bytes: it.bytes }).collect()
}

/// Runs a front end to its end, and says where the text is; answers the status of the process.
fn run_interface(session: Session, front: Front, quiet: bool) -> Result<u8, Exit> {
    shell::install_panic_hook(session.paths.state.join("megachat.log"));
    let directory = session.paths.transcripts.clone();
    let Outcome { end, saved, kept } = match front {
        Front::Screen => shell::run(session),
        Front::Plain => shell::run_plain(session),
    }
    .map_err(|trouble| match trouble {
        Trouble::Terminal(error) if front == Front::Plain => error.into(),
        Trouble::Thread(error) => Exit { code: NO_MEMORY, message: error.to_string() },
        Trouble::Terminal(_) => Exit::failed(trouble.to_string()),
    })?;
    for it in kept {
        command::say(&it);
    }
    if saved.lost > 0 {
        let message = format!(
            "the last {} changes of the transcript could not be written to {}",
            saved.lost,
            visible_path(&directory)
        );
        return Err(Exit { code: 74, message });
    }
    if let Some(path) = saved.written.filter(|_| !quiet) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (path, name) = (visible_path(&path), visible_name(&name));
        command::say(&format!("The text is in {path}; megachat --resume {name} goes on with it."));
    }
    Ok(match end {
        End::Quit => 0,
        End::WithoutModel(failure) => command::engine_exit(&failure).code,
        End::NotText(why) => return Err(Exit::failed(format!("standard input cannot be used: {why}"))),
        End::Signal(number) => u8::try_from(128 + number).unwrap_or(1),
    })
}

/// A seed that was not chosen: short enough to be read aloud, different at each start.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id()) % 1_000_000
}
