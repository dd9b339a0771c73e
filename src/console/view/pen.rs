//! Writing on the screen. All text passes through [`safe`] and a width: nothing a device says can change another cell.

use std::borrow::Cow;
use std::cell::Cell as ScrollCell;
use std::hash::Hash;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::console::columns::{Column, Keep, Layout};
use crate::console::list::List;
use crate::console::theme::Theme;
use crate::net::text::{hides_or_moves, is_plain};

/// Text without characters that hide or move: each shows as U+FFFD.
fn safe(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(hides_or_moves) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if hides_or_moves(c) { char::REPLACEMENT_CHARACTER } else { c }).collect())
    }
}

/// Columns that text takes.
pub(super) fn columns(text: &str) -> u16 {
    u16::try_from(UnicodeWidthStr::width(text)).unwrap_or(u16::MAX)
}

/// Text cut to a width, `…` where something is missing.
fn fit(text: &str, width: u16) -> Cow<'_, str> {
    let text = safe(text);
    // Blanks at the end may be missing.
    if columns(text.trim_end()) <= width {
        return text;
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += u16::try_from(c.width().unwrap_or(0)).unwrap_or(1);
        if used > width {
            break;
        }
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// A piece of text with its style.
#[derive(Debug, Clone, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Piece {
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self::new(text, Style::new())
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self::new(text, Style::new())
    }
}

/// A line of a detail or a message: a label, then text that wraps beside it.
#[derive(Debug, Clone, Default)]
pub(super) struct Paragraph<L = &'static str> {
    pub(super) label: L,
    pub(super) text: Piece,
}

fn cut(text: &str, width: u16, keep: Keep) -> Cow<'_, str> {
    let whole = safe(text);
    if keep == Keep::Sign
        && columns(&whole) > width
        && let Some((start, sign)) = whole.rsplit_once(' ').filter(|(_, sign)| columns(sign) == 1)
    {
        return Cow::Owned(format!("{} {sign}", fit(start, width.saturating_sub(2))));
    }
    if columns(&whole) <= width || keep != Keep::End {
        return fit(text, width);
    }
    let mut from = whole.len();
    let mut used = 1;
    for (at, c) in whole.char_indices().rev() {
        used += u16::try_from(c.width().unwrap_or(0)).unwrap_or(1);
        if used > width {
            break;
        }
        from = at;
    }
    Cow::Owned(format!("…{}", whole.get(from..).unwrap_or_default()))
}

/// A row of a table.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Stands before the first column.
    pub(super) mark: Piece,
    pub(super) cells: Vec<Piece>,
}

/// What a table shows.
pub(super) struct Table<'a> {
    pub(super) columns: &'a [Column],
    /// The columns that show, by their numbers, from left to right.
    pub(super) shown: Vec<usize>,
    /// The column that rows are sorted by, and the sign in its head.
    pub(super) sorted: Option<(usize, &'static str)>,
    pub(super) count: usize,
    pub(super) selected: Option<usize>,
    pub(super) offset: &'a ScrollCell<usize>,
    /// Columns before the first one, for the selection's sign and a mark.
    pub(super) margin: u16,
}

impl<'a> Table<'a> {
    /// A table of this width whose columns nobody chooses.
    pub(super) fn plain(columns: &'a [Column], offset: &'a ScrollCell<usize>, width: u16, margin: u16) -> Self {
        let shown = Layout::default().arrange(columns, width, margin).shown;
        Self { columns, shown, sorted: None, count: 0, selected: None, offset, margin }
    }
}

impl Table<'_> {
    /// What a column of this name takes of the screen; `None`: it does not show.
    pub(super) fn width_of(&self, name: &str, area: Rect) -> Option<u16> {
        let places = place(self.columns, &self.shown, area, self.margin);
        let of = |(at, _, width): &(usize, u16, u16)| (self.columns.get(*at)?.name == name).then_some(*width);
        places.iter().find_map(of)
    }
}

/// The screen being written.
pub(super) struct Pen<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) theme: Theme,
    /// The rows of the last table: the first one's place on the screen, how many places there are, and its number.
    pub(super) rows: Option<(u16, u16, usize)>,
}

