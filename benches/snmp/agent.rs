//! How the simulated agents read and wrap messages: v2c, and the user-based security model with an engine of its own
//! for each address.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Instant;

use async_snmp::v3::auth::{authenticate_message, verify_message};
use async_snmp::v3::{LocalizedKey, MasterKeys, PrivKey, SaltCounter, UsmSecurityParams, in_authoritative_time_window};
use async_snmp::{AuthProtocol, PrivProtocol};

use super::mib::{Mib, put, take};

/// The community all of them take.
pub(crate) const COMMUNITY: &str = "bench-read";
/// The user all of them know.
pub(crate) const USER: &str = "bench-monitor";
/// Its authentication password (SHA-256).
pub(crate) const AUTH_PASSWORD: &str = "bench-auth-secret";
/// Its privacy password (AES-128).
pub(crate) const PRIV_PASSWORD: &str = "bench-priv-secret";

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const BOOTS: u32 = 1;
const DIGEST: usize = 24;

/// An agent's engine.
struct Engine {
    id: Vec<u8>,
    auth: LocalizedKey,
    privacy: PrivKey,
}

/// All agents.
pub(crate) struct Agents {
    mib: Mib,
    keys: MasterKeys,
    salt: SaltCounter,
    started: Instant,
    engines: HashMap<Ipv4Addr, Engine>,
}

fn integer(out: &mut Vec<u8>, value: u32) {
    let octets = value.to_be_bytes();
    let skip = octets.iter().take(3).take_while(|octet| **octet == 0).count();
    let sign: &[u8] = if octets[skip] & 0x80 == 0 { &[] } else { &[0] };
    put(out, INTEGER, &[sign, &octets[skip..]].concat());
}

fn plain(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet))
}

/// What of a v3 request a reply needs.
struct Asked<'a> {
    message_id: &'a [u8],
    reportable: bool,
}

impl Agents {
    pub(crate) fn new(mib: Mib) -> Self {
        let keys = MasterKeys::new(AuthProtocol::Sha256, AUTH_PASSWORD.as_bytes())
            .and_then(|keys| keys.with_privacy(PrivProtocol::Aes128, PRIV_PASSWORD.as_bytes()))
            .unwrap();
        Self { mib, keys, salt: SaltCounter::new().unwrap(), started: Instant::now(), engines: HashMap::new() }
    }

    /// The answer of the agent at an address.
    pub(crate) fn answer(&mut self, address: Ipv4Addr, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut input = datagram;
        let (SEQUENCE, mut message) = take(&mut input)? else { return None };
        match take(&mut message)?.1 {
            [1] => self.community(message),
            [3] => self.user(address, datagram, message),
            _ => None,
        }
    }

    fn community(&self, mut message: &[u8]) -> Option<Vec<u8>> {
        let community = take(&mut message)?.1;
        if community != COMMUNITY.as_bytes() {
            return None;
        }
        let response = self.mib.respond(message)?;
        let mut content = Vec::with_capacity(response.len() + 32);
        content.extend([INTEGER, 1, 1]);
        put(&mut content, OCTETS, community);
        content.extend_from_slice(&response);
        let mut out = Vec::with_capacity(content.len() + 4);
        put(&mut out, SEQUENCE, &content);
        Some(out)
    }

