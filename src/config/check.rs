//! From what the file says to a [`Config`]: every problem at once, each with its place and how to mend it.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use toml::Spanned;

use super::alerts::alerts;
use super::checker::Checker;
use super::coverage::coverage;
use super::file::{self, File};
use super::maintenance::maintenance;
use super::networks::networks;
use super::people;
use super::privacy::privacy;
use super::register::registers;
use super::reviews::reviews;
use super::secret::{Secret, SecretStore};
use super::{
    CameraBlock, Config, Credential, CredentialKind, DaemonSettings, DiscoverySettings, HouseSettings, MakerSettings,
    MetricsSettings, Network, OnvifSettings, Problems, Site, SnmpSettings, Switch, TrapSettings,
};

/// Most addresses of one `[[cameras]]` block: more is a slip of the pen, and a scan nobody asked for.
const MOST_ADDRESSES: u128 = 65_536;
/// Ports ONVIF is found on where discovery names none.
pub(super) const ONVIF_PORTS: [u16; 6] = [80, 443, 8000, 8080, 8899, 2020];

/// Checks a file that was read. `hash` names its bytes.
pub(super) fn check(
    text: &str,
    path: &Path,
    file: &File,
    hash: String,
    secrets: &SecretStore,
) -> Result<Config, Problems> {
    let mut checker = Checker::new(text, path);
    let names = |list: Vec<&Spanned<String>>| list.into_iter().map(|name| name.get_ref().clone()).collect::<Vec<_>>();
    let site_ids: Vec<_> = file.site.iter().map(|site| &site.get_ref().id).collect();
    let credential_ids: Vec<_> = file.credential.iter().map(|credential| &credential.get_ref().id).collect();
    checker.unique("credential.id", &credential_ids);
    checker.unique("switch.name", &file.switch.iter().map(|switch| &switch.get_ref().name).collect::<Vec<_>>());
    checker.unique("review.name", &file.review.iter().map(|review| &review.get_ref().name).collect::<Vec<_>>());
    let (site_ids, credential_ids) = (names(site_ids), names(credential_ids));

    let (sites, networks) = estate(&mut checker, file);
    let mut credentials = credentials(&mut checker, file, secrets);
    let switches = switches(&mut checker, file, &site_ids, &credential_ids);
    let cameras = cameras(&mut checker, file, &site_ids, &credential_ids);
    // Left out, a credential may go only where the blocks that name it point.
    for (credential, written) in credentials.iter_mut().zip(&file.credential) {
        if written.get_ref().allow.is_none() {
            let at_switches = switches.iter().filter(|switch| switch.credential == credential.id);
            credential.allow = at_switches.map(|switch| IpNet::from(switch.address.ip())).collect();
            let in_blocks = cameras.iter().filter(|block| block.credentials.contains(&credential.id));
            credential.allow.extend(in_blocks.flat_map(|block| block.subnets.iter().copied()));
        }
    }
    for (switch, written) in switches.iter().zip(&file.switch) {
        let credential = credentials.iter().find(|credential| credential.id == switch.credential);
        let at = written.get_ref().credential.span();
        if let Some(credential) = credential {
            if matches!(credential.secret, CredentialKind::Onvif { .. }) {
                checker.problem(
                    at,
                    "switch.credential",
                    format!("'{}' is for cameras", credential.id),
                    "a switch needs kind snmp-v3, snmp-v2c or snmp-v1",
                );
            } else if !credential.allows(switch.address.ip()) {
                let message = format!("'{}' may not be sent to {}", credential.id, switch.address.ip());
                checker.problem(at, "switch.credential", message, "add the address to the credential's allow");
            }
        }
    }
    let policies = super::policies::check(&mut checker, file.policy.as_ref());
    let alerts = alerts(&mut checker, file, secrets);
    let switch_names = names(file.switch.iter().map(|switch| &switch.get_ref().name).collect());
    let maintenance = maintenance(&mut checker, file, &site_ids, &switch_names);
    let (daemon, snmp, onvif) = settings(&mut checker, file);
    let reviews = reviews(&mut checker, file, &daemon.database, &alerts);
    let discovery = discovery(&mut checker, &file.discovery);
    let traps = traps(&mut checker, &file.traps);
    let metrics = MetricsSettings::check(&mut checker, &file.metrics);
    let coverage = coverage(&mut checker, &file.coverage);
    let makers = MakerSettings::check(&mut checker, &file.makers);
    let privacy = privacy(&mut checker, &file.privacy);
    let roles = people::roles(&file.roles);
    let decisions = people::decisions(&mut checker, &file.decisions);
    let house = HouseSettings::check(&mut checker, &file.house_rules);
    let registers = registers(&mut checker, file, &site_ids);
    if checker.problems.is_empty() {
        Ok(Config {
            department: crate::net::text::clean(&file.department.name),
            daemon,
            snmp,
            onvif,
            discovery,
            traps,
            metrics,
            makers,
            privacy,
            roles,
            decisions,
            sites,
            coverage,
            house,
            registers,
            networks,
            credentials,
            switches,
            cameras,
            policies,
            reviews,
            alerts,
            maintenance,
            hash,
        })
    } else {
        Err(Problems(checker.problems))
    }
}

