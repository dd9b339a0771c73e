//! Text that a device sent, made safe to show.
//!
//! A switch's port name, a camera's model or an HTTP header may hold anything: escape sequences, bidirectional
//! overrides, invisible characters, megabytes. [`clean`] is the one way in: what comes out is bounded, normalised
//! (NFC) and has no character that changes anything but its own cell.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_security::skeleton;

/// Longest text kept of one field, in characters.
pub const MAX_CHARS: usize = 256;
/// Longest text kept of what people write, in characters.
const MAX_WORDS: usize = 8192;
/// Most combining marks kept on one base character.
const MAX_MARKS: usize = 4;

/// One line of text from a device, already cleaned by [`clean`]. Cannot be made without being cleaned.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceText(Box<str>);

impl DeviceText {
    /// Cleans text.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self(clean(raw).into())
    }

    /// Cleans octets: UTF-8, with what is not UTF-8 shown as U+FFFD; trailing NULs are dropped.
    #[must_use]
    pub fn from_octets(raw: &[u8]) -> Self {
        let end = raw.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
        // Four octets a character at most: more than this cannot be shown anyway.
        let bounded = raw.get(..end.min(MAX_CHARS * 8)).unwrap_or_default();
        Self::new(&String::from_utf8_lossy(bounded))
    }

    /// The cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As what it is read, for matching: see [`plain`].
    #[must_use]
    pub fn plain(&self) -> String {
        plain(&self.0)
    }

    /// Nothing was left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, or `None` where the device gave none.
    #[must_use]
    pub fn non_empty(self) -> Option<Self> {
        if self.is_empty() { None } else { Some(self) }
    }
}

/// Whether a character may change more than its own cell, or show as nothing: control, format (bidirectional,
/// zero-width, tag), private, unassigned and line separators.
#[must_use]
pub fn hides_or_moves(c: char) -> bool {
    matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

/// Whether a text has nothing but what ASCII prints: nearly all that devices say, and nothing to be looked at by letter.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|octet| (b' '..=b'~').contains(&octet))
}

/// Makes any text fit to show on one line: trimmed, NFC, at most [`MAX_CHARS`] characters, control, format
/// (bidirectional, zero-width, tag), private, unassigned and separator characters written out as `\u{…}`,
/// line breaks and tabs as a space, at most four combining marks on one character.
#[must_use]
pub fn clean(raw: &str) -> String {
    cleaned(raw, MAX_CHARS)
}

/// The same for what a person wrote, which is longer than a device's field: nothing of a reason or a note is cut off.
#[must_use]
pub fn clean_words(raw: &str) -> String {
    cleaned(raw, MAX_WORDS)
}

/// Hides or moves, and ends no line.
fn is_bad(c: char) -> bool {
    c != '\n' && hides_or_moves(c)
}

/// What leaves for a terminal or a file as it is, but for characters that hide or move: the last wall, for texts that have
/// passed none. Ends of lines stay.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_bad(c) { char::REPLACEMENT_CHARACTER } else { c }).collect())
}

