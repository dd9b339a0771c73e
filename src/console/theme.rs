//! Two themes: the terminal's 16 colours by name, and none at all.

use ratatui::style::{Color, Modifier, Style};

use crate::policy::{Severity, Status};

/// How things look. The plain theme sends no colour command: `NO_COLOR` is obeyed by what is not written, because
/// crossterm 0.29 would reset bold and reverse with every colour it leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Theme {
    /// No colours, only bold, reverse and underline.
    pub plain: bool,
}

impl Theme {
    /// The plain one where it is asked for, or where `NO_COLOR` is set and not empty (no-color.org).
    #[must_use]
    pub fn new(no_color: bool) -> Self {
        Self { plain: no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) }
    }

    fn colour(self, colour: Color, modifier: Modifier) -> Style {
        let style = Style::new().add_modifier(modifier);
        if self.plain { style } else { style.fg(colour) }
    }

    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Column titles.
    pub(super) fn heading(self) -> Style {
        self.colour(Color::Cyan, Modifier::UNDERLINED)
    }

    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What is gone in a moment.
    pub(super) fn going(self) -> Style {
        Style::new().add_modifier(Modifier::DIM).remove_modifier(Modifier::BOLD)
    }

    pub(super) fn bad(self) -> Style {
        self.colour(Color::Red, Modifier::BOLD)
    }

    pub(super) fn warn(self) -> Style {
        self.colour(Color::Yellow, Modifier::empty())
    }

    pub(super) fn good(self) -> Style {
        self.colour(Color::Green, Modifier::empty())
    }

    /// Labels and hints: told apart from what they label without a grey that many screens do not show.
    pub(super) fn label(self) -> Style {
        self.colour(Color::Cyan, Modifier::empty())
    }

    pub(super) fn key(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn severity(self, severity: Severity) -> Style {
        match severity {
            Severity::Breach => self.bad(),
            Severity::Action => self.colour(Color::Yellow, Modifier::BOLD),
            Severity::Review => self.colour(Color::Magenta, Modifier::empty()),
            Severity::Info => Style::new(),
        }
    }

    pub(super) fn status(self, status: Status) -> Style {
        match status {
            Status::Restricted => self.bad(),
            Status::Suspected => self.warn(),
            Status::Unknown => self.colour(Color::Magenta, Modifier::empty()),
            Status::NotRestricted => Style::new(),
        }
    }
}
