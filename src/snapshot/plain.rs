//! Filter words for lists whose rows are no devices: `kind:WORD`, `site:ID`, and text; `!` turns one round.

use super::FilterError;

/// The words that `kind:` takes, and what each stands for.
pub type Kinds = [(&'static str, &'static str)];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Kind(String),
    Site(String),
    Any(String),
}

/// Filter words, read. All must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plain {
    pub(super) words: Vec<(bool, Word)>,
}

impl Plain {
    /// Reads filter words; `kinds` are the words that `kind:` takes.
    ///
    /// # Errors
    /// An unknown field or kind, with its place.
    pub fn parse(text: &str, kinds: &Kinds) -> Result<Self, FilterError> {
        let mut words = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
            let at = text.len() - rest.len() + start;
            let word = rest.get(start..).unwrap_or_default();
            let (word, after) = word.split_at(word.find(char::is_whitespace).unwrap_or(word.len()));
            let (negated, bare) = word.strip_prefix('!').map_or((false, word), |bare| (true, bare));
            words.push((negated, read(bare, kinds).map_err(|message| FilterError { at, message })?));
            rest = after;
        }
        Ok(Self { words })
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether rows of this kind may pass.
    #[must_use]
    pub fn may_be(&self, kind: &str) -> bool {
        self.words.iter().all(|(negated, word)| match word {
            Word::Kind(wanted) => (wanted == kind) != *negated,
            Word::Site(_) | Word::Any(_) => true,
        })
    }

    /// Whether rows of this kind are asked for by name.
    #[must_use]
    pub fn names(&self, kind: &str) -> bool {
        self.words.iter().any(|(negated, word)| !negated && *word == Word::Kind(kind.to_owned()))
    }

    /// Whether a row passes: its kind, its site, its texts.
    #[must_use]
    pub fn holds(&self, kind: &str, site: Option<&str>, texts: &[&str]) -> bool {
        let holds = |word: &Word| match word {
            Word::Kind(wanted) => wanted == kind,
            Word::Site(wanted) => site.is_some_and(|site| site.to_lowercase() == *wanted),
            Word::Any(part) => {
                let texts = texts.iter().copied().chain(site).chain([kind]);
                texts.into_iter().any(|text| super::filter::contains(text, part))
            }
        };
        self.words.iter().all(|(negated, word)| holds(word) != *negated)
    }
}

fn read(word: &str, kinds: &Kinds) -> Result<Word, String> {
    let named = |(field, _): &(&str, &str)| !field.is_empty() && field.chars().all(|c| c.is_ascii_alphabetic());
    let Some((field, value)) = word.split_once(':').filter(named) else { return Ok(Word::Any(word.to_lowercase())) };
    let value = value.to_lowercase();
    match field {
        "kind" | "site" if value.is_empty() => Err(format!("'{field}:' needs a value")),
        "site" => Ok(Word::Site(value)),
        "kind" if kinds.iter().any(|(kind, _)| *kind == value) => Ok(Word::Kind(value)),
        "kind" => {
            let kinds: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
            Err(format!("'{value}' is no kind; there are {}", kinds.join(", ")))
        }
        // A MAC address begins with letters and a colon, too.
        _ if field.len() <= 2 => Ok(Word::Any(word.to_lowercase())),
        _ => Err(format!("there is no field '{field}'; there are kind, site, and any text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: &Kinds = &[("range", "addresses"), ("port", "a port")];

    #[test]
    fn words_hold_together_and_turn_round() {
        let holds =
            |words: &str| Plain::parse(words, KINDS).unwrap().holds("port", Some("hq"), &["Gi1/0/9", "ac:cc:8e"]);
        for words in ["", "kind:port site:hq gi1", "!kind:range", "!site:depot", "ac:cc", "port"] {
            assert!(holds(words), "{words}");
        }
        for words in ["kind:range", "site:h", "!gi1", "gi2", "!site:hq gi1"] {
            assert!(!holds(words), "{words}");
        }
        let named = Plain::parse("kind:port", KINDS).unwrap();
        assert!(named.names("port") && named.may_be("port") && !named.may_be("range"));
    }

    #[test]
    fn a_bad_word_is_named_with_its_place() {
        for (words, at, part) in [
            ("a kind:x", 2, "no kind; there are range, port"),
            ("maker:x", 0, "no field 'maker'"),
            ("site:", 0, "needs"),
        ] {
            let error = Plain::parse(words, KINDS).unwrap_err();
            assert!(error.at == at && error.message.contains(part), "{words}: {error:?}");
        }
    }
}
