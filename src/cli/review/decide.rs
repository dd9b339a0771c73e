//! `review decide`, `overrule`, `consider`, `close`: what is asked of the daemon.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args};
use jiff::civil::Date;
use serde_json::json;

use super::super::{print_json, say, tables::look};
use super::{ask, refused};
use crate::control::client::attached;
use crate::control::{Reply, Request};
use crate::maker::{Claim, Class};
use crate::net::{CycleId, FindingId};
use crate::review::{DecisionKind, DecisionRequest, FindingState, Matter, Stage};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("kind").required(true).args([
    "remove_by", "isolate_by", "replace_by", "stage", "accept_until", "not_in_scope", "overrule_until", "approve",
    "reject", "reopen", "assign", "tag", "note",
]))]
pub(in crate::cli) struct Decide {
    /// The findings' numbers.
    #[arg(required_unless_present = "cycle")]
    findings: Vec<u64>,
    /// Every finding of this cycle that waits.
    #[arg(long, conflicts_with = "findings")]
    cycle: Option<u64>,
    /// The revision you looked at; left out, the one it has now. Goes with one finding.
    #[arg(long)]
    revision: Option<u64>,
    /// It will be removed by this day (2026-12-31, or +30d).
    #[arg(long, value_name = "DATE")]
    remove_by: Option<String>,
    /// It will be cut off from all but a network for surveillance equipment by this day.
    #[arg(long, value_name = "DATE")]
    isolate_by: Option<String>,
    /// Another device will stand in its place by this day.
    #[arg(long, value_name = "DATE")]
    replace_by: Option<String>,
    /// How far that is: planned, ordered, removed.
    #[arg(long, value_parser = stage)]
    stage: Option<Stage>,
    /// It stays until this day; needs --reason and --control.
    #[arg(long, value_name = "DATE", requires_all = ["reason", "control"])]
    accept_until: Option<String>,
    /// What is done about the risk meanwhile.
    #[arg(long, requires = "accept_until")]
    control: Option<String>,
    /// The rule does not apply to it; needs --reason.
    #[arg(long, requires = "reason")]
    not_in_scope: bool,
    /// Its device is not what the evidence says, until this day; needs --reason and what it is.
    #[arg(long, value_name = "DATE", requires_all = ["reason", "claim"])]
    overrule_until: Option<String>,
    #[command(flatten)]
    claim: Said,
    /// What somebody else proposed is decided.
    #[arg(long)]
    approve: bool,
    /// What was proposed is not decided; needs --reason.
    #[arg(long, requires = "reason")]
    reject: bool,
    /// What was decided holds no longer; needs --reason.
    #[arg(long, requires = "reason")]
    reopen: bool,
    /// Who is to see to it; empty: nobody in particular.
    #[arg(long, value_name = "WHO")]
    assign: Option<String>,
    /// By when a decision is wanted.
    #[arg(long, value_name = "DATE", requires = "assign")]
    due: Option<String>,
    /// Words to sort by; one that begins with '-' is taken off.
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    tag: Vec<String>,
    /// Something to remember.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// What the note is about: a file, or a URL with --sha256.
    #[arg(long, value_name = "PATH|URL", requires = "note")]
    attach: Option<String>,
    /// SHA-256 of its content.
    #[arg(long, value_name = "HEX", requires = "attach")]
    sha256: Option<String>,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
    /// The answer as JSON.
    #[arg(long)]
    json: bool,
}

fn stage(word: &str) -> Result<Stage, String> {
    match word {
        "planned" => Ok(Stage::Planned),
        "ordered" => Ok(Stage::Ordered),
        "removed" => Ok(Stage::Removed),
        _ => Err("there are planned, ordered, removed".to_owned()),
    }
}

