//! The keys as the person at the screen wants them: the one table with some of its keys changed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::Value;

use super::keys::{
    Action, Binding, Chord, Context, EVERYWHERE, KEYS, LISTS, LOOKING, SCROLLING, SEARCHING, SHOWING, SORTED,
};

/// Which keys stand in the place of the table's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keymap {
    /// By the names of actions.
    changed: BTreeMap<String, Vec<Chord>>,
    /// For each line of the table: its keys, where they are others.
    lines: Vec<Option<Vec<Chord>>>,
}

impl Action {
    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::String(name)) => name,
            Ok(Value::Object(parts)) => {
                let part = |(of, which): (String, Value)| format!("{of}-{}", which.as_str().unwrap_or_default());
                parts.into_iter().next().map(part).unwrap_or_default()
            }
            _ => String::new(),
        }
    }
}

/// The way out that works everywhere is nobody's to change.
fn is_fixed(binding: &Binding) -> bool {
    binding.action == Action::Quit && binding.contexts == EVERYWHERE
}

/// Such a key types something.
fn is_text(chord: Chord) -> bool {
    matches!(chord, Chord(KeyCode::Char(_), false))
}

impl Keymap {
    /// The table with these keys, by the names of actions, in the order of the file. Beside it what of that cannot be:
    /// the action, and why; its keys stay as they are.
    #[must_use]
    pub fn new(wanted: &[(String, Vec<Chord>)]) -> (Self, Vec<(String, String)>) {
        let mut keymap = Self::default();
        let mut problems = Vec::new();
        for (name, chords) in wanted {
            let of_it = || KEYS.iter().filter(|binding| !is_fixed(binding) && binding.action.name() == *name);
            let typed = || of_it().all(|binding| binding.contexts.iter().all(|context| context.takes_text()));
            if of_it().next().is_none() {
                problems.push((name.clone(), "there is no such action; the README's table of keys names them".into()));
            } else if typed() && chords.iter().all(|chord| is_text(*chord)) {
                problems.push((name.clone(), "text is typed where it works: give it a key with Ctrl".into()));
            } else {
                keymap.changed.insert(name.clone(), chords.clone());
            }
        }
        keymap.lay_out();
        // The latest of the file gives way: then the others are looked at again.
        while let Some((context, chord, one, other)) = keymap.clash() {
            let place = |name: &String| wanted.iter().rposition(|(wanted, _)| wanted == name);
            let Some(name) =
                [one, other].into_iter().filter(|name| keymap.changed.contains_key(name)).max_by_key(place)
            else {
                break;
            };
            let of_other = keymap.means(context, chord).find(|of| *of != name).unwrap_or_default();
            let why = format!("{} means {of_other} in {} already", chord.label(), context.word());
            keymap.changed.remove(&name);
            keymap.lay_out();
            problems.push((name, why));
        }
        (keymap, problems)
    }

    fn lay_out(&mut self) {
        let keys = |binding: &Binding| self.changed.get(&binding.action.name()).filter(|_| !is_fixed(binding)).cloned();
        self.lines = KEYS.iter().map(keys).collect();
    }

    /// A key that means two things in one place.
    fn clash(&self) -> Option<(Context, Chord, String, String)> {
        for context in EVERYWHERE {
            let mut seen: BTreeMap<String, Action> = BTreeMap::new();
            for (number, binding) in KEYS.iter().enumerate().filter(|(_, line)| line.contexts.contains(context)) {
                for chord in self.chords(number, binding, *context).iter() {
                    match seen.insert(chord.label(), binding.action) {
                        Some(before) if before != binding.action => {
                            return Some((*context, *chord, before.name(), binding.action.name()));
                        }
                        _ => {}
                    }
                }
            }
        }
        None
    }

    fn means(&self, context: Context, chord: Chord) -> impl Iterator<Item = String> {
        let lines = KEYS.iter().enumerate().filter(move |(_, binding)| binding.contexts.contains(&context));
        lines
            .filter(move |(number, binding)| self.chords(*number, binding, context).contains(&chord))
            .map(|(_, binding)| binding.action.name())
    }