impl Pen<'_> {
    /// Writes text; what does not fit is cut. Returns the column after it.
    pub(super) fn put(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() || width == 0 {
            return x;
        }
        let width = width.min(area.right() - x);
        self.buffer.set_stringn(x, y, fit(text, width), usize::from(width), style).0
    }

    /// Writes pieces one after another. Returns the column after the last.
    pub(super) fn line(&mut self, area: Rect, y: u16, pieces: &[Piece]) -> u16 {
        let mut x = area.x;
        for piece in pieces {
            x = self.put(x, y, area.right().saturating_sub(x), &piece.text, piece.style);
        }
        x
    }

    /// Writes text at the right edge if it fits beside what ends at `after`.
    pub(super) fn right(&mut self, area: Rect, y: u16, after: u16, text: &str, style: Style) -> bool {
        let width = columns(&safe(text));
        let fits = area.right().saturating_sub(after) > width;
        if fits {
            self.put(area.right() - width, y, width, text, style);
        }
        fits
    }

    /// A line across.
    pub(super) fn rule(&mut self, area: Rect, y: u16, title: &str) {
        let width = usize::from(area.width);
        let line = if title.is_empty() {
            "─".repeat(width)
        } else {
            let title = fit(title, area.width.saturating_sub(8)).into_owned();
            let rest = width.saturating_sub(usize::from(columns(&title)) + 4);
            format!("── {title} {}", "─".repeat(rest))
        };
        let style = self.theme.label();
        self.put(area.x, y, area.width, &line, style);
    }

    /// Writes a table with its head. Only the rows that show are built.
    pub(super) fn table(&mut self, area: Rect, table: &Table<'_>, row: impl Fn(usize) -> Row) {
        let places = place(table.columns, &table.shown, area, table.margin);
        for (at, x, width) in &places {
            let Some(column) = table.columns.get(*at) else { continue };
            let sign = table.sorted.filter(|(sorted, _)| sorted == at).map_or("", |(_, sign)| sign);
            self.heading(column, sign, Rect { x: *x, width: *width, y: area.y, height: 1 });
        }
        let height = usize::from(area.height.saturating_sub(1));
        scroll_to(table.offset, table.selected, table.count, height);
        self.rows = Some((area.y + 1, area.height.saturating_sub(1), table.offset.get()));
        for line in 0..height {
            let number = table.offset.get() + line;
            if number >= table.count {
                break;
            }
            let y = area.y + 1 + u16::try_from(line).unwrap_or(0);
            let row = row(number);
            let selected = table.selected == Some(number);
            if selected {
                self.put(area.x, y, 1, "▸", Style::new());
            }
            self.put(area.x + 1, y, table.margin.saturating_sub(1), &row.mark.text, row.mark.style);
            for (at, x, width) in &places {
                let (Some(column), Some(cell)) = (table.columns.get(*at), row.cells.get(*at)) else { continue };
                let text = cut(&cell.text, *width, column.keep);
                let indent = if column.right { width.saturating_sub(columns(&text)) } else { 0 };
                self.put(x + indent, y, width - indent, &text, cell.style);
            }
            if selected {
                self.buffer.set_style(Rect { y, height: 1, ..area }, self.theme.selected());
                // A bar turned inside out would stand for what is missing.
                let is_bar = |cell: &Piece| cell.text.starts_with(|c| ('█'..='▏').contains(&c));
                for (_, x, width) in places.iter().filter(|(at, ..)| row.cells.get(*at).is_some_and(is_bar)) {
                    let upright = Style::new().remove_modifier(Modifier::REVERSED);
                    self.buffer.set_style(Rect::new(*x, y, *width, 1), upright);
                }
            }
        }
    }

    /// Marks the rows of the table just written that are going: dim, with a sign at the edge, where nothing can be taken
    /// for a part of it. The first `above` rows of the list are no part of the table.
    pub(super) fn fade<I: Clone + Eq + Hash>(&mut self, area: Rect, list: &List<I>, above: usize) {
        let Some((top, height, first)) = self.rows.filter(|_| list.going() > 0) else { return };
        for (y, id) in (top..top + height).zip(list.order().iter().skip(above + first)) {
            if list.is_going(id) {
                self.put(area.x, y, 1, "-", Style::new());
                self.buffer.set_style(Rect { y, height: 1, ..area }, self.theme.going());
            }
        }
    }

    /// Writes a column's name, and the sign of the order where rows are sorted by it: that may stand in the blank beside
    /// the column.
    fn heading(&mut self, column: &Column, sign: &str, area: Rect) {
        let taken = columns(column.title) + columns(sign);
        let text = if column.right { format!("{sign}{}", column.title) } else { format!("{}{sign}", column.title) };
        let x = if column.right { (area.x + area.width).saturating_sub(taken) } else { area.x };
        self.put(x, area.y, (area.width + columns(sign)).min(taken), &text, self.theme.heading());
    }

    /// Writes paragraphs from a scroll offset on, each wrapped beside its label. Returns how many lines there are.
    pub(super) fn paragraphs<L: AsRef<str>>(
        &mut self,
        area: Rect,
        paragraphs: &[Paragraph<L>],
        scroll: &ScrollCell<usize>,
    ) -> usize {
        let label_width = paragraphs.iter().map(|paragraph| columns(paragraph.label.as_ref())).max().unwrap_or(0);
        let label_width = if label_width == 0 { 0 } else { label_width + 2 };
        let width = area.width.saturating_sub(label_width).max(1);
        let mut lines: Vec<(&str, String, Style)> = Vec::new();
        for paragraph in paragraphs {
            for (number, text) in wrap(&paragraph.text.text, width).into_iter().enumerate() {
                lines.push((if number == 0 { paragraph.label.as_ref() } else { "" }, text, paragraph.text.style));
            }
        }
        let height = usize::from(area.height);
        scroll.set(scroll.get().min(lines.len().saturating_sub(height)));
        let label = self.theme.label();
        for (y, (name, text, style)) in (area.y..area.bottom()).zip(lines.iter().skip(scroll.get())) {
            self.put(area.x, y, label_width, name, label);
            self.put(area.x + label_width, y, width, text, *style);
        }
        lines.len()
    }
}

