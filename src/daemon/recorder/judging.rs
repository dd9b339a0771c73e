//! Everything judged anew: another configuration, or a day on which a pack comes into force or ends.

use jiff::civil::Date;

use super::super::packs;
use super::{Draft, Recorder};
use crate::inventory::Anew;
use crate::net::Timestamp;
use crate::review::{Measure, Rejudged, rejudge};
use crate::store::{Batch, ConfigurationRecord, DeviceRecord, NetworkRecord, SiteRecord};

impl Recorder {
    /// Judges every device anew, after `anew` of them was found out anew, and puts what differs into the draft.
    pub(super) fn judge_anew(&mut self, anew: &Anew, draft: &mut Draft) {
        let by = Measure { policies: &self.policies, estate: &self.estate, catalogue: &self.catalogue };
        let Rejudged { delta, statuses, findings } =
            rejudge(&mut self.inventory, &mut self.ledger, by, anew, draft.batch.at);
        draft.findings.extend(findings);
        self.follow_overrulings(&delta.devices, draft);
        for (id, status) in statuses {
            let before = self.statuses.insert(id, status);
            if before != Some(status) || delta.devices.binary_search(&id).is_ok() {
                let device = self.inventory.device(id).cloned();
                draft.devices.extend(device.map(|device| (id, DeviceRecord { device, status })));
            }
        }
    }

    /// The configuration as the change log keeps it.
    pub(super) fn configuration_record(&self) -> ConfigurationRecord {
        let site = |site: &crate::config::Site| SiteRecord {
            id: site.id.clone(),
            name: site.name.clone(),
            sensitivity: site.sensitivity,
            basis: site.basis,
        };
        let network = |network: &crate::config::Network| NetworkRecord {
            id: network.id.clone(),
            kind: network.kind,
            site: network.site.clone(),
        };
        ConfigurationRecord {
            hash: self.config.hash.clone(),
            sites: self.config.sites.iter().map(site).collect(),
            networks: self.config.networks.iter().map(network).collect(),
            policies: self.policies.packs().iter().map(|pack| (pack.id.to_string(), pack.hash.clone())).collect(),
            loosened: packs::loosened(&self.config.policies, &self.packs),
            makers: self.catalogue.hash().to_owned(),
            registry: Some(self.catalogue.registry_date()),
            switches: u32::try_from(self.config.switches.len()).unwrap_or(u32::MAX),
            reviews: self.reviews.clone(),
            problem: self.problem.clone(),
        }
    }

    /// Another day: other packs may be in force, and then everything is judged anew.
    pub(super) fn turn_to(&mut self, today: Date, at: Timestamp) {
        if self.today == today {
            return;
        }
        self.today = today;
        let policies = self.packs.on(today);
        if policies == self.policies {
            return;
        }
        self.policies = policies;
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        self.judge_anew(&Anew::NOTHING, &mut draft);
        draft.batch.configuration = Some(self.configuration_record());
        let batch = self.finish(draft);
        self.commit_until_it_holds(&batch);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::recorder_with;
    use super::super::{Collection, Work};
    use super::*;
    use crate::observation::{CameraVisit, DeviceInformation, Reach};
    use crate::policy::Policies;
    use crate::review::FindingState;
    use crate::store::{ChangeKind, Reader};

    const PACK: &str = "
        id = 'later'
        title = 't'
        issuer = 'i'
        source = 's'
        version = 1
        in-force-from = 2998-06-01
        in-force-until = 2998-06-30
        [match]
        jurisdiction = 'prc'
        [[rule]]
        id = 'in-use'
        text = 'it is in use'
        who = 'restricted'
        severity = 'breach'
    ";

    #[test]
    fn a_pack_judges_from_the_turn_of_its_first_day_and_each_turn_is_logged_with_what_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Policies::parse(&[("later.toml".to_owned(), PACK.to_owned())]).unwrap();
        let mut recorder = recorder_with(folder.path(), packs);
        let at = Timestamp(1_795_500_000_000);
        let mut visit = CameraVisit::new("10.1.20.7".parse().unwrap(), "hq".into(), at);
        visit.reach = Reach::Answered;
        visit.information = Some(DeviceInformation {
            manufacturer: "HIKVISION".into(),
            model: "DS-2CD2143G2-I".into(),
            ..DeviceInformation::default()
        });
        recorder.work(Work { visits: vec![Collection::Camera(visit)], ..Work::default() });
        let reader = Reader::open(&folder.path().join("lenswarden.db")).unwrap();
        // What the log holds behind a row: which packs were in force, and how findings stand.
        let mut seen = recorder.seq;
        let mut turn = |day: &str| {
            recorder.turn_to(day.parse().unwrap(), at);
            let changes = reader.changes(seen, 99).unwrap();
            seen = recorder.seq;
            changes.into_iter().map(|change| (change.kind, change.body.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(turn("2998-05-31"), [], "another day, and nothing else");
        for (day, in_force, state) in
            [("2998-06-01", true, FindingState::Open), ("2998-07-01", false, FindingState::Closed)]
        {
            let changes = turn(day);
            let of =
                |kind| changes.iter().filter(|(found, _)| *found == kind).map(|(_, body)| body).collect::<Vec<_>>();
            assert_eq!(of(ChangeKind::Configuration)[0].contains("[\"later\","), in_force, "{changes:?}");
            assert!(of(ChangeKind::Device)[0].contains(if in_force { "\"restricted\"" } else { "\"not-restricted\"" }));
            let finding: crate::review::Finding = serde_json::from_str(of(ChangeKind::Finding)[0]).unwrap();
            assert_eq!((finding.rule.as_str(), finding.state), ("in-use", state));
            assert_eq!(changes.len(), 3, "{changes:?}");
            assert_eq!(turn(day), [], "once a day");
        }
    }
}
