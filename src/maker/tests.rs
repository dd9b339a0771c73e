//! Attribution over what real units say, retyped, and near misses.

use super::*;
use crate::observation::MarkKind;

const AT: Timestamp = Timestamp(1_795_500_000_000);

fn facts(mac: &str, said: [&str; 4]) -> Facts {
    let [manufacturer, model, firmware, serial] = said;
    let information = DeviceInformation {
        manufacturer: manufacturer.into(),
        model: model.into(),
        firmware: firmware.into(),
        serial: serial.into(),
        hardware: DeviceText::default(),
    };
    Facts {
        mac: mac.parse().ok().map(|mac| (mac, AT)),
        information: Some((information, AT)),
        onvif: Some(AT),
        ..Facts::default()
    }
}

fn with_mark(mut facts: Facts, kind: MarkKind, text: &str) -> Facts {
    facts.marks.push((Mark { kind, text: text.into() }, AT));
    facts
}

fn verdict(facts: &Facts) -> (Option<String>, Verdict, Option<String>, Class) {
    let found = Catalogue::shipped().attribute(facts);
    (found.maker.map(|id| id.to_string()), found.verdict, found.brand, found.class)
}

fn expect(facts: &Facts, maker: Option<&str>, wanted: Verdict, brand: Option<&str>, class: Class) {
    assert_eq!(verdict(facts), (maker.map(str::to_owned), wanted, brand.map(str::to_owned), class), "{facts:?}");
}

#[test]
fn a_maker_that_names_itself_is_confirmed() {
    let hik = facts(
        "44:19:b6:01:02:03",
        ["HIKVISION", "DS-2DF7286-A", "V5.1.8 build 140616", "DS-2DF7286-A20140705CCWR471699220B"],
    );
    expect(&hik, Some("hikvision"), Verdict::Confirmed, None, Class::Camera);
    let axis = facts("b8:a4:4f:01:02:03", ["AXIS", "P3818-PVE", "11.9.60", "B8A44F010203"]);
    expect(&axis, Some("axis"), Verdict::Confirmed, None, Class::Camera);
}

#[test]
fn a_rebrand_is_known_by_its_grammar_and_keeps_its_label() {
    let label = facts("", ["ONVIF", "ENP1A14-IR/25X", "V5.5.3 build 180822", "ENP1A14-IR/25X20190430AAWRD14878498W"]);
    expect(&label, Some("hikvision"), Verdict::Confirmed, None, Class::Camera);
    // One grammar alone is one mark.
    let one = facts("", ["ONVIF", "ENP1A14-IR/25X", "V5.5.3 build 180822", "17"]);
    expect(&one, Some("hikvision"), Verdict::Suspected, None, Class::Camera);
    let annke = facts("", ["ANNKE", "I91BM", "V5.5.3 build 180822", "I91BM20190430AAWR148784981"]);
    expect(&annke, Some("hikvision"), Verdict::Confirmed, Some("Annke"), Class::Camera);
    let honeywell =
        with_mark(facts("", ["Honeywell", "H4W2PER3", "1", "1"]), MarkKind::Realm, "Login to 3K04D2DPAZ5C8B1");
    expect(&honeywell, Some("dahua"), Verdict::Confirmed, Some("Honeywell"), Class::Camera);
    let uniview = facts("", ["NONE", "GX728MF-IR28", "IPC_G6106-B0005P11D1812C03", "210235T8HQ3197000191"]);
    expect(&uniview, Some("uniview"), Verdict::Confirmed, None, Class::Camera);
}

#[test]
fn a_name_or_a_serial_number_in_borrowed_letters_hides_nobody() {
    let dahua = facts("", ["D\u{430}hu\u{430}", "x", "1", "1"]);
    expect(&dahua, Some("dahua"), Verdict::Confirmed, None, Class::Camera);
    let hik = facts("", ["ONVIF", "E", "V5.5.3 build 180822", "E\u{200b}20190430\u{410}\u{410}WRD14878498W"]);
    assert_eq!(verdict(&hik).0.as_deref(), Some("hikvision"));
}

#[test]
fn a_prefix_alone_is_a_suspicion_and_no_class() {
    let bare = |mac: &str| Facts { mac: Some((mac.parse().unwrap(), AT)), ..Facts::default() };
    expect(&bare("44:19:b6:01:02:03"), Some("hikvision"), Verdict::Suspected, None, Class::Unknown);
    expect(&bare("46:19:b6:01:02:03"), None, Verdict::Unknown, None, Class::Unknown);
    // A mixed vendor's prefix is a hint: it makes nobody a suspect.
    let huawei = bare("00:e0:fc:01:02:03");
    expect(&huawei, None, Verdict::Unknown, None, Class::Unknown);
    assert_eq!(Catalogue::shipped().attribute(&huawei).evidence[0].grade, Grade::Hint);
}

#[test]
fn a_generic_name_says_nothing_and_a_contradiction_is_never_clean() {
    expect(&facts("", ["H264", "thing", "1", "1"]), None, Verdict::Unknown, None, Class::Camera);
    let liar = facts("44:19:b6:01:02:03", ["AXIS", "P3818-PVE", "11.9.60", "1"]);
    let found = Catalogue::shipped().attribute(&liar);
    assert_eq!(found.verdict, Verdict::Suspected);
    let makers: Vec<_> = found.evidence.iter().filter_map(|mark| mark.maker.as_ref().map(MakerId::as_str)).collect();
    assert!(makers.contains(&"axis") && makers.contains(&"hikvision"), "{makers:?}");
}

#[test]
fn near_misses_of_the_grammars_do_not_match() {
    for [model, firmware, serial] in [
        ["XDS-2CD2385", "V5.1.8 build 14061", "DS-2CD20140705CCXX471699220"],
        ["IPC-B140", "2.800.0000000.13", "3K04D2DPA5C8B1"],
        ["IPC", "IPC_G-B", "2102AB"],
    ] {
        expect(&facts("", ["", model, firmware, serial]), None, Verdict::Unknown, None, Class::Camera);
    }
}

#[test]
fn class_comes_from_words_of_its_own_then_from_its_switch() {
    expect(&facts("", ["Dahua", "NVR4108HS", "1", "1"]), Some("dahua"), Verdict::Confirmed, None, Class::Recorder);
    expect(
        &facts("", ["HIKVISION", "DS-KV6113", "1", "1"]),
        Some("hikvision"),
        Verdict::Confirmed,
        None,
        Class::Intercom,
    );
    let heard = |words: &str, capability: &str| Facts {
        neighbour: Some((words.into(), vec![capability.to_owned()], AT)),
        ..Facts::default()
    };
    expect(&heard("AXIS P1448-LE Network Camera", "station"), None, Verdict::Unknown, None, Class::Camera);
    expect(&heard("a phone", "telephone"), None, Verdict::Unknown, None, Class::Other);
    expect(&heard("a thing", "station"), None, Verdict::Unknown, None, Class::Unknown);
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let hik = with_mark(
        facts("44:19:b6:01:02:03", ["HIKVISION", "DS-2CD2385", "V5.1.8 build 140616", ""]),
        MarkKind::Nonce,
        "hikvision-pair",
    );
    let catalogue = Catalogue::shipped();
    let once = serde_json::to_string(&catalogue.attribute(&hik)).unwrap();
    assert_eq!(once, serde_json::to_string(&Catalogue::shipped().attribute(&hik)).unwrap());
}
