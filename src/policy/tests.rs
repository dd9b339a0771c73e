//! Each rule on both sides of its border.

use super::*;
use crate::config::{NetworkKind, Sensitivity, Site};
use crate::inventory::{OwnWords, Place};
use crate::maker::{Facts, Verdict};
use crate::net::{DeviceId, Timestamp};
use crate::observation::DeviceInformation;

const NOW: Timestamp = Timestamp(1_795_500_000_000);

fn estate() -> Estate {
    let site = |id: &str, sensitivity| Site {
        id: id.into(),
        name: id.into(),
        sensitivity,
        basis: None,
        owner: String::new(),
        address_ranges: Vec::new(),
    };
    let sites = [site("hq", Sensitivity::Sensitive), site("depot", Sensitivity::Standard)];
    Estate::new(&sites, Vec::new())
}

fn device(manufacturer: Option<&str>, mac: &str, site: &str, kind: Option<NetworkKind>) -> Device {
    // A name and a model's form: two marks.
    let models = [
        ("HIKVISION", "DS-2CD2143G2-I"),
        ("AXIS", "P3245-LVE"),
        ("EZVIZ", "CS-C6N-A0-1C2WFR"),
        ("Uniview", "IPC2124LR3-PF28M-D"),
        ("REOLINK", "RLC-410W"),
        ("Dahua intercom", "VTO2211G-WP"),
        ("Huawei", "S5735"),
    ];
    let said = |name: &str| DeviceInformation {
        manufacturer: name.into(),
        model: models.iter().find(|(maker, _)| *maker == name).map_or("", |(_, model)| model).into(),
        ..DeviceInformation::default()
    };
    let facts = Facts {
        mac: mac.parse().ok().map(|mac| (mac, NOW)),
        information: manufacturer.map(|name| (said(name), NOW)),
        onvif: manufacturer.map(|_| NOW),
        ..Facts::default()
    };
    Device {
        id: DeviceId(1),
        mac: mac.parse().ok(),
        ips: Vec::new(),
        endpoint: None,
        attribution: Catalogue::shipped().attribute(&facts),
        facts,
        hostname: None,
        own: OwnWords::default(),
        place: Place { site: Some(site.into()), network_kind: kind, since: NOW, ..Place::default() },
        first_seen: NOW,
        appeared: None,
    }
}

fn policies(id: &str) -> Policies {
    Policies::parse(&[(id.to_owned(), Policies::shipped_text(id).unwrap().to_owned())]).unwrap()
}

fn broken(device: &Device) -> Vec<(String, Severity)> {
    let found = policies("uk-gsg-2022").judge(device, &estate(), &Catalogue::shipped());
    found.into_iter().map(|violation| (violation.rule.to_string(), violation.severity)).collect()
}

fn expect(device: &Device, rules: &[(&str, Severity)], status: Status) {
    let wanted: Vec<_> = rules.iter().map(|(rule, severity)| ((*rule).to_owned(), *severity)).collect();
    assert_eq!(broken(device), wanted);
    assert_eq!(policies("uk-gsg-2022").status(device, &Catalogue::shipped()), status);
}

#[test]
fn a_restricted_camera_is_judged_by_its_site() {
    let hik = |site| device(Some("HIKVISION"), "44:19:b6:01:02:03", site, None);
    expect(&hik("hq"), &[("remove-sensitive", Severity::Action)], Status::Restricted);
    expect(&hik("depot"), &[("review-other", Severity::Review)], Status::Restricted);
    expect(&hik("nowhere"), &[], Status::Restricted);
}

#[test]
fn the_core_network_is_for_no_camera_of_whatever_maker() {
    let core = Some(NetworkKind::Core);
    expect(&device(Some("AXIS"), "", "hq", core), &[("no-core-network", Severity::Breach)], Status::NotRestricted);
    expect(&device(Some("AXIS"), "", "hq", Some(NetworkKind::Surveillance)), &[], Status::NotRestricted);
    expect(&device(Some("NONE"), "", "hq", core), &[("no-core-network", Severity::Breach)], Status::Unknown);
}