/// Moves an offset as little as it takes to show the selected row.
fn scroll_to(offset: &ScrollCell<usize>, selected: Option<usize>, count: usize, height: usize) {
    let mut first = offset.get().min(count.saturating_sub(height));
    if let Some(selected) = selected {
        first = first.min(selected).max((selected + 1).saturating_sub(height));
    }
    offset.set(first);
}

/// Where the columns of a table stand: `(number, x, width)`.
fn place(columns: &[Column], shown: &[usize], area: Rect, margin: u16) -> Vec<(usize, u16, u16)> {
    let shown: Vec<(usize, &Column)> = shown.iter().filter_map(|at| Some((*at, columns.get(*at)?))).collect();
    let taken: u16 = shown.iter().map(|(_, column)| column.width + 1).sum();
    let spare = area.width.saturating_sub(margin).saturating_sub(taken.saturating_sub(1));
    let wanted: u16 = shown.iter().map(|(_, column)| column.grow).sum();
    let mut x = area.x + margin;
    let mut places = Vec::new();
    for (number, column) in shown {
        let share = u32::from(spare.min(wanted)) * u32::from(column.grow) / u32::from(wanted.max(1));
        let width = column.width + u16::try_from(share).unwrap_or(0);
        places.push((number, x, width.min(area.right().saturating_sub(x))));
        x += width + 1;
    }
    places
}

/// Breaks text into lines at blanks, and where a word is longer than a line, inside it.
pub(super) fn wrap(text: &str, width: u16) -> Vec<String> {
    let text = safe(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if columns(&line) + columns(word.trim_end()) > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if columns(&line) + u16::try_from(c.width().unwrap_or(0)).unwrap_or(1) > width {
                // A blank at the edge needs no line of its own.
                if c == ' ' {
                    continue;
                }
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_and_loses_what_moves() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdefg", 6), "abcde…");
        assert_eq!(fit("摄像机摄像机", 6), "摄像…");
        assert_eq!(fit("a\u{1b}[2J\u{202e}b", 20), "a\u{fffd}[2J\u{fffd}b");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(cut("ministers-acc-07", 8, Keep::End), "…-acc-07");
        assert_eq!(cut("摄像机摄像机", 6, Keep::End), "…像机");
        assert_eq!(cut("ministers s", 8, Keep::Sign), "minis… s");
        assert_eq!(cut("ministers", 8, Keep::Sign), "ministe…");
    }

    #[test]
    fn lines_break_at_blanks_and_inside_long_words() {
        assert_eq!(wrap("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn an_offset_moves_no_more_than_it_must() {
        let offset = ScrollCell::new(10);
        for (selected, expected) in [(12, 10), (9, 9), (14, 10), (0, 0), (99, 95)] {
            scroll_to(&offset, Some(selected), 100, 5);
            assert_eq!(offset.get(), expected);
        }
        scroll_to(&offset, Some(0), 1, 5);
        assert_eq!(offset.get(), 0);
    }

    #[test]
    fn columns_never_leave_the_table() {
        let columns = [Column::new("A", 10).grow(20), Column::new("B", 5).right(), Column::new("C", 9).from(60)];
        for width in [5, 20, 59, 60, 200] {
            let area = Rect::new(0, 0, width, 9);
            for (_, x, w) in place(&columns, &[2, 0, 1], area, 2) {
                assert!(x.min(width) + w <= width, "{width}: {x} {w}");
            }
        }
    }
}
