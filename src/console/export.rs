//! What is filtered, into a file: the name is asked for, the rows are written on a thread of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::happened;
use super::input::Input;
use super::listed::{Listed, Source};
use super::model::{Message, Mode, Model, View};
use super::new_file::{self, NewFile};
use super::saved::{Asking, Wanted};
use super::update::Effect;
use super::view::{grouped, moment};
use crate::report::{Format, Outlet, Rows};
use crate::store::{Reader, StoreError};

/// Rows that are made at once: some milliseconds.
const PIECE: usize = 500;

/// What is to be written, and where.
#[derive(Debug)]
pub struct Job {
    /// As it was typed.
    name: String,
    form: Format,
    source: Source,
    /// It is not wanted any more.
    stop: Arc<AtomicBool>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// From the root on.
    pub path: PathBuf,
    /// Rows.
    pub rows: usize,
    /// In which form.
    pub form: Format,
    /// Its rows are as they were when it was written, and the picture stands still.
    pub newer: bool,
}

/// A file that is being written.
#[derive(Debug, Clone)]
pub(super) struct Exporting {
    stop: Arc<AtomicBool>,
    /// Rows that are written.
    pub(super) done: usize,
    /// Of how many, where that is known.
    pub(super) of: Option<usize>,
}

impl Exporting {
    /// How far it is.
    pub(super) fn in_words(&self) -> String {
        let done = grouped(self.done);
        match self.of {
            Some(of) => format!("writing the file: {done} of {} rows", grouped(of)),
            None => format!("writing the file: {done} rows"),
        }
    }
}

/// The form that a name asks for by its end.
pub(super) fn form_of(name: &str) -> Result<Format, String> {
    let end = Path::new(name).extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase);
    match end.as_deref() {
        Some("csv") => Ok(Format::Csv),
        Some("json") => Ok(Format::Json),
        _ if name.is_empty() => Err("a file needs a name".to_owned()),
        _ => Err("the name must end in .csv or in .json: that says how it is written".to_owned()),
    }
}

/// Why nothing was written.
enum Fault {
    Store(StoreError),
    File(std::io::Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl Job {
    /// What gives it up when it is set.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Writes the file; `tell` hears how many rows are written, first of all 0: the file could be made.
    ///
    /// # Errors
    /// Why there is no such file, in words.
    pub fn run(mut self, database: &Path, mut tell: impl FnMut(usize)) -> Result<Exported, String> {
        let needs_reader = match &self.source.listed {
            Listed::Log(_) => true,
            Listed::Devices(_) => self.form == Format::Json,
            _ => false,
        };
        let reader = needs_reader.then(|| Reader::open(database)).transpose();
        let reader = reader.map_err(|error| format!("nothing is written: {error}"))?;
        let mut outlet = Outlet::new(NewFile::create(&self.name)?);
        tell(0);
        self.source.resolve();
        let written = self.write(&mut outlet, reader.as_ref(), &mut tell);
        let rows = match written {
            Ok(Some(rows)) => rows,
            Ok(None) => return Err("given up: no file is left of it".to_owned()),
            Err(Fault::Store(error)) => return Err(format!("nothing is kept of the file: {error}")),
            Err(Fault::File(error)) => return Err(new_file::cannot(&self.name, &error)),
        };
        let file = outlet.end(self.form).map_err(|error| new_file::cannot(&self.name, &error))?;
        let newer = needs_reader && self.source.devices.stands_still();
        Ok(Exported { path: file.finish()?, rows, form: self.form, newer })
    }

    /// How many rows were written; `None`: it was given up.
    fn write(
        &self,
        outlet: &mut Outlet<NewFile>,
        reader: Option<&Reader>,
        tell: &mut impl FnMut(usize),
    ) -> Result<Option<usize>, Fault> {
        let stop = || self.stop.load(Ordering::Relaxed);
        let mut written = 0;
        let mut put = |rows: &Rows| -> Result<(), Fault> {
            outlet.write(rows)?;
            written += rows.count();
            tell(written);
            Ok(())
        };
        if let (Listed::Log(words), Some(reader)) = (&self.source.listed, reader) {
            let name = |id| self.source.devices.name(id);
            let whole = happened::each(reader, words, &name, &stop, |told| {
                put(&match self.form {
                    Format::Json => Rows::Json(told.iter().map(happened::json).collect()),
                    _ => Rows::Table(happened::table(&told)),
                })
            })?;
            return Ok(whole.then_some(written));
        }
        // Without rows it has the names of its columns.
        for from in (0..self.source.len().max(1)).step_by(PIECE) {
            if stop() {
                return Ok(None);
            }
            put(&self.source.rows(from..from + PIECE, self.form, reader)?)?;
        }
        Ok((!stop()).then_some(written))
    }
}

impl View {
    fn file_word(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Placement => "placement",
            Self::Reviews => "findings",
            Self::Devices => "devices",
            Self::Sites => "sites",
            Self::Coverage => "unseen",
            Self::Activity => "log",
            Self::Targets => "targets",
        }
    }
}

impl Model {
    /// Asks for the name of the file that what is filtered is written into.
    pub(super) fn ask_for_file(&mut self) {
        if let Some(exporting) = &self.exporting {
            let text = format!("{}; Esc gives it up", exporting.in_words());
            self.message = Some(Message { bad: true, text });
            return;
        }
        if let Some(text) = self.is_in_part() {
            self.message = Some(Message { bad: true, text });
            return;
        }
        let now = self.clock.max(self.snapshot.as_of).to_jiff().to_zoned(self.zone.clone());
        let name = format!("lenswarden-{}-{}.csv", self.view.file_word(), now.strftime("%Y%m%d-%H%M%S"));
        let asking = Asking { wanted: Wanted::File, input: Input::new(&name), complaint: None };
        self.mode = Mode::Ask(Box::new(asking));
    }