/// The same for JSON: such a character is written as its escape, so that whoever reads it gets what was there.
#[must_use]
pub fn shown_json(text: &str) -> Cow<'_, str> {
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if is_bad(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn cleaned(raw: &str, most: usize) -> String {
    let trimmed = raw.trim();
    if trimmed.len() <= most && is_plain(trimmed) {
        return trimmed.to_owned();
    }
    let mut out = String::with_capacity(raw.len().min(most * 2));
    let mut marks = 0usize;
    let mut count = 0usize;
    for c in trimmed.chars().take(most * 4).nfc() {
        if count >= most {
            out.push('…');
            break;
        }
        if c.is_ascii() && !c.is_ascii_control() {
            marks = 0;
            out.push(c);
            count += 1;
            continue;
        }
        if matches!(c, '\n' | '\r' | '\t') {
            out.push(' ');
            count += 1;
            continue;
        }
        match c.general_category() {
            _ if hides_or_moves(c) => {
                let escaped = c.escape_unicode();
                count += escaped.len();
                if count > most {
                    out.push('…');
                    break;
                }
                out.extend(escaped);
            }
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark | GeneralCategory::SpacingMark => {
                marks += 1;
                if marks <= MAX_MARKS {
                    out.push(c);
                }
                count += 1;
            }
            GeneralCategory::SpaceSeparator => {
                marks = 0;
                out.push(' ');
                count += 1;
            }
            _ => {
                marks = 0;
                out.push(c);
                count += 1;
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Text as an eye reads it, for matching and never to be shown: compatibility forms and letters of other alphabets that
/// are confusable with ASCII (UTS #39) become what they look like, accents and what [`clean`] wrote out go. ASCII itself
/// stays as it is, so that a grammar of models or serial numbers can be held against it. What looks like nothing else
/// stays.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\\'
            && let Some((hex, after)) = rest.strip_prefix("u{").and_then(|escaped| escaped.split_once('}'))
            && hex.len() <= 6
            && hex.bytes().all(|digit| digit.is_ascii_hexdigit())
        {
            rest = after;
        } else if c.is_ascii() {
            out.push(c);
        } else {
            for part in std::iter::once(c).nfkd().filter(|c| !is_accent(*c)) {
                push_plain(&mut out, part);
            }
        }
    }
    out
}

fn is_accent(c: char) -> bool {
    matches!(c.general_category(), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
        || hides_or_moves(c)
}

fn push_plain(out: &mut String, c: char) {
    let skeleton = |c: char| -> Option<String> {
        let mut buffer = [0u8; 4];
        let text: String = skeleton(c.encode_utf8(&mut buffer)).collect();
        Some(text).filter(|text| text.is_ascii() && !text.is_empty())
    };
    let own = if c.is_ascii() { Some(c.to_string()) } else { skeleton(c) };
    let mut lower = c.to_lowercase();
    // The prototype of every capital I is a small l: such a capital is read by its small letter.
    let by_small_letter = match (&own, lower.next(), lower.next()) {
        (Some(own), Some(small), None) if small != c && own.chars().any(char::is_lowercase) => skeleton(small),
        _ => None,
    };
    match by_small_letter.map(|text| text.to_uppercase()).or(own) {
        Some(text) => out.push_str(&text),
        None => out.push(c),
    }
}

impl fmt::Display for DeviceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for DeviceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for DeviceText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl Serialize for DeviceText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DeviceText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|raw| Self::new(&raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for text in ["Gi1/0/14", "CAM-ATRIUM-N", "Überwachung 3", "摄像机", "Проходная"] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn nothing_that_moves_the_cursor_or_hides_survives() {
        let hostile = "a\u{1b}[2Jb\u{202e}c\u{200b}d\u{feff}e\u{e0041}f\u{2028}g\u{9b}h\0i\u{ad}j";
        let cleaned = clean(hostile);
        for c in cleaned.chars() {
            assert!(!c.is_control(), "{cleaned:?}");
            assert!(
                !matches!(c.general_category(), GeneralCategory::Format | GeneralCategory::LineSeparator),
                "{cleaned:?}"
            );
        }
        assert!(cleaned.starts_with("a\\u{1b}[2Jb\\u{202e}c"), "{cleaned:?}");
    }

    #[test]
    fn length_and_marks_are_bounded() {
        assert!(clean(&"x".repeat(1_000_000)).chars().count() <= MAX_CHARS + 1);
        let zalgo = format!("a{}", "\u{0338}".repeat(200));
        assert!(clean(&zalgo).chars().count() <= 1 + MAX_MARKS);
        assert!(clean(&"\u{202e}".repeat(10_000)).len() <= 4 * MAX_CHARS);
    }

    #[test]
    fn cleaning_twice_changes_nothing() {
        let long = ["\u{e0041}".repeat(40), "x".repeat(255) + "\u{1b}", "x".repeat(999)];
        let short = ["  a\tb ", "\u{1b}[0m", "e\u{301}", "\u{e000}"].map(str::to_owned);
        for text in long.iter().chain(&short) {
            let once = clean(text);
            assert_eq!(clean(&once), once);
        }
    }

    #[test]
    fn a_name_in_borrowed_letters_reads_as_what_it_looks_like() {
        let disguised = [
            ("D\u{430}hua", "Dahua"),
            ("H\u{456}kv\u{456}s\u{456}on", "Hikvision"),
            ("\u{41d}\u{406}\u{41a}VI\u{405}\u{406}\u{41e}N", "HIKVISION"),
            ("\u{ff24}\u{ff21}\u{ff28}\u{ff35}\u{ff21}", "DAHUA"),
            ("\u{1d403}\u{1d41a}\u{1d421}\u{1d42e}\u{1d41a}", "Dahua"),
            ("Da\u{200b}hu\u{202e}a", "Dahua"),
            ("D\u{e1}h\u{fc}a\u{338}", "Dahua"),
            ("\u{39d}\u{39f}\u{39d}\u{395}", "NONE"),
        ];
        for (text, expected) in disguised {
            assert_eq!(DeviceText::new(text).plain(), expected, "{text}");
        }
        for text in ["DS-2CD2143G2-I", "HIKVISION", "rn 0O1lI|", "摄像机", "", "a\\u{", "\\u{zz}"] {
            assert_eq!(plain(text), text, "what is plain stays as it is");
        }
    }

    #[test]
    fn octets_lose_trailing_nul_and_keep_the_rest() {
        assert_eq!(DeviceText::from_octets(b"eth0\0\0").as_str(), "eth0");
        assert_eq!(DeviceText::from_octets(b"caf\xe9").as_str(), "caf\u{fffd}");
    }
}
