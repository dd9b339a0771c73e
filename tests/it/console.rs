//! Keys and pictures in, screens out.

mod activity;
mod columns;
mod copying;
mod coverage;
mod cycles;
mod decisions;
pub(crate) mod estate;
mod export;
mod exposure;
mod faceplate;
mod filter;
mod going;
mod hostile;
mod moving;
mod own;
mod parity;
mod search;
mod sites;
mod trouble;
mod what_if;

use std::rc::Rc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use lenswarden::console::{Effect, Follower, Model, Msg, Theme, update, view};
use lenswarden::store::{Batch, Writer};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// The console without its loop: keys in, screens out, effects kept.
pub(crate) struct Desk {
    pub(crate) model: Model,
    pub(crate) effects: Vec<Effect>,
    pub(crate) writer: Option<Writer>,
    follower: Follower,
    terminal: Terminal<TestBackend>,
    folder: Rc<tempfile::TempDir>,
}

impl Desk {
    pub(crate) fn new(batch: &Batch, size: (u16, u16), plain: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = estate::write(&folder.path().join("lenswarden.db"), batch);
        let mut desk = Self::before(folder, size, plain);
        desk.writer = Some(writer);
        desk.read()
    }

    /// Another one before the same database.
    pub(crate) fn beside(&self) -> Self {
        let area = self.buffer().area;
        Self::at(Rc::clone(&self.folder), (area.width, area.height), false).read()
    }

    fn read(mut self) -> Self {
        loop {
            let Some(msg) = self.follower.look() else { continue };
            let whole = matches!(msg, Msg::Loaded);
            self.tell(msg);
            if whole {
                return self;
            }
        }
    }

    /// Before anything was read of what lies in the folder.
    pub(crate) fn before(folder: tempfile::TempDir, size: (u16, u16), plain: bool) -> Self {
        Self::at(Rc::new(folder), size, plain)
    }

    fn at(folder: Rc<tempfile::TempDir>, size: (u16, u16), plain: bool) -> Self {
        let model = Model::new(Theme { plain }, TimeZone::UTC);
        let follower = Follower::new(&folder.path().join("lenswarden.db"), model.devices.clone());
        let terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        Self { model, effects: Vec::new(), writer: None, follower, terminal, folder }
    }

    /// The picture as `lenswarden sites` and its like read it.
    pub(crate) fn snapshot(&self) -> lenswarden::snapshot::Snapshot {
        lenswarden::store::Reader::open(&self.path()).unwrap().snapshot().unwrap()
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("lenswarden.db")
    }

    pub(crate) fn tell(&mut self, msg: Msg) {
        let (_, effect) = update(&mut self.model, msg);
        if effect != Effect::None {
            self.effects.push(effect);
        }
        self.draw();
    }

    fn draw(&mut self) {
        self.model.settle();
        loop {
            let questions = self.model.questions();
            if questions.is_empty() {
                break;
            }
            for question in questions {
                let answer = self.follower.answer(&question).unwrap_or(Msg::GivenUp);
                update(&mut self.model, answer);
            }
        }
        self.model.settle();
        self.terminal.draw(|frame| view(&self.model, frame)).unwrap();
    }

    /// Commits, and takes in what changed as the loop does.
    pub(crate) fn commit(&mut self, batch: &Batch) {
        self.writer.as_mut().unwrap().commit(batch).unwrap();
        self.refresh();
    }

    pub(crate) fn refresh(&mut self) {
        if let Some(msg) = self.follower.look() {
            self.tell(msg);
        }
    }

    /// Types a script: characters, and keys as `<Enter>`, `<C-u>`.
    pub(crate) fn type_in(&mut self, script: &str) -> &mut Self {
        let mut rest = script;
        while let Some(c) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            let (event, after) = match named {
                Some((name, after)) => (named_key(name), after),
                None => (KeyEvent::from(KeyCode::Char(c)), &rest[c.len_utf8()..]),
            };
            self.tell(Msg::Key(event));
            rest = after;
        }
        self
    }

    /// Writes the file that is to be written, as the loop does; what came of it is told.
    pub(crate) fn write_file(&mut self) {
        let asked = self.effects.iter().position(|effect| *effect == Effect::Export).expect("a file is asked for");
        self.effects.remove(asked);
        let job = self.model.take_job().unwrap();
        let mut told = Vec::new();
        let exported = job.run(&self.path(), |done| told.push(Msg::Exporting(done)));
        told.into_iter().for_each(|msg| self.tell(msg));
        self.tell(Msg::Exported(exported));
    }

    /// What the view lists, written into this file.
    pub(crate) fn export(&mut self, path: &std::path::Path) -> String {
        self.type_in("e<C-u>");
        self.tell(Msg::Paste(path.display().to_string()));
        self.type_in("<Enter>").write_file();
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}\n{}", self.screen()))
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        self.terminal.backend().buffer()
    }

    pub(crate) fn screen(&self) -> String {
        let buffer = self.buffer();
        let line = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..buffer.area.height).map(|y| line(y).trim_end().to_owned() + "\n").collect()
    }

    /// The row that is selected: the one with the sign.
    pub(crate) fn selected(&self) -> String {
        self.screen().lines().find(|line| line.starts_with('▸')).unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        assert!(self.screen().contains(text), "'{text}' is not on\n{}", self.screen());
    }

    #[track_caller]
    pub(crate) fn lacks(&self, text: &str) {
        assert!(!self.screen().contains(text), "'{text}' is on\n{}", self.screen());
    }
}

