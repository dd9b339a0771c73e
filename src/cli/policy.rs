//! `policy`: the packs, the house rules, and what an own one says that the shipped one does not.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use jiff::civil::Date;
use serde_json::json;

use super::{print, print_json, say, what_if};
use crate::config::{self, PolicyChoice};
use crate::daemon::packs;
use crate::policy::{HOUSE, HouseRules, Loosened, Pack, Policies};
use crate::report::Table;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every shipped pack and those of the configuration's own files, and which are in force; and the house rules.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One pack: whom and what it restricts, its rules with their sources, and what differs from the shipped one.
    Show {
        /// A pack's id, or a file; or house.
        pack: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Which findings another pack, or the configuration file as it stands now, would open, change and close; changes
    /// nothing.
    WhatIf(what_if::Arguments),
}

/// What `house` is.
const HOUSE_TITLE: &str = "House rules";

/// A pack, where it is from, and whether the configuration has it.
struct Known {
    pack: Pack,
    origin: String,
    chosen: bool,
}

impl Known {
    /// Whether it judges, in words.
    fn state(&self, today: Date) -> String {
        let Pack { in_force_from, in_force_until, .. } = &self.pack;
        match (self.chosen, in_force_from, in_force_until) {
            (false, ..) => "off".to_owned(),
            (true, Some(from), _) if *from > today => format!("from {from}"),
            (true, _, Some(until)) if *until < today => format!("ended {until}"),
            (true, ..) => "in force".to_owned(),
        }
    }
}

/// The packs of the configuration, where there is one, and then the shipped ones that it does not name; and what of
/// the shipped ones does not hold.
fn known(path: &Path) -> Result<(Vec<Known>, Vec<Loosened>)> {
    let choices = if path.exists() {
        config::load_judgement(path)?.1
    } else {
        say(&format!("{} is not there: only shipped packs are shown", path.display()));
        vec![PolicyChoice::Shipped(config::DEFAULT_PACK.to_owned())]
    };
    let (all, problems) = packs::read(path, &choices);
    if !problems.is_empty() {
        return Err(config::Problems(problems).into());
    }
    let loosened = packs::loosened(&choices, &all);
    let chosen = choices.into_iter().filter(|choice| !matches!(choice, PolicyChoice::Off { .. }));
    let origin = |choice: PolicyChoice| match choice {
        PolicyChoice::File(file) => file.display().to_string(),
        PolicyChoice::Shipped(_) | PolicyChoice::Off { .. } => "shipped".to_owned(),
    };
    let in_force = all.packs().iter().cloned().zip(chosen);
    let mut known: Vec<Known> =
        in_force.map(|(pack, choice)| Known { pack, origin: origin(choice), chosen: true }).collect();
    for pack in Policies::shipped().packs() {
        // A shipped pack is off beside an own one of its id too: shown by its own name it would be a riddle.
        if known.iter().all(|other| other.pack.id != pack.id) {
            known.push(Known { pack: pack.clone(), origin: "shipped".to_owned(), chosen: false });
        }
    }
    Ok((known, loosened))
}

pub(super) fn run(path: &Path, command: &Command) -> Result<ExitCode> {
    match command {
        Command::List { json } => list(path, *json),
        Command::Show { pack, json } => show(path, pack, *json),
        Command::WhatIf(arguments) => what_if::run(path, arguments),
    }
}

/// The house rules of the configuration, as they are without one where there is none.
fn house(path: &Path) -> Result<HouseRules> {
    Ok(HouseRules::from(&if path.exists() {
        config::load_estate(path)?.house
    } else {
        config::HouseSettings::default()
    }))
}