/// `[[site]]` and `[[network]]` alone.
pub(super) fn estate(checker: &mut Checker<'_>, file: &File) -> (Vec<Site>, Vec<Network>) {
    let site_ids: Vec<_> = file.site.iter().map(|site| &site.get_ref().id).collect();
    checker.unique("site.id", &site_ids);
    checker.unique("network.id", &file.network.iter().map(|network| &network.get_ref().id).collect::<Vec<_>>());
    let sites = sites(checker, file);
    let site_ids: Vec<String> = site_ids.into_iter().map(|id| id.get_ref().clone()).collect();
    let switch_names: Vec<String> = file.switch.iter().map(|switch| switch.get_ref().name.get_ref().clone()).collect();
    let networks = networks(checker, file, &site_ids, &switch_names);
    (sites, networks)
}

/// `[daemon]` alone.
pub(super) fn daemon(checker: &mut Checker<'_>, daemon: &file::Daemon) -> DaemonSettings {
    let second = Duration::from_secs(1);
    let path = |written: &Option<String>, default: &str| PathBuf::from(written.as_deref().unwrap_or(default));
    DaemonSettings {
        database: path(&daemon.database, "/var/lib/lenswarden/lenswarden.db"),
        control_socket: path(&daemon.control_socket, "/run/lenswarden/control.sock"),
        poll_every: checker.duration("daemon.poll-every", &daemon.poll_every, "5m", second),
        cameras_every: checker.duration("daemon.cameras-every", &daemon.cameras_every, "15m", second),
        sweep_every: checker.duration("daemon.sweep-every", &daemon.sweep_every, "1h", second),
        slow_sweep_every: checker.duration("daemon.slow-sweep-every", &daemon.slow_sweep_every, "6h", second),
        concurrency: checker.number("daemon.concurrency", daemon.concurrency.as_ref(), 256, 1..=4096),
        keep_history: checker.duration("daemon.keep-history", &daemon.keep_history, "400d", second * 86_400),
        disk_reserve: checker.number::<u64>(
            "daemon.disk-reserve-mib",
            daemon.disk_reserve_mib.as_ref(),
            512,
            1..=1 << 30,
        ) << 20,
    }
}

fn settings(checker: &mut Checker<'_>, file: &File) -> (DaemonSettings, SnmpSettings, OnvifSettings) {
    let second = Duration::from_secs(1);
    let tenth = Duration::from_millis(100);
    let daemon = daemon(checker, &file.daemon);
    let snmp = &file.snmp;
    let snmp = SnmpSettings {
        timeout: checker.duration("snmp.timeout", &snmp.timeout, "2s", tenth),
        retries: checker.number("snmp.retries", snmp.retries.as_ref(), 2, 0..=10),
        deadline: checker.duration("snmp.deadline", &snmp.deadline, "2m", second),
        per_target: checker.number("snmp.per-target", snmp.per_target.as_ref(), 2, 1..=8),
        max_rows: checker.number("snmp.max-rows", snmp.max_rows.as_ref(), 100_000, 100..=1_000_000),
        slow_every: checker.duration("snmp.slow-every", &snmp.slow_every, "1h", second),
    };
    let onvif = &file.onvif;
    let onvif = OnvifSettings {
        connect_timeout: checker.duration("onvif.connect-timeout", &onvif.connect_timeout, "3s", tenth),
        deadline: checker.duration("onvif.deadline", &onvif.deadline, "10s", second),
        max_bytes: checker.number("onvif.max-bytes", onvif.max_bytes.as_ref(), 2 << 20, 65_536..=16 << 20),
        probes_per_second: checker.number("onvif.probes-per-second", onvif.probes_per_second.as_ref(), 50, 1..=10_000),
        users: onvif.users,
    };
    (daemon, snmp, onvif)
}

