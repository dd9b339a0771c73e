//! Verdicts as they are written: a JSON object, a CSV row or a line of a table for each row.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Result, Write};
use std::rc::Rc;

use serde::Serialize;
use serde_json::json;

use super::Judge;
use super::row::Row;
use crate::maker::{Class, Evidence, Facts, Lot, Surveillance, Verdict};
use crate::net::{MacAddr, PackId, text::clean};
use crate::policy::Status;
use crate::report::{Format, csv_row};

/// Most lots of addresses whose verdict is kept: more than the registry has blocks.
const MOST_LOTS: usize = 1 << 16;
/// Columns of the CSV and the table.
const COLUMNS: [&str; 12] = [
    "line",
    "device",
    "is_surveillance",
    "class",
    "maker",
    "brand",
    "verdict",
    "status",
    "restricted_by",
    "review_by",
    "evidence",
    "error",
];

/// A row's verdict, in the contract's words.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    is_surveillance: Surveillance,
    class: Class,
    maker: Option<String>,
    maker_name: Option<String>,
    brand: Option<String>,
    verdict: Verdict,
    status: Option<Status>,
    restricted_by: Vec<PackId>,
    review_by: Vec<PackId>,
    evidence: Vec<Evidence>,
}

impl Answer {
    fn of(judge: &Judge, facts: &Facts) -> Self {
        let found = judge.catalogue.attribute(facts);
        let verdicts = judge.policies.verdicts(&found, &judge.catalogue);
        let name = (!found.name.is_empty()).then_some(found.name);
        Self {
            error: None,
            is_surveillance: found.surveillance,
            class: found.class,
            maker: found.maker.map(|id| id.to_string()),
            brand: found.brand.or_else(|| name.clone()),
            maker_name: name,
            verdict: found.verdict,
            status: Some(verdicts.status),
            restricted_by: verdicts.restricted_by,
            review_by: verdicts.review_by,
            evidence: found.evidence,
        }
    }

    fn cells(&self) -> Vec<String> {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let ids = |packs: &[PackId]| packs.iter().map(PackId::as_str).collect::<Vec<_>>().join(" ");
        let evidence: Vec<_> = self.evidence.iter().map(|mark| format!("{}: {}", mark.source, mark.text)).collect();
        vec![
            word(json!(self.is_surveillance)),
            word(json!(self.class)),
            self.maker_name.clone().unwrap_or_default(),
            self.brand.clone().unwrap_or_default(),
            word(json!(self.verdict)),
            word(json!(self.status)),
            ids(&self.restricted_by),
            ids(&self.review_by),
            evidence.join("; "),
            self.error.clone().unwrap_or_default(),
        ]
    }
}

/// Writes verdicts. What addresses alone say is worked out once for each block of the registry.
pub(super) struct Writer<'a> {
    judge: &'a Judge,
    format: Format,
    lots: HashMap<Lot, Rc<str>>,
    text: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(judge: &'a Judge, format: Format) -> Self {
        Self { judge, format, lots: HashMap::new(), text: Vec::new() }
    }

    /// What stands before the first row.
    pub(super) fn head(&self, out: &mut impl Write) -> Result<()> {
        match self.format {
            Format::Json => Ok(()),
            Format::Csv => writeln!(out, "{}", COLUMNS.join(",")),
            Format::Text => writeln!(out, "{}", aligned(&COLUMNS.map(str::to_owned))),
        }
    }

    /// An address and nothing else.
    pub(super) fn address(&mut self, out: &mut impl Write, line: u64, mac: MacAddr) -> Result<()> {
        let lot = self.judge.catalogue.lot(mac);
        let rest = match self.lots.get(&lot) {
            Some(rest) => Rc::clone(rest),
            None => {
                let facts = Facts { mac: Some((mac, self.judge.at)), ..Facts::default() };
                let rest: Rc<str> = self.rest(&Answer::of(self.judge, &facts)).into();
                if self.lots.len() >= MOST_LOTS {
                    self.lots.clear();
                }
                self.lots.insert(lot, Rc::clone(&rest));
                rest
            }
        };
        // Put together by hand: a million of these a second are written.
        self.text.clear();
        let text = &mut self.text;
        match self.format {
            Format::Json => write!(text, "{{\"line\":{line},\"mac\":\"")?,
            Format::Csv => write!(text, "{line},")?,
            Format::Text => write!(text, "{line:>6}  ")?,
        }
        text.extend(digits(mac));
        text.extend(match self.format {
            Format::Json => b"\",".as_slice(),
            Format::Csv => b",",
            Format::Text => b"             ",
        });
        text.extend(rest.as_bytes());
        text.push(b'\n');
        out.write_all(text)
    }

    /// A row of observations.
    pub(super) fn row(&mut self, out: &mut impl Write, line: u64, row: &Row) -> Result<()> {
        let device = row.id.as_ref().map(ToString::to_string);
        let mac = row.facts.mac.map(|(mac, _)| mac);
        self.answer(out, line, device, mac, &Answer::of(self.judge, &row.facts))
    }

    /// A row that could not be read: nothing is known of it.
    pub(super) fn bad(&mut self, out: &mut impl Write, line: u64, why: &str) -> Result<()> {
        let answer = Answer { error: Some(clean(why)), status: Some(Status::Unknown), ..Answer::default() };
        self.answer(out, line, None, None, &answer)
    }

    fn answer(
        &self,
        out: &mut impl Write,
        line: u64,
        id: Option<String>,
        mac: Option<MacAddr>,
        answer: &Answer,
    ) -> Result<()> {
        let rest = self.rest(answer);
        let device = id.clone().or_else(|| mac.map(|mac| mac.to_string())).unwrap_or_default();
        match self.format {
            Format::Json => {
                let id = id.map(|id| format!("\"id\":{},", json!(id))).unwrap_or_default();
                let mac = mac.map(|mac| format!("\"mac\":\"{mac}\",")).unwrap_or_default();
                writeln!(out, "{{\"line\":{line},{id}{mac}{rest}")
            }
            Format::Csv => writeln!(out, "{line},{},{rest}", csv_row(&[device])),
            Format::Text => writeln!(out, "{line:>6}  {device:<30}{rest}"),
        }
    }

    /// What is written after line and device.
    fn rest(&self, answer: &Answer) -> String {
        match self.format {
            Format::Json => serde_json::to_string(answer).unwrap_or_default().split_off(1),
            Format::Csv => csv_row(&answer.cells()),
            Format::Text => {
                let cells = answer.cells();
                let all = [vec![String::new(); 2], cells].concat();
                aligned(&all).trim_start().to_owned()
            }
        }
    }
}

/// Cells in columns that suit most rows: rows are written as they come.
fn aligned(cells: &[String]) -> String {
    const WIDTHS: [usize; 9] = [6, 28, 16, 15, 20, 20, 10, 15, 44];
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        let width = WIDTHS.get(index).copied().unwrap_or(0);
        let _ = write!(line, "{cell:<width$}  ");
    }
    line.trim_end().to_owned()
}

/// An address as it is printed.
fn digits(mac: MacAddr) -> [u8; 17] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b':'; 17];
    for (place, octet) in text.chunks_mut(3).zip(mac.0) {
        let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or(b'0');
        if let [high, low, ..] = place {
            (*high, *low) = (digit(octet >> 4), digit(octet));
        }
    }
    text
}
