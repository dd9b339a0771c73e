//! The configuration: what the file says (`file`), checked as a whole into a [`Config`] (`check`), its secrets
//! ([`secret`]) and the watch on it ([`watch`]).

mod alerts;
mod cameras;
mod check;
mod checker;
mod coverage;
mod file;
mod house;
mod load;
mod maintenance;
mod makers;
mod metrics;
mod networks;
mod people;
mod policies;
mod privacy;
mod problem;
pub mod register;
mod register_day;
mod reviews;
mod schedule;
pub mod secret;
pub mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::net::{CredentialId, SiteId, TargetName};
pub use alerts::{AlertCarrier, AlertPlan, Digest, Endpoint, Occasion, Pace, Relay, RelaySecurity, Trust, Webhook};
pub use cameras::{CameraBlock, DiscoverySettings, VendorQuery};
pub use coverage::CoverageSettings;
pub use house::{HouseRule, HouseSettings, KnownServer, Level};
pub use load::{EstateSettings, load, load_daemon, load_estate, load_judgement, parse};
pub use maintenance::{MaintenanceWindow, WindowTime};
pub use makers::MakerSettings;
pub use metrics::MetricsSettings;
pub use networks::{Network, NetworkKind, NetworkPort};
pub use people::{DecisionSettings, RoleSettings, TwoPersons};
pub use policies::{DEFAULT_PACK, PolicyChoice};
pub use privacy::PrivacySettings;
pub use problem::{Problem, Problems};
use register::RegisterPlan;
pub use reviews::{ReportForm, ReviewPlan, ReviewReport};
pub use schedule::Schedule;
use secret::Secret;

/// The whole configuration, checked: every reference resolves, every value is in range.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[department]`: whose estate it is, as reports call it; may be empty.
    pub department: String,
    /// `[daemon]`
    pub daemon: DaemonSettings,
    /// `[snmp]`
    pub snmp: SnmpSettings,
    /// `[onvif]`
    pub onvif: OnvifSettings,
    /// `[discovery]`
    pub discovery: DiscoverySettings,
    /// `[traps]`
    pub traps: TrapSettings,
    /// `[metrics]`
    pub metrics: MetricsSettings,
    /// `[coverage]`
    pub coverage: CoverageSettings,
    /// `[makers]`
    pub makers: MakerSettings,
    /// `[privacy]`
    pub privacy: PrivacySettings,
    /// `[roles]`
    pub roles: RoleSettings,
    /// `[decisions]`
    pub decisions: DecisionSettings,
    /// `[house-rules]`
    pub house: HouseSettings,
    /// `[[register]]`
    pub registers: Vec<RegisterPlan>,
    /// `[[site]]`
    pub sites: Vec<Site>,
    /// `[[network]]`
    pub networks: Vec<Network>,
    /// `[[credential]]`
    pub credentials: Vec<Credential>,
    /// `[[switch]]`
    pub switches: Vec<Switch>,
    /// `[[cameras]]`
    pub cameras: Vec<CameraBlock>,
    /// `[[policy]]`
    pub policies: Vec<PolicyChoice>,
    /// `[[review]]`
    pub reviews: Vec<ReviewPlan>,
    /// `[[alert]]`
    pub alerts: Vec<AlertPlan>,
    /// `[[maintenance]]`
    pub maintenance: Vec<MaintenanceWindow>,
    /// SHA-256 of the file's bytes, lower-case hex: what the change log names the configuration by.
    pub hash: String,
}

impl Config {
    /// The credential of this id.
    #[must_use]
    pub fn credential(&self, id: &CredentialId) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.id == *id)
    }

    /// The first `[[cameras]]` block that holds this address.
    #[must_use]
    pub fn camera_block(&self, address: std::net::IpAddr) -> Option<&CameraBlock> {
        self.cameras.iter().find(|block| block.subnets.iter().any(|subnet| subnet.contains(&address)))
    }

    /// The site of this id.
    #[must_use]
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == *id)
    }
}

/// `[daemon]`: where things are and how often they are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonSettings {
    /// The SQLite database; the daemon alone writes it.
    pub database: PathBuf,
    /// The Unix socket decisions arrive on.
    pub control_socket: PathBuf,
    /// How often each switch is visited.
    pub poll_every: Duration,
    /// How often each known camera is asked.
    pub cameras_every: Duration,
    /// How often the addresses of a `[[cameras]]` block are asked whether a camera is there.
    pub sweep_every: Duration,
    /// How often those are that no switch's ARP table shows alive where it shows others.
    pub slow_sweep_every: Duration,
    /// Most visits under way at once.
    pub concurrency: usize,
    /// How long the change log keeps what devices and targets were; what was found and decided stays for good.
    pub keep_history: Duration,
    /// Free octets of the file system of the database below which the daemon says that its disk is low.
    pub disk_reserve: u64,
}

