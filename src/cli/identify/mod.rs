//! `identify`: rows in, verdicts out, one a row and in their order; needs no daemon.

mod answer;
mod row;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::say;
use crate::config::{self, MakerSettings, PolicyChoice};
use crate::daemon;
use crate::maker::Catalogue;
use crate::net::{MacAddr, Timestamp};
use crate::policy::Policies;
use crate::report::Format;
use answer::Writer;
use row::Row;

/// Longest line taken for a row, in octets.
const LONGEST: u64 = 1 << 20;
/// Most bad rows that are told one by one on stderr; in the output each stands in its place.
const TOLD: usize = 20;

/// What rows are judged by.
#[derive(Debug)]
pub struct Judge {
    /// The catalogue of makers.
    pub catalogue: Catalogue,
    /// The packs: every shipped one, and the operator's own.
    pub policies: Policies,
    /// When rows that carry no time are said to be observed.
    pub at: Timestamp,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// Rows that could not be read.
    pub bad: u64,
    /// Observations nobody knows here, each once.
    pub ignored: BTreeSet<String>,
}

pub(super) fn run(path: &Path, file: Option<&Path>, format: Format) -> Result<ExitCode> {
    let judge = judge(path)?;
    let input: Box<dyn Read> = match file.filter(|file| *file != Path::new("-")) {
        Some(file) => {
            Box::new(std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?)
        }
        None => Box::new(std::io::stdin()),
    };
    let mut output = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let tally =
        stream(&mut BufReader::with_capacity(1 << 16, input), &mut output, &judge, format, &mut |words| say(words))?;
    output.flush()?;
    if !tally.ignored.is_empty() {
        let names: Vec<_> = tally.ignored.iter().map(String::as_str).collect();
        say(&format!("not known here, and passed over: {}", names.join(", ")));
    }
    if tally.bad > 0 {
        say(&format!("{} of {} rows could not be read; each has its place in the output", tally.bad, tally.rows));
        return Ok(ExitCode::from(3));
    }
    Ok(ExitCode::SUCCESS)
}

/// The catalogue and packs of the configuration, where there is one, beside every shipped pack.
fn judge(path: &Path) -> Result<Judge> {
    let (makers, choices) =
        if path.exists() { config::load_judgement(path)? } else { (MakerSettings::default(), Vec::new()) };
    let catalogue = daemon::catalogue::read(&makers).map_err(config::Problems)?;
    if let (_, Some(warning)) = crate::maker::registry_words(catalogue.registry_date(), Timestamp::now()) {
        say(&format!("warning: {warning}"));
    }
    let mut packs: Vec<_> = choices.into_iter().filter(|choice| matches!(choice, PolicyChoice::File(_))).collect();
    // An own pack takes the place of a shipped one of its id.
    let (own, _) = daemon::packs::read(path, &packs);
    let shipped =
        Policies::shipped_ids().into_iter().filter(|id| own.packs().iter().all(|pack| pack.id.as_str() != *id));
    packs.extend(shipped.map(|id| PolicyChoice::Shipped(id.to_owned())));
    let (policies, problems) = daemon::packs::read(path, &packs);
    if problems.is_empty() {
        Ok(Judge { catalogue, policies: policies.on(jiff::Zoned::now().date()), at: Timestamp::now() })
    } else {
        Err(config::Problems(problems).into())
    }
}

