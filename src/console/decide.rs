//! A decision being made: first the daemon is asked who may, then the form, then what would be sent, then the answer.

use jiff::civil::Date;

use super::input::{Edit, Input};
use crate::control::{MAX_LINE, Request};
use crate::net::FindingId;
use crate::review::{DecisionKind, DecisionRequest, Matter, day, latest_acceptance};

/// What kind of decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    #[default]
    RemoveBy,
    IsolateBy,
    ReplaceBy,
    AcceptUntil,
    NotInScope,
    Overrule,
    Approve,
    Reject,
    Reopen,
    Note,
}

impl Kind {
    /// All kinds in the order in which they stand on the form, four in a row.
    pub const ALL: [Self; 10] = [
        Self::RemoveBy,
        Self::IsolateBy,
        Self::ReplaceBy,
        Self::AcceptUntil,
        Self::NotInScope,
        Self::Overrule,
        Self::Approve,
        Self::Reject,
        Self::Reopen,
        Self::Note,
    ];

    /// Its words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::RemoveBy => "remove by",
            Self::IsolateBy => "isolate by",
            Self::ReplaceBy => "replace by",
            Self::AcceptUntil => "accept until",
            Self::NotInScope => "not in scope",
            Self::Overrule => "overrule",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Reopen => "open again",
            Self::Note => "note",
        }
    }

    fn step(self, forward: bool) -> Self {
        let at = Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0);
        let by = if forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL.iter().cycle().nth(at + by).copied().unwrap_or_default()
    }
}

/// A field of the form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Field {
    #[default]
    Kind,
    Date,
    Claim,
    Control,
    Reason,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The daemon is asked who you are.
    Asking,
    /// You may not, or the daemon is not there: why.
    Refused(String),
    /// The form.
    Filling,
    /// This would be sent.
    Confirming(DecisionKind),
    /// It was sent.
    Sending,
    /// The daemon took it, or refused it and changed nothing.
    Answered(Result<String, String>),
}

/// Who the daemon says you are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Your name, by the socket's peer.
    pub you: String,
    /// Whether you may decide.
    pub may_decide: bool,
    /// The calendar day here.
    pub today: Date,
}

/// A decision being made on one or several findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The findings, each with the revision that was on the screen when the form was opened.
    pub findings: Vec<(FindingId, u64)>,
    /// How far it is.
    pub stage: Stage,
    /// Who decides.
    pub you: String,
    /// The calendar day here.
    pub today: Date,
    /// What kind of decision.
    pub kind: Kind,
    /// The day, as typed.
    pub date: Input,
    /// What the device is, as typed.
    pub claim: Input,
    /// What is done about the risk meanwhile.
    pub control: Input,
    /// The reason.
    pub reason: Input,
    /// Where typing goes.
    pub field: Field,
    /// What was wrong when it was last checked.
    pub complaint: Option<String>,
}

impl Form {
    /// A decision on these findings.
    #[must_use]
    pub fn new(findings: Vec<(FindingId, u64)>) -> Self {
        Self {
            findings,
            stage: Stage::Asking,
            you: String::new(),
            today: Date::default(),
            kind: Kind::default(),
            date: Input::default(),
            claim: Input::default(),
            control: Input::default(),
            reason: Input::default(),
            field: Field::default(),
            complaint: None,
        }
    }

    /// The daemon said who you are, or could not be asked.
    pub fn greet(&mut self, greeting: Result<Greeting, String>) {
        if self.stage != Stage::Asking {
            return;
        }
        self.stage = match greeting {
            Ok(Greeting { you, may_decide: false, .. }) => Stage::Refused(format!(
                "'{you}' may look, not decide. Whoever is a member of a group that [roles] names as reviewers may \
                 (sudo usermod -aG lenswarden-review {you}, then log in again)."
            )),
            Ok(Greeting { you, today, .. }) => {
                (self.you, self.today) = (you, today);
                Stage::Filling
            }
            Err(why) => Stage::Refused(why),
        };
    }

