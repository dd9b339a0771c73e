//! Settings as text: `[console]`, `[keys]` and `[filters]`. Each thing that is wrong is told with its place, and what it
//! would have changed stays as it is without the file.

use toml_edit::{Document, DocumentMut, Item, Table, TableLike, value};

use crate::console::keymap::Keymap;
use crate::console::keys::Chord;
use crate::console::model::View;
use crate::net::text::{MAX_CHARS, hides_or_moves};
use crate::snapshot::{Filter, FilterError};

/// Longest name of a filter, in characters.
pub const MOST_NAME: usize = 40;
/// Most filters that are kept.
const MOST_FILTERS: usize = 200;

/// Whether lines and bars are drawn in ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ascii {
    /// Where the locale is not UTF-8.
    #[default]
    Auto,
    /// Always.
    Yes,
    /// Never.
    No,
}

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Saved filters, name and words, in the order of the file.
    pub filters: Vec<(String, String)>,
    /// The keys.
    pub keys: Keymap,
    /// The mouse is listened to.
    pub mouse: bool,
    /// No colours.
    pub plain: bool,
    /// Lines and bars in ASCII.
    pub ascii: Ascii,
    /// What is wrong with the file, each with its place.
    pub problems: Vec<String>,
}

/// The text being read, and what is wrong with it.
struct Reading<'a> {
    text: &'a str,
    problems: Vec<String>,
}

/// Where an octet of the text stands: line and column from 1.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}

impl Reading<'_> {
    fn wrong(&mut self, table: &dyn TableLike, key: &str, why: &str) {
        let span = table.get_key_value(key).and_then(|(key, _)| key.span());
        let place = span.map(|span| format!("{}: ", place(self.text, span.start))).unwrap_or_default();
        self.problems.push(format!("console.toml:{place}{why}"));
    }

    /// The tables of the file, unknown ones told.
    fn table<'d>(&mut self, root: &'d Table, name: &str) -> Option<&'d dyn TableLike> {
        let table = root.get(name)?.as_table_like();
        if table.is_none() {
            self.wrong(root, name, &format!("[{name}] must be a table"));
        }
        table
    }
}

/// A word for people to see: cleaned of what hides or moves.
fn is_clean(text: &str) -> bool {
    !text.chars().any(hides_or_moves) && text.chars().count() <= MAX_CHARS
}

/// Whether a filter can have this name.
///
/// # Errors
/// Why not.
pub fn name_of_filter(name: &str) -> Result<(), String> {
    if name.is_empty() || name.chars().count() > MOST_NAME || !is_clean(name) {
        return Err(format!("a name has 1 to {MOST_NAME} characters"));
    }
    Ok(())
}

impl Settings {
    /// Reads settings; what is wrong is among the problems.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let why = error.message().replace('\n', " ");
                let problems = vec![format!("console.toml:{}: {why}; nothing of it holds", place(text, at))];
                return Self { problems, ..Self::default() };
            }
        };
        let root = document.as_table();
        let mut reading = Reading { text, problems: Vec::new() };
        let mut settings = Self::default();
        for (name, _) in root.iter().filter(|(name, _)| !["console", "keys", "filters"].contains(name)) {
            let name: String = name.chars().take(40).collect();
            reading.wrong(root, &name, &format!("there is no '{name}' here; there are console, keys, filters"));
        }
        if let Some(table) = reading.table(root, "console") {
            settings.console(table, &mut reading);
        }
        if let Some(table) = reading.table(root, "keys") {
            settings.keys = keys(table, &mut reading);
        }
        if let Some(table) = reading.table(root, "filters") {
            settings.filters = filters(table, &mut reading);
        }
        let clean = |text: &String| text.chars().map(|c| if hides_or_moves(c) { '\u{fffd}' } else { c }).collect();
        settings.problems = reading.problems.iter().map(clean).collect();
        settings
    }

    fn console(&mut self, table: &dyn TableLike, reading: &mut Reading<'_>) {
        for (name, item) in table.iter() {
            let problem = match (name, item.as_str(), item.as_bool()) {
                ("mouse", _, Some(mouse)) => {
                    self.mouse = mouse;
                    continue;
                }
                ("mouse", ..) => "mouse is true or false",
                ("theme", Some(word @ ("colour" | "plain")), _) => {
                    self.plain = word == "plain";
                    continue;
                }
                ("theme", ..) => "theme is \"colour\" or \"plain\"",
                ("ascii", Some(word @ ("auto" | "yes" | "no")), _) => {
                    self.ascii = match word {
                        "yes" => Ascii::Yes,
                        "no" => Ascii::No,
                        _ => Ascii::Auto,
                    };
                    continue;
                }
                ("ascii", ..) => "ascii is \"auto\", \"yes\" or \"no\"",
                _ => "there are mouse, theme and ascii in [console]",
            };
            reading.wrong(table, name, problem);
        }
    }
}

/// The keys of one action: one in quotes, or several in brackets.
fn chords(item: &Item) -> Result<Vec<Chord>, String> {
    let words: Vec<Option<&str>> = match (item.as_str(), item.as_array()) {
        (Some(word), _) => vec![Some(word)],
        (_, Some(array)) if !array.is_empty() && array.len() <= 9 => {
            array.iter().map(toml_edit::Value::as_str).collect()
        }
        _ => return Err("keys are \"q\", or [\"q\", \"F5\"]".to_owned()),
    };
    words.into_iter().map(|word| word.unwrap_or_default().parse()).collect()
}

