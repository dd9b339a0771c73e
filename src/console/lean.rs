//! What changed on the screen, as few octets for the terminal: a serial line of 9600 baud takes 960 of them a second.
//!
//! Only what every terminal of the field knows is sent (ECMA-48 §8.3: CUP, CUF, EL, SGR with the sixteen colours), in
//! one piece a frame.

use std::fmt::Write as _;
use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Blank cells that are written before clearing to the end of the line costs less.
const BLANKS: usize = 4;
/// Unchanged cells that are written again before moving over them costs less.
const NEAR: u16 = 4;
/// What shows on a blank cell too.
const VISIBLE: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// How the terminal writes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pen {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self = Self { foreground: Color::Reset, background: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Self { foreground: cell.fg, background: cell.bg, modifier: cell.modifier }
    }

    /// Whether a cell written with this pen looks as it should.
    fn suits(self, cell: &Cell) -> bool {
        let wanted = Self::of(cell);
        let blank = cell.symbol() == " "
            && self.background == wanted.background
            && (self.modifier | wanted.modifier).intersection(VISIBLE).is_empty();
        self == wanted || blank
    }

    /// The parameters that bring a plain pen here.
    fn parameters(self) -> String {
        let mut codes = String::new();
        for (modifier, code) in MODIFIERS {
            if self.modifier.contains(modifier) {
                push(&mut codes, code);
            }
        }
        push_colours(&mut codes, Self::PLAIN, self);
        codes
    }

    /// The parameters that bring a pen from here to there, not by way of the plain one; `None`: there is no such way.
    fn turned_into(self, to: Self) -> Option<String> {
        if !(self.modifier - to.modifier).is_empty() {
            return None;
        }
        let mut codes = String::new();
        for (modifier, code) in MODIFIERS {
            if (to.modifier - self.modifier).contains(modifier) {
                push(&mut codes, code);
            }
        }
        push_colours(&mut codes, self, to);
        Some(codes)
    }
}

const MODIFIERS: [(Modifier, u16); 8] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

fn push(codes: &mut String, code: u16) {
    let separator = if codes.is_empty() { "" } else { ";" };
    // Writing to a String cannot fail.
    let _ = write!(codes, "{separator}{code}");
}

fn push_colours(codes: &mut String, from: Pen, to: Pen) {
    if from.foreground != to.foreground {
        push(codes, 30 + colour(to.foreground));
    }
    if from.background != to.background {
        push(codes, 40 + colour(to.background));
    }
}

/// A colour's number past 30 (letters) or 40 (ground); what is none of the sixteen is the terminal's own.
fn colour(colour: Color) -> u16 {
    match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => 9,
    }
}

/// A frame on its way: the octets, and where they leave the terminal.
struct Frame {
    octets: String,
    pen: Pen,
    /// Where the next sign goes; `None`: where terminals may differ.
    at: Option<Position>,
}

impl Frame {
    fn take(&mut self, pen: Pen) {
        if self.pen == pen {
            return;
        }
        let anew = if pen == Pen::PLAIN { String::new() } else { format!("0;{}", pen.parameters()) };
        let codes = self.pen.turned_into(pen).filter(|turned| turned.len() < anew.len()).unwrap_or(anew);
        let _ = write!(self.octets, "\x1b[{codes}m");
        self.pen = pen;
    }

    /// Moves to a cell; what lies between is as it should be on the screen already.
    fn go(&mut self, to: Position, shown: &Buffer) {
        let Position { x, y } = to;
        match self.at {
            Some(at) if at == to => {}
            Some(at) if at.y == y && at.x < x => {
                let between: Option<Vec<&Cell>> = (at.x..x).map(|x| shown.cell((x, y))).collect();
                let again = between.filter(|cells| {
                    x - at.x < NEAR && cells.iter().all(|cell| is_ascii(cell.symbol()) && self.pen.suits(cell))
                });
                match (again, x - at.x) {
                    (Some(cells), _) => cells.iter().for_each(|cell| self.octets.push_str(cell.symbol())),
                    (None, 1) => self.octets.push_str("\x1b[C"),
                    (None, columns) => {
                        let _ = write!(self.octets, "\x1b[{columns}C");
                    }
                }
            }
            Some(at) if at.y + 1 == y && x == 0 => self.octets.push_str("\r\n"),
            _ if x == 0 => {
                let _ = write!(self.octets, "\x1b[{}H", y + 1);
            }
            _ => {
                let _ = write!(self.octets, "\x1b[{};{}H", y + 1, x + 1);
            }
        }
        self.at = Some(to);
    }

