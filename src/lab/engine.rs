//! Reading SNMP messages and wrapping answers: communities, and the user-based security model as an authoritative
//! engine plays it (RFC 3414 §3.2). Octets and cryptography are the protocol crate's.

use async_snmp::ber::{Decoder, EncodeBuf};
use async_snmp::message::{
    CommunityMessage, MsgFlags, MsgGlobalData, RawMsgData, RawV3Message, ScopedPdu, SecurityLevel,
};
use async_snmp::pdu::{Pdu, ResponsePdu};
use async_snmp::v3::auth::{authenticate_message, verify_message};
use async_snmp::v3::{
    LocalizedKey, MasterKeys, PrivKey, SaltCounter, UsmSecurityParams, in_authoritative_time_window, report_oids,
};
use async_snmp::{AuthProtocol, DecodeConfig, MessageSize, Oid, PrivProtocol, Value, VarBind, Version};
use hyper::body::Bytes;

use super::mib::{Manner, Mib};
use crate::net::MacAddr;

/// The community every v2c switch of the lab takes.
pub(super) const COMMUNITY: &str = "lab-read";
/// The user every v3 switch of the lab knows.
pub(super) const USER: &str = "lab-monitor";
/// Its authentication password (SHA-256).
pub(super) const AUTH_PASSWORD: &str = "lab-auth-secret";
/// Its privacy password (AES-128).
pub(super) const PRIV_PASSWORD: &str = "lab-priv-secret";

/// Most octets of an answer on the wire.
const MESSAGE_LIMIT: usize = 1400;
/// Octets an answer's envelope takes at most.
const ENVELOPE: usize = 160;
/// What we say we can take ourselves (RFC 3412 msgMaxSize).
const CAPACITY: usize = 2048;

/// What all engines of the lab share.
pub(super) struct Security {
    master: MasterKeys,
    salt: SaltCounter,
}

impl Security {
    /// Derives the keys from the passwords, which takes a few milliseconds.
    pub(super) fn new() -> std::io::Result<Self> {
        let master = MasterKeys::new(AuthProtocol::Sha256, AUTH_PASSWORD.as_bytes())
            .and_then(|keys| keys.with_privacy(PrivProtocol::Aes128, PRIV_PASSWORD.as_bytes()))
            .map_err(std::io::Error::other)?;
        Ok(Self { master, salt: SaltCounter::new().map_err(std::io::Error::other)? })
    }
}

/// A switch's SNMPv3 engine: its id and the user's keys for it.
#[derive(Debug)]
pub(super) struct Engine {
    id: Bytes,
    auth: LocalizedKey,
    privacy: PrivKey,
}

/// An engine's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct EngineTime {
    /// snmpEngineBoots
    pub(super) boots: u32,
    /// snmpEngineTime, in seconds.
    pub(super) seconds: u32,
}

impl Engine {
    /// The engine of a switch. Its id is made of its MAC address (RFC 3411 SnmpEngineID, format 3) under the
    /// enterprise number that is set aside for examples (RFC 5612).
    pub(super) fn new(security: &Security, mac: MacAddr) -> Option<Self> {
        let mut id = vec![0x80, 0x00, 0x7e, 0xd9, 0x03];
        id.extend(mac.0);
        let auth = security.master.auth_master().localize(&id).ok()?;
        let privacy = PrivKey::from_master_key(security.master.priv_master()?, PrivProtocol::Aes128, &id).ok()?;
        Some(Self { id: id.into(), auth, privacy })
    }
}

/// Answers a v2c request. `None`: a wrong community or nonsense, which is silence.
pub(super) fn answer_community(datagram: Bytes, mib: &Mib, manner: Manner) -> Option<Vec<u8>> {
    let message = CommunityMessage::decode(datagram, DecodeConfig::STRICT).ok()?.value;
    if message.version() != Version::V2c || message.community().as_bytes() != COMMUNITY.as_bytes() {
        return None;
    }
    let answer = mib.respond(message.pdu().standard()?, limited(manner, MESSAGE_LIMIT))?;
    let mut out = EncodeBuf::with_capacity(answer.len() + 32);
    out.push_sequence(|out| {
        out.push_bytes(&answer);
        out.push_octet_string(COMMUNITY.as_bytes())?;
        out.push_integer(1);
        Ok(())
    })
    .ok()?;
    Some(out.finish_vec())
}

fn limited(manner: Manner, message: usize) -> Manner {
    Manner { limit: message.min(MESSAGE_LIMIT) - ENVELOPE, ..manner }
}

