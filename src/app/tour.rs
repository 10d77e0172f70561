//! Tours for teaching: a few steps each, with what to press and what to watch. Text, dice and settings are the same for everybody.

use crate::sample::{Heat, Parameter, Settings, preset};

/// A tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tour {
    /// What dividing the logits does.
    Temperature,
    /// What cutting the tail does.
    TopP,
    /// What a model expects of a text that somebody wrote.
    Surprise,
    /// Why the likeliest words go round in circles, and what gets out.
    Loops,
}

/// A step of a tour.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What to press; `{name}` is the key of that action, `{text:name}` its key in the text.
    pub press: &'static str,
    /// What to watch.
    pub watch: &'static str,
    /// When it is done.
    pub done: Done,
}

/// What makes a step done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Done {
    /// Tokens were drawn, and no more are coming.
    Drawn,
    /// The text grew.
    Grown,
    /// A control stands at this value or below.
    AtMost(Parameter, f64),
    /// A control stands at this value or above.
    AtLeast(Parameter, f64),
    /// The text is coloured so.
    Coloured(Heat),
    /// This lies over the text.
    Over(Cover),
    /// Nothing lies over the text.
    Bare,
    /// There is nothing to do but to read.
    Told,
}

/// What may lie over the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the layer of that name")]
pub enum Cover {
    Inspector,
    Dice,
    Score,
    Futures,
    Loop,
}

/// Somebody on a tour.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// Which tour.
    pub tour: Tour,
    /// The step, from 0.
    pub step: usize,
    /// Whether the step is done, and there is something to watch.
    pub is_done: bool,
    /// Tokens of the text when the step began.
    pub(super) since: usize,
    /// The settings before the tour.
    pub(super) before: Settings,
}

const fn step(press: &'static str, watch: &'static str, done: Done) -> Step {
    Step { press, watch, done }
}

const TEMPERATURE: &[Step] = &[
    step(
        "{input:send} sends the words in the input.",
        "At temperature 1 the model's own odds hold, and a die decides. The bars are the odds of the next token.",
        Done::Drawn,
    ),
    step(
        "Hold {colder} until temp says greedy.",
        "The longest bar takes everything: at 0 no die decides.",
        Done::AtMost(Parameter::Temperature, 0.001),
    ),
    step(
        "{continue} goes on.",
        "Each word is the likeliest one. Whatever the seed is, the same words come.",
        Done::Drawn,
    ),
    step(
        "Hold {warmer} until temp is above 1.5.",
        "The bars grow alike: what was unlikely gets its chance.",
        Done::AtLeast(Parameter::Temperature, 1.5),
    ),
    step("{continue} goes on.", "The story loses its thread: too many words are as good as any other.", Done::Drawn),
    step(
        "{next-focus}, then {text:throw-dice}: a hundred dice for this token.",
        "A bar is how often a token came, its outline how often it was expected.",
        Done::Over(Cover::Dice),
    ),
    step(
        "Esc, then hold {colder} until temp is below 0.8.",
        "Between the two most people find what they like: sure, but not always the same.",
        Done::AtMost(Parameter::Temperature, 0.8),
    ),
    step(
        "{next-step} begins the tour of top-p; {leave-tour} leaves.",
        "Temperature changes how much the odds count. It forbids nothing: that is what top-p does.",
        Done::Told,
    ),
];

const TOP_P: &[Step] = &[
    step(
        "{input:send} sends the words in the input.",
        "Every token of the vocabulary can come, 50,257 of them. Most are all but impossible, but together they are not.",
        Done::Drawn,
    ),
    step(
        "Hold {top-p-down} until top-p is 0.9.",
        "Below the line of dashes stands what is cut: the tail that holds the last tenth of the odds.",
        Done::AtMost(Parameter::TopP, 0.9),
    ),
    step(
        "Press {heat} until the title says cut.",
        "Words that are struck out could not have been drawn with this top-p.",
        Done::Coloured(Heat::Cut),
    ),
    step(
        "Hold {top-p-down} until top-p is 0.5.",
        "More words are struck out, and those first that surprised the model.",
        Done::AtMost(Parameter::TopP, 0.5),
    ),
    step(
        "{next-focus}, then {text:inspect}; the left and right arrows go to other tokens.",
        "Where the model is sure one token is left, where it is not there are many: top-p cuts by odds, not by number.",
        Done::Over(Cover::Inspector),
    ),
    step(
        "Esc, then {futures}: eight ways to go on.",
        "With half of the odds cut, the ways resemble each other.",
        Done::Over(Cover::Futures),
    ),
    step(
        "{next-step} begins the tour of surprise; {leave-tour} leaves.",
        "A cut forbids what is unlikely, so the odds of what is left grow. min-p and top-k cut by other rules.",
        Done::Told,
    ),
];

