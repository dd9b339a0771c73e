//! DHIP, the discovery of Dahua's platform: UDP port 37810, group 239.255.255.251, 32 octets of header and then JSON.
//! Only `DHDiscover.search` is ever written, which reads.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::Announcement;
use crate::net::DeviceText;

/// UDP port.
pub const PORT: u16 = 37_810;
/// Where its devices listen.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 251);
const MAGIC: &[u8] = b"DHIP";
const HEADER: u8 = 32;
/// Word for word as Dahua's own tool has it: some firmware answers nothing else.
const SEARCH: &str = "{ \"method\" : \"DHDiscover.search\", \"params\" : { \"mac\" : \"\", \"uni\" : 1 } }\n";
const ANSWER: &[u8] = b"client.notifyDevInfo";

/// The question: its header holds its own length and, twice, that of what follows.
#[must_use]
pub fn search() -> Vec<u8> {
    let length = u32::try_from(SEARCH.len()).unwrap_or_default().to_le_bytes();
    let nothing = [0u8; 4];
    let head: [&[u8]; 8] = [&[HEADER, 0, 0, 0], MAGIC, &nothing, &nothing, &length, &nothing, &length, &nothing];
    [head.concat(), SEARCH.as_bytes().to_vec()].concat()
}

/// Reads a datagram; `None` where it is no answer. One whose JSON is broken, as some firmware sends it, is an answer
/// that tells nothing more.
#[must_use]
pub fn parse(datagram: &[u8]) -> Option<Announcement> {
    let (head, rest) = datagram.split_at_checked(usize::from(HEADER))?;
    if head.get(4..8) != Some(MAGIC) || !rest.windows(ANSWER.len()).any(|window| window == ANSWER) {
        return None;
    }
    let body = rest.iter().position(|octet| *octet == b'{').and_then(|start| rest.get(start..))?;
    // What follows the document (a line's end, a NUL) is passed over.
    let value = serde_json::Deserializer::from_slice(body).into_iter::<Value>().next();
    let Some(Ok(document)) = value else { return Some(Announcement::default()) };
    if document.get("method").and_then(Value::as_str).map(str::as_bytes) != Some(ANSWER) {
        return None;
    }
    let text = |key: &str| {
        let value = document.get("params").and_then(|params| params.get("deviceInfo")).and_then(|info| info.get(key));
        DeviceText::new(value.and_then(Value::as_str).unwrap_or_default())
    };
    Some(Announcement {
        // Vendor names the brand that sold it; Manufacturer is often the same, or a word for none.
        manufacturer: text("Vendor").non_empty().unwrap_or_else(|| text("Manufacturer")),
        model: text("DeviceType"),
        serial: text("SerialNo"),
        firmware: text("Version"),
        kind: text("DeviceClass"),
        mac: document.get("mac").and_then(Value::as_str).and_then(|mac| mac.parse().ok()),
        activated: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(body: &str) -> Vec<u8> {
        let mut octets = vec![0u8; 32];
        octets[0] = 32;
        octets[4..8].copy_from_slice(b"DHIP");
        octets.extend(body.bytes());
        octets
    }

    const BODY: &str = "{\"mac\":\"3c:ef:8c:00:00:01\",\"method\":\"client.notifyDevInfo\",\"params\":{\"deviceInfo\":{\
        \"DeviceClass\":\"IPC\",\"DeviceType\":\"IPC-X\",\"SerialNo\":\"S1\",\"Vendor\":\"Private\",\"Version\":\"2.800.R\",\
        \"Manufacturer\":\"Other\"}}}";

    #[test]
    fn the_question_is_framed_as_devices_want_it() {
        let octets = search();
        let head = [
            32, 0, 0, 0, b'D', b'H', b'I', b'P', 0, 0, 0, 0, 0, 0, 0, 0, 73, 0, 0, 0, 0, 0, 0, 0, 73, 0, 0, 0, 0, 0, 0,
            0,
        ];
        assert_eq!((octets.len(), &octets[..32]), (105, &head[..]));
        assert_eq!(parse(&octets), None, "an echo of it is no answer");
    }

    #[test]
    fn an_answer_is_read_whatever_follows_it() {
        for tail in ["", "\n\0", "\0\0garbage"] {
            let said = parse(&answer(&format!("{BODY}{tail}"))).unwrap();
            let texts = [&said.manufacturer, &said.model, &said.serial, &said.firmware, &said.kind];
            assert_eq!(texts.map(DeviceText::as_str), ["Private", "IPC-X", "S1", "2.800.R", "IPC"]);
            assert_eq!(said.mac.unwrap().to_string(), "3c:ef:8c:00:00:01");
        }
        let broken = BODY.replace("\"2.800.R\"", "\"2.800.R");
        assert_eq!(parse(&answer(&broken)), Some(Announcement::default()), "broken JSON is an answer all the same");
        let deep = format!("{{\"method\":\"client.notifyDevInfo\",\"x\":{}", "[".repeat(50_000));
        assert_eq!(parse(&answer(&deep)), Some(Announcement::default()));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        assert_eq!(parse(BODY.as_bytes()), None, "without a header");
        assert_eq!(parse(&answer("{}")), None);
        assert_eq!(parse(&answer("{\"method\":\"x\",\"y\":\"client.notifyDevInfo\"}")), None);
        assert_eq!(parse(b"DHIP"), None);
        let odd = parse(&answer("{\"method\":\"client.notifyDevInfo\",\"mac\":7,\"params\":[1]}"));
        assert_eq!(odd, Some(Announcement::default()));
    }

    proptest! {
        #[test]
        fn cut_off_or_with_bits_flipped_it_never_panics(cut in 0usize..300, flips in proptest::collection::vec((0usize..300, 0u8..8), 0..4)) {
            let mut octets = answer(BODY);
            let length = octets.len();
            for (at, bit) in flips {
                octets[at % length] ^= 1 << bit;
            }
            octets.truncate(cut.min(length));
            let _ = parse(&octets);
        }
    }
}