    /// The keys of a line in a place: where text is typed, only those that type nothing.
    fn chords(&self, number: usize, binding: &'static Binding, context: Context) -> Cow<'_, [Chord]> {
        let Some(changed) = self.lines.get(number).and_then(Option::as_deref) else {
            return Cow::Borrowed(binding.chords);
        };
        if !context.takes_text() {
            return Cow::Borrowed(changed);
        }
        let kept: Vec<Chord> = changed.iter().copied().filter(|chord| !is_text(*chord)).collect();
        if kept.is_empty() { Cow::Borrowed(binding.chords) } else { Cow::Owned(kept) }
    }

    /// What a key does in a context, and which of its line's keys it is.
    #[must_use]
    pub fn find(&self, context: Context, event: &KeyEvent) -> Option<(&'static Binding, usize)> {
        let pressed = Chord(event.code, event.modifiers.contains(KeyModifiers::CONTROL));
        KEYS.iter().enumerate().filter(|(_, binding)| binding.contexts.contains(&context)).find_map(
            |(number, binding)| {
                let at = self.chords(number, binding, context).iter().position(|chord| *chord == pressed)?;
                Some((binding, at))
            },
        )
    }

    /// The lines that work in a context and have something to say, each with its keys as people read them.
    pub fn working_in(&self, context: Context) -> impl Iterator<Item = (Cow<'static, str>, &'static Binding)> {
        let lines = KEYS.iter().enumerate();
        lines
            .filter(move |(_, binding)| binding.contexts.contains(&context) && !binding.does.is_empty())
            .map(move |(number, binding)| (self.label(number, binding, context), binding))
    }

    /// The keys of a line and of those below it that it speaks for.
    fn label(&self, number: usize, binding: &'static Binding, context: Context) -> Cow<'static, str> {
        let silent = KEYS.iter().enumerate().skip(number + 1).take_while(|(_, line)| line.does.is_empty());
        let group: Vec<(usize, &'static Binding)> = std::iter::once((number, binding)).chain(silent).collect();
        if group.iter().all(|(number, _)| self.lines.get(*number).is_none_or(Option::is_none)) {
            return Cow::Borrowed(binding.label);
        }
        let of_line = |(number, binding): (usize, &'static Binding)| {
            self.chords(number, binding, context).iter().map(|chord| chord.label()).collect::<Vec<_>>().join(" ")
        };
        Cow::Owned(group.into_iter().map(of_line).collect::<Vec<_>>().join(", "))
    }
}

/// Keys that have names.
const NAMED: [(&str, KeyCode); 16] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Space", KeyCode::Char(' ')),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Backspace", KeyCode::Backspace),
    ("Del", KeyCode::Delete),
    ("Ins", KeyCode::Insert),
];

impl Chord {
    /// As people read it.
    #[must_use]
    pub fn label(self) -> String {
        let key = match NAMED.iter().find(|(_, code)| *code == self.0) {
            Some((name, _)) => (*name).to_owned(),
            None => match self.0 {
                KeyCode::Char(letter) if self.1 => letter.to_uppercase().to_string(),
                KeyCode::Char(letter) => letter.to_string(),
                KeyCode::F(number) => format!("F{number}"),
                other => format!("{other:?}"),
            },
        };
        if self.1 { format!("Ctrl-{key}") } else { key }
    }
}

impl std::str::FromStr for Chord {
    type Err = String;

