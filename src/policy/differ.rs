//! What a pack of somebody's own says that differs from the shipped pack of the same id.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::pack::{Pack, Rule};
use crate::net::PackId;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about: a rule's id, or `match`, `equipment`, `in-force`.
    pub what: String,
    /// It lets something pass that the shipped pack does not.
    pub looser: bool,
    /// What it is.
    pub text: String,
}

/// Something of a shipped pack that does not hold here, because somebody decided so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loosened {
    /// The shipped pack.
    pub pack: PackId,
    /// What does not hold, in words.
    pub text: String,
    /// Why.
    pub why: String,
    /// Who decided so.
    pub who: String,
}

/// What a difference is about: whose equipment is restricted.
const MATCH: &str = "match";
/// Which kinds of equipment are.
const EQUIPMENT: &str = "equipment";
/// From when until when.
const IN_FORCE: &str = "in-force";

pub(super) fn word(value: &impl Serialize) -> String {
    match json!(value) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn words<T: Serialize>(values: &[T]) -> String {
    if values.is_empty() { "any".to_owned() } else { values.iter().map(word).collect::<Vec<_>>().join(" or ") }
}

fn day_or(day: Option<Date>, otherwise: &str) -> String {
    day.map_or_else(|| otherwise.to_owned(), |day| day.to_string())
}

/// What `own` says that differs from `shipped`.
pub(super) fn differences(own: &Pack, shipped: &Pack) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut tell = |what: &str, looser: bool, text: String| {
        found.push(Difference { what: what.to_owned(), looser, text });
    };
    let (mine, theirs) = (&own.whose, &shipped.whose);
    match (mine.jurisdiction, theirs.jurisdiction) {
        (None, Some(law)) => tell(MATCH, true, format!("does not restrict by jurisdiction ({})", word(&law))),
        (Some(law), None) => tell(MATCH, false, format!("restricts by jurisdiction too ({})", word(&law))),
        (Some(law), Some(before)) if law != before => {
            tell(MATCH, true, format!("restricts by another jurisdiction: {}, not {}", word(&law), word(&before)));
        }
        _ => {}
    }
    let dropped = theirs.makers.iter().filter(|id| !mine.makers.contains(id));
    dropped.for_each(|id| tell(MATCH, true, format!("does not name {id}")));
    let added = mine.makers.iter().filter(|id| !theirs.makers.contains(id));
    added.for_each(|id| tell(MATCH, false, format!("names {id} too")));
    if mine.affiliates != theirs.affiliates {
        let text = if mine.affiliates { "means" } else { "does not mean" };
        tell(MATCH, theirs.affiliates, format!("{text} the companies its makers control"));
    }
    let lacks = shipped.equipment.iter().filter(|kind| !own.equipment.contains(kind));
    lacks.for_each(|kind| tell(EQUIPMENT, true, format!("is not about {} equipment", word(kind))));
    let more = own.equipment.iter().filter(|kind| !shipped.equipment.contains(kind));
    more.for_each(|kind| tell(EQUIPMENT, false, format!("is about {} equipment too", word(kind))));
    if own.in_force_from != shipped.in_force_from {
        let (mine, theirs) = (day_or(own.in_force_from, "ever"), day_or(shipped.in_force_from, "ever"));
        let looser = own.in_force_from > shipped.in_force_from;
        tell(IN_FORCE, looser, format!("is in force since {mine}, not since {theirs}"));
    }
    if own.in_force_until != shipped.in_force_until {
        let (mine, theirs) = (day_or(own.in_force_until, "for good"), day_or(shipped.in_force_until, "for good"));
        // No end is the latest one.
        let looser = own.in_force_until.unwrap_or(Date::MAX) < shipped.in_force_until.unwrap_or(Date::MAX);
        tell(IN_FORCE, looser, format!("is in force until {mine}, not until {theirs}"));
    }
    for rule in &shipped.rules {
        match own.rules.iter().find(|other| other.id == rule.id) {
            None => {
                let text = format!("drops rule {} ({}): {}", rule.id, word(&rule.severity), rule.text);
                tell(rule.id.as_str(), true, text);
            }
            Some(other) => compare(other, rule, &mut |looser, text| tell(rule.id.as_str(), looser, text)),
        }
    }
    for rule in own.rules.iter().filter(|rule| shipped.rules.iter().all(|other| other.id != rule.id)) {
        tell(rule.id.as_str(), false, format!("adds rule {} ({}): {}", rule.id, word(&rule.severity), rule.text));
    }
    found
}

