//! A report as it leaves the house: what it says in short and in tables, told in four forms by one hand.

mod csv;
mod html;
mod json;
mod names;
mod sheet;
mod text;

pub use csv::write as write_csv;
pub use html::write as write_html;
pub use json::write as write_json;
pub use names::Names;
pub use sheet::Sheet;
pub use text::write as write_text;

pub(super) use sheet::{Row, shortened};

use maud::Markup;
use serde_json::Value;

use super::tables;
use crate::net::text::clean_words;
use crate::net::{SiteId, Timestamp};
use crate::policy::Policies;
use crate::review::Finding;
use crate::snapshot::Snapshot;

/// What every report is made by.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// The picture.
    pub snapshot: &'a Snapshot,
    /// How sites, addresses and people are called.
    pub names: Names,
    /// When it is made.
    pub made: Timestamp,
    /// The signed head of the change log it is made at; `None` before anything is signed.
    pub head: Option<String>,
}

/// A report.
pub struct Paper<'a> {
    /// What its JSON calls itself; `config/schema` describes it.
    pub format: &'static str,
    /// What it is made by.
    pub frame: &'a Frame<'a>,
    /// The moment it tells of.
    pub as_of: Timestamp,
    /// Its first line: what share of the estate was looked at, and when.
    pub headline: String,
    /// Its title.
    pub title: String,
    /// What it is of, and what it is held against, a line each.
    pub terms: Vec<String>,
    /// What it says in short: a name and a line each.
    pub summary: Vec<(&'static str, String)>,
    /// What only the page has: figures in large, charts.
    pub cards: Markup,
    /// See there.
    pub charts: Markup,
    /// What only JSON has beside the tables.
    pub fields: Vec<(&'static str, Value)>,
    /// The tables.
    pub sheets: Vec<Sheet<'a>>,
}

impl std::fmt::Debug for Paper<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paper").field("title", &self.title).field("sheets", &self.sheets).finish_non_exhaustive()
    }
}

