//! The index: a database in the cache, or in memory where that cannot be.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, params};

use super::card::Card;
use super::{Entry, Found, State};
use crate::files::{self, Place, make_private_directory};
use crate::text::visible_path;

/// The file in the directory of the index.
const FILE: &str = "index.sqlite";

/// What the tables are; an index of another number is made anew.
const VERSION: i32 = 1;

/// How long another program may keep the index to itself.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE transcripts (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, words_stamp TEXT NOT NULL,
        changed INTEGER NOT NULL, state INTEGER NOT NULL, fault TEXT, created INTEGER, opened INTEGER NOT NULL, title TEXT,
        tags TEXT NOT NULL, model TEXT, settings TEXT NOT NULL, tokens INTEGER NOT NULL, nodes INTEGER NOT NULL,
        branches INTEGER NOT NULL, words TEXT, words_assumed INTEGER NOT NULL, words_fault TEXT);
    CREATE TABLE runs (
        row INTEGER PRIMARY KEY, transcript INTEGER NOT NULL, node INTEGER, run INTEGER NOT NULL, on_path INTEGER NOT NULL);
    CREATE INDEX runs_of ON runs (transcript);
    CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
";

/// A connection to the tables below.
pub(super) struct Index {
    pub(super) database: Connection,
    file: Option<PathBuf>,
}

/// Which state of a transcript the index knows.
pub(super) struct Stamped {
    pub(super) key: i64,
    pub(super) stamp: String,
    pub(super) words_stamp: String,
    /// Whether models that come or go may change what its words are.
    pub(super) depends_on_words: bool,
}

impl Index {
    /// Opens the one in a directory, or makes it; or one in memory, and why.
    ///
    /// # Errors
    ///
    /// If there is not even room for one in memory.
    pub(super) fn open(directory: &Path) -> rusqlite::Result<(Self, Option<String>)> {
        let path = directory.join(FILE);
        match Self::in_file(&path) {
            Ok(it) => Ok((it, None)),
            Err(why) => Ok((Self::in_memory()?, Some(why))),
        }
    }

    pub(super) fn in_memory() -> rusqlite::Result<Self> {
        let it = Self { database: Connection::open_in_memory()?, file: None };
        it.database.execute_batch(TABLES)?;
        Ok(it)
    }

    fn in_file(path: &Path) -> Result<Self, String> {
        let said = |e: std::io::Error| format!("{}: {e}", visible_path(path));
        if let Some(directory) = path.parent() {
            make_private_directory(directory).map_err(said)?;
        }
        // So that it is the user's alone, and no link or pipe.
        files::append(Place::Index, path).map_err(said)?;
        match Self::opened(path) {
            Err(error) if is_damaged(&error) => {}
            other => return other.map_err(|e| format!("{}: {e}", visible_path(path))),
        }
        // It is damaged, or of another version, and can be made anew.
        remove(path).map_err(said)?;
        files::append(Place::Index, path).map_err(said)?;
        Self::opened(path).map_err(|e| format!("{}: {e}", visible_path(path)))
    }

    fn opened(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut database = Connection::open_with_flags(path, flags)?;
        database.busy_timeout(PATIENCE)?;
        // No file beside it that several programs share: they may come and go at any moment.
        database.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
        database.pragma_update(None, "synchronous", "normal")?;
        let version: i32 = database.pragma_query_value(None, "user_version", |it| it.get(0))?;
        if version != VERSION {
            // Of several programs that find it empty one makes the tables.
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let is_empty = "SELECT count(*) = 0 FROM sqlite_master";
            if transaction.query_row(is_empty, [], |it| it.get(0))? {
                transaction.execute_batch(&format!("{TABLES} PRAGMA user_version = {VERSION};"))?;
                transaction.commit()?;
            } else if transaction.pragma_query_value(None, "user_version", |it| it.get::<_, i32>(0))? != VERSION {
                return Err(rusqlite::Error::InvalidQuery);
            }
        }
        // A damaged one is noticed here rather than in the middle.
        database.query_row(
            "SELECT count(*) FROM transcripts, runs, texts WHERE transcripts.key < 0",
            [],
            |_| Ok(()),
        )?;
        Ok(Self { database, file: Some(path.to_owned()) })
    }

    /// Opens it again after an error; one that is damaged is made anew.
    ///
    /// # Errors
    ///
    /// If there is not even room for one in memory.
    pub(super) fn open_again(&mut self, error: &rusqlite::Error) -> rusqlite::Result<()> {
        let anew = self.file.clone().and_then(|path| {
            if is_damaged(error) {
                let _ = remove(&path);
            }
            Self::in_file(&path).ok()
        });
        *self = anew.map_or_else(Self::in_memory, Ok)?;
        Ok(())
    }

    pub(super) fn stamps(&self) -> rusqlite::Result<HashMap<String, Stamped>> {
        let mut of = self.database.prepare_cached(
            "SELECT id, key, stamp, words_stamp, words_assumed OR words_fault IS NOT NULL FROM transcripts",
        )?;
        let row = |it: &Row| {
            let id: String = it.get(0)?;
            let (key, stamp, words_stamp, depends_on_words) = (it.get(1)?, it.get(2)?, it.get(3)?, it.get(4)?);
            Ok((id, Stamped { key, stamp, words_stamp, depends_on_words }))
        };
        of.query_map([], row)?.collect()
    }

