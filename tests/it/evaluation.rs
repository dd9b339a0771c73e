//! Attribution and verdicts over labelled devices that others' equipment described (`../shared/data/makers`). Needs
//! them, so it is run by `.ci/run`.

use std::collections::{BTreeMap, BTreeSet};

use lenswarden::cli::identify::{self, Judge};
use lenswarden::maker::Catalogue;
use lenswarden::net::Timestamp;
use lenswarden::policy::Policies;
use lenswarden::report::Format;
use serde_json::Value;

const ROWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/makers/eval-dev.jsonl");
/// Names of policies there and here.
const POLICIES: [(&str, &str); 4] = [
    ("uk-wms-2022", "uk-gsg-2022"),
    ("us-889", "us-889"),
    ("us-fcc-covered", "us-fcc-covered"),
    ("ca-hikvision-2025", "ca-2025"),
];

/// How rows of one basis went.
#[derive(Debug, Default)]
struct Score {
    rows: usize,
    restricted: usize,
    /// Restricted, and said to be, surely or by one mark.
    found: usize,
    /// Said to be by all its policies and no other.
    exact: usize,
    /// Restricted, and said so as confirmed.
    confirmed: usize,
    /// Said to be restricted by a policy that does not.
    wrong: Vec<String>,
    /// Restricted, and said not to be.
    cleared: Vec<String>,
    surveillance: usize,
    surveillance_found: usize,
    /// Said to be surveillance equipment, or not to be, and it is the other.
    class_wrong: Vec<String>,
    makers_found: usize,
}

fn ids(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn judge(text: &str) -> Vec<Value> {
    let judge = Judge { catalogue: Catalogue::shipped(), policies: Policies::shipped(), at: Timestamp(0) };
    let mut output = Vec::new();
    let tally = identify::stream(&mut text.as_bytes(), &mut output, &judge, Format::Json, &mut |words| {
        panic!("{words}");
    });
    let tally = tally.unwrap();
    assert_eq!((tally.bad, &tally.ignored), (0, &BTreeSet::new()));
    String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn scores(text: &str) -> BTreeMap<(bool, String), Score> {
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers = judge(text);
    assert_eq!(rows.len(), answers.len());
    let mut scores: BTreeMap<(bool, String), Score> = BTreeMap::new();
    for (row, answer) in rows.iter().zip(&answers) {
        let id = row["id"].as_str().unwrap().to_owned();
        assert_eq!(answer["id"], row["id"], "in the order of the rows");
        let expected = &row["expected"];
        let there = ids(&expected["restricted_by"]);
        let wanted: BTreeSet<String> =
            POLICIES.iter().filter(|(name, _)| there.contains(*name)).map(|(_, own)| (*own).to_owned()).collect();
        let said: BTreeSet<String> = ids(&answer["restricted_by"])
            .into_iter()
            .filter(|pack| POLICIES.iter().any(|(_, own)| own == pack))
            .collect();
        let ambiguous = row["ambiguous"] == Value::Bool(true);
        let score = scores.entry((ambiguous, row["label_basis"].as_str().unwrap().to_owned())).or_default();
        score.rows += 1;
        score.restricted += usize::from(!wanted.is_empty());
        score.found += usize::from(!wanted.is_empty() && !said.is_empty());
        score.exact += usize::from(!wanted.is_empty() && said == wanted);
        score.confirmed += usize::from(!wanted.is_empty() && answer["status"] == "restricted");
        if said.difference(&wanted).next().is_some() {
            score.wrong.push(id.clone());
        }
        if !wanted.is_empty() && answer["status"] == "not-restricted" {
            score.cleared.push(id.clone());
        }
        let surveillance = expected["is_surveillance"] == Value::Bool(true);
        score.surveillance += usize::from(surveillance);
        score.surveillance_found += usize::from(surveillance && answer["is_surveillance"] == "yes");
        score.makers_found += usize::from(surveillance && answer["maker"] == expected["maker"]);
        if answer["is_surveillance"] == if surveillance { "no" } else { "yes" } {
            score.class_wrong.push(id);
        }
    }
    scores
}

#[test]
#[ignore = "needs ../shared"]
fn restricted_is_said_with_precision_and_nothing_restricted_is_cleared() {
    let scores = scores(&std::fs::read_to_string(ROWS).unwrap());
    for ((ambiguous, basis), score) in &scores {
        println!(
            "{}{basis}: {} rows; restricted {}: found {}, with the right policies {}, as confirmed {}; surveillance {}: \
             found {}, maker right {}; wrongly restricted {:?}, wrongly cleared {:?}, class wrong {:?}",
            if *ambiguous { "ambiguous " } else { "" },
            score.rows,
            score.restricted,
            score.found,
            score.exact,
            score.confirmed,
            score.surveillance,
            score.surveillance_found,
            score.makers_found,
            score.wrong,
            score.cleared,
            score.class_wrong
        );
    }
    let clear = || scores.iter().filter(|((ambiguous, _), _)| !ambiguous).map(|(_, score)| score);
    let rows: usize = clear().map(|score| score.rows).sum();
    assert!(rows > 200, "{rows} rows");
    let (wrong, found) = clear().fold((0, 0), |(wrong, found), score| (wrong + score.wrong.len(), found + score.found));
    let precision = found as f64 / (found + wrong) as f64;
    println!("precision of restricted: {precision:.3} ({wrong} wrong of {})", found + wrong);
    assert!(found > 50 && precision >= 0.99, "{precision}");
    assert!(scores.values().all(|score| score.cleared.is_empty()), "something restricted was cleared");
    assert!(clear().all(|score| score.class_wrong.is_empty()));
}
