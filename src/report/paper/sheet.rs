//! Tables of reports. A row is made when it is written: three hundred thousand of them are never held at once.

use serde_json::Value;

/// A row's cells: text, numbers, or nothing.
pub(in crate::report) type Row = Vec<Value>;
type Rows<'a> = Box<dyn Iterator<Item = Row> + 'a>;

/// One table of a report.
pub struct Sheet<'a> {
    /// Its name in files and JSON.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What people must know to read it; empty: nothing.
    pub note: String,
    /// What people are told where it has no row; empty: nothing, it is left out.
    pub without: &'static str,
    /// Its columns, as JSON and CSV name them.
    pub columns: &'static [&'static str],
    /// Those that are shown to people.
    pub brief: &'static [&'static str],
    /// How many rows it has.
    pub count: usize,
    rows: Box<dyn Fn() -> Rows<'a> + 'a>,
}

impl std::fmt::Debug for Sheet<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet").field("name", &self.name).field("count", &self.count).finish_non_exhaustive()
    }
}

/// Columns that hold moments.
const MOMENTS: &[&str] = &["since", "first_seen", "last_seen", "at", "oldest_look", "gone", "closed"];

impl<'a> Sheet<'a> {
    /// A table whose rows are made of these, each time they are asked for.
    pub(in crate::report) fn made<I>(
        (name, title): (&'static str, &'static str),
        columns: &'static [&'static str],
        count: usize,
        rows: impl Fn() -> I + 'a,
    ) -> Self
    where
        I: Iterator<Item = Row> + 'a,
    {
        let rows = Box::new(move || -> Rows<'a> { Box::new(rows()) });
        Self { name, title, note: String::new(), without: "", columns, brief: columns, count, rows }
    }

    /// A small table whose rows are here.
    pub(in crate::report) fn of(
        names: (&'static str, &'static str),
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Self {
        Self::made(names, columns, rows.len(), move || rows.clone().into_iter())
    }

    /// Only these columns are shown to people.
    pub(in crate::report) fn shown_as(self, brief: &'static [&'static str]) -> Self {
        Self { brief, ..self }
    }

    /// People are told this before its rows.
    pub(in crate::report) fn noting(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// People are told this where it has no row: that nothing is known is said, never left out.
    pub(in crate::report) fn or(self, without: &'static str) -> Self {
        Self { without, ..self }
    }

    /// Its rows, from the first one.
    #[must_use]
    pub fn rows(&self) -> Box<dyn Iterator<Item = Vec<Value>> + 'a> {
        (self.rows)()
    }

    /// Whether people are shown it.
    pub(super) fn is_shown(&self) -> bool {
        self.count > 0 || !self.without.is_empty()
    }

    /// The first rows as people are shown them, and how many more there are.
    pub(super) fn brief(&self, most: usize) -> (Vec<Vec<String>>, usize) {
        let at: Vec<Option<usize>> =
            self.brief.iter().map(|name| self.columns.iter().position(|column| column == name)).collect();
        let cell = |row: &[Value], (at, name): (&Option<usize>, &&str)| {
            let text = match at.and_then(|at| row.get(at)) {
                Some(Value::Bool(true)) => "yes".to_owned(),
                Some(Value::Bool(false)) => "no".to_owned(),
                value => value.map(text).unwrap_or_default(),
            };
            if MOMENTS.contains(name) { shortened(&text) } else { text }
        };
        let cells = |row: Row| at.iter().zip(self.brief).map(|of| cell(&row, of)).collect::<Vec<_>>();
        (self.rows().take(most).map(cells).collect(), self.count.saturating_sub(most))
    }
}

/// A moment as people read it: to the minute.
pub(in crate::report) fn shortened(moment: &str) -> String {
    moment.get(..16).unwrap_or(moment).replace('T', " ")
}

/// A cell as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
