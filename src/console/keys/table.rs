//! The table itself: one line a key, and the places that share keys.

use crossterm::event::KeyCode;

use super::Context as C;
use super::{Action, Binding, Chord, Context, Days, Over};
use crate::console::input::Edit;
use crate::console::list::Step;

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
    C::Opening,
];
const SORTED: &[Context] = &[C::Exposure, C::Devices, C::Sites, C::Targets];
const OPENING: &[Context] = &[C::Placement, C::Devices, C::Sites, C::Coverage, C::Activity, C::Targets];
const SITE: &[Context] = &[C::Sites, C::Dossier];
const COPYING: &[Context] = &[C::Placement, C::Reviews, C::Devices, C::Targets];
const MARKING: &[Context] = &[C::Placement, C::Reviews];
const DECIDING: &[Context] = &[C::Placement, C::Reviews, C::Devices];
const DAYS: &[Context] = &[C::Calendar];
pub(super) const TYPING: &[Context] = &[C::Filter, C::Form, C::WhatIf, C::Search, C::Ask];
const CHOOSING: &[Context] = &[C::Filter, C::Search];
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
const FRONT: &[Context] = &[C::Faceplate];
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
const CLOSING: &[Context] = &[C::Detail, C::Dossier, C::Faceplate, C::Outlook, C::Told, C::Denied, C::Help];
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
    C::Ask,
    C::Opening,
    C::Sure,
];

const fn letter(c: char) -> Chord {
    Chord(KeyCode::Char(c), false)
}

const fn control(c: char) -> Chord {
    Chord(KeyCode::Char(c), true)
}

const fn plain(code: KeyCode) -> Chord {
    Chord(code, false)
}

const fn binding(
    label: &'static str,
    chords: &'static [Chord],
    contexts: &'static [Context],
    action: Action,
    hint: &'static str,
    does: &'static str,
) -> Binding {
    Binding { label, chords, contexts, action, hint, does }
}

