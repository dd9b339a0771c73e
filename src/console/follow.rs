//! The thread that reads: it follows the database and answers what a view asks, so that the thread that draws waits for
//! neither. A question that is newer ends the one before it.
//!
//! What is small goes to the [`super::Model`] as messages. All devices stand in one [`Index`] that both threads look at:
//! this one fills it in pieces, so that the other never waits for longer than a piece takes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::activity::{Entry, Page};
use super::faceplate::Front;
use super::going::{Held, hold};
use super::happened;
use super::model::Trouble;
use super::update::Msg;
use crate::net::{DeviceId, SiteId, TargetName, Timestamp};
use crate::snapshot::{
    Changes, DeviceOrder, DeviceRow, Faceplate, Filter, Flow, Hits, Index, Part, Plain, Scope, SiteRow, Snapshot,
    Sought, Tally,
};
use crate::store::{Reader, StoreError, SwitchDetail};

/// How often the database is asked whether anything changed: one PRAGMA and a look at a lock.
const LOOK: Duration = Duration::from_millis(300);
/// How far back it is told what came and went.
const LATELY: Duration = Duration::from_secs(30 * 86_400);
/// How often a database that cannot be read is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Devices that are read before anything else is looked at: some 5 ms.
const PIECE: usize = 2_000;
/// Most things that are shown of what is looked up.
pub(super) const MOST_HITS: usize = 20;
/// Most devices that are no more whose rows are kept for a moment: more than a screen holds.
const MOST_LEFT: usize = 256;
/// Pieces between two words about how far it is.
const TELL: usize = 20;

/// All devices, seen by both threads; and whether the picture is to stand still.
#[derive(Debug, Clone, Default)]
pub struct Devices {
    index: Arc<RwLock<Index>>,
    still: Arc<AtomicBool>,
}

impl Devices {
    /// To look something up.
    pub fn read(&self) -> RwLockReadGuard<'_, Index> {
        // A thread that failed while it wrote one row has not made the others untrue.
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What people call a device.
    pub(super) fn name(&self, id: DeviceId) -> Option<String> {
        self.read().get(id)?.name()
    }

    fn write(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// What changes in the database is left for later, or taken in from where it was left.
    pub(super) fn stand_still(&self, still: bool) {
        self.still.store(still, Ordering::Relaxed);
    }

    pub(super) fn stands_still(&self) -> bool {
        self.still.load(Ordering::Relaxed)
    }
}

/// What a view wants to know of all devices.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// How many are alike, with the findings that wait about each (open, overdue).
    Tallies(BTreeMap<DeviceId, (usize, usize)>),
    /// Those on unclassified networks, in an order, or as a person should look at them.
    Unclassified(Option<(DeviceOrder, bool)>),
    /// Those that one row of the exposure counts, or all, in order; those that were on the screen, which began with
    /// this row, are held.
    Devices(Option<Part>, DeviceOrder, bool, (Vec<DeviceId>, usize)),
    /// The rows of the change log past and before these that hold the words, the newest.
    Log(u64, u64, Plain),
}

/// A question of a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Each has its own: an answer to an older one is not wanted.
    pub number: u64,
    /// Of which devices.
    pub filter: Filter,
    /// The sites as the view knows them.
    pub sites: BTreeMap<SiteId, SiteRow>,
    /// The moment of its picture.
    pub now: Timestamp,
    /// What.
    pub wanted: Wanted,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// How many are alike, and how many came and went lately.
    Tallies(Vec<Tally>, Flow),
    /// Devices in order.
    Devices(Vec<DeviceId>),
    /// Devices in order, with those that left.
    Listed(Held<DeviceId>),
    /// A part of the log.
    Log(Page),
}

/// What is asked of the thread that reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// What a view shows.
    View(Box<Ask>),
    /// All that is known of a device.
    Detail(DeviceId),
    /// An entry of the log in full.
    Entry(u64),
    /// Devices and makers that hold what is sought; each has a number of its own.
    LookUp(u64, Sought),
    /// A switch's front, with what stands on it.
    Front(TargetName),
}

/// How far the picture came that the model has.
#[derive(Debug, Clone, Copy)]
struct Reached {
    seq: u64,
    visits: u64,
    absent: bool,
}

fn trouble(error: &StoreError) -> Trouble {
    Trouble { what: error.words(), hint: error.mend() }
}

/// The database as it is followed, without its thread.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    devices: Devices,
    reader: Option<(Reader, Reached)>,
    /// The last device that was read, and how many there are, while they are read.
    loading: Option<(DeviceId, usize)>,
    pieces: usize,
    /// Where devices were that findings are, or were, about.
    found_at: BTreeSet<(DeviceId, SiteId)>,
    due: Instant,
    newest: Newest,
}

/// The numbers of the newest questions: of the views, and of what is looked up.
#[derive(Debug, Clone, Default)]
struct Newest {
    view: Arc<AtomicU64>,
    look_up: Arc<AtomicU64>,
}