fn compare(own: &Rule, shipped: &Rule, tell: &mut impl FnMut(bool, String)) {
    let id = &own.id;
    if own.severity != shipped.severity {
        // Graver ones come first.
        let looser = own.severity > shipped.severity;
        tell(looser, format!("rule {id} is {}, not {}", word(&own.severity), word(&shipped.severity)));
    }
    if own.who != shipped.who {
        tell(own.who < shipped.who, format!("rule {id} is about {}, not {}", word(&own.who), word(&shipped.who)));
    }
    let conditions = [
        ("site", own.site.map(|site| word(&site)), shipped.site.map(|site| word(&site))),
        ("network", own.network.map(|kind| word(&kind)), shipped.network.map(|kind| word(&kind))),
    ];
    for (what, mine, theirs) in conditions {
        if mine != theirs {
            let named = |value: Option<String>| value.unwrap_or_else(|| "any".to_owned());
            let looser = mine.is_some();
            tell(looser, format!("rule {id} holds for {what} {}, not {}", named(mine), named(theirs)));
        }
    }
    if own.class != shipped.class {
        let looser = narrows(&own.class, &shipped.class);
        tell(looser, format!("rule {id} is about class {}, not {}", words(&own.class), words(&shipped.class)));
    }
    if own.verdict != shipped.verdict {
        let looser = narrows(&own.verdict, &shipped.verdict);
        let (mine, theirs) = (words(&own.verdict), words(&shipped.verdict));
        tell(looser, format!("rule {id} is about makers that are {mine}, not {theirs}"));
    }
    if own.appeared_after != shipped.appeared_after {
        let looser = own.appeared_after > shipped.appeared_after;
        let named = |date: Option<Date>| date.map_or_else(|| "ever".to_owned(), |date| format!("after {date}"));
        let (mine, theirs) = (named(own.appeared_after), named(shipped.appeared_after));
        tell(looser, format!("rule {id} is about what was connected {mine}, not {theirs}"));
    }
    if own.text != shipped.text {
        tell(false, format!("rule {id} has other words: {}", own.text));
    }
}

/// Whether a list of words leaves out something that the other one holds; an empty one holds all.
fn narrows<T: PartialEq>(own: &[T], shipped: &[T]) -> bool {
    !own.is_empty() && (shipped.is_empty() || shipped.iter().any(|word| !own.contains(word)))
}

/// What a pack takes back of the shipped one without saying so, and what it says that it does not do: each with how to
/// mend it. A pack can tighten as it likes, but nobody is to lose a shipped rule by a slip of the pen.
pub(super) fn unexplained(own: &Pack, shipped: Option<&Pack>) -> Vec<(String, String)> {
    let differences = shipped.map(|shipped| differences(own, shipped)).unwrap_or_default();
    let mut found = Vec::new();
    for difference in differences.iter().filter(|difference| difference.looser) {
        if !own.loosens.iter().any(|loosening| loosening.what == difference.what) {
            let message = format!("it loosens the shipped pack '{}': it {}", own.id, difference.text);
            let hint = format!(
                "put that back, or say that it is meant: [[loosens]] what = \"{}\", why = \"…\", who = \"…\"",
                difference.what
            );
            found.push((message, hint));
        }
    }
    for loosening in &own.loosens {
        if !differences.iter().any(|difference| difference.looser && difference.what == loosening.what) {
            let message = format!("[[loosens]] '{}' takes back nothing of a shipped pack", loosening.what);
            let hint = "take it out; what = a rule's id, match, equipment or in-force".to_owned();
            found.push((message, hint));
        }
    }
    found
}

