//! The recorder's part in what people say of devices, and in what is not kept of people's devices.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Draft, Recorder};
use crate::config::Sensitivity;
use crate::inventory::Device;
use crate::maker::Overruling;
use crate::net::{DeviceId, MakerId, TargetName, Timestamp};
use crate::policy::{Status, Subject};
use crate::review::{Decision, DecisionKind, DecisionRequest, Matter, Refusal, reminder};
use crate::store::{Batch, DeviceRecord};

#[cfg(test)]
pub(super) mod tests;

/// How often is looked for devices to forget.
const FORGETS_EVERY: std::time::Duration = std::time::Duration::from_secs(600);
/// Most devices forgotten at once.
const MOST_FORGOTTEN: usize = 10_000;

/// What was said of devices before.
pub(super) type SaidBefore = Vec<(DeviceId, Option<Overruling>)>;

impl Recorder {
    /// The requests with makers by their ids; refused where the reviewer cannot have seen what there is now.
    pub(super) fn understood(&self, requests: &[DecisionRequest]) -> Result<Vec<DecisionRequest>, Refusal> {
        let mut requests = requests.to_vec();
        for request in &mut requests {
            if let Matter::Device { device: id, seen } = &request.on {
                let device = self.inventory.device(*id).ok_or(Refusal::NoSuchDevice(*id))?;
                let unseen = device
                    .attribution
                    .evidence
                    .iter()
                    .find(|mark| !seen.contains(&(mark.source.clone(), mark.text.clone())));
                if let Some(mark) = unseen {
                    return Err(Refusal::NewEvidence { device: *id, new: format!("{}: {}", mark.source, mark.text) });
                }
            }
            match (&request.on, &request.decision) {
                (Matter::Site { site }, decision) => {
                    let known = self.config.site(site).ok_or_else(|| Refusal::NoSuchSite(site.clone()))?;
                    let considers = matches!(decision, DecisionKind::Consider { .. });
                    if considers && known.sensitivity == Sensitivity::Sensitive {
                        return Err(Refusal::Sensitive(site.clone()));
                    }
                }
                (Matter::Cycle { cycle }, _) if self.ledger.cycle(*cycle).is_none() => {
                    return Err(Refusal::NoSuchCycle(*cycle));
                }
                _ => {}
            }
            let device = self.device_of(&request.on).and_then(|id| self.inventory.device(id));
            let said = device.and_then(|device| device.facts.overruling.as_ref());
            match (&mut request.decision, device) {
                (DecisionKind::Restore { .. }, Some(device)) if !said.is_some_and(Overruling::holds) => {
                    return Err(Refusal::NotOverruled(device.id));
                }
                (DecisionKind::Overrule { claim, .. }, _) => {
                    if let Some(maker) = claim.maker.take() {
                        claim.maker = Some(self.maker_called(maker.as_str())?);
                    }
                }
                _ => {}
            }
        }
        Ok(requests)
    }

    /// A maker by its id or its name.
    fn maker_called(&self, text: &str) -> Result<MakerId, Refusal> {
        let wanted = text.trim().to_lowercase();
        let called = |maker: &&crate::maker::Maker| {
            maker.id.as_str().to_lowercase() == wanted || maker.name.to_lowercase() == wanted
        };
        let found = self.catalogue.makers().find(called);
        found.map(|maker| maker.id.clone()).ok_or_else(|| Refusal::NoSuchMaker(crate::net::text::clean(text)))
    }

    fn device_of(&self, matter: &Matter) -> Option<DeviceId> {
        match matter {
            Matter::Finding { finding, .. } => {
                self.ledger.finding(*finding).and_then(|finding| finding.subject.device())
            }
            Matter::Device { device, .. } => Some(*device),
            Matter::Site { .. } | Matter::Cycle { .. } => None,
        }
    }

    /// Takes what decisions say of devices into account: they are judged anew. Returns what was said of them before.
    pub(super) fn say_of_devices(&mut self, decisions: &[Decision], draft: &mut Draft) -> SaidBefore {
        let at = draft.batch.at;
        let mut before = Vec::new();
        for decision in decisions {
            let said = match &decision.kind {
                DecisionKind::Overrule { claim, until, reason } => Ok(Overruling {
                    claim: claim.clone(),
                    until: *until,
                    reason: reason.clone(),
                    author: decision.author.clone(),
                    at,
                    known: BTreeSet::new(),
                    reminded: None,
                    ended: None,
                }),
                DecisionKind::Restore { reason } => Err(format!("{} withdrew it: {reason}", decision.author.name)),
                _ => continue,
            };
            let Some(id) = self.device_of(&decision.matter) else { continue };
            before.extend(self.inventory.device(id).map(|device| (id, device.facts.overruling.clone())));
            let delta = self.inventory.overrule(id, said, (&self.estate, &self.catalogue), at);
            let judged = delta.devices.clone();
            self.judge(delta, &judged, draft);
        }
        before
    }

    /// Takes back what was said and not written.
    pub(super) fn unsay(&mut self, before: SaidBefore, at: Timestamp) {
        for (id, said) in before.into_iter().rev() {
            self.inventory.recall(id, said, (&self.estate, &self.catalogue), at);
            let Some(device) = self.inventory.device(id) else { continue };
            self.statuses.insert(id, self.policies.status(device, &self.catalogue));
            if device.facts.overruling.as_ref().is_some_and(Overruling::holds) {
                self.overruled.insert(id);
            } else {
                self.overruled.remove(&id);
            }
        }
    }

