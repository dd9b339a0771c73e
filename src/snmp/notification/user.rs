//! Notifications of SNMPv3 users (RFC 3414 §3.2). The sender of a trap is the authoritative engine, of an inform the
//! receiver.

use std::time::Instant;

use async_snmp::ber::{Decoder, EncodeBuf};
use async_snmp::message::{
    MsgFlags, MsgGlobalData, RawMsgData, RawV3Message, ScopedPdu, SecurityLevel, V3Message, V3MessageData,
};
use async_snmp::pdu::{Pdu, PduType, ResponsePdu};
use async_snmp::v3::auth::{authenticate_message, verify_message};
use async_snmp::v3::{
    LocalizedKey, PrivKey, TIME_WINDOW, UsmSecurityParams, compute_engine_boots_time, in_authoritative_time_window,
    report_oids, validate_engine_id,
};
use async_snmp::{DecodeConfig, MessageSize, PrivProtocol, Value, VarBind, Version};
use bytes::Bytes;

use super::{Outcome, Receiver, response, trap_of};
use crate::snmp::Security;

/// What this receiver says it takes (RFC 3412 msgMaxSize).
const CAPACITY: usize = 8192;
/// snmpEngineBoots that says of itself that it can grow no more (RFC 3414 §2.2.2).
const LAST_BOOTS: u32 = 2_147_483_647;
/// Engines remembered of one sender: the members of a stack, and a replaced one.
const MOST_ENGINES: usize = 8;

/// The engines that one sender was heard as, and how far their clocks had come: what keeps an old trap from being
/// sent again (RFC 3414 §3.2 step 7b).
#[derive(Debug, Default)]
pub struct Senders(Vec<Sender>);

#[derive(Debug)]
struct Sender {
    engine: Bytes,
    boots: u32,
    seconds: u32,
    at: Instant,
}

impl Senders {
    /// Whether an authentic message is of now. The first of an engine always is.
    fn is_timely(&mut self, engine: &Bytes, boots: u32, seconds: u32, now: Instant) -> bool {
        if boots >= LAST_BOOTS {
            return false;
        }
        let Some(known) = self.0.iter_mut().find(|known| known.engine == *engine) else {
            if self.0.len() >= MOST_ENGINES {
                let oldest = self.0.iter().enumerate().min_by_key(|(_, known)| known.at).map(|(index, _)| index);
                oldest.map(|index| self.0.remove(index));
            }
            // A copy: a slice of the datagram would keep all of it.
            self.0.push(Sender { engine: Bytes::copy_from_slice(engine), boots, seconds, at: now });
            return true;
        };
        if (boots, seconds) > (known.boots, known.seconds) {
            (known.boots, known.seconds, known.at) = (boots, seconds, now);
            return true;
        }
        let passed = now.saturating_duration_since(known.at).as_secs();
        let reached = u64::from(known.seconds) + passed;
        boots == known.boots && u64::from(seconds) + u64::from(TIME_WINDOW) >= reached
    }
}

/// What a reply is sealed with.
struct Seal<'a> {
    level: SecurityLevel,
    user: &'a Bytes,
    auth: Option<&'a LocalizedKey>,
    privacy: Option<&'a PrivKey>,
}

impl Receiver {
    fn clock(&self) -> (u32, u32) {
        compute_engine_boots_time(self.boots, self.started.elapsed().as_secs())
    }

    pub(super) fn read_user(
        &self,
        datagram: &Bytes,
        security: &Security,
        senders: &mut Senders,
        now: Instant,
    ) -> Option<Outcome> {
        let message = RawV3Message::decode(datagram.clone(), DecodeConfig::DEFAULT).ok()?.value;
        let usm = UsmSecurityParams::decode(message.security_params().clone(), DecodeConfig::DEFAULT).ok()?.value;
        let own = *usm.engine_id() == self.id;
        let unknown = |user: &Bytes| {
            let seal = Seal { level: SecurityLevel::NoAuthNoPriv, user, auth: None, privacy: None };
            self.report(&message, report_oids::unknown_engine_ids(), &seal)
        };
        if validate_engine_id(usm.engine_id()).is_err() {
            return unknown(&Bytes::new());
        }
        let (name, level, keys) = security.usm()?;
        if usm.username().as_ref() != name.as_bytes() || message.security_level() != level {
            return None;
        }
        let (auth, privacy) = match keys.map(|keys| keys.localize(usm.engine_id())).transpose().ok()? {
            Some((auth, privacy)) => (Some(auth), privacy),
            None => (None, None),
        };
        let seal = Seal { level, user: usm.username(), auth: auth.as_ref(), privacy: privacy.as_ref() };
        if let Some(auth) = &auth {
            let (offset, length) = UsmSecurityParams::find_auth_params_offset(datagram)?;
            if length != auth.mac_len() || !verify_message(auth, datagram, offset, length).ok()? {
                return None;
            }
            if own {
                let (boots, seconds) = self.clock();
                if !in_authoritative_time_window(boots, seconds, usm.engine_boots(), usm.engine_time()) {
                    let seal = Seal { level: SecurityLevel::AuthNoPriv, privacy: None, ..seal };
                    return self.report(&message, report_oids::not_in_time_windows(), &seal);
                }
            } else if !senders.is_timely(usm.engine_id(), usm.engine_boots(), usm.engine_time(), now) {
                return None;
            }
        }
        let scoped = match (message.msg_data(), &privacy) {
            (RawMsgData::Encrypted(text), Some(key)) => {
                key.decrypt(text, usm.engine_boots(), usm.engine_time(), usm.priv_params()).ok()?
            }
            (RawMsgData::Plaintext { data, .. }, None) => data.clone(),
            _ => return None,
        };
        let ScopedPdu { context_engine_id, context_name, pdu, .. } =
            ScopedPdu::decode(&mut Decoder::new(scoped)).ok()?;
        let trap = trap_of(&pdu)?;
        match (pdu.pdu_type(), own) {
            // Its sender knows this engine by an id that it no longer has.
            (PduType::InformRequest, false) => return unknown(usm.username()),
            (PduType::TrapV2, true) => return None,
            _ => {}
        }
        let reply = match response(pdu, Version::V3) {
            Some(response) => {
                let scoped = ScopedPdu::new(context_engine_id, context_name, response);
                Some(self.seal(&message, scoped, &seal)?)
            }
            None => None,
        };
        Some(Outcome::Authentic { trap, reply })
    }

