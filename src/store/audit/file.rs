//! Checks an exported file: no database, no configuration, one row in memory at a time.

use std::io::{BufRead, Read as _};

use anyhow::{Context, Result, bail};

use super::checker::{Checker, Row, Verdict};
use super::export::{ExportedRow, FORMAT, Line, VERSION};
use super::head::SignedHead;
use super::key::PublicKey;
use crate::net::Timestamp;
use crate::store::log::{Hash, unhex};

/// No line of an export is longer, in octets: the largest body is a configuration of some thousand sites.
const LONGEST_LINE: u64 = 64 << 20;

/// Walks a file. `part`: it may begin later than with the first row. `published`: heads known from elsewhere.
///
/// # Errors
/// The file cannot be read, or is of a newer form.
pub fn verify(mut file: impl BufRead, keys: &[PublicKey], published: &[SignedHead], part: bool) -> Result<Verdict> {
    let mut octets = Vec::new();
    let mut walk = Walk { number: 0, checker: None, ended: None };
    while next(&mut file, &mut octets)? {
        walk.number += 1;
        let line = serde_json::from_slice::<Line<'_>>(&octets);
        if walk.number == 1 {
            let (epoch, key) = match line {
                Ok(Line::Audit { format, version, epoch, key }) if format == FORMAT => {
                    if version != VERSION {
                        bail!("the file is of form {version}, this lenswarden knows {VERSION}: use the one it is from");
                    }
                    (epoch, key)
                }
                _ => bail!("that is no file of 'lenswarden audit export': its first line says nothing of {FORMAT}"),
            };
            let mut checker = Checker::new(&epoch, keys, part, published);
            checker.line = Some(1);
            if let Some(key) = key.filter(|key| !keys.contains(key)) {
                checker
                    .fault(None, format!("the file says that key {} signed it, and that is none you gave", key.name()));
            }
            walk.checker = Some(checker);
        } else {
            walk.line(line);
        }
    }
    let Some(mut checker) = walk.checker else { bail!("the file is empty") };
    checker.line = Some(walk.number);
    if walk.ended.is_none() {
        checker.fault(None, "the file breaks off: its last line is missing".to_owned());
    }
    Ok(checker.finish("the file"))
}

/// Reads a line without its end. `false`: there is none.
fn next(file: &mut impl BufRead, octets: &mut Vec<u8>) -> Result<bool> {
    octets.clear();
    file.take(LONGEST_LINE).read_until(b'\n', octets).context("the file cannot be read")?;
    Ok(!octets.is_empty())
}

struct Walk {
    number: u64,
    checker: Option<Checker>,
    /// The line that said that it was the last.
    ended: Option<u64>,
}

impl Walk {
    fn line(&mut self, line: serde_json::Result<Line<'_>>) {
        let Some(checker) = &mut self.checker else { return };
        checker.line = Some(self.number);
        if let Some(ended) = self.ended {
            checker.fault(None, format!("there is something after the last line ({ended})"));
        }
        match line {
            Ok(Line::Row(row)) => match fields(&row) {
                Some((at, [body_hash, prev, hash])) => checker.row(&Row {
                    seq: row.seq,
                    at,
                    kind: &row.kind,
                    subject: &row.subject,
                    body: row.body.as_deref(),
                    body_hash,
                    prev,
                    hash,
                }),
                None => checker.fault(Some(row.seq), format!("row {}: its time or one of its hashes is none", row.seq)),
            },
            Ok(Line::Head(text)) => match text.parse() {
                Ok(head) => checker.head(&head),
                Err(error) => checker.fault(None, format!("a head was altered: {error}")),
            },
            Ok(Line::End { rows, last }) => {
                self.ended = Some(self.number);
                let walked = checker.walked();
                if walked != (rows, last) {
                    let what = format!(
                        "the last line tells of {rows} rows up to row {last}, and there are {} up to row {}",
                        walked.0, walked.1
                    );
                    checker.fault(None, what);
                }
            }
            Ok(Line::Audit { .. }) => checker.fault(None, "the first line stands here again".to_owned()),
            Err(error) => checker.fault(None, format!("that is no row: {error}")),
        }
    }
}

/// What has one spelling only: the time and the hashes.
fn fields(row: &ExportedRow<'_>) -> Option<(Timestamp, [Hash; 3])> {
    let at = row.at.parse::<Timestamp>().ok().filter(|at| at.to_string() == row.at)?;
    Some((at, [unhex(&row.body_hash)?, unhex(&row.prev)?, unhex(&row.hash)?]))
}
