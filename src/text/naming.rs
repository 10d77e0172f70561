//! Titles and tags, as people give them to texts.

/// Characters of a title at the most.
pub const MOST_TITLE: usize = 200;
/// Characters of a tag at the most.
pub const MOST_TAG: usize = 50;

/// Why a word is no tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// It is longer than a tag may be.
    #[error("a tag has {MOST_TAG} characters at the most")]
    Long,
    /// There is nothing to be seen of it.
    #[error("a tag must have letters or digits")]
    Empty,
}

/// A title as it is kept: one line, without what moves the cursor or turns the text round.
#[must_use]
pub fn title_of(text: &str) -> String {
    plain(text, MOST_TITLE)
}

/// Tags as they are kept: in their order, each once, in small letters, without the `#` before them. Commas part them, and spaces.
///
/// # Errors
///
/// [`TagError`] of the first that is none.
pub fn tags_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, TagError> {
    let mut out: Vec<String> = Vec::new();
    for word in words.into_iter().flat_map(|it| it.split([',', ' ', '\t', '\n'])).filter(|it| !it.is_empty()) {
        let tag = plain(word.trim_start_matches('#'), usize::MAX).to_lowercase();
        if tag.chars().count() > MOST_TAG {
            return Err(TagError::Long);
        }
        if !tag.chars().any(char::is_alphanumeric) {
            return Err(TagError::Empty);
        }
        if !out.contains(&tag) {
            out.push(tag);
        }
    }
    Ok(out)
}

fn plain(text: &str, most: usize) -> String {
    // Marks that turn the direction of a text hide what it says.
    let is_turn = |it: char| matches!(it, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words = text.split(|it: char| it.is_whitespace() || it.is_control());
    let text = words.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    text.chars().filter(|it| !is_turn(*it)).take(most).collect()
}

#[cfg(test)]
mod tests;
