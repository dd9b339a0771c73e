//! Cells that several reports have.

use serde_json::Value;

use super::paper::{Frame, Names, Row, Sheet};
use super::tables;
use crate::net::text::{clean, clean_words};
use crate::net::{Author, DeviceText, PortName, TargetName};
use crate::policy::Policies;
use crate::review::{Decision, DecisionKind, Finding, Matter};
use crate::snapshot::{DeviceRow, word};

/// What a decision says in words: its kind, its last day, its reason, its compensating control. Read from its record, so that every kind is told.
pub(super) fn decided(finding: &Finding) -> [Value; 4] {
    let record = finding.decision.as_ref().and_then(|decision| serde_json::to_value(&decision.kind).ok());
    let field = |names: &[&str]| names.iter().find_map(|name| record.as_ref()?.get(name).cloned()).unwrap_or_default();
    [field(&["kind"]), field(&["until", "by"]), field(&["reason"]), field(&["control"])]
}

/// What a device says of itself where it may hold what tells which one it is.
pub(super) fn said(names: &Names, row: &DeviceRow, text: &str) -> String {
    let own = [row.serial.as_str(), row.hostname.as_ref().map(DeviceText::as_str).unwrap_or_default()];
    let tells = own.iter().any(|own| !own.is_empty() && text.contains(own));
    if tells && names.are_redacted() { names.words(text) } else { clean(text) }
}

/// What is known of something, fact by fact.
pub(super) const FACTS: &[&str] = &["field", "value", "source", "since"];
/// What is said where nothing is known.
pub(super) const NOT_KNOWN: &str = "not known";

/// A fact: what, what of it is known, by what, since when. What is not known is said.
pub(super) fn fact(field: &str, value: impl Into<String>, source: &str, since: Value) -> Row {
    let value: String = value.into();
    let value = if value.is_empty() { NOT_KNOWN.to_owned() } else { value };
    vec![field.into(), value.into(), source.into(), since]
}

/// A word of a list, as people and files have it.
pub(super) fn spelled(value: &impl serde::Serialize) -> Value {
    word(value).into()
}

impl Frame<'_> {
    /// A person: the name and by what the kernel knew them.
    pub(super) fn person(&self, author: &Author) -> Value {
        match self.names.are_redacted() {
            true => self.names.name("person", &author.name),
            false => clean(&author.to_string()),
        }
        .into()
    }

    /// A port is one of its switch: two that are called alike are two.
    pub(super) fn port_of(&self, switch: Option<&TargetName>, port: Option<&PortName>) -> Value {
        let name = port.map(PortName::as_str).unwrap_or_default();
        match switch {
            Some(switch) if self.names.are_redacted() && !name.is_empty() => {
                self.names.name("port", &format!("{switch}\0{name}"))
            }
            _ => self.names.name("port", name),
        }
        .into()
    }

    /// What a decision is about.
    fn matter(&self, matter: &Matter) -> Value {
        match matter {
            Matter::Site { site } => format!("site {}", self.names.name("site", site.as_str())),
            other => other.to_string(),
        }
        .into()
    }

    /// A finding's rule in words: those of a shipped pack name nothing of an estate.
    pub(super) fn rule_words(&self, finding: &Finding) -> String {
        match Policies::shipped_ids().contains(&finding.policy.as_str()) {
            true => clean_words(&finding.text),
            false => self.names.words(&finding.text),
        }
    }

    /// Findings and how each is dealt with.
    pub(super) fn findings<'f, 's>(
        &self,
        title: &'static str,
        findings: impl Iterator<Item = &'f Finding>,
    ) -> Sheet<'s> {
        const COLUMNS: &[&str] = &[
            "finding", "rule", "severity", "state", "since", "closed", "closing", "text", "decision", "until", "by",
            "at", "assignee", "due", "tags", "handling",
        ];
        let row = |finding: &Finding| {
            let handling = &finding.handling;
            let [decision, until, ..] = decided(finding);
            let made = finding.decision.as_ref();
            vec![
                finding.id.0.into(),
                self.rule(finding).into(),
                spelled(&finding.severity),
                spelled(&finding.state),
                self.moment(Some(finding.since)),
                self.moment(finding.closed),
                finding.closing.as_ref().map(spelled).unwrap_or_default(),
                self.rule_words(finding).into(),
                decision,
                until,
                made.map(|made| self.person(&made.author)).unwrap_or_default(),
                self.moment(made.map(|made| made.at)),
                self.called("person", handling.assignee.as_ref()),
                handling.due.map(|due| due.to_string().into()).unwrap_or_default(),
                self.names.words(&handling.tags.iter().cloned().collect::<Vec<_>>().join(" ")).into(),
                self.names.words(&tables::handling(finding).join("; ")).into(),
            ]
        };
        Sheet::of(("findings", title), COLUMNS, findings.map(row).collect()).or("None.")
    }

    /// Decisions, oldest first, with what each says and whether it is the one that holds.
    pub(super) fn decisions<'f, 's>(
        &self,
        names: (&'static str, &'static str),
        decisions: impl Iterator<Item = &'f Decision>,
        holds: impl Fn(&Decision) -> bool,
    ) -> Sheet<'s> {
        const COLUMNS: &[&str] =
            &["at", "on", "decision", "until", "in_words", "reason", "control", "by", "approved_by", "holds"];
        let row = |decision: &Decision| {
            let kind = &decision.kind;
            let tag = serde_json::to_value(kind).ok().and_then(|record| record.get("kind").cloned());
            // A note, a tag, an assignment is in force by no day and in no other's place.
            let held =
                kind.state().is_some() || matches!(kind, DecisionKind::Overrule { .. } | DecisionKind::Consider { .. });
            let control = if let DecisionKind::Accept { control, .. } = kind { control.as_str() } else { "" };
            vec![
                self.moment(Some(decision.at)),
                self.matter(&decision.matter),
                tag.unwrap_or_default(),
                kind.until().map(|until| until.to_string().into()).unwrap_or_default(),
                self.names.words(&kind.words()).into(),
                self.names.words(kind.reason().unwrap_or_default()).into(),
                self.names.words(control).into(),
                self.person(&decision.author),
                decision.approver.as_ref().map(|who| self.person(who)).unwrap_or_default(),
                if held { holds(decision).into() } else { Value::Null },
            ]
        };
        Sheet::of(names, COLUMNS, decisions.map(row).collect()).or("None was ever made.")
    }

    /// Notes, and what they are kept with.
    pub(super) fn notes<'f, 's>(&self, decisions: impl Iterator<Item = &'f Decision>) -> Sheet<'s> {
        const COLUMNS: &[&str] = &["at", "on", "text", "attachment", "sha256", "by"];
        let row = |decision: &Decision| {
            let DecisionKind::Note { text, attachment } = &decision.kind else { return None };
            let kept = attachment.as_ref();
            Some(vec![
                self.moment(Some(decision.at)),
                self.matter(&decision.matter),
                self.names.words(text).into(),
                self.names.words(kept.map(|kept| kept.reference.as_str()).unwrap_or_default()).into(),
                kept.map(|kept| clean(&kept.sha256).into()).unwrap_or_default(),
                self.person(&decision.author),
            ])
        };
        Sheet::of(("notes", "Notes and attachments"), COLUMNS, decisions.filter_map(row).collect()).or("None.")
    }
}