    pub(super) fn forget(&mut self, keys: &[i64]) -> rusqlite::Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let transaction = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for key in keys {
            forget(&transaction, *key)?;
        }
        transaction.commit()
    }

    /// Takes cards in, in the place of what was known.
    pub(super) fn put<'a>(
        &mut self,
        cards: impl Iterator<Item = (&'a Found, Card)>,
        words_stamp: &str,
    ) -> rusqlite::Result<()> {
        let transaction = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (found, card) in cards {
            let known = transaction.prepare_cached("SELECT key FROM transcripts WHERE id = ?1")?;
            let key: Option<i64> = { known }.query_row([&found.id], |it| it.get(0)).optional()?;
            if let Some(key) = key {
                forget(&transaction, key)?;
            }
            put(&transaction, found, &card, words_stamp)?;
        }
        transaction.commit()
    }

    /// All entries, or one, those worked on last first.
    pub(super) fn entries(&self, id: Option<&str>) -> rusqlite::Result<Vec<Entry>> {
        let mut of = self.database.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM transcripts WHERE ?1 IS NULL OR id = ?1 ORDER BY {ORDER}"
        ))?;
        of.query_map([id], |it| entry(it, 0))?.collect()
    }

    pub(super) fn largest_number(&self) -> rusqlite::Result<u64> {
        let largest: i64 =
            self.database.query_row("SELECT coalesce(max(opened), 0) FROM transcripts", [], |it| it.get(0))?;
        Ok(largest.max(0) as u64)
    }
}

/// Those worked on last first; those without a text, and what cannot be read, last.
pub(super) const ORDER: &str = "state = 2, nodes = 0, opened DESC, id DESC";

/// The columns of an [`entry`].
pub(super) const COLUMNS: &str = "id, state, fault, created, changed, opened, title, tags, model, settings, tokens, nodes, \
                                  branches, words, words_assumed, words_fault";

/// An entry from its columns, of which the first is number `at`.
pub(super) fn entry(row: &Row, at: usize) -> rusqlite::Result<Entry> {
    let state = match row.get::<_, i64>(at + 1)? {
        0 => State::Sound,
        1 => State::Damaged,
        _ => State::Unreadable,
    };
    let count = |column: usize| row.get::<_, i64>(at + column).map(|it| it.max(0) as u64);
    let tags: String = row.get(at + 7)?;
    Ok(Entry {
        id: row.get(at)?,
        state,
        fault: row.get(at + 2)?,
        created: row.get(at + 3)?,
        changed: row.get(at + 4)?,
        opened: count(5)?,
        title: row.get(at + 6)?,
        tags: serde_json::from_str(&tags).unwrap_or_default(),
        model: row.get(at + 8)?,
        settings: row.get(at + 9)?,
        tokens: count(10)?,
        nodes: count(11)?,
        branches: count(12)?,
        words: row.get(at + 13)?,
        words_assumed: row.get(at + 14)?,
        words_fault: row.get(at + 15)?,
    })
}

fn forget(database: &Connection, key: i64) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM texts WHERE rowid IN (SELECT row FROM runs WHERE transcript = ?1)",
        "DELETE FROM runs WHERE transcript = ?1",
        "DELETE FROM transcripts WHERE key = ?1",
    ] {
        database.prepare_cached(statement)?.execute([key])?;
    }
    Ok(())
}

fn put(database: &Connection, found: &Found, card: &Card, words_stamp: &str) -> rusqlite::Result<()> {
    let state = match card.state {
        State::Sound => 0,
        State::Damaged => 1,
        State::Unreadable => 2,
    };
    let whole = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
    // Text is all that it is: writing it cannot fail.
    let tags = serde_json::to_string(&card.tags).unwrap_or_default();
    database
        .prepare_cached(&format!(
            "INSERT INTO transcripts ({COLUMNS}, stamp, words_stamp)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
        ))?
        .execute(params![
            found.id,
            state,
            card.fault,
            card.created,
            found.changed,
            whole(card.opened),
            card.title,
            tags,
            card.model,
            card.settings,
            whole(card.tokens),
            whole(card.nodes),
            whole(card.branches),
            card.words,
            card.words_assumed,
            card.words_fault,
            found.stamp,
            words_stamp,
        ])?;
    let key = database.last_insert_rowid();
    let mut text = database.prepare_cached("INSERT INTO texts (text) VALUES (?1)")?;
    let mut run = database.prepare_cached(
        "INSERT INTO runs (row, transcript, node, run, on_path) VALUES (last_insert_rowid(), ?1, ?2, ?3, ?4)",
    )?;
    // What it is called is found as what it says is.
    let named = card.title.iter().chain(&card.tags).map(String::as_str).collect::<Vec<_>>().join(" ");
    if !named.is_empty() {
        text.execute([&named])?;
        run.execute(params![key, None::<i64>, 0, true])?;
    }
    for it in &card.texts {
        text.execute([&it.text])?;
        run.execute(params![key, i64::from(it.node), it.run as i64, it.on_path])?;
    }
    Ok(())
}

/// Whether a database is none, or not the one that it should be: it can be made anew.
pub(super) fn is_damaged(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(it, _) => {
            matches!(it.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        }
        // It is of another version, or what is read is not what it should be.
        rusqlite::Error::InvalidQuery
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => true,
        _ => false,
    }
}

/// Whether the database's file was taken away, by another program that made it anew.
pub(super) fn is_gone(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(it, _) if it.code == ErrorCode::ReadOnly)
}

/// Removes the database and what stands beside it.
/// The file of an index in a directory, and its bytes; `None` if there is none.
pub(super) fn kept(directory: &Path) -> Option<(PathBuf, u64)> {
    let path = directory.join(FILE);
    let metadata = std::fs::symlink_metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
    Some((path, metadata.len()))
}

pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}
