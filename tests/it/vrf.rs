//! Addresses of VRFs, from an agent that nobody here wrote: net-snmp's, which hands a context on to another agent.

use std::net::SocketAddr;

use lenswarden::observation::{Completeness, SwitchVisit, Table};

use crate::snmp::{free_port, start_with, visit};

const V2C: &str = "kind = \"snmp-v2c\"\ncommunity = \"public\"";
const V3: &str = "kind = \"snmp-v3\"\nuser = \"both\"\nauth = { protocol = \"sha256\", password = \"authpass123\" }\n\
                  priv = { protocol = \"aes128\", password = \"privpass123\" }";

fn address(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), free_port(ip))
}

/// `(IP, MAC, interface, VRF)` of rows that are in one, but for what the host itself has.
fn of_vrfs(seen: &SwitchVisit) -> Vec<(String, String, u32, String)> {
    let row = |row: &lenswarden::observation::ArpRow| {
        Some((row.ip.to_string(), row.mac.to_string(), row.if_index, row.vrf.as_ref()?.to_string()))
    };
    let ours = seen.arp.iter().filter(|row| row.ip.to_string().starts_with("10.9.9."));
    ours.filter_map(row).collect()
}

/// A name as an index has it.
fn index(name: &str) -> String {
    name.bytes().fold(name.len().to_string(), |index, octet| format!("{index}.{octet}"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs snmpd"]
async fn net_snmp_has_the_addresses_of_a_vrf_in_a_context_of_its_name() {
    let (front, behind) = (address("127.21.0.2"), address("127.21.0.3"));
    let (near, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let row = "1.3.6.1.2.1.4.22.1.2.7.10.9.9";
    let _behind = start_with(
        behind,
        far.path(),
        &format!("override {row}.8 octet_str 0x4419b6010208\noverride {row}.9 octet_str 0x4419b6010209"),
    );
    let state = "1.3.6.1.4.1.30065.3.18.1.1.1.4";
    let lines = |context: &str| {
        format!(
            "sysObjectID 1.3.6.1.4.1.30065.1\noverride {state}.{} integer 1\n\
             com2sec -Cn {context} inside 127.0.0.0/8 public@{context}\ngroup insiders v2c inside\n\
             view everything included .1\naccess insiders {context} any noauth exact everything none none\n\
             rouser both priv -V everything {context}\n\
             proxy -Cn {context} -v2c -c public {behind} .1.3.6.1.2.1.4",
            index(context)
        )
    };
    {
        let _front = start_with(front, near.path(), &lines("cctv"));
        for credential in [V2C, V3] {
            let seen = visit(front, credential).await;
            let rows = [("10.9.9.8", "08"), ("10.9.9.9", "09")]
                .map(|(ip, last)| (ip.to_owned(), format!("44:19:b6:01:02:{last}"), 7, "cctv".to_owned()));
            assert_eq!(of_vrfs(&seen), rows, "{credential}: {:?}", seen.tables);
            let state = &seen.tables[&Table::VrfArp];
            assert_eq!((state.completeness, &state.note), (Completeness::Complete, &None));
            assert_eq!(seen.arp.iter().filter(|row| row.vrf.is_some()).count(), state.rows as usize);
            assert_eq!(seen.errors, [], "{credential}");
        }
    }
    // The list names a VRF whose context lets nobody in: said with what to configure, and never taken for empty.
    let other = tempfile::tempdir().unwrap();
    let closed = lines("cctv").replace(&index("cctv"), &index("shut"));
    let _front = start_with(front, other.path(), &closed);
    for (credential, words) in [(V2C, "does not answer COMMUNITY@shut"), (V3, "context shut")] {
        let seen = visit(front, credential).await;
        let state = &seen.tables[&Table::VrfArp];
        assert_eq!(state.completeness, Completeness::Failed, "{credential}");
        let why = state.note.as_deref().unwrap();
        assert!(why.contains(words) && why.contains("VRF shut") && !why.contains("public"), "{credential}: {why}");
    }
}
