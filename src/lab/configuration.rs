//! The configuration a daemon needs to watch an estate.

use std::fmt::Write as _;

use super::estate::{Estate, SPARE_HOSTS, Site, Zone};
use super::{Ports, engine, guard};

/// The TOML, everything but `[daemon]`.
pub(super) fn write(estate: &Estate, ports: Ports) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = document(estate, ports, &mut out);
    out
}

fn document(estate: &Estate, ports: Ports, out: &mut String) -> std::fmt::Result {
    writeln!(out, "[snmp]\ntimeout = \"2s\"\nretries = 2\n")?;
    writeln!(out, "[onvif]\nprobes-per-second = 5000\n")?;
    for (id, kind, secret) in [
        ("lab-v2c", "snmp-v2c", format!("community = \"{}\"", engine::COMMUNITY)),
        (
            "lab-v3",
            "snmp-v3",
            format!(
                "user = \"{}\"\nauth = {{ protocol = \"sha256\", password = \"{}\" }}\n\
                 priv = {{ protocol = \"aes128\", password = \"{}\" }}",
                engine::USER,
                engine::AUTH_PASSWORD,
                engine::PRIV_PASSWORD
            ),
        ),
        ("lab-onvif", "onvif", format!("user = \"{}\"\npassword = \"{}\"", guard::USER, guard::PASSWORD)),
    ] {
        writeln!(out, "[[credential]]\nid = \"{id}\"\nkind = \"{kind}\"\n{secret}\nallow = [\"127.0.0.0/8\"]\n")?;
    }
    writeln!(out, "[[policy]]\npack = \"{}\"\n", super::PACK)?;
    for (name, schedule, select, owner) in [
        ("standard-sites", "quarterly", "site.sensitivity:standard status:restricted", "estates-security"),
        ("sensitive-sites", "monthly", "site.sensitivity:sensitive status:restricted", "senior-information-risk-owner"),
    ] {
        writeln!(
            out,
            "[[review]]\nname = \"{name}\"\nschedule = \"{schedule}\"\nselect = \"{select}\"\nowner = \"{owner}\"\n\
             due = \"30d\"\n"
        )?;
    }
    for site in &estate.sites {
        write_site(site, ports, out)?;
    }
    for switch in &estate.switches {
        let site = estate.sites.get(switch.site).map_or("", |site| site.id.as_str());
        let credential = if switch.v3 { "lab-v3" } else { "lab-v2c" };
        writeln!(
            out,
            "[[switch]]\nname = \"{}\"\naddress = \"{}:{}\"\nsite = \"{site}\"\ncredential = \"{credential}\"\n",
            switch.name, switch.address, ports.snmp
        )?;
    }
    Ok(())
}

fn write_site(site: &Site, ports: Ports, out: &mut String) -> std::fmt::Result {
    let (id, octet) = (&site.id, site.octet);
    writeln!(out, "[[site]]\nid = \"{id}\"\nname = \"{}\"", site.name)?;
    match site.basis {
        Some(basis) => writeln!(out, "sensitivity = \"sensitive\"\nbasis = \"{basis}\"")?,
        None => writeln!(out, "sensitivity = \"standard\"")?,
    }
    let blocks: Vec<String> = [Zone::Core, Zone::Surveillance, Zone::Other]
        .into_iter()
        .map(|zone| {
            let used = site.first_hosts.get(zone as usize).copied().unwrap_or(0);
            format!("\"127.{octet}.{}.0/{}\"", Site::camera_octet(zone), prefix(used))
        })
        .collect();
    let blocks = blocks.join(", ");
    // Where the switches are managed nobody looks for cameras: a gap.
    writeln!(out, "address-ranges = [{blocks}, \"127.{octet}.1.0/30\"]\n")?;
    let (core, cctv) = (site.vlan(Zone::Core), site.vlan(Zone::Surveillance));
    let (voice, print) = (site.vlan(Zone::Voice), site.vlan(Zone::Other));
    for (name, kind, vlans, subnets) in [
        (
            "core",
            "core",
            format!("{}, {core}", site.management()),
            format!("\"127.{octet}.1.0/24\", \"127.{octet}.10.0/24\", \"10.{octet}.16.0/20\""),
        ),
        ("cctv", "surveillance", cctv.to_string(), format!("\"127.{octet}.20.0/24\"")),
        (
            "office",
            "other",
            format!("{voice}, {print}"),
            format!("\"127.{octet}.40.0/24\", \"10.{octet}.48.0/20\", \"10.{octet}.64.0/20\""),
        ),
    ] {
        writeln!(
            out,
            "[[network]]\nid = \"{id}-{name}\"\nkind = \"{kind}\"\nsite = \"{id}\"\nvlans = [{vlans}]\n\
             subnets = [{subnets}]\n"
        )?;
    }
    writeln!(
        out,
        "[[cameras]]\nsite = \"{id}\"\nsubnets = [{blocks}]\ncredentials = [\"lab-onvif\"]\nports = [{}]\n\
         discovery-port = {}\n",
        ports.http, ports.discovery
    )
}

/// The longest prefix of a block that starts at .0 and holds so many hosts and the spare ones.
fn prefix(used: u8) -> u8 {
    let needed = u16::from(used) + u16::from(SPARE_HOSTS) + 2;
    (24..=29).rev().find(|prefix| 1u16 << (32 - prefix) >= needed).unwrap_or(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_tight_as_their_hosts_and_spares() {
        assert_eq!([0, 2, 3, 10, 11, 58, 59, 188].map(prefix), [29, 29, 28, 28, 27, 26, 25, 24]);
    }
}
