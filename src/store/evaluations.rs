//! How far an evaluation has come, so that one that was stopped goes on from there.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files::{self, Place};
use crate::text::hex;

/// How the names of temporary files begin.
const TEMPORARY: &str = ".evaluation-";

/// The file's content: what is evaluated, so that another evaluation is never taken for it, and how far.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    of: String,
    so_far: T,
}

/// The file of an evaluation; `of` names all that its result depends on.
fn file(state: &Path, of: &str) -> PathBuf {
    state.join("evaluations").join(format!("{}.json", &hex(&Sha256::digest(of))[..24]))
}

/// What was kept of it; `None` if nothing was, or it cannot be read: then it begins anew.
#[must_use]
pub fn load<T: DeserializeOwned>(state: &Path, of: &str) -> Option<T> {
    let bytes = files::read(Place::Evaluation, &file(state, of)).ok()?;
    serde_json::from_slice::<Kept<T>>(&bytes).ok().filter(|it| it.of == of).map(|it| it.so_far)
}

/// Keeps it, whole or not at all.
///
/// # Errors
///
/// What the system says.
pub fn keep<T: Serialize>(state: &Path, of: &str, so_far: &T) -> io::Result<()> {
    let path = file(state, of);
    let directory = path.parent().unwrap_or(state);
    files::make_private_directory(directory)?;
    forget_old(directory);
    let mut temporary = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(directory)?;
    serde_json::to_writer(&mut temporary, &Kept { of: of.to_owned(), so_far })?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    Ok(())
}

/// Forgets it. One that stays is only found by the same evaluation.
pub fn forget(state: &Path, of: &str) {
    let _ = std::fs::remove_file(file(state, of));
}

/// How long one that was stopped is kept, and how long a temporary file of one that was killed.
const OLD: Duration = Duration::from_secs(90 * 24 * 3600);
const LEFT: Duration = Duration::from_secs(3600);

/// Removes what nobody will go on with. That something cannot be removed changes nothing else.
fn forget_old(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|it| it.modified()).ok().and_then(|it| it.elapsed().ok());
        let most = if entry.file_name().to_string_lossy().starts_with(TEMPORARY) { LEFT } else { OLD };
        if age.is_some_and(|it| it > most) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
