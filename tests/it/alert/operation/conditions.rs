//! What is wrong with the work itself, each told at its beginning and at its end, and seen in between by whoever looks.

use std::process::Command;

use lenswarden::report::tables::headline;
use serde_json::Value;

use super::{desk, texts, until};
use crate::alert::hook::Hook;
use crate::house::{Daemon, House};

/// A house whose daemon is told to be patient for seconds, not minutes, and a receiver of what it says of itself.
struct Desk {
    hook: Hook,
    house: House,
    daemon: Daemon,
}

/// The lab's configuration, asked as fast as it goes.
fn quick(house: &House) -> String {
    house.lab.configuration().replace(
        "[snmp]\ntimeout = \"2s\"\nretries = 2\n",
        "[snmp]\ntimeout = \"200ms\"\nretries = 0\ndeadline = \"1s\"\n",
    )
}

impl Desk {
    fn new(more: &str) -> Self {
        let (hook, house) = (Hook::new(), House::new(""));
        house.configure("config.toml", &(quick(&house) + more + &desk(&hook)));
        let daemon = house.daemon();
        house.until_a_round_is_over();
        house.until("cameras", |snapshot| snapshot.targets.values().filter(|target| !target.switch).count() > 10);
        Self { hook, house, daemon }
    }

    fn configure(&self, change: impl Fn(String) -> String) {
        self.house.configure("config.toml", &(change(quick(&self.house)) + &desk(&self.hook)));
    }

    fn told(&self, kind: &str) -> Vec<String> {
        let start = format!("operation {kind} ");
        texts(&self.hook).into_iter().filter(|text| text.starts_with(&start)).collect()
    }

    /// It begins: told, in the headline, in the list of targets.
    fn begins(&self, kind: &str, words: &str) {
        until(&self.hook, kind, |_| !self.told(kind).is_empty());
        let told = self.told(kind);
        assert!(told.iter().any(|text| text.contains(words) && !text.contains("is over")), "{told:#?}");
        let seen = self.house.until("it is seen", |snapshot| snapshot.conditions.iter().any(|it| it.kind == kind));
        let line = headline(&seen);
        assert!(line.contains(", NOT IN ORDER: ") && line.contains(kind), "{line}");
        let shown = self.house.run(&["targets", kind]);
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains(kind) && shown.contains("wrong"), "{shown}");
    }

    /// It ends: told once, as it was told once that it began, and seen no longer.
    fn ends(&self, kind: &str) {
        let over = |texts: &[String]| texts.iter().filter(|text| text.contains("is over; since ")).count();
        until(&self.hook, "it is over", |_| over(&self.told(kind)) > 0);
        self.house.until("it is not seen", |snapshot| snapshot.conditions.iter().all(|it| it.kind != kind));
        self.house.until_a_round_is_over();
        let told = self.told(kind);
        assert_eq!((told.len(), over(&told)), (2, 1), "{told:#?}");
    }
}

#[test]
fn switches_that_fall_silent_are_told_and_so_is_that_they_answer_again() {
    let mut desk = Desk::new("");
    desk.house.lab.silence(true);
    desk.begins("polling-late", "3 of 3 switches gave no answer for 3 s: ");
    // As data too.
    let entries = |format: &str| desk.house.run(&["targets", format, "polling-late"]).stdout;
    let wrong: Vec<Value> = serde_json::from_slice(&entries("--json")).unwrap();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!((&wrong[0]["name"], &wrong[0]["kind"]), (&"polling-late switches".into(), &"condition".into()));
    assert!(wrong[0]["why"].as_str().unwrap().contains("gave no answer"), "{wrong:?}");
    let row = String::from_utf8(entries("--csv")).unwrap();
    assert!(row.contains("polling-late switches,,,wrong,") && row.contains("gave no answer"), "{row}");
    // The daemon that is started meanwhile knows that it was told.
    desk.daemon.kill();
    desk.daemon = desk.house.daemon();
    desk.house.until("the daemon runs", |snapshot| !snapshot.daemon.absent);
    desk.house.lab.silence(false);
    desk.ends("polling-late");
}

