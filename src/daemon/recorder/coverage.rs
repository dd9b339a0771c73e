//! The recorder's part in coverage: what of each site was looked at, counted now and then.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net};

use super::{Recorder, reviews};
use crate::config::{CameraBlock, Site};
use crate::inventory::Device;
use crate::maker::Class;
use crate::net::{DeviceText, Timestamp};
use crate::policy::Status;
use crate::review::LookedAt;
use crate::snapshot::{DaemonRow, DeviceRow, Gap, Looked, SiteLooked, Snapshot};
use crate::store::{Batch, Swept};

/// Counting may take a hundredth of the recorder's time: each second in a small estate, more seldom in a large one.
const SHARE: u32 = 100;
const SELDOM: Duration = Duration::from_secs(60);
/// Gaps of one kind that are named for a site; more are only counted.
pub(super) const MOST_NAMED: usize = 50;

/// Parts of a range that no block holds.
fn unlooked(range: Ipv4Net, blocks: &[Ipv4Net], found: &mut Vec<Ipv4Net>) {
    if blocks.iter().any(|block| block.contains(&range)) {
        return;
    }
    if !blocks.iter().any(|block| range.contains(block)) {
        found.push(range);
        return;
    }
    // A block lies within: it lies within one of the halves, or is both of them together.
    for half in range.subnets(range.prefix_len() + 1).into_iter().flatten() {
        unlooked(half, blocks, found);
    }
}

fn addresses(net: Ipv4Net) -> u64 {
    1 << (32 - u32::from(net.prefix_len()))
}

/// What a block's addresses that are no host's count as: looked at when all of its hosts are.
fn asked_of(net: Ipv4Net, hosts: u64) -> u64 {
    let all = u64::try_from(net.hosts().count()).unwrap_or(u64::MAX);
    if hosts >= all { addresses(net) } else { hosts }
}

fn v4(nets: &[IpNet]) -> Vec<Ipv4Net> {
    let nets: Vec<Ipv4Net> =
        nets.iter().filter_map(|net| if let IpNet::V4(net) = net { Some(*net) } else { None }).collect();
    Ipv4Net::aggregate(&nets)
}

/// What coverage is counted by, and how it was counted last.
#[derive(Default)]
pub(super) struct Count {
    /// When sweeps asked each address last.
    asked: BTreeMap<IpAddr, Timestamp>,
    pub(super) looked: Looked,
    at: Timestamp,
    /// How long it is not counted again.
    pause: Duration,
}

impl Count {
    pub(super) fn new(swept: &[Swept]) -> Self {
        let mut count = Self::default();
        count.note(swept);
        count
    }

    /// Forgets what sweeps ask no more, and tells what that is.
    pub(super) fn forget(&mut self, is_swept: impl Fn(IpAddr) -> bool) -> Vec<IpAddr> {
        let gone: Vec<IpAddr> = self.asked.keys().copied().filter(|address| !is_swept(*address)).collect();
        for address in &gone {
            self.asked.remove(address);
        }
        gone
    }

    /// Takes in how far sweeps came.
    pub(super) fn note(&mut self, swept: &[Swept]) {
        self.asked.extend(swept.iter().map(|swept| (swept.address, swept.at)));
    }
}

impl Recorder {
    /// How much answers now, in words; and what was looked at of the sites that findings of these words can be at.
    pub(super) fn looked_at(&self, select: &str, at: Timestamp) -> (String, LookedAt) {
        let row = |site: &Site| (site.id.clone(), reviews::site_row(site));
        let recorder = |device: &&Device| matches!(device.attribution.class, Class::Recorder | Class::Encoder);
        let device = |device: &Device| (device.id, DeviceRow::new(device, Status::Unknown, at));
        let picture = Snapshot {
            as_of: at,
            daemon: DaemonRow {
                started: Some(self.daemon.started),
                poll_every_s: self.daemon.poll_every_s,
                cameras_every_s: self.daemon.cameras_every_s,
                ..DaemonRow::default()
            },
            sites: self.config.sites.iter().map(row).collect(),
            devices: self.inventory.devices().filter(recorder).map(device).collect(),
            targets: self.targets.iter().map(|(name, target)| (name.clone(), target.clone().into())).collect(),
            looked: self.looked(at),
            ..Snapshot::default()
        };
        (picture.answering_words(), picture.looked_at_of(&picture.coverage_of_sites(), select))
    }

    /// Counts what was looked at, where that is due, and writes it where it differs.
    pub(super) fn count_looked(&mut self, at: Timestamp, now: bool) {
        if !now && at.since(self.coverage.at) < self.coverage.pause {
            return;
        }
        let begun = Instant::now();
        let looked = self.looked(at);
        (self.coverage.at, self.coverage.pause) = (at, (begun.elapsed() * SHARE).min(SELDOM));
        if (looked.threshold, &looked.sites) != (self.coverage.looked.threshold, &self.coverage.looked.sites) {
            self.coverage.looked = looked.clone();
            self.commit_until_it_holds(&Batch { at, looked: Some(looked), ..Batch::default() });
        }
    }