    /// Fields of this kind of decision, in order.
    #[must_use]
    pub fn fields(&self) -> &'static [Field] {
        match self.kind {
            Kind::RemoveBy | Kind::IsolateBy | Kind::ReplaceBy => &[Field::Kind, Field::Date],
            Kind::AcceptUntil => &[Field::Kind, Field::Date, Field::Control, Field::Reason],
            Kind::NotInScope | Kind::Reject | Kind::Reopen | Kind::Note => &[Field::Kind, Field::Reason],
            Kind::Approve => &[Field::Kind],
            Kind::Overrule => &[Field::Kind, Field::Date, Field::Claim, Field::Reason],
        }
    }

    /// Goes to the next field, or to the one before.
    pub fn step_field(&mut self, forward: bool) {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.field).unwrap_or(0);
        let next = if forward { at + 1 } else { at + fields.len() - 1 };
        self.field = fields.get(next % fields.len().max(1)).copied().unwrap_or_default();
    }

    /// Types text into the field.
    pub fn insert(&mut self, text: &str) {
        self.complaint = None;
        match self.field {
            Field::Kind if text == " " => self.kind = self.kind.step(true),
            Field::Kind => {}
            Field::Date => self.date.insert(text),
            Field::Claim => self.claim.insert(text),
            Field::Control => self.control.insert(text),
            Field::Reason => self.reason.insert(text),
        }
    }

    /// Edits the field.
    pub fn edit(&mut self, edit: Edit) {
        self.complaint = None;
        match (self.field, edit) {
            (Field::Kind, Edit::Left) => self.kind = self.kind.step(false),
            (Field::Kind, Edit::Right) => self.kind = self.kind.step(true),
            (Field::Kind, _) => {}
            (Field::Date, _) => self.date.edit(edit),
            (Field::Claim, _) => self.claim.edit(edit),
            (Field::Control, _) => self.control.edit(edit),
            (Field::Reason, _) => self.reason.edit(edit),
        }
    }

    /// The day as it is typed: what it means, or what is wrong with it.
    ///
    /// # Errors
    /// It is no day, in the past, or too far away for an acceptance.
    pub fn day(&self) -> Result<Date, String> {
        if self.date.text().trim().is_empty() {
            return Err("a day is needed: 2026-12-31, or +30d".to_owned());
        }
        let day = day(self.date.text(), self.today)?;
        if day < self.today {
            return Err(format!("{day} is in the past"));
        }
        let latest = latest_acceptance(self.today);
        if matches!(self.kind, Kind::AcceptUntil | Kind::Overrule) && day > latest {
            let what = if self.kind == Kind::Overrule { "an overruling" } else { "an acceptance" };
            return Err(format!("too far: {what} ends on {latest} at the latest"));
        }
        Ok(day)
    }

    /// The decision as it stands on the form, or the first field that is wrong.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub fn decision(&self) -> Result<DecisionKind, (Field, String)> {
        let day = || self.day().map_err(|why| (Field::Date, why));
        let reason = || match self.reason.text().trim() {
            "" => Err((Field::Reason, "a reason is needed".to_owned())),
            reason => Ok(reason.to_owned()),
        };
        Ok(match self.kind {
            Kind::RemoveBy => DecisionKind::RemoveBy { by: day()? },
            Kind::IsolateBy => DecisionKind::IsolateBy { by: day()? },
            Kind::ReplaceBy => DecisionKind::ReplaceBy { by: day()? },
            Kind::AcceptUntil => {
                let until = day()?;
                let control = match self.control.text().trim() {
                    "" => Err((Field::Control, "what is done about the risk meanwhile?".to_owned())),
                    control => Ok(control.to_owned()),
                };
                DecisionKind::Accept { until, control: control?, reason: reason()? }
            }
            Kind::Approve => DecisionKind::Approve {},
            Kind::Reject => DecisionKind::Reject { reason: reason()? },
            Kind::Reopen => DecisionKind::Reopen { reason: reason()? },
            Kind::Note => DecisionKind::Note { text: reason()?, attachment: None },
            Kind::NotInScope => DecisionKind::NotInScope { reason: reason()? },
            Kind::Overrule => {
                let claim = self.claim.text().parse().map_err(|why| (Field::Claim, why))?;
                DecisionKind::Overrule { claim, until: day()?, reason: reason()? }
            }
        })
    }

    /// What is sent for this decision.
    #[must_use]
    pub fn requests(&self, decision: &DecisionKind) -> Vec<DecisionRequest> {
        let request = |(finding, revision): &(FindingId, u64)| DecisionRequest {
            on: Matter::Finding { finding: *finding, revision: *revision },
            decision: decision.clone(),
        };
        self.findings.iter().map(request).collect()
    }

    /// From the form to what would be sent; the cursor goes to what is wrong.
    pub fn check(&mut self) {
        match self.decision() {
            Err((field, why)) => (self.field, self.complaint) = (field, Some(why)),
            Ok(decision) => {
                let request = Request::Decide { decisions: self.requests(&decision) };
                let length = serde_json::to_vec(&request).map_or(usize::MAX, |line| line.len());
                if length < MAX_LINE {
                    self.complaint = None;
                    self.stage = Stage::Confirming(decision);
                } else {
                    let most = self.findings.len() * MAX_LINE / length.max(1);
                    self.complaint = Some(format!(
                        "{} findings with this reason do not fit into one message: mark at most {most}",
                        self.findings.len()
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: Kind, date: &str, reason: &str) -> Form {
        let today = "2026-11-24".parse().unwrap();
        let mut form = Form::new(vec![(FindingId(1), 7)]);
        form.greet(Ok(Greeting { you: "alice".into(), may_decide: true, today }));
        Form { kind, date: Input::new(date), reason: Input::new(reason), ..form }
    }

    #[test]
    fn a_day_is_checked_as_it_is_typed() {
        let day = |kind, text| form(kind, text, "").day().map_or_else(|why| why, |day| day.to_string());
        assert_eq!(day(Kind::RemoveBy, "+30d"), "2026-12-24");
        assert_eq!(day(Kind::RemoveBy, " 2027-12-31 "), "2027-12-31");
        assert_eq!(day(Kind::RemoveBy, "2026-11-23"), "2026-11-23 is in the past");
        assert!(day(Kind::RemoveBy, "+30").contains("is no day"));
        assert!(day(Kind::RemoveBy, "2026-02-30").contains("is no day"));
        assert!(day(Kind::AcceptUntil, "+181d").contains("2027-05-23 at the latest"));
        assert!(day(Kind::Overrule, "+181d").contains("2027-05-23 at the latest"));
        assert_eq!(day(Kind::AcceptUntil, "+180d"), "2027-05-23");
    }

    #[test]
    fn every_kind_says_what_it_lacks() {
        let wrong = |kind, date, reason| form(kind, date, reason).decision().unwrap_err().0;
        assert_eq!(wrong(Kind::RemoveBy, "", "x"), Field::Date);
        assert_eq!(wrong(Kind::AcceptUntil, "+9d", "x"), Field::Control);
        let controlled = Form { control: Input::new("a guard"), ..form(Kind::AcceptUntil, "+9d", " ") };
        assert_eq!(controlled.decision().unwrap_err().0, Field::Reason);
        assert_eq!(wrong(Kind::ReplaceBy, "", "x"), Field::Date);
        assert_eq!(form(Kind::Approve, "", "").decision(), Ok(DecisionKind::Approve {}));
        assert_eq!(wrong(Kind::NotInScope, "", ""), Field::Reason);
        assert_eq!(wrong(Kind::Overrule, "+9d", "x"), Field::Claim);
        assert!(form(Kind::NotInScope, "rubbish", "a phone").decision().is_ok());
    }

    #[test]
    fn too_many_for_one_message_are_not_sent() {
        let mut form = form(Kind::NotInScope, "", &"r".repeat(256));
        form.findings = (1..=400).map(|id| (FindingId(id), 1)).collect();
        form.check();
        assert!(form.complaint.as_deref().is_some_and(|why| why.contains("mark at most")), "{form:?}");
        assert_eq!(form.stage, Stage::Filling);
    }

    #[test]
    fn whoever_may_not_decide_never_sees_the_form() {
        let today = "2026-11-24".parse().unwrap();
        let mut form = Form::new(vec![(FindingId(1), 7)]);
        form.greet(Ok(Greeting { you: "bob".into(), may_decide: false, today }));
        assert!(matches!(&form.stage, Stage::Refused(why) if why.contains("'bob' may look, not decide")));
    }
}
