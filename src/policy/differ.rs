//! What a pack of somebody's own says that differs from the shipped pack of the same id.

use serde::Serialize;
use serde_json::json;

use super::pack::{Pack, Rule};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// It lets something pass that the shipped pack does not.
    pub looser: bool,
    /// What it is.
    pub text: String,
}

pub(super) fn word(value: &impl Serialize) -> String {
    match json!(value) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

/// What `own` says that differs from `shipped`.
pub(super) fn differences(own: &Pack, shipped: &Pack) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut tell = |looser: bool, text: String| found.push(Difference { looser, text });
    let (mine, theirs) = (&own.whose, &shipped.whose);
    match (mine.jurisdiction, theirs.jurisdiction) {
        (None, Some(law)) => tell(true, format!("does not restrict by jurisdiction ({})", word(&law))),
        (Some(law), None) => tell(false, format!("restricts by jurisdiction too ({})", word(&law))),
        (Some(law), Some(before)) if law != before => {
            tell(true, format!("restricts by another jurisdiction: {}, not {}", word(&law), word(&before)));
        }
        _ => {}
    }
    theirs
        .makers
        .iter()
        .filter(|id| !mine.makers.contains(id))
        .for_each(|id| tell(true, format!("does not name {id}")));
    mine.makers.iter().filter(|id| !theirs.makers.contains(id)).for_each(|id| tell(false, format!("names {id} too")));
    if mine.affiliates != theirs.affiliates {
        let text = if mine.affiliates { "means" } else { "does not mean" };
        tell(theirs.affiliates, format!("{text} the companies its makers control"));
    }
    let lacks = shipped.equipment.iter().filter(|kind| !own.equipment.contains(kind));
    lacks.for_each(|kind| tell(true, format!("is not about {} equipment", word(kind))));
    let more = own.equipment.iter().filter(|kind| !shipped.equipment.contains(kind));
    more.for_each(|kind| tell(false, format!("is about {} equipment too", word(kind))));
    for rule in &shipped.rules {
        match own.rules.iter().find(|other| other.id == rule.id) {
            None => tell(true, format!("drops rule {} ({}): {}", rule.id, word(&rule.severity), rule.text)),
            Some(other) => compare(other, rule, &mut tell),
        }
    }
    for rule in own.rules.iter().filter(|rule| shipped.rules.iter().all(|other| other.id != rule.id)) {
        tell(false, format!("adds rule {} ({}): {}", rule.id, word(&rule.severity), rule.text));
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
    if own.appeared_after != shipped.appeared_after {
        let looser = own.appeared_after > shipped.appeared_after;
        let named =
            |date: Option<jiff::civil::Date>| date.map_or_else(|| "ever".to_owned(), |date| format!("after {date}"));
        let (mine, theirs) = (named(own.appeared_after), named(shipped.appeared_after));
        tell(looser, format!("rule {id} is about what was connected {mine}, not {theirs}"));
    }
    if own.text != shipped.text {
        tell(false, format!("rule {id} has other words: {}", own.text));
    }
}

impl Pack {
    /// The pack for a person.
    #[must_use]
    pub fn describe(&self) -> String {
        let date = self.date.map(|date| date.to_string()).unwrap_or_default();
        let mut out = format!(
            "{}   version {}   {date}\n{}\n{}\nsource: {}\n",
            self.id, self.version, self.title, self.issuer, self.source
        );
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
        let wider =
            differs(|text| text.replace("version = 1", "version = 2\nequipment = [\"surveillance\", \"intercom\"]"));
        assert_eq!(wider, [(false, "is about intercom equipment too".to_owned())]);
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
