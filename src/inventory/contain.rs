//! What would take a port out of service, in the words of its switch: text for whoever is called at night. This program
//! changes nothing on a switch.

use crate::observation::SystemFacts;

/// What the words are of.
enum Dialect {
    /// `interface X` and a word, as most have it.
    Interface { word: &'static str, commit: bool },
    /// Junos.
    Set,
    /// ExtremeXOS.
    Ports,
    /// RouterOS.
    Slash,
    /// Linux.
    Link,
}

/// The number under `1.3.6.1.4.1` (IANA private enterprise numbers).
fn enterprise(object_id: &str) -> Option<u32> {
    object_id.trim_start_matches('.').strip_prefix("1.3.6.1.4.1.")?.split('.').next()?.parse().ok()
}

/// By sysObjectID, and by sysDescr where one enterprise has several systems. `None`: unknown, or several.
fn dialect(system: &SystemFacts) -> Option<Dialect> {
    let says = |word: &str| system.description.as_str().contains(word);
    let interface = |word, commit| Some(Dialect::Interface { word, commit });
    match enterprise(&system.object_id)? {
        // CatOS has other words.
        9 if says("Cisco Systems WS-C") => None,
        9 => interface("shutdown", says("IOS XR")),
        // ProCurve and its heirs; Comware came to HPE later and may carry its number.
        11 if says("Comware") => interface("shutdown", false),
        11 => interface("disable", false),
        // 3Com and H3C Comware, Huawei (VRP 8, on CloudEngine, commits), Arista, Dell, Aruba CX, Allied Telesis.
        2011 => interface("shutdown", says("CloudEngine") || says("CE6") || says("CE12800")),
        43 | 25506 | 30065 | 674 | 6027 | 47196 | 207 => interface("shutdown", false),
        1991 => interface("disable", false),
        2636 => Some(Dialect::Set),
        1916 if says("ExtremeXOS") || says("Switch Engine") => Some(Dialect::Ports),
        14988 => Some(Dialect::Slash),
        8072 if says("Linux") => Some(Dialect::Link),
        _ => None,
    }
}

/// Commands with ` ; ` between them. `None`: nobody knows them, or the port's name is not one that can be typed.
#[must_use]
pub fn command(system: &SystemFacts, port: &str) -> Option<String> {
    let typed = |c: char| c.is_ascii_alphanumeric() || "/.:-_".contains(c);
    if port.is_empty() || port.len() > 40 || port.starts_with('-') || !port.chars().all(typed) {
        return None;
    }
    Some(match dialect(system)? {
        Dialect::Interface { word, commit: false } => format!("interface {port} ; {word}"),
        Dialect::Interface { word, commit: true } => format!("interface {port} ; {word} ; commit"),
        Dialect::Set => {
            // The forwarding database names the logical unit; the cable is in the physical interface.
            let physical = port.split('.').next().unwrap_or(port);
            format!("set interfaces {physical} disable ; commit")
        }
        Dialect::Ports => format!("disable ports {port}"),
        Dialect::Slash => format!("/interface disable {port}"),
        Dialect::Link => format!("ip link set dev {port} down"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(object_id: &str, description: &str, port: &str) -> Option<String> {
        let system = SystemFacts {
            name: "sw".into(),
            description: description.into(),
            object_id: object_id.to_owned(),
            uptime_s: 0,
        };
        command(&system, port)
    }

    #[test]
    fn each_system_is_told_in_its_own_words_and_an_unknown_one_in_none() {
        let cases = [
            ("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software, C2960X", "Gi1/0/14", "interface Gi1/0/14 ; shutdown"),
            (".1.3.6.1.4.1.9.1.1208", "Cisco NX-OS(tm) n9000", "Ethernet1/14", "interface Ethernet1/14 ; shutdown"),
            ("1.3.6.1.4.1.9.1.2000", "Cisco IOS XR Software", "Gi0/0/0/1", "interface Gi0/0/0/1 ; shutdown ; commit"),
            (
                "1.3.6.1.4.1.2636.1.1.1.2.63",
                "Juniper Networks, Inc. ex3400",
                "ge-0/0/14.0",
                "set interfaces ge-0/0/14 disable ; commit",
            ),
            ("1.3.6.1.4.1.11.2.3.7.11.160", "HP J9776A 2530-24G", "14", "interface 14 ; disable"),
            (
                "1.3.6.1.4.1.11.2.3.7.11.161",
                "HPE Comware Platform Software",
                "GigabitEthernet1/0/14",
                "interface GigabitEthernet1/0/14 ; shutdown",
            ),
            (
                "1.3.6.1.4.1.25506.11.1.187",
                "H3C Comware",
                "GigabitEthernet1/0/14",
                "interface GigabitEthernet1/0/14 ; shutdown",
            ),
            ("1.3.6.1.4.1.47196.4.1.1.1.50", "Aruba JL660A CX", "1/1/14", "interface 1/1/14 ; shutdown"),
            (
                "1.3.6.1.4.1.2011.2.23.291",
                "S5720 Huawei VRP",
                "GigabitEthernet0/0/14",
                "interface GigabitEthernet0/0/14 ; shutdown",
            ),
            ("1.3.6.1.4.1.1916.2.167", "ExtremeXOS (X440G2)", "1:14", "disable ports 1:14"),
            ("1.3.6.1.4.1.14988.1", "RouterOS CRS326", "ether14", "/interface disable ether14"),
            ("1.3.6.1.4.1.8072.3.2.10", "Linux leaf1 5.10", "swp14", "ip link set dev swp14 down"),
        ];
        for (object_id, description, port, expected) in cases {
            assert_eq!(said(object_id, description, port).as_deref(), Some(expected), "{description}");
        }
        assert_eq!(said("1.3.6.1.4.1.99999.1", "Switch", "1"), None);
        assert_eq!(said("1.3.6.1.4.1.9.5.59", "Cisco Systems WS-C6513", "2/1"), None);
        assert_eq!(said("", "Cisco IOS Software", "Gi1/0/14"), None);
    }

    #[test]
    fn a_ports_name_that_is_no_ports_name_becomes_no_command() {
        for port in ["", "-all", "Gi1/0/1 ; reload", "Gi1/0/1\n", "all`reboot`", "$(x)", &"G".repeat(41)] {
            assert_eq!(said("1.3.6.1.4.1.9.1.1", "Cisco IOS Software", port), None, "{port:?}");
        }
    }
}
