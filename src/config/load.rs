//! From a file to a checked configuration, or to the part of it that a reader needs.

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Spanned;

use super::register::{RegisterPlan, registers};
use super::{
    Config, DaemonSettings, HouseSettings, MakerSettings, Network, PolicyChoice, Problem, Problems, Site, check,
    checker, file, policies, secret,
};

/// Reads, checks and completes the configuration, its secrets included.
///
/// # Errors
/// Every problem at once.
pub fn load(path: &Path) -> Result<Config, Problems> {
    parse(&read(path)?, path)
}

/// Reads `[daemon]` and nothing else: all that somebody needs who only looks or decides. Secrets, which only the daemon
/// may read, are not looked at, and what is wrong elsewhere in the file does not keep anybody from looking.
///
/// # Errors
/// The file cannot be read, or `[daemon]` has problems or is not found in a file that is no TOML.
pub fn load_daemon(path: &Path) -> Result<DaemonSettings, Problems> {
    let text = read(path)?;
    let (mut table, broken) = toml::de::DeTable::parse_recoverable(&text);
    let found = table.get_mut().remove("daemon");
    // What could be read of a broken part may be another database, or the default one.
    let here = section(&text, "daemon");
    let in_it = |error: &&toml::de::Error| error.span().is_none_or(|span| here.contains(&span.start));
    if let Some(error) = broken.iter().find(in_it).or(broken.first().filter(|_| found.is_none())) {
        return Err(syntax(&text, path, error));
    }
    let written = found.map(|value| {
        use serde::de::IntoDeserializer as _;
        file::Daemon::deserialize(value.into_deserializer())
    });
    // What was read past a fault may be nonsense: then the fault is to be told.
    let failed = |error| syntax(&text, path, broken.first().unwrap_or(&error));
    let written = written.transpose().map_err(failed)?.unwrap_or_default();
    let mut checker = checker::Checker::new(&text, path);
    let settings = check::daemon(&mut checker, &written);
    if checker.problems.is_empty() { Ok(settings) } else { Err(Problems(checker.problems)) }
}

/// Where a table of the file stands: from the line of its name to the next that begins another.
fn section(text: &str, name: &str) -> std::ops::Range<usize> {
    let header = format!("[{name}");
    let mut from = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        match from {
            None if line.trim_start().starts_with(&header) => from = Some(at),
            Some(from) if line.trim_start().starts_with('[') => return from..at,
            _ => {}
        }
        at += line.len();
    }
    // What ends too soon is found at the end.
    from.map_or(0..0, |from| from..at + 1)
}

/// Reads `[makers]` and `[[policy]]` and nothing else: all that judging equipment needs.
///
/// # Errors
/// The file cannot be read, or one of the two has problems.
pub fn load_judgement(path: &Path) -> Result<(MakerSettings, Vec<PolicyChoice>), Problems> {
    use serde::de::IntoDeserializer as _;
    let text = read(path)?;
    let (mut table, _) = toml::de::DeTable::parse_recoverable(&text);
    let makers = table.get_mut().remove("makers");
    let makers = makers.map(|value| file::Makers::deserialize(value.into_deserializer())).transpose();
    let makers = makers.map_err(|error| syntax(&text, path, &error))?.unwrap_or_default();
    let written = table.get_mut().remove("policy");
    let written = written.map(|value| Vec::<Spanned<file::Policy>>::deserialize(value.into_deserializer()));
    let written = written.transpose().map_err(|error| syntax(&text, path, &error))?;
    let mut checker = checker::Checker::new(&text, path);
    let judgement = (MakerSettings::check(&mut checker, &makers), policies::check(&mut checker, written.as_ref()));
    if checker.problems.is_empty() { Ok(judgement) } else { Err(Problems(checker.problems)) }
}

/// What devices are placed by, and what is asked of them beside the packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EstateSettings {
    /// `[[site]]`
    pub sites: Vec<Site>,
    /// `[[network]]`
    pub networks: Vec<Network>,
    /// `[house-rules]`
    pub house: HouseSettings,
    /// `[[register]]`
    pub registers: Vec<RegisterPlan>,
    /// SHA-256 of the whole file.
    pub hash: String,
}

/// Reads sites, networks, house rules, registers and the hash of the whole file. Secrets are not looked at.
///
/// # Errors
/// The file cannot be read, has unknown keys, or one of these has problems.
pub fn load_estate(path: &Path) -> Result<EstateSettings, Problems> {
    let text = read(path)?;
    let file: file::File = toml::from_str(&text).map_err(|error| syntax(&text, path, &error))?;
    let mut checker = checker::Checker::new(&text, path);
    let (sites, networks) = check::estate(&mut checker, &file);
    let site_ids: Vec<String> = sites.iter().map(|site| site.id.to_string()).collect();
    let house = HouseSettings::check(&mut checker, &file.house_rules);
    let registers = registers(&mut checker, &file, &site_ids);
    let settings = EstateSettings { sites, networks, house, registers, hash: hash(&text) };
    if checker.problems.is_empty() { Ok(settings) } else { Err(Problems(checker.problems)) }
}

fn hash(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect()
}

fn read(path: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(path).map_err(|error| {
        let who = match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                "members of the group lenswarden may read it: sudo usermod -aG lenswarden \"$USER\", then log in again; "
            }
            _ => "",
        };
        let hint = format!("{who}--config FILE names another; `lenswarden demo` needs none");
        let message = format!("the configuration cannot be read: {error}");
        Problems(vec![Problem { place: path.display().to_string(), message, hint }])
    })
}

fn syntax(text: &str, path: &Path, error: &toml::de::Error) -> Problems {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let place = format!("{}:{line}:{column}", path.display());
    Problems(vec![Problem { place, message: error.message().to_owned(), hint: String::new() }])
}

/// Checks the text of a configuration that stands, or would stand, at `path`.
///
/// # Errors
/// Every problem at once; a text that is no TOML, or has unknown keys, is one problem.
pub fn parse(text: &str, path: &Path) -> Result<Config, Problems> {
    let file: file::File = toml::from_str(text).map_err(|error| syntax(text, path, &error))?;
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    check::check(text, path, &file, hash(text), &secret::SecretStore::new(path, credentials))
}
