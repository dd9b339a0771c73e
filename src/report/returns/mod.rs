//! The return in the four forms it is handed in: one set of sheets, told as text, CSV, JSON and HTML.

mod charts;
mod csv;
mod html;
mod json;
mod names;
mod sheets;
mod text;

pub use csv::write as write_csv;
pub use html::write as write_html;
pub use json::write as write_json;
pub use names::Names;
pub use sheets::{Sheet, sheets};
pub use text::write as write_text;

use super::tables;
use crate::net::Timestamp;
use crate::snapshot::{Installed, Return, Standing};

/// A return as it leaves the house.
#[derive(Debug)]
pub struct Handed<'a> {
    /// What it says.
    pub given: Return<'a>,
    /// How sites, addresses and people are called in it.
    pub names: Names,
    /// When it is made.
    pub made: Timestamp,
    /// The signed head of the change log it was made at; `None` before anything is signed.
    pub head: Option<String>,
}

impl Handed<'_> {
    /// Its title.
    fn title(&self) -> String {
        match self.given.snapshot.department.as_str() {
            "" => "Visual surveillance: return".to_owned(),
            department => format!("{department}: visual surveillance return"),
        }
    }

    /// A moment in a sentence.
    fn minute(&self, at: Timestamp) -> String {
        sheets::shortened(&self.names.moment(at))
    }

    /// Its first line: what share of the estate was looked at, and when.
    fn headline(&self) -> String {
        let snapshot = self.given.snapshot;
        // Names of alerts' receivers are nobody's business outside.
        if self.names.are_redacted() { tables::freshness(snapshot) } else { tables::headline(snapshot) }
    }

    /// What it is of, and what it is held against, a line each.
    fn terms(&self) -> Vec<String> {
        let (given, names) = (&self.given, &self.names);
        let packs: Vec<String> = given.snapshot.policies.iter().map(|pack| sheets::policy(names, pack, pack)).collect();
        let mut terms = vec![format!("Made {} by policies {}.", self.minute(self.made), packs.join(", "))];
        terms.extend(given.since.map(|since| format!("Compared with the return of {}.", self.minute(since))));
        terms.extend(given.only.as_ref().map(|site| format!("Only site {}.", names.name("site", site.as_str()))));
        if names.are_redacted() {
            terms.push(
                "Redacted: sites, addresses, places and people are pseudonyms, own words are withheld.".to_owned(),
            );
        }
        terms
    }

    /// What it says in short, a line each: what a minister is told.
    fn summary(&self) -> Vec<(&'static str, String)> {
        let given = &self.given;
        let exposure = &given.exposure;
        let of = |installed| given.installed(installed);
        let perhaps = given.on_sensitive.iter().filter(|item| item.device.status == crate::policy::Status::Suspected);
        let done = match given.done_percent() {
            Some(percent) => format!(
                "{percent} % of {} affected sensitive sites are done ({} done, {} remain, {} without equipment now but not \
                 looked at enough)",
                given.affected(),
                given.standing(Standing::Done),
                given.standing(Standing::Remaining),
                given.standing(Standing::GoneNotShown)
            ),
            None => "no sensitive site was ever seen with such equipment".to_owned(),
        };
        let not_shown = given.standing(Standing::NoneNotShown);
        let since = match given.since {
            Some(since) => format!("{} changes since {}", given.changes.len(), self.minute(since)),
            None => "no earlier return is compared with (--since)".to_owned(),
        };
        let standard = given.sites.iter().filter_map(|site| site.consideration.as_ref());
        let considered = standard.clone().filter(|it| it.answer.is_some()).count();
        vec![
            (
                "devices",
                format!(
                    "{} restricted · {} suspected · {} unknown · {} not restricted; {} not identified",
                    exposure.restricted,
                    exposure.suspected,
                    exposure.unknown,
                    exposure.not_restricted,
                    exposure.not_identified
                ),
            ),
            (
                "a",
                format!(
                    "{} devices at sensitive sites, {} of them suspected: {} new since the last return, {} came after 24 \
                     November 2022, {} were there before, of {} nobody saw when they came",
                    given.on_sensitive.len(),
                    perhaps.count(),
                    of(Installed::SinceLastReturn),
                    of(Installed::AfterInstruction),
                    of(Installed::BeforeInstruction),
                    of(Installed::NotKnown)
                ),
            ),
            (
                "b",
                format!("{} surveillance devices of any maker, or what may be, on core networks", given.on_core.len()),
            ),
            (
                "c",
                format!("sites outside the definition: {considered} considered, {} not", standard.count() - considered),
            ),
            ("d", format!("{} decisions are in force", given.controls.len())),
            ("e", format!("{not_shown} sensitive sites show nothing and were not looked at enough to say so")),
            ("f", since),
            ("g", done),
        ]
    }
}
