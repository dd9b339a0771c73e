//! SADP, the discovery of Hikvision's platform: UDP port 37020, group 239.255.255.250, a bare XML document a datagram.
//! Only `inquiry` is ever written, which reads; the other types of the protocol write to the device.

use std::net::Ipv4Addr;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::Announcement;
use crate::net::DeviceText;

/// UDP port.
pub const PORT: u16 = 37_020;
/// Where its devices listen, and some of them answer.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// An answer has some 50 elements, none within another.
const MAX_ELEMENTS: usize = 256;
const MAX_TEXT: usize = 1_024;

/// The question, under a UUID of its own.
#[must_use]
pub fn inquiry(uuid: &str) -> String {
    let uuid = uuid.to_uppercase();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Probe><Uuid>{uuid}</Uuid><Types>inquiry</Types></Probe>")
}

/// Reads a datagram; `None` where it is no answer, whoever asked. An answer that is cut off tells what it tells.
#[must_use]
pub fn parse(datagram: &[u8]) -> Option<Announcement> {
    let text = String::from_utf8_lossy(datagram);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().allow_dangling_amp = true;
    let mut said = Announcement::default();
    let (mut name, mut value) = (String::new(), String::new());
    let (mut depth, mut elements) = (0usize, 0usize);
    let (mut answers, mut channels) = (false, 0u32);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) => {
                let local = start.local_name().into_inner();
                match depth {
                    0 if local != "ProbeMatch" => return None,
                    1 => {
                        local.clone_into(&mut name);
                        value.clear();
                    }
                    _ => {}
                }
                (depth, elements) = (depth + 1, elements + 1);
            }
            Event::Empty(_) => elements += 1,
            Event::End(_) => {
                if depth == 2 && ["AnalogChannelNum", "DigitalChannelNum"].contains(&name.as_str()) {
                    channels = channels.saturating_add(value.trim().parse().unwrap_or(0));
                } else if depth == 2 {
                    answers |= take(&mut said, &name, &value);
                }
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            Event::Text(piece) if depth == 2 => append(&mut value, &piece.into_inner()),
            Event::CData(piece) if depth == 2 => append(&mut value, &piece.into_inner()),
            Event::GeneralRef(reference) if depth == 2 => {
                let character = reference.resolve_char_ref().ok().flatten();
                match (character, resolve_predefined_entity(&reference.xml10_content())) {
                    (Some(character), _) => append(&mut value, character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => append(&mut value, text),
                    (None, None) => {}
                }
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
        if elements > MAX_ELEMENTS {
            break;
        }
    }
    if channels > 0 {
        said.kind = DeviceText::new(&format!("video channels: {channels}"));
    }
    answers.then_some(said)
}

fn append(value: &mut String, piece: &str) {
    if value.len() + piece.len() <= MAX_TEXT {
        value.push_str(piece);
    }
}

/// Keeps one element. `true` where only a device's answer has it.
fn take(said: &mut Announcement, name: &str, value: &str) -> bool {
    let text = || DeviceText::new(value);
    match name {
        // DeviceType is a number.
        "DeviceDescription" => said.model = text(),
        "DeviceSN" => said.serial = text(),
        "SoftwareVersion" => said.firmware = text(),
        "MAC" => said.mac = value.parse().ok(),
        // Other answers have been seen to spell it "flase".
        "Activated" => said.activated = Some(value.trim().eq_ignore_ascii_case("true")),
        _ => return false,
    }
    !value.trim().is_empty() && name != "Activated"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ProbeMatch>\n<Uuid>1</Uuid>\n<Types>inquiry</Types>\n\
        <DeviceType>141945</DeviceType>\n<DeviceDescription>DS-2CD0000-I</DeviceDescription>\n\
        <AnalogChannelNum>0</AnalogChannelNum><DigitalChannelNum>1</DigitalChannelNum>\n\
        <DeviceSN>DS-2CD0000-I20200101AAWRE00000000</DeviceSN>\n<MAC>44-19-b6-00-00-01</MAC>\n\
        <SoftwareVersion>V5.0.0build 200101 &amp; x</SoftwareVersion>\n<Activated>flase</Activated>\n</ProbeMatch>\n";

    #[test]
    fn an_answer_is_read_and_a_question_is_none() {
        let said = parse(ANSWER.as_bytes()).unwrap();
        assert_eq!(said.model.as_str(), "DS-2CD0000-I");
        assert_eq!(said.serial.as_str(), "DS-2CD0000-I20200101AAWRE00000000");
        assert_eq!(said.firmware.as_str(), "V5.0.0build 200101 & x");
        assert_eq!(said.mac.unwrap().to_string(), "44:19:b6:00:00:01");
        assert_eq!((said.kind.as_str(), said.activated), ("video channels: 1", Some(false)));
        let question = inquiry("13a888a9-f1b1-4020-ae9f-05607682d23b");
        assert!(question.contains("<Uuid>13A888A9-F1B1-4020-AE9F-05607682D23B</Uuid><Types>inquiry</Types>"));
        for other in [
            question.as_str(),
            "",
            "<ProbeMatch/>",
            "<ProbeMatch><Uuid>1</Uuid></ProbeMatch>",
            "<ProbeMatch><Activated>true</Activated></ProbeMatch>",
            "<ProbeMatch><a><MAC>44-19-b6-00-00-01</MAC></a></ProbeMatch>",
            "<!DOCTYPE x []><ProbeMatch><DeviceSN>1</DeviceSN></ProbeMatch>",
            "<Envelope><ProbeMatch><DeviceSN>1</DeviceSN></ProbeMatch></Envelope>",
        ] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_it_says_is_bounded_and_cleaned() {
        let long = format!("<ProbeMatch><DeviceSN>{}</DeviceSN><MAC>x</MAC>", "A".repeat(60_000));
        assert!(parse(long.as_bytes()).is_none_or(|said| said.serial.as_str().chars().count() <= 257));
        let hostile = "<ProbeMatch><DeviceDescription>a\u{1b}[2J\u{202e}b</DeviceDescription></ProbeMatch>";
        assert_eq!(parse(hostile.as_bytes()).unwrap().model.as_str(), "a\\u{1b}[2J\\u{202e}b");
        let many = format!("<ProbeMatch>{}<DeviceSN>1</DeviceSN></ProbeMatch>", "<x/>".repeat(MAX_ELEMENTS));
        assert_eq!(parse(many.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn cut_off_or_with_bits_flipped_it_never_panics(cut in 0usize..500, flips in proptest::collection::vec((0usize..500, 0u8..8), 0..4)) {
            let mut octets = ANSWER.as_bytes().to_vec();
            let length = octets.len();
            for (at, bit) in flips {
                octets[at % length] ^= 1 << bit;
            }
            octets.truncate(cut.min(length));
            let _ = parse(&octets);
        }
    }
}