#[test]
fn deployment_after_the_day_is_a_breach_and_being_there_before_is_not() {
    let mut hik = device(Some("HIKVISION"), "", "hq", None);
    let both = [("cease-deployment", Severity::Breach), ("remove-sensitive", Severity::Action)];
    hik.appeared = Some(NOW);
    expect(&hik, &both, Status::Restricted);
    hik.appeared = Some("2022-11-24T23:59:59Z".parse().unwrap());
    expect(&hik, &both[1..], Status::Restricted);
    hik.appeared = Some("2022-11-25T00:00:00Z".parse().unwrap());
    expect(&hik, &both, Status::Restricted);
}

#[test]
fn doubt_is_a_review_and_never_clean() {
    let prefix = device(None, "44:19:b6:01:02:03", "hq", Some(NetworkKind::Core));
    expect(
        &prefix,
        &[("no-core-network", Severity::Review), ("remove-sensitive", Severity::Review)],
        Status::Suspected,
    );
    let linked = device(Some("REOLINK"), "", "hq", None);
    expect(&linked, &[("remove-sensitive", Severity::Review)], Status::Suspected);
    let contradicted = device(Some("AXIS"), "44:19:b6:01:02:03", "hq", None);
    assert_eq!(contradicted.attribution.verdict, Verdict::Suspected);
    expect(&contradicted, &[("remove-sensitive", Severity::Review)], Status::Suspected);
    expect(&device(None, "ac:cc:8e:01:02:03", "hq", None), &[], Status::Unknown);
    expect(&device(None, "", "hq", None), &[], Status::Unknown);
}

#[test]
fn what_is_gone_breaks_nothing() {
    let mut hik = device(Some("HIKVISION"), "", "hq", Some(NetworkKind::Core));
    hik.place.gone = Some(NOW);
    expect(&hik, &[], Status::Restricted);
}

#[test]
fn named_companies_and_their_affiliates_fall_under_section_889() {
    let judge = |name: &str| policies("us-889").status(&device(Some(name), "", "hq", None), &Catalogue::shipped());
    assert_eq!(judge("EZVIZ"), Status::Restricted);
    assert_eq!(judge("Uniview"), Status::NotRestricted);
}

#[test]
fn a_bad_pack_says_all_that_is_wrong() {
    let rule = "[[rule]]\nid='a'\ntext='t'\nwho='restricted'\nseverity='breach'\n";
    let head = "id='x'\ntitle='t'\nissuer='i'\ndate=2022-11-24\nsource='s'\nversion=1\n";
    let parse = |text: String| Policies::parse(&[("x.toml".into(), text)]).unwrap_err();
    let problems = parse(format!("{head}[match]\n{rule}{rule}"));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(parse(format!("{head}[match]\njurisdiction='prc'\n{rule}colour='red'"))[0].message.contains("colour"));
    assert!(parse(format!("{}[match]\njurisdiction='prc'\n{rule}", head.replace("2022-11-24", "1"))).len() == 1);
    let good = Policies::shipped_text("uk-gsg-2022").unwrap().to_owned();
    assert!(
        Policies::parse(&[("a".into(), good.clone()), ("b".into(), good)]).unwrap_err()[0].message.contains("twice")
    );
}

/// Facts that confirm a maker and its class.
fn known(information: [&str; 2], description: &str) -> Device {
    use crate::observation::{Mark, MarkKind};
    let [manufacturer, model] = information;
    let mut device = device(None, "", "hq", None);
    if !manufacturer.is_empty() {
        let said = DeviceInformation {
            manufacturer: manufacturer.into(),
            model: model.into(),
            ..DeviceInformation::default()
        };
        device.facts.information = Some((said, NOW));
        device.facts.onvif = Some(NOW);
    }
    if !description.is_empty() {
        for (kind, text) in
            [(MarkKind::SystemDescription, description), (MarkKind::SystemObject, "1.3.6.1.4.1.2011.2.23.294")]
        {
            device.facts.marks.push((Mark { kind, text: text.into() }, NOW));
        }
    }
    device.attribution = Catalogue::shipped().attribute(&device.facts);
    device
}

fn by(device: &Device) -> (Status, Vec<String>, Vec<String>) {
    let found = Policies::shipped().verdicts(&device.attribution, &Catalogue::shipped());
    let ids = |packs: Vec<PackId>| packs.iter().map(ToString::to_string).collect();
    (found.status, ids(found.restricted_by), ids(found.review_by))
}

