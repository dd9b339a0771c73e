//! What every simulated agent says: rows encoded once, in the order of their OIDs.

use std::collections::HashMap;

/// Most octets of a response's rows: with its envelope it stays under 1,472.
const MOST_OCTETS: usize = 1_390;

/// dot1qTpFdbEntry (RFC 4363)
pub(crate) const FDB_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1];
/// Columns of it that have rows: more than there are, so that a walk of six at once can be measured.
pub(crate) const FDB_COLUMNS: std::ops::RangeInclusive<u32> = 2..=7;

/// Ports of the switch.
const PORTS: u32 = 52;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const GAUGE: u8 = 0x42;
const TICKS: u8 = 0x43;

/// Tag, length, content.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u16::try_from(content.len()).unwrap().to_be_bytes() {
        [0, short @ 0..=0x7f] => out.push(short),
        [0, long] => out.extend([0x81, long]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend_from_slice(content);
}

/// One element off the front: its tag and content.
pub(crate) fn take<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (length, rest) = match *input {
        [_, 0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        [_, 0x81, length, rest @ ..] => (usize::from(*length), rest),
        [_, length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    let tag = input[0];
    *input = after;
    Some((tag, content))
}

fn arcs_of(content: &[u8]) -> Vec<u32> {
    let mut arcs = Vec::new();
    let mut value = 0u32;
    for octet in content {
        value = value << 7 | u32::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if arcs.is_empty() {
                arcs.extend([value / 40, value % 40]);
            } else {
                arcs.push(value);
            }
            value = 0;
        }
    }
    arcs
}

fn object(arcs: &[u32]) -> Vec<u8> {
    let mut out = vec![u8::try_from(arcs[0] * 40 + arcs[1]).unwrap()];
    for arc in &arcs[2..] {
        for shift in [28, 21, 14, 7] {
            if arc >> shift != 0 {
                out.push(0x80 | u8::try_from(arc >> shift & 0x7f).unwrap());
            }
        }
        out.push(u8::try_from(arc & 0x7f).unwrap());
    }
    out
}

/// A value's tag and content.
type Value = (u8, Vec<u8>);

fn number(tag: u8, value: u32) -> Value {
    let octets = value.to_be_bytes();
    let skip = octets.iter().take(3).take_while(|octet| **octet == 0).count();
    let mut content = octets[skip..].to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    (tag, content)
}

fn text(text: impl AsRef<[u8]>) -> Value {
    (OCTETS, text.as_ref().to_vec())
}

struct Row {
    arcs: Vec<u32>,
    /// The whole VarBind.
    encoded: Vec<u8>,
}

/// The rows, and where each is.
pub(crate) struct Mib {
    rows: Vec<Row>,
    /// The number of the row of each OID, as BER has the OID.
    at: HashMap<Vec<u8>, usize>,
}

impl Mib {
    /// A switch of 52 ports with so many addresses in its forwarding table.
    pub(crate) fn switch(addresses: u32) -> Self {
        let mut rows: Vec<(Vec<u32>, Value)> = Vec::new();
        let mut add = |head: &[u32], index: &[u32], value| rows.push(([head, index].concat(), value));
        let system = [1, 3, 6, 1, 2, 1, 1];
        add(&system, &[1, 0], text("simulated switch"));
        add(&system, &[2, 0], (OBJECT, object(&[1, 3, 6, 1, 4, 1, 32473, 1])));
        add(&system, &[3, 0], number(TICKS, 8_640_000));
        add(&system, &[5, 0], text("switch"));
        for port in 1..=PORTS {
            let mac = [2, 0, 0, 0, 0, u8::try_from(port).unwrap()];
            let entry = [1, 3, 6, 1, 2, 1, 2, 2, 1];
            let columns = [
                (2, text(format!("GigabitEthernet1/0/{port}"))),
                (3, number(INTEGER, 6)),
                (6, text(mac)),
                (7, number(INTEGER, 1)),
                (8, number(INTEGER, 1 + port % 2)),
            ];
            for (column, value) in columns {
                add(&entry, &[column, port], value);
            }
            let entry = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
            let columns = [
                (1, text(format!("Gi1/0/{port}"))),
                (15, number(GAUGE, 1000)),
                (18, text(format!("room {port} camera"))),
            ];
            for (column, value) in columns {
                add(&entry, &[column, port], value);
            }
            add(&[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2], &[port], number(INTEGER, port));
            add(&[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1, 1], &[port], number(GAUGE, 120));
        }
        for column in FDB_COLUMNS {
            for address in 0..addresses {
                let [_, _, high, low] = address.to_be_bytes().map(u32::from);
                let value = if column == 3 { 3 } else { address % PORTS + 1 };
                let index = [column, 120, 0x44, 0x19, 0xb6, 0x70, high, low];
                add(&FDB_ENTRY, &index, number(INTEGER, value));
            }
        }
        rows.sort();
        let mut at = HashMap::new();
        let rows = rows.into_iter().enumerate().map(|(number, (arcs, (tag, content)))| {
            let name = object(&arcs);
            let mut binding = Vec::new();
            put(&mut binding, OBJECT, &name);
            put(&mut binding, tag, &content);
            let mut encoded = Vec::new();
            put(&mut encoded, 0x30, &binding);
            at.insert(name, number);
            Row { arcs, encoded }
        });
        let rows = rows.collect();
        Self { rows, at }
    }

    fn after(&self, name: &[u8]) -> usize {
        match self.at.get(name) {
            Some(number) => number + 1,
            None => {
                let arcs = arcs_of(name);
                self.rows.partition_point(|row| row.arcs <= arcs)
            }
        }
    }

    /// A Response-PDU for a PDU.
    pub(crate) fn respond(&self, pdu: &[u8]) -> Option<Vec<u8>> {
        let mut pdu = pdu;
        let (kind, mut fields) = take(&mut pdu)?;
        let (_, id) = take(&mut fields)?;
        let (_, non_repeaters) = take(&mut fields)?;
        let (_, repetitions) = take(&mut fields)?;
        let (_, mut asked) = take(&mut fields)?;
        let mut names = Vec::new();
        while let Some((_, mut binding)) = take(&mut asked) {
            names.push(take(&mut binding)?.1);
        }
        let plain = |octets: &[u8]| octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        let rows = match kind {
            0xa0 => self.get(&names),
            0xa1 => self.next(&names, names.len(), 1),
            0xa5 => self.next(&names, plain(non_repeaters), plain(repetitions)),
            _ => return None,
        };
        let mut content = Vec::with_capacity(rows.len() + 24);
        put(&mut content, INTEGER, id);
        content.extend([INTEGER, 1, 0, INTEGER, 1, 0]);
        put(&mut content, 0x30, &rows);
        let mut out = Vec::with_capacity(content.len() + 4);
        put(&mut out, 0xa2, &content);
        Some(out)
    }

    fn get(&self, names: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for name in names {
            match self.at.get(*name) {
                Some(number) => out.extend_from_slice(&self.rows[*number].encoded),
                // noSuchInstance
                None => empty(name, 0x81, &mut out),
            }
        }
        out
    }

    fn next(&self, names: &[&[u8]], non_repeaters: usize, repetitions: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(MOST_OCTETS);
        for (place, name) in names.iter().enumerate() {
            let times = if place < non_repeaters { 1 } else { repetitions };
            let at = self.after(name);
            let rows = self.rows.get(at..(at + times).min(self.rows.len())).unwrap_or_default();
            for row in rows {
                if out.len() + row.encoded.len() > MOST_OCTETS {
                    return out;
                }
                out.extend_from_slice(&row.encoded);
            }
            if rows.len() < times {
                // endOfMibView
                empty(name, 0x82, &mut out);
            }
        }
        out
    }
}

/// A VarBind of an exception.
fn empty(name: &[u8], exception: u8, out: &mut Vec<u8>) {
    let mut binding = Vec::new();
    put(&mut binding, OBJECT, name);
    put(&mut binding, exception, &[]);
    put(out, 0x30, &binding);
}
