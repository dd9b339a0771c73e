//! The little of BER (X.690) that is read and written here. What is read is not copied, and nothing is read past its
//! end.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Tag and length off the front; tags of several octets are nothing SNMP has.
pub(super) fn head(input: &mut &[u8]) -> Option<(u8, usize)> {
    let [tag, length, rest @ ..] = *input else { return None };
    if tag & 0x1f == 0x1f {
        return None;
    }
    if *length < 0x80 {
        *input = rest;
        return Some((*tag, usize::from(*length)));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
    if octets.is_empty() || octets.len() > 8 {
        return None;
    }
    *input = rest;
    let length = octets.iter().try_fold(0usize, |sum, octet| sum.checked_mul(256)?.checked_add(usize::from(*octet)))?;
    Some((*tag, length))
}

/// One element off the front: its tag and content.
pub(super) fn element<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let mut rest = *input;
    let (tag, length) = head(&mut rest)?;
    let (content, rest) = rest.split_at_checked(length)?;
    *input = rest;
    Some((tag, content))
}

/// The content of an element of this tag off the front.
pub(super) fn content<'a>(input: &mut &'a [u8], wanted: u8) -> Option<&'a [u8]> {
    element(input).filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
}

/// A number of up to eight octets in two's complement.
pub(super) fn signed(content: &[u8]) -> Option<i64> {
    let first = *content.first().filter(|_| content.len() <= 8)?;
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Some(content.iter().fold(sign, |value, octet| value << 8 | i64::from(*octet)))
}

/// An INTEGER of 32 bits off the front.
pub(super) fn integer(input: &mut &[u8]) -> Option<i32> {
    i32::try_from(signed(content(input, INTEGER)?)?).ok()
}

/// Tag, length, content behind what is there.
pub(super) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    // Longer than a datagram it cannot be.
    match u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes() {
        [0, short @ 0..=0x7f] => out.push(short),
        [0, long] => out.extend([0x81, long]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend_from_slice(content);
}

/// An INTEGER in its shortest form.
pub(super) fn put_integer(out: &mut Vec<u8>, value: i32) {
    let octets = value.to_be_bytes();
    let shorter = |octets: &[u8]| match octets {
        [0, next, ..] => next & 0x80 == 0,
        [0xff, next, ..] => next & 0x80 != 0,
        _ => false,
    };
    let mut shortest = octets.as_slice();
    while shorter(shortest) {
        shortest = shortest.get(1..).unwrap_or_default();
    }
    put(out, INTEGER, shortest);
}

/// A number in groups of seven bits, the highest first, as OIDs have their arcs.
pub(super) fn put_base128(out: &mut Vec<u8>, number: u64) {
    for shift in [28, 21, 14, 7] {
        if number >> shift != 0 {
            out.push(0x80 | u8::try_from(number >> shift & 0x7f).unwrap_or(0));
        }
    }
    out.push(u8::try_from(number & 0x7f).unwrap_or(0));
}

/// What an answer is told by to its request: msgID of SNMPv3 (RFC 3412 §6), request-id of the others (RFC 3416 §3).
pub(super) fn request_id(datagram: &[u8]) -> Option<i32> {
    let mut message = content(&mut &datagram[..], SEQUENCE)?;
    let version = integer(&mut message)?;
    let (tag, mut identified) = element(&mut message)?;
    match (version, tag) {
        (0 | 1, OCTETS) => {
            let (_, mut pdu) = element(&mut message)?;
            integer(&mut pdu)
        }
        (3, SEQUENCE) => integer(&mut identified),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_every_form_and_never_past_the_end() {
        for (octets, expected) in [
            (&[4, 2, 7, 8, 9][..], Some((4, &[7, 8][..]))),
            (&[4, 0x81, 1, 7], Some((4, &[7]))),
            (&[4, 0x84, 0, 0, 0, 1, 7, 9], Some((4, &[7]))),
            (&[4, 0], Some((4, &[]))),
            (&[4, 3, 7, 8], None),
            (&[4, 0x80, 7, 0, 0], None),
            (&[4, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7], None),
            (&[4, 0x88, 255, 255, 255, 255, 255, 255, 255, 255, 7], None),
            (&[0x1f, 1, 7], None),
            (&[4], None),
        ] {
            assert_eq!(element(&mut &octets[..]), expected, "{octets:?}");
        }
        assert_eq!(signed(&[0xff, 0x7f]), Some(-129));
        assert_eq!(signed(&[0, 0xff, 0xff, 0xff, 0xff]), Some(0xffff_ffff));
        assert_eq!((signed(&[]), signed(&[0; 9])), (None, None));
        assert_eq!(integer(&mut &[2, 5, 0, 0xff, 0xff, 0xff, 0xff][..]), None);
    }

    #[test]
    fn an_answer_is_told_by_its_number() {
        let community = [0x30, 12, 2, 1, 1, 4, 1, b'c', 0xa2, 4, 2, 2, 1, 4];
        assert_eq!(request_id(&community), Some(260));
        let user = [0x30, 9, 2, 1, 3, 0x30, 4, 2, 2, 1, 5];
        assert_eq!(request_id(&user), Some(261));
        for length in 0..community.len() {
            assert_eq!(request_id(&community[..length]), None);
        }
        assert_eq!(request_id(&[0x30, 9, 2, 1, 2, 0x30, 4, 2, 2, 1, 5]), None, "SNMPv2u is none of ours");
    }
}