    /// Ends what was said until a day that is over.
    pub(super) fn end_overrulings(&mut self, today: Date, draft: &mut Draft) {
        let at = draft.batch.at;
        for id in self.inventory.overruled_until_before(today, &self.overruled) {
            let why = Err("its last day is over".to_owned());
            let delta = self.inventory.overrule(id, why, (&self.estate, &self.catalogue), at);
            let judged = delta.devices.clone();
            self.judge(delta, &judged, draft);
        }
    }

    /// Reminds of what is said of devices and ends soon.
    pub(super) fn remind_of_overrulings(&mut self, today: Date, draft: &mut Draft) {
        let at = draft.batch.at;
        for id in self.overruled.clone() {
            let said = self.inventory.device(id).and_then(|device| device.facts.overruling.clone());
            let Some(said) = said.filter(Overruling::holds) else { continue };
            let Some(days) = reminder(said.until, said.at, said.reminded, today) else { continue };
            let words = format!("device {id}: '{}', said by {}, ends on {}", said.claim, said.author.name, said.until);
            tracing::info!("reminder: {words}");
            self.dispatch.operational("reminder", &words, at, &mut draft.batch.outbox);
            let said = Some(Overruling { reminded: Some(days), ..said });
            self.inventory.recall(id, said, (&self.estate, &self.catalogue), at);
            let Some(device) = self.inventory.device(id).cloned() else { continue };
            let status = self.statuses.get(&id).copied().unwrap_or(Status::Unknown);
            let registered = self.registered.get(&id).cloned();
            draft.devices.insert(id, DeviceRecord { device, status, registered });
        }
    }

    /// Notes of which judged devices a person's word holds; somebody is told where it holds no longer.
    pub(super) fn follow_overrulings<'a>(&mut self, judged: impl IntoIterator<Item = &'a DeviceId>, draft: &mut Draft) {
        for id in judged {
            let Some(said) = self.inventory.device(*id).and_then(|device| device.facts.overruling.as_ref()) else {
                continue;
            };
            if said.holds() {
                self.overruled.insert(*id);
                continue;
            }
            if !self.overruled.remove(id) {
                continue;
            }
            let why = said.ended.as_ref().map_or("", |ended| ended.why.as_str());
            let words = format!("device {id}: '{}', said by {}, holds no longer: {why}", said.claim, said.author.name);
            tracing::warn!("{words}");
            self.dispatch.operational("overruling-ended", &words, draft.batch.at, &mut draft.batch.outbox);
        }
    }

    /// Forgets devices that are no surveillance equipment and were not seen for as long as the configuration says.
    pub(super) fn forget(&mut self, at: Timestamp) {
        if at.since(self.forgot) < FORGETS_EVERY {
            return;
        }
        self.forgot = at;
        let until = at.minus(self.config.privacy.forget_after);
        let quiet: Vec<&Device> =
            self.inventory.devices().filter(|device| self.is_forgettable(device, until)).collect();
        let (mut forgotten, mut former): (Vec<DeviceId>, Vec<DeviceId>) = Default::default();
        for device in quiet.into_iter().take(MOST_FORGOTTEN) {
            let last = self.writer.last_shown(device.id, device.mac);
            match last.and_then(|last| Ok((last, self.writer.former(device.id)?))) {
                Ok((last, were)) if last.is_none_or(|last| last < until) => {
                    forgotten.push(device.id);
                    former.extend(were);
                }
                Ok(_) => {}
                Err(error) => return tracing::error!(%error, "nothing was forgotten"),
            }
        }
        if forgotten.is_empty() {
            return;
        }
        tracing::info!("{} devices that are no surveillance equipment are forgotten", forgotten.len());
        let mut delta = self.inventory.forget(&forgotten, &self.estate, &self.catalogue, at);
        for id in &forgotten {
            self.statuses.remove(id);
            self.addresses.remove(id);
        }
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        let judged = delta.devices.clone();
        delta.retired.extend(&forgotten);
        self.judge(delta, &judged, &mut draft);
        // What became them is forgotten with them.
        draft.batch.forgotten = former;
        draft.batch.forgotten.extend(forgotten);
        let batch = self.finish(draft);
        self.commit_until_it_holds(&batch);
    }

    /// Whether nobody ever had to look at a device, no register may list it, it is none that could be a camera, and it
    /// was not seen since.
    fn is_forgettable(&self, device: &Device, until: Timestamp) -> bool {
        let facts = &device.facts;
        if facts.overruling.is_some()
            || device.first_seen >= until
            || !device.is_no_camera(&self.catalogue)
            || self.statuses.get(&device.id) != Some(&Status::NotRestricted)
            // An entry that was seen would be one that never was.
            || self.registers.may_list(device.id)
            || self.ledger.has_any(&Subject::Device(device.id))
        {
            return false;
        }
        let target = |name: &TargetName| self.targets.get(name);
        let switches: Vec<&TargetName> =
            device.mac.into_iter().flat_map(|mac| self.inventory.shown_by_switches(mac)).collect();
        // A daemon that was away looks before it forgets.
        let asked = |name: &&TargetName| target(name).is_some_and(|it| it.last_attempt >= Some(self.daemon.started));
        let shown = switches.iter().filter_map(|name| target(name)).filter_map(|it| it.last_complete.max(it.last_ok));
        let here = device.ips.iter().filter_map(|ip| self.targets.get(ip.to_string().as_str()));
        let answered = here.filter_map(|target| target.last_ok);
        let last = shown.chain(answered).chain(device.place.gone).max();
        switches.iter().all(asked) && last.is_none_or(|last| last < until)
    }
}
