//! What happened: the end of the change log as it grows, what carriers were told, and the visits.

use std::collections::{BTreeMap, VecDeque};

use super::columns::Sheet;
use super::model::{Model, View};
use super::tell;
use crate::net::{SiteId, TargetName, Timestamp};
use crate::policy::Severity;
use crate::snapshot::{Plain, Said, Snapshot, TargetRow, in_order};
use crate::store::Logged;

/// Rows of the log that are kept: older ones are what `lenswarden audit export` is for.
const MOST: usize = 5_000;
/// Rows that are looked through for words that hardly any holds, before somebody asks for more by moving on.
const MOST_LOOKED: usize = 40_000;
/// Visits that are listed.
const MOST_VISITS: usize = 1_000;
/// Rounds that are remembered.
const MOST_ROUNDS: usize = 60;

/// What tells one thing that happened from the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// A row of the change log.
    Change(u64),
    /// An alert: when, to whom and about what.
    Alert(Timestamp, String),
    /// A target's last visit.
    Visit(TargetName),
}

/// What visits can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum VisitOrder {
    /// The newest first.
    #[default]
    When,
    Kind,
    Site,
    What,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Which.
    pub key: Happening,
    /// When.
    pub at: Timestamp,
    /// The word `kind:` takes.
    pub kind: &'static str,
    /// How grave the finding is that it is about.
    pub severity: Option<Severity>,
    /// Where.
    pub site: Option<SiteId>,
    /// In words.
    pub text: String,
}

/// A part of the log that was looked through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// What passes, newest first.
    pub entries: Vec<Told>,
    /// What carriers were told meanwhile.
    pub alerts: Vec<Told>,
    /// The newest row that was looked at; 0: there was none.
    pub newest: u64,
    /// The oldest.
    pub oldest: u64,
    /// How many.
    pub looked: usize,
    /// All that were asked for were looked at.
    pub whole: bool,
}

/// One entry of the log in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The row.
    pub logged: Logged,
    /// Where the log ends, signed, as `lenswarden audit head` prints it.
    pub head: Option<String>,
}

/// The switches' visits within one interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Round {
    number: i64,
    pub(super) visits: u64,
    pub(super) took_ms: u64,
    pub(super) requests: u64,
    pub(super) slowest: Option<(u64, TargetName)>,
}

impl Round {
    /// What a visit took, on average, in milliseconds.
    pub(super) fn mean_ms(&self) -> u64 {
        self.took_ms.checked_div(self.visits).unwrap_or(0)
    }
}

/// Which part of the log was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    All,
    Newer,
    Older,
}

/// What happened, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Activity {
    entries: Vec<Told>,
    alerts: Vec<Told>,
    /// In the order of the list.
    pub(super) rows: Vec<Told>,
    newest: u64,
    pub(super) oldest: u64,
    pub(super) whole: bool,
    looked: usize,
    words: Plain,
    begun: bool,
    asked: Part,
    /// The switches' rounds that this console saw, the oldest first.
    pub(super) rounds: VecDeque<Round>,
    /// The visit of each that is counted already.
    noted: BTreeMap<TargetName, Timestamp>,
}

impl Activity {
    /// What of the log is to be read: past and before these rows.
    fn part(&mut self, settled: bool, at_end: bool, words: &Plain) -> Option<(u64, u64)> {
        if !self.begun || self.words != *words {
            (self.begun, self.looked, self.asked) = (true, 0, Part::All);
            self.words = words.clone();
            return Some((0, u64::MAX));
        }
        if !settled {
            self.asked = Part::Newer;
            return Some((self.newest, u64::MAX));
        }
        let more = at_end && !self.whole && self.entries.len() < MOST && self.looked < MOST_LOOKED;
        self.asked = if more { Part::Older } else { self.asked };
        more.then_some((0, self.oldest))
    }

