use super::*;
use crate::net::{Author, CycleId, DeviceId, SiteId};
use crate::policy::{Severity, Subject};
use crate::review::{Decision, Role, TwoPersons};

fn you() -> Author {
    Author { uid: 1000, name: "alice".into(), login: None }
}

fn greeting(role: Role) -> Greeting {
    Greeting {
        you: you(),
        role,
        today: "2026-11-24".parse().unwrap(),
        two_persons: TwoPersons::Never,
        longest: 180,
        packs: [("short".into(), 30)].into(),
        reviewers: vec!["lenswarden-review".into()],
        approvers: vec!["lenswarden-approve".into()],
    }
}

fn finding(id: u64, pack: &str, site: &str) -> Finding {
    Finding {
        id: FindingId(id),
        policy: pack.into(),
        rule: "r".into(),
        severity: Severity::Action,
        subject: Subject::Device(DeviceId(id)),
        text: String::new(),
        state: FindingState::Open,
        since: crate::net::Timestamp(0),
        closed: None,
        closing: None,
        handling: crate::review::Handling::default(),
        openings: 1,
        revision: 7,
        place: crate::inventory::Place { site: Some(site.into()), ..Default::default() },
        evidence: Vec::new(),
        decision: None,
    }
}

fn picture(findings: &[Finding]) -> Snapshot {
    let site =
        |id: &str, sensitivity| crate::snapshot::SiteRow { id: id.into(), name: id.into(), sensitivity, basis: None };
    let sites =
        [site("hq", crate::config::Sensitivity::Sensitive), site("depot", crate::config::Sensitivity::Standard)];
    Snapshot {
        findings: findings.iter().map(|finding| (finding.id, finding.clone())).collect(),
        sites: sites.into_iter().map(|site| (site.id.clone(), site)).collect(),
        ..Snapshot::default()
    }
}

fn form_on(items: Vec<Item>, kind: Kind, fields: &[(Field, &str)]) -> Form {
    let mut form = Form::new(items);
    form.greet(Ok(greeting(Role::Reviewer)));
    form.kind = kind;
    form.inputs = fields.iter().map(|(field, text)| (*field, Input::new(text))).collect();
    form
}

fn form(kind: Kind, fields: &[(Field, &str)]) -> Form {
    form_on(vec![Item::finding(&finding(1, "p", "hq"))], kind, fields)
}

#[test]
fn a_day_is_checked_as_it_is_typed_against_what_the_rules_allow() {
    let day = |kind, text| form(kind, &[(Field::Date, text)]).day().map_or_else(|why| why, |day| day.to_string());
    assert_eq!(day(Kind::RemoveBy, "+30d"), "2026-12-24");
    assert_eq!(day(Kind::RemoveBy, " 2027-12-31 "), "2027-12-31");
    assert_eq!(day(Kind::RemoveBy, "2026-11-23"), "2026-11-23 is in the past");
    assert!(day(Kind::RemoveBy, "+30").contains("is no day"));
    assert!(day(Kind::AcceptUntil, "+181d").contains("2027-05-23 at the latest"));
    assert!(day(Kind::Overrule, "+181d").contains("an overruling ends on 2027-05-23 at the latest"));
    assert_eq!(day(Kind::AcceptUntil, "+180d"), "2027-05-23");
    // Of several packs the nearest limit holds.
    let items = [finding(1, "p", "hq"), finding(2, "short", "hq")].iter().map(Item::finding).collect();
    let several = form_on(items, Kind::AcceptUntil, &[(Field::Date, "+31d")]);
    assert!(several.day().unwrap_err().contains("2026-12-24 at the latest"));
}

