//! The recorder's part in a changed configuration: targets come and go, everything is judged anew.

use super::{Draft, Recorder, reviews};
use crate::daemon::{InForce, alerts, packs, targets};
use crate::inventory::{Anew, Estate, Registers};
use crate::net::{TargetName, Timestamp};
use crate::policy::HouseRules;
use crate::store::{Batch, ConfigurationRecord, NetworkRecord, SiteRecord};

impl Recorder {
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
            department: self.config.department.clone(),
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

    /// Takes a checked configuration into force: targets come and go, everything is judged anew. `unknown`: what the
    /// devices were placed and attributed by is not what this recorder holds.
    pub(super) fn configure(&mut self, in_force: InForce, unknown: bool) -> Batch {
        let at = Timestamp::now();
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        let estate = Estate::from(&in_force.config);
        let anew = if unknown {
            Anew::EVERYTHING
        } else {
            let makers = in_force.catalogue.hash() != self.catalogue.hash();
            Anew { places: self.estate.places_until(&estate), makers }
        };
        self.estate = estate;
        let registers;
        InForce { config: self.config, policies: self.packs, catalogue: self.catalogue, registers } = in_force;
        self.house = HouseRules::from(&self.config.house);
        self.registers = Registers::new(registers);
        self.problem.clear();
        self.today = reviews::today();
        self.policies = self.packs.on(self.today);
        let planned = |name: &String| self.config.reviews.iter().any(|plan| plan.name == *name);
        self.reviews.retain(|name, _| planned(name));
        for plan in &self.config.reviews {
            self.reviews.entry(plan.name.clone()).or_insert(at);
        }
        let dropped: Vec<TargetName> = self
            .targets
            .values()
            .filter(|known| !targets::is_configured(known, &self.config))
            .map(|known| known.name.clone())
            .collect();
        for name in dropped {
            let delta = self.inventory.forget_switch(&name, &self.estate, &self.catalogue, at);
            let judged = delta.devices.clone();
            self.judge(delta, &judged, &mut draft);
            self.drop_target(&name, &mut draft);
        }
        for switch in &self.config.switches {
            let known = self.targets.get(&switch.name);
            if known.is_none_or(|known| known.address != switch.address.to_string() || known.site != switch.site) {
                let record = targets::waiting(switch, at);
                draft.targets.insert(switch.name.clone(), record.clone());
                self.targets.insert(switch.name.clone(), record);
            }
        }
        let intervals = [self.config.daemon.poll_every.as_secs(), self.config.daemon.cameras_every.as_secs()];
        if [self.daemon.poll_every_s, self.daemon.cameras_every_s] != intervals {
            [self.daemon.poll_every_s, self.daemon.cameras_every_s] = intervals;
            draft.batch.daemon = Some(self.daemon.clone());
        }
        self.judge_anew(&anew, &mut draft);
        let is_swept = |address| self.config.camera_block(address).is_some();
        draft.batch.unswept = self.coverage.forget(is_swept);
        self.swept.retain(|swept| is_swept(swept.address));
        draft.batch.configuration = Some(self.configuration_record());
        draft.batch.outbox.carriers = Some(alerts::carriers(&self.config));
        self.dispatch.configure(&self.config.alerts, &self.config.maintenance);
        self.finish(draft)
    }
}
