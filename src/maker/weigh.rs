//! What the marks add up to.
//!
//! Two independent marks of one maker's group make *confirmed*, one *suspected*. Marks of one rung are one mark: a
//! device that says its maker's name over ONVIF and over LLDP said one thing twice. Where marks contradict each other,
//! all are shown, and a maker a person must look at is never outvoted into silence: the verdict falls to *suspected*.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{Catalogue, Maker};
use super::file::Said;
use super::ledger::Ledger;
use super::{Attribution, Class, Evidence, Grade, Jurisdiction, Surveillance, Verdict};
use crate::net::Timestamp;

/// What a mark is a mark of, strongest first. Marks of different rungs are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rung {
    /// Its maker's own discovery.
    Discovery,
    /// ISAPI.
    Isapi,
    /// Scopes and envelopes of ONVIF.
    Onvif,
    /// RTSP.
    Rtsp,
    /// Headers, challenges and pages of its web server.
    Http,
    /// Its certificate.
    Tls,
    /// Its private MIB.
    Mib,
    /// The grammar of its model number.
    Model,
    /// The grammar of its serial number.
    Serial,
    /// The grammar of its firmware's version.
    Firmware,
    /// Its address block.
    Prefix,
    /// A name it gives its maker, and what the brand table makes of it.
    Name,
    /// Text for people.
    Text,
    /// What its switch heard that it can do.
    Capability,
    /// That it answered.
    Answer,
}

impl Rung {
    /// A mark that a label cannot give: of the maker's protocol or private MIB.
    pub(super) fn is_protocol(self) -> bool {
        self <= Self::Mib
    }

    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Model | Self::Serial | Self::Firmware => "has the form given by",
            Self::Text => "speaks of",
            _ => "is a mark of",
        }
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Discovery => "it answers",
            Self::Text => "it describes itself as",
            Self::Capability => "its switch heard that it is a",
            Self::Isapi => "it says it is a",
            _ => "it shows",
        }
    }

    /// What counts as one statement with it: a name in a description is still a name.
    fn statement(self) -> Self {
        if self == Self::Text { Self::Name } else { self }
    }
}

/// A mark that may speak for a maker.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) rung: Rung,
    pub(super) source: &'static str,
    pub(super) text: String,
    pub(super) grade: Grade,
    pub(super) maker: Option<usize>,
    pub(super) at: Timestamp,
}

/// A mark that speaks for a class.
#[derive(Debug)]
pub(super) struct ClassMark {
    pub(super) rung: Rung,
    pub(super) said: Said,
    /// The head of the group whose form it is; `None` for words of nobody's.
    pub(super) family: Option<usize>,
    pub(super) source: &'static str,
    pub(super) text: String,
    pub(super) at: Timestamp,
}

/// The marks of one group of makers.
#[derive(Default)]
struct Family {
    statements: BTreeSet<Rung>,
    members: BTreeMap<usize, BTreeSet<Rung>>,
}

fn must_be_looked_at(maker: Option<&Maker>) -> bool {
    maker.is_some_and(|maker| maker.jurisdiction != Jurisdiction::Elsewhere)
}

/// Adds up the marks by group.
fn maker<'a>(catalogue: &'a Catalogue, pieces: &[Piece]) -> (Option<&'a Maker>, Verdict) {
    let mut families: BTreeMap<usize, Family> = BTreeMap::new();
    for piece in pieces.iter().filter(|piece| piece.grade > Grade::Hint) {
        let Some((index, maker)) = piece.maker.and_then(|index| Some((index, catalogue.maker_at(index)?))) else {
            continue;
        };
        let family = families.entry(maker.root).or_default();
        family.statements.insert(piece.rung.statement());
        family.members.entry(index).or_default().insert(piece.rung.statement());
    }
    let looked_at = |root: &usize| must_be_looked_at(catalogue.maker_at(*root));
    let rank = |root: &usize, family: &Family| {
        let best = family.statements.first().copied();
        let protocol = best.is_some_and(Rung::is_protocol);
        // On a tie the one that a person must look at goes first.
        (family.statements.len().min(2), protocol, family.statements.len(), looked_at(root), Reverse(best))
    };
    let Some((root, family)) = families.iter().max_by_key(|(root, family)| rank(root, family)) else {
        return (None, Verdict::Unknown);
    };
    let contradicted = families.iter().any(|(other, marks)| {
        other != root
            && (marks.statements.len() >= family.statements.len().min(2) || (looked_at(other) && !looked_at(root)))
    });
    let verdict = if family.statements.len() >= 2 && !contradicted { Verdict::Confirmed } else { Verdict::Suspected };
    let member =
        family.members.iter().max_by_key(|(index, marks)| (marks.len(), Reverse(marks.first()), *index == root));
    (member.and_then(|(index, _)| catalogue.maker_at(*index)), verdict)
}

