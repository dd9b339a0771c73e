//! A decision being made: first the daemon is asked who may, then the form, then what would be sent, then the answer.
//! Until it is sent everything can be taken back: the form from the confirmation, single items of several.

mod calendar;
mod kind;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub use calendar::{Calendar, Days};
pub use kind::{Field, Kind};
pub use verdict::{Greeting, Verdict};

use super::input::{Edit, Input};
use super::list::Step as Move;
use crate::control::{MAX_LINE, Request};
use crate::net::FindingId;
use crate::review::{
    Attachment, DecisionKind, DecisionRequest, Finding, FindingState, Matter, Stage as Step, changed, day,
};
use crate::snapshot::Snapshot;

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The daemon is asked who you are.
    Asking,
    /// You may not, or the daemon is not there: why.
    Refused(String),
    /// The form.
    Filling,
    /// The hash of what a note is about is computed.
    Attaching,
    /// This would be sent.
    Confirming(DecisionKind),
    /// It was sent.
    Sending,
    /// The daemon took it, or refused it and changed nothing.
    Answered(Result<String, String>),
}

/// What is decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// It, with the revision that was on the screen when the form was opened.
    pub on: Matter,
    /// The finding as it was then.
    pub seen: Option<Box<Finding>>,
    /// It is not sent.
    pub left_out: bool,
    /// What would become of it; told with the confirmation.
    pub verdict: Option<Verdict>,
}

impl Item {
    /// A finding as it is on the screen.
    #[must_use]
    pub fn finding(finding: &Finding) -> Self {
        let on = Matter::Finding { finding: finding.id, revision: finding.revision };
        Self { seen: Some(Box::new(finding.clone())), ..Self::new(on) }
    }

    /// Something else.
    #[must_use]
    pub fn new(on: Matter) -> Self {
        Self { on, seen: None, left_out: false, verdict: None }
    }
}

/// A decision being made on one or several things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What is decided on: findings, or one thing of another kind.
    pub items: Vec<Item>,
    /// How far it is.
    pub stage: Stage,
    /// Who decides, and by what rules.
    pub greeting: Option<Greeting>,
    /// What kind of decision.
    pub kind: Kind,
    /// How far a replacement is.
    pub step: Step,
    /// What is typed in each field.
    inputs: BTreeMap<Field, Input>,
    /// Where typing goes.
    pub field: Field,
    /// What was wrong when it was last checked, and where.
    pub complaint: Option<(Field, String)>,
    /// A day is being chosen.
    pub calendar: Option<Calendar>,
    /// What a note is about, by what was typed.
    attachment: Option<(String, Attachment)>,
    /// The item under the cursor of the confirmation.
    pub at: usize,
}

static NOTHING: Input = Input::EMPTY;

impl Form {
    /// A decision on these.
    #[must_use]
    pub fn new(items: Vec<Item>) -> Self {
        Self {
            kind: Kind::of(items.first().map(|item| &item.on)).first().copied().unwrap_or_default(),
            items,
            stage: Stage::Asking,
            greeting: None,
            step: Step::Planned,
            inputs: BTreeMap::new(),
            field: Field::default(),
            complaint: None,
            calendar: None,
            attachment: None,
            at: 0,
        }
    }

    /// The daemon said who you are, or could not be asked.
    pub fn greet(&mut self, greeting: Result<Greeting, String>) {
        if self.stage != Stage::Asking {
            return;
        }
        self.stage = match greeting {
            Ok(greeting) if !greeting.may_decide() => Stage::Refused(greeting.why_not()),
            Ok(greeting) => {
                let waits = |item: &Item| {
                    let proposed = item.seen.as_ref().and_then(|seen| seen.handling.proposed.as_ref());
                    proposed.is_some_and(|proposed| proposed.author.person() != greeting.you.person())
                };
                // What somebody else proposed on all of them waits for this.
                if !self.items.is_empty() && self.items.iter().all(waits) {
                    self.kind = Kind::Approve;
                }
                self.greeting = Some(greeting);
                Stage::Filling
            }
            Err(why) => Stage::Refused(why),
        };
    }

