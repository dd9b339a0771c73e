//! The few BER forms an agent's table rows are made of. Whole messages are read and written by the protocol crate.

/// INTEGER, Counter32 and the like share one content form: the shortest two's complement.
pub(super) fn integer(tag: u8, value: i64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let sign: u8 = if value < 0 { 0xff } else { 0 };
    let mut start = 0;
    while start < 7 {
        let (Some(first), Some(second)) = (octets.get(start), octets.get(start + 1)) else { break };
        if *first != sign || (second ^ sign) & 0x80 != 0 {
            break;
        }
        start += 1;
    }
    tlv(tag, octets.get(start..).unwrap_or_default())
}

/// Tag, length, content.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 4);
    out.push(tag);
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    match length {
        [0, short @ 0..=0x7f] => out.push(short),
        [0, long] => out.extend([0x81, long]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend(content);
    out
}

/// OBJECT IDENTIFIER.
pub(super) fn oid(arcs: &[u32]) -> Vec<u8> {
    let mut content = Vec::with_capacity(arcs.len() + 8);
    let (first, rest) = match arcs {
        [a, b, rest @ ..] => (a * 40 + b, rest),
        _ => (0, [].as_slice()),
    };
    base128(first, &mut content);
    for arc in rest {
        base128(*arc, &mut content);
    }
    tlv(0x06, &content)
}

fn base128(arc: u32, out: &mut Vec<u8>) {
    for shift in [28, 21, 14, 7] {
        if arc >> shift != 0 {
            out.push(0x80 | u8::try_from((arc >> shift) & 0x7f).unwrap_or(0));
        }
    }
    out.push(u8::try_from(arc & 0x7f).unwrap_or(0));
}

/// Content of the first element in a buffer and what follows it.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [_, 0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        [_, 0x81, length, rest @ ..] | [_, length, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Arcs of an OBJECT IDENTIFIER's content, first pair split.
pub(super) fn arcs(content: &[u8]) -> impl Iterator<Item = u32> {
    let mut value = 0u32;
    let numbers = content.iter().filter_map(move |octet| {
        value = value << 7 | u32::from(octet & 0x7f);
        if octet & 0x80 == 0 { Some(std::mem::take(&mut value)) } else { None }
    });
    numbers.enumerate().flat_map(|(at, number)| {
        let pair = if at == 0 { [Some(number / 40), Some(number % 40)] } else { [Some(number), None] };
        pair.into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_shortest_form() {
        for (value, content) in [
            (0, vec![0x02, 1, 0]),
            (127, vec![0x02, 1, 0x7f]),
            (128, vec![0x02, 2, 0, 0x80]),
            (-1, vec![0x02, 1, 0xff]),
            (-129, vec![0x02, 2, 0xff, 0x7f]),
            (1_000_000_001, vec![0x02, 4, 0x3b, 0x9a, 0xca, 0x01]),
            (4_294_967_295, vec![0x02, 5, 0, 0xff, 0xff, 0xff, 0xff]),
        ] {
            assert_eq!(integer(0x02, value), content, "{value}");
        }
    }

    #[test]
    fn what_is_written_the_protocol_crate_reads() {
        for numbers in
            [vec![1, 3, 6, 1, 2, 1], vec![1, 0, 8802, 1, 1, 2], vec![1, 2, 840, 10006, 300, 43, 4_294_967_295]]
        {
            let written = oid(&numbers);
            let (content, rest) = split(&written).unwrap();
            assert!(rest.is_empty());
            assert_eq!(async_snmp::Oid::from_ber(content).unwrap().arcs(), numbers);
            assert_eq!(arcs(content).collect::<Vec<_>>(), numbers);
        }
        assert_eq!(split(&tlv(4, &[7; 300])).unwrap().0.len(), 300);
        assert_eq!(split(&tlv(4, &[7; 200])).unwrap().0.len(), 200);
    }
}
