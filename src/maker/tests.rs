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
    expect(&dahua, Some("dahua"), Verdict::Suspected, None, Class::Camera);
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
    let axis = heard("AXIS P1448-LE Network Camera 10.6.0", "station");
    expect(&axis, Some("axis"), Verdict::Suspected, None, Class::Camera);
    expect(&heard("a phone", "telephone"), None, Verdict::Unknown, None, Class::Phone);
    expect(&heard("a thing", "station"), None, Verdict::Unknown, None, Class::Unknown);
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let hik = with_mark(
        facts("44:19:b6:01:02:03", ["HIKVISION", "DS-2CD2385", "V5.1.8 build 140616", ""]),
        MarkKind::Nonce,
        "hex-of-base64-of-hex-pair",
    );
    let catalogue = Catalogue::shipped();
    let once = serde_json::to_string(&catalogue.attribute(&hik)).unwrap();
    assert_eq!(once, serde_json::to_string(&Catalogue::shipped().attribute(&hik)).unwrap());
}

#[test]
fn one_statement_said_twice_is_one_mark() {
    // Its name over ONVIF, in a scope and in what its switch heard is one name.
    let mut named = facts("", ["HIKVISION", "", "", ""]);
    named.scopes = Some((vec!["onvif://www.onvif.org/name/HIKVISION".into()], AT));
    named.neighbour = Some(("Hikvision camera".into(), Vec::new(), AT));
    expect(&named, Some("hikvision"), Verdict::Suspected, None, Class::Camera);
    // A protocol mark alone is one mark too; with the model's form, which the scope gives, they are two.
    let scope = |scopes: &[&str]| Facts {
        scopes: Some((scopes.iter().map(|scope| (*scope).into()).collect(), AT)),
        onvif: Some(AT),
        ..Facts::default()
    };
    let unique = "onvif://www.onvif.org/extension/unique_identifier/1";
    expect(&scope(&[unique]), Some("dahua"), Verdict::Suspected, None, Class::Camera);
    let both = scope(&[unique, "onvif://www.onvif.org/hardware/IPC-HFW2431S-S2"]);
    expect(&both, Some("dahua"), Verdict::Confirmed, None, Class::Camera);
}

#[test]
fn maker_and_brand_stand_apart_and_a_label_does_not_outvote_the_device() {
    // The label's own maker, its model's form and its address block against two marks of the device itself.
    let mut resold = facts("00:07:5f:01:02:03", ["Bosch", "FLEXIDOME 4000", "2.800.0000000.13.R", "4K049EBPAG1D7E7"]);
    resold.marks.push((Mark { kind: MarkKind::Realm, text: "Login to 4K049EBPAG1D7E7".into() }, AT));
    expect(&resold, Some("dahua"), Verdict::Suspected, None, Class::Camera);
    let honeywell = Facts {
        mac: Some(("00:40:84:01:02:03".parse().unwrap(), AT)),
        scopes: Some((
            [
                "onvif://www.onvif.org/name/Honeywell",
                "onvif://www.onvif.org/hardware/H4W2PER3",
                "onvif://www.onvif.org/extension/Honeywell_mask/37777",
            ]
            .map(Into::into)
            .to_vec(),
            AT,
        )),
        ..Facts::default()
    };
    expect(&honeywell, Some("dahua"), Verdict::Confirmed, Some("Honeywell"), Class::Camera);
    // Verified for nearly all of it: the brand is one mark. Recalled: none.
    let amcrest = facts("9c:8e:cd:01:02:03", ["Amcrest", "IP8M-2496E", "", ""]);
    expect(&amcrest, Some("dahua"), Verdict::Suspected, Some("Amcrest"), Class::Camera);
    let abus = facts("8c:11:cb:01:02:03", ["ABUS", "IPCA54581A", "", ""]);
    expect(&abus, None, Verdict::Unknown, Some("ABUS"), Class::Camera);
    let hint = Catalogue::shipped().attribute(&abus).evidence;
    assert!(
        hint.iter().any(|mark| mark.grade == Grade::Hint && mark.text.contains("recalled, not verified")),
        "{hint:?}"
    );
}

#[test]
fn evidence_stands_strongest_first() {
    let mut hik = facts("44:19:b6:01:02:03", ["HIKVISION", "DS-2CD2385", "V5.1.8 build 140616", ""]);
    hik.marks.push((Mark { kind: MarkKind::Realm, text: "DVRNVRDVS".into() }, AT));
    hik.marks.push((Mark { kind: MarkKind::PrivateObject, text: "1.3.6.1.4.1.39165.1.1.0=DS-2CD2385".into() }, AT));
    let found = Catalogue::shipped().attribute(&hik).evidence;
    let sources: Vec<_> =
        found.iter().filter(|mark| mark.maker.is_some()).map(|mark| (mark.source.as_str(), mark.grade)).collect();
    assert_eq!(
        sources,
        [
            ("http realm", Grade::Strong),
            ("private mib", Grade::Strong),
            ("model grammar", Grade::Mark),
            ("private mib value", Grade::Mark),
            ("firmware grammar", Grade::Mark),
            ("ieee prefix", Grade::Mark),
            ("onvif manufacturer", Grade::Mark),
        ]
    );
}

