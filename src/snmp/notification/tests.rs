use async_snmp::pdu::NotificationPdu;
use async_snmp::{Oid as WireOid, VarBind};
use proptest::prelude::*;

use super::*;
use crate::snmp::{SecurityAuth, SecurityPriv};

const LINK_UP: [u32; 10] = [1, 3, 6, 1, 6, 3, 1, 1, 5, 4];

fn receiver() -> Receiver {
    Receiver::new(b"\x80\x00\x7e\xd9\x05receiver", 7).unwrap()
}

fn read(datagram: &[u8], security: &Security) -> Outcome {
    receiver().read(datagram, security, &mut Senders::default(), Instant::now())
}

fn message(community: &str, inform: bool) -> Vec<u8> {
    let link_up = WireOid::from_slice(&LINK_UP);
    let port = VarBind::new(WireOid::from_slice(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 3]), Wire::Integer(3));
    let pdu = if inform {
        NotificationPdu::inform(Version::V2c, 9, 100, &link_up, vec![port])
    } else {
        NotificationPdu::trap_v2(Version::V2c, 9, 100, &link_up, vec![port])
    };
    let community = community.as_bytes().to_vec();
    CommunityMessage::v2c(community, pdu.unwrap().into_raw()).unwrap().encode().unwrap().to_vec()
}

#[test]
fn a_trap_counts_with_the_community_and_only_with_it() {
    let trap = message("secret", false);
    let authentic = Outcome::Authentic { trap: Oid::new(&LINK_UP), reply: None };
    assert_eq!(read(&trap, &Security::v2c("secret")), authentic);
    assert_eq!(read(&trap, &Security::v1("secret")), authentic);
    for other in ["", "secre", "secret ", "Secret"] {
        assert_eq!(read(&trap, &Security::v2c(other)), Outcome::Refused, "{other}");
    }
    let user = Security::v3("secret", Some((SecurityAuth::Sha1, "password")), None).unwrap();
    assert_eq!(read(&trap, &user), Outcome::Refused, "a switch of SNMPv3 is not heard in the clear");
}

#[test]
fn an_inform_is_answered_with_what_it_said() {
    let Outcome::Authentic { trap, reply: Some(reply) } = read(&message("secret", true), &Security::v2c("secret"))
    else {
        panic!("no reply");
    };
    assert_eq!(trap, Oid::new(&LINK_UP));
    let reply = CommunityMessage::decode(reply.into(), DecodeConfig::STRICT).unwrap().value.into_pdu().unwrap();
    assert_eq!((reply.pdu_type(), reply.error_status(), reply.varbinds().len()), (PduType::Response, 0, 3));
    assert_eq!(reply.into_raw_parts().0, 9);
}

#[test]
fn a_request_is_no_notification() {
    let get = async_snmp::pdu::RequestPdu::get(Version::V2c, 1, &[WireOid::from_slice(&LINK_UP)]).unwrap();
    let get = CommunityMessage::v2c(b"secret".to_vec(), get.into_raw()).unwrap().encode().unwrap();
    assert_eq!(read(&get, &Security::v2c("secret")), Outcome::Refused);
}

proptest! {
    #[test]
    fn no_datagram_is_too_bad_to_be_read(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        cut in 0usize..80,
        flips in prop::collection::vec((0usize..200, 0u8..8), 0..4),
    ) {
        let user = Security::v3("u", Some((SecurityAuth::Sha256, "password")), Some((SecurityPriv::Aes128, "password")));
        let user = user.unwrap();
        prop_assert_ne!(
            std::mem::discriminant(&read(&noise, &user)),
            std::mem::discriminant(&Outcome::Authentic { trap: Oid::new(&[]), reply: None })
        );
        let mut trap = message("secret", true);
        for (at, bit) in flips {
            let at = at % trap.len();
            trap[at] ^= 1 << bit;
        }
        trap.truncate(trap.len().saturating_sub(cut));
        let _ = read(&trap, &Security::v2c("secret"));
        let _ = read(&trap, &user);
    }
}