/// `[snmp]`: how switches are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpSettings {
    /// How long one request waits for its answer.
    pub timeout: Duration,
    /// How often an unanswered request is sent again.
    pub retries: u32,
    /// Longest visit of one switch.
    pub deadline: Duration,
    /// Requests under way at once on one switch.
    pub per_target: usize,
    /// Most rows accepted of one table.
    pub max_rows: usize,
    /// How long tables that change seldom (names, parts) are not asked for again, unless the switch says they changed.
    pub slow_every: Duration,
}

/// `[onvif]`: how cameras are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnvifSettings {
    /// How long a TCP connection may take to be made.
    pub connect_timeout: Duration,
    /// Longest visit of one camera, all requests together.
    pub deadline: Duration,
    /// Most octets read from one camera in a visit.
    pub max_bytes: usize,
    /// Packets a second of all sweeps together: unicast probes, vendor queries, TCP ports tried.
    pub probes_per_second: u32,
    /// GetUsers is asked too, which only an account of level Administrator may.
    pub users: bool,
}

/// `[traps]`: what switches say unasked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrapSettings {
    /// Where traps and informs come in; `None`: nowhere, but by a socket that systemd hands over.
    pub listen: Option<SocketAddr>,
}

/// How sensitive a site is: given by the administrator, never inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// One of the four published limbs applies.
    Sensitive,
    /// None does.
    Standard,
}

/// The published limb that makes a site sensitive (Lords written answer, 9 April 2024).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Routinely holds secret material or above.
    SecretMaterial,
    /// Hosts a significant proportion of officials holding developed vetting clearance.
    VettedStaff,
    /// Routinely used by ministers.
    Ministers,
    /// Covered under the Serious Organised Crime and Police Act 2005.
    #[serde(rename = "socpa-2005")]
    Socpa2005,
}

/// `[[site]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// What people call it.
    pub name: String,
    /// Sensitive or standard.
    pub sensitivity: Sensitivity,
    /// Why it is sensitive.
    pub basis: Option<Basis>,
    /// Whom alerts name as answering for it; empty: nobody.
    pub owner: String,
    /// What coverage is measured against.
    pub address_ranges: Vec<IpNet>,
}

/// `[[credential]]`
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// What it proves, to whom.
    pub secret: CredentialKind,
    /// The only addresses it is ever sent to: as configured, or those of the blocks that name it.
    pub allow: Vec<IpNet>,
}

impl Credential {
    /// Whether this credential may be sent to that address.
    #[must_use]
    pub fn allows(&self, address: std::net::IpAddr) -> bool {
        self.allow.iter().any(|range| range.contains(&address))
    }

    /// A short stable name of the secret's content (hex of a SHA-256 over kind, user and secret): tells a changed
    /// password from the same one without storing it. Keyed by `salt` so that it cannot be looked up in a table.
    #[must_use]
    pub fn fingerprint(&self, salt: &str) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        part(salt);
        match &self.secret {
            CredentialKind::SnmpV1 { community } => {
                part("v1");
                part(community.expose());
            }
            CredentialKind::SnmpV2c { community } => {
                part("v2c");
                part(community.expose());
            }
            CredentialKind::SnmpV3 { user, auth, privacy } => {
                part("v3");
                part(user);
                part(auth.as_ref().map_or("", |(_, secret)| secret.expose()));
                part(privacy.as_ref().map_or("", |(_, secret)| secret.expose()));
            }
            CredentialKind::Onvif { user, password } => {
                part("onvif");
                part(user);
                part(password.expose());
            }
        }
        hash.finalize().iter().take(8).map(|octet| format!("{octet:02x}")).collect()
    }
}

/// What a credential is.
#[derive(Debug, Clone, PartialEq)]
pub enum CredentialKind {
    /// SNMPv1 community, for what speaks nothing else.
    SnmpV1 {
        /// The community string.
        community: Secret,
    },
    /// SNMPv2c community.
    SnmpV2c {
        /// The community string.
        community: Secret,
    },
    /// SNMPv3 user-based security (RFC 3414).
    SnmpV3 {
        /// User name.
        user: String,
        /// Authentication; `None` for noAuthNoPriv.
        auth: Option<(AuthProtocol, Secret)>,
        /// Privacy; needs authentication.
        privacy: Option<(PrivProtocol, Secret)>,
    },
    /// ONVIF user.
    Onvif {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
}

/// SNMPv3 authentication protocols (RFC 3414, RFC 7860).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum AuthProtocol {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// SNMPv3 privacy protocols (RFC 3414, RFC 3826, draft-blumenthal-aes-usm). Where the digest is shorter than the key,
/// Cisco and some others extend it after draft-reeder-snmpv3-usm-3desede instead: these are the `-reeder` ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum PrivProtocol {
    Des,
    #[serde(rename = "3des")]
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
    Aes192Reeder,
    Aes256Reeder,
}

/// `[[switch]]`: anything polled over SNMP, routers too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Its name in this program.
    pub name: TargetName,
    /// Where it answers.
    pub address: SocketAddr,
    /// Where it stands.
    pub site: SiteId,
    /// What it is asked with.
    pub credential: CredentialId,
}