const SURPRISE: &[Step] = &[
    step(
        "{input:add} adds the words in the input; nothing is drawn.",
        "The model reads a text that it did not write. It has odds for each word of it.",
        Done::Grown,
    ),
    step(
        "{heat} colours the text.",
        "Hot words are those that the model did not expect. One is hotter than all others.",
        Done::Coloured(Heat::Surprise),
    ),
    step(
        "{next-focus}, then {text:score}.",
        "Surprise is counted in bits: ten bits are odds of one in a thousand. The list has the most surprising tokens.",
        Done::Over(Cover::Score),
    ),
    step("Enter goes to the first token of the list.", "It is the word that does not fit.", Done::Bare),
    step(
        "{text:inspect} looks at it.",
        "Its rank is its place among all tokens. Above it stands what the model expected there.",
        Done::Over(Cover::Inspector),
    ),
    step(
        "Esc, then {heat} until the title says entropy.",
        "Now hot are the places where the model did not know what comes, whatever came.",
        Done::Coloured(Heat::Entropy),
    ),
    step(
        "{next-step} begins the tour of loops; {leave-tour} leaves.",
        "Surprise is about the word, entropy about the place. Perplexity is the mean surprise, as a number of choices.",
        Done::Told,
    ),
];

const LOOPS: &[Step] = &[
    step(
        "{input:send} sends the words in the input.",
        "At temperature 0 the likeliest word always comes. Soon it is one that was there before, and the text stops for a question.",
        Done::Over(Cover::Loop),
    ),
    step("Esc closes the question.", "The text goes in a circle.", Done::Bare),
    step(
        "{heat} colours the text by surprise.",
        "The circle is cold: each time round, each of its words is surer.",
        Done::Coloured(Heat::Surprise),
    ),
    step(
        "{palette}, then write repeat-penalty 1.5 and press Enter.",
        "Tokens of the last rounds lose some of their odds: the bars of the next token change.",
        Done::AtLeast(Parameter::RepeatPenalty, 1.4),
    ),
    step("{continue} goes on.", "The text leaves the circle, though no die is thrown.", Done::Drawn),
    step(
        "Hold {warmer} until temp is 0.8, then {continue}.",
        "Dice leave a circle, too: now and then another word comes, and the circle is forgotten.",
        Done::AtLeast(Parameter::Temperature, 0.8),
    ),
    step(
        "{next-step} begins the tour of temperature; {leave-tour} leaves.",
        "What is likeliest word by word is not what people write. So models draw, and samplers say from what.",
        Done::Told,
    ),
];

impl Tour {
    /// All of them, in their order.
    pub const ALL: &[Self] = &[Self::Temperature, Self::TopP, Self::Surprise, Self::Loops];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top-p",
            Self::Surprise => "surprise",
            Self::Loops => "loops",
        }
    }

    /// The tour of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }

    /// The one after it; after the last comes the first.
    #[must_use]
    pub fn after(self) -> Self {
        let at = Self::ALL.iter().position(|it| *it == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// What is done on it, in order; at least one.
    #[must_use]
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::Temperature => TEMPERATURE,
            Self::TopP => TOP_P,
            Self::Surprise => SURPRISE,
            Self::Loops => LOOPS,
        }
    }

    /// The words that it begins with.
    #[must_use]
    pub const fn prompt(self) -> &'static str {
        match self {
            Self::Temperature => "Once upon a time there was a little",
            Self::TopP => "One day, Tom and his sister went to the",
            Self::Surprise => "Lily has a red ball. She likes to play with her ball in the volcano. Her mum is happy.",
            Self::Loops => "He ran and ran and",
        }
    }

    /// How it draws.
    #[must_use]
    pub fn settings(self) -> Settings {
        let mut settings = Settings { seed: 4, max_tokens: 30, ..Settings::default() };
        // Neutral: nothing is between the model and the dice.
        if let Some(raw) = preset("raw") {
            settings.apply(raw);
        }
        if self == Self::Loops {
            (settings.temperature, settings.max_tokens) = (0.0, 300);
        }
        settings
    }
}

impl Walk {
    /// At the beginning of a tour. `before` are the settings to go back to.
    #[must_use]
    pub fn new(tour: Tour, before: Settings) -> Self {
        Self { tour, step: 0, is_done: false, since: 0, before }
    }

    /// The step to be done.
    #[must_use]
    pub fn now(&self) -> &'static Step {
        let steps = self.tour.steps();
        &steps[self.step.min(steps.len() - 1)]
    }

    /// Whether it is the last step.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.step + 1 >= self.tour.steps().len()
    }
}

#[cfg(test)]
mod tests;
