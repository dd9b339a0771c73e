//! The places that share keys.

use super::Context as C;
use super::Context;

pub(in crate::console) const LISTS: &[Context] =
    &[C::Exposure, C::Placement, C::Reviews, C::Devices, C::Sites, C::Coverage, C::Activity, C::Targets];
pub(in crate::console) const LOOKING: &[Context] =
    &[C::Exposure, C::Placement, C::Reviews, C::Devices, C::Sites, C::Coverage, C::Activity, C::Targets, C::Detail];
pub(in crate::console) const SCROLLING: &[Context] = &[
    C::Exposure,
    C::Placement,
    C::Reviews,
    C::Devices,
    C::Sites,
    C::Coverage,
    C::Activity,
    C::Targets,
    C::Detail,
    C::Dossier,
    C::Outlook,
    C::Help,
    C::Saved,
    C::Copy,
    C::Opening,
    C::Columns,
];
pub(super) const COLUMNS: &[Context] = &[C::Columns];
pub(in crate::console) const SORTED: &[Context] =
    &[C::Exposure, C::Placement, C::Reviews, C::Devices, C::Sites, C::Coverage, C::Activity, C::Targets, C::Columns];
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
pub(in crate::console) const SHOWING: &[Context] = &[
    C::Exposure,
    C::Placement,
    C::Reviews,
    C::Devices,
    C::Sites,
    C::Coverage,
    C::Activity,
    C::Targets,
    C::Detail,
    C::Dossier,
    C::Faceplate,
];
pub(super) const FRONT: &[Context] = &[C::Faceplate];
pub(in crate::console) const SEARCHING: &[Context] = &[
    C::Exposure,
    C::Placement,
    C::Reviews,
    C::Devices,
    C::Sites,
    C::Coverage,
    C::Activity,
    C::Targets,
    C::Detail,
    C::Dossier,
    C::Faceplate,
    C::Filter,
    C::Outlook,
    C::Help,
];
pub(super) const CLOSING: &[Context] = &[C::Detail, C::Dossier, C::Faceplate, C::Outlook, C::Told, C::Denied, C::Help];
/// Every context.
pub const EVERYWHERE: &[Context] = &[
    C::Exposure,
    C::Placement,
    C::Reviews,
    C::Devices,
    C::Sites,
    C::Coverage,
    C::Activity,
    C::Targets,
    C::Detail,
    C::Dossier,
    C::Faceplate,
    C::Filter,
    C::Form,
    C::Calendar,
    C::Confirm,
    C::WhatIf,
    C::Outlook,
    C::Told,
    C::Denied,
    C::Help,
    C::Search,
    C::Saved,
    C::Columns,
    C::Ask,
    C::Copy,
    C::Opening,
    C::Sure,
];
