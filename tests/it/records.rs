//! Case records, dossiers, attestations: the real daemon over the lab, then every form of them; and the reports that the
//! daemon writes when a cycle ends, once.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use lenswarden::config::Sensitivity;
use lenswarden::policy::Status;
use lenswarden::review::{Cycle, FindingState, Reporting};
use lenswarden::snapshot::{DeviceRow, Snapshot};
use serde_json::Value;

use crate::house::House;
use crate::report::{telling, tells};

/// Words that no page may take for anything else.
const HOSTILE: &str = "=HYPERLINK(\"http://x\") <script>alert(1)</script> \u{202e}kept for safety";

/// An estate that was polled, whose findings are decided, reviewed and attested; with a register that tells when one of its
/// cameras was installed, and a folder for reports that cannot be written to at first where `blocked`.
struct Reviewed {
    house: House,
    reports: PathBuf,
    told: PathBuf,
}

impl Reviewed {
    fn new(blocked: bool) -> Self {
        let house = House::new("");
        let (reports, told) = (house.path("reports"), house.path("told.jsonl"));
        let lab = house.lab.configuration();
        let more = format!(
            "\n[department]\nname = \"Ministry of <b>Works</b>\"\n[decisions]\ntwo-persons = \"never\"\n\
             [[alert]]\nname = \"sink\"\nkind = \"command\"\nwhen = [\"operational\"]\ncommand = [\"/bin/sh\", \"-c\", \"cat >> {}; echo >> {}\"]\n\
             [[review]]\nname = \"all-of-it\"\nschedule = \"yearly\"\nselect = \"network:core\"\nowner = \"estates <i>\"\n\
             report = {{ formats = [\"html\", \"text\", \"json\"], folder = {reports:?}, alerts = [\"sink\"] }}\n\
             [[register]]\nname = \"estates\"\nfile = \"register.csv\"\n",
            told.display(),
            told.display(),
        );
        std::fs::write(house.path("register.csv"), "mac,site,install date\n").unwrap();
        house.configure("config.toml", &(lab + &more));
        if blocked {
            std::fs::write(&reports, "a file where the folder should be").unwrap();
        }
        Self { house, reports, told }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.house.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Reviews all of it: a cycle that is attested.
    fn review(&self) -> Snapshot {
        let snapshot = self.house.look().unwrap();
        let open: Vec<_> = snapshot.findings.values().filter(|finding| finding.state == FindingState::Open).collect();
        let first = open[0].id.to_string();
        let accept = ["--accept-until", "+90d", "--reason", HOSTILE, "--control", "no <way> out"];
        self.run(&[&["review", "decide", &first], accept.as_slice()].concat());
        let photograph = self.house.path("secret.jpg");
        std::fs::write(&photograph, "a gate").unwrap();
        self.run(&["review", "decide", &first, "--note", "photographed", "--attach", photograph.to_str().unwrap()]);
        self.run(&["review", "run", "all-of-it"]);
        let waiting = || {
            let now = self.house.look().unwrap();
            let cycle = now.cycles.values().next().unwrap();
            let waits = |id: &&lenswarden::net::FindingId| now.findings[id].state == FindingState::Open;
            cycle.items.iter().filter(waits).map(ToString::to_string).collect::<Vec<_>>()
        };
        for id in waiting() {
            self.run(&["review", "decide", &id, "--replace-by", "+90d"]);
        }
        self.run(&["review", "close", "1", "--statement", "gone <b>through</b> with =estates"]);
        self.house.look().unwrap()
    }

    fn cycle(snapshot: &Snapshot) -> &Cycle {
        snapshot.cycles.values().next().unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&self.reports).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Alerts of a kind.
    fn told(&self, kind: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.told).unwrap_or_default();
        let alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        alerts.filter(|alert| alert["kind"] == kind).collect()
    }
}

