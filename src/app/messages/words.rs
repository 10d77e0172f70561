//! The short words on each screen, and what they say at full length: the help tells them where it is asked for.

/// A word as it stands on the screen, and what it says.
pub type Word = (&'static str, &'static str);

/// Those of the main screen.
pub const MAIN: &[Word] = &[
    ("demo q8 cpu", "the model, the precision of its weights (8 bits), the device it runs on"),
    ("T", "the temperature"),
    ("ctx 40/512", "the context: 40 tokens are in the model's sight, of the 512 it can see"),
    ("36 tok/s, first 10 ms", "tokens a second; how long the first one took"),
    ("30 new", "tokens that the model drew"),
    ("goes on as \"sheBut\"", "what you write makes one word with the end of the text; a space begins a new one"),
    ("after your words", "the bars are those of what you write and have not sent"),
    ("bits, choices", "how open the next token is: its entropy, and how many equally likely tokens are as open"),
    ("model, after", "a token's probability by the model alone, and what the settings make of it"),
    (">", "the token that the die picks"),
    ("cut: 3 left", "the settings leave three tokens; those below cannot be drawn"),
    ("~0%", "less than 0.05%, and more than nothing"),
    ("50257, and arrows", "the chain: so many tokens have a score, and what each step of the settings does to them"),
    ("25 changed", "a step of the chain changed the scores of 25 tokens"),
    ("4 left (90%)", "a step left four tokens, which had 90% of the probability"),
    ("die 0.601", "the number between 0 and 1 that picks the token; the seed and the place in the text decide it"),
    ("steady*", "the preset, with something changed since"),
    ("temp 0.7>0.75", "on the text's frame: from here on temp is 0.75, it was 0.7"),
];

/// Those of the inspector.
pub const INSPECTOR: &[Word] = &[
    ("surprise", "minus the logarithm of the probability by the model, in bits: 1 for one half, 10 for a thousandth"),
    ("rank", "its place among all tokens, 1 for the likeliest"),
    ("model, after", "the probability by the model alone, and what the settings make of it"),
    ("50257, and arrows", "the chain: so many tokens have a score, and what each step of the settings did to them"),
    ("25 changed, 4 left (90%)", "what a step did: scores changed; tokens left, and the probability they had"),
    ("die", "the number between 0 and 1 that picks the token; the seed and the place decide it"),
    ("another token with", "beyond such a value of a setting the same die picks the token that is named"),
    ("as it was drawn, settings of now", "which settings it is looked at under; n changes that"),
    (">, *", "the line that is chosen; the token that stands in the text"),
    ("cut", "the settings leave it no chance"),
    (
        "entropy, varentropy",
        "how open the place is, in bits; how unlike the probabilities are there: the variance of the surprise",
    ),
    ("expect, came", "d: how often each comes of 100 dice, or 10,000, and how often that is expected (the outline)"),
];

/// Those of the comparison.
pub const COMPARE: &[Word] = &[
    ("bits a token", "the mean surprise by the model alone: little is predictable, much is wild"),
    ("77% new pairs", "pairs of neighbouring tokens that are different ones: less is repetition (distinct-2)"),
    ("temp 2 (panel 1.5)", "the column's temperature is 2, that of the panel 1.5"),
    ("first difference: token 3", "the third token is the first that is not the one in column A"),
    ("die", "the number between 0 and 1 that picked it, the same in each column with the same dice"),
];

/// Those of the futures.
pub const FUTURES: &[Word] = &[
    ("36%", "in the list the mean probability of a token, in the tree the chance of the first one there"),
    (
        "x, other",
        "the exact tree, without dice: how likely each way is, all other tokens together; below a way they sum to it",
    ),
    ("x3", "as many of the eight begin or go on so"),
];

/// Those of the score.
pub const SCORE: &[Word] = &[
    ("bits a token, bits/tok", "the mean surprise by the model: one bit is a coin, ten a draw from a thousand"),
    ("bits a character, bits/char", "the same for each character, to compare texts in other words"),
    ("perplexity, perplex.", "2 to the power of the bits a token: among so many tokens the model was lost"),
    ("rank 1-10, 11-100", "the share of tokens at these places among all, 1 being the likeliest"),
    ("temperature, luck", "Tab: what the text says of the dice that drew it, each figure explained there"),
    ("at, rank, expected", "the token's number, its place among all, and the likeliest one in its stead"),
];

/// Those of the search for a token.
pub const FIND: &[Word] = &[
    ("rank", "its place among all tokens, 1 for the likeliest"),
    ("model, after", "the probability of coming next by the model alone, and what the settings make of it"),
    ("cut", "the settings leave it no chance"),
];

/// Those of the library.
pub const LIBRARY: &[Word] = &[
    ("*", "the text that is open"),
    ("512 x3", "tokens of the text as it is; branches of its tree"),
    ("in branch 3", "what was found is on another branch than the text as it is"),
    ("Tab", "letters are keys of the list, or words that are looked for"),
    ("r, t", "give it a title, file it under words"),
    ("d, u", "put it into the trash for 30 days, bring it back"),
    ("x, m", "write it as a page for browsers, as Markdown, into the working directory"),
    ("v", "draw it again and tell whether it comes out the same"),
    ("damaged", "lines of its file are lost; the rest can be read"),
];

/// Those of the branches.
pub const TREE: &[Word] = &[
    ("*", "the text as it is goes through here"),
    ("'", "a marked token is in it"),
    ("12", "so many tokens without a fork between them"),
];