/// What a pack takes back of the shipped one, with who decided so and why.
pub(super) fn loosened<'a>(own: &'a Pack, shipped: &'a Pack) -> impl Iterator<Item = Loosened> + 'a {
    let looser = differences(own, shipped).into_iter().filter(|difference| difference.looser);
    looser.map(|difference| {
        let said = own.loosens.iter().find(|loosening| loosening.what == difference.what);
        let (why, who) = said.map(|said| (said.why.clone(), said.who.clone())).unwrap_or_default();
        Loosened { pack: own.id.clone(), text: difference.text, why, who }
    })
}

impl Pack {
    /// The pack for a person.
    #[must_use]
    pub fn describe(&self) -> String {
        let date = day_or(self.date, "");
        let mut out = format!(
            "{}   version {}   {date}\n{}\n{}\nsource: {}\n",
            self.id, self.version, self.title, self.issuer, self.source
        );
        out += &self.basis.as_ref().map(|basis| format!("basis: {basis}\n")).unwrap_or_default();
        out += &self.owner.as_ref().map(|owner| format!("owner: {owner}\n")).unwrap_or_default();
        let (from, until) = (self.in_force_from, self.in_force_until);
        if from.is_some() || until.is_some() {
            out += &format!("in force: {} until {}\n", day_or(from, "ever"), day_or(until, "further notice"));
        }
        let kinds: Vec<_> = self.equipment.iter().map(word).collect();
        out += &format!("\nRESTRICTS {} equipment of makers\n", kinds.join(", "));
        if let Some(law) = self.whose.jurisdiction {
            out += &format!("  under the jurisdiction {}\n", word(&law));
        }
        for maker in &self.whose.makers {
            let affiliates = if self.whose.affiliates { ", and those it controls" } else { "" };
            out += &format!("  {maker}{affiliates}\n");
        }
        out += "\nRULES\n";
        for rule in &self.rules {
            let mut when = vec![word(&rule.who)];
            when.extend(rule.site.map(|site| format!("site {}", word(&site))));
            when.extend(rule.network.map(|kind| format!("network {}", word(&kind))));
            when.extend(rule.appeared_after.map(|date| format!("connected after {date}")));
            when.extend((!rule.class.is_empty()).then(|| format!("class {}", words(&rule.class))));
            when.extend((!rule.verdict.is_empty()).then(|| format!("maker {}", words(&rule.verdict))));
            out +=
                &format!("  {:<7} {}   {}\n          {}\n", word(&rule.severity), rule.id, when.join(", "), rule.text);
            out += &format!("          source: {}\n", rule.source.as_ref().unwrap_or(&self.source));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Policies;

    fn differs(change: impl Fn(String) -> String) -> Vec<(bool, String)> {
        let text = change(Policies::shipped_text("uk-gsg-2022").unwrap().to_owned());
        let read = Policies::parse(&[("own.toml".to_owned(), text)]).unwrap();
        let found = Policies::differences(&read.packs()[0]).unwrap();
        found.into_iter().map(|difference| (difference.looser, difference.text)).collect()
    }

    #[test]
    fn what_an_own_pack_loosens_is_told_and_what_it_tightens_too() {
        assert_eq!(differs(|text| text), []);
        let dropped = differs(|text| {
            let from = text.find("[[rule]]\nid = \"no-core-network\"").unwrap();
            let to = text.find("[[rule]]\nid = \"remove-sensitive\"").unwrap();
            [&text[..from], &text[to..]].concat()
        });
        assert!(dropped.len() == 1 && dropped[0].0 && dropped[0].1.starts_with("drops rule no-core-network (breach)"));
        let softer = differs(|text| text.replacen("severity = \"breach\"", "severity = \"info\"", 1));
        assert_eq!(softer, [(true, "rule cease-deployment is info, not breach".to_owned())]);
        let graver = differs(|text| text.replace("severity = \"review\"", "severity = \"action\""));
        assert_eq!(graver, [(false, "rule review-other is action, not review".to_owned())]);
        let narrower = differs(|text| text.replace("who = \"any-surveillance\"", "who = \"restricted\""));
        assert_eq!(narrower, [(true, "rule no-core-network is about restricted, not any-surveillance".to_owned())]);
        let named = differs(|text| text.replace("jurisdiction = \"prc\"", "makers = [\"hikvision\"]"));
        assert_eq!(
            named,
            [(true, "does not restrict by jurisdiction (prc)".into()), (false, "names hikvision too".into())]
        );
        let later = differs(|text| text.replace("appeared-after = 2022-11-24", "appeared-after = 2024-01-01"));
        assert!(later.len() == 1 && later[0].0, "{later:?}");
        let from = differs(|text| text.replace("in-force-from = 2022-11-24", "in-force-from = 2030-01-01"));
        assert_eq!(from, [(true, "is in force since 2030-01-01, not since 2022-11-24".to_owned())]);
        let until = differs(|text| text.replace("version = 2", "version = 2\nin-force-until = 2026-12-31"));
        assert_eq!(until, [(true, "is in force until 2026-12-31, not until for good".to_owned())]);
        let last = "site = \"standard\"";
        let narrow = differs(|text| text.replace(last, &format!("{last}\nclass = [\"recorder\", \"camera\"]")));
        assert_eq!(narrow, [(true, "rule review-other is about class recorder or camera, not any".to_owned())]);
        let sure = differs(|text| text.replace(last, &format!("{last}\nverdict = [\"confirmed\"]")));
        assert_eq!(sure, [(true, "rule review-other is about makers that are confirmed, not any".to_owned())]);
        let wider =
            differs(|text| text.replace("version = 2", "version = 3\nequipment = [\"surveillance\", \"intercom\"]"));
        assert_eq!(wider, [(false, "is about intercom equipment too".to_owned())]);
    }

    #[test]
    fn what_is_taken_back_must_be_said_and_what_is_said_must_be_taken_back() {
        let text = Policies::shipped_text("uk-gsg-2022").unwrap();
        let softer = text.replacen("severity = \"breach\"", "severity = \"info\"", 1);
        let judge = |text: &str| {
            let read = Policies::parse(&[("own.toml".to_owned(), text.to_owned())]).unwrap();
            let problems: Vec<String> = read.unexplained().into_iter().map(|(_, message, _)| message).collect();
            (problems, read.loosened())
        };
        assert_eq!(judge(text), (Vec::new(), Vec::new()));
        let (problems, loosened) = judge(&softer);
        let words = "rule cease-deployment is info, not breach";
        assert_eq!(problems, [format!("it loosens the shipped pack 'uk-gsg-2022': it {words}")]);
        assert_eq!((loosened.len(), loosened[0].who.as_str()), (1, ""));
        let said = "\n[[loosens]]\nwhat = \"cease-deployment\"\nwhy = \"as agreed\"\nwho = \"J. Smith\"\n";
        let (problems, loosened) = judge(&(softer + said));
        assert_eq!((problems, loosened.len()), (Vec::new(), 1));
        let kept = (loosened[0].text.as_str(), loosened[0].why.as_str(), loosened[0].who.as_str());
        assert_eq!(kept, (words, "as agreed", "J. Smith"));
        // The next version of the shipped pack, or a slip: what is not loosened any more is not said to be.
        assert_eq!(
            judge(&(text.to_owned() + said)).0,
            ["[[loosens]] 'cease-deployment' takes back nothing of a shipped pack"]
        );
        let nobody = said.replace("J. Smith", " ");
        assert!(Policies::parse(&[("own.toml".to_owned(), text.to_owned() + &nobody)]).is_err());
    }

    #[test]
    fn every_rule_of_a_shipped_pack_is_shown_with_its_source() {
        for pack in Policies::shipped().packs() {
            assert_eq!(Policies::differences(pack), Some(Vec::new()));
            let described = pack.describe();
            assert_eq!(described.matches("  source: ").count(), pack.rules.len(), "{described}");
            assert!(pack.rules.iter().all(|rule| rule.source.as_ref().is_some_and(|source| !source.is_empty())));
        }
    }
}
