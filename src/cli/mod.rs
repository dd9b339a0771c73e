//! The command line: clap types, one file a group of subcommands, exit codes (0 clean, 1 the answer is bad, 2 it could
//! not be done, 3 done in part). Data goes to stdout, words to stderr.

mod alert;
mod audit;
mod credential;
mod demo;
mod explain;
pub mod identify;
mod lists;
mod policy;
mod poll;
mod report;
mod review;
mod tables;
mod watch;
mod what_if;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::config;
use crate::console::{self, ConsoleOptions};
use crate::control::client::ControlError;
use crate::daemon::{self, DaemonOptions, Outcome};
use crate::net::Timestamp;
use crate::net::text::{shown, shown_json};
use crate::report::Format;
use crate::store::StoreError;

/// Which surveillance cameras come from restricted makers, which sit on networks where none may be, and what was
/// decided about each, with evidence.
#[derive(Debug, Parser)]
#[command(name = "lenswarden", version, about)]
struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/lenswarden/config.toml")]
    config: PathBuf,
    /// No colours, as if NO_COLOR were set.
    #[arg(long, global = true)]
    no_color: bool,
    /// Without one: the console.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Poll, judge, schedule; decisions come in over the control socket.
    Daemon {
        /// One round over every target, then end: 0 if all answered, 3 if some did not.
        #[arg(long)]
        once: bool,
    },
    /// A simulated estate on loopback, polled by the real daemon, and the console on top; leaves nothing behind.
    Demo {
        /// Without a screen: one round, compared with the truth; exit 1 on a difference.
        #[arg(long)]
        headless: bool,
        /// How large the estate is.
        #[arg(long, value_enum, default_value_t = demo::EstateSize::Small)]
        size: demo::EstateSize,
    },
    /// Tell every problem of the configuration at once.
    Check,
    /// Visit one target now and print all it said; stores nothing. A camera is asked without a password.
    Poll {
        /// A switch's name or address, or an address where cameras are looked for.
        target: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say of each row what it is, who made it and which policies restrict it; needs no daemon.
    ///
    /// A row is a JSON object of observations (mac, lldp_sysdescr, snmp_sysdescr, sysobjectid, vendor_mib, onvif,
    /// http_server, www_authenticate, html_title, rtsp_server, isapi …, or an object that has them under "observations"),
    /// a line of a CSV whose header has such names (mac,manufacturer,model,firmware,serial …), or a bare MAC address.
    /// Every shipped policy pack is asked, and those of the configuration's own files.
    Identify {
        /// Left out or -: standard input.
        file: Option<PathBuf>,
        /// A JSON object a row.
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// A CSV row a row.
        #[arg(long)]
        csv: bool,
    },
    /// Makers by the sensitivity of their sites and by the kind of network.
    Exposure(Listing),
    /// What is where none may be, and what is on networks that nobody classified.
    Placement(Listing),
    /// Every end device that was seen.
    Devices(Listing),
    /// Rules that are broken.
    Findings(Listing),
    /// What is polled, and how it answers.
    Targets(Listing),
    /// What share of each site was really looked at, and what was not seen.
    Coverage(Listing),
    /// What was not seen, the gravest first, each with what to type; words are kind:KIND, site:ID, any text.
    Unseen(Listing),
    /// The change log in words, the newest first; words are kind:KIND, site:ID, any text; kind:visit has the last visits.
    Log(Listing),
    /// Every site in numbers.
    Sites(Listing),
    /// Why a device is judged as it is.
    Explain {
        /// Its MAC address in any notation, IP address, serial number or id.
        device: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The review queues.
    #[command(subcommand)]
    Review(review::Command),
    /// Policy packs.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Credentials that cameras refused, and their way back.
    #[command(subcommand)]
    Credential(credential::Command),
    /// The return: what is asked of a department about visual surveillance, with what it rests on.
    Report(report::Report),
    /// The change log: whether anything in it was altered since.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Who is told.
    #[command(subcommand)]
    Alert(alert::Command),
}

/// How a table is asked for.
#[derive(Debug, Args)]
struct Listing {
    /// As JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// As CSV.
    #[arg(long)]
    csv: bool,
    /// Print again when something changed, at most every so many seconds (5), until Ctrl-C.
    ///
    /// On a terminal the table is painted over itself. Into a pipe or a file goes one document after another: a whole table,
    /// with --csv its column names and rows, with --json one array; an empty line stands between two tables. Nothing is
    /// sent while what would be printed is the same.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "5")]
    watch: Option<u64>,
    /// Filter words: maker:dahua site:hq status:restricted network:core !accepted vlan:10-20 since:7d
    words: Vec<String>,
}

impl Listing {
    fn format(&self) -> Format {
        Format::chosen(self.json, self.csv)
    }
}

/// Entry point of the binary.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        // Somebody closed the pipe: they have what they wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("lenswarden: {error}"));
            for cause in error.chain().skip(1) {
                say(&format!("  because: {cause}"));
            }
            let mend = error.chain().find_map(mend).filter(|mend| !mend.is_empty());
            mend.iter().for_each(|mend| say(&format!("  hint: {mend}")));
            ExitCode::from(2)
        }
    }
}

