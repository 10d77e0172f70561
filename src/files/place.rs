//! What is opened, by the part it plays.

/// A part that a file plays. Each names what it is in messages, and how many bytes are read of it at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// What is recorded of an installed model.
    Manifest,
    /// A model's `config.json`.
    ModelConfig,
    /// A tokenizer's files and other small ones beside the weights.
    SmallFile,
    /// The numbers of a model: safetensors, torch files, archives.
    Weights,
    /// Any file of an installed model, to be hashed.
    ModelFile,
    /// Packed weights.
    Packed,
    /// The hashes of weights that were read before.
    Hashes,
    /// A file that a model is made of while it is installed.
    Made,
    /// A transcript.
    Transcript,
    /// The torn last line of a transcript.
    Torn,
    /// The words of a transcript.
    KeptVocabulary,
    /// The index of the transcripts.
    Index,
    /// `config.toml`.
    Configuration,
    /// `state.toml`.
    State,
    /// How far an evaluation has come.
    Evaluation,
    /// What was sent.
    History,
    /// The lock of what was sent.
    HistoryLock,
    /// The lock of a download or of a model that is made.
    Lock,
    /// The lock in a directory in which a model is made.
    StageLock,
    /// What has arrived of a download.
    Part,
    /// Whose bytes have arrived, or what is known of a finished download.
    DownloadNote,
    /// A finished download.
    Download,
    /// Certificates.
    Certificates,
    /// What comes back from the user's editor.
    Edited,
    /// The program's log.
    Log,
    /// A text that is named on the command line.
    Text,
    /// What figures are of, in a file that is named on the command line.
    Sidecar,
    /// What the system says of the process.
    ProcessStatus,
}

impl Place {
    /// Every part.
    pub const ALL: [Self; 28] = [
        Self::Manifest,
        Self::ModelConfig,
        Self::SmallFile,
        Self::Weights,
        Self::ModelFile,
        Self::Packed,
        Self::Hashes,
        Self::Made,
        Self::Transcript,
        Self::Torn,
        Self::KeptVocabulary,
        Self::Index,
        Self::Configuration,
        Self::State,
        Self::Evaluation,
        Self::History,
        Self::HistoryLock,
        Self::Lock,
        Self::StageLock,
        Self::Part,
        Self::DownloadNote,
        Self::Download,
        Self::Certificates,
        Self::Edited,
        Self::Log,
        Self::Text,
        Self::Sidecar,
        Self::ProcessStatus,
    ];

    /// What it is in words, with an article where it needs one.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Manifest => "a model's manifest",
            Self::ModelConfig => "a config.json",
            Self::SmallFile => "a tokenizer's file",
            Self::Weights => "weights at once",
            Self::ModelFile | Self::Made => "a model's file",
            Self::Packed => "packed weights",
            Self::Hashes => "hashes of weights",
            Self::Transcript => "a transcript",
            Self::Torn => "a torn line",
            Self::KeptVocabulary => "a vocabulary",
            Self::Index => "the index of transcripts",
            Self::Configuration => "a configuration",
            Self::State => "what is remembered",
            Self::Evaluation => "an evaluation",
            Self::History => "what was sent",
            Self::HistoryLock | Self::Lock | Self::StageLock => "a lock",
            Self::Part | Self::Download => "a download at once",
            Self::DownloadNote => "a download's note",
            Self::Certificates => "certificates",
            Self::Edited => "an edited text",
            Self::Log => "the log",
            Self::Text => "a text",
            Self::Sidecar => "what figures are of",
            Self::ProcessStatus => "the state of the process",
        }
    }

    /// The most bytes that are read at once: some times what any sound file has, and little enough to be held in memory.
    #[must_use]
    pub const fn most(self) -> u64 {
        match self {
            Self::HistoryLock | Self::Lock | Self::StageLock => 1 << 10,
            Self::State
            | Self::Evaluation
            | Self::Hashes
            | Self::DownloadNote
            | Self::ProcessStatus
            | Self::Sidecar => 1 << 20,
            Self::Configuration | Self::ModelConfig | Self::History => 4 << 20,
            Self::Manifest | Self::Certificates | Self::Torn | Self::Edited | Self::Text | Self::Log => 64 << 20,
            Self::SmallFile | Self::ModelFile | Self::Made | Self::Weights | Self::Part | Self::Download => 128 << 20,
            Self::KeptVocabulary | Self::Packed | Self::Index => 256 << 20,
            Self::Transcript => 1 << 30,
        }
    }

    /// Whether a file that is made here is the user's alone to read: people write to a model what they would not publish.
    #[must_use]
    pub const fn is_private(self) -> bool {
        !matches!(self, Self::Made | Self::Part | Self::Lock | Self::StageLock | Self::Packed | Self::Sidecar)
    }
}
