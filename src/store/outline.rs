//! The picture that a first screen needs: read on three connections at once, because the time goes into what the records
//! say, not into the disk.

use std::collections::BTreeSet;
use std::thread;

use rusqlite::Connection;

use super::{picture, query, read};
use crate::net::{FindingId, Names};
use crate::review::Finding;
use crate::snapshot::{Changes, DeviceRow, Snapshot, Tally};

/// How far a connection sees: the last change of the log, and the last visit. Two that see as far see the same targets.
type Moment = (u64, u64);

fn moment(connection: &Connection) -> rusqlite::Result<Moment> {
    Ok((picture::head(connection)?.0, picture::visits(connection)?))
}

/// What one of several connections read, and what moment it saw.
type Read<T> = rusqlite::Result<(Moment, T)>;

/// Reads on a connection of its own.
fn apart<T>(
    beside: &impl Fn() -> rusqlite::Result<Connection>,
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Read<T> {
    let connection = beside()?;
    let transaction = connection.unchecked_transaction()?;
    Ok((moment(&transaction)?, read(&transaction)?))
}

/// What was read beside, if it is of that moment.
fn of_moment<T>(read: thread::Result<Read<T>>, at: Moment) -> Option<T> {
    read.ok()?.ok().filter(|(seen, _)| *seen == at).map(|(_, value)| value)
}

/// The findings that stand.
fn standing(connection: &Connection) -> rusqlite::Result<Vec<Finding>> {
    read::records(connection, "SELECT record FROM finding WHERE closed = 0", [])
}

/// The picture without the devices that no finding is about, and without findings that are closed and in no cycle; and
/// how many devices are alike, of all. Targets and findings come by connections that `beside` opens; where that fails,
/// or sees another moment than the first one, the first one reads them too.
pub(super) fn outline(
    connection: &Connection,
    beside: impl Fn() -> rusqlite::Result<Connection> + Sync,
) -> rusqlite::Result<(Snapshot, Vec<Tally>)> {
    thread::scope(|scope| {
        let targets = scope.spawn(|| apart(&beside, picture::targets));
        let findings = scope.spawn(|| apart(&beside, standing));
        let transaction = connection.unchecked_transaction()?;
        let mut changes = picture::beginning(&transaction)?;
        let at = (changes.head.0, changes.visits);
        let rows = query::hiding(&transaction)?.into_iter().chain(query::found(&transaction)?);
        let mut names = Names::default();
        let shared = |mut row: DeviceRow| {
            row.share(&mut names);
            (row.id, Some(row))
        };
        changes.devices = rows.map(shared).collect();
        let tallies = query::tallies(&transaction)?;
        let mut findings = of_moment(findings.join(), at).map_or_else(|| standing(&transaction), Ok)?;
        let known: BTreeSet<FindingId> = findings.iter().map(|finding| finding.id).collect();
        let items: BTreeSet<FindingId> = changes.cycles.iter().flat_map(|cycle| cycle.items.iter().copied()).collect();
        for id in items.difference(&known) {
            findings.extend(picture::finding(&transaction, *id)?);
        }
        picture::put_subjects(&transaction, &findings, &mut changes.devices)?;
        findings.iter_mut().for_each(|finding| finding.share(&mut names));
        let targets = of_moment(targets.join(), at).map_or_else(|| picture::targets(&transaction), Ok)?;
        let mut snapshot = Snapshot::default();
        snapshot.take(Changes { targets, findings, ..changes });
        Ok((snapshot, tallies))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Timestamp;
    use crate::observation::{CameraStanding, Readings};
    use crate::store::{Batch, TargetKind, TargetRecord, TargetState, Writer};

    fn target(name: &str) -> TargetRecord {
        TargetRecord {
            name: name.into(),
            kind: TargetKind::Switch,
            address: "192.0.2.1:161".to_owned(),
            site: "hq".into(),
            occupant: None,
            state: TargetState::Answering,
            since: Timestamp(1),
            why: String::new(),
            last_attempt: Some(Timestamp(1)),
            last_ok: Some(Timestamp(1)),
            last_complete: Some(Timestamp(1)),
            requests: 1,
            took_ms: 1,
            tables: [].into(),
            readings: Readings::default(),
            camera: CameraStanding::default(),
        }
    }

    fn written(folder: &std::path::Path, switches: &[&str]) -> (Writer, std::path::PathBuf) {
        let path = folder.join(format!("{}.db", switches.len()));
        let mut writer = Writer::open(&path).unwrap();
        for name in switches {
            let batch = Batch { at: Timestamp(1), targets: vec![target(name)], ..Batch::default() };
            writer.commit(&batch).unwrap();
        }
        (writer, path)
    }

    #[test]
    fn another_moment_and_a_failure_beside_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (_writer, path) = written(folder.path(), &["acc-01", "acc-02"]);
        let (_other, elsewhere) = written(folder.path(), &["core-01"]);
        let connection = Connection::open(&path).unwrap();
        let (alone, _) = outline(&connection, || Err(rusqlite::Error::InvalidQuery)).unwrap();
        let names: Vec<_> = alone.targets.keys().map(crate::net::TargetName::as_str).collect();
        assert_eq!(names, ["acc-01", "acc-02"]);
        assert_eq!(outline(&connection, || Connection::open(&elsewhere)).unwrap().0, alone);
        assert_eq!(outline(&connection, || Connection::open(&path)).unwrap().0, alone);
    }
}