    fn take(&mut self, page: Page) {
        self.looked += page.looked;
        match self.asked {
            // Between what is shown and what came there is more: what is shown is let go.
            Part::Newer if !page.whole => {
                (self.entries, self.newest, self.oldest) = (page.entries, page.newest, page.oldest);
                self.whole = false;
            }
            Part::Newer => {
                self.newest = self.newest.max(page.newest);
                self.entries.splice(0..0, page.entries);
                if self.entries.len() > MOST {
                    self.entries.truncate(MOST);
                    self.oldest = match self.entries.last().map(|entry| &entry.key) {
                        Some(Happening::Change(seq)) => *seq,
                        _ => self.oldest,
                    };
                    self.whole = false;
                }
            }
            Part::Older => {
                self.entries.extend(page.entries);
                if page.looked > 0 {
                    self.oldest = page.oldest;
                }
                self.whole = page.whole;
            }
            Part::All => {
                (self.entries, self.newest, self.oldest) = (page.entries, page.newest, page.oldest);
                self.whole = page.whole;
            }
        }
        self.alerts = page.alerts;
    }

    /// The log and the alerts in one order, newest first; alerts no further back than the log is read.
    fn merge(&mut self) {
        let from = match self.entries.last() {
            Some(last) if !self.whole => last.at,
            _ => Timestamp(i64::MIN),
        };
        let alerts = self.alerts.iter().filter(|alert| alert.at >= from);
        self.rows = self.entries.iter().chain(alerts).cloned().collect();
        // Stable: rows of one moment stay in the order of the log.
        self.rows.sort_by_key(|told| std::cmp::Reverse(told.at));
    }

    /// Takes note of visits of switches, which are made every so many milliseconds.
    pub(super) fn note<'a>(&mut self, targets: impl Iterator<Item = &'a TargetRow>, every_ms: i64) {
        for target in targets.filter(|target| target.switch) {
            let Some(at) = target.last_attempt else { continue };
            if self.noted.insert(target.name.clone(), at) >= Some(at) {
                continue;
            }
            let number = at.0.checked_div(every_ms).unwrap_or(0);
            let place = self.rounds.partition_point(|round| round.number < number);
            if self.rounds.get(place).is_none_or(|round| round.number != number) {
                if place == 0 && self.rounds.len() >= MOST_ROUNDS {
                    continue;
                }
                self.rounds.insert(place, Round { number, ..Round::default() });
            }
            if let Some(round) = self.rounds.get_mut(place) {
                round.visits += 1;
                round.took_ms += target.took_ms;
                round.requests += u64::from(target.requests);
                let visit = (target.took_ms, target.name.clone());
                round.slowest = round.slowest.take().max(Some(visit));
            }
            while self.rounds.len() > MOST_ROUNDS {
                self.rounds.pop_front();
            }
        }
    }

    /// The database is another, or was away: what was read of its log is read anew.
    pub(super) fn restart(&mut self) {
        self.begun = false;
    }

    /// Somebody moves on: more may be looked through.
    pub(super) fn go_on(&mut self) {
        self.looked = 0;
    }
}

/// Each target's last visit that passes, the newest first.
#[must_use]
pub fn visits(snapshot: &Snapshot, words: &Plain) -> Vec<Told> {
    let mut visits: Vec<Told> = snapshot.targets.values().filter_map(tell::visit).collect();
    visits.retain(|told| words.holds(told.kind, told.site.as_ref().map(SiteId::as_str), &[&told.text]));
    visits.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.key.cmp(&other.key)));
    visits
}

/// Visits in another order.
pub(super) fn visits_in_order(visits: Vec<Told>, order: VisitOrder, reversed: bool) -> Vec<Told> {
    in_order(visits, reversed, |told| match order {
        VisitOrder::When => Said::Number(told.at.0.saturating_neg()),
        VisitOrder::Kind => Said::text(told.kind),
        VisitOrder::Site => Said::text(told.site.as_ref().map(|site| site.as_str().to_owned()).unwrap_or_default()),
        VisitOrder::What => Said::text(told.text.clone()),
    })
}

impl Model {
    /// What of the log is to be read for the screen: past and before these rows.
    pub(super) fn log_wanted(&mut self) -> Option<(u64, u64)> {
        let list = &self.lists.activity;
        let at_end = list.at() + 2 * list.page.get() >= list.order().len();
        let plain = &self.words.activity.plain;
        if plain.names("visit") {
            return None;
        }
        self.activity.part(self.settled.activity, at_end, plain)
    }

    /// Takes in a part of the log.
    pub(super) fn take_log(&mut self, page: Page) {
        self.activity.take(page);
        self.activity.merge();
        self.list_activity();
    }

