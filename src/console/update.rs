//! What happens, what it changes, and what is to be done about it outside.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::activity::Entry;
use super::decide::Greeting;
use super::export::Exported;
use super::faceplate::Front;
use super::follow::Found;
use super::keys::{Action, Context};
use super::list::Step;
use super::model::{Mode, Model, Trouble, View};
use super::moves::{back, click, faceplate, go, movement, open, show_part, show_site, visits, wheel};
use super::search::Search;
use super::typing::{Typing, edit, insert, take_typed};
use super::what_if::{Progress, WhatIf};
use crate::control::Planned;
use crate::net::{CycleId, DeviceId, TargetName, Timestamp};
use crate::review::{Attachment, DecisionRequest, Outlook};
use crate::snapshot::{Changes, DeviceRow, Hits, Snapshot, Tally};
use crate::store::DeviceDetail;

/// What happened.
#[derive(Debug)]
pub enum Msg {
    /// A key.
    Key(KeyEvent),
    /// Text was pasted: text where text is typed, nothing elsewhere.
    Paste(String),
    /// The wheel of the mouse was turned.
    Wheel(Step),
    /// The mouse was pressed in this line of the screen.
    Click(u16),
    /// The terminal has another size.
    Resized,
    /// The time by the clock of whoever looks.
    Clock(Timestamp),
    /// The picture was read anew, with how many devices are alike; its devices are to come.
    Picture(Box<Snapshot>, Vec<Tally>),
    /// Some devices were read, of so many in all.
    Loading(usize),
    /// All devices were read.
    Loaded,
    /// What is another than it was, and devices that are no more, as they were.
    Changed(Box<Changes>, Vec<DeviceRow>),
    /// The answer to the question of that number.
    Found(u64, Found),
    /// What was looked up under that number.
    LookedUp(u64, Hits),
    /// There is no answer: a newer question was asked.
    GivenUp,
    /// The database cannot be read.
    Trouble(Trouble),
    /// A device was read.
    Detail(DeviceId, Option<Box<DeviceDetail>>),
    /// An entry of the log was read.
    Entry(u64, Option<Box<Entry>>),
    /// A switch was read; `None`: nothing is remembered of it.
    Front(TargetName, Option<Box<Front>>),
    /// The daemon said who you are, or could not be asked.
    Greeted(Result<Greeting, String>),
    /// What was typed as a note's attachment was hashed, or cannot be.
    Attached(String, Result<Attachment, String>),
    /// The daemon took the decision, or refused it.
    Decided(Result<String, String>),
    /// The daemon said who you are and which reviews there are, or could not be asked.
    Planned(Result<(Greeting, Vec<Planned>), String>),
    /// The daemon opened a cycle with so many findings, or refused.
    Opened(Result<(CycleId, usize), String>),
    /// What was typed was tried out.
    Tried(String, Result<Outlook, String>),
    /// A filter was kept or forgotten in the settings, or why it was not.
    Kept(Result<String, String>),
    /// So many rows of the file are written.
    Exporting(usize),
    /// The file is there, or why it is not.
    Exported(Result<Exported, String>),
    /// Whoever started the console has something to say.
    Notice(String),
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// End.
    Quit,
    /// Send every cell again.
    Repaint,
    /// Ask the daemon who we are.
    Greet,
    /// Ask the daemon who we are and which reviews there are.
    Reviews,
    /// Have the daemon open the cycle of this review.
    Run(String),
    /// Send these decisions to the daemon.
    Decide(Vec<DecisionRequest>),
    /// Hash the file, or read the hash, that these words name.
    Attach(String),
    /// Keep filter words under this name in the settings, or forget the name.
    Keep(String, Option<String>),
    /// Put this into the terminal's clipboard.
    Copy(String),
    /// Write the file of [`Model::take_job`].
    Export,
    /// Try out what these words say.
    Try(String),
}