fn list(path: &Path, as_json: bool) -> Result<ExitCode> {
    let (known, loosened) = known(path)?;
    let house = house(path)?;
    let asked = house.rules().filter(|(_, severity, _)| severity.is_some()).count();
    let today = jiff::Zoned::now().date();
    if as_json {
        let all = known.iter().map(|known| {
            let Known { pack, origin, chosen } = known;
            let loosened: Vec<_> = loosened.iter().filter(|loosened| loosened.pack == pack.id).collect();
            json!({"id": pack.id, "title": pack.title, "issuer": pack.issuer, "date": pack.date, "version": pack.version,
                "source": pack.source, "basis": pack.basis, "owner": pack.owner, "hash": pack.hash, "origin": origin,
                "in_force_from": pack.in_force_from, "in_force_until": pack.in_force_until,
                "in_force": *chosen && known.state(today) == "in force", "loosened": loosened})
        });
        let rules = json!({"id": HOUSE, "title": HOUSE_TITLE, "origin": "configuration", "in_force": asked > 0});
        print_json(&all.chain([rules]).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |known: &Known| {
        let Known { pack, origin, .. } = known;
        let date = pack.date.map(|date| date.to_string()).unwrap_or_default();
        vec![pack.id.to_string(), known.state(today), origin.clone(), date, pack.title.clone()]
    };
    let columns = vec!["PACK", "STATE", "FROM", "DATE", "TITLE"];
    let state = if asked > 0 { "in force" } else { "off" };
    let rules = [HOUSE, state, "configuration", "", HOUSE_TITLE].map(str::to_owned).to_vec();
    print(&Table { columns, rows: known.iter().map(row).chain([rules]).collect() }.text())?;
    if !loosened.is_empty() {
        print(&format!("\n{}", loosened_text(&loosened)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What of the shipped packs does not hold, for a person.
fn loosened_text(all: &[Loosened]) -> String {
    let line = |Loosened { pack, text, why, who }: &Loosened| format!("  {pack} {text}\n      {who}: {why}\n");
    format!("LOOSENED: WHAT SHIPPED PACKS SAY THAT DOES NOT HOLD HERE\n{}", all.iter().map(line).collect::<String>())
}

/// A pack in a file that is not in the configuration.
pub(super) fn of_file(file: &Path) -> Result<Policies> {
    let (policies, problems) = packs::read(file, &[PolicyChoice::File(file.to_owned())]);
    if problems.is_empty() { Ok(policies) } else { Err(config::Problems(problems).into()) }
}

fn show(path: &Path, wanted: &str, as_json: bool) -> Result<ExitCode> {
    if wanted == HOUSE {
        let house = house(path)?;
        if as_json {
            let rule = |(id, severity, text)| json!({"id": id, "severity": severity, "text": text});
            print_json(
                &json!({"pack": {"id": HOUSE, "title": HOUSE_TITLE, "rules": house.rules().map(rule).collect::<Vec<_>>()}}),
            )?;
        } else {
            print(&house.describe())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (mut all, off) = known(path)?;
    let found = all.iter().position(|known| known.pack.id.as_str() == wanted);
    let pack = match found {
        Some(index) => all.swap_remove(index).pack,
        None if Path::new(wanted).exists() => match of_file(Path::new(wanted))?.packs().first() {
            Some(pack) => pack.clone(),
            None => bail!("{wanted} holds no pack"),
        },
        None => {
            let ids: Vec<_> = all.iter().map(|known| known.pack.id.to_string()).collect();
            bail!("there is no pack '{wanted}', and no such file; packs are: {}", ids.join(", "));
        }
    };
    let alone = Policies::from(pack.clone());
    let differences = Policies::differences(&pack).unwrap_or_default();
    let mut loosened = alone.loosened();
    loosened.extend(off.into_iter().filter(|off| off.pack == pack.id && !loosened.contains(off)).collect::<Vec<_>>());
    let unsaid = alone.unexplained();
    if as_json {
        let unsaid: Vec<_> = unsaid.iter().map(|(_, message, _)| message).collect();
        print_json(&json!({"pack": pack, "differences": differences, "loosened": loosened, "problems": unsaid}))?;
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
    let said: Vec<Loosened> = loosened.into_iter().filter(|loosened| !loosened.who.is_empty()).collect();
    if !said.is_empty() {
        print(&format!("\n{}", loosened_text(&said)))?;
    }
    for (_, message, hint) in unsaid {
        say(&format!("{wanted} would be refused: {message}\n  hint: {hint}"));
    }
    Ok(ExitCode::SUCCESS)
}
