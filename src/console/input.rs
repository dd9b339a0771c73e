//! A line of text being typed.

use serde::Serialize;

use crate::net::text::{MAX_CHARS, hides_or_moves};

/// Text and where the next character goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
    /// In octets, always between two characters.
    cursor: usize,
}

/// What an editing key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Edit {
    Backspace,
    Delete,
    Left,
    Right,
    Start,
    End,
    Clear,
}

impl Input {
    /// No text.
    pub(super) const EMPTY: Self = Self { text: String::new(), cursor: 0 };

    /// This text, the cursor at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor.
    #[must_use]
    pub fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    /// The text after it.
    #[must_use]
    pub fn after(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    /// Types text, which may be pasted: line breaks become blanks, what cannot be shown is left out.
    pub fn insert(&mut self, typed: &str) {
        for c in typed.chars() {
            let c = if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
            if hides_or_moves(c) || self.text.chars().count() >= MAX_CHARS {
                continue;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Puts text in the place of what stands from `at`, in octets, to the cursor.
    pub fn replace(&mut self, at: usize, text: &str) {
        if self.text.get(at..self.cursor).is_some() {
            self.text.replace_range(at..self.cursor, "");
            self.cursor = at;
            self.insert(text);
        }
    }

    /// Edits.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Backspace => {
                if let Some(c) = self.before().chars().next_back() {
                    self.cursor -= c.len_utf8();
                    self.text.remove(self.cursor);
                }
            }
            Edit::Delete => {
                if !self.after().is_empty() {
                    self.text.remove(self.cursor);
                }
            }
            Edit::Left => self.cursor -= self.before().chars().next_back().map_or(0, char::len_utf8),
            Edit::Right => self.cursor += self.after().chars().next().map_or(0, char::len_utf8),
            Edit::Start => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
            Edit::Clear => *self = Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_and_editing_keep_characters_whole() {
        let mut input = Input::new("aü");
        input.edit(Edit::Left);
        input.insert("x\u{1b}\u{202e}\n");
        assert_eq!((input.text(), input.before()), ("ax ü", "ax "));
        for edit in [Edit::Delete, Edit::Delete, Edit::Backspace, Edit::Start, Edit::Backspace, Edit::Right] {
            input.edit(edit);
        }
        assert_eq!((input.text(), input.before()), ("ax", "a"));
        input.edit(Edit::End);
        input.insert(&"y".repeat(999));
        assert_eq!(input.text().chars().count(), MAX_CHARS);
        input.edit(Edit::Clear);
        assert_eq!(input, Input::default());
    }
}