    /// A Report-PDU, where the message may be answered by one (RFC 3412 §7.1 step 3).
    fn report(&self, message: &RawV3Message, counter: async_snmp::Oid, seal: &Seal<'_>) -> Option<Outcome> {
        if !message.global_data().msg_flags().reportable {
            return None;
        }
        let pdu: Pdu = ResponsePdu::report(0, vec![VarBind::new(counter, Value::Counter32(1))]).ok()?.into();
        let scoped = ScopedPdu::new(self.id.clone(), Bytes::new(), pdu);
        self.seal(message, scoped, seal).map(Outcome::Report)
    }

    /// The message around a reply.
    fn seal(&self, asked: &RawV3Message, scoped: ScopedPdu, seal: &Seal<'_>) -> Option<Vec<u8>> {
        let (boots, seconds) = self.clock();
        let mut usm = UsmSecurityParams::new(self.id.clone(), boots, seconds, seal.user.clone()).ok()?;
        if let Some(auth) = seal.auth {
            usm = usm.with_auth_placeholder(auth.mac_len()).ok()?;
        }
        let data = match seal.privacy {
            None => V3MessageData::Plaintext(scoped),
            Some(key) => {
                let mut text = EncodeBuf::new();
                scoped.encode(&mut text).ok()?;
                let text = text.finish();
                let (text, salt) = match key.protocol() {
                    PrivProtocol::Des | PrivProtocol::Des3 => key.encrypt_des_family(&text, &self.des),
                    _ => key.encrypt_aes(&text, boots, seconds, &self.salt),
                }
                .ok()?;
                usm = usm.with_priv_params(salt).ok()?;
                V3MessageData::Encrypted(text)
            }
        };
        let flags = MsgFlags::new(seal.level, false);
        let header = MsgGlobalData::new(asked.msg_id(), MessageSize::new(CAPACITY).ok()?, flags).ok()?;
        let usm = usm.encode().ok()?;
        let message = match data {
            V3MessageData::Plaintext(scoped) => V3Message::new(header, usm, scoped),
            V3MessageData::Encrypted(text) => V3Message::new_with_opaque_encrypted_scoped_pdu(header, usm, text),
        };
        let mut message = message.ok()?.encode().ok()?.to_vec();
        if let Some(auth) = seal.auth {
            let (offset, length) = UsmSecurityParams::find_auth_params_offset(&message)?;
            authenticate_message(auth, &mut message, offset, length).ok()?;
        }
        (message.len() <= asked.global_data().msg_max_size().as_usize()).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_old_trap_is_not_timely_again() {
        let (mut senders, now) = (Senders::default(), Instant::now());
        let engine = Bytes::from_static(b"\x80\x00\x00\x00\x05one");
        let later = now + Duration::from_secs(1000);
        assert!(senders.is_timely(&engine, 3, 100, now));
        assert!(senders.is_timely(&engine, 3, 90, now), "overtaken on the way");
        assert!(!senders.is_timely(&engine, 2, 5000, now), "from before it started again");
        assert!(senders.is_timely(&engine, 3, 1100, later));
        assert!(!senders.is_timely(&engine, 3, 100, later), "sent again");
        assert!(senders.is_timely(&engine, 4, 0, later), "it started again");
        assert!(!senders.is_timely(&engine, LAST_BOOTS, 0, later));
        for number in 0..1000u32 {
            let other = Bytes::from(format!("other {number}"));
            assert!(senders.is_timely(&other, 1, 1, later));
        }
        assert_eq!(senders.0.len(), MOST_ENGINES);
    }
}
