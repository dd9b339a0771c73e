//! What an SNMPv3 agent reports when it will not answer (RFC 3412 §6.4, RFC 3414 §3.2): read off the datagram itself.
//!
//! A report about a wrong user or password cannot be authenticated, so the protocol crate rightly drops it and the
//! request ends in silence. It still says what to mend. Nothing but words is ever made of it.

use std::sync::{Mutex, PoisonError};

use async_snmp::v3::ReportStatus;

use super::ber::{INTEGER, OBJECT, OCTETS, SEQUENCE, content};

/// The counter a report names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// usmStatsUnsupportedSecLevels
    UnsupportedLevel,
    /// usmStatsNotInTimeWindows
    NotInTimeWindow,
    /// usmStatsUnknownUserNames
    UnknownUser,
    /// usmStatsUnknownEngineIDs
    UnknownEngine,
    /// usmStatsWrongDigests
    WrongDigest,
    /// usmStatsDecryptionErrors
    Decryption,
    /// snmpUnknownContexts
    UnknownContext,
}

/// 1.3.6.1.6.3.15.1.1 (usmStats), as BER has it; one of 1 to 6 and an instance follow.
const USM_STATS: [u8; 8] = [0x2b, 6, 1, 6, 3, 15, 1, 1];
/// 1.3.6.1.6.3.12.1.5 (snmpUnknownContexts).
const UNKNOWN_CONTEXTS: [u8; 8] = [0x2b, 6, 1, 6, 3, 12, 1, 5];

const REPORT: u8 = 0xa8;

impl Report {
    /// The report a datagram is, if it is one in clear text.
    pub(super) fn of(datagram: &[u8]) -> Option<Self> {
        let mut message = datagram;
        let mut message = content(&mut message, SEQUENCE)?;
        if content(&mut message, INTEGER)? != [3] {
            return None;
        }
        let _header = content(&mut message, SEQUENCE)?;
        let _security = content(&mut message, OCTETS)?;
        let mut scoped = content(&mut message, SEQUENCE)?;
        let _engine = content(&mut scoped, OCTETS)?;
        let _context = content(&mut scoped, OCTETS)?;
        let mut pdu = content(&mut scoped, REPORT)?;
        for _ in ["request-id", "error-status", "error-index"] {
            content(&mut pdu, INTEGER)?;
        }
        let mut bindings = content(&mut pdu, SEQUENCE)?;
        let mut binding = content(&mut bindings, SEQUENCE)?;
        Self::named(content(&mut binding, OBJECT)?)
    }

    /// The same, of a report that the crate has authenticated.
    pub(super) fn authenticated(status: &ReportStatus) -> Option<Self> {
        const UNKNOWN_CONTEXTS: [u32; 10] = [1, 3, 6, 1, 6, 3, 12, 1, 5, 0];
        Some(match status {
            ReportStatus::UnsupportedSecurityLevel { .. } => Self::UnsupportedLevel,
            ReportStatus::NotInTimeWindow { .. } => Self::NotInTimeWindow,
            ReportStatus::UnknownUserName { .. } => Self::UnknownUser,
            ReportStatus::UnknownEngineId { .. } => Self::UnknownEngine,
            ReportStatus::WrongDigest { .. } => Self::WrongDigest,
            ReportStatus::DecryptionError { .. } => Self::Decryption,
            ReportStatus::Other { oid, .. } if UNKNOWN_CONTEXTS.starts_with(oid.arcs()) && oid.arcs().len() >= 9 => {
                Self::UnknownContext
            }
            _ => return None,
        })
    }

    fn named(object: &[u8]) -> Option<Self> {
        if object.starts_with(&UNKNOWN_CONTEXTS) {
            return Some(Self::UnknownContext);
        }
        Some(match object.strip_prefix(&USM_STATS)?.first()? {
            1 => Self::UnsupportedLevel,
            2 => Self::NotInTimeWindow,
            3 => Self::UnknownUser,
            4 => Self::UnknownEngine,
            5 => Self::WrongDigest,
            6 => Self::Decryption,
            _ => return None,
        })
    }