/// What it is by its strongest mark; surveillance equipment is denied only where nothing weaker speaks for it, or
/// where its model says so.
fn class(marks: &[ClassMark]) -> (Class, Surveillance) {
    let is = |mark: &ClassMark| match mark.said {
        Said::Class(class) => Some(class),
        Said::Kind(_) => None,
    };
    let for_surveillance =
        marks.iter().any(|mark| is(mark).is_none_or(|class| class.surveillance() == Surveillance::Yes));
    // Of marks of one rung the maker's own goes first, and then the one that keeps the question open.
    let strongest =
        marks.iter().filter(|mark| is(mark).is_some_and(|class| class != Class::Unknown)).min_by_key(|mark| {
            let denies = is(mark).is_some_and(|class| class.surveillance() == Surveillance::No);
            (mark.rung, mark.family.is_none(), denies)
        });
    let Some((mark, class)) = strongest.and_then(|mark| Some((mark, is(mark)?))) else {
        return (Class::Unknown, if for_surveillance { Surveillance::Yes } else { Surveillance::Unknown });
    };
    let surveillance = match class.surveillance() {
        Surveillance::No if for_surveillance && mark.rung > Rung::Model => Surveillance::Unknown,
        told => told,
    };
    (class, surveillance)
}

/// The ledger's outcome.
pub(super) fn attribution(ledger: Ledger<'_>) -> Attribution {
    let Ledger { catalogue, mut pieces, mut classes, brand } = ledger;
    pieces.sort_by(|a, b| {
        let order = |piece: &Piece| (Reverse(piece.grade), piece.rung, piece.source);
        order(a).cmp(&order(b)).then_with(|| a.text.cmp(&b.text))
    });
    pieces.dedup_by(|a, b| (a.source, &a.text, a.maker) == (b.source, &b.text, b.maker));
    let (maker, verdict) = maker(catalogue, &pieces);
    // What another maker's equipment would be by such a model number says nothing of this one.
    if let Some(maker) = maker {
        classes.retain(|mark| mark.family.is_none_or(|family| family == maker.root));
    }
    let (class, surveillance) = class(&classes);
    let id = |index: usize| catalogue.maker_at(index).map(|maker| maker.id.clone());
    let mut evidence: Vec<Evidence> = pieces
        .into_iter()
        .map(|piece| Evidence {
            source: piece.source.to_owned(),
            text: piece.text,
            grade: piece.grade,
            observed_at: piece.at,
            maker: piece.maker.and_then(id),
        })
        .collect();
    classes.sort_by(|a, b| (a.rung, &a.text).cmp(&(b.rung, &b.text)));
    classes.dedup_by(|a, b| (a.source, &a.text) == (b.source, &b.text));
    evidence.extend(classes.into_iter().map(|mark| Evidence {
        source: mark.source.to_owned(),
        text: mark.text,
        grade: if mark.rung.is_protocol() { Grade::Strong } else { Grade::Mark },
        observed_at: mark.at,
        maker: None,
    }));
    Attribution {
        name: maker.map(|maker| maker.name.clone()).unwrap_or_default(),
        brand: brand.filter(|brand| maker.is_none_or(|maker| maker.name != *brand)),
        maker: maker.map(|maker| maker.id.clone()),
        verdict,
        class,
        surveillance,
        overruled: None,
        evidence,
    }
}