/// A restricted device at a sensitive site whose place is known.
fn suspect(snapshot: &Snapshot) -> &DeviceRow {
    let sensitive = |row: &&DeviceRow| {
        row.place.site.as_ref().is_some_and(|site| snapshot.sites[site].sensitivity == Sensitivity::Sensitive)
    };
    let here = snapshot.devices.values().filter(|row| row.status == Status::Restricted && row.mac.is_some());
    here.filter(sensitive).find(|row| row.place.switch.is_some()).unwrap()
}

/// A page stands by itself, and hostile words in it are words.
fn assert_harmless(page: &str) {
    assert!(page.contains("default-src 'none'; style-src 'sha256-"), "{page}");
    let lower = page.to_lowercase();
    assert!(!lower.contains("<script") && !page.contains("<!--") && !page.contains('\u{202e}'));
    for forbidden in ["src=", "href", "url(", " style=", " on", "javascript:"] {
        let within =
            lower.split('<').skip(1).filter_map(|part| part.split_once('>')).any(|(tag, _)| tag.contains(forbidden));
        assert!(!within, "{forbidden}");
    }
}

fn assert_fits(schema: &str, value: &Value) {
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let wrong: Vec<String> =
        schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
    assert_eq!(wrong, [""; 0], "{value}");
}

