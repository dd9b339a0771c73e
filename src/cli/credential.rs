//! `credential`: which cameras refused which credential, and the way back.

use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::review::{ask, refused};
use super::tables::{head, look};
use super::{print, print_json, say};
use crate::control::{Reply, Request};
use crate::net::CredentialId;
use crate::report::Table;
use crate::report::tables::minute;
use crate::store::{CredentialState, CredentialTry};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Credentials that wait for you: refused by a camera, or tried without an outcome.
    List {
        /// Those that cameras take, too.
        #[arg(long)]
        all: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Allow a refused credential one more attempt, at one camera or at all.
    Retry {
        /// The credential's id in the configuration.
        credential: CredentialId,
        /// Only at this camera.
        address: Option<IpAddr>,
    },
}

pub(super) fn run(path: &Path, command: &Command) -> Result<ExitCode> {
    match command {
        Command::List { all, json } => list(path, *all, *json),
        Command::Retry { credential, address } => {
            match ask(path, &Request::Retry { credential: credential.clone(), address: *address })? {
                Ok(Reply::Done { count }) => {
                    let cameras = if count == 1 { "1 camera".to_owned() } else { format!("{count} cameras") };
                    say(&format!("credential {credential} may be tried once more at {cameras}"));
                    Ok(ExitCode::SUCCESS)
                }
                other => refused(other),
            }
        }
    }
}

fn state(attempt: &CredentialTry) -> &'static str {
    match attempt.state {
        CredentialState::Claimed => "no outcome",
        CredentialState::Accepted => "taken",
        CredentialState::Refused => "refused",
        CredentialState::Cleared => "allowed again",
    }
}

fn list(path: &Path, all: bool, as_json: bool) -> Result<ExitCode> {
    let (reader, snapshot) = look(path)?;
    let waits =
        |attempt: &&CredentialTry| all || matches!(attempt.state, CredentialState::Refused | CredentialState::Claimed);
    let tries = reader.credentials()?;
    let chosen: Vec<&CredentialTry> = tries.iter().filter(waits).collect();
    if as_json {
        let row = |attempt: &&CredentialTry| {
            json!({
                "credential": attempt.credential, "address": attempt.address, "state": attempt.state,
                "at": attempt.at, "text": attempt.text, "attempts_without_outcome": attempt.unknown_outcomes,
            })
        };
        print_json(&chosen.iter().map(row).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |attempt: &&CredentialTry| {
        vec![
            attempt.credential.to_string(),
            attempt.address.to_string(),
            state(attempt).to_owned(),
            minute(attempt.at),
            attempt.text.to_string(),
        ]
    };
    let table = Table {
        columns: vec!["CREDENTIAL", "CAMERA", "STATE", "SINCE", "IN ITS WORDS"],
        rows: chosen.iter().map(row).collect(),
    };
    head(&snapshot);
    if table.rows.is_empty() {
        say("no credential waits for you");
    } else {
        print(&table.text())?;
    }
    Ok(ExitCode::SUCCESS)
}
