//! `review`: the queues and the decisions.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use jiff::civil::Date;

use super::{print, print_json, say, tables::look};
use crate::config;
use crate::control::client::{Client, ControlError};
use crate::control::{Reply, Request};
use crate::maker::{Claim, Class};
use crate::net::FindingId;
use crate::report::tables;
use crate::review::{DecisionKind, DecisionRequest, FindingState, Matter};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Cycles, and what waits in them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One cycle's findings.
    Show {
        /// Its number.
        cycle: u64,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Decide one finding.
    Decide(Decide),
    /// Say what a device is, in place of what the evidence says, until a day.
    Overrule(Overrule),
    /// Open the cycle of a [[review]] now.
    Run {
        /// Its name.
        review: String,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("kind").required(true).args(["remove_by", "accept_until", "not_in_scope", "overrule_until"]))]
pub(super) struct Decide {
    /// The finding's number.
    finding: u64,
    /// The revision you looked at; left out, the one it has now.
    #[arg(long)]
    revision: Option<u64>,
    /// It will be removed by this day (2026-12-31, or +30d).
    #[arg(long, value_name = "DATE")]
    remove_by: Option<String>,
    /// It stays until this day; needs --reason.
    #[arg(long, value_name = "DATE", requires = "reason")]
    accept_until: Option<String>,
    /// The rule does not apply to it; needs --reason.
    #[arg(long, requires = "reason")]
    not_in_scope: bool,
    /// Its device is not what the evidence says, until this day; needs --reason and what it is.
    #[arg(long, value_name = "DATE", requires_all = ["reason", "claim"])]
    overrule_until: Option<String>,
    #[command(flatten)]
    claim: Said,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
}

/// What a device is said to be.
#[derive(Debug, Args)]
#[group(id = "claim", multiple = true)]
pub(super) struct Said {
    /// Who made it: an id or a name of the catalogue.
    #[arg(long, value_name = "MAKER")]
    maker: Option<String>,
    /// What it is: camera, recorder, phone, printer, …
    #[arg(long, value_name = "CLASS", value_parser = class)]
    class: Option<Class>,
    /// It is visual surveillance equipment.
    #[arg(long, conflicts_with = "not_surveillance")]
    surveillance: bool,
    /// It is none.
    #[arg(long)]
    not_surveillance: bool,
}

impl Said {
    fn claim(&self) -> Claim {
        let surveillance = (self.surveillance || self.not_surveillance).then_some(self.surveillance);
        Claim { maker: self.maker.as_deref().map(Into::into), class: self.class, surveillance }
    }
}

fn class(word: &str) -> Result<Class, String> {
    let known = || Class::words().filter(|word| *word != "unknown").collect::<Vec<_>>().join(", ");
    let found = Class::of_word(word).filter(|class| *class != Class::Unknown);
    found.ok_or_else(|| format!("there are {}", known()))
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("act").required(true).args(["until", "withdraw"]))]
pub(super) struct Overrule {
    /// The device: MAC address, IP address, serial number or id.
    device: String,
    #[command(flatten)]
    claim: Said,
    /// Last day this holds (2026-12-31, or +30d); new evidence against it ends it sooner.
    #[arg(long, value_name = "DATE", requires = "claim")]
    until: Option<String>,
    /// What was said holds no longer.
    #[arg(long, conflicts_with = "claim")]
    withdraw: bool,
    /// Why.
    #[arg(long, required = true)]
    reason: String,
}

fn day(text: &str) -> Result<Date> {
    crate::review::day(text, jiff::Zoned::now().date()).map_err(anyhow::Error::msg)
}

pub(super) fn run(path: &Path, command: &Command) -> Result<ExitCode> {
    match command {
        Command::List { json } => list(path, *json),
        Command::Show { cycle, json } => show(path, *cycle, *json),
        Command::Decide(decide) => self::decide(path, decide),
        Command::Overrule(overrule) => self::overrule(path, overrule),
        Command::Run { review } => match ask(path, &Request::Run { review: review.clone() })? {
            Ok(Reply::Opened { cycle, items }) => {
                say(&format!("cycle {cycle} is open with {items} findings"));
                Ok(ExitCode::SUCCESS)
            }
            other => refused(other),
        },
    }
}

