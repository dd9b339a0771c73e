//! The console's state.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::activity::{Activity, Entry, Happening};
use super::columns::{Layout, Sheet};
use super::copy::Menu;
use super::decide::{Form, Greeting, Stage};
use super::export::{Exporting, Job};
use super::faceplate::{Front, Panel};
use super::follow::Devices;
use super::keymap::Keymap;
use super::keys::Context;
use super::list::List;
use super::opening::{Opening, Progress as Choice};
use super::own::settings::{Ascii, Settings};
use super::own::state::State;
pub(super) use super::per_view::PerView;
use super::saved::Asking;
use super::search::Search;
use super::sites::SiteLines;
use super::theme::Theme;
use super::typing::Typing;
use super::what_if::{Progress, WhatIf};
use crate::net::{CycleId, DeviceId, FindingId, SiteId, TargetName, Timestamp};
use crate::snapshot::{
    Coverage, DeviceRow, Exposure, ExposureKey, Filter, FilterError, Flow, Part, Placement, PlacementKey, Plain, Queue,
    Removal, Snapshot, Tally, UnseenKey, UnseenKind,
};
use crate::store::DeviceDetail;

/// What is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum View {
    /// Makers by the sensitivity of the site.
    #[default]
    Exposure,
    /// What is where none may be.
    Placement,
    /// What waits for a decision.
    Reviews,
    /// Every device.
    Devices,
    /// Each site in a line.
    Sites,
    /// What was not seen.
    Coverage,
    /// What happened.
    Activity,
    /// Switches and cameras that are asked: has no number, stands behind Coverage.
    Targets,
}

impl View {
    /// The views that have numbers, in their order.
    pub const ALL: [Self; 7] =
        [Self::Exposure, Self::Placement, Self::Reviews, Self::Devices, Self::Sites, Self::Coverage, Self::Activity];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.context().word()
    }

    /// The view with a number that this is or stands behind.
    pub(super) fn numbered(self) -> Self {
        if self == Self::Targets { Self::Coverage } else { self }
    }

    pub(super) fn turned(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|view| *view == self.numbered()).unwrap_or(0);
        Self::ALL.iter().cycle().nth(at + by).copied().unwrap_or_default()
    }

    fn context(self) -> Context {
        match self {
            Self::Exposure => Context::Exposure,
            Self::Placement => Context::Placement,
            Self::Reviews => Context::Reviews,
            Self::Devices => Context::Devices,
            Self::Sites => Context::Sites,
            Self::Coverage => Context::Coverage,
            Self::Activity => Context::Activity,
            Self::Targets => Context::Targets,
        }
    }
}

/// What keys mean now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Mode {
    /// They move about in lists.
    #[default]
    Browse,
    /// A detail fills the screen.
    Detail,
    /// Filter words are being typed.
    Filter(Box<Typing>),
    /// A switch's front.
    Faceplate(Panel),
    /// The detail of a device that was found on a switch's front.
    Pinned {
        /// It.
        device: DeviceId,
        /// The front.
        panel: Panel,
    },
    /// A decision is being made.
    Decide(Box<Form>),
    /// A change is tried out.
    WhatIf(WhatIf),
    /// Something is looked up.
    Search(Search),
    /// Saved filters are shown, and one is chosen.
    Saved(usize),
    /// The columns of the list are shown, and one is chosen.
    Columns(usize),
    /// A line is asked for.
    Ask(Box<Asking>),
    /// The cells of the selected row are shown, over this mode.
    Copy(Menu),
    /// A review's cycle is being opened.
    Opening(Opening),
    /// The keys are shown, over this mode.
    Help {
        /// The context whose keys are shown.
        of: Context,
        /// What was there before.
        over: Box<Mode>,
    },
}

impl Mode {
    /// What lies under the help.
    pub(super) fn shown(&self) -> &Self {
        match self {
            Self::Help { over, .. } | Self::Copy(Menu { over, .. }) => over,
            mode => mode,
        }
    }
}

/// Filter words of one view.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Words {
    pub(super) text: String,
    /// The last words that could be read.
    pub(super) filter: Filter,
    pub(super) wrong: Option<FilterError>,
    /// The same where rows are no devices.
    pub(super) plain: Plain,
}