/// What a device is said to be.
#[derive(Debug, Args)]
#[group(id = "claim", multiple = true)]
pub(in crate::cli) struct Said {
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
pub(in crate::cli) struct Overrule {
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
    /// The answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("answer").required(true).args(["adopt", "leave"]))]
pub(in crate::cli) struct Consider {
    /// The site, which is not a sensitive one.
    site: String,
    /// It is to do as sensitive sites must.
    #[arg(long)]
    adopt: bool,
    /// It is not.
    #[arg(long)]
    leave: bool,
    /// Why.
    #[arg(long, required = true)]
    reason: String,
    /// The answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Close {
    /// The cycle's number.
    cycle: u64,
    /// What you attest, in words.
    #[arg(long, required = true)]
    statement: String,
    /// The answer as JSON.
    #[arg(long)]
    json: bool,
}

fn day(text: &str) -> Result<Date> {
    crate::review::day(text, jiff::Zoned::now().date()).map_err(anyhow::Error::msg)
}

impl Decide {
    fn kind(&self) -> Result<DecisionKind> {
        let reason = self.reason.clone().unwrap_or_default();
        let until = |text: &Option<String>| text.as_deref().map(day).transpose();
        if self.overrule_until.is_none() && !self.claim.claim().is_empty() {
            bail!("what a device is goes with --overrule-until");
        }
        Ok(if let Some(by) = until(&self.remove_by)? {
            DecisionKind::RemoveBy { by }
        } else if let Some(by) = until(&self.isolate_by)? {
            DecisionKind::IsolateBy { by }
        } else if let Some(by) = until(&self.replace_by)? {
            DecisionKind::ReplaceBy { by }
        } else if let Some(stage) = self.stage {
            DecisionKind::Stage { stage }
        } else if let Some(until) = until(&self.accept_until)? {
            DecisionKind::Accept { until, reason, control: self.control.clone().unwrap_or_default() }
        } else if let Some(until) = until(&self.overrule_until)? {
            DecisionKind::Overrule { claim: self.claim.claim(), until, reason }
        } else if self.not_in_scope {
            DecisionKind::NotInScope { reason }
        } else if self.approve {
            DecisionKind::Approve {}
        } else if self.reject {
            DecisionKind::Reject { reason }
        } else if self.reopen {
            DecisionKind::Reopen { reason }
        } else if let Some(to) = &self.assign {
            DecisionKind::Assign { to: Some(to.clone()).filter(|to| !to.is_empty()), due: until(&self.due)? }
        } else if let Some(text) = self.note.clone() {
            let attached = self.attach.as_deref().map(|reference| attached(reference, self.sha256.as_deref()));
            DecisionKind::Note { text, attachment: attached.transpose().map_err(anyhow::Error::msg)? }
        } else {
            let (remove, add): (Vec<&String>, Vec<&String>) = self.tag.iter().partition(|word| word.starts_with('-'));
            DecisionKind::Tag {
                add: add.into_iter().cloned().collect(),
                remove: remove.iter().map(|word| word.trim_start_matches('-').to_owned()).collect(),
            }
        })
    }
}

/// Sends decisions, and tells the answer: `what` is decided.
fn send(path: &Path, decisions: Vec<DecisionRequest>, what: &str, as_json: bool) -> Result<ExitCode> {
    match ask(path, &Request::Decide { decisions })? {
        Ok(Reply::Decided { findings, seq }) => {
            if as_json {
                print_json(&json!({"findings": findings, "seq": seq}))?;
            } else {
                say(&format!("{what} is decided; change {seq} of the log"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(why) if as_json => {
            print_json(&json!({"refused": why}))?;
            Ok(ExitCode::from(1))
        }
        other => refused(other),
    }
}

pub(super) fn decide(path: &Path, decide: &Decide) -> Result<ExitCode> {
    let kind = decide.kind()?;
    let mut revisions: Vec<(FindingId, u64)> = Vec::new();
    if let (Some(revision), [finding]) = (decide.revision, decide.findings.as_slice()) {
        revisions.push((FindingId(*finding), revision));
    } else {
        if decide.revision.is_some() {
            bail!("--revision goes with one finding");
        }
        let (_, snapshot) = look(path)?;
        let chosen: Vec<FindingId> = match decide.cycle {
            None => decide.findings.iter().copied().map(FindingId).collect(),
            Some(number) => {
                let Some(cycle) = snapshot.cycles.get(&CycleId(number)) else { bail!("there is no cycle {number}") };
                let waits = |id: &&FindingId| {
                    snapshot.findings.get(*id).is_some_and(|finding| finding.state == FindingState::Open)
                };
                cycle.items.iter().filter(waits).copied().collect()
            }
        };
        let revision = |id: &FindingId| snapshot.findings.get(id).map_or(0, |finding| finding.revision);
        revisions.extend(chosen.iter().map(|id| (*id, revision(id))));
    }
    let what = match revisions.as_slice() {
        [] => bail!("nothing waits in that cycle"),
        [(finding, _)] => format!("finding {finding}"),
        many => format!("each of {} findings", many.len()),
    };
    let request =
        |(finding, revision)| DecisionRequest { on: Matter::Finding { finding, revision }, decision: kind.clone() };
    send(path, revisions.into_iter().map(request).collect(), &what, decide.json)
}

pub(super) fn consider(path: &Path, consider: &Consider) -> Result<ExitCode> {
    let decision = DecisionKind::Consider { adopt: consider.adopt, reason: consider.reason.clone() };
    let request = DecisionRequest { on: Matter::Site { site: consider.site.as_str().into() }, decision };
    send(path, vec![request], &format!("site {}", consider.site), consider.json)
}

pub(super) fn close(path: &Path, close: &Close) -> Result<ExitCode> {
    let decision = DecisionKind::Attest { statement: close.statement.clone() };
    let request = DecisionRequest { on: Matter::Cycle { cycle: CycleId(close.cycle) }, decision };
    send(path, vec![request], &format!("cycle {}", close.cycle), close.json)
}

pub(super) fn overrule(path: &Path, overrule: &Overrule) -> Result<ExitCode> {
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
    send(path, vec![request], &format!("device {id}"), overrule.json)
}
