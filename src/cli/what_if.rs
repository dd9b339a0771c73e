//! `policy what-if`: what another pack or configuration would open, change and close, before it does. The database is
//! only read, and judged by the code that the daemon judges by.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use jiff::civil::Date;

use super::{policy, print, print_json, say};
use crate::config::{self, EstateSettings, PolicyChoice, Problem, Problems};
use crate::console::Trial;
use crate::daemon::{catalogue, packs, registers};
use crate::inventory::{Anew, Estate, Inventory, Registers};
use crate::net::Timestamp;
use crate::policy::{HouseRules, Policies, Status};
use crate::report::{Format, outlook};
use crate::review::{Ledger, Measure, Outlook, rejudge};
use crate::store::Reader;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A pack: new, or in place of the one of its id. Left out: the configuration file as it stands now.
    file: Option<PathBuf>,
    /// A shipped pack that would be in force too.
    #[arg(long, value_name = "PACK")]
    add: Vec<String>,
    /// A pack that would not be in force.
    #[arg(long, value_name = "PACK")]
    remove: Vec<String>,
    /// The day to judge on (2027-01-01, or +30d): packs come into force and end. Left out: today.
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// As JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Finding by finding as CSV.
    #[arg(long)]
    csv: bool,
}

/// What would be otherwise.
#[derive(Debug, Default)]
pub(super) struct Change {
    files: Vec<PathBuf>,
    add: Vec<String>,
    remove: Vec<String>,
}

impl Change {
    /// Words as they are typed in the console: a pack's file, `+us-889`, `-us-889`. A relative file is looked for beside
    /// the configuration's own packs too.
    pub(super) fn typed(words: &str, beside: &Path) -> Self {
        let mut change = Self::default();
        for word in words.split_whitespace() {
            match (word.strip_prefix('+'), word.strip_prefix('-')) {
                (Some(id), _) => change.add.push(id.to_owned()),
                (_, Some(id)) => change.remove.push(id.to_owned()),
                _ if Path::new(word).exists() => change.files.push(word.into()),
                _ => change.files.push(beside.join(word)),
            }
        }
        change
    }
}

pub(super) fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { file, add, remove, on, json, csv } = arguments;
    let change = Change { files: file.iter().cloned().collect(), add: add.clone(), remove: remove.clone() };
    let today = jiff::Zoned::now().date();
    let day = match on {
        Some(text) => crate::review::day(text, today).map_err(anyhow::Error::msg)?,
        None => today,
    };
    let found = judge(path, &change, day)?;
    let format = Format::chosen(*json, *csv);
    if format == Format::Json {
        print_json(&outlook::json(&found))?;
        return Ok(ExitCode::SUCCESS);
    }
    for note in &found.notes {
        say(&format!("note: {note}"));
    }
    say(&outlook::headline(&found));
    if let Some(words) = outlook::statuses(&found) {
        say(&words);
    }
    if format == Format::Csv {
        print(&outlook::shifts(&found).csv())?;
    } else if !found.shifts.is_empty() {
        print(&outlook::tallies(&found).text())?;
        print("\n")?;
        print(&outlook::shifts(&found).without_empty_columns().text())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How the console tries out what is typed there, by the configuration at `path`.
pub(super) fn trial(path: &Path) -> Trial {
    let path = path.to_owned();
    Trial::new(move |words| {
        let change = Change::typed(words, path.parent().unwrap_or(Path::new("")));
        judge(&path, &change, jiff::Zoned::now().date())
            .map_err(|error| format!("{error:#}").replace("\n  hint", "; hint").replace('\n', "; "))
    })
}

/// The packs of the configuration with the change, as they are in force on a day, and what is to be said of them.
fn packs_of(path: &Path, change: &Change, day: Date) -> Result<(Policies, Vec<String>)> {
    let choices = config::load_judgement(path)?.1;
    let (mut all, mut problems) = packs::read(path, &choices);
    let added: Vec<PolicyChoice> = change.add.iter().map(|id| PolicyChoice::Shipped(id.clone())).collect();
    let (added, wrong) = packs::read(path, &added);
    problems.extend(wrong);
    if !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    all = all.with(added);
    for file in &change.files {
        all = all.with(policy::of_file(file)?);
    }
    for id in &change.remove {
        if !all.packs().iter().any(|pack| pack.id.as_str() == id) {
            let ids: Vec<_> = all.packs().iter().map(|pack| pack.id.to_string()).collect();
            bail!("'{id}' cannot be taken out: there are {}", ids.join(", "));
        }
        all = all.without(id);
    }
    let mut notes: Vec<String> = Vec::new();
    for Problem { message, hint, .. } in packs::unsaid(path, &choices, &all) {
        notes.push(format!("`lenswarden check` would refuse it: {message}; {hint}"));
    }
    let in_force = all.on(day);
    for pack in all.packs().iter().filter(|pack| !in_force.packs().contains(pack)) {
        let from = pack.in_force_from.map(|from| format!(" from {from}")).unwrap_or_default();
        let until = pack.in_force_until.map(|until| format!(" until {until}")).unwrap_or_default();
        notes.push(format!("pack {} judges nothing on {day}: it is in force{from}{until} (--on DATE)", pack.id));
    }
    Ok((in_force, notes))
}

/// What a change would do on a day.
pub(super) fn judge(path: &Path, change: &Change, day: Date) -> Result<Outlook> {
    let daemon = config::load_daemon(path)?;
    let (makers, _) = config::load_judgement(path)?;
    let EstateSettings { sites, networks, house, registers, hash } = config::load_estate(path)?;
    let (policies, mut notes) = packs_of(path, change, day)?;
    let catalogue = catalogue::read(&makers).map_err(Problems)?;
    let house = HouseRules::from(&house);
    let mut registers = Registers::new(registers::read(&registers, &sites).map_err(Problems)?);
    let stored = Reader::open(&daemon.database)?.stored()?;
    let configuration = stored.configuration.unwrap_or_default();
    if configuration.hash != hash {
        notes.push(format!(
            "{} is not the configuration that the daemon took last: what else it changes is in here too. Switches and \
             cameras that come or go are not, until they are polled",
            path.display()
        ));
    }
    // What devices were placed and attributed by is known by its hashes.
    let same = configuration.hash == hash && configuration.makers == catalogue.hash();
    let anew = if same { Anew::NOTHING } else { Anew::EVERYTHING };
    let mut statuses: BTreeMap<Status, (usize, usize)> = BTreeMap::new();
    for record in &stored.devices {
        statuses.entry(record.status).or_default().0 += 1;
    }
    let devices = stored.devices.into_iter().map(|record| record.device).collect();
    let mut inventory = if same {
        Inventory::restore(stored.next_device, devices, Vec::new(), stored.addresses, stored.switches)
    } else {
        Inventory::restore(stored.next_device, devices, stored.presence, stored.addresses, stored.switches)
    };
    let estate = Estate::new(&sites, networks);
    let before = Ledger::restore(stored.findings, stored.cycles);
    let mut after = before.clone();
    for device in inventory.devices() {
        registers.look(device.id, Some(device));
    }
    let by =
        Measure { policies: &policies, house: &house, registers: &registers, estate: &estate, catalogue: &catalogue };
    let done = rejudge(&mut inventory, &mut after, by, &anew, Timestamp::now());
    for (_, status) in &done.statuses {
        statuses.entry(*status).or_default().1 += 1;
    }
    let outlook = Outlook::new(&before, &after, &done.findings, &inventory);
    Ok(Outlook { statuses, notes, ..outlook })
}
