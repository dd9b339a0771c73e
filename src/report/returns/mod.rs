//! The return: one set of sheets, its summary, its charts.

mod charts;
mod dossier;
mod figures;
mod sheets;

use serde_json::{Value, json};

use super::paper::{Frame, Paper};
use crate::snapshot::{Installed, Return, Share, Standing};

/// A return as it leaves the house.
#[derive(Debug)]
pub struct Handed<'a> {
    /// What it is made by.
    pub frame: Frame<'a>,
    /// What it says.
    pub given: Return<'a>,
}

impl Handed<'_> {
    /// It as a report.
    #[must_use]
    pub fn paper(&self) -> Paper<'_> {
        let (given, frame) = (&self.given, &self.frame);
        let mut terms = frame.terms();
        terms.extend(given.since.map(|since| format!("Compared with the return of {}.", frame.minute(since))));
        let only = given.only.as_ref().map(|site| frame.names.name("site", site.as_str()));
        terms.extend(only.map(|site| format!("Only site {site}.")));
        Paper {
            terms,
            summary: self.summary(),
            cards: figures::cards(self),
            charts: figures::charts(self),
            fields: self.fields(),
            sheets: sheets::sheets(self),
            ..frame.paper("lenswarden-return", self.title())
        }
    }

    /// Its title.
    fn title(&self) -> String {
        match self.given.snapshot.department.as_str() {
            "" => "Visual surveillance: return".to_owned(),
            department => format!("{department}: visual surveillance return"),
        }
    }

    /// What of it only programs are told beside the tables.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let (given, frame) = (&self.given, &self.frame);
        let (snapshot, exposure) = (given.snapshot, &given.exposure);
        let coverage = snapshot.coverage();
        let share = |share: &Share| {
            json!({"all": share.all, "answering": share.answering, "percent": share.percent(),
                   "oldest": frame.moment(share.oldest)})
        };
        let hidden = coverage.hidden;
        let installed: serde_json::Map<String, Value> = Installed::ALL
            .into_iter()
            .map(|when| (crate::snapshot::word(&when).replace('-', "_"), given.installed(when).into()))
            .collect();
        vec![
            ("since", frame.moment(given.since)),
            ("site", given.only.as_ref().map(|site| frame.site(Some(site))).unwrap_or_default()),
            (
                "coverage",
                json!({"switches": share(&coverage.switches), "cameras": share(&coverage.cameras), "behind_recorders": hidden}),
            ),
            (
                "devices",
                json!({"restricted": exposure.restricted, "suspected": exposure.suspected, "unknown": exposure.unknown,
                       "not_restricted": exposure.not_restricted, "not_identified": exposure.not_identified}),
            ),
            ("installed", Value::Object(installed)),
            (
                "affected_sites",
                json!({"affected": given.affected(), "done": given.standing(Standing::Done),
                       "remaining": given.standing(Standing::Remaining),
                       "gone_not_shown": given.standing(Standing::GoneNotShown), "percent_done": given.done_percent()}),
            ),
            ("progress_rests_on", given.progress.words().into()),
        ]
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
            Some(since) => format!("{} changes since {}", given.changes.len(), self.frame.minute(since)),
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
                     November 2022, {} were there before; of the others nobody saw when they came: a register says \
                     before of {}, after of {}, and of {} nothing is known",
                    given.on_sensitive.len(),
                    perhaps.count(),
                    of(Installed::SinceLastReturn),
                    of(Installed::AfterInstruction),
                    of(Installed::BeforeInstruction),
                    of(Installed::BeforeByRegister),
                    of(Installed::AfterByRegister),
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