fn texts(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn a_pack_is_about_its_kinds_of_equipment() {
    // A switch of a company named for telecommunications: packs about cameras say nothing of it.
    let switch = known(["", ""], "Huawei Versatile Routing Platform Software");
    assert_eq!(by(&switch), (Status::Restricted, texts(&["us-889", "us-fcc-covered"]), Vec::new()));
    let door = known(["Hikvision", "DS-K1T671M"], "");
    let elsewhere = ["uk-gsg-2022", "us-889", "us-fcc-covered", "ca-2025", "scot-2023", "tw-2021"];
    assert_eq!(by(&door), (Status::Restricted, texts(&["au-2023"]), texts(&elsewhere)));
    let intercom = known(["Dahua", "VTO2211G-WP"], "");
    let of_dahua: Vec<_> = elsewhere.into_iter().filter(|id| !["ca-2025", "scot-2023"].contains(id)).collect();
    assert_eq!(by(&intercom), (Status::Restricted, texts(&["au-2023"]), texts(&of_dahua)));
    let radar = known(["AXIS", "AXIS D2110-VE"], "");
    assert_eq!(by(&radar), (Status::NotRestricted, Vec::new(), Vec::new()));
}

#[test]
fn named_makers_stand_for_those_they_control_only_where_the_pack_says_so() {
    let ezviz = known(["EZVIZ", "CS-C6N-A0-1C2WFR"], "");
    let all = ["uk-gsg-2022", "us-889", "us-fcc-covered", "au-2023", "tw-2021"];
    assert_eq!(by(&ezviz), (Status::Restricted, texts(&all), Vec::new()));
    let hik = known(["HIKVISION", "DS-2CD2143G2-I"], "");
    assert!(by(&hik).1.contains(&"ca-2025".to_owned()));
}

#[test]
fn a_hint_is_for_a_person_and_never_clears() {
    let abus = known(["ABUS", "IPCA54581A"], "");
    let named = ["uk-gsg-2022", "us-889", "us-fcc-covered", "ca-2025", "au-2023", "scot-2023", "tw-2021"];
    assert_eq!(by(&abus), (Status::Unknown, Vec::new(), texts(&named)));
    assert_eq!(broken(&abus), []);
    // A mixed vendor's prefix hints at a pack about telecommunications, and at none about cameras.
    let phone = device(None, "00:e0:fc:01:02:03", "hq", None);
    assert_eq!(by(&phone), (Status::Unknown, Vec::new(), texts(&["us-889", "us-fcc-covered"])));
    // Withdrawn models of a maker elsewhere: confirmed, and still not said to be clean.
    let divar = known(["Bosch", "DIVAR network 3000"], "");
    assert_eq!(by(&divar).0, Status::Unknown, "{:?}", divar.attribution);
}

#[test]
fn every_shipped_pack_reads_and_only_the_first_is_in_force_unasked() {
    let read = Policies::shipped();
    let ids: Vec<_> = read.packs().iter().map(|pack| pack.id.to_string()).collect();
    assert_eq!(ids, Policies::shipped_ids());
    let told = |pack: &Pack| !pack.source.is_empty() && !pack.issuer.is_empty() && pack.basis.is_some();
    assert!(read.packs().iter().all(told));
    assert!(Policies::shipped_text(crate::config::DEFAULT_PACK).is_some());
}

#[test]
fn a_pack_judges_from_its_first_day_to_its_last_and_no_longer() {
    let text = |days: &str| {
        format!(
            "id='own'\ntitle='t'\nissuer='i'\nsource='s'\nversion=1\n{days}[match]\njurisdiction='prc'\n\
             [[rule]]\nid='r'\ntext='t'\nseverity='breach'\nwho='restricted'\n"
        )
    };
    let read = |days: &str| Policies::parse(&[("own.toml".into(), text(days))]);
    let both = read("in-force-from=2027-01-01\nin-force-until=2027-12-31\n").unwrap();
    let hik = device(Some("HIKVISION"), "", "hq", None);
    let on = |packs: &Policies, day: &str| {
        let packs = packs.on(day.parse().unwrap());
        let (found, status) =
            (packs.judge(&hik, &estate(), &Catalogue::shipped()), packs.status(&hik, &Catalogue::shipped()));
        (found.len(), status)
    };
    // Before its first day it does not even make a maker a restricted one.
    assert_eq!(on(&both, "2026-12-31"), (0, Status::NotRestricted));
    assert_eq!(on(&both, "2027-01-01"), (1, Status::Restricted));
    assert_eq!(on(&both, "2027-12-31"), (1, Status::Restricted));
    assert_eq!(on(&both, "2028-01-01"), (0, Status::NotRestricted));
    assert_eq!(on(&read("").unwrap(), "0001-01-01"), (1, Status::Restricted));
    let problems = read("in-force-from=2027-01-01\nin-force-until=2026-12-31\n").unwrap_err();
    assert_eq!(problems[0].message, "it ends before it begins");
}

#[test]
fn a_rule_may_be_about_a_class_and_about_how_sure_the_maker_is() {
    let with = |condition: &str| {
        let text = format!(
            "id='own'\ntitle='t'\nissuer='i'\nsource='s'\nversion=1\n[match]\njurisdiction='prc'\n\
             [[rule]]\nid='r'\ntext='t'\nwho='any-surveillance'\nseverity='breach'\n{condition}\n"
        );
        Policies::parse(&[("own.toml".into(), text)]).unwrap()
    };
    let judge = |condition: &str, device: &Device| {
        let found = with(condition).judge(device, &estate(), &Catalogue::shipped());
        found.first().map(|violation| violation.severity)
    };
    let camera = device(Some("HIKVISION"), "44:19:b6:01:02:03", "hq", None);
    assert_eq!(camera.attribution.class, Class::Camera);
    assert_eq!(judge("class=['camera','recorder']", &camera), Some(Severity::Breach));
    assert_eq!(judge("class=['recorder']", &camera), None);
    // A maker of nothing but cameras, by one mark: which class it is, is not known.
    let prefix = device(None, "44:19:b6:01:02:03", "hq", None);
    assert_eq!((prefix.attribution.class, prefix.attribution.verdict), (Class::Unknown, Verdict::Suspected));
    assert_eq!(judge("class=['recorder']", &prefix), Some(Severity::Review), "it may be one");
    assert_eq!(judge("verdict=['confirmed']", &camera), Some(Severity::Breach));
    assert_eq!(judge("verdict=['confirmed']", &prefix), None);
    assert_eq!(judge("verdict=['suspected','unknown']", &prefix), Some(Severity::Review));
    assert_eq!(judge("verdict=['suspected','unknown']", &camera), None);
    let nameless = device(Some("NONE"), "", "hq", None);
    assert_eq!(nameless.attribution.verdict, Verdict::Unknown);
    assert_eq!(judge("verdict=['unknown']", &nameless), Some(Severity::Breach), "a camera of an unknown maker");
}

#[test]
fn a_pack_takes_the_place_of_the_one_of_its_id_and_can_be_taken_out() {
    let ids = |packs: &Policies| packs.packs().iter().map(|pack| pack.id.to_string()).collect::<Vec<_>>();
    let uk = policies("uk-gsg-2022");
    let both = uk.clone().with(policies("us-889"));
    assert_eq!(ids(&both), ["uk-gsg-2022", "us-889"]);
    let text = Policies::shipped_text("uk-gsg-2022").unwrap().replace("\"breach\"", "\"info\"");
    let changed = Policies::parse(&[("own.toml".into(), text)]).unwrap();
    let replaced = both.clone().with(changed.clone());
    assert_eq!((ids(&replaced), &replaced.packs()[0]), (ids(&both), &changed.packs()[0]));
    assert_eq!(ids(&both.without("uk-gsg-2022")), ["us-889"]);
}

#[test]
fn a_pack_brings_no_characters_that_move_the_cursor() {
    let text = Policies::shipped_text("us-889").unwrap().replace("is in use\"", "is in \\u001b[2Juse\"");
    let problems = Policies::parse(&[("own.toml".into(), text)]).unwrap_err();
    assert!(problems[0].message.ends_with("holds characters that cannot be shown"), "{problems:?}");
    assert!(!problems[0].message.contains('\u{1b}'));
}