    /// Reads `q`, `Q`, `Ctrl-K`, `F5`, `Enter`, `PgUp` …
    fn from_str(text: &str) -> Result<Self, String> {
        let (control, key) = match text.get(..5).filter(|start| start.eq_ignore_ascii_case("ctrl-")) {
            Some(_) => (true, text.get(5..).unwrap_or_default()),
            None => (false, text),
        };
        let named = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let mut letters = key.chars();
        match (named, letters.next(), letters.next()) {
            (Some((_, code)), ..) if !control => Ok(Self(*code, false)),
            (None, Some(letter), None) if !control && !letter.is_control() => Ok(Self(KeyCode::Char(letter), false)),
            // A terminal sends these as Tab, Enter, Backspace and Esc.
            (None, Some(letter), None) if control && letter.is_ascii_alphabetic() => {
                match letter.to_ascii_lowercase() {
                    'i' | 'm' | 'h' => Err(format!("'{text}' is sent as another key by terminals")),
                    letter => Ok(Self(KeyCode::Char(letter), true)),
                }
            }
            _ => match key.strip_prefix(['F', 'f']).and_then(|number| number.parse().ok()) {
                Some(number @ 1..=12) if !control => Ok(Self(KeyCode::F(number), false)),
                _ => Err(format!("'{text}' is no key: q, Q, Ctrl-K, F5, Enter, Space, PgUp …")),
            },
        }
    }
}

/// The table as the README has it.
#[must_use]
pub fn markdown() -> String {
    let mut out = "| key | where | does | name |\n|---|---|---|---|\n".to_owned();
    for (number, binding) in KEYS.iter().enumerate().filter(|(_, binding)| !binding.does.is_empty()) {
        let silent = KEYS.iter().skip(number + 1).take_while(|binding| binding.does.is_empty());
        let mut names: Vec<String> = std::iter::once(binding).chain(silent).map(|line| line.action.name()).collect();
        names.dedup();
        let place = match binding.contexts {
            contexts if contexts == EVERYWHERE => "everywhere".to_owned(),
            contexts if contexts == LISTS => "lists".to_owned(),
            contexts if contexts == LOOKING => "lists, detail".to_owned(),
            contexts if contexts == SHOWING => "lists, detail, faceplate".to_owned(),
            contexts if contexts == SCROLLING => "lists, detail, saved filters, columns, what if, help".to_owned(),
            contexts if contexts == SORTED => "lists, columns".to_owned(),
            contexts if contexts == SEARCHING => "lists, detail, filter, what if, help".to_owned(),
            contexts => contexts.iter().map(|context| context.word()).collect::<Vec<_>>().join(", "),
        };
        out += &format!("| {} | {place} | {} | {} |\n", binding.label, binding.does, names.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: &str) -> KeyEvent {
        let Chord(code, control) = key.parse().unwrap();
        KeyEvent::new(code, if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
    }

    fn keymap(wanted: &[(&str, &str)]) -> (Keymap, Vec<(String, String)>) {
        let chords = |keys: &str| keys.split(' ').map(|key| key.parse().unwrap()).collect();
        Keymap::new(&wanted.iter().map(|(name, keys)| ((*name).to_owned(), chords(keys))).collect::<Vec<_>>())
    }

    fn means(keymap: &Keymap, context: Context, key: &str) -> Option<Action> {
        keymap.find(context, &press(key)).map(|(binding, _)| binding.action)
    }

    #[test]
    fn keys_are_read_as_they_are_shown() {
        for text in ["q", "Q", "Ctrl-K", "F5", "Enter", "Space", "PgUp", "Shift-Tab", "é", "-"] {
            assert_eq!(text.parse::<Chord>().unwrap().label(), text);
        }
        for text in ["", "qq", "Ctrl-I", "Ctrl-", "Ctrl-Enter", "Alt-x", "F13", "\u{1b}", "Ctrl-é"] {
            assert!(text.parse::<Chord>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_action_has_one_name_and_another_key_does_what_it_did() {
        for binding in KEYS {
            assert!(binding.action.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{:?}", binding.action);
        }
        let (keymap, problems) = keymap(&[("sort", "o F4"), ("filter", "s")]);
        assert_eq!(problems, []);
        for (key, action) in
            [("o", Some(Action::Sort)), ("F4", Some(Action::Sort)), ("s", Some(Action::Filter)), ("/", None)]
        {
            assert_eq!(means(&keymap, Context::Devices, key), action, "{key}");
        }
        let labels: Vec<String> = keymap.working_in(Context::Devices).map(|(label, _)| label.into_owned()).collect();
        assert!(labels.contains(&"o F4".to_owned()) && !labels.contains(&"/".to_owned()), "{labels:?}");
    }

    #[test]
    fn letters_stay_text_where_text_is_typed_and_the_way_out_stays() {
        let (keymap, problems) = keymap(&[("move-down", "m"), ("quit", "Q"), ("search", "K")]);
        assert_eq!(problems, []);
        assert_eq!(means(&keymap, Context::Devices, "m"), Some(Action::Move(super::super::list::Step::Down)));
        assert_eq!(means(&keymap, Context::Filter, "m"), None);
        assert!(
            means(&keymap, Context::Filter, "Down").is_some() && means(&keymap, Context::Devices, "Down").is_none()
        );
        assert_eq!(means(&keymap, Context::Filter, "Ctrl-K"), Some(Action::Search));
        for context in EVERYWHERE {
            assert_eq!(means(&keymap, *context, "Ctrl-C"), Some(Action::Quit), "{context:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_told_and_the_rest_holds() {
        let (keymap, problems) =
            keymap(&[("dance", "x"), ("edit-clear", "x"), ("sort", "/"), ("reverse", "o"), ("help", "o")]);
        let told: Vec<String> = problems.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        let expected = [
            "dance: there is no such action; the README's table of keys names them",
            "edit-clear: text is typed where it works: give it a key with Ctrl",
            "sort: / means filter in Exposure already",
            "help: o means reverse in Exposure already",
        ];
        assert_eq!(told, expected);
        assert_eq!(means(&keymap, Context::Devices, "o"), Some(Action::Reverse));
        assert_eq!(means(&keymap, Context::Devices, "s"), Some(Action::Sort));
        assert_eq!(means(&keymap, Context::Devices, "?"), Some(Action::Help));
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in EVERYWHERE {
            let mut seen: Vec<Chord> = Vec::new();
            for binding in KEYS.iter().filter(|binding| binding.contexts.contains(context)) {
                for chord in binding.chords {
                    assert!(!seen.contains(chord), "{chord:?} twice in {context:?}");
                    seen.push(*chord);
                }
            }
        }
    }

    #[test]
    fn no_letter_is_a_command_where_text_is_typed() {
        for context in EVERYWHERE.iter().filter(|context| context.takes_text()) {
            let commands = KEYS.iter().filter(|binding| binding.contexts.contains(context));
            let letters = commands
                .flat_map(|binding| binding.chords)
                .filter(|Chord(code, control)| matches!(code, KeyCode::Char(_)) && !control);
            assert_eq!(letters.count(), 0, "{context:?}");
        }
    }
}
