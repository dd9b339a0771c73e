//! Checks the live database, read-only: the chain, and that the tables hold what the log tells last.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::checker::{Checker, Row, Verdict};
use super::head::{self, SignedHead};
use super::key::PublicKey;
use crate::net::Timestamp;
use crate::net::text::clean;
use crate::store::log::{self, TABLES, kind_text};
use crate::store::{ChangeKind, Reader, StoreError, read};

impl Reader {
    /// The key that the database says its heads are signed with; `None` before its first daemon of this version.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn signing_key(&self) -> Result<Option<PublicKey>, StoreError> {
        read::meta(&self.connection, "signing-key").map_err(self.fail("reading the public key"))
    }

    /// Where the log ends, as it was signed with the last commit.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn signed_head(&self) -> Result<Option<SignedHead>, StoreError> {
        head::current(&self.connection).map_err(self.fail("reading the signed head"))
    }

    /// Walks the whole log and compares the tables with it. Without keys the database's own is believed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn verify(&self, keys: &[PublicKey], published: &[SignedHead]) -> Result<Verdict, StoreError> {
        let own: Vec<PublicKey> = self.signing_keys().map_err(self.fail("reading the public key"))?;
        let keys = if keys.is_empty() { &own } else { keys };
        walk(&self.connection, keys, published).map_err(self.fail("walking the change log"))
    }

    /// Every key that ever signed here, as the log tells.
    fn signing_keys(&self) -> rusqlite::Result<Vec<PublicKey>> {
        let kind = kind_text(ChangeKind::Key);
        read::records(&self.connection, "SELECT body FROM change WHERE kind = ? AND body IS NOT NULL", [kind])
    }
}

fn walk(connection: &Connection, keys: &[PublicKey], published: &[SignedHead]) -> rusqlite::Result<Verdict> {
    // One instant: the daemon goes on writing meanwhile.
    let transaction = connection.unchecked_transaction()?;
    let epoch: String = transaction.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))?;
    let mut checker = Checker::new(&epoch, keys, false, published);
    let mut heads = head::stored(&transaction, 0)?.into_iter().peekable();
    let mut statement = transaction.prepare(log::ROWS)?;
    let mut rows = statement.query([i64::MIN])?;
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)?.unsigned_abs();
        checker.row(&Row {
            seq,
            at: Timestamp(row.get(1)?),
            kind: row.get_ref(2)?.as_str()?,
            subject: row.get_ref(3)?.as_str()?,
            body: row.get_ref(4)?.as_str_or_null()?,
            body_hash: row.get(5)?,
            prev: row.get(6)?,
            hash: row.get(7)?,
        });
        while let Some(head) = heads.next_if(|head| head.seq <= seq) {
            checker.head(&head);
        }
    }
    for head in heads {
        checker.head(&head);
    }
    for (kind, sql) in TABLES {
        compare(&transaction, &mut checker, kind, sql)?;
    }
    compare_decisions(&transaction, &mut checker)?;
    Ok(checker.finish("the log"))
}

/// Whether every record of a table is what the log told of it last, and none is missing.
fn compare(connection: &Connection, checker: &mut Checker, kind: ChangeKind, sql: &str) -> rusqlite::Result<()> {
    let word = kind_text(kind);
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut held = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (subject, record): (String, &str) = (row.get(0)?, row.get_ref(1)?.as_str()?);
        let told: Option<(i64, Vec<u8>)> = connection
            .prepare_cached(
                "SELECT seq, body_hash FROM change WHERE kind = ? AND subject = ? ORDER BY seq DESC LIMIT 1",
            )?
            .query_row((word, &subject), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let name = format!("{word} {}", clean(&subject));
        match told {
            None => checker.fault(None, format!("{name} is in its table, and the log never told of it")),
            Some((seq, hash)) if Sha256::digest(record.as_bytes()).as_slice() != hash => {
                let what = format!("{name} was altered in its table: it is not what row {seq} of the log tells");
                checker.fault(Some(seq.unsigned_abs()), what);
            }
            Some(_) => {}
        }
        held.insert(subject);
    }
    let mut statement = connection.prepare("SELECT subject, max(seq) FROM change WHERE kind = ? GROUP BY subject")?;
    let mut rows = statement.query([word])?;
    while let Some(row) = rows.next()? {
        let (subject, seq): (String, i64) = (row.get(0)?, row.get(1)?);
        if !held.contains(&subject) && !ended(connection, kind, &subject, seq)? {
            let what =
                format!("{word} {} is gone from its table, and the log tells of it (row {seq})", clean(&subject));
            checker.fault(Some(seq.unsigned_abs()), what);
        }
    }
    Ok(())
}

/// Whether the log tells of the end of a record after its last row.
fn ended(connection: &Connection, kind: ChangeKind, subject: &str, last: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM change WHERE kind = ? AND subject = ? AND seq > ?)";
    for end in kind.ends() {
        if connection.prepare_cached(sql)?.query_row((kind_text(*end), subject, last), |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Decisions stand in their table as they were made, one after the other.
fn compare_decisions(connection: &Connection, checker: &mut Checker) -> rusqlite::Result<()> {
    let mut told = connection.prepare("SELECT seq, subject, body_hash FROM change WHERE kind = ? ORDER BY seq")?;
    let mut told = told.query([kind_text(ChangeKind::Decision)])?;
    let mut held = connection.prepare(log::DECISIONS)?;
    let mut held = held.query([])?;
    loop {
        let what = match (told.next()?, held.next()?) {
            (None, None) => return Ok(()),
            (Some(row), None) => {
                format!("the decision of row {} is gone from its table", row.get::<_, i64>(0)?)
            }
            (None, Some(row)) => {
                let finding: String = row.get(0)?;
                format!("a decision on finding {} is in its table, and the log never told of it", clean(&finding))
            }
            (Some(told), Some(held)) => {
                let record = held.get_ref(1)?.as_str()?;
                let same_finding = told.get_ref(1)?.as_str()? == held.get_ref(0)?.as_str()?;
                if same_finding && Sha256::digest(record.as_bytes()).as_slice() == told.get_ref(2)?.as_blob()? {
                    continue;
                }
                format!("the decision of row {} was altered, moved or taken out of its table", told.get::<_, i64>(0)?)
            }
        };
        checker.fault(None, what);
        // What follows is shifted: one word is enough.
        return Ok(());
    }
}