fn keys(table: &dyn TableLike, reading: &mut Reading<'_>) -> Keymap {
    let mut wanted = Vec::new();
    for (name, item) in table.iter() {
        match chords(item) {
            Ok(chords) => wanted.push((name.to_owned(), chords)),
            Err(why) => reading.wrong(table, name, &why),
        }
    }
    let (keymap, problems) = Keymap::new(&wanted);
    for (name, why) in problems {
        reading.wrong(table, &name, &format!("{name}: {why}; its keys stay as they are"));
    }
    keymap
}

/// Whether filter words can be read in one view at least: fields are not the same in all of them.
fn read_somewhere(words: &str) -> Result<(), FilterError> {
    let Err(error) = Filter::parse(words) else { return Ok(()) };
    let read = |view: &View| view.kinds().is_some() && view.means(words).is_ok();
    if View::ALL.iter().any(read) { Ok(()) } else { Err(error) }
}

fn filters(table: &dyn TableLike, reading: &mut Reading<'_>) -> Vec<(String, String)> {
    let mut filters = Vec::new();
    for (name, item) in table.iter() {
        let problem = match item.as_str().map(|words| (words, read_somewhere(words))) {
            None => "filter words stand in quotes".to_owned(),
            Some((words, _)) if !is_clean(words) => "filter words hold characters that cannot be shown".to_owned(),
            Some((_, Err(error))) => error.to_string(),
            Some((words, Ok(()))) => match name_of_filter(name) {
                Ok(()) if filters.len() < MOST_FILTERS => {
                    filters.push((name.to_owned(), words.to_owned()));
                    continue;
                }
                Ok(()) => format!("more than {MOST_FILTERS} filters"),
                Err(why) => why,
            },
        };
        reading.wrong(table, name, &problem);
    }
    filters
}

/// The text with a filter kept under a name, or without it. All else stays as it is written.
///
/// # Errors
/// The text cannot be read, with the place.
pub fn with_filter(text: &str, name: &str, words: Option<&str>) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start);
        format!("{}: {}", place(text, at), error.message().replace('\n', " "))
    })?;
    let filters = document.entry("filters").or_insert(Item::Table(Table::new()));
    let filters = filters.as_table_like_mut().ok_or("[filters] must be a table")?;
    match words {
        Some(words) => {
            filters.insert(name, value(words));
        }
        None => {
            filters.remove(name);
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keys::{Action, Context};

    const WHOLE: &str = "# mine\n[console]\nmouse = true\ntheme = \"plain\"\nascii = \"yes\"\n\n[keys]\nsort = \"o\"\n\
                         quit = [\"Q\", \"F10\"]\n\n[filters]\n\"core, ours\" = \"network:core\" # first\nhq = \"site:hq\"\n";

    #[test]
    fn everything_in_the_file_holds() {
        let settings = Settings::read(WHOLE);
        assert_eq!(settings.problems, Vec::<String>::new());
        assert_eq!((settings.mouse, settings.plain, settings.ascii), (true, true, Ascii::Yes));
        let filters: Vec<&str> = settings.filters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(filters, ["core, ours", "hq"]);
        let key = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::F(10));
        assert_eq!(settings.keys.find(Context::Devices, &key).map(|(line, _)| line.action), Some(Action::Quit));
        assert_eq!(Settings::read(""), Settings::default());
    }

    #[test]
    fn what_is_wrong_has_its_place_and_the_rest_holds() {
        let text = "colour = 1\n[console]\nmouse = 7\nascii = \"no\"\nmice = true\n[keys]\nsort = \"qq\"\ndance = \"x\"\n\
                    reverse = \"q\"\nhelp = []\n[filters]\na = \"colour:red\"\nb = \"x\\u001b[2J\"\nc = 3\nd = \"open\"\n";
        let settings = Settings::read(text);
        assert_eq!(settings.ascii, Ascii::No);
        assert_eq!(settings.filters, [("d".to_owned(), "open".to_owned())]);
        for (problem, expected) in settings.problems.iter().zip([
            "1:1: there is no 'colour' here",
            "3:1: mouse is true or false",
            "5:1: there are mouse, theme and ascii",
            "7:1: 'qq' is no key",
            "10:1: keys are \"q\"",
            "8:1: dance: there is no such action",
            "9:1: reverse: q means quit in Exposure already; its keys stay as they are",
            "12:1: there is no field 'colour'",
            "13:1: filter words hold characters",
            "14:1: filter words stand in quotes",
        ]) {
            assert!(problem.starts_with(&format!("console.toml:{expected}")), "{problem} is not {expected}");
        }
        assert_eq!(settings.problems.len(), 10);
        assert_eq!(Settings::read("a = \n").problems.len(), 1);
        assert!(Settings::read("[keys\n").problems[0].contains("nothing of it holds"));
    }

    #[test]
    fn a_filter_is_put_in_and_the_rest_of_the_text_stays() {
        let with = with_filter(WHOLE, "old firmware", Some("model:x \"y")).unwrap();
        assert!(with.starts_with(WHOLE), "{with}");
        assert_eq!(Settings::read(&with).filters[2], ("old firmware".to_owned(), "model:x \"y".to_owned()));
        assert_eq!(with_filter(&with, "old firmware", None).unwrap(), WHOLE);
        let changed = with_filter(WHOLE, "hq", Some("site:hq open")).unwrap();
        assert_eq!(changed, WHOLE.replace("\"site:hq\"", "\"site:hq open\""));
        assert_eq!(with_filter("", "a", Some("b")).unwrap(), "[filters]\na = \"b\"\n");
        assert!(with_filter("filters = 1", "a", Some("b")).is_err());
    }
}