    /// What it says of this user, and what to mend.
    pub(super) fn words(self, user: &str, privacy: bool) -> String {
        let user = crate::net::text::clean(user);
        match self {
            Self::UnsupportedLevel => format!(
                "it reports that user '{user}' may not ask at this security level (usmStatsUnsupportedSecLevels): \
                 give the credential auth and priv as the switch has them"
            ),
            Self::UnknownUser => format!(
                "it reports unknown user '{user}' (usmStatsUnknownUserNames): add the user on the switch or correct \
                 the credential's user"
            ),
            Self::WrongDigest => format!(
                "it reports a wrong authentication password or protocol of user '{user}' (usmStatsWrongDigests)"
            ),
            Self::Decryption => {
                format!("it reports a wrong privacy password or protocol of user '{user}' (usmStatsDecryptionErrors)")
            }
            Self::NotInTimeWindow if privacy => format!(
                "it takes the authentication of user '{user}' and then says nothing more (usmStatsNotInTimeWindows): \
                 a wrong privacy password or protocol looks like this, and so does a switch whose clock or count of \
                 reboots goes backwards"
            ),
            Self::NotInTimeWindow => "it reports that requests are outside its time window \
                 (usmStatsNotInTimeWindows): its clock or its count of reboots goes backwards"
                .to_owned(),
            Self::UnknownEngine if privacy => format!(
                "it tells its engine and then says nothing to user '{user}' (usmStatsUnknownEngineIDs): a wrong \
                 privacy password or protocol looks like this, and so does an access list"
            ),
            Self::UnknownEngine => format!(
                "it tells its engine and then says nothing to user '{user}' (usmStatsUnknownEngineIDs): is there an \
                 access list?"
            ),
            Self::UnknownContext => "it reports that it has no such context (snmpUnknownContexts)".to_owned(),
        }
    }
}

/// The last report heard on the way to an answer.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<Option<Report>>);

impl Heard {
    /// Looks at a datagram that came in answer to a request under way.
    pub(super) fn listen(&self, datagram: &[u8]) {
        if let Some(report) = Report::of(datagram) {
            self.set(Some(report));
        }
    }

    /// Forgets it: an answer came.
    pub(super) fn forget(&self) {
        self.set(None);
    }

    /// The last one, if there was any since an answer.
    pub(super) fn last(&self) -> Option<Report> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, report: Option<Report>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An unauthenticated report of one usmStats counter.
    fn datagram(object: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()][..], content].concat();
        let binding = wrap(SEQUENCE, &[wrap(OBJECT, object), vec![0x41, 1, 7]].concat());
        let numbers = [2, 1, 0, 2, 1, 0, 2, 1, 0];
        let pdu = wrap(REPORT, &[&numbers[..], &wrap(SEQUENCE, &binding)].concat());
        let scoped = wrap(SEQUENCE, &[wrap(OCTETS, b"engine"), wrap(OCTETS, b""), pdu].concat());
        let header = wrap(SEQUENCE, &[2, 1, 9, 2, 2, 5, 0xc0, 4, 1, 0, 2, 1, 3]);
        wrap(SEQUENCE, &[vec![2, 1, 3], header, wrap(OCTETS, &wrap(SEQUENCE, &[])), scoped].concat())
    }

    #[test]
    fn every_counter_is_named() {
        let expected = [
            (1, Report::UnsupportedLevel),
            (2, Report::NotInTimeWindow),
            (3, Report::UnknownUser),
            (4, Report::UnknownEngine),
            (5, Report::WrongDigest),
            (6, Report::Decryption),
        ];
        for (arc, report) in expected {
            assert_eq!(Report::of(&datagram(&[&USM_STATS[..], &[arc, 0]].concat())), Some(report));
            assert!(report.words("monitor\u{1b}[2J", true).contains("usmStats"));
            assert!(!report.words("monitor\u{1b}[2J", true).contains('\u{1b}'));
        }
        assert_eq!(Report::of(&datagram(&[&UNKNOWN_CONTEXTS[..], &[0]].concat())), Some(Report::UnknownContext));
        assert_eq!(Report::of(&datagram(&[&USM_STATS[..], &[9, 0]].concat())), None);
        assert_eq!(Report::of(&datagram(&[0x2b, 6, 1, 2, 1])), None);
    }

    #[test]
    fn no_cut_and_no_flipped_bit_is_read_past_its_end() {
        let whole = datagram(&[&USM_STATS[..], &[5, 0]].concat());
        for length in 0..whole.len() {
            assert_eq!(Report::of(&whole[..length]), None, "{length}");
        }
        for at in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            let _ = Report::of(&flipped);
        }
        for garbage in [&b"\x30\x82"[..], b"", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", &[0x30; 2000]] {
            assert_eq!(Report::of(garbage), None);
        }
    }
}