impl Follower {
    /// Follows the database at a path; its devices are put into `devices`.
    #[must_use]
    pub fn new(path: &Path, devices: Devices) -> Self {
        Self {
            path: path.to_owned(),
            devices,
            reader: None,
            loading: None,
            pieces: 0,
            found_at: BTreeSet::new(),
            due: Instant::now(),
            newest: Newest::default(),
        }
    }

    /// How long there is nothing to do.
    fn wait(&self) -> Duration {
        if self.loading.is_some() { Duration::ZERO } else { self.due.saturating_duration_since(Instant::now()) }
    }

    /// Reads the next piece of the devices, or what changed: what is new of it.
    pub fn look(&mut self) -> Option<Msg> {
        match self.try_look() {
            Ok(msg) => msg,
            Err(error) => {
                self.lose();
                Some(Msg::Trouble(trouble(&error)))
            }
        }
    }

    /// What cannot be read is opened anew, in a while.
    fn lose(&mut self) {
        (self.reader, self.loading) = (None, None);
        self.due = Instant::now() + RETRY;
    }

    fn try_look(&mut self) -> Result<Option<Msg>, StoreError> {
        let Some((reader, reached)) = &mut self.reader else { return self.open().map(Some) };
        if let Some((last, all)) = self.loading {
            let rows = reader.rows(last, PIECE)?;
            self.devices.write(|index| rows.iter().for_each(|row| index.put(row)));
            self.loading = rows.last().map(|row| (row.id, all));
            self.pieces += 1;
            if self.loading.is_none() {
                self.found_at = reader.found_at()?;
            }
            return Ok(match self.loading {
                None => Some(Msg::Loaded),
                Some(_) if self.pieces.is_multiple_of(TELL) => Some(Msg::Loading(all)),
                Some(_) => None,
            });
        }
        self.due = Instant::now() + LOOK;
        if self.devices.stands_still() {
            return Ok(None);
        }
        // Another file in its place tells nothing of what changed.
        if !reader.is_there()? {
            return self.open().map(Some);
        }
        let Some(changes) = reader.changes_since(reached.seq, reached.visits, reached.absent)? else { return Ok(None) };
        // Nothing is ever taken out of the log: this one is another's, put back from a copy.
        if changes.head.0 < reached.seq {
            return self.open().map(Some);
        }
        *reached = Reached { seq: changes.head.0, visits: changes.visits, absent: changes.absent };
        let found = changes.findings.iter().filter_map(|it| Some((it.subject.device()?, it.place.site.clone()?)));
        self.found_at.extend(found);
        let left = self.left(&changes);
        self.devices.write(|index| take(index, &changes));
        Ok(Some(Msg::Changed(Box::new(changes), left)))
    }

    /// Devices that are no more, as they were: their rows stay for a moment.
    fn left(&self, changes: &Changes) -> Vec<DeviceRow> {
        let gone = changes.devices.iter().filter(|(_, row)| row.is_none()).take(MOST_LEFT);
        gone.filter_map(|(id, _)| self.devices.read().get(*id)).collect()
    }

    fn open(&mut self) -> Result<Msg, StoreError> {
        let mut reader = Reader::open(&self.path)?;
        let (snapshot, tallies) = reader.outline()?;
        let all = tallies.iter().map(|tally| tally.devices).sum();
        let seen = snapshot.seen.clone();
        self.devices.write(|index| {
            *index = Index::default();
            index.reserve(all);
            index.seen = seen;
        });
        let Snapshot { seq, visits, .. } = snapshot;
        self.reader = Some((reader, Reached { seq, visits, absent: snapshot.daemon.absent }));
        (self.loading, self.pieces) = (Some((DeviceId(0), all)), 0);
        self.due = Instant::now() + LOOK;
        Ok(Msg::Picture(Box::new(snapshot), tallies))
    }

    /// The answer to a question; `None`: a newer one was asked meanwhile, or there is no database.
    pub fn answer(&self, question: &Question) -> Option<Msg> {
        match question {
            Question::View(ask) => {
                let stop = || self.newest.view.load(Ordering::Relaxed) > ask.number;
                let scope = Scope { filter: &ask.filter, sites: &ask.sites, now: ask.now, stop: &stop };
                if let Wanted::Log(from, to, words) = &ask.wanted {
                    return self.log(ask.number, (*from, *to), words, &stop);
                }
                let index = self.devices.read();
                let found = match &ask.wanted {
                    Wanted::Tallies(waiting) => {
                        let tallies = index.tally(&scope, waiting)?;
                        let mut flow = index.flow(&scope, ask.now.minus(LATELY))?;
                        // What was moved away or turned into another device left a finding where it was.
                        let left = self.found_at.iter().filter(|(device, _)| index.is_suspect(*device));
                        flow.affected.extend(left.map(|(_, site)| site.clone()));
                        Found::Tallies(tallies, flow)
                    }
                    Wanted::Unclassified(order) => Found::Devices(index.unclassified(&scope, *order)?),
                    Wanted::Devices(of, order, reversed, (shown, first)) => {
                        let devices = index.devices(&scope, of.as_ref(), *order, *reversed)?;
                        Found::Listed(hold(shown, *first, devices))
                    }
                    Wanted::Log(..) => return None,
                };
                Some(Msg::Found(ask.number, found))
            }
            Question::Entry(seq) => Some(match self.entry(*seq) {
                Ok(entry) => Msg::Entry(*seq, entry.map(Box::new)),
                Err(error) => Msg::Trouble(trouble(&error)),
            }),
            Question::Detail(id) => Some(match self.reader.as_ref()?.0.device(*id) {
                Ok(detail) => Msg::Detail(*id, detail.map(Box::new)),
                Err(error) => Msg::Trouble(trouble(&error)),
            }),
            Question::LookUp(number, sought) => {
                let stop = || self.newest.look_up.load(Ordering::Relaxed) > *number;
                let hits: Hits = self.devices.read().look_up(sought, MOST_HITS, &stop)?;
                Some(Msg::LookedUp(*number, hits))
            }
            Question::Front(name) => Some(match self.reader.as_ref()?.0.switch(name) {
                Ok(read) => Msg::Front(name.clone(), read.map(|read| Box::new(self.front(&read)))),
                Err(error) => Msg::Trouble(trouble(&error)),
            }),
        }
    }

