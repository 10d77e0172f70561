//! The line mode's loop: lines and events in, text out.

use std::io::{self, IsTerminal as _, Write as _, stdin};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Instant;

use super::effect_runner::EffectRunner;
use super::signals::{self, Watched};
use super::{End, Input, Outcome, Session, Trouble, lines, patience};
use crate::app::{Msg, Plain};
use crate::engine::protocol::Event;
use crate::output;

/// What layout there is to be nowhere seen is made for this size.
const SIZE: (u16, u16) = (80, 24);

/// Runs the line mode until the user leaves, or the lines end and what they began has ended too.
///
/// # Errors
///
/// If standard output cannot be written, for another reason than that its reader is gone, or the system gives no threads.
pub fn run_plain(session: Session) -> Result<Outcome, Trouble> {
    let at_terminal = stdin().is_terminal();
    let (sender, inbox) = channel();
    let (permits, permitted) = channel();
    signals::listen(sender.clone(), if at_terminal { Watched::Lines } else { Watched::Pipe })?;
    lines::listen(sender.clone(), permitted)?;
    let began = Instant::now();
    let (mut app, mut runner) = EffectRunner::start(session, SIZE, sender)?;
    let mut plain = Plain::new(at_terminal);
    plain.begin(&mut app);
    let (mut reads, mut without) = (false, None);
    let result = loop {
        runner.act(plain.step(&mut app, began.elapsed()));
        if let Err(error) = write(&plain.take()) {
            break match error.kind() {
                io::ErrorKind::BrokenPipe => Ok(End::Quit),
                // The thread that watches it may not have said so yet.
                _ if at_terminal && signals::is_gone() => Ok(End::Signal(1)),
                _ => Err(error),
            };
        }
        if std::mem::take(&mut runner.suspend) {
            suspend()?;
        }
        if let Some(end) = runner.end.take() {
            break Ok(end);
        }
        if !reads && plain.wants_a_line(&app) {
            reads = permits.send(()).is_ok();
        }
        let first = match inbox.recv_timeout(patience(&app, began)) {
            Ok(it) => it,
            Err(RecvTimeoutError::Timeout) => Input::Msg(Msg::Tick),
            Err(RecvTimeoutError::Disconnected) => break Ok(End::Quit),
        };
        // All that waits is taken at once; but a flood must not keep the text from being written.
        for input in [first].into_iter().chain(inbox.try_iter().take(256)) {
            match input {
                Input::Msg(msg) => {
                    match &msg {
                        Msg::Engine(Event::Failed { failure, .. }) if failure.is_of_loading() => {
                            without = Some(End::WithoutModel(failure.clone()));
                        }
                        Msg::Engine(Event::Loaded { .. }) => without = None,
                        _ => {}
                    }
                    runner.act(plain.hear(&mut app, msg, began.elapsed()));
                }
                Input::Interrupt => runner.act(plain.interrupt(&mut app, began.elapsed())),
                Input::Line(line) => {
                    reads = false;
                    plain.line(&line);
                }
                Input::NotText(why) if at_terminal => plain.refuse(&format!("That line is not sent: {why}.")),
                // What follows was written for what this line says.
                Input::NotText(why) => runner.end = Some(End::NotText(why)),
                Input::LastLine => plain.end(),
                // Of the screen alone.
                Input::Edited(_) | Input::NotCopied { .. } | Input::Stop => {}
                Input::Signal(number) => runner.end = Some(End::Signal(number)),
                Input::TerminalGone => runner.end = Some(End::Signal(1)),
            }
        }
    };
    let saved = runner.save();
    runner.quit();
    // The sender of the lines has nothing else to see it by.
    let end = |end| without.filter(|_| end == End::Quit).unwrap_or(end);
    Ok(Outcome { end: end(result?), saved, kept: Vec::new() })
}

fn write(text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut out = output::stdout()?;
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Stops the process as the shell's Ctrl-Z does; returns when it is continued.
fn suspend() -> io::Result<()> {
    #[cfg(unix)]
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
    Ok(())
}