    fn user(&mut self, address: Ipv4Addr, datagram: &[u8], mut message: &[u8]) -> Option<Vec<u8>> {
        let mut header = take(&mut message)?.1;
        let message_id = take(&mut header)?.1;
        let _size = take(&mut header)?;
        let flags = *take(&mut header)?.1.first()?;
        let asked = Asked { message_id, reportable: flags & 4 != 0 };
        let mut security = take(&mut message)?.1;
        let mut security = take(&mut security)?.1;
        let mut field = || take(&mut security).map(|(_, content)| content);
        let (engine_id, boots, time, user) = (field()?, plain(field()?), plain(field()?), field()?);
        let (_digest, salt) = (field()?, field()?);

        let keys = &self.keys;
        let engine = self.engines.entry(address).or_insert_with(|| {
            // RFC 3411 SnmpEngineID, format 1 (an IPv4 address) under the enterprise number for examples (RFC 5612).
            let id = [&[0x80, 0x00, 0x7e, 0xd9, 0x01], &address.octets()[..]].concat();
            let auth = keys.auth_master().localize(&id).unwrap();
            let privacy = PrivKey::from_master_key(keys.priv_master().unwrap(), PrivProtocol::Aes128, &id).unwrap();
            Engine { id, auth, privacy }
        });
        let seconds = u32::try_from(self.started.elapsed().as_secs()).unwrap() + 1;
        if engine_id != engine.id {
            return asked.reportable.then(|| report(&asked, engine, seconds, Seal::None, 4));
        }
        if user != USER.as_bytes() || flags & 3 != 3 {
            return asked.reportable.then(|| report(&asked, engine, seconds, Seal::None, 3));
        }
        let (offset, length) = UsmSecurityParams::find_auth_params_offset(datagram)?;
        if length != DIGEST || !verify_message(&engine.auth, datagram, offset, length).unwrap_or(false) {
            return asked.reportable.then(|| report(&asked, engine, seconds, Seal::None, 5));
        }
        if !in_authoritative_time_window(BOOTS, seconds, boots, time) {
            return asked.reportable.then(|| report(&asked, engine, seconds, Seal::Digest, 2));
        }
        let ciphertext = take(&mut message)?.1;
        let scoped = engine.privacy.decrypt(ciphertext, boots, time, salt).ok()?;
        let mut scoped = take(&mut &scoped[..]).map(|(_, content)| content.to_vec())?;
        let mut rest = scoped.as_slice();
        let _context = (take(&mut rest)?, take(&mut rest)?);
        let response = self.mib.respond(rest)?;

        scoped.clear();
        put(&mut scoped, OCTETS, &engine.id);
        put(&mut scoped, OCTETS, &[]);
        scoped.extend_from_slice(&response);
        let mut clear = Vec::with_capacity(scoped.len() + 4);
        put(&mut clear, SEQUENCE, &scoped);
        let (ciphertext, salt) = engine.privacy.encrypt_aes(&clear, BOOTS, seconds, &self.salt).ok()?;
        let mut body = Vec::with_capacity(ciphertext.len() + 4);
        put(&mut body, OCTETS, &ciphertext);
        Some(wrap(&asked, engine, seconds, Seal::Encrypted(&salt), &body))
    }
}

/// How a message is sealed.
#[derive(Clone, Copy)]
enum Seal<'a> {
    None,
    Digest,
    /// A digest as well, and this salt.
    Encrypted(&'a [u8]),
}

/// The whole message around a ScopedPDU.
fn wrap(asked: &Asked<'_>, engine: &Engine, seconds: u32, seal: Seal<'_>, body: &[u8]) -> Vec<u8> {
    let (flags, user, digest, salt): (u8, &[u8], &[u8], &[u8]) = match seal {
        Seal::None => (0, &[], &[], &[]),
        Seal::Digest => (1, USER.as_bytes(), &[0; DIGEST], &[]),
        Seal::Encrypted(salt) => (3, USER.as_bytes(), &[0; DIGEST], salt),
    };
    let mut usm = Vec::with_capacity(96);
    put(&mut usm, OCTETS, &engine.id);
    integer(&mut usm, BOOTS);
    integer(&mut usm, seconds);
    for field in [user, digest, salt] {
        put(&mut usm, OCTETS, field);
    }
    let mut security = Vec::with_capacity(100);
    put(&mut security, SEQUENCE, &usm);
    let mut header = Vec::with_capacity(24);
    put(&mut header, INTEGER, asked.message_id);
    integer(&mut header, 65_507);
    put(&mut header, OCTETS, &[flags]);
    integer(&mut header, 3);
    let mut content = Vec::with_capacity(body.len() + 160);
    content.extend([INTEGER, 1, 3]);
    put(&mut content, SEQUENCE, &header);
    put(&mut content, OCTETS, &security);
    content.extend_from_slice(body);
    let mut out = Vec::with_capacity(content.len() + 4);
    put(&mut out, SEQUENCE, &content);
    if flags & 1 == 1 {
        let (offset, length) = UsmSecurityParams::find_auth_params_offset(&out).unwrap();
        authenticate_message(&engine.auth, &mut out, offset, length).unwrap();
    }
    out
}

/// A Report-PDU of a usmStats counter (RFC 3414 §3.2).
fn report(asked: &Asked<'_>, engine: &Engine, seconds: u32, seal: Seal<'_>, counter: u8) -> Vec<u8> {
    let mut binding = Vec::new();
    put(&mut binding, 0x06, &[0x2b, 6, 1, 6, 3, 15, 1, 1, counter, 0]);
    put(&mut binding, 0x41, &[1]);
    let mut bindings = Vec::new();
    put(&mut bindings, SEQUENCE, &binding);
    let mut fields = vec![INTEGER, 1, 0, INTEGER, 1, 0, INTEGER, 1, 0];
    put(&mut fields, SEQUENCE, &bindings);
    let mut scoped = Vec::new();
    put(&mut scoped, OCTETS, &engine.id);
    put(&mut scoped, OCTETS, &[]);
    put(&mut scoped, 0xa8, &fields);
    let mut body = Vec::new();
    put(&mut body, SEQUENCE, &scoped);
    wrap(asked, engine, seconds, seal, &body)
}
