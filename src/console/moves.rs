//! Moving about: from view to view, in lists, into details and back, one step at a time.

use super::decide::Stage;
use super::faceplate::Panel;
use super::list::Step;
use super::model::{Message, Mode, Model, ReviewKey, View};
use super::opening::Progress as Choice;
use super::typing::take_filter;
use super::what_if::Progress;
use crate::snapshot::Part;

pub(super) fn go(model: &mut Model, view: View) {
    if view != model.view {
        // Marks are of the list they were made in: what is not seen is not decided.
        model.marks.clear();
    }
    model.mode = Mode::Browse;
    model.view = view;
}

pub(super) fn movement(model: &mut Model, step: Step) {
    match &mut model.mode {
        Mode::Search(search) => return search.step(step),
        Mode::Filter(typing) => return typing.step(step),
        Mode::Decide(form) => return form.step_item(step),
        Mode::Saved(_) => return model.step_saved(step),
        Mode::Copy(menu) => return menu.step(step),
        Mode::Opening(opening) => return opening.step(step),
        Mode::Columns(_) => return model.step_column(step),
        _ => {}
    }
    if matches!(model.mode, Mode::Detail | Mode::Pinned { .. } | Mode::WhatIf(_) | Mode::Help { .. }) {
        let at = model.scroll.get();
        model.scroll.set(match step {
            Step::Up => at.saturating_sub(1),
            Step::Down => at.saturating_add(1),
            Step::PageUp => at.saturating_sub(10),
            Step::PageDown => at.saturating_add(10),
            Step::Home => 0,
            Step::End => usize::MAX,
        });
        return;
    }
    model.scroll.set(0);
    match model.view {
        View::Exposure if model.exposure_at.is_some() => model.lists.parts.step(step),
        View::Exposure => model.lists.exposure.step(step),
        View::Placement => model.lists.placement.step(step),
        View::Reviews => model.lists.reviews.step(step),
        View::Devices => model.lists.devices.step(step),
        View::Sites => model.lists.sites.step(step),
        View::Coverage => model.lists.coverage.step(step),
        View::Activity => {
            model.activity.go_on();
            model.lists.activity.step(step);
        }
        View::Targets => model.lists.targets.step(step),
    }
}

/// The front of the switch that the selected row stands on.
pub(super) fn faceplate(model: &mut Model) -> bool {
    let Some((switch, port)) = model.selected_switch() else {
        let text = "no switch shows this: there is no front to look at".to_owned();
        model.message = Some(Message { bad: true, text });
        return true;
    };
    model.face_offset.set(0);
    model.mode = Mode::Faceplate(Panel::new(switch, port));
    if let Some((_, Some(front))) = model.front.as_ref().filter(|(name, _)| Some(name) == model.faced_switch())
        && let Mode::Faceplate(panel) = &mut model.mode
    {
        panel.settle(&front.face);
    }
    true
}

pub(super) fn open(model: &mut Model) {
    if let Mode::Faceplate(panel) = &model.mode {
        if let Some(device) = model.device_on_port() {
            let panel = panel.clone();
            model.scroll.set(0);
            model.mode = Mode::Pinned { device, panel };
        }
        return;
    }
    match model.view {
        View::Exposure => {
            if model.exposure_at.is_some() {
                return show_part(model);
            }
            model.exposure_at = model.lists.exposure.selected().cloned();
            model.lists.parts.begin();
            model.list_parts();
        }
        View::Reviews if matches!(model.lists.reviews.selected(), Some(ReviewKey::Cycle(_))) => {
            if let Some(ReviewKey::Cycle(id)) = model.lists.reviews.selected() {
                model.items_of = Some(*id);
                model.marks.clear();
                model.unsettle(View::Reviews);
                model.settle();
                model.lists.reviews.step(Step::Home);
            }
        }
        _ => {
            model.scroll.set(0);
            if std::mem::replace(model.detail_open.of_mut(model.view), true) {
                model.mode = Mode::Detail;
            }
        }
    }
}

/// The devices of the exposure's row, or of its part at the selected site. The same words: the list holds as many devices
/// as the row said.
pub(super) fn show_part(model: &mut Model) {
    let part = match &model.exposure_at {
        Some(row) => {
            let Some(site) = model.lists.parts.selected() else { return };
            Part { row: row.clone(), at: Some(site.clone()) }
        }
        None => {
            let Some(row) = model.lists.exposure.selected() else { return };
            Part { row: row.clone(), at: None }
        }
    };
    model.words.devices = model.words.exposure.clone();
    model.devices_of = Some(part);
    model.lists.devices.begin();
    model.unsettle(View::Devices);
    go(model, View::Devices);
}

