//! Cameras that nobody looked at themselves: behind a recorder, behind an address that stands for others.

use super::site_coverage::Equipment;
use super::{DeviceRow, Snapshot, TargetRow};
use crate::maker::Class;
use crate::net::SiteId;

/// Devices of one kind that a site's doubts name; more are only counted.
const MOST_NAMED: usize = 3;

impl Snapshot {
    /// Its addresses as camera targets.
    fn camera_targets<'a>(&'a self, device: &'a DeviceRow) -> impl Iterator<Item = &'a TargetRow> {
        let target = |ip: &std::net::IpAddr| self.targets.get(ip.to_string().as_str());
        device.ips.iter().filter_map(target).filter(|target| !target.switch)
    }

    /// Recorders and encoders.
    pub(super) fn recorders(&self) -> impl Iterator<Item = &DeviceRow> {
        self.devices.values().filter(|it| matches!(it.class, Class::Recorder | Class::Encoder))
    }

    /// Cameras behind a recorder that are seen only through it; `None` where it does not say.
    pub(super) fn hidden_behind(&self, device: &DeviceRow) -> Option<usize> {
        let standings = self.camera_targets(device).map(|target| &target.camera);
        let hidden = standings.filter(|camera| camera.channels.is_some() || !camera.behind.is_empty()).map(|camera| {
            let target = |ip: std::net::IpAddr| self.targets.get(ip.to_string().as_str());
            let seen = camera.behind.iter().filter_map(|it| target(it.address?)).count();
            camera.behind.len().max(camera.channels.map_or(0, usize::from)).saturating_sub(seen)
        });
        hidden.max()
    }

    /// Where a recorder is: the site it is asked at, else its place.
    pub(super) fn site_of_recorder<'a>(&'a self, device: &'a DeviceRow) -> Option<&'a SiteId> {
        self.camera_targets(device).next().map(|target| &target.site).or(device.place.site.as_ref())
    }

    /// Why a site is not shown to be clean by what is seen of it: cameras that are known to be there, and that nobody
    /// looked at.
    pub(super) fn hidden_among(&self, at: &Equipment<'_>) -> Vec<String> {
        let mut hiding: Vec<(usize, String)> = Vec::new();
        let mut mute: Vec<String> = Vec::new();
        for device in &at.recorders {
            match self.hidden_behind(device) {
                Some(0) => {}
                Some(hidden) => hiding.push((hidden, name_of(device))),
                None => mute.push(name_of(device)),
            }
        }
        hiding.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        let more = hiding.split_off(hiding.len().min(MOST_NAMED));
        let mut doubts: Vec<String> = hiding
            .iter()
            .map(|(hidden, name)| {
                let (noun, verb) = if *hidden == 1 { ("camera", "was") } else { ("cameras", "were") };
                format!("{hidden} {noun} behind recorder {name} {verb} not looked at")
            })
            .collect();
        if !more.is_empty() {
            let sum: usize = more.iter().map(|(hidden, _)| hidden).sum();
            doubts.push(format!("{sum} cameras behind {} more recorders were not looked at", more.len()));
        }
        let named = |names: &[String], one: &str, many: &str| match names {
            [] => None,
            [name] => Some(format!("recorder {name} {one}")),
            [name, ..] => Some(format!("recorder {name} and {} more {many}", names.len() - 1)),
        };
        let words = ("does not say how many cameras are behind it", "do not say how many cameras are behind them");
        doubts.extend(named(&mute, words.0, words.1));
        let stand_ins: Vec<_> = at.targets.iter().filter(|target| !target.switch && target.camera.translated).collect();
        if let [first, more @ ..] = stand_ins.as_slice() {
            let more = match more.len() {
                0 => String::new(),
                1 => ", and so has one more".to_owned(),
                more => format!(", and so have {more} more"),
            };
            doubts.push(format!(
                "camera {} has another address than it is asked at{more}: it is behind a router or NAT, and what else is \
                 there was not looked at",
                first.name
            ));
        }
        doubts
    }
}