/// The table.
pub static KEYS: &[Binding] = &[
    binding(
        "Enter",
        &[plain(KeyCode::Enter)],
        &[C::Exposure],
        Action::Open,
        "sites",
        "a maker: its sites; a site: the maker's devices there",
    ),
    binding("d", &[letter('d')], &[C::Exposure], Action::PartDevices, "devices", "the devices of this row"),
    binding(
        "Enter",
        &[plain(KeyCode::Enter)],
        &[C::Reviews],
        Action::Open,
        "open",
        "a cycle: its items; a finding: its detail, once more: on the whole screen",
    ),
    binding(
        "Enter",
        &[plain(KeyCode::Enter)],
        OPENING,
        Action::Open,
        "detail",
        "the detail with the evidence; once more: on the whole screen",
    ),
    binding(
        "r",
        &[letter('r')],
        DECIDING,
        Action::Decide,
        "decide",
        "decide: remove, isolate, replace, accept, approve, overrule, assign, tag, …; what is marked, else the selected \
         finding, cycle or device",
    ),
    binding(
        "c",
        &[letter('c')],
        SITE,
        Action::Decide,
        "consider",
        "say whether the site is to do as sensitive ones must, or note something of it",
    ),
    binding(
        "f",
        &[letter('f')],
        &[C::Placement, C::Reviews, C::Devices, C::Targets, C::Detail],
        Action::Faceplate,
        "faceplate",
        "the front of its switch: every port, and what stands on it",
    ),
    binding(
        "← ↓ ↑ →, h j k l",
        &[plain(KeyCode::Left), letter('h')],
        FRONT,
        Action::Over(Over::Left),
        "",
        "to another port",
    ),
    binding("→ l", &[plain(KeyCode::Right), letter('l')], FRONT, Action::Over(Over::Right), "", ""),
    binding("↑ k", &[plain(KeyCode::Up), letter('k')], FRONT, Action::Over(Over::Up), "", ""),
    binding("↓ j", &[plain(KeyCode::Down), letter('j')], FRONT, Action::Over(Over::Down), "", ""),
    binding(
        "PgUp PgDn, Home End",
        &[plain(KeyCode::PageUp), control('b')],
        FRONT,
        Action::Over(Over::PageUp),
        "",
        "a page of ports up, down; to the first port, to the last",
    ),
    binding("PgDn", &[plain(KeyCode::PageDown), control('f')], FRONT, Action::Over(Over::PageDown), "", ""),
    binding("Home", &[plain(KeyCode::Home), letter('g')], FRONT, Action::Over(Over::First), "", ""),
    binding("End", &[plain(KeyCode::End), letter('G')], FRONT, Action::Over(Over::Last), "", ""),
    binding("Enter", &[plain(KeyCode::Enter)], FRONT, Action::Open, "device", "the device on the port, in full"),
    binding("Tab", &[plain(KeyCode::Tab)], FRONT, Action::NextDevice, "next device", "the next device on the port"),
    binding("Space", &[letter(' ')], MARKING, Action::Mark, "mark", "mark a finding, to decide several at once"),
    binding(
        "u, U",
        &[letter('u')],
        &[C::Reviews],
        Action::NextQueue,
        "queue",
        "the next queue, the one before: waiting, due, assigned, mine, to approve, marked",
    ),
    binding("U", &[letter('U')], &[C::Reviews], Action::PreviousQueue, "", ""),
    binding(
        "v",
        &[letter('v')],
        &[C::Activity],
        Action::Visits,
        "visits",
        "each target's last visit instead of the log, and back",
    ),
    binding("d", &[letter('d')], SITE, Action::SiteDevices, "devices", "the devices of this site"),
    binding("r", &[letter('r')], SITE, Action::SiteFindings, "findings", "what waits for a decision at this site"),
    binding(
        "t",
        &[letter('t')],
        &[C::Coverage],
        Action::Targets,
        "all targets",
        "all targets: what is asked, and how it answers",
    ),
    binding("Enter", &[plain(KeyCode::Enter)], &[C::Filter], Action::Accept, "keep", "keep the filter"),
    binding(
        "Tab",
        &[plain(KeyCode::Tab)],
        &[C::Filter],
        Action::Complete,
        "complete",
        "take the word that is offered; → at the end of the line does too",
    ),
    binding(
        "↑ ↓",
        &[plain(KeyCode::Up), control('p')],
        CHOOSING,
        Action::Move(Step::Up),
        "choose",
        "choose of what is offered",
    ),
    binding("↓", &[plain(KeyCode::Down), control('n')], CHOOSING, Action::Move(Step::Down), "", ""),
    binding("Esc", &[plain(KeyCode::Esc)], &[C::Filter], Action::Back, "leave as it was", "leave the filter as it was"),
    binding("/", &[letter('/')], LISTS, Action::Filter, "filter", "type filter words, as for `lenswarden devices`"),
    binding("F", &[letter('F')], LISTS, Action::Saved, "saved", "saved filters: recall one, save this one"),
    binding("Enter", &[plain(KeyCode::Enter)], &[C::Saved], Action::Accept, "filter by it", "filter by the chosen one"),
    binding("s", &[letter('s')], &[C::Saved], Action::Keep, "save this view's", "save this view's filter under a name"),
    binding(
        "x, Del",
        &[letter('x'), plain(KeyCode::Delete)],
        &[C::Saved],
        Action::Forget,
        "forget",
        "forget the chosen one",
    ),
    binding("Enter", &[plain(KeyCode::Enter)], &[C::Ask], Action::Accept, "done", "take what is typed"),
    binding("Esc", &[plain(KeyCode::Esc)], &[C::Saved, C::Ask], Action::Back, "back", "back"),
    binding(
        "Ctrl-K",
        &[control('k')],
        SEARCHING,
        Action::Search,
        "search",
        "look anything up and go to it: a MAC address in any notation or a part of it, an IP address, a name, a port, a \
         serial number, a site, a switch, a maker, the number of a finding, a review",
    ),
    binding("Enter", &[plain(KeyCode::Enter)], &[C::Search], Action::Accept, "go to it", "go to what is selected"),
    binding("Esc", &[plain(KeyCode::Esc)], &[C::Search], Action::Back, "back", "back"),
    binding(
        "y",
        &[letter('y')],
        COPYING,
        Action::CopyRow,
        "copy",
        "copy the row (OSC 52; in tmux: set -s set-clipboard on)",
    ),
    binding("Y", &[letter('Y')], COPYING, Action::CopyList, "", "copy what is filtered as CSV, up to 55 kB"),
    binding("s", &[letter('s')], SORTED, Action::Sort, "sort", "sort by the next column"),
    binding("S", &[letter('S')], SORTED, Action::Reverse, "", "turn the order round"),
    binding("Enter", &[plain(KeyCode::Enter)], &[C::WhatIf], Action::Accept, "try", "try it out: nothing is changed"),
    binding("Esc", &[plain(KeyCode::Esc)], &[C::WhatIf], Action::Back, "back", "back"),
    binding("Enter", &[plain(KeyCode::Enter)], &[C::Form], Action::Accept, "check", "show what would be sent"),
    binding(
        "Tab, ↓",
        &[plain(KeyCode::Tab), plain(KeyCode::Down)],
        &[C::Form],
        Action::NextField,
        "next field",
        "the next field",
    ),
    binding(
        "Shift-Tab, ↑",
        &[plain(KeyCode::BackTab), plain(KeyCode::Up)],
        &[C::Form],
        Action::PreviousField,
        "",
        "the field before",
    ),
    binding("Ctrl-D", &[control('d')], &[C::Form], Action::Calendar, "calendar", "choose the day in a calendar"),
    binding("Esc", &[plain(KeyCode::Esc)], &[C::Form], Action::Back, "give up", "give up: nothing is sent"),
    binding(
        "← → ↑ ↓, h l k j",
        &[plain(KeyCode::Left), letter('h')],
        DAYS,
        Action::Days(Days::Before),
        "",
        "a day, a week back or on",
    ),
    binding("→ l", &[plain(KeyCode::Right), letter('l')], DAYS, Action::Days(Days::After), "", ""),
    binding("↑ k", &[plain(KeyCode::Up), letter('k')], DAYS, Action::Days(Days::WeekBefore), "", ""),
    binding("↓ j", &[plain(KeyCode::Down), letter('j')], DAYS, Action::Days(Days::WeekAfter), "", ""),
    binding(
        "PgUp PgDn",
        &[plain(KeyCode::PageUp)],
        DAYS,
        Action::Days(Days::MonthBefore),
        "month",
        "a month back or on",
    ),
    binding("PgDn", &[plain(KeyCode::PageDown)], DAYS, Action::Days(Days::MonthAfter), "", ""),
    binding("Enter", &[plain(KeyCode::Enter)], DAYS, Action::Accept, "take", "take the day"),
    binding("Esc", &[plain(KeyCode::Esc)], DAYS, Action::Back, "back", "back"),
    binding(
        "↑ ↓, k j",
        &[plain(KeyCode::Up), letter('k')],
        &[C::Confirm],
        Action::Move(Step::Up),
        "",
        "up, down in what would be decided",
    ),
    binding("↓ j", &[plain(KeyCode::Down), letter('j')], &[C::Confirm], Action::Move(Step::Down), "", ""),
    binding("Space", &[letter(' ')], &[C::Confirm], Action::Mark, "leave out", "leave one out, or take it in again"),
    binding(
        "a",
        &[letter('a')],
        &[C::Denied],
        Action::Again,
        "decide again",
        "after a refusal: take what is there now, and decide again with what was typed",
    ),
    binding(
        "y, Enter",
        &[letter('y'), plain(KeyCode::Enter)],
        &[C::Confirm],
        Action::Send,
        "send",
        "send the decision to the daemon",
    ),
    binding("Esc", &[plain(KeyCode::Esc)], &[C::Confirm], Action::Back, "change it", "back to the form"),
    binding(
        "←, →",
        &[plain(KeyCode::Left)],
        TYPING,
        Action::Edit(Edit::Left),
        "",
        "move the cursor; on the kind of a decision: choose",
    ),
    binding("→", &[plain(KeyCode::Right)], TYPING, Action::Edit(Edit::Right), "", ""),
    binding(
        "Home, End",
        &[plain(KeyCode::Home), control('a')],
        TYPING,
        Action::Edit(Edit::Start),
        "",
        "to the start, to the end of the line",
    ),
    binding("End", &[plain(KeyCode::End), control('e')], TYPING, Action::Edit(Edit::End), "", ""),
    binding(
        "Backspace, Del",
        &[plain(KeyCode::Backspace), control('h')],
        TYPING,
        Action::Edit(Edit::Backspace),
        "",
        "delete a character",
    ),
    binding("Del", &[plain(KeyCode::Delete)], TYPING, Action::Edit(Edit::Delete), "", ""),
    binding("Ctrl-U", &[control('u')], TYPING, Action::Edit(Edit::Clear), "", "empty the line"),
    binding("↑ ↓, k j", &[plain(KeyCode::Up), letter('k')], SCROLLING, Action::Move(Step::Up), "", "up, down"),
    binding("↓ j", &[plain(KeyCode::Down), letter('j')], SCROLLING, Action::Move(Step::Down), "", ""),
    binding(
        "PgUp PgDn, Ctrl-B Ctrl-F",
        &[plain(KeyCode::PageUp), control('b')],
        SCROLLING,
        Action::Move(Step::PageUp),
        "",
        "a page up, down",
    ),
    binding("PgDn Ctrl-F", &[plain(KeyCode::PageDown), control('f')], SCROLLING, Action::Move(Step::PageDown), "", ""),
    binding(
        "Home End, g G",
        &[plain(KeyCode::Home), letter('g')],
        SCROLLING,
        Action::Move(Step::Home),
        "",
        "to the top, to the end",
    ),
    binding("End G", &[plain(KeyCode::End), letter('G')], SCROLLING, Action::Move(Step::End), "", ""),
    binding(
        "1-7",
        &[letter('1'), letter('2'), letter('3'), letter('4'), letter('5'), letter('6'), letter('7')],
        SHOWING,
        Action::Show,
        "view",
        "Exposure, Placement, Reviews, Devices, Sites, Coverage, Activity",
    ),
    binding("Tab, Shift-Tab", &[plain(KeyCode::Tab)], LOOKING, Action::NextView, "", "the next view, the view before"),
    binding("Shift-Tab", &[plain(KeyCode::BackTab)], LOOKING, Action::PreviousView, "", ""),
    binding(
        "Esc",
        &[plain(KeyCode::Esc)],
        LISTS,
        Action::Back,
        "",
        "one step back: closes the detail, drops marks, clears the filter, leaves the drill-down",
    ),
    binding("Esc", &[plain(KeyCode::Esc)], CLOSING, Action::Back, "back", "back"),
    binding("Enter", &[plain(KeyCode::Enter)], &[C::Told, C::Denied, C::Outlook], Action::Back, "", "back"),
    binding(
        "n",
        &[letter('n')],
        &[C::Reviews],
        Action::NewCycle,
        "new cycle",
        "open the cycle of a review now, as `lenswarden review run` does: choose one of the configuration's, see what it \
         would hold, confirm",
    ),
    binding(
        "Enter",
        &[plain(KeyCode::Enter)],
        &[C::Opening],
        Action::Accept,
        "choose",
        "show what the review's cycle would hold",
    ),
    binding("y, Enter", &[letter('y'), plain(KeyCode::Enter)], &[C::Sure], Action::Send, "open it", "open the cycle"),
    binding("Esc", &[plain(KeyCode::Esc)], &[C::Opening, C::Sure], Action::Back, "back", "back: nothing is sent"),
    binding(
        "w",
        &[letter('w')],
        LISTS,
        Action::WhatIf,
        "what if",
        "what another pack, or the configuration file as it stands, would open, change and close; changes nothing",
    ),
    binding("?", &[letter('?')], SHOWING, Action::Help, "help", "the keys that work here"),
    binding("?, q", &[letter('?'), letter('q')], &[C::Help], Action::Back, "", "close the help"),
    binding("q", &[letter('q')], SHOWING, Action::Quit, "quit", "quit"),
    binding("Ctrl-C", &[control('c')], EVERYWHERE, Action::Quit, "", "quit, wherever you are"),
    binding(
        "z",
        &[letter('z')],
        SHOWING,
        Action::Freeze,
        "",
        "the picture stands still; once more: it goes on, with all that changed meanwhile",
    ),
    binding("Ctrl-L", &[control('l')], EVERYWHERE, Action::Repaint, "", "paint the screen anew"),
];