/// Answers a v3 request, or says by a report why not.
pub(super) fn answer_user(
    datagram: &Bytes,
    security: &Security,
    engine: &Engine,
    time: EngineTime,
    mib: &Mib,
    manner: Manner,
) -> Option<Vec<u8>> {
    let message = RawV3Message::decode(datagram.clone(), DecodeConfig::STRICT).ok()?.value;
    let usm = UsmSecurityParams::decode(message.security_params().clone(), DecodeConfig::STRICT).ok()?.value;
    let reply = Reply { message: &message, security, engine, time };
    let report = |counter: Oid, level: SecurityLevel| reply.report(counter, level);
    let plain = SecurityLevel::NoAuthNoPriv;
    if *usm.engine_id() != engine.id {
        return report(report_oids::unknown_engine_ids(), plain);
    }
    if usm.username().as_ref() != USER.as_bytes() {
        return report(report_oids::unknown_user_names(), plain);
    }
    if message.security_level() != SecurityLevel::AuthPriv {
        return report(report_oids::unsupported_sec_levels(), plain);
    }
    let (offset, length) = UsmSecurityParams::find_auth_params_offset(datagram)?;
    if !verify_message(&engine.auth, datagram, offset, length).unwrap_or(false) || length != engine.auth.mac_len() {
        return report(report_oids::wrong_digests(), plain);
    }
    if !in_authoritative_time_window(time.boots, time.seconds, usm.engine_boots(), usm.engine_time()) {
        return report(report_oids::not_in_time_windows(), SecurityLevel::AuthNoPriv);
    }
    let RawMsgData::Encrypted(ciphertext) = message.msg_data() else { return None };
    let plaintext =
        engine.privacy.decrypt(ciphertext, usm.engine_boots(), usm.engine_time(), usm.priv_params()).ok()?;
    // A wrong privacy password decrypts to nonsense, and to that a real agent is silent too.
    let scoped = ScopedPdu::decode(&mut Decoder::new(plaintext)).ok()?;
    let room = message.global_data().msg_max_size().as_usize();
    let answer = mib.respond(&scoped.pdu, limited(manner, room))?;
    reply.seal(&answer, &scoped.context_name, SecurityLevel::AuthPriv)
}

/// Where a reply comes from and what it answers.
struct Reply<'a> {
    message: &'a RawV3Message,
    security: &'a Security,
    engine: &'a Engine,
    time: EngineTime,
}

impl Reply<'_> {
    /// A Report-PDU with one counter, if the request may be reported on.
    fn report(&self, counter: Oid, level: SecurityLevel) -> Option<Vec<u8>> {
        // Bit 2 of msgFlags (RFC 3412 §6.4).
        if self.message.global_data().msg_flags().to_byte() & 0x04 == 0 {
            return None;
        }
        let pdu: Pdu = ResponsePdu::report(0, vec![VarBind::new(counter, Value::Counter32(1))]).ok()?.into();
        let mut out = EncodeBuf::new();
        ResponsePdu::try_from_raw(Version::V3, pdu).ok()?.encode(&mut out).ok()?;
        self.seal(&out.finish(), &[], level)
    }

    /// The whole message around an encoded PDU.
    fn seal(&self, pdu: &[u8], context: &[u8], level: SecurityLevel) -> Option<Vec<u8>> {
        let (id, EngineTime { boots, seconds }) = (&self.engine.id, self.time);
        let mut scoped = EncodeBuf::with_capacity(pdu.len() + 64);
        scoped
            .push_sequence(|out| {
                out.push_bytes(pdu);
                out.push_octet_string(context)?;
                out.push_octet_string(id)
            })
            .ok()?;
        let scoped = scoped.finish();
        let user: &[u8] = if level == SecurityLevel::NoAuthNoPriv { &[] } else { USER.as_bytes() };
        let mut usm = UsmSecurityParams::new(id.clone(), boots, seconds, Bytes::copy_from_slice(user)).ok()?;
        if level.requires_auth() {
            usm = usm.with_auth_placeholder(self.engine.auth.mac_len()).ok()?;
        }
        let encrypted = if level.requires_priv() {
            let (ciphertext, salt) =
                self.engine.privacy.encrypt_aes(&scoped, boots, seconds, &self.security.salt).ok()?;
            usm = usm.with_priv_params(salt).ok()?;
            Some(ciphertext)
        } else {
            None
        };
        let flags = MsgFlags::new(level, false);
        let header = MsgGlobalData::new(self.message.msg_id(), MessageSize::new(CAPACITY).ok()?, flags).ok()?;
        let usm = usm.encode().ok()?;
        let mut out = EncodeBuf::with_capacity(scoped.len() + 160);
        out.push_sequence(|out| {
            match &encrypted {
                Some(ciphertext) => out.push_octet_string(ciphertext)?,
                None => out.push_bytes(&scoped),
            }
            out.push_octet_string(&usm)?;
            header.encode(out)?;
            out.push_integer(3);
            Ok(())
        })
        .ok()?;
        let mut message = out.finish_vec();
        if level.requires_auth() {
            let (offset, length) = UsmSecurityParams::find_auth_params_offset(&message)?;
            authenticate_message(&self.engine.auth, &mut message, offset, length).ok()?;
        }
        Some(message)
    }
}
