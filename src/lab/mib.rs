//! An agent's variables: every row encoded once, in the order of their names, found by binary search.

use std::cmp::Ordering;

use async_snmp::pdu::{Pdu, PduBody, PduType};

use super::ber;

/// sysUpTime.0, the one value that moves.
const UPTIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];

const INTEGER: u8 = 0x02;
const NO_SUCH_INSTANCE: [u8; 2] = [0x81, 0];
const END_OF_VIEW: [u8; 2] = [0x82, 0];
const TIME_TICKS: u8 = 0x43;
const RESPONSE: u8 = 0xa2;
const TOO_BIG: i64 = 1;
const NOT_WRITABLE: i64 = 17;

/// Rows in the making.
#[derive(Debug, Default)]
pub(super) struct Draft(Vec<(Vec<u32>, Vec<u8>)>);

impl Draft {
    /// Adds a row: its name in parts, its encoded value.
    pub(super) fn add(&mut self, name: &[&[u32]], value: Vec<u8>) {
        self.0.push((name.concat(), value));
    }

    /// Adds an INTEGER.
    pub(super) fn integer(&mut self, name: &[&[u32]], value: u32) {
        self.add(name, ber::integer(INTEGER, i64::from(value)));
    }

    /// Adds a Gauge32.
    pub(super) fn gauge(&mut self, name: &[&[u32]], value: u32) {
        self.add(name, ber::integer(0x42, i64::from(value)));
    }

    /// Adds TimeTicks.
    pub(super) fn ticks(&mut self, name: &[&[u32]], value: u32) {
        self.add(name, ber::integer(TIME_TICKS, i64::from(value)));
    }

    /// Adds an OCTET STRING.
    pub(super) fn octets(&mut self, name: &[&[u32]], value: &[u8]) {
        self.add(name, ber::tlv(0x04, value));
    }

    /// Adds an OBJECT IDENTIFIER.
    pub(super) fn oid(&mut self, name: &[&[u32]], value: &[u32]) {
        self.add(name, ber::oid(value));
    }

    /// Adds an IpAddress.
    pub(super) fn address(&mut self, name: &[&[u32]], value: std::net::Ipv4Addr) {
        self.add(name, ber::tlv(0x40, &value.octets()));
    }

    /// Sorts and packs the rows.
    pub(super) fn finish(mut self) -> Mib {
        self.add(&[&UPTIME], ber::integer(TIME_TICKS, 0));
        self.0.sort();
        self.0.dedup_by(|a, b| a.0 == b.0);
        let uptime = self.0.binary_search_by(|(name, _)| name.as_slice().cmp(&UPTIME)).unwrap_or(usize::MAX);
        let mut mib = Mib { starts: Vec::with_capacity(self.0.len() + 1), bytes: Vec::new(), uptime };
        for (name, value) in &self.0 {
            mib.starts.push(u32::try_from(mib.bytes.len()).unwrap_or(u32::MAX));
            mib.bytes.extend(ber::tlv(0x30, &[ber::oid(name), value.clone()].concat()));
        }
        mib.starts.push(u32::try_from(mib.bytes.len()).unwrap_or(u32::MAX));
        mib.bytes.shrink_to_fit();
        mib
    }
}

/// All variables of an agent: VarBinds one after the other, and where each starts.
#[derive(Debug)]
pub(super) struct Mib {
    starts: Vec<u32>,
    bytes: Vec<u8>,
    /// The row of sysUpTime.
    uptime: usize,
}

/// How an agent answers, beside its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Hundredths of a second since it started.
    pub(super) uptime: u32,
    /// Most octets of a response PDU.
    pub(super) limit: usize,
    /// Answers tooBig to a GETBULK that would not fit whole, instead of fewer rows.
    pub(super) too_big: bool,
}

impl Mib {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn row(&self, at: usize) -> Option<&[u8]> {
        let (start, end) = (*self.starts.get(at)?, *self.starts.get(at + 1)?);
        self.bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    fn compare(&self, at: usize, name: &[u32]) -> Ordering {
        let content = self.row(at).and_then(ber::split).and_then(|(pair, _)| ber::split(pair)).map(|(name, _)| name);
        content.map_or(Ordering::Greater, |content| ber::arcs(content).cmp(name.iter().copied()))
    }