    fn front(&self, read: &SwitchDetail) -> Front {
        let devices = self.devices.read().on_switch(&read.record.name);
        let system = read.record.system.as_ref();
        Front {
            description: system.map(|system| system.description.to_string()).unwrap_or_default(),
            face: Faceplate::new(&read.record, &read.learned, devices),
        }
    }
}

impl Follower {
    /// The answer to what happened; `None`: nobody wants it any more.
    fn log(&self, number: u64, (from, to): (u64, u64), words: &Plain, stop: &dyn Fn() -> bool) -> Option<Msg> {
        let reader = &self.reader.as_ref()?.0;
        match happened::page(reader, (from, to), words, &|id| self.devices.name(id), stop) {
            Ok(page) => page.map(|page| Msg::Found(number, Found::Log(page))),
            Err(error) => Some(Msg::Trouble(trouble(&error))),
        }
    }

    fn entry(&self, seq: u64) -> Result<Option<Entry>, StoreError> {
        let Some((reader, _)) = &self.reader else { return Ok(None) };
        let logged = reader.recent(seq.saturating_sub(1), seq + 1, 1)?.pop();
        let head = reader.signed_head()?.map(|head| head.to_string());
        Ok(logged.map(|logged| Entry { logged, head }))
    }
}

/// Takes in what changed.
fn take(index: &mut Index, changes: &Changes) {
    changes.dropped.iter().for_each(|name| index.seen.forget(name));
    for visited in &changes.targets {
        index.seen.note(&visited.row.name, visited.row.switch, visited.complete);
    }
    for (id, row) in &changes.devices {
        match row {
            Some(row) => index.put(row),
            None => index.remove(*id),
        }
    }
}

/// The thread, seen from outside.
#[derive(Debug)]
pub(super) struct Reading {
    questions: Sender<Question>,
    /// What it says, and whether that answers a question.
    answers: Receiver<(Msg, bool)>,
    newest: Newest,
    /// Questions whose answers are still to come.
    waiting: usize,
}

impl Reading {
    /// Starts it. It ends when this is dropped.
    pub(super) fn start(mut follower: Follower) -> Self {
        let newest = follower.newest.clone();
        let (questions, asked) = channel();
        let (told, answers) = channel();
        thread::spawn(move || {
            // The console is gone: so is the thread.
            while serve(&mut follower, &asked, &told).is_some() {}
        });
        Self { questions, answers, newest, waiting: 0 }
    }

    /// Asks; an older question of a view is given up.
    pub(super) fn ask(&mut self, question: Question) {
        match &question {
            Question::View(ask) => self.newest.view.store(ask.number, Ordering::Relaxed),
            Question::LookUp(number, _) => self.newest.look_up.store(*number, Ordering::Relaxed),
            Question::Detail(_) | Question::Entry(_) | Question::Front(_) => {}
        }
        // A thread that failed shows as silence: its last picture stands, with its moment.
        if self.questions.send(question).is_ok() {
            self.waiting += 1;
        }
    }

    /// The next thing it has to say; waits for it at most so long.
    pub(super) fn next(&mut self, wait: Duration) -> Option<Msg> {
        let said = if wait.is_zero() { self.answers.try_recv().ok()? } else { self.answers.recv_timeout(wait).ok()? };
        self.waiting = self.waiting.saturating_sub(usize::from(said.1));
        Some(said.0)
    }

    /// Whether an answer is still to come.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting > 0
    }
}

/// One turn: a question, or a look. `None`: nobody is there any more.
fn serve(follower: &mut Follower, asked: &Receiver<Question>, told: &Sender<(Msg, bool)>) -> Option<()> {
    match asked.recv_timeout(follower.wait()) {
        Ok(question) => {
            let said = follower.answer(&question).unwrap_or(Msg::GivenUp);
            // Trouble ends with the picture that is read when it is over.
            if matches!(said, Msg::Trouble(_)) {
                follower.lose();
            }
            told.send((said, true)).ok()
        }
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => match follower.look() {
            Some(msg) => told.send((msg, false)).ok(),
            None => Some(()),
        },
    }
}
