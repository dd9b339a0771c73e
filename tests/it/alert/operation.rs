//! The work itself, and what waits: a daemon over the lab whose disk has no reserve, whose switches fall silent, whose
//! passwords are wrong, whose site is under maintenance.
//!
//! What is brought about here begins and ends as it does in the field, but for two: the clock of a host is not set back by
//! a test (what the recorder makes of a leap is tested beside it, and a leap counts for ten minutes); cameras whose
//! clocks agree against ours stand for it. And a registry gets old by `faketime` alone, the one compiled in being young.

mod conditions;

use std::collections::BTreeSet;

use super::hook::Hook;
use crate::house::House;

/// A carrier for what is wrong with the work itself.
fn desk(hook: &Hook) -> String {
    format!(
        "\n[[alert]]\nname = \"desk\"\nkind = \"webhook\"\nurl = \"http://{}/\"\nsecurity = \"none\"\nwhen = [\"operational\"]\n",
        hook.address
    )
}

/// What came, in its order. What comes twice, for a daemon was killed before it could note that it was taken, is one.
fn texts(hook: &Hook) -> Vec<String> {
    let mut known = BTreeSet::new();
    let bodies = hook.requests().into_iter().map(|request| request.json());
    let new = bodies.filter(|body| known.insert(body["id"].as_str().unwrap().to_owned()));
    new.map(|body| body["text"].as_str().unwrap().to_owned()).collect()
}

fn until(hook: &Hook, what: &str, is_it: impl Fn(&[String]) -> bool) -> Vec<String> {
    let begun = std::time::Instant::now();
    loop {
        let texts = texts(hook);
        if is_it(&texts) {
            return texts;
        }
        assert!(begun.elapsed() < crate::house::PATIENCE, "never: {what}: {texts:#?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_disk_without_a_reserve_is_told_once_over_a_restart_and_its_end_once() {
    let hook = Hook::new();
    let house = House::new("");
    let carrier = desk(&hook);
    let reserve = |mib: u64| {
        house.configure("config.toml", &(house.lab.configuration() + &carrier));
        let text = std::fs::read_to_string(house.path("config.toml")).unwrap();
        let text = text.replacen("[daemon]\n", &format!("[daemon]\ndisk-reserve-mib = {mib}\n"), 1);
        std::fs::write(house.path("config.toml"), text).unwrap();
    };
    let low = |texts: &[String]| texts.iter().filter(|text| text.starts_with("operation disk-low ")).count();
    reserve(1 << 30);
    let mut daemon = house.daemon();
    let told = until(&hook, "the disk is low", |texts| low(texts) == 1);
    assert!(told.iter().any(|text| text.contains("MiB are free for the database in ")), "{told:#?}");
    daemon.kill();
    let mut daemon = house.daemon();
    house.until_a_round_is_over();
    reserve(1);
    let told = until(&hook, "it is over", |texts| low(texts) == 2);
    let last = told.iter().rfind(|text| text.starts_with("operation disk-low ")).unwrap();
    assert!(last.contains("is over; since ") && last.contains("MiB are free"), "{last}");
    house.until_a_round_is_over();
    assert_eq!(low(&texts(&hook)), 2);
    daemon.kill();
}

#[test]
fn while_every_switch_is_under_maintenance_alerts_wait_and_then_come_as_one() {
    let hook = Hook::new();
    let house = House::new("");
    let carrier = format!(
        "\n[[alert]]\nname = \"desk\"\nkind = \"webhook\"\nurl = \"http://{}/\"\nsecurity = \"none\"\n\
         when = [\"breach\", \"action\", \"review\", \"info\"]\n",
        hook.address
    );
    let configuration = house.lab.configuration();
    let sites: Vec<&str> =
        configuration.split("[[site]]\nid = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(!sites.is_empty());
    let windows: String = sites
        .iter()
        .map(|site| {
            format!(
                "\n[[maintenance]]\nname = \"w {site}\"\nsite = {site:?}\nschedule = \"* * * * *\"\nlasts = \"1h\"\n"
            )
        })
        .collect();
    house.configure("config.toml", &(configuration.clone() + &carrier + &windows));
    let mut daemon = house.daemon();
    house.until_a_round_is_over();
    house.until("findings are recorded", |snapshot| snapshot.findings.len() > 5);
    let told = texts(&hook);
    assert!(told.iter().all(|text| text.contains(" site=unknown") || text.starts_with("operation ")), "{told:#?}");
    // What waits is not lost with the daemon, and the end of the windows is seen by the next.
    daemon.kill();
    house.configure("config.toml", &(house.lab.configuration() + &carrier));
    let mut daemon = house.daemon();
    let all = sites.iter().map(|site| format!(" after=maintenance window=\"w {site}\"")).collect::<Vec<_>>();
    let is_told = |texts: &[String], site: &String| {
        texts.iter().any(|text| text.contains(" summary findings=") && text.contains(site))
    };
    let told = until(&hook, "a summary", |texts| all.iter().any(|site| is_told(texts, site)));
    let body =
        hook.requests().iter().map(super::hook::Request::json).find(|body| body["kind"] == "maintenance").unwrap();
    assert!(body["findings"].as_array().unwrap().len() > 1, "{told:#?}");
    daemon.kill();
}