/// What to type about a trouble: the console says the same.
fn mend(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let store = cause.downcast_ref().map(StoreError::mend);
    store.or_else(|| cause.downcast_ref().map(|control: &ControlError| control.mend().to_owned()))
}

/// Whether nobody reads the output any more. A daemon that ended the connection is another matter: what was to be
/// decided is not.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    !error.is::<ControlError>() && error.chain().filter_map(|cause| cause.downcast_ref()).any(broken)
}

/// Words for the person at the terminal.
fn say(words: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(std::io::stderr(), "{}", shown(words));
}

/// Data.
fn print(data: &str) -> Result<()> {
    print_painted(&shown(data))
}

/// Data with this program's own colours in it: everything else of it is clean.
fn print_painted(data: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(data.as_bytes())?;
    if !data.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

/// Whether data is read by a person whose terminal shows colours.
fn coloured(no_color: bool) -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let dumb = set("TERM").is_some_and(|term| term == "dumb");
    !no_color && set("NO_COLOR").is_none() && !dumb && std::io::stdout().is_terminal()
}

/// A day (its first moment at this host), a moment, or an age.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Some(Ok(days)) = text.strip_suffix('d').map(str::parse::<u32>) {
        return Ok(now.minus(std::time::Duration::from_secs(u64::from(days) * 86_400)));
    }
    let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() <= 10);
    let start = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::system()).ok());
    match start {
        Some(start) => Ok(Timestamp::from_jiff(start.timestamp())),
        None => text.parse().map_err(|_| {
            anyhow::anyhow!("'{text}' is no day (2026-12-31), moment (2026-12-31T12:00:00Z) or age (30d)")
        }),
    }
}

/// Writes a file whole or not at all, for its owner's eyes; one that is there is replaced when the new one is whole.
fn write_file<T>(to: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<T>) -> Result<T> {
    let mut new = to.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    let cannot = || format!("{} cannot be written", to.display());
    let written = (|| {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new);
        let mut out = BufWriter::with_capacity(1 << 20, file.with_context(cannot)?);
        let result = write(&mut out)?;
        let file = out.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(cannot)?;
        file.sync_all().with_context(cannot)?;
        std::fs::rename(&new, to).with_context(cannot)?;
        Ok(result)
    })();
    if written.is_err() {
        // What is not whole is not left lying; why it is not is told already.
        let _ = std::fs::remove_file(&new);
    }
    written
}

fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print_painted(&shown_json(&serde_json::to_string_pretty(value)?))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be started")
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = &arguments.config;
    let Some(command) = &arguments.command else { return run_console(config, arguments.no_color) };
    match command {
        Command::Daemon { once } => run_daemon(config, *once),
        Command::Demo { size, headless } => demo::run(*size, *headless, arguments.no_color),
        Command::Check => check(config),
        Command::Poll { target, json } => poll::run(config, target, *json, arguments.no_color),
        Command::Identify { file, json, csv } => identify::run(config, file.as_deref(), Format::chosen(*json, *csv)),
        Command::Devices(listing) => watch::run(config, listing, tables::devices),
        Command::Exposure(listing) => watch::run(config, listing, lists::exposure),
        Command::Placement(listing) => watch::run(config, listing, lists::placement),
        Command::Unseen(listing) => watch::run(config, listing, lists::unseen),
        Command::Log(listing) => watch::run(config, listing, lists::log),
        Command::Findings(listing) => watch::run(config, listing, tables::findings),
        Command::Targets(listing) => watch::run(config, listing, tables::targets),
        Command::Coverage(listing) => watch::run(config, listing, tables::coverage),
        Command::Sites(listing) => watch::run(config, listing, tables::sites),
        Command::Explain { device, json } => explain::run(config, device, *json),
        Command::Review(command) => review::run(config, command),
        Command::Policy(command) => policy::run(config, command),
        Command::Credential(command) => credential::run(config, command),
        Command::Report(report) => report::run(config, report),
        Command::Audit(command) => audit::run(config, command),
        Command::Alert(command) => alert::run(config, command),
    }
}

/// What a configuration needs at least; the console itself needs only to know where the daemon keeps things.
const LEAST: &str = "[daemon]
database = \"/var/lib/lenswarden/lenswarden.db\"
control-socket = \"/run/lenswarden/control.sock\"";

fn run_console(path: &Path, no_color: bool) -> Result<ExitCode> {
    let daemon = match config::load_daemon(path) {
        Ok(daemon) => daemon,
        Err(problems) => {
            match path.try_exists() {
                Ok(false) => say(&format!(
                    "There is no configuration yet. The console needs these three lines in {}:\n\n{LEAST}\n\nor --config \
                     FILE. `lenswarden demo` needs none: a simulated estate to look round in, gone when you quit.",
                    path.display()
                )),
                _ => say(&problems.to_string()),
            }
            return Ok(ExitCode::from(2));
        }
    };
    let told = console::run(ConsoleOptions {
        database: daemon.database,
        control_socket: daemon.control_socket,
        trial: what_if::trial(path),
        no_color,
        keep: true,
        notices: None,
    })?;
    told.iter().for_each(|told| say(told));
    Ok(ExitCode::SUCCESS)
}

fn run_daemon(config: &Path, once: bool) -> Result<ExitCode> {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("LENSWARDEN_LOG").unwrap_or_else(|_| "lenswarden=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false)
        .init();
    // Before there are threads: it takes the words of the environment away.
    let trap_socket = listenfd::ListenFd::from_env().take_udp_socket(0).context("the socket handed over for traps")?;
    let options = DaemonOptions { config: config.to_owned(), once, trap_socket: trap_socket.map(Arc::new) };
    let outcome = runtime()?.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let shutdown = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        daemon::run(options, shutdown).await
    })?;
    Ok(if outcome == Outcome::Partial { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

fn check(path: &Path) -> Result<ExitCode> {
    match daemon::load(path) {
        Ok(daemon::InForce { config, policies, catalogue, registers }) => {
            let packs: Vec<String> = policies.packs().iter().map(|pack| pack.id.to_string()).collect();
            let (registry, warning) = crate::maker::registry_words(catalogue.registry_date(), Timestamp::now());
            say(&format!(
                "{}: good. {} sites, {} networks, {} switches, {} reviews, policies {}, {} makers, {registry}",
                path.display(),
                config.sites.len(),
                config.networks.len(),
                config.switches.len(),
                config.reviews.len(),
                packs.join(", "),
                catalogue.makers().count()
            ));
            for register in &registers {
                let sites: Vec<String> = register.sites.iter().map(ToString::to_string).collect();
                let (name, entries) = (&register.name, register.entries.len());
                say(&format!("register {name}: {entries} entries of sites {}", sites.join(", ")));
            }
            for fault in daemon::registers::faults(&registers) {
                say(&format!("warning: {fault}"));
            }
            for loosened in daemon::packs::loosened(&config.policies, &policies) {
                let crate::policy::Loosened { pack, text, why, who } = loosened;
                say(&format!("loosened: pack {pack} {text} ({who}: {why})"));
            }
            for warning in warning.into_iter().chain(config.metrics.warning()) {
                say(&format!("warning: {warning}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            print(&problems.to_string())?;
            let count = problems.0.len();
            say(&format!("{count} problem{}", if count == 1 { "" } else { "s" }));
            Ok(ExitCode::from(1))
        }
    }
}
