//! Who decides is who the kernel says, and what he may is what his groups say. Processes of other users ask, so these
//! need root, and say loudly that they were skipped where they have it not.

use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Output};

use lenswarden::net::FindingId;
use lenswarden::review::{Decision, FindingState};
use lenswarden::store::{ChangeKind, Reader};
use nix::unistd::{Group, Uid, User};

use super::first_finding;
use crate::house::House;

/// A group that every Debian has, and of which nobody is a member.
const REVIEWERS: &str = "games";
const APPROVERS: &str = "users";

/// A house whose program any user may run, with a configuration that any user may read.
fn house(roles: &str) -> Option<House> {
    let known = |name: &str| Group::from_name(name).ok().flatten().is_some();
    let user = |name: &str| User::from_name(name).ok().flatten().is_some();
    if !Uid::effective().is_root() || !known(REVIEWERS) || !known(APPROVERS) || !user("nobody") || !user("daemon") {
        println!(
            "skipped: whose decisions count can be tried by root alone, where there are the users and groups of Debian"
        );
        return None;
    }
    let house = House::new(roles);
    std::fs::copy(env!("CARGO_BIN_EXE_lenswarden"), house.path("lenswarden")).unwrap();
    for name in [".", "lenswarden"] {
        std::fs::set_permissions(house.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    house.configure("reader.toml", "");
    std::fs::set_permissions(house.path("reader.toml"), std::fs::Permissions::from_mode(0o644)).unwrap();
    Some(house)
}

/// What the program says to a user with this group and no other, whoever logged in as whom before.
fn says(house: &House, (user, group, login): (&str, &str, Option<&str>), arguments: &[&str]) -> Output {
    let number = |name: &str| User::from_name(name).unwrap().unwrap().uid.to_string();
    let login = login.map(|login| format!("echo {} > /proc/$$/loginuid && ", number(login))).unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{login}exec setpriv --reuid {user} --regid {group} --clear-groups \"$@\""), "sh"]);
    command.arg(house.path("lenswarden")).arg("--config").arg(house.path("reader.toml")).args(arguments);
    command.output().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn decisions(house: &House) -> Vec<Decision> {
    let changes = Reader::open(&house.path("lenswarden.db")).unwrap().changes(0, 10_000_000).unwrap();
    let decisions = changes.into_iter().filter(|change| change.kind == ChangeKind::Decision);
    decisions.map(|change| serde_json::from_str(&change.body.unwrap()).unwrap()).collect()
}

#[test]
fn who_is_of_another_group_may_look_and_not_decide() {
    let roles = format!("\n[roles]\nreviewers = ['{REVIEWERS}']\napprovers = ['{APPROVERS}']\n");
    let Some(house) = house(&roles) else { return };
    let _daemon = house.daemon();
    let finding = first_finding(&house).to_string();
    // Who may read the database is a matter of its group.
    let readers = Group::from_name("nogroup").unwrap().unwrap().gid.as_raw();
    for name in ["lenswarden.db", "lenswarden.db-wal", "lenswarden.db-shm"] {
        chown(house.path(name), None, Some(readers)).unwrap();
    }
    let other = ("nobody", "nogroup", None);
    let seen = says(&house, other, &["review", "show", "--finding", &finding, "--json"]);
    assert!(seen.status.success(), "{}", words(&seen));
    let reopen = ["review", "decide", &finding, "--revision", "1", "--reopen", "--reason", "x"];
    let note = ["review", "decide", &finding, "--revision", "1", "--note", "by hand"];
    for arguments in [&reopen[..], &note] {
        let refused = says(&house, other, arguments);
        let told = words(&refused);
        assert_eq!(refused.status.code(), Some(1), "{told}");
        assert!(told.contains("refused, nothing was changed: 'nobody' may look, not do that"), "{told}");
        assert!(told.contains(&format!("the role of reviewer, membership of group {REVIEWERS}")), "{told}");
    }
    assert_eq!(decisions(&house), []);
    // The same user in the group may.
    let noted = says(&house, ("nobody", REVIEWERS, None), &note);
    assert!(noted.status.success(), "{}", words(&noted));
    let made = decisions(&house);
    assert_eq!((made.len(), made[0].author.name.as_str(), made[0].author.login.clone()), (1, "nobody", None));
    // What was asked and refused is in the log too, with its author.
    let changes = Reader::open(&house.path("lenswarden.db")).unwrap().changes(0, 10_000_000).unwrap();
    let asked =
        changes.iter().filter(|change| change.kind == ChangeKind::Request).filter_map(|change| change.body.clone());
    let asked: Vec<String> = asked.filter(|body| body.contains("\"nobody\"")).collect();
    assert_eq!(asked.iter().filter(|body| body.contains("refused: ")).count(), 2, "{asked:?}");
}

