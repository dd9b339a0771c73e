//! What an address of a `[[cameras]]` block said over WS-Discovery, HTTP and ONVIF.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{BehindCamera, CameraNetwork, CameraUser, Reach, TlsKey, VisitError};
use crate::net::{CredentialId, DeviceText, MacAddr, SiteId, Timestamp};

/// One visit to one camera address.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraVisit {
    /// The address that was asked, which is the truth whatever the camera says of itself.
    pub address: IpAddr,
    /// The site of the block that holds the address.
    pub site: SiteId,
    /// When the first request left.
    pub started: Timestamp,
    /// When the last answer came or was given up.
    pub finished: Timestamp,
    /// Whether anything that speaks ONVIF or WS-Discovery answered.
    pub reach: Reach,
    /// What WS-Discovery said.
    pub discovery: Option<Discovery>,
    /// GetDeviceInformation.
    pub information: Option<DeviceInformation>,
    /// GetScopes, percent-decoded and cleaned.
    pub scopes: Vec<DeviceText>,
    /// GetNetworkInterfaces.
    pub interfaces: Vec<CameraInterface>,
    /// GetHostname.
    pub hostname: Option<DeviceText>,
    /// TCP port the device service answered on.
    pub port: Option<u16>,
    /// The device service was reached over TLS.
    pub tls: bool,
    /// The key it showed over TLS.
    pub key: Option<TlsKey>,
    /// It speaks no TLS newer than 1.1.
    pub tls_too_old: bool,
    /// GetDNS, GetNTP, GetNetworkDefaultGateway, GetNetworkProtocols.
    pub network: CameraNetwork,
    /// GetUsers, where it is asked.
    pub users: Option<Vec<CameraUser>>,
    /// Video sources (GetCapabilities): lenses of a camera, channels of a recorder.
    pub channels: Option<u16>,
    /// Cameras behind a recorder (GetRecordings).
    pub behind: Vec<BehindCamera>,
    /// Camera's UTC clock minus ours, in milliseconds (GetSystemDateAndTime).
    pub clock_offset_ms: Option<i64>,
    /// How asking for what needs a user went.
    pub authentication: Authentication,
    /// Marks of the maker that need no password.
    pub marks: Vec<Mark>,
    /// What it told over its maker's own discovery.
    pub announcements: Vec<Announcement>,
    /// Requests sent.
    pub requests: u32,
    /// Octets read.
    pub octets: usize,
    /// Operations it does not have.
    pub unsupported: Vec<String>,
    /// What went wrong on the way.
    pub errors: Vec<VisitError>,
}

impl CameraVisit {
    /// A visit that brought nothing home yet.
    #[must_use]
    pub fn new(address: IpAddr, site: SiteId, started: Timestamp) -> Self {
        Self {
            address,
            site,
            started,
            finished: started,
            reach: Reach::Silent("not asked yet".into()),
            discovery: None,
            information: None,
            scopes: Vec::new(),
            interfaces: Vec::new(),
            hostname: None,
            port: None,
            tls: false,
            key: None,
            tls_too_old: false,
            network: CameraNetwork::default(),
            users: None,
            channels: None,
            behind: Vec::new(),
            clock_offset_ms: None,
            authentication: Authentication::NotAsked,
            marks: Vec::new(),
            announcements: Vec::new(),
            requests: 0,
            octets: 0,
            unsupported: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// It told this over its maker's own discovery: that is an answer, whatever else was silent.
    pub fn hear(&mut self, announcement: Announcement) {
        if self.announcements.iter().all(|known| known.protocol != announcement.protocol) {
            self.announcements.push(announcement);
            self.reach = Reach::Answered;
        }
    }

    /// It spoke ONVIF, or at least WS-Discovery.
    #[must_use]
    pub fn spoke_onvif(&self) -> bool {
        self.reach.answered() && (self.port.is_some() || self.discovery.is_some() || self.announcements.is_empty())
    }

    /// The MAC address of the interface that has the polled address, as the camera says; the only one it has, if one;
    /// else what its maker's discovery says.
    #[must_use]
    pub fn mac(&self) -> Option<MacAddr> {
        let own = |interface: &&CameraInterface| interface.addresses.contains(&self.address);
        let found = self.interfaces.iter().find(own).or(match self.interfaces.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        let announced = || self.announcements.iter().find_map(|announcement| announcement.mac);
        found.and_then(|interface| interface.mac).or_else(announced).filter(|mac| mac.is_device())
    }
}

/// A WS-Discovery ProbeMatch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    /// Endpoint reference (wsa:EndpointReference/Address), cleaned.
    pub endpoint: DeviceText,
    /// Types, local names.
    pub types: Vec<DeviceText>,
    /// Scopes, percent-decoded and cleaned.
    pub scopes: Vec<DeviceText>,
    /// Port and path of the device service taken from XAddrs; the host there is never used.
    pub service: Option<(u16, String, bool)>,
}

/// GetDeviceInformation (ONVIF Core, device management).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInformation {
    /// Manufacturer
    pub manufacturer: DeviceText,
    /// Model
    pub model: DeviceText,
    /// FirmwareVersion
    pub firmware: DeviceText,
    /// SerialNumber
    pub serial: DeviceText,
    /// HardwareId
    pub hardware: DeviceText,
}

/// A maker's own discovery protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VendorProtocol {
    /// Hikvision's, UDP port 37020.
    Sadp,
    /// Dahua's, UDP port 37810.
    Dhip,
}

impl std::fmt::Display for VendorProtocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sadp => "SADP",
            Self::Dhip => "DHIP",
        })
    }
}

