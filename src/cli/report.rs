//! `report`: the return that is handed in; case records, dossiers, attestations.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::{moment, say, write_file};
use crate::config;
use crate::net::{SiteId, Timestamp};
use crate::report::device::{Entry, Known};
use crate::report::paper::{Frame, Names, Paper, write_csv, write_html, write_json, write_text};
use crate::report::returns::Handed;
use crate::report::{case, cycle, device};
use crate::review::Cycle;
use crate::snapshot::Snapshot;
use crate::store::{DeviceDetail, Reader};

#[derive(Debug, Args)]
pub(super) struct Report {
    /// In which form.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Pseudonyms in place of sites, addresses, places and people; the same in every report of this database.
    #[arg(long)]
    redact: bool,
    /// The return of this site alone.
    #[arg(long, conflicts_with = "about")]
    site: Option<SiteId>,
    /// What changed since the last return: a day, a moment, an age (30d), or a review cycle by number or name.
    #[arg(long, value_name = "DATE|CYCLE", conflicts_with = "about")]
    since: Option<String>,
    /// A file, or for CSV the folder of its files; left out: standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    about: About,
}

/// What it is about, where it is not the return.
#[derive(Debug, Args)]
#[group(id = "about", multiple = false)]
struct About {
    /// The case record of a device (MAC, IP, serial, id): the contents of FAR 52.204-25's one-day and ten-day reports.
    #[arg(long, value_name = "DEVICE")]
    case: Option<String>,
    /// All that is known of a device, or of a site.
    #[arg(long, value_name = "DEVICE|site:SITE")]
    dossier: Option<String>,
    /// A review cycle by number, or the latest of a review by its name: who attested what, and every item.
    #[arg(long, value_name = "CYCLE")]
    cycle: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a terminal and a mail.
    Text,
    /// One page that stands by itself, for a browser and for paper.
    Html,
    /// One file a table, in a folder.
    Csv,
    /// For programs.
    Json,
}

/// When the last return was.
fn since(text: &str, snapshot: &Snapshot, now: Timestamp) -> Result<Timestamp> {
    let named = |cycle: &&Cycle| cycle.name == text || cycle.id.to_string() == text;
    let closed = snapshot.cycles.values().filter(named).filter_map(|cycle| cycle.closed).max();
    match closed {
        Some(closed) => Ok(closed),
        None if snapshot.cycles.values().any(|cycle| named(&cycle)) => bail!("review cycle '{text}' is not closed yet"),
        None => moment(text, now).context("and there is no review cycle of that name or number"),
    }
}

pub(super) fn run(path: &Path, report: &Report) -> Result<ExitCode> {
    let about = &report.about;
    if about.case.is_some() && report.redact {
        bail!(
            "a case record tells a contracting officer which device it is about, so it has no redacted form; \
             --dossier DEVICE --redact has one"
        );
    }
    let mut reader = Reader::open(&config::load_daemon(path)?.database)?;
    let (mut snapshot, tallies) = reader.returned()?;
    snapshot.read_at(Timestamp::now());
    let frame = Frame {
        snapshot: &snapshot,
        names: if report.redact { Names::redacted(&reader.pseudonym_key()?) } else { Names::full() },
        made: Timestamp::now(),
        head: reader.signed_head()?.map(|head| head.to_string()),
    };
    if let Some(what) = &about.case {
        return of_device(&reader, &frame, what, case::record, report);
    }
    match about.dossier.as_deref().map(|what| (what, what.strip_prefix("site:"))) {
        Some((_, Some(site))) => {
            let site = known_site(&snapshot, site.into())?;
            let decided = reader.decisions_on_site(&site)?;
            let handed = Handed { given: snapshot.to_return(&tallies, None, Some(site), None), frame };
            let paper = handed.dossier(&decided).context("the site is in no return")?;
            return write(&paper, report);
        }
        Some((what, None)) => return of_device(&reader, &frame, what, device::dossier, report),
        None => {}
    }
    if let Some(text) = &about.cycle {
        let named = snapshot.cycles.values().filter(|cycle| cycle.id.to_string() == *text || cycle.name == *text);
        let cycle = named.max_by_key(|cycle| (cycle.id.to_string() == *text, cycle.id));
        let cycle =
            cycle.with_context(|| format!("there is no review cycle '{text}'; 'lenswarden review list' has them"))?;
        let items = reader.cycle_items(cycle)?;
        let gone = cycle::Gone { cycle, findings: &items.findings, devices: &items.devices };
        return write(&cycle::attestation(&frame, &gone), report);
    }
    let since = report.since.as_deref().map(|text| since(text, &snapshot, frame.made)).transpose()?;
    let only = report.site.clone().map(|site| known_site(&snapshot, site)).transpose()?;
    let past = reader.stays()?;
    let handed = Handed { given: snapshot.to_return(&tallies, since, only, past.as_deref()), frame };
    write(&handed.paper(), report)
}