impl<'a> Frame<'a> {
    /// A report with no more than its title and its first line.
    pub(super) fn paper(&'a self, format: &'static str, title: String) -> Paper<'a> {
        Paper {
            format,
            frame: self,
            as_of: self.snapshot.as_of,
            headline: self.headline(),
            title,
            terms: Vec::new(),
            summary: Vec::new(),
            cards: Markup::default(),
            charts: Markup::default(),
            fields: Vec::new(),
            sheets: Vec::new(),
        }
    }

    /// What share of the estate was looked at, and when.
    fn headline(&self) -> String {
        // Names of alerts' receivers, and of a switch whose visits are late, are nobody's business outside.
        if self.names.are_redacted() {
            tables::freshness(self.snapshot, false)
        } else {
            tables::headline(self.snapshot)
        }
    }

    /// A moment in a sentence, or in a cell that people read.
    pub(super) fn minute(&self, at: Timestamp) -> String {
        shortened(&self.names.moment(at))
    }

    /// A moment as a cell.
    pub(super) fn moment(&self, at: Option<Timestamp>) -> Value {
        at.map(|at| Value::String(self.names.moment(at))).unwrap_or_default()
    }

    /// A name of a kind as a cell; nothing where there is none.
    pub(super) fn called<T: ToString>(&self, kind: &str, name: Option<&T>) -> Value {
        self.names.name(kind, &name.map(ToString::to_string).unwrap_or_default()).into()
    }

    /// A site by its id.
    pub(super) fn site(&self, site: Option<&SiteId>) -> Value {
        self.called("site", site)
    }

    /// What people call a site: where names are withheld, its pseudonym once more.
    pub(super) fn site_name(&self, site: Option<&SiteId>) -> Value {
        let row = site.and_then(|id| self.snapshot.sites.get(id));
        match row {
            Some(row) if !self.names.are_redacted() => self.names.name("site", &row.name).into(),
            _ => self.site(site),
        }
    }

    /// A pack the program ships is told; what an own one is called may name a site.
    pub(super) fn pack(&self, pack: &str, told: &str) -> String {
        if Policies::shipped_ids().contains(&pack) { clean_words(told) } else { self.names.name("policy", told) }
    }

    /// A finding's rule.
    pub(super) fn rule(&self, finding: &Finding) -> String {
        self.pack(finding.policy.as_str(), &format!("{}/{}", finding.policy, finding.rule))
    }

    /// Packs in force.
    pub(super) fn packs(&self) -> Vec<String> {
        self.snapshot.policies.iter().map(|pack| self.pack(pack, pack)).collect()
    }

    /// When it was made, by what it is judged, and what of that does not hold here: a line each.
    pub(super) fn terms(&self) -> Vec<String> {
        let packs = self.packs();
        let packs = if packs.is_empty() { "none".to_owned() } else { packs.join(", ") };
        let mut terms = vec![format!("Made {} by policies {packs}.", self.minute(self.made))];
        terms.extend(self.snapshot.loosened.iter().map(|it| {
            let (text, why) = (self.names.words(&it.text), self.names.words(&it.why));
            format!("Loosened here: pack {} {text}; {} decided so: {why}.", it.pack, self.names.name("person", &it.who))
        }));
        if self.names.are_redacted() {
            let told = "Redacted: sites, addresses, places and people are pseudonyms, own words are withheld.";
            terms.push(told.to_owned());
        }
        terms
    }

    /// What of shipped packs does not hold here.
    pub(super) fn loosened(&self) -> Value {
        let each = self.snapshot.loosened.iter().map(|it| {
            serde_json::json!({"pack": it.pack, "text": self.names.words(&it.text), "why": self.names.words(&it.why),
                               "who": self.names.name("person", &it.who)})
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Loosened;
    use crate::snapshot::DaemonRow;

    fn told(names: Names) -> [String; 3] {
        let daemon = DaemonRow {
            started: Some(Timestamp(1)),
            late: vec!["visits to switch hq-sw1 did not come round".to_owned()],
            ..DaemonRow::default()
        };
        let loosened = Loosened {
            pack: "uk-gsg-2022".into(),
            text: "is not in force".to_owned(),
            why: "the <annex> is closed".to_owned(),
            who: "J. Smith".to_owned(),
        };
        let snapshot =
            Snapshot { daemon, loosened: vec![loosened], policies: vec!["us-889".to_owned()], ..Snapshot::default() };
        let frame =
            Frame { snapshot: &snapshot, names, made: Timestamp(2), head: Some("lenswarden-head-1 x".to_owned()) };
        let paper = Paper { terms: frame.terms(), ..frame.paper("lenswarden-return", "A title".to_owned()) };
        let (mut text, mut html, mut json) = (Vec::new(), Vec::new(), Vec::new());
        write_text(&paper, &mut text).unwrap();
        write_html(&paper, &mut html).unwrap();
        write_json(&paper, &mut json).unwrap();
        [text, html, json].map(|octets| String::from_utf8(octets).unwrap())
    }

    #[test]
    fn what_of_a_shipped_pack_does_not_hold_is_told_with_who_and_why_and_withheld_with_names() {
        let [text, html, json] = told(Names::full());
        assert!(
            text.contains(
                "Loosened here: pack uk-gsg-2022 is not in force; J. Smith decided so: the <annex> is closed."
            )
        );
        assert!(html.contains("J. Smith decided so: the &lt;annex&gt; is closed."), "{html}");
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["loosened"][0]["who"], "J. Smith");
        assert!(text.contains("hq-sw1 did not come round"));
        for form in told(Names::redacted(b"key")) {
            assert!(form.contains("uk-gsg-2022") && form.contains("lenswarden-head-1 x"), "{form}");
            for word in ["annex", "Smith", "hq-sw1"] {
                assert!(!form.contains(word), "{word}: {form}");
            }
        }
    }
}
