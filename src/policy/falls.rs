//! Whether a pack's restriction falls on equipment, wherever it is.

use super::Status;
use super::pack::{Equipment, Pack};
use crate::maker::{Attribution, Catalogue, Class, Grade, Jurisdiction, Maker, Surveillance, Verdict};
use crate::net::PackId;

/// How surely a pack's restriction falls on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Falls {
    Not,
    /// Nothing that weighs speaks for it, but a person is given a hint.
    Hinted,
    /// A person must decide what the rule means here: whose law the maker is under, whether such equipment counts,
    /// which of marks that contradict each other is right.
    Review,
    /// The pack's own case, but one mark or the class is missing.
    Likely,
    Surely,
}

/// What the packs say of equipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdicts {
    /// The count word.
    pub status: Status,
    /// Packs whose own case it is; `status` and the attribution say how sure that is.
    pub restricted_by: Vec<PackId>,
    /// Packs under which a person must decide.
    pub review_by: Vec<PackId>,
}

/// Whether a pack is about equipment of this class.
fn covers(pack: &Pack, attribution: &Attribution, maker: Option<&Maker>) -> Falls {
    let about = |kind: Equipment| pack.equipment.contains(&kind);
    match attribution.class {
        Class::Intercom if about(Equipment::Intercom) => Falls::Surely,
        Class::AccessControl if about(Equipment::AccessControl) => Falls::Surely,
        class if class.is_telecom() && about(Equipment::Telecom) => Falls::Surely,
        // No text says whether these count as surveillance equipment: where nobody did either, a person must.
        Class::Intercom | Class::AccessControl if attribution.surveillance == Surveillance::Unknown => Falls::Review,
        class => match attribution.surveillance {
            Surveillance::Yes if about(Equipment::Surveillance) => Falls::Surely,
            Surveillance::Yes | Surveillance::No => Falls::Not,
            // Its class is contradicted.
            Surveillance::Unknown if class != Class::Unknown => Falls::Review,
            Surveillance::Unknown if maker.is_some_and(Maker::cameras_only) => Falls::Likely,
            // Such a pack is about nearly all that a maker it names makes.
            Surveillance::Unknown if about(Equipment::Telecom) && maker.is_some() => Falls::Likely,
            Surveillance::Unknown => Falls::Review,
        },
    }
}

/// Whether a maker is one of those a pack restricts.
fn names(pack: &Pack, maker: &Maker) -> Falls {
    let controlled = || maker.parent.as_ref().is_some_and(|id| pack.whose.makers.contains(id));
    let jurisdiction = pack.whose.jurisdiction;
    if pack.whose.makers.contains(&maker.id)
        || (pack.whose.affiliates && controlled())
        || jurisdiction == Some(maker.jurisdiction)
    {
        Falls::Surely
    } else if jurisdiction == Some(Jurisdiction::Prc) && maker.jurisdiction == Jurisdiction::PrcLinked {
        Falls::Review
    } else {
        Falls::Not
    }
}

/// Whether a pack's restriction falls on equipment.
pub(super) fn falls(pack: &Pack, attribution: &Attribution, catalogue: &Catalogue) -> Falls {
    let maker = attribution.maker.as_ref().and_then(|id| catalogue.maker(id));
    let covered = covers(pack, attribution, maker);
    if covered == Falls::Not {
        return Falls::Not;
    }
    let named = maker.map_or(Falls::Not, |maker| names(pack, maker));
    let sure = if attribution.verdict == Verdict::Confirmed { Falls::Surely } else { Falls::Likely };
    if named != Falls::Not {
        return named.min(covered).min(sure);
    }
    // A person said who made it, having seen the marks that say otherwise.
    if attribution.overruled.as_ref().is_some_and(|claim| claim.maker.is_some()) {
        return Falls::Not;
    }
    // Not its believed maker: marks of a restricted one keep the question open, hints are for a person.
    let about_telecom = pack.equipment.contains(&Equipment::Telecom);
    let others = attribution.evidence.iter().filter_map(|mark| {
        let maker = catalogue.maker(mark.maker.as_ref()?)?;
        let open = names(pack, maker) != Falls::Not;
        // A mixed vendor's prefix is no hint of a camera.
        let telling = mark.grade > Grade::Hint || about_telecom || mark.source != "ieee prefix";
        (open && telling).then_some(if mark.grade > Grade::Hint { Falls::Review } else { Falls::Hinted })
    });
    let open = others.max().unwrap_or(Falls::Not);
    if open == Falls::Review && attribution.verdict == Verdict::Confirmed { Falls::Hinted } else { open }
}

/// The count word for equipment.
pub(super) fn status(packs: &[Pack], attribution: &Attribution, catalogue: &Catalogue) -> Status {
    let worst = packs.iter().map(|pack| falls(pack, attribution, catalogue)).max().unwrap_or(Falls::Not);
    match worst {
        Falls::Surely => Status::Restricted,
        Falls::Likely | Falls::Review => Status::Suspected,
        // Clean only by what is known: it is no surveillance equipment, or it is and its maker is sure.
        Falls::Hinted | Falls::Not if attribution.surveillance == Surveillance::No => Status::NotRestricted,
        Falls::Not if attribution.surveillance == Surveillance::Yes && attribution.verdict == Verdict::Confirmed => {
            Status::NotRestricted
        }
        Falls::Hinted | Falls::Not => Status::Unknown,
    }
}

/// What packs say of equipment.
pub(super) fn verdicts(packs: &[Pack], attribution: &Attribution, catalogue: &Catalogue) -> Verdicts {
    let ids = |wanted: &dyn Fn(Falls) -> bool| {
        let fitting = packs.iter().filter(|pack| wanted(falls(pack, attribution, catalogue)));
        fitting.map(|pack| pack.id.clone()).collect()
    };
    Verdicts {
        status: status(packs, attribution, catalogue),
        restricted_by: ids(&|falls| falls >= Falls::Likely),
        review_by: ids(&|falls| falls == Falls::Review || falls == Falls::Hinted),
    }
}
