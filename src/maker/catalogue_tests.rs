//! The shipped catalogue and its proofs; what bad ones are told.

use toml::Spanned;

use super::catalogue::SHIPPED;
use super::file::{File, Known};
use super::*;

const LINE: &str = "[[maker]]\nid='a'\nname='A'\nentity='A Ltd'\ncountry='GB'\njurisdiction='prc'\nsource='s'\n";

fn problems(text: &str) -> Vec<String> {
    let read = Catalogue::read(&[("own.toml".to_owned(), text.to_owned())]);
    read.unwrap_err().into_iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect()
}

#[test]
fn the_shipped_catalogue_has_no_problems() {
    let read = Catalogue::read(&[("makers.toml".to_owned(), SHIPPED.to_owned())]);
    let catalogue = read.unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(catalogue.makers().count() > 100 && catalogue.brands().count() > 50);
    assert!(catalogue.makers().all(|maker| !maker.source.trim().is_empty()));
    assert!(catalogue.brands().all(|brand| !brand.source.trim().is_empty()));
}

#[test]
fn every_shipped_pattern_has_a_row_it_matches_and_a_near_miss_and_every_line_a_source() {
    let file: File = toml::from_str(SHIPPED).unwrap();
    let mut bare = Vec::new();
    let mut lacks = |line: &str, lacking: bool| bare.extend(lacking.then(|| line.to_owned()));
    for line in file.class {
        let line = line.into_inner();
        lacks(&line.is, line.matches.is_empty() || line.misses.is_empty() || line.source.trim().is_empty());
    }
    let makers = file.maker.into_iter().map(Spanned::into_inner).map(|line| (line.id, line.source, line.marks));
    let brands = file.brand.into_iter().map(Spanned::into_inner).map(|line| (line.name, line.source, line.marks));
    for (name, source, marks) in makers.chain(brands) {
        lacks(&name, source.trim().is_empty());
        for mark in marks {
            lacks(&format!("{name}: {}", mark.is), mark.matches.is_empty() || mark.misses.is_empty());
        }
    }
    // That rows fit and near misses do not is checked wherever a catalogue is read.
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn a_recalled_rebrand_is_never_more_than_a_hint() {
    let file: File = toml::from_str(SHIPPED).unwrap();
    let recalled = file.brand.iter().map(Spanned::get_ref).filter(|line| line.known == Known::Recalled);
    let mut seen = 0;
    for line in recalled {
        assert!(line.marks.iter().all(|mark| mark.known != Some(Known::Verified)), "{}", line.name);
        let information = crate::observation::DeviceInformation {
            manufacturer: line.name.as_str().into(),
            ..crate::observation::DeviceInformation::default()
        };
        let facts = Facts { information: Some((information, crate::net::Timestamp(0))), ..Facts::default() };
        let found = Catalogue::shipped().attribute(&facts);
        assert_eq!((found.maker, found.verdict), (None, Verdict::Unknown), "{}", line.name);
        assert_eq!(found.brand.as_deref(), Some(line.name.as_str()));
        seen += 1;
    }
    assert!(seen > 30);
}

#[test]
fn a_bad_catalogue_says_all_that_is_wrong_and_where() {
    let twice = problems(&format!("{LINE}{LINE}"));
    assert_eq!(twice, ["own.toml:8 maker 'a': stands twice in this file"]);
    assert!(problems(&format!("{LINE}marks=[{{in='model',is='('}}]"))[0].contains("'(' is no regular expression"));
    assert!(problems(&format!("{LINE}marks=[{{in='model',is='a*'}}]"))[0].contains("fits an empty text"));
    assert!(problems(&format!("{LINE}parent='b'"))[0].contains("its parent 'b' is not in the catalogue"));
    assert!(problems(&LINE.replace("'s'", "' '"))[0].contains("has no source"));
    assert!(problems(&format!("{LINE}colour='red'"))[0].starts_with("own.toml:8 catalogue: unknown field"));
    assert!(problems(&format!("{LINE}prefixes=['44:19:b6']"))[0].contains("'44:19:b6' is no block"));
    let rows = problems(&format!("{LINE}marks=[{{in='model',is='A\\d',matches=['B1'],misses=['a1']}}]"));
    assert_eq!(rows.len(), 2, "{rows:?}");
    let orphan = "[[brand]]\nname='B'\nmade-by='nobody'\nsource='s'\n";
    assert!(problems(orphan)[0].contains("made-by 'nobody' is not in the catalogue"));
    assert!(problems("[[class]]\nclass='camera'\nin=['model']\nis='x'\n")[0].contains("has no source"));
}

#[test]
fn a_later_file_takes_the_place_of_a_line_and_leaves_the_others() {
    let files = |own: &str| [("makers.toml".to_owned(), SHIPPED.to_owned()), ("own.toml".to_owned(), own.to_owned())];
    let own = LINE.replace("'a'", "'axis'").replace("'A'", "'Own Axis'");
    let catalogue = Catalogue::read(&files(&own)).unwrap();
    assert_eq!(catalogue.maker(&"axis".into()).unwrap().name, "Own Axis");
    assert_eq!(catalogue.makers().count(), Catalogue::shipped().makers().count());
    assert_ne!(catalogue, Catalogue::shipped());
}
