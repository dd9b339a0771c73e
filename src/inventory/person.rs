//! What people have to say of devices: one is overruled, one is forgotten.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::state::Inventory;
use super::topology::Dirty;
use super::{Delta, Device, Estate};
use crate::maker::{Catalogue, Ended, Overruling, Surveillance};
use crate::net::{DeviceId, MacAddr, TargetName, Timestamp};

impl Device {
    /// Whether what is known says that it is no surveillance equipment, and nothing speaks against that: a class that
    /// is contradicted is *unknown*, and a mark of a maker of cameras alone keeps the question open here too.
    #[must_use]
    pub fn is_no_camera(&self, catalogue: &Catalogue) -> bool {
        let cameras_only = |id| catalogue.maker(id).is_some_and(crate::maker::Maker::cameras_only);
        let attribution = &self.attribution;
        attribution.surveillance == Surveillance::No
            && attribution.overruled.is_none()
            && !attribution.evidence.iter().filter_map(|mark| mark.maker.as_ref()).any(cameras_only)
    }
}

impl Inventory {
    /// Takes a person's word on a device in place of what its marks say; with no `overruling`, what was said holds no
    /// longer, for this reason.
    pub fn overrule(
        &mut self,
        id: DeviceId,
        overruling: Result<Overruling, String>,
        (estate, catalogue): (&Estate, &Catalogue),
        at: Timestamp,
    ) -> Delta {
        if let Some(device) = self.devices.get_mut(&id) {
            match overruling {
                Ok(overruling) => {
                    let known = catalogue.marks(&device.facts);
                    device.facts.overruling = Some(Overruling { known, ..overruling });
                }
                Err(why) => {
                    if let Some(said) = device.facts.overruling.as_mut().filter(|said| said.holds()) {
                        said.ended = Some(Ended { at, why });
                    }
                }
            }
            self.dirty.insert(id);
            self.settle(id, estate, catalogue, at);
        }
        Delta { devices: self.take_dirty(), ..Delta::default() }
    }

    /// What was said of a device is again what it was before: it could not be written.
    pub fn recall(
        &mut self,
        id: DeviceId,
        before: Option<Overruling>,
        (estate, catalogue): (&Estate, &Catalogue),
        at: Timestamp,
    ) {
        let Some(device) = self.devices.get_mut(&id) else { return };
        device.facts.overruling = before;
        self.settle(id, estate, catalogue, at);
        self.dirty.remove(&id);
    }

    /// Of these devices those that were overruled until a day that is over.
    #[must_use]
    pub fn overruled_until_before(&self, today: Date, among: &BTreeSet<DeviceId>) -> Vec<DeviceId> {
        let over = |id: &&DeviceId| {
            let said = self.devices.get(id).and_then(|device| device.facts.overruling.as_ref());
            said.is_some_and(|said| said.holds() && said.until < today)
        };
        among.iter().filter(over).copied().collect()
    }

    /// Switches whose tables show an address now.
    pub fn shown_by_switches(&self, mac: MacAddr) -> impl Iterator<Item = &TargetName> {
        let rows = self.seen_on.get(&mac).into_iter().flatten();
        let bound = self.ips_of.get(&mac).into_iter().flat_map(|bound| bound.values().flatten());
        rows.chain(bound)
    }

    /// Nothing is remembered of these devices any more. One that is seen again is a new one.
    pub fn forget(&mut self, ids: &[DeviceId], estate: &Estate, catalogue: &Catalogue, at: Timestamp) -> Delta {
        let mut dirty = Dirty::default();
        let all: BTreeSet<DeviceId> = ids.iter().copied().collect();
        self.by_mac.retain(|_, id| !all.contains(id));
        self.by_ip.retain(|_, id| !all.contains(id));
        self.by_endpoint.retain(|_, id| !all.contains(id));
        self.answered.retain(|_, id| !all.contains(id));
        for id in &all {
            self.dirty.remove(id);
            let Some(device) = self.devices.remove(id) else { continue };
            let Some(mac) = device.mac else { continue };
            for name in self.seen_on.get(&mac).cloned().unwrap_or_default() {
                let Some(switch) = self.switches.get_mut(&name) else { continue };
                let before = switch.seat_of(mac);
                switch.rows.retain(|(of, _), _| *of != mac);
                self.reseat(&name, mac, &before, &mut dirty);
            }
            for (ip, switches) in self.ips_of.get(&mac).cloned().unwrap_or_default() {
                for name in switches {
                    if let Some(switch) = self.switches.get_mut(&name) {
                        switch.bindings.retain(|(bound, of, _), _| (*bound, *of) != (ip, mac));
                    }
                    self.unbind(&name, ip, mac);
                }
            }
        }
        for mac in self.retie(dirty) {
            if let Some(id) = self.by_mac.get(&mac).copied() {
                self.settle(id, estate, catalogue, at);
            }
        }
        Delta { devices: self.take_dirty(), ..Delta::default() }
    }
}