/// Values of a sheet of facts by their field; of several of one field the last.
fn facts(value: &Value, sheet: &str) -> std::collections::BTreeMap<String, String> {
    let rows = value[sheet].as_array().unwrap().iter();
    rows.map(|row| (row["field"].as_str().unwrap().to_owned(), row["value"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn records_tell_all_that_is_known_and_what_is_not() {
    let reviewed = Reviewed::new(false);
    let daemon = reviewed.house.daemon();
    let snapshot = reviewed.house.until_a_round_is_over();
    let device = suspect(&snapshot).clone();
    let (mac, site) = (device.mac.unwrap().to_string(), device.place.site.clone().unwrap().to_string());
    std::fs::write(
        reviewed.house.path("register.csv"),
        format!("mac,site,install date\n{mac},{site},2019-05-31\nde:ad:be:ef:00:01,{site},03/04/2019\n"),
    )
    .unwrap();
    reviewed.house.until("the register's day", |snapshot| snapshot.devices[&device.id].registered.is_some());
    let of_it = |snapshot: &Snapshot| {
        let mut all = snapshot.findings.values().filter(|finding| finding.subject.device() == Some(device.id));
        all.find(|finding| finding.state == FindingState::Open).map(|finding| finding.id.to_string()).unwrap()
    };
    let finding = of_it(&reviewed.house.look().unwrap());
    let accept = ["--accept-until", "+30d", "--reason", "=safety", "--control", "no <way> out"];
    reviewed.run(&[&["review", "decide", &finding], accept.as_slice()].concat());
    reviewed.run(&["review", "decide", &finding, "--note", "photographed <b>"]);
    reviewed.review();
    drop(daemon);
    let json = |arguments: &[&str]| -> Value {
        let text = reviewed.run(&[&["report", "--format", "json"], arguments].concat());
        serde_json::from_str(&text).unwrap()
    };
    let head = reviewed.run(&["audit", "head"]);
    let id = device.id.to_string();

    let case = json(&["--case", &mac]);
    assert_eq!((&case["format"], &case["device"]), (&"lenswarden-case".into(), &device.id.0.into()));
    let first = facts(&case, "first");
    for field in ["contract number", "order numbers", "supplier name", "supplier unique entity identifier"] {
        assert!(first[field].starts_with("to be filled in"), "{field}: {first:?}");
    }
    assert!(first["supplier name"].contains(&device.maker_name) && first["maker"].contains("confirmed"), "{first:?}");
    assert!(first["item description"].contains(&mac), "{first:?}");
    let clocks = facts(&case, "clocks");
    assert!(
        clocks["identified"].contains("finding") && clocks["first record due"].contains("one business day"),
        "{clocks:?}"
    );
    assert!(clocks["second record due"].contains("after the first record is submitted"), "{clocks:?}");
    let mitigation = &facts(&case, "mitigation")[&format!("decided on finding {finding}")];
    assert!(mitigation.contains("because: =safety; meanwhile: no <way> out"), "{mitigation}");
    assert!(!case["evidence"].as_array().unwrap().is_empty());
    assert!(facts(&case, "second")["additional efforts to be incorporated"].starts_with("to be filled in"));
    assert_eq!(case["head"], head.trim());
    let refused = reviewed.house.run(&["report", "--case", &mac, "--redact"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no redacted form"));

    let dossier = json(&["--dossier", &id]);
    let identity = facts(&dossier, "identity");
    assert_eq!(identity["MAC address"], mac);
    assert_eq!(identity["installed, a register says"], "2019-05-31");
    assert_eq!(facts(&dossier, "place")["switch"], device.place.switch.as_ref().unwrap().to_string());
    assert_eq!(dossier["notes"][0]["text"], "photographed <b>");
    let decided = &dossier["decisions"][0];
    assert_eq!((&decided["control"], &decided["holds"]), (&"no <way> out".into(), &true.into()), "{decided}");
    let log = dossier["log"].as_array().unwrap();
    assert!(log.iter().any(|row| row["kind"] == "device") && log.iter().any(|row| row["kind"] == "finding"), "{log:?}");
    assert!(log.iter().all(|row| row["hash"].as_str().unwrap().len() == 64));

    let of_site = json(&["--dossier", &format!("site:{site}")]);
    let factors: Vec<_> =
        of_site["coverage_of_sites"].as_array().unwrap().iter().map(|row| row["factor"].clone()).collect();
    assert_eq!(factors, ["ranges", "switches", "ports", "register"]);
    let coverage = snapshot.coverage_of(&site.as_str().into());
    let gaps: usize = coverage.factors.iter().map(|factor| factor.gaps.len()).sum();
    assert!(of_site["gaps"].as_array().unwrap().len() >= gaps, "every gap: {:?}", of_site["gaps"]);
    let never = of_site["register"].as_array().unwrap().iter().filter(|row| row["rule"] == "house/never-seen");
    assert_eq!(never.count(), 1, "{:?}", of_site["register"]);
    assert!(of_site["devices"].as_array().unwrap().iter().any(|row| row["mac"] == mac.as_str()));

    let cycle = json(&["--cycle", "all-of-it"]);
    let attested = facts(&cycle, "attestation");
    assert_eq!(attested["statement"], "gone <b>through</b> with =estates");
    assert_eq!(cycle["coverage"].as_array().unwrap().len(), 4, "{cycle}");
    let items = cycle["items"].as_array().unwrap();
    assert!(
        !items.is_empty() && items.iter().all(|row| row["decision"].is_string() && row["by"].is_string()),
        "{items:?}"
    );

    let given = json(&[]);
    let row = given["sensitive"].as_array().unwrap().iter().find(|row| row["mac"] == mac.as_str()).unwrap();
    assert_eq!((&row["installed"], &row["register_installed"]), (&"before-by-register".into(), &"2019-05-31".into()));
    assert_eq!(given["installed"]["before_by_register"], 1);
    assert_eq!(json(&["--since", "all-of-it"])["since"].as_str().unwrap(), cycle["as_of"].as_str().unwrap());

    let schemas = [
        (include_str!("../../config/schema/case-1.json"), &case),
        (include_str!("../../config/schema/device-1.json"), &dossier),
        (include_str!("../../config/schema/site-1.json"), &of_site),
        (include_str!("../../config/schema/cycle-1.json"), &cycle),
    ];
    for (schema, value) in schemas {
        assert_fits(schema, value);
    }
    let about = [vec!["--case", &mac], vec!["--dossier", &id], vec!["--cycle", "1"]];
    let site = format!("site:{site}");
    for about in about.iter().map(Vec::as_slice).chain([["--dossier", &site].as_slice()]) {
        let page = reviewed.run(&[&["report", "--format", "html"], about].concat());
        assert_harmless(&page);
        assert!(page.contains(head.trim()), "the signed head");
        if let Some(folder) = std::env::var_os("LOOK") {
            std::fs::create_dir_all(&folder).unwrap();
            let name = about.concat().replace([':', '-'], "");
            std::fs::write(PathBuf::from(&folder).join(format!("{name}.html")), &page).unwrap();
            let text = reviewed.run(&[&["report"], about].concat());
            std::fs::write(PathBuf::from(folder).join(format!("{name}.txt")), text).unwrap();
        }
        let folder = reviewed.house.path("tables");
        reviewed.run(&[&["report", "--format", "csv", "--out", folder.to_str().unwrap()], about].concat());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for row in csv::Reader::from_reader(text.as_bytes()).records() {
                let row = row.unwrap();
                assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
            }
        }
    }
    for (arguments, words) in [
        (["--dossier", "00:00:00:00:00:01"], "nothing is known of"),
        (["--dossier", "site:nowhere"], "there is no site"),
        (["--cycle", "9"], "there is no review cycle"),
    ] {
        let refused = reviewed.house.run(&[&["report"], arguments.as_slice()].concat());
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(words), "{refused:?}");
    }

    // What is withheld is in none of them.
    let mut telling = telling(&reviewed.house);
    telling.extend(["estates", "all-of-it", "secret.jpg", "gone <b>through", "no <way> out"].map(str::to_owned));
    let about = [["--dossier", &id], ["--dossier", &site], ["--cycle", "1"]];
    for (about, (schema, _)) in about.into_iter().zip(&schemas[1..]) {
        assert_fits(schema, &json(&["--redact", about[0], about[1]]));
        for form in ["text", "html", "json"] {
            let text = reviewed.run(&[&["report", "--redact", "--format", form], about.as_slice()].concat());
            for word in &telling {
                assert!(!tells(&text, word), "{about:?} as {form} tells {word:?}: {text}");
            }
        }
    }
}

#[test]
fn the_report_of_a_cycle_is_written_once_though_its_folder_is_not_there_and_the_daemon_is_killed() {
    let reviewed = Reviewed::new(true);
    let mut daemon = reviewed.house.daemon();
    reviewed.house.until_a_round_is_over();
    let closed = reviewed.review();
    assert_eq!(Reviewed::cycle(&closed).report, Some(Reporting::Due));
    let looked = Reviewed::cycle(&closed).attestation.as_ref().unwrap().looked.clone().unwrap();
    assert!(looked.sites > 0 && looked.switches.expected > 0 && looked.ports.expected > 0, "{looked:?}");
    // It cannot be written: that is told, and it waits.
    let begun = std::time::Instant::now();
    while reviewed.told("report-unwritten").is_empty() {
        assert!(begun.elapsed() < crate::house::PATIENCE, "nobody was told");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    daemon.kill();
    std::fs::remove_file(&reviewed.reports).unwrap();
    let mut daemon = reviewed.house.daemon();
    let written = reviewed
        .house
        .until("a report", |snapshot| matches!(Reviewed::cycle(snapshot).report, Some(Reporting::Written { .. })));
    let Some(Reporting::Written { files, .. }) = Reviewed::cycle(&written).report.clone() else {
        panic!("{written:?}")
    };
    let day = Reviewed::cycle(&written).closed.unwrap().to_string();
    let name = format!("all-of-it-{}-cycle-1", &day[..10]);
    let expected: Vec<PathBuf> =
        ["html", "json", "txt"].map(|end| reviewed.reports.join(format!("{name}.{end}"))).into();
    assert_eq!(reviewed.files(), expected);
    assert_eq!(files.len(), 3);
    for file in &expected {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o640);
    }
    let page = std::fs::read_to_string(&expected[0]).unwrap();
    assert_harmless(&page);
    let value: Value = serde_json::from_str(&std::fs::read_to_string(&expected[1]).unwrap()).unwrap();
    let shown = reviewed.house.run(&["review", "show", "1"]);
    let shown = String::from_utf8_lossy(&shown.stderr);
    assert!(shown.contains("ranges 0 % (0/") && shown.contains(&files[0]) && shown.contains("attested by"), "{shown}");
    // What was decided since the end changes nothing of what is told of it.
    let first = value["items"][0]["finding"].to_string();
    reviewed.run(&["review", "decide", &first, "--reopen", "--reason", "once more"]);
    let later: Value = serde_json::from_str(&reviewed.run(&["report", "--cycle", "1", "--format", "json"])).unwrap();
    for sheet in ["attestation", "coverage", "items"] {
        assert_eq!(value[sheet], later[sheet], "{sheet}");
    }
    let begun = std::time::Instant::now();
    while reviewed.told("report").is_empty() {
        assert!(begun.elapsed() < crate::house::PATIENCE, "nobody was told");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    daemon.kill();
    let daemon = reviewed.house.daemon();
    reviewed.house.until_a_round_is_over();
    drop(daemon);
    assert_eq!(reviewed.files(), expected, "written once");
    let told = reviewed.told("report");
    let text = told[0]["text"].as_str().unwrap();
    assert!(text.contains("review=all-of-it cycle=1") && text.contains("attested-by="), "{text}");
    let ids: std::collections::BTreeSet<_> = told.iter().map(|alert| alert["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1, "one message");
}

#[test]
fn the_progress_is_told_by_every_opening_and_a_past_cycle_as_it_stood() {
    use lenswarden::config::Basis;
    use lenswarden::maker::{Class, Surveillance, Verdict};
    use lenswarden::net::{CycleId, FindingId, SiteId, Timestamp};
    use lenswarden::review::{Attestation, Author, Counts, Finding};
    use lenswarden::snapshot::{Looked, SiteLooked};
    use lenswarden::store::{Batch, ConfigurationRecord, Reader, SiteRecord, TargetState, Writer};

    use crate::sample;

    let day = |number: i64| Timestamp(sample::START.0 + number * 86_400_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut writer = Writer::open(&path).unwrap();
    let site = |id: &str| SiteRecord {
        id: id.into(),
        name: id.to_uppercase(),
        sensitivity: Sensitivity::Sensitive,
        basis: Some(Basis::Ministers),
    };
    let enough = SiteLooked { addresses: 9, asked: 9, linked: 9, known: 9, ..SiteLooked::default() };
    let mut record = sample::device(1, 4);
    record.status = Status::Restricted;
    let attribution = &mut record.device.attribution;
    (attribution.verdict, attribution.class, attribution.surveillance) =
        (Verdict::Confirmed, Class::Camera, Surveillance::Yes);
    (record.device.place.since, record.device.place.gone) = (day(20), Some(day(30)));
    let at = |number: i64, site: &str, state: FindingState, openings: u32, revision: u64| {
        let mut finding = Finding { openings, since: day(number), ..sample::finding(1, 1, state, revision) };
        finding.closed = (state == FindingState::Closed).then(|| day(number));
        finding.place.site = Some(SiteId::from(site));
        Batch { at: day(number), findings: vec![finding], ..Batch::default() }
    };
    writer
        .commit(&Batch {
            at: day(0),
            devices: vec![record],
            configuration: Some(ConfigurationRecord {
                sites: vec![site("hq"), site("annex")],
                ..ConfigurationRecord::default()
            }),
            looked: Some(Looked {
                at: day(0),
                threshold: 95,
                sites: [("hq".into(), enough.clone()), ("annex".into(), enough)].into(),
            }),
            targets: vec![
                sample::target("hq-sw1", TargetState::Answering, day(40)),
                lenswarden::store::TargetRecord {
                    site: "annex".into(),
                    ..sample::target("annex-sw1", TargetState::Answering, day(40))
                },
            ],
            ..Batch::default()
        })
        .unwrap();
    // At the annex until day 5, then at headquarters: gone from day 10 to day 20, and since day 30.
    for batch in [
        at(0, "annex", FindingState::Open, 1, 1),
        at(5, "hq", FindingState::Open, 1, 2),
        at(10, "hq", FindingState::Closed, 1, 3),
        at(20, "hq", FindingState::Open, 2, 4),
        at(25, "hq", FindingState::RemoveBy, 2, 5),
    ] {
        writer.commit(&batch).unwrap();
    }
    let (seq, head) = writer.head();
    let attestation = Attestation {
        author: Author { uid: 0, name: "root".into(), login: None },
        at: day(26),
        statement: "s".into(),
        coverage: "all".into(),
        looked: None,
        counts: Counts::default(),
        seq,
        head,
    };
    let cycle = Cycle {
        id: CycleId(1),
        name: "r".into(),
        scheduled: day(24),
        opened: day(24),
        due: day(50),
        owner: String::new(),
        escalate_to: None,
        escalated: None,
        select: String::new(),
        items: vec![FindingId(1), FindingId(9)],
        revisions: [(FindingId(1), 4)].into(),
        closed: Some(day(26)),
        attestation: Some(attestation),
        report: None,
    };
    writer.commit(&Batch { at: day(26), cycles: vec![cycle.clone()], ..Batch::default() }).unwrap();
    writer.commit(&at(30, "hq", FindingState::Closed, 2, 6)).unwrap();
    drop(writer);

    let mut reader = Reader::open(&path).unwrap();
    let stays = reader.stays().unwrap().unwrap();
    let spans: Vec<_> = stays.iter().map(|stay| (stay.site.to_string(), stay.from, stay.until)).collect();
    let expected = [("annex", 0, 5), ("hq", 5, 10), ("hq", 20, 30)];
    assert_eq!(spans, expected.map(|(site, from, until)| (site.to_owned(), day(from), Some(day(until)))));
    let snapshot = reader.snapshot().unwrap();
    assert_eq!(snapshot.as_of, day(40));
    let tallies = snapshot.tallies(&snapshot.overdue());
    let told = snapshot.to_return(&tallies, None, None, Some(&stays)).progress;
    assert!(told.by_log && told.words().contains("every opening and closing"));
    let first = told.days[0].day;
    for it in &told.days {
        let number = first.duration_until(it.day).as_hours() / 24;
        let expected = match number {
            0..5 => (1, 0),
            5..10 => (2, 1),
            10..20 => (2, 2),
            20..30 => (2, 1),
            _ => (2, 2),
        };
        assert_eq!((it.affected, it.done), expected, "day {number}");
    }
    assert!(told.days.len() > 20 && told.days.last().unwrap().percent() == 100);
    let without = snapshot.to_return(&tallies, None, None, None).progress;
    assert!(!without.by_log && without.words().contains("latest opening"));
    assert!(without.days.iter().all(|day| day.affected == 1), "the annex is not known any more: {without:?}");

    // The finding is closed since; the cycle tells what stood when it was attested.
    let items = reader.cycle_items(&cycle).unwrap();
    assert_eq!(items.findings.keys().collect::<Vec<_>>(), [&FindingId(1)], "of one nothing is known");
    assert_eq!(items.findings[&FindingId(1)].state, FindingState::RemoveBy);
    assert_eq!(items.devices.len(), 1);
    let open = Cycle { attestation: None, closed: None, ..cycle };
    assert_eq!(reader.cycle_items(&open).unwrap().findings[&FindingId(1)].state, FindingState::Closed);
}
