//! What the screen looked like last: the view, and what each is sorted by.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::console::model::{Model, Sorting, View};
use crate::snapshot::{DeviceOrder, ExposureOrder, SiteOrder, TargetOrder};

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    view: View,
    exposure: Sorting<ExposureOrder>,
    devices: Sorting<DeviceOrder>,
    sites: Sorting<SiteOrder>,
    targets: Sorting<TargetOrder>,
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
        State {
            view: self.view,
            exposure: self.exposure_sorting,
            devices: self.device_sorting,
            sites: self.site_lines.sorting,
            targets: self.target_sorting,
        }
    }

    /// Goes on as it was.
    pub fn resume(&mut self, state: &State) {
        self.view = state.view;
        (self.exposure_sorting, self.device_sorting) = (state.exposure, state.devices);
        (self.site_lines.sorting, self.target_sorting) = (state.sites, state.targets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back_and_what_is_broken_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lenswarden").join("console.json");
        assert_eq!(read(&path), Ok(State::default()));
        let sorted = Sorting { by: DeviceOrder::Maker, reversed: true };
        let state = State { view: View::Sites, devices: sorted, ..State::default() };
        write(&path, &state).unwrap();
        assert_eq!(read(&path), Ok(state));
        for broken in ["{", "7", r#"{"view":"Moon"}"#, "\u{1b}"] {
            std::fs::write(&path, broken).unwrap();
            assert!(read(&path).unwrap_err().contains("console.json: "), "{broken}");
        }
        // Of another version: what it knows holds.
        std::fs::write(&path, r#"{"view":"Devices","moons":3}"#).unwrap();
        assert_eq!(read(&path), Ok(State { view: View::Devices, ..State::default() }));
        assert!(write(&path.join("x"), &State::default()).unwrap_err().contains("is not remembered"));
    }
}