/// Asks the daemon; the inner error is its refusal.
pub(super) fn ask(path: &Path, request: &Request) -> Result<Result<Reply, String>> {
    let daemon = config::load_daemon(path)?;
    let mut client = Client::connect(&daemon.control_socket)?;
    match client.ask(request) {
        Ok(reply) => Ok(Ok(reply)),
        Err(ControlError::Refused(why)) => Ok(Err(why)),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn refused(answer: Result<Reply, String>) -> Result<ExitCode> {
    match answer {
        Err(why) => {
            say(&format!("refused, nothing was changed: {why}"));
            Ok(ExitCode::from(1))
        }
        Ok(other) => bail!("the daemon answered something else: {other:?}"),
    }
}

fn list(path: &Path, json: bool) -> Result<ExitCode> {
    let (_, snapshot) = look(path)?;
    if json {
        print_json(&snapshot.cycles.values().collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let waits = |id: &FindingId| snapshot.findings.get(id).is_some_and(|finding| finding.state == FindingState::Open);
    let rows = snapshot.cycles.values().map(|cycle| {
        let waiting = cycle.items.iter().filter(|id| waits(id)).count();
        let state = cycle.closed.map_or_else(|| "open".to_owned(), |closed| format!("closed {closed}"));
        let (items, due) = (cycle.items.len().to_string(), cycle.due.to_string());
        vec![cycle.id.to_string(), cycle.name.clone(), state, waiting.to_string(), items, due, cycle.owner.clone()]
    });
    let table = crate::report::Table {
        columns: vec!["CYCLE", "REVIEW", "STATE", "WAITING", "OF", "DUE", "OWNER"],
        rows: rows.collect(),
    };
    say(&tables::headline(&snapshot));
    print(&table.text())?;
    Ok(ExitCode::SUCCESS)
}

fn show(path: &Path, number: u64, json: bool) -> Result<ExitCode> {
    let (_, snapshot) = look(path)?;
    let Some(cycle) = snapshot.cycles.values().find(|cycle| cycle.id.0 == number) else {
        say(&format!("there is no cycle {number}"));
        return Ok(ExitCode::from(1));
    };
    let items = cycle.items.iter().filter_map(|id| snapshot.findings.get(id));
    if json {
        print_json(&items.map(|finding| tables::finding_json(finding, &snapshot)).collect::<Vec<_>>())?;
    } else {
        say(&tables::headline(&snapshot));
        print(&tables::findings(items, &snapshot).text())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn decide(path: &Path, decide: &Decide) -> Result<ExitCode> {
    let finding = FindingId(decide.finding);
    let reason = decide.reason.clone().unwrap_or_default();
    if decide.overrule_until.is_none() && !decide.claim.claim().is_empty() {
        bail!("what a device is goes with --overrule-until");
    }
    let decision = match (&decide.remove_by, &decide.accept_until, &decide.overrule_until) {
        (Some(by), ..) => DecisionKind::RemoveBy { by: day(by)? },
        (_, Some(until), _) => DecisionKind::Accept { until: day(until)?, reason },
        (.., Some(until)) => DecisionKind::Overrule { claim: decide.claim.claim(), until: day(until)?, reason },
        _ => DecisionKind::NotInScope { reason },
    };
    let revision = match decide.revision {
        Some(revision) => revision,
        None => look(path)?.1.findings.get(&finding).map_or(0, |finding| finding.revision),
    };
    let request = DecisionRequest { on: Matter::Finding { finding, revision }, decision };
    match ask(path, &Request::Decide { decisions: vec![request] })? {
        Ok(Reply::Decided { seq, .. }) => {
            say(&format!("finding {finding} is decided; change {seq} of the log"));
            Ok(ExitCode::SUCCESS)
        }
        other => refused(other),
    }
}

fn overrule(path: &Path, overrule: &Overrule) -> Result<ExitCode> {
    let (reader, _) = look(path)?;
    let ids = reader.find(&overrule.device)?;
    let [id] = ids.as_slice() else {
        let found: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let what = &overrule.device;
        say(&match found.is_empty() {
            true => format!("nothing is known of '{what}': a MAC address, IP address, serial number or id"),
            false => format!("'{what}' is several devices: say which id: {}", found.join(", ")),
        });
        return Ok(ExitCode::from(1));
    };
    let reason = overrule.reason.clone();
    let decision = match &overrule.until {
        Some(until) => DecisionKind::Overrule { claim: overrule.claim.claim(), until: day(until)?, reason },
        None => DecisionKind::Restore { reason },
    };
    let evidence = reader.device(*id)?.map(|detail| detail.device.attribution.evidence).unwrap_or_default();
    let seen = evidence.into_iter().map(|mark| (mark.source, mark.text)).collect();
    let request = DecisionRequest { on: Matter::Device { device: *id, seen }, decision };
    match ask(path, &Request::Decide { decisions: vec![request] })? {
        Ok(Reply::Decided { findings, seq }) => {
            let changed = findings.len();
            say(&format!("device {id} is decided; change {seq} of the log; {changed} findings changed"));
            Ok(ExitCode::SUCCESS)
        }
        other => refused(other),
    }
}