fn known_site(snapshot: &Snapshot, site: SiteId) -> Result<SiteId> {
    if snapshot.sites.contains_key(&site) {
        return Ok(site);
    }
    let sites: Vec<String> = snapshot.sites.keys().map(ToString::to_string).collect();
    bail!("there is no site '{site}'; sites are: {}", sites.join(", "))
}

/// A report about one device.
fn of_device<'a>(
    reader: &Reader,
    frame: &'a Frame<'a>,
    what: &str,
    paper: impl for<'p> Fn(&'p Frame<'p>, &Known<'p>) -> Paper<'p>,
    report: &Report,
) -> Result<ExitCode> {
    let ids = reader.find(what)?;
    let id = match ids.as_slice() {
        [id] => *id,
        [] => bail!("nothing is known of '{what}': a MAC address, IP address, serial number or id"),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            bail!("'{what}' may be one of several devices: give the id of one, {}", ids.join(" or "))
        }
    };
    let detail: DeviceDetail = reader.device(id)?.context("the device is gone from the database")?;
    let (entries, entry_count) = reader.entries(&detail)?;
    let entry = |entry: crate::store::Entry| {
        let kind = crate::snapshot::word(&entry.kind);
        Entry { seq: entry.seq, at: entry.at, kind, subject: entry.subject, hash: entry.hash }
    };
    let known = Known {
        device: &detail.device,
        status: detail.status,
        last_seen: detail.last_seen,
        registered: detail.registered.as_ref(),
        findings: &detail.findings,
        decisions: &detail.decisions,
        presence: &detail.presence,
        addresses: &detail.addresses,
        entries: entries.into_iter().map(entry).collect(),
        entry_count,
    };
    write(&paper(frame, &known), report)
}

fn write(paper: &Paper<'_>, report: &Report) -> Result<ExitCode> {
    let written = match (report.format, &report.out) {
        (Form::Csv, None) => bail!("CSV is one file a table: say --out FOLDER"),
        (Form::Csv, Some(folder)) => csv(paper, folder).map(|()| folder),
        (form, Some(file)) => write_file(file, |out| Ok(one(paper, form, out)?)).map(|()| file),
        (form, None) => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            one(paper, form, &mut out)?;
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    say(&format!("{}: written", written?.display()));
    Ok(ExitCode::SUCCESS)
}

fn one(paper: &Paper<'_>, form: Form, out: &mut impl Write) -> std::io::Result<()> {
    match form {
        Form::Html => write_html(paper, out),
        Form::Json => write_json(paper, out),
        Form::Text | Form::Csv => write_text(paper, out),
    }
}

/// A folder of tables: a folder that is there keeps what else is in it.
fn csv(paper: &Paper<'_>, folder: &Path) -> Result<()> {
    let cannot = || format!("{} cannot be written", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    write_csv(paper, |name| {
        let file = std::fs::File::create(folder.join(name))?;
        Ok(std::io::BufWriter::new(file))
    })
    .with_context(cannot)
}
