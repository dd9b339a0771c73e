//! `[[register]]`: a register of assets as CSV, and its text as entries. Every row that cannot be used is told.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use encoding_rs::{UTF_8, WINDOWS_1252};
use ipnet::IpNet;
use jiff::civil::Date;

use super::Site;
use super::checker::Checker;
use super::file::{self, File};
use super::register_day::day;
use crate::net::{DeviceText, EntryId, MacAddr, SiteId, Timestamp};

/// Largest file, in octets: some hundred thousand rows.
pub const MOST_OCTETS: u64 = 64 << 20;
/// Most rows of one register.
const MOST_ROWS: usize = 500_000;
/// Most columns of one register.
const MOST_COLUMNS: usize = 512;
/// Most rows that cannot be used of which each is told.
const MOST_FAULTS: usize = 1_000;
/// What may stand between cells.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Cell {
    Mac,
    Serial,
    Ip,
    Name,
    Asset,
    Site,
    Manufacturer,
    Model,
    Installed,
}

impl Cell {
    /// Every kind, and headings it is known by where the configuration names none: those of NetBox's device export
    /// (`DeviceTable`, netbox/dcim/tables/devices.py), of its bulk import, and what people write. In lower case, the
    /// surest first.
    const ALL: [(Self, &'static [&'static str]); 9] = [
        (Self::Mac, &["mac address", "mac", "primary mac address", "ethernet address"]),
        (Self::Serial, &["serial number", "serial", "serial no", "serial no.", "s/n"]),
        (Self::Ip, &["ip address", "ip", "primary ip", "ipv4 address", "primary ip4", "ipv6 address", "primary ip6"]),
        (Self::Name, &["name", "device name", "hostname", "host name"]),
        (Self::Asset, &["asset tag", "asset number", "asset no", "asset id", "asset"]),
        (Self::Site, &["site", "site name"]),
        (Self::Manufacturer, &["manufacturer", "make", "maker", "vendor"]),
        (Self::Model, &["type", "device type", "model", "model number"]),
        (Self::Installed, &["install date", "installation date", "date installed", "installed", "commissioned"]),
    ];
}

/// `[[register]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterPlan {
    /// What it is called.
    pub name: String,
    /// The CSV file.
    pub file: PathBuf,
    /// The site of rows that name none.
    pub site: Option<SiteId>,
    /// What stands between cells; `None`: guessed by the heading.
    delimiter: Option<u8>,
    /// Headings the configuration names.
    columns: BTreeMap<Cell, String>,
    /// Rows that count: by heading, what the cell must be.
    only: BTreeMap<String, Vec<String>>,
}

/// A register as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// What it is called.
    pub name: String,
    /// Sites it speaks of: of the block, or of its rows. A device elsewhere is not missing from it.
    pub sites: BTreeSet<SiteId>,
    /// When its file was changed last.
    pub changed: Timestamp,
    /// Its entries, in the order of the file.
    pub entries: Vec<Entry>,
    /// Rows that are no entry, or one of which a part cannot be used; the first of many.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub faulty: usize,
}

/// One thing that a register says there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it goes by.
    pub id: EntryId,
    /// Its line in the file.
    pub line: u64,
    /// Its MAC address.
    pub mac: Option<MacAddr>,
    /// Its serial number.
    pub serial: Option<DeviceText>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Its name.
    pub name: Option<DeviceText>,
    /// Where it should be.
    pub site: Option<SiteId>,
    /// Manufacturer and model, as written.
    pub what: DeviceText,
    /// When it was installed.
    pub installed: Option<Date>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its line in the file.
    pub line: u64,
    /// What is wrong, and what was done about it.
    pub what: String,
    /// The site of a row that is no entry: there is something that nobody can look for.
    pub lost: Option<SiteId>,
}

