//! Zero-shot evaluations by the protocols of the Megatron paper, as the scripts published with it compute them.
//!
//! Source: Shoeybi et al., *Megatron-LM* (2019), and `tasks/zeroshot_gpt` of Megatron-LM.

pub mod comparison;
pub mod lambada;
pub mod wikitext;

/// What the paper reports of its model of one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paper {
    /// What the model is called there.
    pub name: &'static str,
    /// Its parameters.
    pub parameters: u64,
    /// The adjusted perplexity of `WikiText-103`'s test set.
    pub wikitext103: f64,
    /// The share of LAMBADA's last words that are right, in %.
    pub lambada: f64,
}

/// The paper's models.
pub const PAPER: [Paper; 3] = [
    Paper { name: "355M", parameters: 355_000_000, wikitext103: 19.31, lambada: 45.18 },
    Paper { name: "2.5B", parameters: 2_500_000_000, wikitext103: 12.76, lambada: 61.73 },
    Paper { name: "8.3B", parameters: 8_300_000_000, wikitext103: 10.81, lambada: 66.51 },
];

/// The paper's model of this size, give or take a twentieth.
#[must_use]
pub fn paper(parameters: u64) -> Option<&'static Paper> {
    PAPER.iter().find(|it| it.parameters.abs_diff(parameters) <= it.parameters / 20)
}

/// Whether Python's `str.split` and `str.strip` take it for a blank.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

#[cfg(test)]
mod tests;
