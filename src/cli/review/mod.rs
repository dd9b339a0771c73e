//! `review`: the queues and the decisions.

mod decide;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::tables::{head, look};
use super::{print, print_json, say};
use crate::config;
use crate::control::client::{Client, ControlError};
use crate::control::{Reply, Request};
use crate::net::FindingId;
use crate::net::text::{clean, clean_words};
use crate::report::cycle::shares;
use crate::report::{lists, tables};
use crate::review::Reporting;
use decide::{Close, Consider, Decide, Overrule};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Cycles, and what waits in them.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One cycle's findings, or one finding and all that was decided on it.
    Show {
        /// The cycle's number.
        #[arg(required_unless_present = "finding")]
        cycle: Option<u64>,
        /// The finding's number.
        #[arg(long, conflicts_with = "cycle")]
        finding: Option<u64>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Decide findings.
    Decide(Box<Decide>),
    /// Say what a device is, in place of what the evidence says, until a day.
    Overrule(Overrule),
    /// Open the cycle of a review now.
    Run {
        /// Its name.
        review: String,
        /// The answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a cycle: what you reviewed was reviewed.
    Close(Close),
    /// Say whether a site that is not sensitive is to do as sensitive ones must.
    Consider(Consider),
}

pub(super) fn run(path: &Path, command: &Command) -> Result<ExitCode> {
    match command {
        Command::List { json } => list(path, *json),
        Command::Show { finding: Some(number), json, .. } => finding(path, FindingId(*number), *json),
        Command::Show { cycle, json, .. } => show(path, cycle.unwrap_or_default(), *json),
        Command::Decide(decide) => decide::decide(path, decide),
        Command::Overrule(overrule) => decide::overrule(path, overrule),
        Command::Close(close) => decide::close(path, close),
        Command::Consider(consider) => decide::consider(path, consider),
        Command::Run { review, json } => match ask(path, &Request::Run { review: review.clone() })? {
            Ok(Reply::Opened { cycle, items }) if *json => {
                print_json(&json!({"cycle": cycle, "items": items}))?;
                Ok(ExitCode::SUCCESS)
            }
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
    let table = lists::cycles(snapshot.cycles.values(), &snapshot);
    head(&snapshot);
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
        head(&snapshot);
        if let Some(told) = &cycle.attestation {
            let looked = told.looked.as_ref().map(|looked| format!("; {}", shares(looked))).unwrap_or_default();
            let words =
                format!("{}: attested by {}: {}; {}{looked}", told.at, told.author, told.statement, told.coverage);
            say(&clean_words(&words));
        }
        match &cycle.report {
            Some(Reporting::Written { at, files }) => {
                say(&clean_words(&format!("{at}: reported: {}", files.join(", "))));
            }
            Some(Reporting::Due) => say("its report is to be written"),
            None => {}
        }
        print(&tables::findings(items, &snapshot).text())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One finding, and all that was ever decided on it.
fn finding(path: &Path, id: FindingId, json: bool) -> Result<ExitCode> {
    let (reader, snapshot) = look(path)?;
    let Some(finding) = snapshot.findings.get(&id) else {
        say(&format!("there is no finding {id}"));
        return Ok(ExitCode::from(1));
    };
    let decisions = reader.decisions(id)?;
    if json {
        let finding = tables::finding_json(finding, &snapshot);
        print_json(&json!({"finding": finding, "decisions": decisions}))?;
        return Ok(ExitCode::SUCCESS);
    }
    head(&snapshot);
    print(&tables::findings(std::iter::once(finding), &snapshot).text())?;
    for line in tables::handling(finding).into_iter().chain(decisions.iter().map(tables::decision)) {
        print(&format!("{}\n", clean(&line)))?;
    }
    Ok(ExitCode::SUCCESS)
}