#[test]
fn every_kind_says_what_it_lacks_and_becomes_the_decision_of_the_command_line() {
    let wrong = |kind, fields: &[(Field, &str)]| form(kind, fields).decision().unwrap_err().0;
    let (day, reason) = ((Field::Date, "+9d"), (Field::Reason, "x"));
    assert_eq!(wrong(Kind::RemoveBy, &[reason]), Field::Date);
    assert_eq!(wrong(Kind::AcceptUntil, &[day, reason]), Field::Control);
    assert_eq!(wrong(Kind::AcceptUntil, &[day, (Field::Control, "a guard")]), Field::Reason);
    assert_eq!(wrong(Kind::NotInScope, &[(Field::Reason, " ")]), Field::Reason);
    assert_eq!(wrong(Kind::Overrule, &[day, reason]), Field::Claim);
    assert_eq!(wrong(Kind::Tag, &[]), Field::Tags);
    assert_eq!(wrong(Kind::Assign, &[(Field::Date, "soon")]), Field::Date);
    let is = |kind, fields: &[(Field, &str)]| form(kind, fields).decision().unwrap();
    assert_eq!(is(Kind::Approve, &[]), DecisionKind::Approve {});
    assert_eq!(is(Kind::Assign, &[(Field::Who, " ")]), DecisionKind::Assign { to: None, due: None });
    let due = "2026-12-03".parse().ok();
    assert_eq!(is(Kind::Assign, &[(Field::Who, "bob"), day]), DecisionKind::Assign { to: Some("bob".into()), due });
    let tags = DecisionKind::Tag { add: ["urgent".into()].into(), remove: ["later".into()].into() };
    assert_eq!(is(Kind::Tag, &[(Field::Tags, "urgent -later")]), tags);
    assert_eq!(is(Kind::Stage, &[]), DecisionKind::Stage { stage: Step::Planned });
    assert_eq!(is(Kind::Leave, &[reason]), DecisionKind::Consider { adopt: false, reason: "x".into() });
    assert_eq!(is(Kind::Attest, &[reason]), DecisionKind::Attest { statement: "x".into() });
    // Whatever is typed in a field that this kind has not.
    assert!(form(Kind::NotInScope, &[reason, (Field::Date, "rubbish")]).decision().is_ok());
}

#[test]
fn what_differs_among_several_is_told_before_anything_is_sent() {
    let mut closed = finding(4, "p", "depot");
    closed.revision = 8;
    let findings = [finding(1, "p", "hq"), finding(2, "p", "depot"), finding(3, "p", "depot"), closed.clone()];
    let items = findings.iter().map(Item::finding).collect();
    let fields = [(Field::Date, "+9d"), (Field::Control, "a guard"), (Field::Reason, "x")];
    let mut form = form_on(items, Kind::AcceptUntil, &fields);
    form.greeting.as_mut().unwrap().two_persons = TwoPersons::Sensitive;
    // One of them changed meanwhile.
    closed.revision = 9;
    let now = picture(&[findings[0].clone(), findings[1].clone(), findings[2].clone(), closed]);
    assert_eq!(form.check(&now), None);
    assert_eq!(form.counts(), (2, 1, 1));
    let Stage::Confirming(decision) = form.stage.clone() else { panic!("{form:?}") };
    let sent = |form: &Form| -> Vec<u64> {
        form.requests(&decision).iter().filter_map(|request| Some(request.on.finding()?.0)).collect()
    };
    assert_eq!(sent(&form), [1, 2, 3]);
    // Single ones are left out and taken in again; what would be refused stays out, and one is left.
    form.step_item(Move::Down);
    form.leave_out();
    assert_eq!(sent(&form), [1, 3]);
    form.leave_out();
    form.step_item(Move::End);
    form.leave_out();
    assert_eq!(sent(&form), [1, 2, 3]);
    for at in [0, 1, 2] {
        form.at = at;
        form.leave_out();
    }
    assert_eq!(sent(&form), [3]);
}

#[test]
fn what_would_be_refused_is_said_on_the_form() {
    let one = finding(1, "p", "hq");
    let mut form = form(Kind::Stage, &[]);
    form.check(&picture(std::slice::from_ref(&one)));
    assert_eq!(form.stage, Stage::Filling);
    assert_eq!(
        form.complaint,
        Some((Field::Kind, "finding 1 is not to be removed or replaced: decide that first".to_owned()))
    );
    let site = |id: &str| vec![Item::new(Matter::Site { site: SiteId::from(id) })];
    let mut sensitive = form_on(site("hq"), Kind::Adopt, &[(Field::Reason, "x")]);
    sensitive.check(&picture(&[]));
    assert!(sensitive.complaint.unwrap().1.contains("is sensitive"));
    let mut standard = form_on(site("depot"), Kind::Adopt, &[(Field::Reason, "x")]);
    standard.check(&picture(&[]));
    assert!(matches!(standard.stage, Stage::Confirming(_)));
    let mut cycle =
        form_on(vec![Item::new(Matter::Cycle { cycle: CycleId(9) })], Kind::Attest, &[(Field::Reason, "gone through")]);
    cycle.check(&picture(&[]));
    assert_eq!(cycle.complaint.unwrap().1, "there is no cycle 9");
}

