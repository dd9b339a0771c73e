//! Sites, and the dossier of one.

use lenswarden::console::keys::Context;
use lenswarden::report::sites;

use super::{Desk, SIZES, estate};

fn desk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(&estate::of(120), size, false);
    desk.type_in("5");
    desk
}

#[test]
fn a_site_has_the_numbers_that_the_command_prints() {
    let mut desk = desk(SIZES[2]);
    let snapshot = desk.snapshot();
    let overdue = snapshot.overdue();
    let counts = snapshot.site_counts(&snapshot.tallies(&overdue), &overdue);
    let table = sites::sites(&snapshot, &snapshot.coverage_of_sites(), &counts, snapshot.sites.values());
    assert_eq!(table.rows.len(), 3);
    for printed in &table.rows {
        desk.type_in(&format!("/<C-u>site:{}<Enter>", printed[0]));
        let cells: Vec<String> = desk.selected().split_whitespace().map(str::to_owned).collect();
        let at = cells.iter().position(|cell| *cell == printed[2]).unwrap() + 1 + usize::from(!printed[3].is_empty());
        assert_eq!(cells[at..at + 7], printed[4..11], "{}", desk.screen());
        let coverage = snapshot.coverage_of(&printed[0].as_str().into());
        let shares = coverage.factors.iter().filter_map(lenswarden::snapshot::Factor::percent);
        let shown: Vec<u64> = cells[at + 7..].iter().filter_map(|cell| cell.parse().ok()).collect();
        assert_eq!(shown, shares.collect::<Vec<u64>>(), "{}", desk.screen());
        assert_eq!(cells[0] == "▸?", printed[11].starts_with("NOT"), "{}", desk.screen());
    }
}

#[test]
fn sites_are_sorted_and_turned_round_and_the_sum_follows_the_filter() {
    let mut desk = desk(SIZES[0]);
    desk.shows("3 sites, 2 sensitive");
    assert!(desk.selected().contains(" s "), "a sensitive one first: {}", desk.selected());
    desk.type_in("s<Home>");
    assert!(desk.selected().contains("depot"), "{}", desk.selected());
    desk.type_in("S");
    desk.shows("sorted by SITE, reversed");
    desk.type_in("<Home>");
    desk.shows("SITE▼");
    assert!(desk.selected().contains("ministers"), "{}", desk.selected());
    desk.type_in("/site.sensitivity:standard");
    desk.shows("1 site, 0 sensitive");
    desk.type_in("<C-u>nowhere<Enter>");
    desk.shows("nothing passes the filter (Esc clears it)");
}

#[test]
fn a_dossier_leads_to_the_devices_and_to_the_findings_of_its_site() {
    let mut desk = desk(SIZES[0]);
    desk.type_in("/site:depot<Enter><Enter>");
    desk.shows("── site depot ─");
    desk.type_in("<Enter>");
    assert_eq!(desk.model.context(), Context::Dossier);
    insta::assert_snapshot!("dossier_whole", desk.screen());
    desk.type_in("<End>");
    insta::assert_snapshot!("dossier_end", desk.screen());
    desk.type_in("d");
    desk.shows("filter: site:depot");
    desk.shows("4 Device");
    assert_eq!(desk.model.context(), Context::Devices);
    desk.lacks("hq-acc");
    desk.type_in("5r");
    assert_eq!(desk.model.context(), Context::Reviews);
    desk.shows("filter: site:depot");
    let mut wide = self::desk(SIZES[2]);
    wide.type_in("<Enter>");
    insta::assert_snapshot!("dossier_wide", wide.screen());
}