impl Words {
    /// Takes new words, as that view reads them.
    pub(super) fn set(&mut self, text: &str, view: View) {
        text.clone_into(&mut self.text);
        let read = match view {
            // Words are only looked for in the row's text.
            View::Targets => Ok(()),
            _ => match view.kinds() {
                Some(kinds) => Plain::parse(text, kinds).map(|plain| self.plain = plain),
                None => Filter::parse(text).map(|filter| self.filter = filter),
            },
        };
        self.wrong = read.err();
    }
}

/// A row of the review list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReviewKey {
    /// A cycle.
    Cycle(CycleId),
    /// A finding.
    Finding(FindingId),
}

impl ReviewKey {
    /// The finding, where it is one.
    pub(super) fn finding(&self) -> Option<FindingId> {
        match self {
            Self::Finding(id) => Some(*id),
            Self::Cycle(_) => None,
        }
    }
}

/// The lists with their selections.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    pub(super) exposure: List<ExposureKey>,
    pub(super) parts: List<Option<SiteId>>,
    pub(super) placement: List<PlacementKey>,
    pub(super) reviews: List<ReviewKey>,
    pub(super) devices: List<DeviceId>,
    pub(super) sites: List<SiteId>,
    pub(super) coverage: List<UnseenKey>,
    pub(super) activity: List<Happening>,
    pub(super) targets: List<TargetName>,
}

/// Why the picture cannot be had, or is old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it is.
    pub what: String,
    /// What to type.
    pub hint: String,
}

/// A word for the person at the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) bad: bool,
    pub(super) text: String,
}

/// Everything the screen shows and keys change.
#[derive(Debug)]
pub struct Model {
    /// The picture: everything but the devices that no finding is about.
    /// Shared with what is exported of it just then.
    pub snapshot: Arc<Snapshot>,
    /// All devices, as far as they are read.
    pub devices: Devices,
    /// How many there are, while they are still read.
    pub(super) loading: Option<usize>,
    /// How many are alike, as the picture said when it was new.
    pub(super) tallies: Vec<Tally>,
    /// Devices that are no more and whose rows are still going, as they were.
    pub(super) left: BTreeMap<DeviceId, DeviceRow>,
    /// Devices on unclassified networks that pass the filter of Placement.
    pub(super) unclassified: Vec<DeviceId>,
    /// The filter those are of.
    pub(super) placed: Option<Filter>,
    /// The number of the last question, and the view that waits for its answer.
    pub(super) asked: (u64, Option<View>),
    /// The number of the last thing that was looked up.
    pub(super) searched: u64,
    /// The device that was asked for last, and for which change.
    pub(super) asked_detail: Option<(DeviceId, u64)>,
    /// The time by the clock of whoever looks, when it was last told.
    pub(super) clock: Timestamp,
    /// A picture was read once.
    pub(super) has_picture: bool,
    pub(super) trouble: Option<Trouble>,
    pub(super) coverage: Coverage,
    pub(super) overdue: BTreeSet<FindingId>,
    /// What is where none may be, and what waits for a decision: the numbers beside the views' names.
    pub(super) misplaced: usize,
    pub(super) waiting: usize,

