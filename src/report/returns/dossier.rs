//! The dossier of one site: what is there, what of it was looked at, what was decided. The return's own rows.

use serde_json::{Value, json};

use super::Handed;
use super::sheets::{CONTROLS, CONTROLS_BRIEF, COVERAGE, DEVICE, SITES};
use crate::config::Sensitivity;
use crate::net::SiteId;
use crate::report::cells::{FACTS, fact};
use crate::report::paper::{Paper, Row, Sheet};
use crate::review::{Decision, DecisionKind, Finding, FindingState};
use crate::snapshot::{Item, SiteReturn, word};

/// Rules that hold a register against what was seen.
const OF_REGISTERS: [&str; 2] = ["never-seen", "not-in-register"];

impl Handed<'_> {
    /// The dossier of the site the return is of, and of which `decided` was decided, oldest first. `None`: it is of all
    /// sites.
    #[must_use]
    pub fn dossier(&self, decided: &[Decision]) -> Option<Paper<'_>> {
        let (given, frame) = (&self.given, &self.frame);
        let site = given.sites.iter().find(|site| Some(&site.site.id) == given.only.as_ref())?;
        let id = &site.site.id;
        let name = frame.site_name(Some(id));
        let name = name.as_str().unwrap_or_default();
        let here =
            |finding: &&Finding| finding.place.site.as_ref() == Some(id) && finding.state != FindingState::Closed;
        let open = || given.snapshot.findings.values().filter(here);
        let of_register = open().filter(|finding| OF_REGISTERS.contains(&finding.rule.as_str()));
        let equipment = given.snapshot.equipment_at(id);
        let devices = equipment.iter().map(|item| self.device_row(item)).collect();
        let counts = &site.counts;
        let coverage = match site.coverage.doubts.as_slice() {
            [] => "enough was looked at".to_owned(),
            doubts if frame.names.are_redacted() => format!("NOT shown to be clean: {} doubts", doubts.len()),
            doubts => format!("NOT shown to be clean: {}", frame.names.words(&doubts.join("; "))),
        };
        let controls = given.controls.iter().map(|finding| self.control_row(finding)).collect();
        let newest = decided.iter().rev().find(|it| matches!(it.kind, DecisionKind::Consider { .. }));
        Some(Paper {
            terms: frame.terms(),
            summary: vec![
                ("coverage", coverage),
                (
                    "devices",
                    format!(
                        "{} restricted · {} suspected · {} unknown · {} not restricted; {} of surveillance equipment on a core network",
                        counts.restricted, counts.suspected, counts.unknown, counts.not_restricted, counts.on_core
                    ),
                ),
                (
                    "findings",
                    format!("{} stand, {} of them wait, {} are overdue", open().count(), counts.open, counts.overdue),
                ),
            ],
            fields: vec![("site", frame.site(Some(id))), ("counts", self.site_object(site))],
            sheets: vec![
                Sheet::of(("site_facts", "The site"), FACTS, self.about(site)),
                Sheet::of(
                    ("coverage_of_sites", "What was looked at: four shares, never made into one"),
                    COVERAGE,
                    self.coverage_rows(site),
                )
                .shown_as(COVERAGE_SHORT),
                self.gaps(site),
                Sheet::of(("makers", "Cameras by maker and count word"), MAKERS, self.makers_at(&equipment))
                    .or("No device that is or may be surveillance equipment."),
                Sheet::of(("devices", "Surveillance equipment, and what may be"), DEVICE, devices)
                    .shown_as(DEVICE_SHORT)
                    .or("None was seen."),
                self.networks_at(id),
                frame.findings("Findings that stand", open()),
                Sheet::of(("controls", "Decisions in force"), CONTROLS, controls).shown_as(CONTROLS_BRIEF).or("None."),
                self.register(of_register),
                frame.decisions(
                    ("considered", "Whether it is to do as sensitive sites must: every answer, oldest first"),
                    decided.iter().filter(|it| matches!(it.kind, DecisionKind::Consider { .. })),
                    |it| Some(it) == newest,
                ),
                frame.notes(decided.iter()),
            ],
            ..frame.paper("lenswarden-site", format!("Site {name}: dossier"))
        })
    }

    fn site_object(&self, site: &SiteReturn<'_>) -> Value {
        let cells = SITES.iter().map(|name| (*name).to_owned()).zip(self.site_row(site));
        Value::Object(cells.collect())
    }

    fn about(&self, site: &SiteReturn<'_>) -> Vec<Row> {
        let frame = &self.frame;
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        let rest = || Value::Null;
        let basis = match (site.site.sensitivity, &site.site.basis) {
            (Sensitivity::Sensitive, Some(basis)) => word(basis),
            (Sensitivity::Sensitive, None) => String::new(),
            (Sensitivity::Standard, _) => "none of the published limbs".to_owned(),
        };
        let considered = match (&site.consideration, site.consideration.as_ref().and_then(|it| it.answer)) {
            (None, _) => fact("considered", "it is sensitive: there is nothing to consider", "configuration", rest()),
            (_, None) => fact("considered", "no: nobody said whether it is to do as sensitive sites must", "", rest()),
            (_, Some(answer)) => {
                let words = format!(
                    "yes: {}; {}",
                    answer.kind.words(),
                    frame.names.words(answer.kind.reason().unwrap_or_default())
                );
                fact("considered", words, &text(frame.person(&answer.author)), frame.moment(Some(answer.at)))
            }
        };
        let standing = site.standing.as_ref().map_or_else(|| "not sensitive: it does not count".to_owned(), word);
        vec![
            fact("site", text(frame.site(Some(&site.site.id))), "configuration", rest()),
            fact("name", text(frame.site_name(Some(&site.site.id))), "configuration", rest()),
            fact("sensitivity", word(&site.site.sensitivity), "configuration", rest()),
            fact("basis", basis, "configuration", rest()),
            considered,
            fact("in the progress of affected sites", standing, "observed", rest()),
            fact("restricted or suspected, set apart", site.set_apart.to_string(), "observed", rest()),
        ]
    }

    /// What was not seen, and what to do about each: all of it.
    fn gaps<'s>(&self, site: &SiteReturn<'_>) -> Sheet<'s> {
        const COLUMNS: &[&str] = &["of", "not_seen", "why", "what_to_do"];
        let names = &self.frame.names;
        let rows = site.coverage.factors.iter().flat_map(|factor| {
            factor.gaps.iter().map(move |gap| {
                vec![
                    factor.kind.word().into(),
                    names.words(&gap.what).into(),
                    names.words(&gap.why).into(),
                    names.words(&gap.mend).into(),
                ]
            })
        });
        let note = "Of silent ports and of missing entries the first fifty are told one by one; the shares count all.";
        Sheet::of(("gaps", "What was not seen, and what to do about it"), COLUMNS, rows.collect())
            .noting(note)
            .or("No gap is known.")
    }

    fn makers_at(&self, equipment: &[Item<'_>]) -> Vec<Row> {
        let mut counts: std::collections::BTreeMap<_, [usize; 3]> = std::collections::BTreeMap::new();
        for Item { device, .. } in equipment {
            let name = if device.maker_name.is_empty() { "not known" } else { device.maker_name.as_str() };
            let [all, core, apart] = counts.entry((device.status, name.to_owned(), word(&device.verdict))).or_default();
            let kind = device.place.network_kind;
            *all += 1;
            *core += usize::from(kind == Some(crate::config::NetworkKind::Core));
            *apart += usize::from(kind == Some(crate::config::NetworkKind::Surveillance));
        }
        let row = |((status, maker, verdict), numbers): ((_, String, String), [usize; 3])| {
            let head = [crate::net::text::clean(&maker).into(), json!(verdict), json!(status)];
            head.into_iter().chain(numbers.map(Value::from)).collect()
        };
        counts.into_iter().map(row).collect()
    }

    fn networks_at<'s>(&self, site: &SiteId) -> Sheet<'s> {
        let here = |network: &&crate::snapshot::NetworkReturn<'_>| {
            network.network.site.as_ref() == Some(site) || network.counts.iter().any(|count| *count > 0)
        };
        let rows = self.given.networks.iter().filter(here).map(|network| self.network_row(network));
        Sheet::of(("networks", "Networks, and what is on each here"), super::sheets::NETWORKS, rows.collect())
            .or("None is configured.")
    }

    /// What registers say against what was seen.
    fn register<'f, 's>(&self, findings: impl Iterator<Item = &'f Finding>) -> Sheet<'s> {
        const COLUMNS: &[&str] = &["finding", "rule", "entry", "device", "mac", "state", "since"];
        let frame = &self.frame;
        let rows = findings.map(|finding| {
            let device = self.given.snapshot.device_of(finding);
            let entry = finding.subject.entry().map(ToString::to_string).unwrap_or_default();
            vec![
                finding.id.0.into(),
                frame.rule(finding).into(),
                frame.names.name("entry", &entry).into(),
                device.map(|row| row.id.0).into(),
                frame.called("mac", device.and_then(|row| row.mac.as_ref())),
                word(&finding.state).into(),
                frame.moment(Some(finding.since)),
            ]
        });
        Sheet::of(("register", "Registers against what was seen"), COLUMNS, rows.collect())
            .or("Nothing differs, or no register speaks of this site: the share above tells which.")
    }
}

/// Columns that tell something where all is of one site.
const COVERAGE_SHORT: &[&str] = &["factor", "seen", "expected", "percent", "oldest_look"];
const DEVICE_SHORT: &[&str] = &[
    "device",
    "maker",
    "model",
    "mac",
    "ip",
    "status",
    "switch",
    "port",
    "vlan",
    "network",
    "since",
    "installed",
    "register_installed",
    "decision",
    "until",
];
/// Columns of makers at one site.
const MAKERS: &[&str] = &["maker", "verdict", "status", "devices", "on_core", "set_apart"];
