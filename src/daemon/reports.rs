//! Reports of review cycles that ended, written by a task of their own: a folder that hangs keeps neither the recorder
//! nor the polling waiting. The recorder knows which are due, and is told what was written.
//!
//! A file is there whole or not at all, and takes the place of no other. Whether one that is there already is the one
//! that was to be written (the daemon ended between that and the word to the recorder) is told by the hash of the change
//! log that the attestation names: no other report has it.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::beats::Task;
use super::recorder::Message;
use crate::config::{ReportForm, ReviewReport};
use crate::net::{CycleId, Timestamp};
use crate::report::cycle::{Gone, attestation};
use crate::report::paper::{Frame, Names, Paper, write_html, write_json, write_text};
use crate::review::Cycle;
use crate::store::Reader;

/// How often it is asked which are due, and tried again what failed.
const EVERY: Duration = Duration::from_secs(5);
/// How long writing may take before it counts as late.
const LONGEST: Duration = Duration::from_secs(300);
/// Names that are tried for a file where others have the first.
const MOST_NAMES: usize = 100;
/// Octets of a file that is there which are looked through, and of the text that carriers are given.
const MOST_READ: u64 = 256 << 20;
const MOST_CARRIED: usize = 128 << 10;

/// Asks the recorder about reports.
#[derive(Debug)]
pub(super) enum Question {
    /// Which are to be written.
    Due { reply: oneshot::Sender<Vec<(Cycle, ReviewReport)>> },
    /// This was written, or why not. The reply comes after the commit.
    Done { cycle: CycleId, result: Result<Written, String>, reply: oneshot::Sender<()> },
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Where.
    pub(super) files: Vec<String>,
    /// Its text, for carriers that can take more than a line.
    pub(super) text: String,
}

