//! Which tokenizer it is by its class: what a class adds of its own, and which ones are of another kind.
//!
//! Source: the `tokenization_*.py` of Hugging Face transformers 5.24.

use serde_json::{Map, Value};

use super::definition::short;
use super::error::VocabularyError;
use super::given::{VocabularyFiles, object};

/// The tokenizer classes that have GPT-2's mark where no file names one.
const WITH_END_OF_TEXT: [&str; 3] = ["GPT2Tokenizer", "CodeGenTokenizer", "GPTNeoXTokenizer"];

/// The tokenizer classes that add nothing of their own to `vocab.json` and `merges.txt`.
const PLAIN: [&str; 5] =
    ["PreTrainedTokenizer", "TokenizersBackend", "PythonBackend", "AutoTokenizer", "PreTrainedTokenizerBase"];

/// Classes of byte-level BPEs that add marks, or a normalizer, or another way to split: `tokenizer.json` says which.
const WITH_MORE: [&str; 5] =
    ["RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "BlenderbotTokenizer", "Qwen2Tokenizer"];

/// How the names of classes begin whose tokenizers are of another kind.
const OTHERS: [&str; 22] = [
    "Bert",
    "DistilBert",
    "Electra",
    "MPNet",
    "T5",
    "MT5",
    "Llama",
    "XLNet",
    "Albert",
    "Camembert",
    "XLMRoberta",
    "MBart",
    "Pegasus",
    "BigBird",
    "Reformer",
    "Marian",
    "OpenAIGPT",
    "CTRL",
    "CLIP",
    "TransfoXL",
    "GPTSw3",
    "Gemma",
];

/// The class of the tokenizer, which its configuration names, or else the model's.
fn class(files: &VocabularyFiles<'_>) -> Result<Option<String>, VocabularyError> {
    let config = object("tokenizer_config.json", files.tokenizer_config)?.unwrap_or_default();
    let model_config = object("config.json", files.config)?.unwrap_or_default();
    let class = |map: &Map<String, Value>| map.get("tokenizer_class").and_then(Value::as_str).map(str::to_owned);
    Ok(class(&config).or_else(|| class(&model_config)))
}

/// Whether the class has GPT-2's mark for what begins and ends a text, and for what it does not know, where no file names one.
pub(super) fn has_end_of_text(files: &VocabularyFiles<'_>) -> Result<bool, VocabularyError> {
    Ok(class(files)?.is_none_or(|it| WITH_END_OF_TEXT.contains(&plain(&it))))
}

/// The name of a class without what tells its quick form.
fn plain(class: &str) -> &str {
    class.strip_suffix("Fast").unwrap_or(class)
}

/// Refuses tokenizers that are no byte-level BPE, whichever files are there.
pub(super) fn refuse_others(files: &VocabularyFiles<'_>) -> Result<(), VocabularyError> {
    match class(files)?.filter(|class| OTHERS.iter().any(|it| class.starts_with(it))) {
        Some(class) => Err(VocabularyError::OtherKind { what: format!("a {} (tokenizer_class)", short(&class)) }),
        None => Ok(()),
    }
}

/// Refuses tokenizers of another kind by their class, which the tokenizer's configuration names, or else the model's.
pub(super) fn check_classes(
    files: &VocabularyFiles<'_>,
    has_json: bool,
    notes: &mut Vec<String>,
) -> Result<(), VocabularyError> {
    refuse_others(files)?;
    let Some(class) = class(files)? else { return Ok(()) };
    if WITH_END_OF_TEXT.contains(&plain(&class)) || PLAIN.contains(&plain(&class)) {
        return Ok(());
    }
    if !has_json {
        let what = format!("a {} (tokenizer_class) without its tokenizer.json", short(&class));
        return Err(VocabularyError::OtherKind { what });
    }
    if WITH_MORE.contains(&plain(&class)) {
        return Ok(());
    }
    // `tokenizer.json` says what it is by itself.
    notes.push(format!("the tokenizer's class, {}, is not known here; tokenizer.json is read as it is", short(&class)));
    Ok(())
}