    fn put(&mut self, to: Position, cell: &Cell) {
        if !self.pen.suits(cell) {
            self.take(Pen::of(cell));
        }
        let symbol = cell.symbol();
        self.octets.push_str(symbol);
        // Of wide and composed signs, and of the last column, terminals have their own ideas.
        let sure = is_ascii(symbol) || (symbol.chars().count() == 1 && symbol.width() == 1);
        self.at = sure.then_some(Position { x: to.x + 1, ..to });
    }
}

fn is_ascii(symbol: &str) -> bool {
    symbol.len() == 1 && symbol.is_ascii()
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && cell.bg == Color::Reset && cell.modifier.intersection(VISIBLE).is_empty()
}

/// A terminal that is sent little.
#[derive(Debug)]
pub(super) struct Lean<W: Write> {
    inner: CrosstermBackend<W>,
    /// What the terminal shows.
    shown: Buffer,
}

impl<W: Write> Lean<W> {
    /// For a terminal that shows nothing.
    pub(super) fn new(to: W) -> Self {
        Self { inner: CrosstermBackend::new(to), shown: Buffer::empty(Rect::ZERO) }
    }

    /// The octets of a frame.
    fn frame<'a>(&mut self, changes: impl Iterator<Item = (u16, u16, &'a Cell)>) -> String {
        let changes: Vec<(u16, u16, &Cell)> = changes.collect();
        self.grow(&changes);
        for (x, y, cell) in &changes {
            if let Some(place) = self.shown.cell_mut((*x, *y)) {
                place.clone_from(cell);
            }
            // The other half of a wide sign is no cell that could be written again.
            if let Some(half) = self.shown.cell_mut((*x + 1, *y)).filter(|_| cell.symbol().width() > 1) {
                half.set_symbol("");
            }
        }
        let changed: Vec<Position> = changes.iter().map(|(x, y, _)| Position { x: *x, y: *y }).collect();
        let mut frame = Frame { octets: String::new(), pen: Pen::PLAIN, at: None };
        for row in changed.chunk_by(|one, next| one.y == next.y) {
            let Some(first) = row.first() else { continue };
            let blank_from = self.blank_from(first.y);
            let (text, blank) = row.split_at(row.partition_point(|at| at.x < blank_from));
            let (text, cleared) = if blank.len() >= BLANKS { (text, blank.first()) } else { (row, None) };
            for at in text {
                if let Some(cell) = self.shown.cell(*at) {
                    frame.go(*at, &self.shown);
                    frame.put(*at, cell);
                }
            }
            if let Some(at) = cleared {
                frame.go(*at, &self.shown);
                frame.take(Pen::PLAIN);
                frame.octets.push_str("\x1b[K");
            }
        }
        frame.take(Pen::PLAIN);
        frame.octets
    }

    /// The first column of a row from which on everything is blank.
    fn blank_from(&self, y: u16) -> u16 {
        let filled =
            (0..self.shown.area.width).rev().find(|x| self.shown.cell((*x, y)).is_some_and(|it| !is_blank(it)));
        filled.map_or(0, |x| x + 1)
    }

    /// Makes room for what is to be shown: where nothing was ever shown, the terminal is blank.
    fn grow(&mut self, changes: &[(u16, u16, &Cell)]) {
        let (width, height) = changes.iter().fold((0, 0), |(w, h), (x, y, _)| (w.max(x + 2), h.max(y + 1)));
        let area = self.shown.area.union(Rect::new(0, 0, width, height));
        if area != self.shown.area {
            let before = std::mem::replace(&mut self.shown, Buffer::empty(area));
            self.shown.merge(&before);
        }
    }

    /// The terminal shows nothing.
    fn forget(&mut self) {
        self.shown = Buffer::empty(Rect::ZERO);
    }
}