#[test]
fn who_may_not_even_look_is_told_nothing() {
    let Some(house) = house(&format!("\n[roles]\nreaders = ['{REVIEWERS}']\n")) else { return };
    let _daemon = house.daemon();
    let finding = first_finding(&house).to_string();
    let note = ["review", "decide", &finding, "--revision", "1", "--note", "x"];
    let refused = says(&house, ("nobody", "nogroup", None), &note);
    assert!(words(&refused).contains("'nobody' may not look here"), "{}", words(&refused));
    let refused = says(&house, ("nobody", REVIEWERS, None), &note);
    assert!(words(&refused).contains("'nobody' may look, not do that"), "{}", words(&refused));
    assert_eq!(decisions(&house), []);
}

#[test]
fn whoever_became_somebody_else_is_who_logged_in_and_approves_nothing_of_their_own() {
    let roles = format!("\n[roles]\nreviewers = ['{REVIEWERS}']\napprovers = ['{APPROVERS}']\n");
    let Some(house) = house(&roles) else { return };
    let kept = Command::new("sh").args(["-c", "echo 1 > /proc/$$/loginuid && cat /proc/$$/loginuid"]).output().unwrap();
    if !kept.status.success() || kept.stdout.trim_ascii() != b"1" {
        println!("skipped: this kernel keeps no audit login uid ({})", String::from_utf8_lossy(&kept.stderr).trim());
        return;
    }
    let daemon = house.daemon();
    let sensitive = |finding: &&lenswarden::review::Finding| {
        finding.state == FindingState::Open
            && finding.place.site.as_ref().is_some_and(|site| site.as_str() == "headquarters")
    };
    let snapshot =
        house.until("a finding of a sensitive site", |snapshot| snapshot.findings.values().any(|it| sensitive(&it)));
    let id = snapshot.findings.values().find(sensitive).unwrap().id;
    let finding = id.to_string();
    // Nothing else is to change it while it is decided.
    house.until_a_round_is_over();
    let decide = |who: (&str, &str, Option<&str>), more: &[&str]| {
        let revision = house.look().unwrap().findings[&id].revision.to_string();
        says(&house, who, &[&["review", "decide", &finding, "--revision", &revision], more].concat())
    };
    let accept = ["--accept-until", "+30d", "--reason", "safety", "--control", "a guard"];
    let proposed = decide(("nobody", REVIEWERS, Some("nobody")), &accept);
    assert!(proposed.status.success(), "{}", words(&proposed));
    assert_eq!(state(&house, id), FindingState::Open, "proposed is not decided");
    // He logs in and becomes root, or an approver: it is he all the same.
    for (user, group) in [("root", "root"), ("daemon", APPROVERS), ("nobody", APPROVERS)] {
        let refused = decide((user, group, Some("nobody")), &["--approve"]);
        assert!(
            words(&refused).contains("nobody proposed it: somebody else must approve it"),
            "{user}: {}",
            words(&refused)
        );
    }
    assert_eq!(state(&house, id), FindingState::Open);
    let approved = decide(("root", "root", Some("daemon")), &["--approve"]);
    assert!(approved.status.success(), "{}", words(&approved));
    assert_eq!(state(&house, id), FindingState::Accepted);
    daemon.stop();
    let holds = house.look().unwrap().findings[&id].decision.clone().unwrap();
    assert_eq!((holds.author.name.as_str(), holds.author.login), ("nobody", None), "he is himself");
    let approver = holds.approver.unwrap();
    assert_eq!((approver.name.as_str(), approver.login.map(|login| login.name)), ("root", Some("daemon".to_owned())));
}

fn state(house: &House, id: FindingId) -> FindingState {
    house.look().unwrap().findings[&id].state
}