    pub(super) view: View,
    pub(super) mode: Mode,
    pub(super) words: PerView<Words>,
    /// The view's rows are those of the picture, filter and order.
    pub(super) settled: PerView<bool>,
    pub(super) lists: Lists,
    pub(super) exposure: Exposure,
    pub(super) placement: Placement,
    /// How lists are laid out and sorted, where that is another way than at first.
    pub(super) layouts: BTreeMap<Sheet, Layout>,
    /// What is remembered, and what of it this version does not know.
    pub(super) remembered: State,
    /// Columns of the screen that the list had when it was drawn.
    pub(super) table_width: Cell<u16>,
    pub(super) site_lines: SiteLines,
    pub(super) activity: Activity,
    /// The entry of the log that was read last, and the one that was asked for.
    pub(super) entry: Option<(u64, Option<Box<Entry>>)>,
    pub(super) asked_entry: Option<u64>,
    /// How many things of each kind were not seen.
    pub(super) unseen: BTreeMap<UnseenKind, usize>,
    /// Devices: only those of this row of the exposure.
    pub(super) devices_of: Option<Part>,
    /// Exposure: the row whose sites are looked at.
    pub(super) exposure_at: Option<ExposureKey>,
    /// What came and went lately, and how far removal is, of the whole estate.
    pub(super) movement: Option<(Flow, Removal)>,
    /// Reviews: only the items of this cycle.
    pub(super) items_of: Option<CycleId>,
    pub(super) marks: BTreeSet<FindingId>,
    /// Which queue Reviews shows, and how many are in each.
    pub(super) queue: Queue,
    pub(super) queued: BTreeMap<Queue, usize>,
    /// When each finding is due.
    pub(super) dues: BTreeMap<FindingId, jiff::civil::Date>,
    /// Who the daemon says you are, when it was last asked.
    pub(super) greeting: Option<Greeting>,

    pub(super) detail_open: PerView<bool>,
    /// The device that was read last, and what came.
    pub(super) detail: Option<(DeviceId, Option<Box<DeviceDetail>>)>,
    /// The switch that was read last, and what came.
    pub(super) front: Option<(TargetName, Option<Box<Front>>)>,
    /// The switch that was asked for last, for which change, and whether all devices were read then.
    pub(super) asked_front: Option<(TargetName, u64, bool)>,
    /// Columns and rows of ports that the screen holds, and the first row that shows: the view sets them.
    pub(super) face_width: Cell<u16>,
    pub(super) face_page: Cell<usize>,
    pub(super) face_offset: Cell<usize>,
    /// Scroll of the detail or the help that fills the screen.
    pub(super) scroll: Cell<usize>,
    /// Scroll of the cycles above the findings.
    pub(super) cycle_offset: Cell<usize>,
    pub(super) message: Option<Message>,
    /// A file that is being written, and one that is to be.
    pub(super) exporting: Option<Exporting>,
    pub(super) job: Option<Job>,
    pub(super) notice: Option<String>,
    pub(super) keys: Keymap,
    /// Saved filters: name and words.
    pub(super) filters: Vec<(String, String)>,
    /// Lines and bars are drawn in ASCII.
    pub(super) ascii: bool,
    /// Where the rows of the list stand on the screen: the first one's place, how many places, its number.
    pub(super) rows_at: Cell<Option<(u16, u16, usize)>>,
    /// What is wrong with the settings.
    pub(super) problems: Vec<String>,
    pub(super) theme: Theme,
    pub(super) zone: TimeZone,
}

impl Model {
    /// Before the first picture. Times are shown in `zone`.
    #[must_use]
    pub fn new(theme: Theme, zone: TimeZone) -> Self {
        Self {
            snapshot: Arc::default(),
            devices: Devices::default(),
            loading: None,
            tallies: Vec::new(),
            left: BTreeMap::new(),
            unclassified: Vec::new(),
            placed: None,
            asked: (0, None),
            searched: 0,
            asked_detail: None,
            clock: Timestamp::default(),
            has_picture: false,
            trouble: None,
            coverage: Coverage::default(),
            overdue: BTreeSet::new(),
            misplaced: 0,
            waiting: 0,
            view: View::default(),
            mode: Mode::default(),
            words: PerView::default(),
            settled: PerView::default(),
            lists: Lists::default(),
            exposure: Exposure::default(),
            placement: Placement::default(),
            layouts: BTreeMap::new(),
            remembered: State::default(),
            table_width: Cell::new(80),
            site_lines: SiteLines::default(),
            activity: Activity::default(),
            entry: None,
            asked_entry: None,
            unseen: BTreeMap::new(),
            devices_of: None,
            exposure_at: None,
            movement: None,
            items_of: None,
            marks: BTreeSet::new(),
            queue: Queue::default(),
            queued: BTreeMap::new(),
            dues: BTreeMap::new(),
            greeting: None,
            // A place is read with its reasons, what was not seen with what to do.
            detail_open: PerView { placement: true, coverage: true, ..PerView::default() },
            detail: None,
            front: None,
            asked_front: None,
            face_width: Cell::new(80),
            face_page: Cell::new(1),
            face_offset: Cell::new(0),
            scroll: Cell::new(0),
            cycle_offset: Cell::new(0),
            message: None,
            exporting: None,
            job: None,
            notice: None,
            keys: Keymap::default(),
            filters: Vec::new(),
            ascii: false,
            rows_at: Cell::new(None),
            problems: Vec::new(),
            theme,
            zone,
        }
    }