impl<W: Write> Backend for Lean<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let octets = self.frame(content);
        self.inner.write_all(octets.as_bytes())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.forget();
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        if clear_type == ClearType::All {
            self.forget();
        }
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Style;

    use super::*;

    const SIZE: (u16, u16) = (24, 5);

    fn style() -> impl Strategy<Value = Style> {
        let colours = vec![Color::Reset, Color::Red, Color::Cyan, Color::LightYellow, Color::DarkGray];
        let modifiers = vec![
            Modifier::empty(),
            Modifier::BOLD,
            Modifier::REVERSED,
            Modifier::UNDERLINED,
            Modifier::BOLD.union(Modifier::UNDERLINED),
        ];
        (prop::sample::select(colours.clone()), prop::sample::select(colours), prop::sample::select(modifiers))
            .prop_map(|(letters, ground, modifier)| Style::new().fg(letters).bg(ground).add_modifier(modifier))
    }

    /// Texts at places: what a frame may be.
    fn frame(text: Vec<&'static str>, style: impl Strategy<Value = Style>) -> impl Strategy<Value = Buffer> {
        let text = prop::sample::select(text);
        prop::collection::vec((0..SIZE.0, 0..SIZE.1, text, style), 0..14).prop_map(|texts| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
            for (x, y, text, style) in texts {
                buffer.set_stringn(x, y, text, usize::from(SIZE.0 - x), style);
            }
            buffer
        })
    }

    fn colour_of(colour: vt100::Color) -> u16 {
        match colour {
            vt100::Color::Default => 9,
            vt100::Color::Idx(number @ 0..8) => u16::from(number),
            vt100::Color::Idx(number) => u16::from(number) - 8 + 60,
            vt100::Color::Rgb(..) => u16::MAX,
        }
    }

    fn look(terminal: &vt100::Parser, buffer: &Buffer) -> Result<(), TestCaseError> {
        for (at, cell) in buffer.content.iter().enumerate() {
            let (x, y) = buffer.pos_of(at);
            let Some(seen) = terminal.screen().cell(y, x) else { continue };
            // What lies under the second half of a wide sign is never shown.
            let under = x > 0 && buffer.cell((x - 1, y)).is_some_and(|before| before.symbol().width() > 1);
            if under || seen.is_wide_continuation() {
                continue;
            }
            let blank = cell.symbol() == " " && seen.contents().trim().is_empty();
            prop_assert!(blank || seen.contents() == cell.symbol(), "{x} {y}: {:?}, not {cell:?}", seen.contents());
            let modifier = cell.modifier;
            prop_assert_eq!(seen.inverse(), modifier.contains(Modifier::REVERSED), "{} {}", x, y);
            prop_assert_eq!(seen.underline(), modifier.contains(Modifier::UNDERLINED), "{} {}", x, y);
            prop_assert_eq!(colour_of(seen.bgcolor()), colour(cell.bg), "{} {}", x, y);
            let visible = !blank || !modifier.intersection(VISIBLE).is_empty();
            if visible {
                prop_assert_eq!(colour_of(seen.fgcolor()), colour(cell.fg), "{} {}", x, y);
                prop_assert_eq!(seen.bold(), modifier.contains(Modifier::BOLD), "{} {}", x, y);
            }
        }
        Ok(())
    }

    /// Another program's idea of a terminal shows each frame as it is meant, whatever it followed.
    fn show(frames: Vec<Buffer>) -> Result<(), TestCaseError> {
        let mut lean = Lean::new(Vec::new());
        let mut terminal = vt100::Parser::new(SIZE.1, SIZE.0, 0);
        let mut before = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        for frame in frames {
            terminal.process(lean.frame(before.diff(&frame).into_iter()).as_bytes());
            look(&terminal, &frame)?;
            before = frame;
        }
        Ok(())
    }

    const NARROW: [&str; 7] = ["", "a", "restricted", "   ", "…", "site 7        ", "─┼─"];
    const WIDE: [&str; 5] = ["摄像机", "e\u{301}x", "an axis", "  ", "机"];

    proptest! {
        #[test]
        fn a_terminal_shows_every_frame(
            frames in prop::collection::vec(frame(NARROW.to_vec(), prop_oneof![Just(Style::new()), style()]), 1..5)
        ) {
            show(frames)?;
        }

        /// Plain: of the half that is left of a wide sign, terminals think each in its own way.
        #[test]
        fn wide_and_composed_signs_too(
            frames in prop::collection::vec(frame([NARROW.as_slice(), &WIDE].concat(), Just(Style::new())), 1..5)
        ) {
            show(frames)?;
        }
    }

    #[test]
    fn little_is_sent() {
        let mut lean = Lean::new(Vec::new());
        let area = Rect::new(0, 0, 40, 2);
        let empty = Buffer::empty(area);
        let mut one = empty.clone();
        one.set_string(0, 0, "site07 restricted camera", Style::new());
        one.set_string(7, 0, "restricted", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
        one.set_string(0, 1, "a line that goes", Style::new());
        let first = lean.frame(empty.diff(&one).into_iter());
        assert_eq!(first, "\x1b[1Hsite07 \x1b[1;31mrestricted \x1b[mcamera\r\na line that goes");
        let mut two = one.clone();
        two.set_string(5, 0, "8", Style::new());
        two.set_string(0, 1, " ".repeat(40), Style::new());
        let second = lean.frame(one.diff(&two).into_iter());
        assert_eq!(second, "\x1b[1;6H8\r\n\x1b[K");
    }
}