pub(super) fn registers(checker: &mut Checker<'_>, file: &File, sites: &[String]) -> Vec<RegisterPlan> {
    checker.unique("register.name", &file.register.iter().map(|written| &written.get_ref().name).collect::<Vec<_>>());
    let folder = checker.path.parent().unwrap_or(Path::new("")).to_owned();
    let plan = |written: &toml::Spanned<file::Register>| {
        let register = written.get_ref();
        if let Some(site) = &register.site {
            checker.known("register.site", site, "site", sites);
        }
        let delimiter = register.delimiter.as_ref().and_then(|written| {
            let found = DELIMITERS.into_iter().find(|delimiter| written.get_ref().as_bytes() == [*delimiter]);
            if found.is_none() {
                let message = format!("'{}' stands between no cells", written.get_ref().escape_default());
                checker.problem(written.span(), "register.delimiter", message, r#"",", ";", "|" or "\t""#);
            }
            found
        });
        let named = &register.columns;
        let columns = [
            (Cell::Mac, &named.mac),
            (Cell::Serial, &named.serial),
            (Cell::Ip, &named.ip),
            (Cell::Name, &named.name),
            (Cell::Asset, &named.asset),
            (Cell::Site, &named.site),
            (Cell::Manufacturer, &named.manufacturer),
            (Cell::Model, &named.model),
            (Cell::Installed, &named.installed),
        ];
        RegisterPlan {
            name: register.name.get_ref().clone(),
            file: folder.join(&register.file),
            site: register.site.as_ref().map(|site| site.get_ref().as_str().into()),
            delimiter,
            columns: columns.into_iter().filter_map(|(cell, name)| Some((cell, name.clone()?))).collect(),
            only: register.only.clone(),
        }
    };
    file.register.iter().map(plan).collect()
}

/// Text of a file: UTF-8, or as its byte order mark says, or what old spreadsheets write.
fn decode(octets: &[u8]) -> String {
    let (text, _, broken) = UTF_8.decode(octets);
    if broken { WINDOWS_1252.decode(octets).0.into_owned() } else { text.into_owned() }
}

fn guess_delimiter(text: &str) -> u8 {
    let heading = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| heading.bytes().filter(|octet| *octet == delimiter).count();
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Line numbers of records, which come in their order: the reader's own count is off after empty lines and `\r\n`.
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record begins that the reader has at this place.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let byte = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.byte);
        let before = self.text.get(self.byte..byte).unwrap_or_default();
        // Ends of lines that stand before the record are not taken yet.
        let ahead = self.text.get(byte..).unwrap_or_default();
        let ends = ahead.iter().take_while(|octet| matches!(octet, b'\r' | b'\n'));
        let (count, newlines) =
            ends.fold((0, 0), |(count, lines), octet| (count + 1, lines + u64::from(*octet == b'\n')));
        self.line += before.iter().filter(|octet| **octet == b'\n').count() as u64 + newlines;
        self.byte = byte + count;
        self.line
    }
}

/// A heading as it is compared.
fn heading(text: &str) -> String {
    DeviceText::new(text).as_str().to_lowercase().replace('_', " ")
}

/// An address, with or without a prefix length.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<IpNet>().ok().map(|net| net.addr()))
}

impl RegisterPlan {
    /// The register that these octets of its file are. Site names are those of the configuration, by id or name.
    ///
    /// # Errors
    /// `(what is wrong, how to mend it)`: it is no table, it lacks a column that is named, nothing in it tells one
    /// thing from another.
    pub fn read(&self, octets: &[u8], changed: Timestamp, sites: &[Site]) -> Result<Register, (String, String)> {
        let text = decode(octets);
        let delimiter = self.delimiter.unwrap_or_else(|| guess_delimiter(&text));
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
        let headings: Vec<String> = match reader.headers() {
            Ok(headings) if headings.len() <= MOST_COLUMNS => headings.iter().map(heading).collect(),
            Ok(_) => return Err((format!("it has more than {MOST_COLUMNS} columns"), String::new())),
            Err(error) => return Err((format!("it is no CSV: {error}"), String::new())),
        };
        let table = Table::new(self, &headings)?;
        let mut register = Register { name: self.name.clone(), changed, ..Register::default() };
        register.sites.extend(self.site.clone());
        let mut lines: BTreeMap<EntryId, u64> = BTreeMap::new();
        let mut counted = Lines { text: text.as_bytes(), byte: 0, line: 1 };
        for (number, record) in reader.records().enumerate() {
            if number >= MOST_ROWS {
                return Err((format!("it has more than {MOST_ROWS} rows"), "divide it by site".to_owned()));
            }
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = counted.of(error.position());
                    register.fault(line, format!("it cannot be read: {error}"), self.site.clone());
                    continue;
                }
            };
            let line = counted.of(record.position());
            let (cells, columns) = (record.len(), headings.len());
            if cells == 1 && columns > 1 && record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            if cells != columns {
                let what = format!("{cells} cells where the heading has {columns}: the row is left out");
                register.fault(line, what, self.site.clone());
                continue;
            }
            if !table.counts(&record) {
                continue;
            }
            table.take(&record, line, sites, &mut lines, &mut register);
        }
        Ok(register)
    }
}

/// Where what stands.
struct Table<'a> {
    plan: &'a RegisterPlan,
    columns: BTreeMap<Cell, Vec<usize>>,
    only: Vec<(usize, &'a Vec<String>)>,
}

impl<'a> Table<'a> {
    fn new(plan: &'a RegisterPlan, headings: &[String]) -> Result<Self, (String, String)> {
        let place = |name: &str| {
            let found = headings.iter().position(|known| *known == heading(name));
            found.ok_or_else(|| {
                let there = headings.iter().filter(|heading| !heading.is_empty()).take(30).cloned();
                let hint = format!("its headings are: {}", there.collect::<Vec<_>>().join(", "));
                (format!("it has no column '{name}'"), hint)
            })
        };
        let mut columns: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
        for (cell, known) in Cell::ALL {
            let found = match plan.columns.get(&cell) {
                Some(name) => vec![place(name)?],
                None => known.iter().filter_map(|name| place(name).ok()).collect(),
            };
            columns.insert(cell, found);
        }
        let tells = [Cell::Mac, Cell::Serial, Cell::Ip, Cell::Name];
        if tells.iter().all(|cell| columns.get(cell).is_none_or(Vec::is_empty)) {
            let hint = "name one: columns = { mac = \"…\", serial = \"…\", ip = \"…\", name = \"…\" }; what stands \
                        between cells may be something else: delimiter = \";\"";
            return Err(("no column of it tells which device is meant".to_owned(), hint.to_owned()));
        }
        if plan.site.is_none() && columns.get(&Cell::Site).is_none_or(Vec::is_empty) {
            let hint = "site = \"…\" for all of it, or columns = { site = \"…\" }";
            return Err(("no column of it tells the site".to_owned(), hint.to_owned()));
        }
        let only = plan.only.iter().map(|(name, values)| place(name).map(|column| (column, values)));
        Ok(Self { plan, columns, only: only.collect::<Result<_, _>>()? })
    }