/// What a device told over its maker's own discovery, without a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// By which protocol. That it answers at all is the mark of a platform.
    pub protocol: VendorProtocol,
    /// What it says of itself; `hardware` is empty.
    pub information: DeviceInformation,
    /// What kind of device it calls itself (DHIP's DeviceClass), or how many video channels it has (SADP).
    pub kind: DeviceText,
    /// Its MAC address, if it gave one.
    pub mac: Option<MacAddr>,
    /// Whether somebody has set a password; `None` where it does not say.
    pub activated: Option<bool>,
}

/// What an address answered a sweep with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SweepAnswer {
    /// WS-Discovery.
    Discovery,
    /// A maker's own discovery.
    Vendor,
    /// One of the ports is open.
    OpenPort,
}

/// One interface of GetNetworkInterfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraInterface {
    /// Name
    pub name: DeviceText,
    /// HwAddress, if it is one.
    pub mac: Option<MacAddr>,
    /// Addresses in force: FromDHCP where DHCP is on, else Manual.
    pub addresses: Vec<IpAddr>,
}

/// How asking for what needs a user went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Authentication {
    /// Nothing got so far.
    NotAsked,
    /// The camera tells everybody.
    NotNeeded,
    /// This credential was taken.
    Accepted {
        /// The credential.
        credential: CredentialId,
    },
    /// This credential was refused now: it is not used again until the operator acts.
    Refused {
        /// The credential.
        credential: CredentialId,
        /// What the camera said, cleaned.
        text: DeviceText,
    },
    /// A user is needed and none was tried.
    Withheld {
        /// Why.
        reason: WithheldReason,
    },
}

/// Why a credential was not tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum WithheldReason {
    /// The block names none.
    NoneConfigured,
    /// The address is outside the credential's `allow`.
    NotAllowed {
        /// The credential.
        credential: CredentialId,
    },
    /// Refused before; waits for the operator.
    RefusedBefore {
        /// The credential.
        credential: CredentialId,
        /// When.
        at: Timestamp,
    },
    /// Refused by several cameras: stopped everywhere until the operator acts.
    Stopped {
        /// The credential.
        credential: CredentialId,
    },
    /// Earlier attempts with it ended without an answer too often: waits for the operator.
    Interrupted {
        /// The credential.
        credential: CredentialId,
    },
    /// Other cameras were being asked with it, and time ran out: the next visit tries.
    Busy {
        /// The credential.
        credential: CredentialId,
    },
    /// It says that it is locked, or would be after very few wrong passwords more: somebody else is trying some.
    NearLockout {
        /// The credential.
        credential: CredentialId,
        /// Wrong passwords it says it still takes.
        attempts_left: u32,
    },
    /// The camera offers only a method that would send the password readable.
    Unsafe {
        /// What it offers.
        offered: DeviceText,
    },
}

impl std::fmt::Display for WithheldReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let retry = |credential: &CredentialId| format!("'lenswarden credential retry {credential}' allows it again");
        match self {
            Self::NoneConfigured => f.write_str("it asks for a user, and its [[cameras]] block names no credential"),
            Self::NotAllowed { credential } => {
                write!(f, "it asks for a user, and the allow of credential {credential} leaves its address out")
            }
            Self::RefusedBefore { credential, .. } => {
                write!(f, "it refused credential {credential}; {}", retry(credential))
            }
            Self::Stopped { credential } => {
                let rest = retry(credential);
                write!(f, "credential {credential} is stopped everywhere, several cameras refused it; {rest}")
            }
            Self::Interrupted { credential } => {
                let rest = retry(credential);
                write!(f, "attempts with credential {credential} ended without an answer too often; {rest}")
            }
            Self::Busy { credential } => {
                write!(f, "other cameras were being asked with credential {credential}; it is tried at the next visit")
            }
            Self::NearLockout { credential, attempts_left: 0 } => {
                write!(f, "it says that it is locked; credential {credential} was not sent, the next visit asks again")
            }
            Self::NearLockout { credential, attempts_left } => {
                write!(
                    f,
                    "it says that it locks after {attempts_left} wrong passwords more; credential {credential} was not \
                     sent, the next visit asks again"
                )
            }
            Self::Unsafe { offered } => {
                write!(f, "it takes a password only in a way that shows it ({offered}): none was sent")
            }
        }
    }
}

/// What kind of mark of a maker or class was seen without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// HTTP `Server` header.
    HttpServer,
    /// Realm of `WWW-Authenticate`.
    Realm,
    /// Structure of the digest nonce, named by the pattern it matched.
    Nonce,
    /// Subject of the TLS leaf certificate.
    TlsSubject,
    /// Namespace or wording of a SOAP reply.
    Soap,
    /// RTSP `Server` header.
    RtspServer,
    /// Title of the page a web server shows.
    PageTitle,
    /// SNMPv2-MIB sysDescr.
    SystemDescription,
    /// SNMPv2-MIB sysObjectID, dotted.
    SystemObject,
    /// An object of a private MIB: `OID=value`.
    PrivateObject,
    /// Name the device gives itself over LLDP or SNMP.
    SystemName,
    /// XML namespace of ISAPI's deviceInfo.
    IsapiNamespace,
    /// deviceType of ISAPI's deviceInfo.
    IsapiType,
    /// Search domain of GetDNS, as the factory left it.
    Domain,
}

/// A mark of a maker or class that was seen without a password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// What kind.
    pub kind: MarkKind,
    /// What was seen, cleaned.
    pub text: DeviceText,
}