/// Visits instead of the log, and back.
pub(super) fn visits(model: &mut Model) {
    let shown = model.words.activity.plain.names("visit");
    model.lists.activity.begin();
    take_filter(model, if shown { "" } else { "kind:visit" });
}

/// The rows of another view that are of the selected site.
pub(super) fn show_site(model: &mut Model, view: View) {
    let Some(site) = model.lists.sites.selected() else { return };
    let words = format!("site:{site}");
    go(model, view);
    (model.devices_of, model.items_of) = (None, None);
    take_filter(model, &words);
}

pub(super) fn back(model: &mut Model) {
    match &mut model.mode {
        Mode::Detail | Mode::Faceplate(_) => model.mode = Mode::Browse,
        Mode::Pinned { panel, .. } => model.mode = Mode::Faceplate(panel.clone()),
        Mode::WhatIf(what_if) if what_if.progress == Progress::Typing => model.mode = Mode::Browse,
        // Back to what was typed: it may be mended.
        Mode::WhatIf(what_if) => {
            what_if.progress = Progress::Typing;
            model.scroll.set(0);
        }
        Mode::Filter(typing) => {
            let before = std::mem::take(&mut typing.before);
            take_filter(model, &before);
            model.mode = Mode::Browse;
        }
        Mode::Opening(opening) if matches!(opening.progress, Choice::Sure(..)) => {
            opening.progress = Choice::Choosing;
        }
        Mode::Saved(_) | Mode::Columns(_) | Mode::Ask(_) | Mode::Opening(_) => model.mode = Mode::Browse,
        Mode::Search(search) => model.mode = std::mem::take(search.over.as_mut()),
        Mode::Copy(menu) => model.mode = std::mem::take(menu.over.as_mut()),
        Mode::Help { over, .. } => {
            let over = std::mem::take(over.as_mut());
            model.scroll.set(0);
            model.mode = over;
        }
        Mode::Decide(form) => {
            if form.calendar.take().is_some() {
                return;
            }
            if matches!(form.stage, Stage::Confirming(_) | Stage::Attaching) {
                form.stage = Stage::Filling;
            } else {
                model.mode = Mode::Browse;
            }
        }
        Mode::Browse => step_back(model),
    }
}

fn step_back(model: &mut Model) {
    let view = model.view;
    if model.give_up_export() {
        return;
    }
    if std::mem::take(model.detail_open.of_mut(view)) {
        return;
    }
    if !model.marks.is_empty() {
        model.marks.clear();
    } else if view == View::Exposure && model.exposure_at.take().is_some() {
        // The makers are as they were left.
    } else if !model.words.of(view).text.is_empty() {
        take_filter(model, "");
    } else if view == View::Devices && model.devices_of.take().is_some() {
        model.unsettle(View::Devices);
        go(model, View::Exposure);
    } else if view == View::Targets {
        go(model, View::Coverage);
    } else if view == View::Reviews
        && let Some(cycle) = model.items_of.take()
    {
        model.unsettle(View::Reviews);
        model.settle();
        model.lists.reviews.select(&ReviewKey::Cycle(cycle));
    }
}

/// Lines that a turn of the wheel moves by.
const WHEEL: usize = 3;

/// The wheel moves as keys do, wherever nothing is typed.
pub(super) fn wheel(model: &mut Model, step: Step) {
    model.settle();
    if !model.context().takes_text() {
        (0..WHEEL).for_each(|_| movement(model, step));
    }
}

/// A click selects the row of the list that stands in that line of the screen.
pub(super) fn click(model: &mut Model, line: u16) {
    let Some((top, height, first)) = model.rows_at.get().filter(|_| model.mode == Mode::Browse) else { return };
    let Some(below) = line.checked_sub(top).filter(|below| *below < height) else { return };
    let at = first + usize::from(below);
    let lists = &mut model.lists;
    match model.view {
        View::Exposure => lists.exposure.pick(at),
        View::Placement => lists.placement.pick(at),
        // The table of the findings is the last; cycles stand before them in the list.
        View::Reviews => {
            let cycles = lists.reviews.order().iter().take_while(|key| matches!(key, ReviewKey::Cycle(_))).count();
            lists.reviews.pick(cycles + at);
        }
        View::Devices => lists.devices.pick(at),
        View::Sites => lists.sites.pick(at),
        View::Coverage => lists.coverage.pick(at),
        View::Activity => lists.activity.pick(at),
        View::Targets => lists.targets.pick(at),
    }
}