    fn looked(&self, at: Timestamp) -> Looked {
        let mut sites: BTreeMap<_, SiteLooked> =
            self.config.sites.iter().map(|site| (site.id.clone(), self.ranges_of(site, at))).collect();
        for (site, ports) in self.inventory.port_coverage() {
            let Some(looked) = sites.get_mut(&site) else { continue };
            (looked.linked, looked.known) = (ports.linked, ports.known);
            let gap = |port: crate::inventory::SilentPort| Gap {
                what: format!("{} port {}{}", port.switch, port.port, in_brackets(&port.alias)),
                why: "a link, and no address learned".to_owned(),
                mend: "what is plugged in there, and does it ever speak?".to_owned(),
            };
            looked.silent = ports.silent.into_iter().map(gap).collect();
        }
        for neighbour in self.inventory.unpolled_neighbours() {
            let switch = self.inventory.switch(&neighbour.switch);
            let Some(looked) = switch.and_then(|switch| sites.get_mut(&switch.site)) else { continue };
            let address = neighbour.addresses.first().map(ToString::to_string);
            let what = neighbour.name.to_string();
            // Heard by several switches it is still one.
            if looked.unpolled.iter().any(|gap| gap.what == what) {
                continue;
            }
            looked.unpolled.push(Gap {
                why: format!(
                    "heard by {} on port {}, {} addresses behind it",
                    neighbour.switch, neighbour.port, neighbour.devices
                ),
                mend: match &address {
                    Some(address) => format!("add it as a [[switch]] at {address}"),
                    None => "add it as a [[switch]]".to_owned(),
                },
                what,
            });
        }
        for (site, register) in self.registers_looked() {
            if let Some(looked) = sites.get_mut(&site) {
                looked.register = Some(register);
            }
        }
        Looked { at, threshold: self.config.coverage.threshold, sites }
    }

    fn ranges_of(&self, site: &Site, at: Timestamp) -> SiteLooked {
        let ranges = v4(&site.address_ranges);
        let of_site = |block: &&CameraBlock| block.site == site.id;
        let blocks: Vec<Ipv4Net> =
            self.config.cameras.iter().filter(of_site).flat_map(|block| v4(&block.subnets)).collect();
        let blocks = Ipv4Net::aggregate(&blocks);
        let patience = self.config.daemon.sweep_every.max(self.config.daemon.slow_sweep_every) * 2;
        let mut looked =
            SiteLooked { addresses: ranges.iter().map(|range| addresses(*range)).sum(), ..SiteLooked::default() };
        for block in &blocks {
            // The part of a block that lies in the ranges: one of two nets holds the other, or they are apart.
            for part in ranges.iter().filter_map(|range| {
                if range.contains(block) { Some(*block) } else { block.contains(range).then_some(*range) }
            }) {
                let span = IpAddr::V4(part.network())..=IpAddr::V4(part.broadcast());
                let fresh =
                    self.coverage.asked.range(span).map(|(_, at)| *at).filter(|looked| at.since(*looked) <= patience);
                let (mut hosts, mut oldest) = (0, looked.oldest);
                for when in fresh {
                    hosts += 1;
                    oldest = Some(oldest.map_or(when, |oldest: Timestamp| oldest.min(when)));
                }
                looked.oldest = oldest;
                looked.asked += asked_of(part, hosts);
            }
        }
        let mut gaps = Vec::new();
        for range in &ranges {
            unlooked(*range, &blocks, &mut gaps);
        }
        let in_use = |gap: &Ipv4Net| self.inventory.alive_within(&[IpNet::V4(*gap)]).len();
        let mut gaps: Vec<(Ipv4Net, usize)> = gaps.into_iter().map(|gap| (gap, in_use(&gap))).collect();
        // Where somebody is and nobody looks, first.
        gaps.sort_by_key(|(gap, in_use)| (std::cmp::Reverse(*in_use), gap.prefix_len(), *gap));
        looked.unlooked = gaps.into_iter().take(MOST_NAMED).map(|(gap, in_use)| unlooked_gap(gap, in_use)).collect();
        let v6 = site.address_ranges.iter().filter(|net| matches!(net, IpNet::V6(_)));
        looked.unlooked.extend(v6.map(|net| Gap {
            what: net.to_string(),
            why: "IPv6: not counted, nobody can look through it".to_owned(),
            mend: "its devices show in the neighbour tables of routers: is every router polled?".to_owned(),
        }));
        looked
    }
}

fn unlooked_gap(net: Ipv4Net, in_use: usize) -> Gap {
    let found = match in_use {
        0 => String::new(),
        1 => ", and one address of it is in use".to_owned(),
        more => format!(", and {more} addresses of it are in use"),
    };
    Gap {
        what: net.to_string(),
        why: format!("no [[cameras]] block looks there{found}"),
        mend: "look there, or take it out of address-ranges".to_owned(),
    }
}

fn in_brackets(text: &DeviceText) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_block_holds_is_named_in_the_largest_pieces() {
        let net = |text: &str| text.parse::<Ipv4Net>().unwrap();
        let left = |range: &str, blocks: &[&str]| {
            let blocks: Vec<Ipv4Net> = blocks.iter().map(|block| net(block)).collect();
            let mut found = Vec::new();
            unlooked(net(range), &blocks, &mut found);
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(left("10.1.0.0/16", &["10.0.0.0/8"]), [""; 0]);
        assert_eq!(left("10.1.0.0/16", &["10.2.0.0/16"]), ["10.1.0.0/16"]);
        assert_eq!(left("10.1.0.0/22", &["10.1.1.0/24"]), ["10.1.0.0/24", "10.1.2.0/23"]);
        assert_eq!(left("10.1.0.0/23", &["10.1.0.0/24", "10.1.1.0/24"]), [""; 0]);
        assert_eq!(left("10.1.0.0/30", &["10.1.0.1/32"]), ["10.1.0.0/32", "10.1.0.2/31"]);
    }

    #[test]
    fn a_subnet_whose_hosts_were_all_asked_is_whole() {
        let net: Ipv4Net = "10.1.0.0/24".parse().unwrap();
        assert_eq!((addresses(net), asked_of(net, 254), asked_of(net, 253), asked_of(net, 0)), (256, 256, 253, 0));
        let one: Ipv4Net = "10.1.0.1/32".parse().unwrap();
        assert_eq!((addresses(one), asked_of(one, 1)), (1, 1));
    }
}
