//! `audit`: the hash chain of the change log, for whoever must believe it and whoever must not.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::{moment, print, print_json, say, write_file};
use crate::config;
use crate::net::Timestamp;
use crate::store::{PublicKey, Reader, SignedHead, Verdict, heads_in, verify_file};

/// A file of keys or heads is read up to here, in octets: a year of syslog lines has less.
const LONGEST_FILE: u64 = 64 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the log into a file that another machine can check; prints the public key.
    Export {
        /// Only rows from this day, moment or age on (2026-12-31, 2026-12-31T12:00:00Z, 30d).
        #[arg(long)]
        since: Option<String>,
        /// Where to; replaced when the new one is whole.
        file: PathBuf,
    },
    /// Check an exported file, or without one the live database: exit 0 clean, 1 not, 2 it could not be checked.
    Verify(Verify),
    /// Print the public half of the key that the log's head is signed with.
    Key,
    /// Print the signed head: where the log ends, to be kept where nobody here can reach it.
    Head,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A file of 'audit export'; needs --key.
    #[arg(requires = "key")]
    file: Option<PathBuf>,
    /// A public key you got when the daemon was set up, in PEM; again for each it had since.
    #[arg(long, value_name = "PUB")]
    key: Vec<PathBuf>,
    /// A head that was published, or a file that has some in any line: a syslog file, a report.
    #[arg(long, value_name = "HEAD")]
    head: Vec<String>,
    /// The file begins later than the log does: it was made with --since.
    #[arg(long, requires = "file")]
    part: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(path: &Path, command: &Command) -> Result<ExitCode> {
    match command {
        Command::Export { since, file } => export(path, since.as_deref(), file),
        Command::Verify(verify) => self::verify(path, verify),
        Command::Key => {
            let key = open(path)?.signing_key()?;
            let key = key.context("there is no key yet: the daemon makes one when it starts")?;
            print(&key.pem())?;
            say(&format!("key {}", key.name()));
            Ok(ExitCode::SUCCESS)
        }
        Command::Head => {
            let head = open(path)?.signed_head()?.context("nothing is signed yet: the daemon does when it starts")?;
            print(&head.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn open(path: &Path) -> Result<Reader> {
    Ok(Reader::open(&config::load_daemon(path)?.database)?)
}

fn export(path: &Path, since: Option<&str>, file: &Path) -> Result<ExitCode> {
    let now = Timestamp::now();
    let since = since.map(|since| moment(since, now)).transpose()?;
    let exported = write_file(file, |out| open(path)?.export(out, since))?;
    say(&format!("{}: {} rows up to row {}", file.display(), exported.rows, exported.last));
    if let Some(key) = exported.key {
        print(&key.pem())?;
        say(&format!(
            "key {}: whoever checks should have it from somebody else than who hands over the file",
            key.name()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn text_of(path: &Path) -> Result<String> {
    let cannot = || format!("{} cannot be read", path.display());
    let length = std::fs::metadata(path).with_context(cannot)?.len();
    if length > LONGEST_FILE {
        bail!("{} is longer than {LONGEST_FILE} octets", path.display());
    }
    Ok(String::from_utf8_lossy(&std::fs::read(path).with_context(cannot)?).into_owned())
}

fn key(path: &Path) -> Result<PublicKey> {
    PublicKey::from_pem(&text_of(path)?).with_context(|| format!("{} is not it", path.display()))
}

/// A head, or every head in a file.
fn heads(word: &str) -> Result<Vec<SignedHead>> {
    if let Ok(head) = word.parse() {
        return Ok(vec![head]);
    }
    let found = heads_in(&text_of(Path::new(word))?);
    if found.is_empty() {
        bail!("there is no signed head in {word}");
    }
    Ok(found)
}

fn verify(path: &Path, verify: &Verify) -> Result<ExitCode> {
    let keys = verify.key.iter().map(|path| key(path)).collect::<Result<Vec<_>>>()?;
    let published = verify.head.iter().map(|word| heads(word)).collect::<Result<Vec<_>>>()?.concat();
    let verdict = match &verify.file {
        Some(file) => {
            let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
            verify_file(BufReader::with_capacity(1 << 20, opened), &keys, &published, verify.part)?
        }
        None => open(path)?.verify(&keys, &published)?,
    };
    if verify.json {
        print_json(&verdict)?;
    } else {
        tell(&verdict, &keys, published.is_empty())?;
    }
    Ok(if verdict.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn tell(verdict: &Verdict, keys: &[PublicKey], no_published: bool) -> Result<()> {
    for fault in &verdict.faults {
        print(&fault.to_string())?;
    }
    if verdict.more_faults > 0 {
        print(&format!("and {} more", verdict.more_faults))?;
    }
    let rows = format!(
        "{} rows, {} to {}, the last of {}; {} signed heads fit",
        verdict.rows, verdict.first, verdict.last, verdict.until, verdict.heads
    );
    say(&if verdict.is_clean() { format!("clean: {rows}") } else { format!("NOT CLEAN: {rows}") });
    if verdict.pruned > 0 {
        say(&format!("{} bodies of old rows were pruned or forgotten, as the log itself tells", verdict.pruned));
    }
    if verdict.heads_before > 0 {
        say(&format!(
            "{} heads are of rows before the first one here: nothing can be said of them",
            verdict.heads_before
        ));
    }
    if keys.is_empty() {
        say("the key was taken from the database itself: --key PUB holds it against one that you know");
    }
    if no_published {
        say("an older state put back as a whole shows only against a head published since: --head HEAD");
    }
    Ok(())
}