    /// The first row whose name is not before this one.
    fn at_or_after(&self, name: &[u32]) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.compare(middle, name) == Ordering::Less { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn after(&self, name: &[u32]) -> usize {
        let at = self.at_or_after(name);
        if at < self.len() && self.compare(at, name) == Ordering::Equal { at + 1 } else { at }
    }

    /// Appends a row as it stands now; false where there is none.
    fn emit(&self, at: usize, manner: Manner, out: &mut Vec<u8>) -> bool {
        let Some(row) = self.row(at) else { return false };
        if at == self.uptime {
            out.extend(binding(&UPTIME, &ber::integer(TIME_TICKS, i64::from(manner.uptime))));
        } else {
            out.extend(row);
        }
        true
    }

    /// The encoded Response-PDU to a request, or `None` to what deserves none (RFC 3416 §4.2).
    pub(super) fn respond(&self, request: &Pdu, manner: Manner) -> Option<Vec<u8>> {
        let names: Vec<&[u32]> = request.varbinds().iter().map(|binding| binding.oid.arcs()).collect();
        let mut rows = Vec::with_capacity(1400);
        match (request.pdu_type(), request.raw_body()) {
            (PduType::GetRequest, _) => {
                for name in &names {
                    let at = self.at_or_after(name);
                    if self.compare(at, name) != Ordering::Equal || !self.emit(at, manner, &mut rows) {
                        rows.extend(binding(name, &NO_SUCH_INSTANCE));
                    }
                }
            }
            (PduType::GetNextRequest, _) => {
                for name in &names {
                    if !self.emit(self.after(name), manner, &mut rows) {
                        rows.extend(binding(name, &END_OF_VIEW));
                    }
                }
            }
            (PduType::GetBulkRequest, PduBody::GetBulk { non_repeaters, max_repetitions }) => {
                let fitted = self.bulk(&names, *non_repeaters, *max_repetitions, manner, &mut rows);
                if !fitted && (manner.too_big || rows.is_empty()) {
                    return Some(response(request.request_id(), TOO_BIG, 0, &[]));
                }
            }
            (PduType::SetRequest, _) => return Some(response(request.request_id(), NOT_WRITABLE, 1, &[])),
            _ => return None,
        }
        if rows.len() > manner.limit {
            return Some(response(request.request_id(), TOO_BIG, 0, &[]));
        }
        Some(response(request.request_id(), 0, 0, &rows))
    }

    /// GETBULK (RFC 3416 §4.2.3). False if not all that was asked fitted.
    fn bulk(&self, names: &[&[u32]], non_repeaters: u32, repetitions: u32, manner: Manner, rows: &mut Vec<u8>) -> bool {
        let (once, repeated) = names.split_at(names.len().min(usize::try_from(non_repeaters).unwrap_or(usize::MAX)));
        for name in once {
            if !self.emit(self.after(name), manner, rows) {
                rows.extend(binding(name, &END_OF_VIEW));
            }
        }
        let mut next: Vec<(usize, &[u32])> = repeated.iter().map(|name| (self.after(name), *name)).collect();
        for _ in 0..repetitions {
            let mut ended = true;
            for (at, name) in &mut next {
                let before = rows.len();
                if self.emit(*at, manner, rows) {
                    *at += 1;
                    ended = false;
                } else {
                    // The name of an end is that of the last row before it, or the one asked for.
                    let last = self.len().checked_sub(1).filter(|last| self.compare(*last, name) == Ordering::Greater);
                    match last.and_then(|last| ber::split(self.row(last)?)).and_then(|(pair, _)| ber::split(pair)) {
                        Some((content, _)) => {
                            let name: Vec<u32> = ber::arcs(content).collect();
                            rows.extend(binding(&name, &END_OF_VIEW));
                        }
                        None => rows.extend(binding(name, &END_OF_VIEW)),
                    }
                }
                if rows.len() > manner.limit {
                    rows.truncate(before);
                    return false;
                }
            }
            if ended {
                break;
            }
        }
        true
    }
}

fn binding(name: &[u32], value: &[u8]) -> Vec<u8> {
    ber::tlv(0x30, &[ber::oid(name).as_slice(), value].concat())
}

fn response(request: i32, status: i64, index: i64, rows: &[u8]) -> Vec<u8> {
    let parts = [
        ber::integer(INTEGER, i64::from(request)),
        ber::integer(INTEGER, status),
        ber::integer(INTEGER, index),
        ber::tlv(0x30, rows),
    ];
    ber::tlv(RESPONSE, &parts.concat())
}

#[cfg(test)]
mod tests {
    use async_snmp::ber::Decoder;
    use async_snmp::pdu::{GetBulkPdu, RequestPdu};
    use async_snmp::{Oid, Value, VarBind, Version};

