//! The catalogue of makers as it is in force: the shipped one, the operator's own files, and the newest copy of the
//! IEEE registry that is at hand.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::config::{Config, MakerSettings, PolicyChoice, Problem, watch::Watched};
use crate::maker::{Catalogue, RegistryFile};
use crate::net::Timestamp;

/// Where Debian's `ieee-data` keeps the registry: as it was packaged, and as `update-ieee-data` fetched it.
const FOLDERS: [&str; 2] = ["/usr/share/ieee-data", "/var/lib/ieee-data"];
/// The registry's files: blocks of 24, 28 and 36 bits, and those of 36 bits given out before.
const FILES: [&str; 4] = ["oui.csv", "mam.csv", "oui36.csv", "iab.csv"];

/// Reads the catalogue.
///
/// # Errors
/// Everything that is wrong with the operator's files, each with its place and how to mend it.
pub fn read(settings: &MakerSettings) -> Result<Catalogue, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    if settings.shipped {
        texts.push(("makers.toml".to_owned(), Catalogue::shipped_text().to_owned()));
    }
    let unreadable = |path: &Path, error: &std::io::Error| Problem {
        place: path.display().to_string(),
        message: format!("it cannot be read: {error}"),
        hint: "named by [makers]".to_owned(),
    };
    for file in &settings.files {
        match std::fs::read_to_string(file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(error) => problems.push(unreadable(file, &error)),
        }
    }
    let mut registry = Vec::new();
    for folder in FOLDERS {
        registry.extend(FILES.iter().filter_map(|name| dated(&Path::new(folder).join(name)).ok()));
    }
    for named in &settings.registry {
        let files: Vec<PathBuf> =
            if named.is_dir() { FILES.iter().map(|name| named.join(name)).collect() } else { vec![named.clone()] };
        let read: Vec<_> = files.iter().map(|file| dated(file).map_err(|error| unreadable(file, &error))).collect();
        if read.iter().all(Result::is_err) {
            problems.extend(read.into_iter().filter_map(Result::err).take(1));
        } else {
            registry.extend(read.into_iter().filter_map(Result::ok));
        }
    }
    let only_shipped = settings.shipped && settings.files.is_empty();
    let catalogue = if only_shipped { Ok(Catalogue::shipped()) } else { Catalogue::read(&texts) };
    match catalogue {
        Ok(catalogue) if problems.is_empty() => {
            Ok(if registry.is_empty() { catalogue } else { catalogue.with_registry(registry) })
        }
        Ok(_) => Err(problems),
        Err(found) => {
            problems.extend(found);
            Err(problems)
        }
    }
}

/// Watches the files a configuration names: catalogues, copies of the registry, policy packs, registers.
pub(super) fn watch(watched: Option<&Watched>, config: &Config) {
    let Some(watched) = watched else { return };
    let packs = config.policies.iter().filter_map(|choice| match choice {
        PolicyChoice::File(file) => Some(file.clone()),
        PolicyChoice::Shipped(_) | PolicyChoice::Off { .. } => None,
    });
    let MakerSettings { files, registry, .. } = &config.makers;
    let folders = registry.iter().map(PathBuf::as_path).chain(FOLDERS.map(Path::new));
    let copies = folders.filter(|folder| folder.is_dir()).flat_map(|folder| FILES.map(|name| folder.join(name)));
    let registers = config.registers.iter().map(|register| register.file.clone());
    for file in packs.chain(registers).chain(files.iter().cloned()).chain(registry.iter().cloned()).chain(copies) {
        if let Err(error) = watched.add(&file) {
            tracing::warn!(%error, file = %file.display(), "not watched");
        }
    }
}

/// A file of the registry with its day: it carries none, but packages and `update-ieee-data` keep the file's time.
fn dated(path: &Path) -> std::io::Result<RegistryFile> {
    let text = std::fs::read_to_string(path)?;
    let changed = std::fs::metadata(path)?.modified()?;
    let at = jiff::Timestamp::try_from(changed).map_or(Timestamp(0), Timestamp::from_jiff);
    Ok(RegistryFile { date: day(at), text })
}

fn day(at: Timestamp) -> Date {
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_files_extend_or_replace_and_their_problems_have_a_place() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own.toml");
        let line = "[[maker]]\nid='acme'\nname='Acme'\nentity='Acme Ltd'\ncountry='GB'\njurisdiction='elsewhere'\n";
        std::fs::write(&own, format!("{line}source='its web site'\n")).unwrap();
        let mut settings = MakerSettings { files: vec![own.clone()], ..MakerSettings::default() };
        let extended = read(&settings).unwrap();
        assert!(extended.maker(&"acme".into()).is_some() && extended.maker(&"axis".into()).is_some());
        assert_ne!(extended, Catalogue::shipped());
        settings.shipped = false;
        assert!(read(&settings).unwrap().maker(&"axis".into()).is_none());
        std::fs::write(&own, format!("\n\n{line}marks=[{{in='model',is='('}}]\n")).unwrap();
        let problems = read(&settings).unwrap_err();
        assert!(problems.iter().all(|problem| problem.place.contains("own.toml:3 maker 'acme'")), "{problems:?}");
        assert_eq!(problems.len(), 2, "no source, no pattern: {problems:?}");
        settings.registry = vec![folder.path().join("oui.csv")];
        assert_eq!(read(&settings).unwrap_err().len(), 3);
    }

    #[test]
    fn a_registry_named_is_used_when_it_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let head = "Registry,Assignment,Organization Name,Organization Address\n";
        std::fs::write(folder.path().join("oui.csv"), format!("{head}MA-L,00FFF1,Zhejiang Dahua Vision,x\n")).unwrap();
        let settings = MakerSettings { registry: vec![folder.path().to_owned()], ..MakerSettings::default() };
        let catalogue = read(&settings).unwrap();
        // A new block is known by its organisation's name.
        let block = catalogue.block("00:ff:f1:01:02:03".parse().unwrap()).unwrap();
        assert_eq!(block.organisation, "Zhejiang Dahua Vision");
        assert!(catalogue.registry_date() >= Catalogue::shipped().registry_date());
    }
}