#[test]
fn a_site_that_is_looked_at_less_than_before_is_told_and_so_is_its_end() {
    let desk = Desk::new("\n[coverage]\nthreshold = 50\n");
    let with =
        |more: &'static str| move |configuration: String| configuration + "\n[coverage]\nthreshold = 50\n" + more;
    let enough = |snapshot: &lenswarden::snapshot::Snapshot| {
        !snapshot.looked.sites.is_empty() && snapshot.looked.sites.values().all(|site| site.asked * 2 >= site.addresses)
    };
    desk.house.until("every site is looked at", enough);
    desk.house.until_a_round_is_over();
    // Nobody looks for cameras any more.
    desk.configure(|configuration| {
        let parts: Vec<&str> = configuration.split("\n[[").filter(|part| !part.starts_with("cameras]]")).collect();
        with("")(parts.join("\n[["))
    });
    desk.begins("coverage-low", "% of the ranges of site ");
    desk.configure(with(""));
    desk.house.until("it is over", |snapshot| snapshot.conditions.iter().all(|it| it.kind != "coverage-low"));
    until(&desk.hook, "each end is told", |_| {
        let told = desk.told("coverage-low");
        told.len() == 4 && told.iter().filter(|text| text.contains("is over")).count() == 2
    });
}

#[test]
fn a_password_that_is_refused_is_told_and_so_is_that_the_right_one_is_taken() {
    let desk = Desk::new("");
    // One camera of the lab has a password of its own: that is told, and stays.
    until(&desk.hook, "the camera with a password of its own", |_| desk.told("credential-refused").len() == 1);
    assert!(desk.told("credential-refused")[0].contains("credential lab-onvif is refused by 1: 127."));
    // Of switches: who asks by SNMPv3 is told what is wrong.
    let wrong = |configuration: String| {
        let (before, after) = configuration.split_once("id = \"lab-v3\"").unwrap();
        format!("{before}id = \"lab-v3\"{}", after.replacen("password = \"", "password = \"not-", 1))
    };
    desk.configure(wrong);
    let of_switches = || {
        let told = desk.told("credential-refused");
        told.into_iter().filter(|text| text.contains("credential lab-v3 is refused by ")).collect::<Vec<_>>()
    };
    until(&desk.hook, "the switches refuse it", |_| of_switches().len() == 1);
    desk.configure(|configuration| configuration);
    until(&desk.hook, "it is over", |_| of_switches().len() == 2);
    assert!(of_switches()[1].contains("is over; since "), "{:?}", of_switches());
    // Of cameras: three that refuse it stop it everywhere.
    desk.configure(|configuration| configuration.replace("lab-camera-secret", "rotated-away-secret"));
    desk.begins("credential-stopped", "lenswarden credential retry lab-onvif");
    desk.configure(|configuration| configuration);
    desk.ends("credential-stopped");
}

#[test]
fn a_clock_that_all_cameras_contradict_is_told_and_so_is_that_they_agree_again() {
    let desk = Desk::new("");
    desk.house.lab.set_clocks(3600);
    desk.begins("clock-off", "s behind the clocks of the cameras, which agree");
    desk.house.lab.set_clocks(0);
    desk.ends("clock-off");
}

#[test]
fn a_registry_of_more_than_a_year_ago_is_told_and_so_is_that_a_newer_one_is_there() {
    // Its own child would outlive a daemon that is killed: what it sets for one is all that is needed of it.
    let Ok(told) = Command::new("faketime").args(["-f", "+730d", "printenv", "LD_PRELOAD"]).output() else {
        println!("skipped: without faketime the registry that is compiled in does not get old");
        return;
    };
    let library = String::from_utf8(told.stdout).unwrap();
    let (hook, house) = (Hook::new(), House::new(""));
    let registry = house.path("oui.csv");
    let configure = |more: &str| house.configure("config.toml", &(quick(&house) + more + &desk(&hook)));
    configure("");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lenswarden"));
    command.env("LD_PRELOAD", library.trim()).env("FAKETIME", "+730d");
    // Two years on. Files and waiting keep their own time.
    command.env("NO_FAKE_STAT", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command.arg("--config").arg(house.path("config.toml")).arg("daemon");
    let daemon = house.daemon_by(command);
    let of_it =
        || texts(&hook).into_iter().filter(|text| text.starts_with("operation registry-old ")).collect::<Vec<_>>();
    until(&hook, "the registry is old", |_| of_it().len() == 1);
    assert!(of_it()[0].contains("more than 12 months ago"), "{:?}", of_it());
    std::fs::write(&registry, "Registry,Assignment,Organization Name,Organization Address\nMA-L,4419B6,Hikvision,x\n")
        .unwrap();
    let now = std::time::SystemTime::now() + std::time::Duration::from_secs(729 * 86_400);
    std::fs::File::options().append(true).open(&registry).unwrap().set_modified(now).unwrap();
    configure(&format!("\n[makers]\nregistry = [{registry:?}]\n"));
    until(&hook, "it is over", |_| of_it().len() == 2);
    assert!(of_it()[1].contains("is over; since "), "{:?}", of_it());
    drop(daemon);
}