/// Takes in what happened. Returns whether the screen may differ, and what is to be done outside.
pub fn update(model: &mut Model, msg: Msg) -> (bool, Effect) {
    match msg {
        Msg::Key(event) if event.kind == KeyEventKind::Release => return (false, Effect::None),
        Msg::Key(event) => return key(model, &event),
        Msg::Paste(text) => {
            let typing = model.context().takes_text();
            if typing {
                insert(model, &text);
            }
            return (typing, Effect::None);
        }
        Msg::Wheel(step) => wheel(model, step),
        Msg::Click(line) => click(model, line),
        Msg::Resized => {}
        Msg::Clock(now) => {
            model.clock = now;
            let gone = model.let_go(now);
            // By a picture that stands still nothing can be told of the daemon.
            let differs = !model.devices.stands_still() && !model.snapshot.is_as_at(now);
            if differs {
                Arc::make_mut(&mut model.snapshot).read_at(now);
                model.unsettle(View::Coverage);
            }
            return (differs || gone, Effect::None);
        }
        Msg::Picture(snapshot, tallies) => model.begin(*snapshot, tallies),
        Msg::Loading(all) => model.loaded(Some(all)),
        Msg::Loaded => model.loaded(None),
        Msg::Changed(changes, left) => {
            model.keep_left(left);
            model.changed(*changes);
        }
        Msg::Found(number, found) => return (model.found(number, found), Effect::None),
        Msg::LookedUp(number, hits) => return (model.looked_up(number, hits), Effect::None),
        Msg::GivenUp => return (false, Effect::None),
        Msg::Trouble(trouble) => {
            let new = model.trouble.as_ref() != Some(&trouble);
            model.trouble = Some(trouble);
            return (new, Effect::None);
        }
        Msg::Detail(id, detail) => model.read(id, detail),
        Msg::Entry(seq, entry) => model.entry = Some((seq, entry)),
        Msg::Front(name, front) => model.faced(name, front),
        Msg::Greeted(greeting) => model.greeted(greeting),
        Msg::Attached(typed, found) => model.attached(typed, found),
        Msg::Decided(answer) => model.decided(answer),
        Msg::Planned(answer) => model.planned(answer),
        Msg::Opened(answer) => model.opened(answer),
        Msg::Tried(words, answer) => {
            if let Mode::WhatIf(what_if) = &mut model.mode {
                what_if.judged(&words, answer);
            }
        }
        Msg::Kept(written) => model.kept(written),
        Msg::Exporting(done) => model.exporting(done),
        Msg::Exported(exported) => model.exported(exported),
        Msg::Notice(text) => model.notice = Some(text),
    }
    (true, Effect::None)
}

/// Alt-F12 ends a debug build in a panic: what becomes of the terminal is tested with it.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "this is what it is for")]
fn fall(event: &KeyEvent) {
    if event.code == KeyCode::F(12) && event.modifiers == KeyModifiers::ALT {
        panic!("Alt-F12 was pressed in a debug build");
    }
}

fn key(model: &mut Model, event: &KeyEvent) -> (bool, Effect) {
    #[cfg(debug_assertions)]
    fall(event);
    let context = model.context();
    if let Some((binding, at)) = model.keys.find(context, event) {
        let told = model.message.take().is_some();
        let (dirty, effect) = act(model, context, binding.action, at);
        return (dirty || told, effect);
    }
    match event.code {
        KeyCode::Char(c)
            if context.takes_text() && !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
        {
            insert(model, c.encode_utf8(&mut [0; 4]));
            (true, Effect::None)
        }
        _ => (false, Effect::None),
    }
}

