//! What the screen looked like last: the view, how each list is laid out and what it is sorted by.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::console::columns::{Layout, Sheet};
use crate::console::model::{Model, View};

/// What is remembered, by name. What this version does not know stays as it is, for the version that does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(BTreeMap<String, Value>);

/// The name that the view is remembered under.
const VIEW: &str = "view";

impl State {
    fn view(&self) -> View {
        self.0.get(VIEW).and_then(|view| View::deserialize(view).ok()).unwrap_or_default()
    }

    fn layout(&self, sheet: Sheet) -> Layout {
        let layout = self.0.get(sheet.name()).and_then(|layout| Layout::deserialize(layout).ok());
        layout.map(Layout::bounded).unwrap_or_default()
    }

    fn put(&mut self, name: &str, value: &impl Serialize) {
        self.0.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
    }
}

/// Reads what is remembered; nothing is remembered where there is no file.
///
/// # Errors
/// The file cannot be read, in words.
pub fn read(path: &Path) -> Result<State, String> {
    let Some(text) = super::read(path)? else { return Ok(State::default()) };
    serde_json::from_str(&text)
        .map_err(|error| format!("{}: {error}; the screen begins as if there were none", path.display()))
}

/// Remembers it.
///
/// # Errors
/// The file cannot be written, in words.
pub fn write(path: &Path, state: &State) -> Result<(), String> {
    let text = serde_json::to_string_pretty(state).unwrap_or_default();
    super::replace(path, &text)
        .map_err(|error| format!("what the screen looked like is not remembered: {}: {error}", path.display()))
}

impl Model {
    /// What is to be remembered.
    #[must_use]
    pub fn state(&self) -> State {
        let mut state = self.remembered.clone();
        if state.view() != self.view {
            state.put(VIEW, &self.view);
        }
        for sheet in Sheet::ALL {
            let layout = self.layout(sheet);
            if state.layout(sheet) != *layout {
                state.put(sheet.name(), layout);
            }
        }
        state
    }

    /// Goes on as it was.
    pub fn resume(&mut self, state: &State) {
        self.view = state.view();
        self.layouts = Sheet::ALL.into_iter().map(|sheet| (sheet, state.layout(sheet))).collect();
        self.remembered = state.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::Theme;

    #[test]
    fn what_is_remembered_comes_back_and_what_is_broken_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lenswarden").join("console.json");
        assert_eq!(read(&path), Ok(State::default()));
        let mut state = State::default();
        state.put(VIEW, &View::Sites);
        write(&path, &state).unwrap();
        assert_eq!(read(&path), Ok(state));
        for broken in ["{", "7", "\u{1b}"] {
            std::fs::write(&path, broken).unwrap();
            assert!(read(&path).unwrap_err().contains("console.json: "), "{broken}");
        }
        assert!(write(&path.join("x"), &State::default()).unwrap_err().contains("is not remembered"));
    }

    #[test]
    fn what_another_version_wrote_is_passed_over_and_stays() {
        let written = r#"{
            "view": "Devices",
            "moons": 3,
            "devices": {"by": "first-seen", "reversed": true, "columns": ["moon", "-site", "+serial"], "page": 7},
            "sites": {"by": 9},
            "targets": {"by": "Name", "reversed": false}
        }"#;
        let state: State = serde_json::from_str(written).unwrap();
        let mut model = Model::new(Theme::default(), jiff::tz::TimeZone::UTC);
        model.resume(&state);
        assert_eq!(model.view, View::Devices);
        assert_eq!(model.sorted_by(), ("first-seen", true));
        assert_eq!(model.state(), state);
        // Another view and another layout of one list: the rest stays as it was.
        model.view = View::Targets;
        assert_eq!(model.sorted_by(), ("state", false));
        model.turn_round();
        let now = serde_json::to_value(model.state()).unwrap();
        assert_eq!(now["view"], "Targets");
        assert_eq!(now["targets"]["reversed"], true);
        assert_eq!((&now["moons"], &now["sites"]["by"]), (&3.into(), &9.into()));
        assert_eq!((&now["devices"]["page"], &now["devices"]["columns"][0]), (&7.into(), &"moon".into()));
        // However many names somebody wrote there, each frame goes through few.
        let names: Vec<String> = (0..30_000).map(|number| format!("x{number}")).collect();
        let long = serde_json::json!({ "devices": { "columns": names } });
        model.resume(&serde_json::from_value(long.clone()).unwrap());
        assert!(serde_json::to_string(model.layout(Sheet::Devices)).unwrap().len() < 2_000);
        assert_eq!(serde_json::to_value(model.state()).unwrap(), long);
        // A view of another version is none of this one.
        model.resume(&serde_json::from_str(r#"{"view":"Moon"}"#).unwrap());
        assert_eq!(model.view, View::default());
    }
}
