//! Several people at their consoles: who decides, who approves, who may only look.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use lenswarden::review::{Decision, DecisionKind, FindingState};

use super::{Pane, decisions};
use crate::house::{House, PATIENCE};

/// The console of somebody, in a pane of its own.
fn console(house: &House, user: Option<&str>) -> Pane {
    let (program, config) = (house.path("lenswarden"), house.path("look.toml"));
    // What the console remembers is everybody's own.
    let state = house.path(user.unwrap_or("me"));
    std::fs::create_dir(&state).unwrap();
    open_to_all(&state, 0o777);
    let somebody = user.map(|user| format!("runuser -u {user} -- ")).unwrap_or_default();
    let (state, program, config) = (state.display(), program.display(), config.display());
    let command = format!("{somebody}env XDG_STATE_HOME={state} {program} --config {config}");
    let pane = Pane::start(80, 24, &command);
    pane.until("RESTRICTED");
    pane
}

fn open_to_all(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Goes down until the selected row ends so.
fn go_to(pane: &Pane, end: &str) {
    let begun = Instant::now();
    let is_there = || pane.screen().lines().any(|line| line.starts_with('▸') && line.trim_end().ends_with(end));
    while !is_there() {
        assert!(begun.elapsed() < PATIENCE, "no row ends with '{end}'\n{}", pane.screen());
        pane.press(&["Down"]);
        std::thread::sleep(Duration::from_millis(150));
    }
}

#[test]
#[ignore = "needs tmux, and root for other people: run by .ci/run"]
fn one_person_decides_a_second_one_approves_and_who_may_only_look_is_told_why() {
    if !nix::unistd::Uid::effective().is_root() {
        return println!("only root may be somebody else: not tried");
    }
    let house = House::new(
        "\n[[review]]\nname = \"by-hand\"\nschedule = \"0 0 1 1 *\"\nselect = \"status:restricted\"\n\
         owner = \"tests\"\ndue = \"30d\"\n\n[roles]\nreviewers = [\"nogroup\"]\napprovers = [\"nogroup\"]\n\
         [decisions]\ntwo-persons = \"always\"\n",
    );
    // Others read nothing of the configuration but where the daemon is; the program lies where all may start it.
    house.configure("look.toml", "");
    std::fs::copy(env!("CARGO_BIN_EXE_lenswarden"), house.path("lenswarden")).unwrap();
    open_to_all(&house.path("."), 0o755);
    open_to_all(&house.path("look.toml"), 0o644);
    let daemon = house.daemon();
    house.until_a_round_is_over();
    for end in ["", "-wal", "-shm"] {
        open_to_all(&house.path(&format!("lenswarden.db{end}")), 0o644);
    }

    // The first proposes, and opens a cycle by hand.
    let first = console(&house, None);
    first.step(&["3"], "wait for a decision");
    first.step(&["n"], "by-hand");
    first.step(&["End"], "▸ by-hand");
    first.step(&["Enter"], "as they are now");
    first.step(&["y"], "is open with");
    let cycle =
        house.until("the cycle", |snapshot| !snapshot.cycles.is_empty()).cycles.values().next().unwrap().clone();
    assert!(cycle.name == "by-hand" && !cycle.items.is_empty(), "{cycle:?}");
    go_to(&first, "open");
    first.step(&["r"], "kind");
    first.press(&["Right", "Right", "Right", "Tab"]);
    first.type_text("+30d");
    first.press(&["Tab"]);
    first.type_text("a guard");
    first.press(&["Tab"]);
    first.type_text("safety");
    first.step(&["Enter"], "needs a second person");
    first.step(&["Enter"], "decided: change");

    // The second approves what waits for that.
    let second = console(&house, Some("nobody"));
    second.step(&["3"], "to approve 1");
    second.press(&["u", "u", "u", "u"]);
    go_to(&second, "to approve");
    let form = second.step(&["r"], "kind ");
    assert!(form.contains("•approve"), "{form}");
    second.step(&["Enter"], "'nobody' decides");
    second.step(&["Enter"], "decided: change");
    let made = decisions(&house);
    let [proposed, approved] = made.as_slice() else { panic!("{made:#?}") };
    assert_eq!((proposed.author.name.as_str(), approved.author.name.as_str()), ("root", "nobody"));
    assert!(matches!(&proposed.kind, DecisionKind::Accept { reason, .. } if reason == "safety"), "{proposed:?}");
    assert!(matches!(approved.kind, DecisionKind::Approve { .. }), "{approved:?}");
    let id = proposed.matter.finding().unwrap();
    let accepted = house.until("it is accepted", |snapshot| snapshot.findings[&id].state == FindingState::Accepted);
    let decided: &Decision = accepted.findings[&id].decision.as_ref().unwrap();
    assert_eq!(decided.approver.as_ref().map(|who| who.name.as_str()), Some("nobody"));

    // A third one sees all of it, and is told why he may do nothing.
    let third = console(&house, Some("daemon"));
    let looks = third.step(&["3"], "wait for a decision");
    assert!(third.until("(r decide)").contains("by-hand"), "{looks}");
    third.step(&["r"], "You cannot decide now. 'daemon' may look, not decide");
    third.until("takes membership");
    third.step(&["Escape"], "wait for a decision");
    third.step(&["n"], "No cycle is opened. 'daemon' may look, not decide");
    assert_eq!(decisions(&house).len(), 2, "nothing was decided by looking");
    for pane in [first, second, third] {
        pane.press(&["Escape"]);
        pane.until("quit");
        pane.press(&["q"]);
        pane.until("ENDED 0");
    }
    daemon.stop();
}

#[test]
#[ignore = "needs tmux, and root for other people: run by .ci/run"]
fn who_may_not_read_is_told_who_may_and_sees_all_as_soon_as_he_may() {
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path(), 0o755);
    let (database, program) = (folder.path().join("lenswarden.db"), folder.path().join("lenswarden"));
    let config = folder.path().join("config.toml");
    std::fs::copy(env!("CARGO_BIN_EXE_lenswarden"), &program).unwrap();
    // The first run: there is no configuration.
    let first = Pane::start(80, 24, &format!("{} --config {}", program.display(), config.display()));
    let told = first.step(&[], "ENDED 2");
    for words in ["There is no configuration yet", "[daemon]", "database = ", "control-socket = ", "`lenswarden demo`"]
    {
        assert!(told.contains(words), "{words}\n{told}");
    }
    if !nix::unistd::Uid::effective().is_root() {
        return println!("only root may be somebody else: not tried");
    }
    let _daemon = crate::console::estate::write(&database, &crate::console::estate::of(20));
    std::fs::write(&config, format!("[daemon]\ndatabase = {database:?}\n")).unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    open_to_all(&state, 0o777);
    let (state, program, config) = (state.display(), program.display(), config.display());
    let nobody =
        Pane::start(80, 24, &format!("runuser -u nobody -- env XDG_STATE_HOME={state} {program} --config {config}"));
    let told = nobody.step(&[], "may not be read");
    assert!(told.contains("no picture yet") && told.contains("sudo usermod -aG lenswarden"), "{told}");
    for end in ["", "-wal", "-shm"] {
        open_to_all(&folder.path().join(format!("lenswarden.db{end}")), 0o644);
    }
    nobody.step(&[], "RESTRICTED");
    nobody.press(&["q"]);
    nobody.until("ENDED 0");
}