    use super::*;

    const MANNER: Manner = Manner { uptime: 4711, limit: 1300, too_big: false };

    fn mib() -> Mib {
        let mut draft = Draft::default();
        // 16384 comes after 16383, though not in the order of its octets.
        for index in [16_384, 1, 200, 16_383, 128, 127] {
            draft.integer(&[&[1, 3, 6, 1, 2, 1, 2, 2, 1, 1], &[index]], index);
        }
        draft.octets(&[&[1, 3, 6, 1, 2, 1, 1, 5, 0]], b"switch");
        draft.finish()
    }

    fn asked(mib: &Mib, request: &Pdu, manner: Manner) -> Pdu {
        let bytes = mib.respond(request, manner).unwrap();
        Pdu::decode(&mut Decoder::from_slice(&bytes)).unwrap()
    }

    #[test]
    fn getnext_walks_every_row_in_order_and_ends() {
        let mib = mib();
        let mut at = Oid::from_slice(&[1, 3]);
        let mut seen = Vec::new();
        loop {
            let request = RequestPdu::get_next(Version::V2c, 9, &[at.clone()]).unwrap();
            let answer = asked(&mib, &request.into_raw(), MANNER);
            assert_eq!((answer.request_id(), answer.error_status()), (9, 0));
            let binding = answer.varbinds()[0].clone();
            if binding.value == Value::EndOfMibView {
                assert_eq!(binding.oid, at);
                break;
            }
            assert!(binding.oid > at);
            at = binding.oid.clone();
            seen.push(binding.oid.arcs().last().copied().unwrap());
        }
        assert_eq!(seen, [0, 0, 1, 127, 128, 200, 16_383, 16_384]);
    }

    #[test]
    fn get_answers_what_is_there_and_says_what_is_not() {
        let names = [&[1, 3, 6, 1, 2, 1, 1, 5, 0][..], &UPTIME, &[1, 3, 6, 1, 2, 1, 1, 5]].map(Oid::from_slice);
        let answer = asked(&mib(), &RequestPdu::get(Version::V2c, 1, &names).unwrap().into_raw(), MANNER);
        let values: Vec<Value> = answer.varbinds().iter().map(|binding| binding.value.clone()).collect();
        assert_eq!(values, [Value::OctetString("switch".into()), Value::TimeTicks(4711), Value::NoSuchInstance]);
    }

    #[test]
    fn getbulk_gives_what_fits_or_says_too_big() {
        let mib = mib();
        let bulk = |manner| {
            let request =
                GetBulkPdu::new(Version::V2c, 5, 0, 50, vec![VarBind::null(Oid::from_slice(&[1, 3]))]).unwrap();
            asked(&mib, &request.into_raw(), manner)
        };
        let whole = bulk(MANNER);
        assert_eq!(whole.varbinds().len(), 9);
        assert_eq!(whole.varbinds()[8].value, Value::EndOfMibView);
        let short = bulk(Manner { limit: 60, ..MANNER });
        assert!((1..8).contains(&short.varbinds().len()), "{short:?}");
        let refused = bulk(Manner { limit: 60, too_big: true, ..MANNER });
        assert_eq!((refused.error_status(), refused.varbinds().len()), (1, 0));
    }

    #[test]
    fn setting_is_refused() {
        let set = vec![VarBind::new(Oid::from_slice(&UPTIME), Value::TimeTicks(0))];
        let answer = asked(&mib(), &RequestPdu::set(Version::V2c, 1, set).unwrap().into_raw(), MANNER);
        assert_eq!(answer.error_status(), 17);
    }
}