    /// Takes settings of the person's own; what is wrong with them is told at once.
    pub fn take_settings(&mut self, settings: Settings) {
        (self.keys, self.filters, self.problems) = (settings.keys, settings.filters, settings.problems);
        self.ascii = settings.ascii == Ascii::Yes;
        let of = match self.problems.len() {
            0 | 1 => String::new(),
            count => format!("1 of {count} (the help tells all): "),
        };
        self.message = self.problems.first().map(|first| Message { bad: true, text: format!("{of}{first}") });
    }

    /// What keys mean now.
    #[must_use]
    pub fn context(&self) -> Context {
        match &self.mode {
            Mode::Browse => self.view.context(),
            Mode::Detail if self.view == View::Sites => Context::Dossier,
            Mode::Detail | Mode::Pinned { .. } => Context::Detail,
            Mode::Faceplate(_) => Context::Faceplate,
            Mode::Filter(_) => Context::Filter,
            Mode::Decide(form) if form.calendar.is_some() => Context::Calendar,
            Mode::Decide(form) if form.stage == Stage::Filling => Context::Form,
            Mode::Decide(form) if matches!(form.stage, Stage::Confirming(_)) => Context::Confirm,
            Mode::Decide(form) if matches!(form.stage, Stage::Answered(Err(_))) => Context::Denied,
            Mode::Decide(_) => Context::Told,
            Mode::WhatIf(WhatIf { progress: Progress::Typing, .. }) => Context::WhatIf,
            Mode::WhatIf(WhatIf { progress: Progress::Judged(Ok(_)), .. }) => Context::Outlook,
            Mode::WhatIf(_) => Context::Told,
            Mode::Search(_) => Context::Search,
            Mode::Saved(_) => Context::Saved,
            Mode::Columns(_) => Context::Columns,
            Mode::Ask(_) => Context::Ask,
            Mode::Copy(_) => Context::Copy,
            Mode::Opening(Opening { progress: Choice::Choosing, .. }) => Context::Opening,
            Mode::Opening(Opening { progress: Choice::Sure(..), .. }) => Context::Sure,
            Mode::Opening(_) => Context::Told,
            Mode::Help { .. } => Context::Help,
        }
    }

    /// The finding that is selected.
    pub(super) fn selected_finding(&self) -> Option<FindingId> {
        if matches!(self.mode.shown(), Mode::Pinned { .. }) {
            return None;
        }
        match self.view {
            View::Placement => self.lists.placement.selected()?.finding(),
            View::Reviews => self.lists.reviews.selected()?.finding(),
            _ => None,
        }
    }

    /// The device that is selected, by itself or through its finding.
    pub(super) fn selected_device(&self) -> Option<DeviceId> {
        if let Mode::Pinned { device, .. } = self.mode.shown() {
            return Some(*device);
        }
        if let Some(finding) = self.selected_finding() {
            return self.snapshot.findings.get(&finding)?.subject.device();
        }
        match self.view {
            View::Placement => self.lists.placement.selected()?.device(),
            View::Devices => self.lists.devices.selected().copied(),
            _ => None,
        }
    }

    pub(super) fn shows_detail(&self) -> bool {
        *self.detail_open.of(self.view) || matches!(self.mode.shown(), Mode::Detail | Mode::Pinned { .. })
    }

    /// A device as a row.
    pub(super) fn device(&self, id: DeviceId) -> Option<DeviceRow> {
        let row = self.snapshot.devices.get(&id).cloned().or_else(|| self.devices.read().get(id));
        row.or_else(|| self.left.get(&id).cloned())
    }
}