#[test]
fn what_another_proposed_is_to_be_approved_and_one_s_own_is_not() {
    let propose = |uid| {
        let mut finding = finding(1, "p", "hq");
        finding.handling.proposed = Some(Box::new(Decision {
            matter: Matter::Finding { finding: FindingId(1), revision: 6 },
            kind: DecisionKind::NotInScope { reason: "a rig".into() },
            author: Author { uid, name: "other".into(), login: None },
            at: crate::net::Timestamp(0),
            approver: None,
        }));
        finding
    };
    let answer = |finding: &Finding, role| {
        let mut form = Form::new(vec![Item::finding(finding)]);
        form.greet(Ok(greeting(role)));
        let offered = form.kind;
        form.kind = Kind::Approve;
        form.check(&picture(std::slice::from_ref(finding)));
        (offered, form.complaint.map(|(_, why)| why))
    };
    assert_eq!(answer(&propose(2), Role::Approver), (Kind::Approve, None));
    let (_, refused) = answer(&propose(2), Role::Reviewer);
    assert_eq!(refused.as_deref(), Some("that takes the role of approver, you are reviewer"));
    let (offered, refused) = answer(&propose(1000), Role::Approver);
    assert_eq!((offered, refused.is_some()), (Kind::RemoveBy, true));
}

#[test]
fn a_note_is_sent_with_the_hash_of_what_it_is_about() {
    let one = finding(1, "p", "hq");
    let now = picture(std::slice::from_ref(&one));
    let mut form = form(Kind::Note, &[(Field::Attachment, "/tmp/permit.pdf"), (Field::Reason, "the permit")]);
    assert_eq!(form.check(&now).as_deref(), Some("/tmp/permit.pdf"));
    assert_eq!(form.stage, Stage::Attaching);
    form.attached("/tmp/permit.pdf".into(), Err("it cannot be read".into()), &now);
    assert_eq!(form.complaint, Some((Field::Attachment, "it cannot be read".to_owned())));
    assert!(form.check(&now).is_some());
    let attachment = Attachment { reference: "/tmp/permit.pdf".into(), sha256: "0".repeat(64) };
    form.attached("/tmp/permit.pdf".into(), Ok(attachment.clone()), &now);
    let note = DecisionKind::Note { text: "the permit".into(), attachment: Some(attachment) };
    assert_eq!(form.stage, Stage::Confirming(note));
    // Another path needs another hash.
    form.stage = Stage::Filling;
    form.field = Field::Attachment;
    form.insert("x");
    assert!(form.check(&now).is_some());
}

#[test]
fn what_changed_is_told_and_taken_to_decide_again() {
    let before = finding(1, "p", "hq");
    let mut form = form(Kind::NotInScope, &[(Field::Reason, "a rig")]);
    form.stage = Stage::Answered(Err("finding 1 changed since you looked".into()));
    let now = Finding { revision: 9, severity: Severity::Breach, ..before };
    let picture = picture(std::slice::from_ref(&now));
    let changes = form.changes(&picture);
    assert!(changes.len() == 1 && !changes[0].1.is_empty(), "{changes:?}");
    form.renew(&picture);
    assert_eq!((form.stage.clone(), form.text(Field::Reason)), (Stage::Filling, "a rig"));
    assert_eq!(form.items[0].on, Matter::Finding { finding: FindingId(1), revision: 9 });
    let closed = Finding { state: FindingState::Closed, ..now };
    form.renew(&super::tests::picture(&[closed]));
    assert!(matches!(form.stage, Stage::Refused(_)));
}

#[test]
fn too_many_for_one_message_are_not_sent() {
    let findings: Vec<Finding> = (1..=400).map(|id| finding(id, "p", "depot")).collect();
    let items = findings.iter().map(Item::finding).collect();
    let mut form = form_on(items, Kind::NotInScope, &[(Field::Reason, &"r".repeat(256))]);
    form.check(&picture(&findings));
    assert!(form.complaint.as_ref().is_some_and(|(_, why)| why.contains("mark at most")), "{:?}", form.complaint);
    assert_eq!(form.stage, Stage::Filling);
}

#[test]
fn whoever_may_not_decide_never_sees_the_form_and_is_told_the_group() {
    let mut form = Form::new(vec![Item::finding(&finding(1, "p", "hq"))]);
    form.greet(Ok(greeting(Role::Reader)));
    let Stage::Refused(why) = &form.stage else { panic!("{form:?}") };
    assert!(why.contains("'alice' may look, not decide: that takes membership of group lenswarden-review"), "{why}");
}

#[test]
fn a_calendar_offers_what_the_rules_allow() {
    let mut form = form(Kind::AcceptUntil, &[]);
    form.open_calendar();
    let calendar = form.calendar.as_mut().unwrap();
    assert_eq!(calendar.last, "2027-05-23".parse().ok());
    calendar.go(Days::MonthAfter);
    form.take_day();
    assert_eq!((form.input(Field::Date).text(), form.calendar), ("2026-12-24", None));
    let mut approve = self::form(Kind::Approve, &[]);
    approve.open_calendar();
    assert_eq!(approve.calendar, None);
}