    /// Takes the name. The line stays until the file could be made.
    pub(super) fn export(&mut self) -> Effect {
        let Mode::Ask(asking) = &self.mode else { return Effect::None };
        if self.exporting.is_some() {
            return Effect::None;
        }
        let name = asking.input.text().trim().to_owned();
        // What the list shows may still be of other words; the log is gone through anew.
        let behind = !*self.settled.of(self.view) && self.view != View::Activity;
        let form = form_of(&name).and_then(|form| match self.is_in_part() {
            Some(why) => Err(why),
            None if behind => Err("the rows are still looked up: Enter once more".to_owned()),
            None => Ok(form),
        });
        let (form, complaint) = match form {
            Ok(form) => (Some(form), None),
            Err(why) => (None, Some(why)),
        };
        if let Mode::Ask(asking) = &mut self.mode {
            asking.complaint = complaint;
        }
        let Some(form) = form else { return Effect::None };
        let source = self.source(self.listed_whole());
        let stop = Arc::new(AtomicBool::new(false));
        let of = Some(source.len()).filter(|of| *of > 0);
        self.exporting = Some(Exporting { stop: Arc::clone(&stop), done: 0, of });
        self.job = Some(Job { name, form, source, stop });
        Effect::Export
    }

    /// Why what the view lists is not all there is: half a list in a file looks like a whole one.
    pub(super) fn is_in_part(&self) -> Option<String> {
        if !self.has_picture {
            return Some("there is no picture yet, so there are no rows".to_owned());
        }
        let of_devices = matches!(self.view, View::Exposure | View::Placement | View::Devices | View::Sites);
        let all = self.loading.filter(|_| of_devices)?;
        let read = grouped(self.devices.read().len());
        Some(format!("devices are still read, {read} of {}: a part would look like the whole", grouped(all)))
    }

    /// The file that is to be written, once.
    pub fn take_job(&mut self) -> Option<Job> {
        self.job.take()
    }

    /// Whether a file is being written: then it is given up.
    pub(super) fn give_up_export(&mut self) -> bool {
        if let Some(exporting) = &self.exporting {
            exporting.stop.store(true, Ordering::Relaxed);
        }
        self.exporting.is_some()
    }

    /// So many rows are written; none: the file could be made.
    pub(super) fn exporting(&mut self, done: usize) {
        if let Some(exporting) = &mut self.exporting {
            exporting.done = done;
        }
        self.end_asking_for_file();
    }

    fn end_asking_for_file(&mut self) {
        if matches!(&self.mode, Mode::Ask(asking) if asking.wanted == Wanted::File && self.exporting.is_some()) {
            self.mode = Mode::Browse;
        }
    }

    /// The file is there, or why it is not.
    pub(super) fn exported(&mut self, exported: Result<Exported, String>) {
        self.exporting = None;
        let (bad, text) = match exported {
            Ok(Exported { path, rows, form, newer }) => {
                let form = if form == Format::Json { "JSON" } else { "CSV" };
                let s = if rows == 1 { "" } else { "s" };
                let newer = match (newer, self.trouble.is_some() || self.devices.stands_still()) {
                    (true, _) => ", as it is now".to_owned(),
                    (false, true) => format!(", as of {}", moment(self.snapshot.as_of, &self.zone)),
                    (false, false) => String::new(),
                };
                (false, format!("{} row{s} as {form}{newer}: {}", grouped(rows), new_file::shown(&path)))
            }
            Err(why) => match &mut self.mode {
                // The name may be mended.
                Mode::Ask(asking) if asking.wanted == Wanted::File => {
                    asking.complaint = Some(why);
                    return;
                }
                _ => (true, why),
            },
        };
        self.message = Some(Message { bad, text });
    }
}