fn name_of(device: &DeviceRow) -> String {
    let address = device.ips.first().map(ToString::to_string);
    address.or_else(|| device.mac.map(|mac| mac.to_string())).unwrap_or_else(|| format!("device {}", device.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Place;
    use crate::maker::{Surveillance, Verdict};
    use crate::net::Timestamp;
    use crate::observation::{BehindCamera, CameraStanding};

    const NOW: Timestamp = Timestamp(1_795_500_000_000);

    fn target(name: &str) -> TargetRow {
        TargetRow {
            name: name.into(),
            switch: false,
            address: String::new(),
            site: "hq".into(),
            state: "answering".to_owned(),
            since: NOW,
            why: String::new(),
            last_attempt: Some(NOW),
            last_ok: Some(NOW),
            requests: 0,
            took_ms: 0,
            tables: [].into(),
            readings: crate::observation::Readings::default(),
            camera: CameraStanding::default(),
        }
    }

    /// A device that answers at an address.
    fn put(estate: &mut Snapshot, ip: &str, class: Class) {
        let row = DeviceRow {
            id: crate::net::DeviceId(estate.devices.len() as u64 + 1),
            mac: None,
            ips: vec![ip.parse().unwrap()],
            class,
            surveillance: Surveillance::Yes,
            maker: None,
            maker_name: String::new(),
            verdict: Verdict::Unknown,
            brand: None,
            model: "".into(),
            firmware: "".into(),
            serial: "".into(),
            hostname: None,
            place: Place::default(),
            status: crate::policy::Status::Unknown,
            first_seen: NOW,
            appeared: None,
            last_seen: NOW,
            registered: None,
        };
        estate.devices.insert(row.id, row);
        estate.targets.insert(ip.into(), target(ip));
    }

    fn standing<'a>(estate: &'a mut Snapshot, ip: &str) -> &'a mut CameraStanding {
        &mut estate.targets.get_mut(ip).unwrap().camera
    }

    fn hidden_at(estate: &Snapshot, site: &str) -> Vec<String> {
        let targets = estate.targets.values().filter(|target| target.site.as_str() == site).collect();
        let at_site = |device: &&DeviceRow| estate.site_of_recorder(device).is_some_and(|of| of.as_str() == site);
        estate.hidden_among(&Equipment { targets, recorders: estate.recorders().filter(at_site).collect() })
    }

    fn doubts(estate: &Snapshot) -> Vec<String> {
        hidden_at(estate, "hq")
    }

    #[test]
    fn cameras_behind_a_recorder_are_counted_but_those_that_are_asked_themselves() {
        let behind =
            |address: &str| BehindCamera { name: "gate".into(), location: "".into(), address: address.parse().ok() };
        let mut estate = Snapshot::default();
        put(&mut estate, "10.0.0.1", Class::Recorder);
        estate.targets.insert("10.0.0.2".into(), target("10.0.0.2"));
        let counted = |estate: &Snapshot| (estate.coverage().hidden, estate.coverage().mute);
        assert_eq!(counted(&estate), (0, 1), "it says nothing");
        assert_eq!(doubts(&estate), ["recorder 10.0.0.1 does not say how many cameras are behind it"]);
        standing(&mut estate, "10.0.0.1").channels = Some(8);
        assert_eq!(counted(&estate), (8, 0));
        standing(&mut estate, "10.0.0.1").behind = vec![behind("10.0.0.2"), behind("10.0.0.99"), behind("")];
        assert_eq!(counted(&estate), (7, 0), "one of them is a target");
        assert_eq!(doubts(&estate), ["7 cameras behind recorder 10.0.0.1 were not looked at"]);
        let site = estate.coverage_of(&"hq".into());
        assert!(site.doubts.iter().any(|doubt| doubt.contains("behind recorder 10.0.0.1")), "{:?}", site.doubts);
        assert_eq!(hidden_at(&estate, "depot"), [""; 0], "it is another site's");
        standing(&mut estate, "10.0.0.1").channels = Some(1);
        standing(&mut estate, "10.0.0.1").behind = vec![behind("10.0.0.2")];
        assert_eq!(doubts(&estate), [""; 0], "all of them are looked at");
        estate.devices.values_mut().for_each(|device| device.class = Class::Camera);
        standing(&mut estate, "10.0.0.1").channels = Some(8);
        assert_eq!((counted(&estate), doubts(&estate).len()), ((0, 0), 0), "the lenses of a camera are none behind it");
    }

    #[test]
    fn the_recorders_that_hide_most_are_named_and_no_camera_is_left_out() {
        let mut estate = Snapshot::default();
        for number in 1..=6 {
            let ip = format!("10.0.0.{number}");
            put(&mut estate, &ip, Class::Recorder);
            standing(&mut estate, &ip).channels = Some(number);
        }
        put(&mut estate, "10.0.0.7", Class::Encoder);
        put(&mut estate, "10.0.0.8", Class::Encoder);
        let expected = [
            "6 cameras behind recorder 10.0.0.6 were not looked at",
            "5 cameras behind recorder 10.0.0.5 were not looked at",
            "4 cameras behind recorder 10.0.0.4 were not looked at",
            "6 cameras behind 3 more recorders were not looked at",
            "recorder 10.0.0.7 and 1 more do not say how many cameras are behind them",
        ];
        assert_eq!(doubts(&estate), expected);
    }

    #[test]
    fn an_address_that_stands_for_others_is_a_doubt() {
        let mut estate = Snapshot::default();
        for ip in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            put(&mut estate, ip, Class::Camera);
        }
        assert_eq!(doubts(&estate), [""; 0]);
        for ip in ["10.0.0.2", "10.0.0.3"] {
            standing(&mut estate, ip).translated = true;
        }
        let doubts = doubts(&estate);
        assert!(doubts.len() == 1 && doubts[0].starts_with("camera 10.0.0.2 has another address"), "{doubts:?}");
        assert!(doubts[0].contains("and so has one more"), "{doubts:?}");
    }
}