/// `[discovery]`
fn discovery(checker: &mut Checker<'_>, discovery: &file::Discovery) -> DiscoverySettings {
    let mut interfaces = Vec::new();
    for written in discovery.interfaces.iter().flatten() {
        let name = written.get_ref();
        // Linux: 15 octets, neither a slash nor white space. Whether it is there is looked at when it is used.
        if name.is_empty() || name.len() > 15 || name.contains(|c: char| c == '/' || c.is_whitespace()) {
            let message = format!("'{name}' is no interface's name");
            checker.problem(written.span(), "discovery.interfaces", message, "as 'ip link' shows it: eth0, eno1.20");
        } else if interfaces.contains(name) {
            let message = format!("'{name}' stands twice");
            checker.problem(written.span(), "discovery.interfaces", message, "name each interface once");
        } else {
            interfaces.push(name.clone());
        }
    }
    DiscoverySettings { interfaces }
}

/// `[traps]`
fn traps(checker: &mut Checker<'_>, traps: &file::Traps) -> TrapSettings {
    let listen = traps.listen.as_ref().and_then(|written| {
        let address = written.get_ref().parse::<SocketAddr>().ok().filter(|address| address.port() != 0);
        if address.is_none() {
            let message = format!("'{}' is no address with a port", written.get_ref());
            checker.problem(written.span(), "traps.listen", message, "as in 0.0.0.0:162 or [::]:162");
        }
        address
    });
    TrapSettings { listen }
}

fn sites(checker: &mut Checker<'_>, file: &File) -> Vec<Site> {
    let mut sites = Vec::new();
    for written in &file.site {
        let site = written.get_ref();
        let ranges = site.address_ranges.iter().filter_map(|net| checker.net("site.address-ranges", net)).collect();
        if site.sensitivity == super::Sensitivity::Sensitive && site.basis.is_none() {
            let hint = "basis = \"secret-material\", \"vetted-staff\", \"ministers\" or \"socpa-2005\"";
            checker.problem(site.id.span(), "site.basis", "a sensitive site needs the limb that makes it so", hint);
        }
        sites.push(Site {
            id: site.id.get_ref().as_str().into(),
            name: site.name.clone().unwrap_or_else(|| site.id.get_ref().clone()),
            sensitivity: site.sensitivity,
            basis: site.basis,
            owner: site.owner.clone().unwrap_or_default(),
            address_ranges: ranges,
        });
    }
    sites
}

fn credentials(checker: &mut Checker<'_>, file: &File, secrets: &SecretStore) -> Vec<Credential> {
    let mut credentials = Vec::new();
    for written in &file.credential {
        let credential = written.get_ref();
        let at = credential.id.span();
        let secret = |checker: &mut Checker<'_>, key: &str, inline: Option<&String>, file: &file::Text| -> Secret {
            let read = match (inline, file) {
                (Some(text), None) => secrets.inline(text),
                (None, Some(name)) => secrets.file(name.get_ref()),
                (Some(_), Some(_)) => Err(("both a secret and a file are given".to_owned(), "keep one".to_owned())),
                (None, None) => Err(("a secret is missing".to_owned(), format!("{key}-file = \"…\""))),
            };
            read.unwrap_or_else(|(message, hint)| {
                let span = file.as_ref().map_or_else(|| at.clone(), Spanned::span);
                checker.problem(span, &format!("credential.{key}"), message, hint);
                Secret::new(String::new())
            })
        };
        let user = |checker: &mut Checker<'_>| match &credential.user {
            Some(user) if !user.is_empty() => user.clone(),
            _ => {
                checker.problem(at.clone(), "credential.user", "a user is missing", "user = \"monitor\"");
                String::new()
            }
        };
        let kind = match credential.kind {
            file::CredentialKind::SnmpV1 | file::CredentialKind::SnmpV2c => {
                let community = secret(checker, "community", credential.community.as_ref(), &credential.community_file);
                match credential.kind {
                    file::CredentialKind::SnmpV1 => CredentialKind::SnmpV1 { community },
                    _ => CredentialKind::SnmpV2c { community },
                }
            }
            file::CredentialKind::SnmpV3 => {
                let auth = credential.auth.as_ref().map(|auth| {
                    (auth.protocol, secret(checker, "auth.password", auth.password.as_ref(), &auth.password_file))
                });
                let privacy = credential.privacy.as_ref().map(|privacy| {
                    (
                        privacy.protocol,
                        secret(checker, "priv.password", privacy.password.as_ref(), &privacy.password_file),
                    )
                });
                if privacy.is_some() && auth.is_none() {
                    checker.problem(at.clone(), "credential.priv", "privacy needs authentication", "add auth = { … }");
                }
                let passwords = auth.iter().map(|(_, secret)| secret).chain(privacy.iter().map(|(_, secret)| secret));
                let short = passwords.filter(|secret| (1..8).contains(&secret.expose().len())).count();
                if short > 0 {
                    checker.problem(
                        at.clone(),
                        "credential",
                        "an SNMPv3 password is shorter than 8 characters",
                        "RFC 3414 asks for 8",
                    );
                }
                CredentialKind::SnmpV3 { user: user(checker), auth, privacy }
            }
            file::CredentialKind::Onvif => CredentialKind::Onvif {
                user: user(checker),
                password: secret(checker, "password", credential.password.as_ref(), &credential.password_file),
            },
        };
        let allow = credential.allow.iter().flatten().filter_map(|net| checker.net("credential.allow", net)).collect();
        credentials.push(Credential { id: credential.id.get_ref().as_str().into(), secret: kind, allow });
    }
    credentials
}

