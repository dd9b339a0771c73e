//! `policy`: the packs, and what an own one says that the shipped one does not.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::{print, print_json, say};
use crate::config::{self, PolicyChoice};
use crate::daemon;
use crate::policy::{Pack, Policies};
use crate::report::Table;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every shipped pack and those of the configuration's own files, and which are in force.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One pack: whom and what it restricts, its rules with their sources, and what differs from the shipped one.
    Show {
        /// A pack's id, or a file.
        pack: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A pack, where it is from, and whether it is in force.
struct Known {
    pack: Pack,
    origin: String,
    in_force: bool,
}

/// The packs of the configuration, where there is one, and then the shipped ones that it does not name.
fn known(path: &Path) -> Result<Vec<Known>> {
    let choices = if path.exists() {
        config::load_judgement(path)?.1
    } else {
        say(&format!("{} is not there: only shipped packs are shown", path.display()));
        Vec::new()
    };
    let shipped = Policies::shipped_ids().into_iter().map(|id| PolicyChoice::Shipped(id.to_owned()));
    let others: Vec<_> = shipped.filter(|choice| !choices.contains(choice)).collect();
    let mut known = Vec::new();
    for (choice, in_force) in
        choices.into_iter().map(|choice| (choice, true)).chain(others.into_iter().map(|choice| (choice, false)))
    {
        let origin = match &choice {
            PolicyChoice::Shipped(_) => "shipped".to_owned(),
            PolicyChoice::File(file) => file.display().to_string(),
        };
        let (policies, problems) = daemon::policies(path, &[choice]);
        if !problems.is_empty() {
            return Err(config::Problems(problems).into());
        }
        let pack = policies.packs().first().cloned();
        known.extend(pack.map(|pack| Known { pack, origin, in_force }));
    }
    Ok(known)
}

pub(super) fn run(path: &Path, command: &Command) -> Result<ExitCode> {
    match command {
        Command::List { json } => list(&known(path)?, *json),
        Command::Show { pack, json } => show(path, pack, *json),
    }
}

fn list(known: &[Known], as_json: bool) -> Result<ExitCode> {
    if as_json {
        let all = known.iter().map(|known| {
            let Known { pack, origin, in_force } = known;
            json!({"id": pack.id, "title": pack.title, "issuer": pack.issuer, "date": pack.date, "version": pack.version,
                "source": pack.source, "hash": pack.hash, "origin": origin, "in_force": in_force})
        });
        print_json(&all.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |known: &Known| {
        let Known { pack, origin, in_force } = known;
        vec![
            pack.id.to_string(),
            if *in_force { "in force" } else { "off" }.to_owned(),
            origin.clone(),
            pack.date.map(|date| date.to_string()).unwrap_or_default(),
            pack.title.clone(),
        ]
    };
    let columns = vec!["PACK", "STATE", "FROM", "DATE", "TITLE"];
    print(&Table { columns, rows: known.iter().map(row).collect() }.text())?;
    Ok(ExitCode::SUCCESS)
}

fn show(path: &Path, wanted: &str, as_json: bool) -> Result<ExitCode> {
    let mut all = known(path)?;
    let found = all.iter().position(|known| known.pack.id.as_str() == wanted);
    let pack = match found {
        Some(index) => all.swap_remove(index).pack,
        None if Path::new(wanted).exists() => {
            let (policies, problems) = daemon::policies(Path::new(wanted), &[PolicyChoice::File(wanted.into())]);
            match policies.packs().first() {
                Some(pack) if problems.is_empty() => pack.clone(),
                _ => return Err(config::Problems(problems).into()),
            }
        }
        None => {
            let ids: Vec<_> = all.iter().map(|known| known.pack.id.to_string()).collect();
            bail!("there is no pack '{wanted}', and no such file; packs are: {}", ids.join(", "));
        }
    };
    let differences = Policies::differences(&pack).unwrap_or_default();
    if as_json {
        print_json(&json!({"pack": pack, "differences": differences}))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&pack.describe())?;
    if !differences.is_empty() {
        let lines = differences.iter().map(|difference| {
            let which = if difference.looser { "looser " } else { "tighter" };
            format!("  {which}  {}\n", difference.text)
        });
        print(&format!("\nDIFFERS FROM THE SHIPPED PACK OF THIS ID\n{}", lines.collect::<String>()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What packs of own files let pass that the shipped packs of their ids do not: said wherever they are checked.
pub(super) fn warnings(policies: &Policies) -> Vec<String> {
    let of = |pack: &Pack| {
        let looser = Policies::differences(pack).unwrap_or_default().into_iter().filter(|difference| difference.looser);
        looser.map(|difference| format!("pack {} {}", pack.id, difference.text)).collect::<Vec<_>>()
    };
    policies.packs().iter().flat_map(of).collect()
}
