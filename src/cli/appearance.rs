//! How the interface looks: flags over the configuration over what the terminal's environment says.

use super::meaning::word;
use super::{ColorName, InterfaceArguments, MeaningError, ThemeName};
use crate::appearance::{Appearance, Background, Colours, is_utf8, locale};
use crate::store::config::Config;

impl InterfaceArguments {
    /// How the interface looks, in an environment of these variables.
    ///
    /// # Errors
    ///
    /// If the configuration names no such colours or theme.
    pub fn appearance(
        &self,
        config: &Config,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Appearance, MeaningError> {
        let colours = match word(self.color, config.color.as_deref(), "color")? {
            None | Some(ColorName::Auto) => Colours::told_by(&variable),
            Some(ColorName::Always) => match Colours::shown_by(&variable) {
                Colours::None => Colours::Sixteen,
                colours => colours,
            },
            Some(ColorName::Never) => Colours::None,
            Some(ColorName::Sixteen) => Colours::Sixteen,
            Some(ColorName::Indexed) => Colours::Indexed,
            Some(ColorName::True) => Colours::True,
        };
        let background = match word(self.theme, config.theme.as_deref(), "theme")? {
            None | Some(ThemeName::Auto) => Background::told_by(&variable),
            Some(ThemeName::Dark) => Background::Dark,
            Some(ThemeName::Light) => Background::Light,
        };
        let ascii = self.ascii.or(config.ascii).unwrap_or_else(|| !is_utf8(&locale(&variable)));
        Ok(Appearance { colours, background, ascii })
    }
}

#[cfg(test)]
mod tests;
