//! What the user wants, said by name instead of by a key.

use super::keymap::Action;
use super::knobs::Knob;
use super::messages::topics::Topic;
use super::text::Heat;
use crate::TokenId;
use crate::sample::Settings;
use crate::store::protocol::Format;

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// What a key would do.
    Act(Action),
    /// Set a control to a value as typed.
    Set(Knob, String),
    /// Turn to a control.
    Pick(Knob),
    /// Add a text, and go on from there.
    Send(String),
    /// Add a text, and draw nothing.
    Add(String),
    /// Tell what was looked for.
    Tell(Topic),
    /// Turn to the token at a position; that after the last one is the token not drawn yet.
    Point(usize),
    /// Put a token there and go on.
    Take(TokenId),
    /// Go to the end of the branch that begins with a run of the tree.
    Branch(usize),
    /// Appearance at the text by this.
    Heat(Heat),
    /// Appearance for a token that contains this.
    Find(String),
    /// Look for words in the text.
    FindText(String),
    /// Show the texts of the library that have these words.
    Library(String),
    /// Open a text of the library.
    Open(String),
    /// Answer a question with a few words.
    Name(Question, String),
    /// Write the text as a file.
    Export(Format),
    /// Draw columns under the settings of now and these; without any, as the key does.
    Compare(Vec<Settings>),
    /// Draw the columns again with the same dice instead of their own ones, or the other way round.
    SameDice,
    /// Show the futures without dice, as an exact tree.
    ExactTree,
    /// Draw them with other dice.
    OtherDice,
    /// Go on with a column, or with its first word alone.
    Keep(usize, Length),
    /// Keep every column as a branch.
    KeepAll,
    /// A way out of a loop.
    WayOut(WayOut),
    /// Close what lies over the text.
    Close,
    /// Download the 345M model.
    Download,
    /// Import a checkpoint from a path.
    Import(String),
    /// Start with an installed model, by its place among those that are offered.
    StartWith(usize),
    /// Do with the demo, and ask no more.
    DemoOnly,
    /// Go over to the model that is ready.
    SwitchModel,
    /// End what the installer does.
    StopInstall,
}

/// What is asked for in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// What the text is called.
    Title,
    /// Under which words it is filed.
    Tags,
    /// What the mark under the cursor is called.
    Bookmark,
}

/// A way out of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Back there, and on with what breaks repetitions.
    Differently,
    /// Back there.
    Back,
    /// On, and no more questions.
    On,
    /// As it is.
    Leave,
}

/// How much of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// All that was drawn.
    Whole,
    /// The first word.
    Word,
}