    /// The calendar day here.
    #[must_use]
    pub fn today(&self) -> Date {
        self.greeting.as_ref().map_or_else(Date::default, |greeting| greeting.today)
    }

    /// Kinds that may be decided on this.
    #[must_use]
    pub fn kinds(&self) -> &'static [Kind] {
        Kind::of(self.items.first().map(|item| &item.on))
    }

    /// What is typed in a field.
    #[must_use]
    pub fn input(&self, field: Field) -> &Input {
        self.inputs.get(&field).unwrap_or(&NOTHING)
    }

    fn text(&self, field: Field) -> &str {
        self.input(field).text().trim()
    }

    /// Goes to the next field, or to the one before.
    pub fn step_field(&mut self, forward: bool) {
        let fields = self.kind.fields();
        let at = fields.iter().position(|field| *field == self.field).unwrap_or(0);
        let next = if forward { at + 1 } else { at + fields.len() - 1 };
        self.field = fields.get(next % fields.len().max(1)).copied().unwrap_or_default();
    }

    fn choose(&mut self, forward: bool) {
        if self.field == Field::Stage {
            let steps = [Step::Planned, Step::Ordered, Step::Removed];
            self.step = turned(&steps, self.step, forward);
        } else {
            self.kind = turned(self.kinds(), self.kind, forward);
        }
    }

    /// Types text into the field.
    pub fn insert(&mut self, text: &str) {
        self.complaint = None;
        match self.field {
            Field::Kind | Field::Stage if text == " " => self.choose(true),
            Field::Kind | Field::Stage => {}
            field => self.inputs.entry(field).or_default().insert(text),
        }
    }

    /// Edits the field.
    pub fn edit(&mut self, edit: Edit) {
        self.complaint = None;
        match (self.field, edit) {
            (Field::Kind | Field::Stage, Edit::Left) => self.choose(false),
            (Field::Kind | Field::Stage, Edit::Right) => self.choose(true),
            (Field::Kind | Field::Stage, _) => {}
            (field, edit) => self.inputs.entry(field).or_default().edit(edit),
        }
    }

    /// The last day that may be typed, where the rules have one: the nearest of all packs that are asked.
    #[must_use]
    pub fn latest(&self) -> Option<Date> {
        let packs: BTreeSet<_> =
            self.items.iter().filter_map(|item| Some(item.seen.as_ref()?.policy.clone())).collect();
        self.greeting.as_ref().filter(|_| self.kind.is_bounded()).map(|greeting| greeting.latest(&packs))
    }

    /// The day as it is typed: what it means, or what is wrong with it.
    ///
    /// # Errors
    /// It is no day, in the past, or too far away.
    pub fn day(&self) -> Result<Date, String> {
        let text = self.text(Field::Date);
        if text.is_empty() {
            return Err("a day is needed: 2026-12-31, +30d, or Ctrl-D for a calendar".to_owned());
        }
        let day = day(text, self.today())?;
        if day < self.today() {
            return Err(format!("{day} is in the past"));
        }
        if let Some(latest) = self.latest().filter(|latest| day > *latest) {
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
        let reason = || match self.text(Field::Reason) {
            "" => Err((Field::Reason, format!("a {} is needed", Field::Reason.label(self.kind)))),
            reason => Ok(reason.to_owned()),
        };
        Ok(match self.kind {
            Kind::RemoveBy => DecisionKind::RemoveBy { by: day()? },
            Kind::IsolateBy => DecisionKind::IsolateBy { by: day()? },
            Kind::ReplaceBy => DecisionKind::ReplaceBy { by: day()? },
            Kind::AcceptUntil => {
                let until = day()?;
                let control = match self.text(Field::Control) {
                    "" => Err((Field::Control, "what is done about the risk meanwhile?".to_owned())),
                    control => Ok(control.to_owned()),
                };
                DecisionKind::Accept { until, control: control?, reason: reason()? }
            }
            Kind::NotInScope => DecisionKind::NotInScope { reason: reason()? },
            Kind::Overrule => {
                let until = day()?;
                let claim = self.text(Field::Claim).parse().map_err(|why| (Field::Claim, why))?;
                DecisionKind::Overrule { claim, until, reason: reason()? }
            }
            Kind::Approve => DecisionKind::Approve {},
            Kind::Reject => DecisionKind::Reject { reason: reason()? },
            Kind::Reopen => DecisionKind::Reopen { reason: reason()? },
            Kind::Stage => DecisionKind::Stage { stage: self.step },
            Kind::Assign => {
                let to = Some(self.text(Field::Who).to_owned()).filter(|who| !who.is_empty());
                let due = if self.text(Field::Date).is_empty() { None } else { Some(day()?) };
                DecisionKind::Assign { to, due }
            }
            Kind::Tag => {
                let (remove, add): (Vec<&str>, Vec<&str>) =
                    self.text(Field::Tags).split_whitespace().partition(|word| word.starts_with('-'));
                if remove.is_empty() && add.is_empty() {
                    return Err((Field::Tags, "which words? urgent -later".to_owned()));
                }
                let owned = |words: Vec<&str>| -> BTreeSet<String> {
                    words.iter().map(|word| word.trim_start_matches('-').to_owned()).collect()
                };
                DecisionKind::Tag { add: owned(add), remove: owned(remove) }
            }
            Kind::Note => {
                let wanted = self.text(Field::Attachment);
                let attachment =
                    self.attachment.as_ref().filter(|(typed, _)| typed == wanted).map(|(_, it)| it.clone());
                DecisionKind::Note { text: reason()?, attachment }
            }
            Kind::Restore => DecisionKind::Restore { reason: reason()? },
            Kind::Adopt => DecisionKind::Consider { adopt: true, reason: reason()? },
            Kind::Leave => DecisionKind::Consider { adopt: false, reason: reason()? },
            Kind::Attest => DecisionKind::Attest { statement: reason()? },
        })
    }

    /// What is sent for this decision.
    #[must_use]
    pub fn requests(&self, decision: &DecisionKind) -> Vec<DecisionRequest> {
        let taken = self.items.iter().filter(|item| !item.left_out);
        taken.map(|item| DecisionRequest { on: item.on.clone(), decision: decision.clone() }).collect()
    }

    fn complain(&mut self, field: Field, why: String) {
        (self.field, self.complaint, self.stage) = (field, Some((field, why)), Stage::Filling);
    }

    /// From the form to what would be sent; the cursor goes to what is wrong. `Some`: the hash of this is wanted first.
    pub fn check(&mut self, snapshot: &Snapshot) -> Option<String> {
        let wanted = self.text(Field::Attachment).to_owned();
        let hashed = self.attachment.as_ref().is_some_and(|(typed, _)| *typed == wanted);
        match self.decision() {
            Err((field, why)) => self.complain(field, why),
            Ok(DecisionKind::Note { .. }) if !wanted.is_empty() && !hashed => {
                self.stage = Stage::Attaching;
                return Some(wanted);
            }
            Ok(decision) => self.confirm(decision, snapshot),
        }
        None
    }

    /// What a note is about was hashed, or cannot be.
    pub fn attached(&mut self, typed: String, found: Result<Attachment, String>, snapshot: &Snapshot) {
        if self.stage != Stage::Attaching {
            return;
        }
        self.stage = Stage::Filling;
        match found {
            Ok(attachment) => {
                self.attachment = Some((typed, attachment));
                self.check(snapshot);
            }
            Err(why) => self.complain(Field::Attachment, why),
        }
    }

    fn confirm(&mut self, decision: DecisionKind, snapshot: &Snapshot) {
        let Some(greeting) = &self.greeting else { return };
        for item in &mut self.items {
            let request = DecisionRequest { on: item.on.clone(), decision: decision.clone() };
            let verdict = greeting.verdict(&request, snapshot);
            // All are decided or none: what would be refused is not sent with the others.
            item.left_out = matches!(verdict, Verdict::Refused(_));
            item.verdict = Some(verdict);
        }
        let refused = self.items.iter().find_map(|item| match &item.verdict {
            Some(Verdict::Refused(why)) => Some(why.clone()),
            _ => None,
        });
        if let Some(why) = refused.filter(|_| self.items.iter().all(|item| item.left_out)) {
            return self.complain(Field::Kind, why);
        }
        let request = Request::Decide { decisions: self.requests(&decision) };
        let length = serde_json::to_vec(&request).map_or(usize::MAX, |line| line.len());
        if length < MAX_LINE {
            (self.complaint, self.at) = (None, 0);
            self.stage = Stage::Confirming(decision);
        } else {
            let most = self.items.len() * MAX_LINE / length.max(1);
            let all = self.items.len();
            let field = if self.kind.fields().contains(&Field::Reason) { Field::Reason } else { Field::Kind };
            self.complain(
                field,
                format!("{all} findings with this reason do not fit into one message: mark at most {most}"),
            );
        }
    }

    /// How many hold at once, wait for a second person, are refused.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&Verdict) -> bool| {
            self.items.iter().filter(|item| item.verdict.as_ref().is_some_and(wanted)).count()
        };
        (
            count(|verdict| *verdict == Verdict::Holds),
            count(|verdict| *verdict == Verdict::Waits),
            count(|verdict| matches!(verdict, Verdict::Refused(_))),
        )
    }

    /// Moves the cursor of the confirmation.
    pub fn step_item(&mut self, step: Move) {
        let last = self.items.len().saturating_sub(1);
        self.at = match step {
            Move::Up => self.at.saturating_sub(1),
            Move::Down => (self.at + 1).min(last),
            Move::PageUp => self.at.saturating_sub(10),
            Move::PageDown => (self.at + 10).min(last),
            Move::Home => 0,
            Move::End => last,
        };
    }

    /// Leaves the item under the cursor out, or takes it in again. What is refused stays out, and one is left.
    pub fn leave_out(&mut self) {
        let left = self.items.iter().filter(|item| !item.left_out).count();
        if let Some(item) = self.items.get_mut(self.at)
            && !matches!(item.verdict, Some(Verdict::Refused(_)))
            && (item.left_out || left > 1)
        {
            item.left_out = !item.left_out;
        }
    }

    /// Shows a calendar, where a day is wanted.
    pub fn open_calendar(&mut self) {
        if !self.kind.fields().contains(&Field::Date) {
            return;
        }
        self.field = Field::Date;
        let (first, last) = (self.today(), self.latest());
        self.calendar = Some(Calendar { day: self.day().unwrap_or(first), first, last });
    }

    /// Takes the day of the calendar.
    pub fn take_day(&mut self) {
        if let Some(calendar) = self.calendar.take() {
            self.complaint = None;
            self.inputs.insert(Field::Date, Input::new(&calendar.day.to_string()));
        }
    }

    /// What changed of the findings since the form was opened.
    #[must_use]
    pub fn changes(&self, snapshot: &Snapshot) -> Vec<(FindingId, Vec<String>)> {
        let changed = |item: &Item| {
            let seen = item.seen.as_deref()?;
            let now = snapshot.findings.get(&seen.id).filter(|now| now.revision != seen.revision)?;
            Some((seen.id, changed(seen, now)))
        };
        self.items.iter().filter_map(changed).collect()
    }

    /// Takes the findings as they are now, to be decided again with what was typed.
    pub fn renew(&mut self, snapshot: &Snapshot) {
        for item in &mut self.items {
            if let Some(now) = item.on.finding().and_then(|id| snapshot.findings.get(&id)) {
                *item = Item::finding(now);
            }
            // The evidence is read anew.
            if let Matter::Device { seen, .. } = &mut item.on {
                seen.clear();
            }
        }
        self.items.retain(|item| item.seen.as_ref().is_none_or(|seen| seen.state != FindingState::Closed));
        self.complaint = None;
        self.stage = match self.items.is_empty() {
            true => Stage::Refused("what was chosen is closed since: there is nothing to decide".to_owned()),
            false => Stage::Filling,
        };
    }
}

/// The one after, or before, in a circle.
fn turned<T: Copy + PartialEq>(all: &[T], now: T, forward: bool) -> T {
    let at = all.iter().position(|one| *one == now).unwrap_or(0);
    let by = if forward { 1 } else { all.len().saturating_sub(1) };
    all.iter().cycle().nth(at + by).copied().unwrap_or(now)
}
