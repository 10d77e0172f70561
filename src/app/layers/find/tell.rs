//! What a search found, line by line.

use super::Find;
use crate::app::context::Context;
use crate::app::messages::dice::fine_percent;
use crate::app::messages::spoken::{count, quoted};

/// What a search found.
pub(in crate::app) fn tell(cx: &Context, find: &Find, most: usize) -> Vec<String> {
    if find.found.is_empty() {
        return vec!["No token contains this; a longer word is made of several.".to_owned()];
    }
    let mut out = vec![format!("{}, the likeliest first:", count(find.count, "token"))];
    out.extend(find.found.iter().take(most).map(|it| {
        let token = quoted(cx, it.token);
        match it.scores {
            None => token,
            Some((row, rank)) => {
                let after = row.after.map_or("cut".to_owned(), |p| format!("after {}", fine_percent(p)));
                format!("{token}, rank {rank}, model {}, {after}", fine_percent(row.model))
            }
        }
    }));
    if find.count > most {
        out.push(format!("and {} more", find.count - most));
    }
    out
}
