//! A file that is made: whole under its name or not at all, and never in the place of another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf, absolute};

use crate::net::text::{clean, hides_or_moves};

/// A file that is being written under another name in the same folder.
#[derive(Debug)]
pub(super) struct NewFile {
    out: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
}

/// What it is called and where, as people are shown it.
pub(super) fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy())
}

/// The path that was typed, from the root on; `~/` is the person's own folder, as in a shell.
fn meant(typed: &str, home: Option<PathBuf>) -> io::Result<PathBuf> {
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Ok(home.join(rest)),
        _ => absolute(typed),
    }
}

/// Why it cannot be written, and what to do about it.
fn in_words(path: &Path, error: &io::Error) -> String {
    let folder = path.parent().unwrap_or(path);
    let (file, folder) = (shown(path), shown(folder));
    match error.kind() {
        ErrorKind::AlreadyExists => {
            format!("there is something called {file} already, and nothing is replaced: take another name")
        }
        ErrorKind::NotFound => format!("there is no folder {folder}"),
        ErrorKind::NotADirectory => format!("{folder} is no folder"),
        ErrorKind::PermissionDenied => {
            format!("you may not make files in {folder}: take another folder, as in ~/NAME.csv")
        }
        ErrorKind::ReadOnlyFilesystem => format!("{folder} can only be read: take another folder, as in ~/NAME.csv"),
        ErrorKind::StorageFull => format!("there is no room left in {folder}: nothing of the file is kept"),
        ErrorKind::QuotaExceeded => format!("you may keep no more in {folder}: nothing of the file is kept"),
        ErrorKind::InvalidFilename => format!("the name {file} is too long for its folder"),
        _ => format!("{file} cannot be written: {error}"),
    }
}

impl NewFile {
    /// Makes a file for what was typed, for its owner's eyes; nothing is under its name before [`Self::finish`].
    pub(super) fn create(typed: &str) -> Result<Self, String> {
        // What is shown is to be what is there.
        if typed.contains(hides_or_moves) {
            return Err(format!("the name {} has a character that does not show", clean(typed)));
        }
        let path = meant(typed, home()).map_err(|error| format!("{} is no path: {error}", clean(typed)))?;
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(format!("{} names no file", shown(&path)));
        };
        // A link that leads nowhere is something, too.
        if fs::symlink_metadata(&path).is_ok() {
            return Err(in_words(&path, &ErrorKind::AlreadyExists.into()));
        }
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let temporary = folder.join(hidden);
        // O_EXCL follows no link.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        let file = file.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("{} is being written, or was left behind: remove it", shown(&temporary))
            }
            _ => in_words(&path, &error),
        })?;
        Ok(Self { out: BufWriter::with_capacity(1 << 18, file), temporary, path })
    }

    /// The file is whole: it is on the disk, and then it gets its name.
    pub(super) fn finish(mut self) -> Result<PathBuf, String> {
        let placed = self.out.flush().and_then(|()| self.out.get_ref().sync_all()).and_then(|()| self.place());
        placed.map_err(|error| in_words(&self.path, &error))?;
        Ok(self.path.clone())
    }

    fn place(&self) -> io::Result<()> {
        // Unlike a rename, a link is never made in the place of something.
        match fs::hard_link(&self.temporary, &self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // File systems without links (FAT, some of networks).
            Err(error) => rename_new(&self.temporary, &self.path).map_err(|_| error)?,
        }
        // The name is on the disk with its folder. Some file systems cannot be asked for that; the file itself is there.
        if let Some(folder) = self.path.parent() {
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

/// Why what was typed cannot be written.
pub(super) fn cannot(typed: &str, error: &io::Error) -> String {
    in_words(&meant(typed, home()).unwrap_or_else(|_| typed.into()), error)
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// Renames, unless something has that name.
#[cfg(target_env = "gnu")]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
    Ok(renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE)?)
}

#[cfg(not(target_env = "gnu"))]
fn rename_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

impl Write for NewFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // By now it has its own name, or it is not whole; where it was renamed there is nothing left.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn made(path: &Path, text: &[u8]) -> Result<PathBuf, String> {
        let mut file = NewFile::create(path.to_str().unwrap())?;
        file.write_all(text).unwrap();
        file.finish()
    }

    #[test]
    fn a_file_is_there_when_it_is_whole_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut file = NewFile::create(path.to_str().unwrap()).unwrap();
        file.write_all(b"x").unwrap();
        file.flush().unwrap();
        assert!(!path.exists());
        assert_eq!(file.finish().unwrap(), path);
        assert_eq!(fs::read(&path).unwrap(), b"x");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(NewFile::create(folder.path().join("b.csv").to_str().unwrap()).unwrap());
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn nothing_is_replaced_and_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.csv"), "old").unwrap();
        symlink(at("aim.csv"), at("nowhere.csv")).unwrap();
        symlink(at("a.csv"), at("somewhere.csv")).unwrap();
        fs::create_dir(at("folder.csv")).unwrap();
        for name in ["a.csv", "nowhere.csv", "somewhere.csv", "folder.csv"] {
            let why = made(&at(name), b"new").unwrap_err();
            assert!(why.contains("already, and nothing is replaced"), "{name}: {why}");
        }
        // What came there while the file was written is left, too.
        let file = NewFile::create(at("late.csv").to_str().unwrap()).unwrap();
        symlink(at("aim.csv"), at("late.csv")).unwrap();
        assert!(file.finish().unwrap_err().contains("nothing is replaced"));
        assert_eq!(fs::read(at("a.csv")).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.csv", "folder.csv", "late.csv", "nowhere.csv", "somewhere.csv"]);
        // Nor by the way round for file systems without links.
        if cfg!(target_env = "gnu") {
            let error = rename_new(&at("a.csv"), &at("late.csv")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            rename_new(&at("a.csv"), &at("b.csv")).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        for (name, part) in [
            ("gone/a.csv", "there is no folder"),
            ("file/a.csv", "is no folder"),
            (&format!("{}.csv", "x".repeat(255)), "is too long"),
        ] {
            let why = made(&at(name), b"").unwrap_err();
            assert!(why.contains(part), "{name}: {why}");
        }
        for (typed, part) in
            [("/proc/self/a.csv", "/proc/self"), ("a\u{1b}[2J\u{202e}.csv", "does not show"), ("/", "names no file")]
        {
            let why = NewFile::create(typed).unwrap_err();
            assert!(why.contains(part) && !why.contains(hides_or_moves), "{typed:?}: {why}");
        }
        assert_eq!(names(folder.path()), ["file"]);
        assert_eq!(meant("~/a.csv", Some("/home/a".into())).unwrap(), Path::new("/home/a/a.csv"));
        assert_eq!(meant("/x/~/a.csv", None).unwrap(), Path::new("/x/~/a.csv"));
        let full = in_words(Path::new("/tmp/a.csv"), &ErrorKind::StorageFull.into());
        assert!(full.contains("no room left in /tmp"), "{full}");
    }
}
