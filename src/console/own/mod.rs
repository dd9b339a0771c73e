//! What the person at the screen keeps of their own: settings and saved filters in one file, what the screen looked like
//! last in another. Neither may keep the console from showing what it shows: what cannot be read is told, and left out.

pub mod settings;
pub mod state;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use settings::{Ascii, Settings};
use state::State;

/// Most octets read of a file.
const MOST: u64 = 256 * 1024;
/// The folder of both files, in the folders that the environment names.
const FOLDER: &str = "lenswarden";

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Settings and saved filters.
    pub settings: PathBuf,
    /// What the screen looked like.
    pub state: PathBuf,
}

impl Places {
    /// By `XDG_CONFIG_HOME` and `XDG_STATE_HOME`, which count only where they are absolute, else in `HOME` (XDG Base
    /// Directory Specification 0.8); `None` where there is no home.
    #[must_use]
    pub fn of_environment() -> Option<Self> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let folder = |name, below: &str| absolute(name).or_else(|| Some(home.as_ref()?.join(below)));
        Some(Self {
            settings: folder("XDG_CONFIG_HOME", ".config")?.join(FOLDER).join("console.toml"),
            state: folder("XDG_STATE_HOME", ".local/state")?.join(FOLDER).join("console.json"),
        })
    }
}

/// What is kept, and where; nothing is written where there is no place.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// Settings and saved filters.
    pub settings: Settings,
    /// What the screen looked like.
    pub state: State,
    /// Where it is written.
    pub places: Option<Places>,
}

impl Own {
    /// Reads what there is. Where nothing is to be kept, settings hold all the same.
    #[must_use]
    pub fn read(keep: bool) -> Self {
        let Some(places) = Places::of_environment() else { return Self::default() };
        let mut settings = match read(&places.settings) {
            Ok(text) => Settings::read(&text.unwrap_or_default()),
            Err(why) => Settings { problems: vec![why], ..Settings::default() },
        };
        // Where nothing is to be kept, nothing was: the screen begins as it does for everybody.
        let state = if keep { state::read(&places.state) } else { Ok(State::default()) };
        let state = state.unwrap_or_else(|why| {
            settings.problems.push(why);
            State::default()
        });
        Self { settings, state, places: keep.then_some(places) }
    }
}

/// Whether a terminal of this kind under this locale shows more than ASCII. The locale is the first of `LC_ALL`,
/// `LC_CTYPE` and `LANG` that is not empty (POSIX.1-2017 §8.2); the fonts of the Linux console and of serial terminals
/// have lines, but no bars.
fn shows_more_than_ascii(locale: [Option<&str>; 3], terminal: &str) -> bool {
    let locale = locale.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or_default().to_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    utf8 && !["linux", "dumb", "vt1", "vt2"].iter().any(|kind| terminal.starts_with(kind))
}

impl Ascii {
    /// What it comes to in this environment.
    #[must_use]
    pub fn here(self) -> Self {
        let set = |name| std::env::var(name).ok();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(set);
        let more = shows_more_than_ascii(locale.each_ref().map(Option::as_deref), &set("TERM").unwrap_or_default());
        match self {
            Self::Auto if more => Self::No,
            Self::Auto => Self::Yes,
            said => said,
        }
    }
}

/// A file's text; `None` where there is none.
///
/// # Errors
/// It cannot be read, is no UTF-8 or far too long, in words.
fn read(path: &Path) -> Result<Option<String>, String> {
    let cannot = |error: io::Error| format!("{}: {error}", path.display());
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(cannot)?,
    };
    let mut text = String::new();
    let length = file.take(MOST + 1).read_to_string(&mut text).map_err(cannot)?;
    if length as u64 > MOST {
        return Err(format!("{}: longer than {} kB, left out", path.display(), MOST / 1024));
    }
    Ok(Some(text))
}

/// Writes a file of the person's own whole or not at all, its folder too where there is none. A link is followed: what
/// it points at is replaced.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut new = path.clone().into_os_string();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)
    })();
    if written.is_err() {
        // What is not whole is not left lying.
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Keeps a filter under a name in the settings, or forgets it; the rest of the file stays as it is.
///
/// # Errors
/// The file cannot be read as TOML or cannot be written, in words.
pub fn keep_filter(path: &Path, name: &str, words: Option<&str>) -> Result<Settings, String> {
    let text = read(path)?.unwrap_or_default();
    let text = settings::with_filter(&text, name, words).map_err(|why| format!("{}: {why}", path.display()))?;
    replace(path, &text).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(Settings::read(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_filter_is_kept_whole_in_a_file_of_ones_own_and_nothing_lies_about() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("console.toml");
        let settings = keep_filter(&path, "core", Some("network:core")).unwrap();
        assert_eq!(settings.filters, [("core".to_owned(), "network:core".to_owned())]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        keep_filter(&link, "hq", Some("site:hq")).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Settings::read(&std::fs::read_to_string(&path).unwrap()).filters.len(), 2);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn the_first_locale_that_is_set_and_the_terminal_say_what_can_be_shown() {
        for (locale, terminal, more) in [
            ([None, None, Some("en_GB.UTF-8")], "xterm-256color", true),
            ([Some("C"), None, Some("en_GB.UTF-8")], "xterm", false),
            ([Some(""), Some("C.utf8"), Some("C")], "screen", true),
            ([None, None, None], "xterm", false),
            ([None, None, Some("de_DE.ISO-8859-1")], "xterm", false),
            ([None, None, Some("en_GB.UTF-8")], "linux", false),
            ([None, None, Some("en_GB.UTF-8")], "vt100", false),
        ] {
            assert_eq!(shows_more_than_ascii(locale, terminal), more, "{locale:?} {terminal}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_written_is_told_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join("console.toml");
        std::fs::write(&broken, "[filters\n").unwrap();
        let why = keep_filter(&broken, "a", Some("b")).unwrap_err();
        assert!(why.contains("console.toml: 1:") && std::fs::read_to_string(&broken).unwrap() == "[filters\n", "{why}");
        let nowhere = broken.join("console.toml");
        assert!(keep_filter(&nowhere, "a", Some("b")).unwrap_err().contains("console.toml"));
        let long = folder.path().join("long");
        std::fs::write(&long, "#".repeat(300_000)).unwrap();
        assert!(read(&long).unwrap_err().contains("longer than 256 kB"));
        std::fs::write(&long, [0xff, 0xfe]).unwrap();
        assert!(read(&long).is_err());
    }
}