pub(crate) fn named_key(name: &str) -> KeyEvent {
    if let Some(letter) = name.strip_prefix("C-") {
        return KeyEvent::new(KeyCode::Char(letter.chars().next().unwrap()), KeyModifiers::CONTROL);
    }
    KeyEvent::from(match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        other => panic!("no key is called {other}"),
    })
}

const VIEWS: [(&str, &str); 8] = [
    ("exposure", "1"),
    ("placement", "2"),
    ("reviews", "3"),
    ("devices", "4"),
    ("sites", "5"),
    ("coverage", "6"),
    ("targets", "6t"),
    ("activity", "7"),
];

#[test]
fn every_view_of_a_full_estate_in_every_size() {
    for size in SIZES {
        let mut desk = Desk::new(&estate::of(120), size, false);
        for (name, key) in VIEWS {
            desk.type_in(key);
            insta::assert_snapshot!(format!("full_{name}_{}x{}", size.0, size.1), desk.screen());
        }
    }
}

#[test]
fn every_view_of_a_small_and_of_an_empty_estate() {
    for (estate, batch) in [("small", estate::of(6)), ("empty", estate::empty())] {
        let mut desk = Desk::new(&batch, SIZES[0], false);
        for (name, key) in VIEWS {
            desk.type_in(key);
            insta::assert_snapshot!(format!("{estate}_{name}"), desk.screen());
        }
    }
}

#[test]
fn details_help_and_overlays() {
    let mut desk = Desk::new(&estate::of(120), SIZES[0], false);
    for (name, script) in [
        ("detail_device", "4<Enter>"),
        ("detail_device_whole", "<Enter>"),
        ("detail_target", "<Esc><Esc>6t<Enter>"),
        ("help", "<Esc>2?"),
    ] {
        desk.type_in(script);
        insta::assert_snapshot!(name, desk.screen());
    }
}

/// A screen's styles: where each begins, in words.
fn styles(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut before = None;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = (cell.fg, cell.bg, cell.modifier);
            if before != Some(style) {
                let word = |colour: Color| if colour == Color::Reset { "-".to_owned() } else { colour.to_string() };
                out += &format!("{y}:{x} {} {} {:?}\n", word(cell.fg), word(cell.bg), cell.modifier);
                before = Some(style);
            }
        }
    }
    out
}

#[test]
fn the_two_themes_show_the_same_words_and_plain_uses_no_colour() {
    for (name, key) in VIEWS {
        let mut colour = Desk::new(&estate::of(120), SIZES[0], false);
        let mut plain = Desk::new(&estate::of(120), SIZES[0], true);
        assert_eq!(colour.type_in(key).screen(), plain.type_in(key).screen(), "{name}");
        for cell in plain.buffer().content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{name}");
        }
        for cell in colour.buffer().content() {
            assert!(!matches!(cell.fg, Color::Rgb(..) | Color::Indexed(_) | Color::DarkGray), "{name}");
            assert_eq!(cell.bg, Color::Reset, "{name}");
        }
        if name == "placement" {
            insta::assert_snapshot!("styles_colour", styles(colour.buffer()));
            insta::assert_snapshot!("styles_plain", styles(plain.buffer()));
        }
    }
}

#[test]
fn a_small_screen_says_what_it_needs() {
    for size in [(79, 24), (80, 23), (20, 5), (1, 1)] {
        let desk = Desk::new(&estate::of(6), size, false);
        if size.0 > 40 {
            desk.shows(&format!("lenswarden needs 80x24, this is {}x{}", size.0, size.1));
        }
    }
}

#[test]
fn the_readme_has_the_key_table() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## The console's keys\n\n").expect("the section is there");
    let table = section.split("\n\n").next().unwrap();
    assert_eq!(table.trim(), lenswarden::console::keymap::markdown().trim());
}