    /// Whether the row is one of those that count.
    fn counts(&self, record: &csv::StringRecord) -> bool {
        self.only.iter().all(|(column, values)| {
            let cell = record.get(*column).unwrap_or_default().trim();
            values.iter().any(|value| value.eq_ignore_ascii_case(cell))
        })
    }

    /// The cells of a kind that are not empty.
    fn cells<'r>(&'r self, record: &'r csv::StringRecord, cell: Cell) -> impl Iterator<Item = &'r str> {
        let columns = self.columns.get(&cell).into_iter().flatten();
        let cells = columns.filter_map(|column| record.get(*column)).map(str::trim);
        // What NetBox and others write for nothing.
        cells.filter(|cell| !matches!(cell.to_lowercase().as_str(), "" | "-" | "—" | "n/a" | "none" | "null"))
    }

    fn text(&self, record: &csv::StringRecord, cell: Cell) -> Option<DeviceText> {
        self.cells(record, cell).next().map(DeviceText::new).and_then(DeviceText::non_empty)
    }

    fn take(
        &self,
        record: &csv::StringRecord,
        line: u64,
        sites: &[Site],
        lines: &mut BTreeMap<EntryId, u64>,
        register: &mut Register,
    ) {
        let named = self.text(record, Cell::Site);
        let is = |site: &&Site| {
            let name = named.as_ref().map(|name| name.as_str().to_lowercase()).unwrap_or_default();
            site.id.as_str().to_lowercase() == name || site.name.to_lowercase() == name
        };
        let found = sites.iter().find(is).map(|site| site.id.clone());
        if let (Some(name), None) = (&named, &found) {
            let instead = self.plan.site.as_ref().map_or_else(|| "none".to_owned(), |site| format!("'{site}'"));
            let what = format!("there is no site '{name}': its site is {instead}");
            register.fault(line, what, None);
        }
        let site = found.or_else(|| self.plan.site.clone());
        register.sites.extend(site.clone());
        let mut mac = None;
        for cell in self.cells(record, Cell::Mac).take(1) {
            match cell.parse::<MacAddr>() {
                Ok(read) => mac = Some(read),
                Err(_) => register.fault(line, format!("'{}' is no MAC address", DeviceText::new(cell)), None),
            }
        }
        let mut ips = Vec::new();
        for cell in self.cells(record, Cell::Ip) {
            match address(cell) {
                Some(ip) if !ips.contains(&ip) => ips.push(ip),
                Some(_) => {}
                None => register.fault(line, format!("'{}' is no IP address", DeviceText::new(cell)), None),
            }
        }
        let (serial, name) = (self.text(record, Cell::Serial), self.text(record, Cell::Name));
        let first = ips.first().map(ToString::to_string);
        let keys = [
            self.text(record, Cell::Asset),
            mac.map(|mac| DeviceText::new(&mac.to_string())),
            serial.clone(),
            name.clone(),
            first.map(|ip| DeviceText::new(&ip)),
        ];
        if mac.is_none() && serial.is_none() && name.is_none() && ips.is_empty() {
            let what = "no MAC address, serial number, IP address or name: nobody can look for it";
            register.fault(line, what.to_owned(), site);
            return;
        }
        let Some(key) = keys.into_iter().flatten().next() else { return };
        let id = EntryId { register: self.plan.name.clone(), key };
        if let Some(before) = lines.get(&id) {
            let what = format!("'{}' stands in line {before} already: the row is left out", id.key);
            register.fault(line, what, site);
            return;
        }
        lines.insert(id.clone(), line);
        let mut installed = None;
        for cell in self.cells(record, Cell::Installed).take(1) {
            match day(cell) {
                Ok(day) => installed = Some(day),
                Err(why) => register.fault(line, format!("'{}' {why}", DeviceText::new(cell)), None),
            }
        }
        let what = [self.text(record, Cell::Manufacturer), self.text(record, Cell::Model)];
        let what = what.into_iter().flatten().map(|text| text.to_string()).collect::<Vec<_>>().join(" ");
        let what = DeviceText::new(&what);
        register.entries.push(Entry { id, line, mac, serial, ips, name, site, what, installed });
    }
}

impl Register {
    fn fault(&mut self, line: u64, what: String, lost: Option<SiteId>) {
        self.faulty += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault { line, what, lost });
        }
    }
}

#[cfg(test)]
mod tests;
