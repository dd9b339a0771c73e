//! What an agent is asked with, in the protocol crate's terms. SNMPv3 passwords are made into keys once a credential.

use async_snmp::version::CommunityVersion;
use async_snmp::{MasterKeys, SecurityLevel, UsmConfig};

use super::community::Community;
use super::{Context, SnmpError};

/// SNMPv3 authentication protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SecurityAuth {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// SNMPv3 privacy protocols. Where the digest is shorter than the key, AES-192 and AES-256 come in two kinds: keys
/// extended after draft-blumenthal-aes-usm-04, and after draft-reeder-snmpv3-usm-3desede-00 as Cisco does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SecurityPriv {
    Des,
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
    Aes192Reeder,
    Aes256Reeder,
}

#[derive(Clone)]
enum Kind {
    V1(String),
    V2c(String),
    V3 { user: String, keys: Option<Box<MasterKeys>> },
}

/// What an agent is asked with. Not printed: it holds secrets.
#[derive(Clone)]
pub struct Security(Kind);

/// What the requests to an agent, or to one VLAN's context of it, carry.
pub(super) enum AskedWith {
    Community(Community),
    User(Box<UsmConfig>),
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Security(…)")
    }
}

fn auth_protocol(protocol: SecurityAuth) -> async_snmp::AuthProtocol {
    match protocol {
        SecurityAuth::Md5 => async_snmp::AuthProtocol::Md5,
        SecurityAuth::Sha1 => async_snmp::AuthProtocol::Sha1,
        SecurityAuth::Sha224 => async_snmp::AuthProtocol::Sha224,
        SecurityAuth::Sha256 => async_snmp::AuthProtocol::Sha256,
        SecurityAuth::Sha384 => async_snmp::AuthProtocol::Sha384,
        SecurityAuth::Sha512 => async_snmp::AuthProtocol::Sha512,
    }
}

fn priv_protocol(protocol: SecurityPriv) -> async_snmp::PrivProtocol {
    match protocol {
        SecurityPriv::Des => async_snmp::PrivProtocol::Des,
        SecurityPriv::TripleDes => async_snmp::PrivProtocol::Des3,
        SecurityPriv::Aes128 => async_snmp::PrivProtocol::Aes128,
        SecurityPriv::Aes192 => async_snmp::PrivProtocol::Aes192Blumenthal,
        SecurityPriv::Aes256 => async_snmp::PrivProtocol::Aes256Blumenthal,
        SecurityPriv::Aes192Reeder => async_snmp::PrivProtocol::Aes192Reeder,
        SecurityPriv::Aes256Reeder => async_snmp::PrivProtocol::Aes256Reeder,
    }
}

fn refused(error: &impl std::fmt::Display) -> SnmpError {
    SnmpError::Refused(format!("the credential cannot be used: {error}"))
}

impl Security {
    /// SNMPv1 with a community.
    #[must_use]
    pub fn v1(community: &str) -> Self {
        Self(Kind::V1(community.to_owned()))
    }

    /// SNMPv2c with a community.
    #[must_use]
    pub fn v2c(community: &str) -> Self {
        Self(Kind::V2c(community.to_owned()))
    }

    /// An SNMPv3 user. Makes the keys of its passwords, which takes milliseconds: once for a credential, not once for
    /// an agent.
    ///
    /// # Errors
    /// A password is too short, or there is privacy without authentication.
    pub fn v3(
        user: &str,
        auth: Option<(SecurityAuth, &str)>,
        privacy: Option<(SecurityPriv, &str)>,
    ) -> Result<Self, SnmpError> {
        let keys = match (auth, privacy) {
            (None, None) => None,
            (None, Some(_)) => return Err(refused(&"privacy needs authentication")),
            (Some((protocol, password)), privacy) => {
                let keys = MasterKeys::new(auth_protocol(protocol), password.as_bytes()).map_err(|e| refused(&e))?;
                Some(Box::new(match privacy {
                    None => keys,
                    Some((protocol, password)) => {
                        keys.with_privacy(priv_protocol(protocol), password.as_bytes()).map_err(|e| refused(&e))?
                    }
                }))
            }
        };
        Ok(Self(Kind::V3 { user: user.to_owned(), keys }))
    }

    /// The user's name, and whether the user has privacy; `None` without SNMPv3.
    pub(super) fn user(&self) -> Option<(&str, bool)> {
        match &self.0 {
            Kind::V3 { user, keys } => Some((user, keys.as_ref().is_some_and(|keys| keys.priv_protocol().is_some()))),
            Kind::V1(_) | Kind::V2c(_) => None,
        }
    }

    /// The community, without SNMPv3.
    pub(super) fn community(&self) -> Option<&str> {
        match &self.0 {
            Kind::V1(community) | Kind::V2c(community) => Some(community),
            Kind::V3 { .. } => None,
        }
    }

    /// The user's name, the security level of the credential and the keys for it; `None` without SNMPv3.
    pub(super) fn usm(&self) -> Option<(&str, SecurityLevel, Option<&MasterKeys>)> {
        let Kind::V3 { user, keys } = &self.0 else { return None };
        let level = match keys {
            None => SecurityLevel::NoAuthNoPriv,
            Some(keys) if keys.priv_protocol().is_none() => SecurityLevel::AuthNoPriv,
            Some(_) => SecurityLevel::AuthPriv,
        };
        Some((user, level, keys.as_deref()))
    }

    /// The same in a context: an SNMPv3 context, or the community with the context behind it.
    pub(super) fn asked_with(&self, context: Option<&Context>) -> Result<AskedWith, SnmpError> {
        let indexed = |version, community: &str| {
            AskedWith::Community(match context {
                Some(Context::Vlan(vlan)) => Community::new(version, &format!("{community}@{vlan}")),
                Some(Context::Named(name)) => Community::new(version, &format!("{community}@{name}")),
                None => Community::new(version, community),
            })
        };
        Ok(match &self.0 {
            Kind::V1(community) => indexed(CommunityVersion::V1, community),
            Kind::V2c(community) => indexed(CommunityVersion::V2c, community),
            Kind::V3 { user, keys } => {
                let config = UsmConfig::new(user.clone());
                let config = match keys {
                    Some(keys) => config.with_master_keys((**keys).clone()).map_err(|error| refused(&error))?,
                    None => config,
                };
                AskedWith::User(Box::new(match context {
                    Some(Context::Vlan(vlan)) => config.context_name(format!("vlan-{vlan}")),
                    Some(Context::Named(name)) => config.context_name(name.clone()),
                    None => config,
                }))
            }
        })
    }
}