fn act(model: &mut Model, context: Context, action: Action, at: usize) -> (bool, Effect) {
    // Rows may have changed since the screen was drawn: a key works on what is there.
    model.settle();
    match action {
        Action::Quit => return (false, Effect::Quit),
        Action::Repaint => return (true, Effect::Repaint),
        Action::Freeze => model.devices.stand_still(!model.devices.stands_still()),
        Action::Help => {
            model.scroll.set(0);
            let over = Box::new(std::mem::take(&mut model.mode));
            model.mode = Mode::Help { of: context, over };
        }
        Action::Show => {
            if let Some(view) = View::ALL.get(at) {
                go(model, *view);
            }
        }
        Action::NextView => go(model, model.view.turned(1)),
        Action::PreviousView => go(model, model.view.turned(View::ALL.len() - 1)),
        Action::Move(step) => movement(model, step),
        Action::Faceplate => return (faceplate(model), Effect::None),
        Action::Over(over) => model.go_over(over),
        Action::NextDevice => model.next_on_port(),
        Action::Open => open(model),
        Action::Back => back(model),
        Action::Targets => go(model, View::Targets),
        Action::PartDevices => show_part(model),
        Action::Visits => visits(model),
        Action::SiteDevices => show_site(model, View::Devices),
        Action::SiteFindings => show_site(model, View::Reviews),
        Action::Filter => {
            let before = model.words.of(model.view).text.clone();
            model.mode = Mode::Filter(Box::new(Typing::new(&before, model.known(), model.view.kinds())));
        }
        Action::Search => {
            let over = std::mem::take(&mut model.mode);
            model.mode = Mode::Search(Search::over(over));
        }
        Action::Saved => model.show_saved(),
        Action::Copy => model.show_cells(),
        Action::CopyCell => return (true, model.copy_cell(Some(at))),
        Action::CopyRow => return (true, model.copy_row()),
        Action::CopyList => return (true, model.copy_list()),
        Action::Export => model.ask_for_file(),
        Action::Keep => model.ask_for_name(),
        Action::Forget => return (true, model.forget_filter()),
        Action::Complete => {
            if let Mode::Filter(typing) = &mut model.mode {
                typing.complete();
            }
            take_typed(model);
        }
        Action::Columns => model.show_columns(),
        Action::ToggleColumn => model.toggle_column(),
        Action::ColumnLeft | Action::ColumnRight => model.shift_column(action == Action::ColumnLeft),
        Action::FirstColumns => model.reset_columns(),
        Action::Sort if context == Context::Columns => model.sort_by_chosen(),
        Action::Sort => model.sort_by_next(),
        Action::Reverse => model.turn_round(),
        Action::Mark => model.mark(),
        Action::NextQueue | Action::PreviousQueue => model.turn_queue(action == Action::NextQueue),
        Action::WhatIf => {
            model.scroll.set(0);
            model.mode = Mode::WhatIf(WhatIf::default());
        }
        Action::Decide => return (true, model.decide()),
        Action::Again => model.decide_again(),
        Action::Accept => match &mut model.mode {
            // Words that cannot be read stay under the cursor with what is wrong.
            Mode::Filter(_) if model.words.of(model.view).wrong.is_none() => model.mode = Mode::Browse,
            Mode::Decide(_) => return (true, model.check_form()),
            Mode::Search(_) => model.go_to_hit(),
            Mode::Saved(_) => model.recall(),
            Mode::Ask(_) => return (true, model.answer()),
            Mode::Copy(_) => return (true, model.copy_cell(None)),
            Mode::Columns(_) => model.sort_by_chosen(),
            Mode::Opening(_) => model.choose_review(),
            Mode::WhatIf(what_if) => {
                what_if.progress = Progress::Judging;
                return (true, Effect::Try(what_if.input.text().to_owned()));
            }
            _ => {}
        },
        Action::NextField | Action::PreviousField => {
            if let Mode::Decide(form) = &mut model.mode {
                form.step_field(action == Action::NextField);
            }
        }
        Action::Edit(what) => edit(model, what),
        Action::NewCycle => return (true, model.new_cycle()),
        Action::Send if matches!(model.mode, Mode::Opening(_)) => return (true, model.open_cycle()),
        Action::Send => return (true, model.send()),
        Action::Calendar => {
            if let Mode::Decide(form) = &mut model.mode {
                form.open_calendar();
            }
        }
        Action::Days(days) => {
            if let Mode::Decide(form) = &mut model.mode
                && let Some(calendar) = &mut form.calendar
            {
                calendar.go(days);
            }
        }
    }
    (true, Effect::None)
}