/// Reads rows (JSON objects, MAC addresses, or CSV under a header) and writes a verdict for each. Memory does not
/// grow with their number.
///
/// # Errors
/// Reading or writing fails. A row that cannot be read is no error: it has its place in the output, and is told.
pub fn stream(
    input: &mut impl BufRead,
    output: &mut impl Write,
    judge: &Judge,
    format: Format,
    tell: &mut impl FnMut(&str),
) -> std::io::Result<Tally> {
    let mut writer = Writer::new(judge, format);
    let mut tally = Tally::default();
    writer.head(output)?;
    let (mut line, mut number) = (Vec::new(), 0u64);
    let mut told = |number: u64, why: &str, tally: &mut Tally| {
        tally.bad += 1;
        if tally.bad <= TOLD as u64 {
            tell(&format!("line {number}: {why}"));
        }
    };
    while let Some(whole) = read_line(input, &mut line)? {
        number += 1;
        let text = if whole { std::str::from_utf8(&line).map(str::trim) } else { Ok("") };
        if text.is_ok_and(|text| text.is_empty() || (number == 1 && text == "\u{feff}")) && whole {
            continue;
        }
        let text = text.map(|text| text.trim_start_matches('\u{feff}'));
        if let Some(mac) = text.ok().filter(|_| whole).and_then(|text| text.parse::<MacAddr>().ok()) {
            tally.rows += 1;
            writer.address(output, number, mac)?;
            continue;
        }
        if tally.rows == 0
            && let Ok(text) = text
            && row::is_header(text)
        {
            let rest = Cursor { head: std::mem::take(&mut line), at: 0, rest: input };
            table(rest, number, output, &mut writer, judge, &mut tally, &mut told)?;
            return Ok(tally);
        }
        tally.rows += 1;
        let row = match text {
            _ if !whole => Err(format!("longer than {LONGEST} octets")),
            Err(_) => Err("it is no UTF-8".to_owned()),
            Ok(text) if text.starts_with('{') => Row::from_json(text, judge.at, &mut tally.ignored),
            Ok(text) => Err(format!(
                "'{}' is no MAC address and no JSON object; a CSV needs a header of known columns first",
                crate::net::text::clean(text).chars().take(60).collect::<String>()
            )),
        };
        match row {
            Ok(row) => writer.row(output, number, &row)?,
            Err(why) => {
                told(number, &why, &mut tally);
                writer.bad(output, number, &why)?;
            }
        }
    }
    Ok(tally)
}

/// Rows of a CSV, its header first.
fn table(
    input: impl Read,
    first: u64,
    output: &mut impl Write,
    writer: &mut Writer<'_>,
    judge: &Judge,
    tally: &mut Tally,
    told: &mut impl FnMut(u64, &str, &mut Tally),
) -> std::io::Result<()> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input);
    let columns: Vec<String> = reader.headers()?.iter().map(|name| name.trim_matches('\u{feff}').to_owned()).collect();
    let mut record = csv::StringRecord::new();
    loop {
        let read = reader.read_record(&mut record);
        let at = |position: Option<&csv::Position>| position.map_or(0, csv::Position::line) + first - 1;
        let (line, row) = match read {
            Ok(false) => return Ok(()),
            Ok(true) => (at(record.position()), Row::from_record(&columns, &record, judge.at, &mut tally.ignored)),
            Err(error) => match error.kind() {
                csv::ErrorKind::Utf8 { pos, .. } => (at(pos.as_ref()), Err("it is no UTF-8".to_owned())),
                _ => return Err(error.into()),
            },
        };
        tally.rows += 1;
        match row {
            Ok(row) => writer.row(output, line, &row)?,
            Err(why) => {
                told(line, &why, tally);
                writer.bad(output, line, &why)?;
            }
        }
    }
}

/// Octets already read, and then the rest.
struct Cursor<'a, R> {
    head: Vec<u8>,
    at: usize,
    rest: &'a mut R,
}

impl<R: Read> Read for Cursor<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut left = self.head.get(self.at..).unwrap_or_default();
        match left.read(buffer)? {
            0 => self.rest.read(buffer),
            taken => {
                self.at += taken;
                Ok(taken)
            }
        }
    }
}

/// Reads a line. `Some(false)`: it was longer than a row may be, and is passed over; `None`: the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Option<bool>> {
    line.clear();
    if input.by_ref().take(LONGEST).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') || (line.len() as u64) < LONGEST {
        return Ok(Some(true));
    }
    loop {
        let buffer = input.fill_buf()?;
        let (taken, ended) = match buffer.iter().position(|octet| *octet == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(taken);
        if ended {
            return Ok(Some(false));
        }
    }
}