#[test]
fn what_is_no_surveillance_equipment_is_only_said_so_where_nothing_speaks_for_it() {
    let marked = |kind: MarkKind, text: &str| with_mark(Facts::default(), kind, text);
    let class = |facts: &Facts| {
        let found = Catalogue::shipped().attribute(facts);
        (found.class, found.surveillance)
    };
    let described = |text: &str| class(&marked(MarkKind::SystemDescription, text));
    for (text, is) in [
        ("; AXIS P1354; Network Camera; 5.90.1.2; Jun 20 2016 13:04; 1BB.2; 1;", (Class::Camera, Surveillance::Yes)),
        ("; AXIS M7011; Network Video Encoder; 5.75.1; x; 1FC; 1;", (Class::Encoder, Surveillance::Yes)),
        ("; AXIS D2110-VE; Security Radar; 5.90.1.2; x; 1BB.2; 1;", (Class::Radar, Surveillance::No)),
        ("; AXIS C3003-E; Network Speaker; 1.65.032; x; 709; 1;", (Class::Speaker, Surveillance::No)),
        ("; AXIS A8105-E; Network Video Intercom; 1.65; x; 709; 1;", (Class::Intercom, Surveillance::Unknown)),
        ("Huawei Versatile Routing Platform Software", (Class::Switch, Surveillance::No)),
        ("Linux hostname 3.10.77", (Class::Unknown, Surveillance::Unknown)),
    ] {
        assert_eq!(described(text), is, "{text}");
    }
    // It calls itself a switch and answers as a camera: not said to be none.
    let mut both = marked(MarkKind::SystemDescription, "8-Port Gigabit Smart Switch");
    both.onvif = Some(AT);
    assert_eq!(class(&both), (Class::Switch, Surveillance::Unknown));
    // A door terminal that answers ONVIF is what its model says.
    assert_eq!(class(&facts("", ["Hikvision", "DS-K1T673DX-BR", "", ""])).0, Class::AccessControl);
    assert_eq!(class(&facts("", ["Dahua", "VTO2211G-WP", "", ""])), (Class::Intercom, Surveillance::Unknown));
    assert_eq!(class(&marked(MarkKind::HttpServer, "DNVRS-Webs")), (Class::Unknown, Surveillance::Yes));
}

fn overruled(facts: Facts, claim: &str) -> Facts {
    let overruling = Overruling {
        claim: claim.parse().unwrap(),
        until: "2027-01-01".parse().unwrap(),
        reason: "looked".into(),
        author: crate::net::Author { uid: 1, name: "jo".into(), login: None },
        at: AT,
        known: Catalogue::shipped().marks(&facts),
        reminded: None,
        ended: None,
    };
    Facts { overruling: Some(overruling), ..facts }
}

#[test]
fn a_persons_word_goes_before_the_marks_and_hides_none() {
    let catalogue = Catalogue::shipped();
    let plain = facts("44:19:b6:00:00:01", ["HIKVISION", "DS-2CD2143G2-I", "", ""]);
    let marks = catalogue.attribute(&plain);
    let told = |claim: &str| catalogue.attribute(&overruled(plain.clone(), claim));
    let word = |told: &Attribution| {
        (told.maker.as_ref().map(ToString::to_string).unwrap_or_default(), told.verdict, told.class, told.surveillance)
    };
    let axis = told("maker:axis");
    assert_eq!(word(&axis), ("axis".into(), Verdict::Confirmed, Class::Camera, Surveillance::Yes));
    assert_eq!((&axis.evidence[0].source[..], &axis.evidence[1..]), ("operator", &marks.evidence[..]));
    let phone = told("class:phone");
    assert_eq!(word(&phone), ("hikvision".into(), Verdict::Confirmed, Class::Phone, Surveillance::No));
    assert_eq!(word(&told("surveillance:no")).2, Class::Other, "no camera that is no camera");
    let door = told("class:intercom surveillance:no");
    assert_eq!((door.class, door.surveillance), (Class::Intercom, Surveillance::No));
    for bad in ["", "maker:", "class:zebra", "axis", "surveillance:perhaps"] {
        assert!(bad.parse::<Claim>().is_err(), "{bad}");
    }
}

#[test]
fn only_a_new_mark_that_speaks_against_it_ends_a_persons_word() {
    let catalogue = Catalogue::shipped();
    let plain = facts("44:19:b6:00:00:01", ["HIKVISION", "DS-2CD2143G2-I", "", ""]);
    let said = overruled(plain, "maker:axis surveillance:no");
    assert_eq!(catalogue.contrary(&said), None, "what was there when it was said");
    let same = with_mark(said.clone(), MarkKind::HttpServer, "a server of nobody's");
    assert_eq!(catalogue.contrary(&same), None);
    let against = with_mark(said.clone(), MarkKind::IsapiNamespace, "http://www.hikvision.com/ver20/XMLSchema");
    assert!(catalogue.contrary(&against).is_some_and(|why| why.contains("isapi namespace")));
    let mut another = said.clone();
    another.information.as_mut().unwrap().0.model = "DS-7608NI-K2".into();
    assert!(catalogue.contrary(&another).is_some_and(|why| why.contains("DS-7608NI-K2")), "another model");
    let mut unknown = said;
    unknown.overruling.as_mut().unwrap().claim.maker = Some("nobody".into());
    assert!(catalogue.contrary(&unknown).is_some_and(|why| why.contains("no 'nobody'")), "never clean by a stranger");
}
