//! The places that share keys.

use super::Context as C;
use super::Context;

/// The lists, and more.
macro_rules! lists {
    ($($more:ident),*) => {
        &[
            C::Exposure, C::Placement, C::Reviews, C::Devices, C::Sites, C::Coverage, C::Activity, C::Targets,
            $(C::$more),*
        ]
    };
}

/// What is looked at where nothing is typed and nothing lies over the lists, and more.
macro_rules! showing {
    ($($more:ident),*) => { lists!(Detail, Dossier, Faceplate $(, $more)*) };
}

pub(in crate::console) const LISTS: &[Context] = lists!();
pub(in crate::console) const LOOKING: &[Context] = lists!(Detail);
pub(in crate::console) const SCROLLING: &[Context] =
    lists!(Detail, Dossier, Outlook, Help, Saved, Copy, Opening, Columns);
pub(super) const COLUMNS: &[Context] = &[C::Columns];
pub(in crate::console) const SORTED: &[Context] = lists!(Columns);
pub(super) const OPENING: &[Context] = &[C::Placement, C::Devices, C::Sites, C::Coverage, C::Activity, C::Targets];
pub(super) const SITE: &[Context] = &[C::Sites, C::Dossier];
pub(super) const MARKING: &[Context] = &[C::Placement, C::Reviews];
/// Where the space bar marks nothing.
pub(super) const STANDING: &[Context] =
    &[C::Exposure, C::Devices, C::Sites, C::Coverage, C::Activity, C::Targets, C::Detail, C::Dossier, C::Faceplate];
pub(super) const DECIDING: &[Context] = &[C::Placement, C::Reviews, C::Devices];
pub(super) const DAYS: &[Context] = &[C::Calendar];
pub(super) const TYPING: &[Context] = &[C::Filter, C::Form, C::WhatIf, C::Search, C::Ask];
pub(super) const CHOOSING: &[Context] = &[C::Filter, C::Search];
/// Where nothing is typed, and nothing lies over the lists but what is looked at.
pub(in crate::console) const SHOWING: &[Context] = showing!();
pub(super) const FRONT: &[Context] = &[C::Faceplate];
pub(in crate::console) const SEARCHING: &[Context] = showing!(Filter, Outlook, Help);
pub(super) const CLOSING: &[Context] = &[C::Detail, C::Dossier, C::Faceplate, C::Outlook, C::Told, C::Denied, C::Help];
/// Every context.
pub const EVERYWHERE: &[Context] = showing!(
    Filter, Form, Calendar, Confirm, WhatIf, Outlook, Told, Denied, Help, Search, Saved, Columns, Ask, Copy, Opening,
    Sure
);