fn switches(checker: &mut Checker<'_>, file: &File, sites: &[String], credentials: &[String]) -> Vec<Switch> {
    let mut switches = Vec::new();
    for written in &file.switch {
        let switch = written.get_ref();
        let text = switch.address.get_ref();
        let with_port = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 161)).ok();
        let address = text.parse::<SocketAddr>().ok().or_else(with_port);
        if address.is_none() {
            let hint = "an IP address, a port may follow: 10.1.0.2 or 10.1.0.2:161";
            checker.problem(switch.address.span(), "switch.address", format!("'{text}' is no address"), hint);
        }
        checker.known("switch.site", &switch.site, "site", sites);
        checker.known("switch.credential", &switch.credential, "credential", credentials);
        switches.push(Switch {
            name: switch.name.get_ref().as_str().into(),
            address: address.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 161))),
            site: switch.site.get_ref().as_str().into(),
            credential: switch.credential.get_ref().as_str().into(),
        });
    }
    switches
}

fn cameras(checker: &mut Checker<'_>, file: &File, sites: &[String], credentials: &[String]) -> Vec<CameraBlock> {
    let mut blocks = Vec::new();
    for written in &file.cameras {
        let block = written.get_ref();
        checker.known("cameras.site", &block.site, "site", sites);
        for credential in &block.credentials {
            checker.known("cameras.credentials", credential, "credential", credentials);
            let named = |written: &&Spanned<file::Credential>| written.get_ref().id.get_ref() == credential.get_ref();
            let kind = file.credential.iter().find(named).map(|written| written.get_ref().kind);
            if matches!(kind, Some(file::CredentialKind::SnmpV3)) {
                let message = format!("'{}' is for switches", credential.get_ref());
                let hint = "a camera is asked with kind onvif, and with snmp-v2c or snmp-v1 for what it says over SNMP";
                checker.problem(credential.span(), "cameras.credentials", message, hint);
            }
        }
        let subnets: Vec<IpNet> = block.subnets.iter().filter_map(|net| checker.net("cameras.subnets", net)).collect();
        let addresses: u128 =
            subnets.iter().map(|net| 1u128 << (net.max_prefix_len() - net.prefix_len()).min(64)).sum();
        if addresses > MOST_ADDRESSES {
            let message = format!("{addresses} addresses are too many to look at");
            checker.problem(
                written.span(),
                "cameras.subnets",
                message,
                format!("at most {MOST_ADDRESSES} in a block: name the subnets cameras are in"),
            );
        }
        if block.subnets.is_empty() {
            checker.problem(written.span(), "cameras.subnets", "there is no subnet", "subnets = [\"10.1.20.0/24\"]");
        }
        blocks.push(CameraBlock {
            site: block.site.get_ref().as_str().into(),
            subnets,
            credentials: block.credentials.iter().map(|id| id.get_ref().as_str().into()).collect(),
            ports: block.ports.clone().unwrap_or_else(|| ONVIF_PORTS.to_vec()),
            discovery_port: block.discovery_port.unwrap_or(3702),
            rtsp_port: block.rtsp_port.unwrap_or(554),
            snmp_port: block.snmp_port.unwrap_or(161),
            vendor_queries: block.vendor_queries.clone(),
        });
    }
    blocks
}