/// Writes what is due, as long as the daemon runs.
pub(super) async fn watch(shared: Arc<Shared>) {
    let database = shared.config.borrow().daemon.database.clone();
    loop {
        shared.beats.note(Task::Reports, LONGEST);
        if pass(&database, &shared.recorder).await.is_err() {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Writes what is due now.
///
/// # Errors
/// The recorder is gone.
pub(super) async fn pass(database: &Path, recorder: &mpsc::Sender<Message>) -> anyhow::Result<()> {
    let gone = "the recorder is gone";
    let (reply, answer) = oneshot::channel();
    recorder.send(Message::Reports(Question::Due { reply })).await.ok().context(gone)?;
    for (cycle, plan) in answer.await.context(gone)? {
        let (id, database) = (cycle.id, database.to_owned());
        let written = tokio::task::spawn_blocking(move || write(&database, &cycle, &plan)).await;
        let result = match written {
            Ok(written) => written.map_err(|error| format!("{error:#}")),
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = &result {
            tracing::error!("the report of review cycle {id} is not written: {why}");
        }
        let (reply, told) = oneshot::channel();
        recorder.send(Message::Reports(Question::Done { cycle: id, result, reply })).await.ok().context(gone)?;
        told.await.context(gone)?;
    }
    Ok(())
}

/// Writes the report of a cycle in every form that is asked for.
fn write(database: &Path, cycle: &Cycle, plan: &ReviewReport) -> anyhow::Result<Written> {
    let mut reader = Reader::open(database)?;
    let (snapshot, _) = reader.outline()?;
    let items = reader.cycle_items(cycle)?;
    let frame = Frame {
        snapshot: &snapshot,
        names: Names::full(),
        made: Timestamp::now(),
        head: reader.signed_head()?.map(|head| head.to_string()),
    };
    let paper = attestation(&frame, &Gone { cycle, findings: &items.findings, devices: &items.devices });
    let told = cycle.attestation.as_ref().context("nobody attested the cycle")?;
    let day = told.at.to_string();
    let name = format!("{}-{}-cycle-{}", cycle.name, day.get(..10).unwrap_or_default(), cycle.id);
    let mut written = Written::default();
    for form in &plan.formats {
        let path = put(&plan.folder, &name, form.ending(), &told.head, |out| match form {
            ReportForm::Text => write_text(&paper, out),
            ReportForm::Html => write_html(&paper, out),
            ReportForm::Json => write_json(&paper, out),
        })?;
        written.files.push(path.display().to_string());
    }
    if !plan.alerts.is_empty() {
        written.text = text(&paper)?;
    }
    Ok(written)
}

/// The report as text, as much of it as a carrier is given.
fn text(paper: &Paper<'_>) -> anyhow::Result<String> {
    let mut octets = Vec::new();
    write_text(paper, &mut octets)?;
    let mut text = String::from_utf8(octets)?;
    if text.len() > MOST_CARRIED {
        let end = (0..=MOST_CARRIED).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n(cut off here: the file has all)\n");
    }
    Ok(text)
}

/// Puts a file into the folder under the first of its names that no other file has.
fn put(
    folder: &Path,
    name: &str,
    ending: &str,
    mark: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> anyhow::Result<PathBuf> {
    let hint = "does the folder exist, and may the daemon write there? (under systemd: ReadWritePaths=)";
    let cannot = || format!("{} cannot be written: {hint}", folder.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o750).create(folder).with_context(cannot)?;
    let new = folder.join(format!(".{name}.{ending}.new"));
    // One that is left over from a daemon that was killed is begun anew.
    let _ = std::fs::remove_file(&new);
    let placed = (|| {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(&new).with_context(cannot)?;
        // Whatever the umask takes away.
        file.set_permissions(std::fs::Permissions::from_mode(0o640)).with_context(cannot)?;
        let mut out = BufWriter::new(file);
        write(&mut out).with_context(cannot)?;
        out.flush().with_context(cannot)?;
        out.get_ref().sync_all().with_context(cannot)?;
        for number in 1..=MOST_NAMES {
            let number = if number == 1 { String::new() } else { format!("-{number}") };
            let path = folder.join(format!("{name}{number}.{ending}"));
            match std::fs::hard_link(&new, &path) {
                Ok(()) => {
                    File::open(folder).and_then(|folder| folder.sync_all()).with_context(cannot)?;
                    return Ok(path);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    if holds(&path, mark).unwrap_or(false) {
                        return Ok(path);
                    }
                }
                Err(error) => return Err(error).with_context(|| format!("{}: {hint}", path.display())),
            }
        }
        bail!("{} has {MOST_NAMES} files called {name}.{ending} already", folder.display())
    })();
    let _ = std::fs::remove_file(&new);
    placed
}

/// Whether a regular file has this in it.
fn holds(path: &Path, mark: &str) -> std::io::Result<bool> {
    // Neither a link to elsewhere nor a pipe that never ends.
    if !std::fs::symlink_metadata(path)?.is_file() || mark.is_empty() {
        return Ok(false);
    }
    let mut octets = Vec::new();
    File::open(path)?.take(MOST_READ).read_to_end(&mut octets)?;
    Ok(octets.windows(mark.len()).any(|window| window == mark.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_takes_no_other_s_place_and_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let reports = folder.path().join("var/reports");
        let put = |mark: &str, text: &str| {
            let path =
                super::put(&reports, "standard-2026-11-28-cycle-3", "txt", mark, |out| out.write_all(text.as_bytes()));
            path.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        };
        let all = || {
            let entries = std::fs::read_dir(&reports).unwrap().map(|entry| entry.unwrap());
            let mut all: Vec<(String, String)> = entries
                .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
                .collect();
            all.sort();
            all
        };
        assert_eq!(put("aaaa", "one aaaa").unwrap(), "standard-2026-11-28-cycle-3.txt");
        let path = reports.join("standard-2026-11-28-cycle-3.txt");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        // The daemon ended before it could say that it was written, and does it again, with another head of the log in it.
        assert_eq!(put("aaaa", "again aaaa").unwrap(), "standard-2026-11-28-cycle-3.txt");
        assert_eq!(all(), [("standard-2026-11-28-cycle-3.txt".to_owned(), "one aaaa".to_owned())]);
        // Another database's report of the same name stays.
        assert_eq!(put("bbbb", "two bbbb").unwrap(), "standard-2026-11-28-cycle-3-2.txt");
        assert_eq!(all().len(), 2);
        let failed = super::put(&reports, "other", "txt", "x", |_| Err(std::io::Error::other("disk full")));
        assert!(format!("{:#}", failed.unwrap_err()).contains("disk full"));
        assert_eq!(all().len(), 2, "nothing half is left");
        // A link to elsewhere is another's, and is not followed.
        std::fs::write(folder.path().join("secret"), "cccc").unwrap();
        let link = reports.join("standard-2026-11-28-cycle-3-3.txt");
        std::os::unix::fs::symlink(folder.path().join("secret"), &link).unwrap();
        assert_eq!(put("cccc", "three cccc").unwrap(), "standard-2026-11-28-cycle-3-4.txt");
    }
}
