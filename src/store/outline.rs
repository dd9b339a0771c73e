//! The picture that a first screen needs: read on two connections at once, because the time goes into what the records
//! say, not into the disk.

use std::collections::BTreeSet;
use std::thread;

use rusqlite::Connection;

use super::{picture, query, read};
use crate::net::{FindingId, Names};
use crate::review::Finding;
use crate::snapshot::{Changes, Snapshot, Tally};

/// How far a connection sees: the last change of the log, and the last visit. Two that see as far see the same targets.
type Moment = (u64, u64);

fn moment(connection: &Connection) -> rusqlite::Result<Moment> {
    Ok((picture::head(connection)?.0, picture::visits(connection)?))
}

/// The picture without the devices that no finding is about, and without findings that are closed and in no cycle; and
/// how many devices are alike, of all. The targets come by the connection that `beside` opens; where that fails, or sees
/// another moment than the first one, the first one reads them too.
pub(super) fn outline(
    connection: &Connection,
    beside: impl FnOnce() -> rusqlite::Result<Connection> + Send,
) -> rusqlite::Result<(Snapshot, Vec<Tally>)> {
    thread::scope(|scope| {
        let aside = scope.spawn(|| {
            let connection = beside()?;
            let transaction = connection.unchecked_transaction()?;
            Ok::<_, rusqlite::Error>((moment(&transaction)?, picture::targets(&transaction)?))
        });
        let transaction = connection.unchecked_transaction()?;
        let mut changes = picture::beginning(&transaction)?;
        let rows = query::hiding(&transaction)?.into_iter().chain(query::found(&transaction)?);
        changes.devices = rows.map(|row| (row.id, Some(row))).collect();
        let tallies = query::tallies(&transaction)?;
        let mut findings: Vec<Finding> =
            read::records(&transaction, "SELECT record FROM finding WHERE closed = 0", [])?;
        let known: BTreeSet<FindingId> = findings.iter().map(|finding| finding.id).collect();
        let items: BTreeSet<FindingId> = changes.cycles.iter().flat_map(|cycle| cycle.items.iter().copied()).collect();
        for id in items.difference(&known) {
            let sql = "SELECT record FROM finding WHERE id = ?";
            findings.extend(read::records::<Finding>(&transaction, sql, [id.0 as i64])?);
        }
        picture::put_subjects(&transaction, &findings, &mut changes.devices)?;
        let mut names = Names::default();
        findings.iter_mut().for_each(|finding| finding.share(&mut names));
        changes.devices.values_mut().flatten().for_each(|row| row.share(&mut names));
        let targets = match aside.join() {
            Ok(Ok((at, targets))) if at == (changes.head.0, changes.visits) => targets,
            _ => picture::targets(&transaction)?,
        };
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
