//! Completion in shells. A script tells the shell to ask the program at each Tab, and it answers from the one definition
//! of its flags.

use std::io::{self, Write as _};

use clap::{CommandFactory as _, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
use clap_complete_nushell::Nushell;

use super::Arguments;
use crate::output;
use crate::text::visible;

/// The variable by which a script asks the program, and says for which shell.
const VARIABLE: &str = "MEGACHAT_COMPLETE";

/// What scripts call, wherever it is installed.
const PROGRAM: &str = "megachat";

/// The function that zsh finds by the name of its file must complete as well when it is loaded, which is at the first Tab.
const ZSH_AUTOLOADED: &str =
    "\nif [ \"$funcstack[1]\" = \"_megachat\" ]; then\n    _clap_dynamic_completer_megachat \"$@\"\nfi\n";

/// What bash does before it asks.
const BASH_JOINED: &str = include_str!("joined.bash");

/// A shell that a script is made for, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the shell of that name")]
pub enum ShellName {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Nushell,
}

impl ShellName {
    /// The script that makes the shell complete what is typed behind `megachat`.
    ///
    /// # Errors
    ///
    /// None that a script in memory could have.
    pub fn script(self) -> io::Result<String> {
        let mut script = Vec::new();
        let mut register =
            |shell: &dyn EnvCompleter| shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script);
        match self {
            Self::Bash => {
                register(&Bash)?;
                script.extend_from_slice(BASH_JOINED.as_bytes());
            }
            Self::Fish => register(&Fish)?,
            Self::Powershell => register(&Powershell)?,
            Self::Zsh => {
                register(&Zsh)?;
                script.extend_from_slice(ZSH_AUTOLOADED.as_bytes());
            }
            Self::Nushell => clap_complete::generate(Nushell, &mut Arguments::command(), PROGRAM, &mut script),
        }
        String::from_utf8(script).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }
}

/// Answers a shell that asks what could stand on its command line; the exit status if one does. To be called before all
/// else: it opens nothing but directories, and prints nothing but candidates.
#[must_use]
pub fn answer_a_shell() -> Option<u8> {
    let directory = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(Arguments::command).var(VARIABLE).bin(PROGRAM).completer(PROGRAM);
    match asked.try_complete(std::env::args_os(), directory.as_deref()) {
        Ok(is_answered) => is_answered.then_some(0),
        Err(error) => {
            // Standard error may have no reader; the status says it too.
            let _ = writeln!(output::stderr(), "megachat: {}", visible(&error.to_string()));
            Some(1)
        }
    }
}
