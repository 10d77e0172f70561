//! Named chains.

use super::{Kind, Order, Parameter, Settings};

/// A named chain.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name on the command line and in the panel.
    pub name: &'static str,
    /// One line on what it is for.
    pub what: &'static str,
    /// Sets the steps that do something; all are neutral before.
    pub(super) chain: fn(&mut Settings),
}

fn steady(it: &mut Settings) {
    it.temperature = 0.7;
    it.top_p = 0.9;
    it.repeat_penalty = 1.1;
}

/// The presets, in the order in which the panel offers them.
pub const PRESETS: [Preset; 9] = [
    Preset { name: "steady", what: "calm and coherent; the default", chain: steady },
    Preset { name: "raw", what: "the model's own, nothing cut", chain: |_| {} },
    Preset { name: "gpt2", what: "top-k 40, as OpenAI sampled GPT-2", chain: |it| it.top_k = 40 },
    Preset { name: "nucleus", what: "the likeliest nine tenths", chain: |it| it.top_p = 0.9 },
    Preset { name: "minp", what: "cut what is unlikely beside the likeliest", chain: |it| it.min_p = 0.05 },
    Preset {
        name: "wild",
        what: "hot, with a floor",
        chain: |it| {
            it.temperature = 1.6;
            it.min_p = 0.1;
        },
    },
    Preset {
        name: "noloop",
        what: "steady, and repetitions grow dear (DRY)",
        chain: |it| {
            steady(it);
            it.dry_multiplier = 0.8;
        },
    },
    Preset { name: "mirostat", what: "steers to 5 bits of surprise a token", chain: |it| it.mirostat_tau = 5.0 },
    Preset { name: "greedy", what: "always the likeliest token", chain: |it| it.temperature = 0.0 },
];

/// The preset of that name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|it| it.name == name)
}

/// The names of all presets, with commas.
#[must_use]
pub fn preset_names() -> String {
    PRESETS.map(|it| it.name).join(", ")
}

impl Preset {
    /// Its chain, with everything else neutral.
    fn settings(&self) -> Settings {
        let mut settings = Settings::neutral().clone();
        (self.chain)(&mut settings);
        settings
    }
}

impl Settings {
    /// Takes over the chain of a preset: all numbers of the chain become its own or neutral, and no step is switched off.
    /// What is no step of the chain stays, and so do texts that the user wrote.
    pub fn apply(&mut self, preset: &Preset) {
        let chain = preset.settings();
        for parameter in Parameter::ALL.iter().filter(|it| it.is_of_presets()) {
            parameter.copy(&chain, self);
        }
        self.off.clear();
    }

    /// Whether the chain is that of a preset. What belongs to a step that does nothing does not matter.
    #[must_use]
    pub fn matches(&self, preset: &Preset) -> bool {
        let other = preset.settings();
        let is_same = |it: &Parameter| it.is_same(self, &other) || it.is_idle(self) && it.is_idle(&other);
        self.off.is_empty() && Parameter::ALL.iter().filter(|it| it.is_of_presets()).all(is_same)
    }

    /// Whether the chain does what no preset knows of: texts that were written for it, steps in an order of one's own or
    /// switched off.
    #[must_use]
    pub fn is_own(&self) -> bool {
        let is_text = |it: &&Parameter| it.step().is_some() && it.kind() == Kind::Texts;
        let is_written = Parameter::ALL.iter().filter(is_text).any(|it| it.matters(self));
        is_written || matches!(self.order, Order::Own(_)) || !self.off.is_empty()
    }
}

#[cfg(test)]
mod tests;