    /// Visits are in no log: each target tells its last.
    pub(super) fn list_visits(&mut self) {
        let mut visits = visits(&self.snapshot, &self.words.activity.plain);
        visits.truncate(MOST_VISITS);
        let (order, reversed) = self.order(Sheet::Activity);
        self.activity.rows = visits_in_order(visits, order, reversed);
        // Rows of the log are read anew when they are asked for again.
        self.activity.begun = false;
        self.list_activity();
    }

    fn list_activity(&mut self) {
        let top = self.lists.activity.at() == 0 && !self.shows_detail();
        let keys = self.activity.rows.iter().map(|told| told.key.clone()).collect();
        self.lists.activity.set(keys);
        // Whoever looks at the newest goes on looking at the newest.
        if top {
            self.lists.activity.select_at(0);
        }
    }

    /// The row of the log that is selected, where its body is to be shown.
    pub(super) fn selected_entry(&self) -> Option<u64> {
        match self.lists.activity.selected()? {
            Happening::Change(seq) if self.view == View::Activity => Some(*seq),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seq: u64) -> Told {
        let at = Timestamp(i64::try_from(seq).unwrap());
        Told { key: Happening::Change(seq), at, kind: "device", severity: None, site: None, text: String::new() }
    }

    fn page(newest: u64, oldest: u64, whole: bool) -> Page {
        let entries: Vec<Told> = (oldest..=newest).rev().map(told).collect();
        Page { looked: entries.len(), entries, alerts: Vec::new(), newest, oldest, whole }
    }

    fn seqs(activity: &Activity) -> (u64, u64, usize) {
        let seq = |told: Option<&Told>| match told.map(|told| &told.key) {
            Some(Happening::Change(seq)) => *seq,
            _ => 0,
        };
        (seq(activity.rows.first()), seq(activity.rows.last()), activity.rows.len())
    }

    #[test]
    fn the_log_is_read_from_its_end_and_grows_at_both() {
        let mut activity = Activity::default();
        let all = Plain::default();
        assert_eq!(activity.part(false, false, &all), Some((0, u64::MAX)));
        activity.take(page(90, 71, false));
        assert_eq!(activity.part(true, false, &all), None, "nobody looks at the end");
        assert_eq!(activity.part(true, true, &all), Some((0, 71)));
        activity.take(page(70, 51, false));
        assert_eq!(activity.part(false, false, &all), Some((90, u64::MAX)));
        activity.take(page(92, 91, true));
        activity.merge();
        assert_eq!(seqs(&activity), (92, 51, 42));
        // More came than is read at once: nothing in between is left out unseen.
        assert_eq!(activity.part(false, false, &all), Some((92, u64::MAX)));
        activity.take(page(500, 301, false));
        activity.merge();
        assert_eq!(seqs(&activity), (500, 301, 200));
        assert_eq!(activity.part(true, true, &all), Some((0, 301)));
        activity.take(page(300, 1, true));
        activity.merge();
        assert_eq!(seqs(&activity), (500, 1, 500));
        assert_eq!(activity.part(true, true, &all), None, "that was the first row");
        let words = Plain::parse("x", &[]).unwrap();
        assert_eq!(activity.part(true, true, &words), Some((0, u64::MAX)), "other words: from the end");
    }

    #[test]
    fn a_round_is_the_visits_of_one_interval() {
        let mut target = TargetRow {
            name: "a".into(),
            switch: true,
            address: String::new(),
            site: "hq".into(),
            state: "answering".into(),
            since: Timestamp(0),
            why: String::new(),
            last_attempt: Some(Timestamp(300_000)),
            last_ok: None,
            requests: 10,
            took_ms: 100,
            tables: [].into(),
            readings: crate::observation::Readings::default(),
            camera: crate::observation::CameraStanding::default(),
        };
        let mut activity = Activity::default();
        activity.note([&target].into_iter(), 300_000);
        (target.name, target.took_ms) = ("b".into(), 300);
        activity.note([&target].into_iter(), 300_000);
        // The same visit is read again where the database was away.
        activity.note([&target].into_iter(), 300_000);
        (target.name, target.last_attempt) = ("c".into(), Some(Timestamp(100)));
        activity.note([&target].into_iter(), 300_000);
        let rounds: Vec<(u64, u64, u64)> =
            activity.rounds.iter().map(|round| (round.visits, round.mean_ms(), round.requests)).collect();
        assert_eq!(rounds, [(1, 300, 10), (2, 200, 20)], "the oldest first");
        assert_eq!(activity.rounds[1].slowest, Some((300, "b".into())));
    }
}
