//! `report`: the return that is handed in.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::{moment, say, write_file};
use crate::config;
use crate::net::{SiteId, Timestamp};
use crate::report::returns::{Handed, Names, write_csv, write_html, write_json, write_text};
use crate::snapshot::Snapshot;
use crate::store::Reader;

#[derive(Debug, Args)]
pub(super) struct Report {
    /// In which form.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Pseudonyms in place of sites, addresses, places and people; the same in every report of this database.
    #[arg(long)]
    redact: bool,
    /// Only this site.
    #[arg(long)]
    site: Option<SiteId>,
    /// What changed since the last return: a day, a moment, an age (30d), or a review cycle by number or name.
    #[arg(long, value_name = "DATE|CYCLE")]
    since: Option<String>,
    /// A file, or for CSV the folder of its files; left out: standard output.
    #[arg(long)]
    out: Option<PathBuf>,
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
    let named = |cycle: &&crate::review::Cycle| cycle.name == text || cycle.id.to_string() == text;
    let closed = snapshot.cycles.values().filter(named).filter_map(|cycle| cycle.closed).max();
    match closed {
        Some(closed) => Ok(closed),
        None if snapshot.cycles.values().any(|cycle| named(&cycle)) => bail!("review cycle '{text}' is not closed yet"),
        None => moment(text, now).context("and there is no review cycle of that name or number"),
    }
}

pub(super) fn run(path: &Path, report: &Report) -> Result<ExitCode> {
    let mut reader = Reader::open(&config::load_daemon(path)?.database)?;
    let (mut snapshot, tallies) = reader.returned()?;
    snapshot.read_at(Timestamp::now());
    let made = Timestamp::now();
    let since = report.since.as_deref().map(|text| since(text, &snapshot, made)).transpose()?;
    if let Some(site) = report.site.as_ref().filter(|site| !snapshot.sites.contains_key(*site)) {
        let sites: Vec<String> = snapshot.sites.keys().map(ToString::to_string).collect();
        bail!("there is no site '{site}'; sites are: {}", sites.join(", "));
    }
    let handed = Handed {
        given: snapshot.to_return(&tallies, since, report.site.clone()),
        names: if report.redact { Names::redacted(&reader.pseudonym_key()?) } else { Names::full() },
        made,
        head: reader.signed_head()?.map(|head| head.to_string()),
    };
    let written = match (report.format, &report.out) {
        (Form::Csv, None) => bail!("CSV is one file a table: say --out FOLDER"),
        (Form::Csv, Some(folder)) => csv(&handed, folder).map(|()| folder),
        (form, Some(file)) => write_file(file, |out| Ok(one(&handed, form, out)?)).map(|()| file),
        (form, None) => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            one(&handed, form, &mut out)?;
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    say(&format!("{}: written", written?.display()));
    Ok(ExitCode::SUCCESS)
}

fn one(handed: &Handed<'_>, form: Form, out: &mut impl Write) -> std::io::Result<()> {
    match form {
        Form::Html => write_html(handed, out),
        Form::Json => write_json(handed, out),
        Form::Text | Form::Csv => write_text(handed, out),
    }
}

/// A folder of tables: a folder that is there keeps what else is in it.
fn csv(handed: &Handed<'_>, folder: &Path) -> Result<()> {
    let cannot = || format!("{} cannot be written", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    write_csv(handed, |name| {
        let file = std::fs::File::create(folder.join(name))?;
        Ok(std::io::BufWriter::new(file))
    })
    .with_context(cannot)
}
