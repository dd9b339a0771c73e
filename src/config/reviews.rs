//! `[[review]]`: reviews that open by a schedule.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::checker::Checker;
use super::file::{self, File};
use super::schedule::{schedule, zone};
use super::{AlertPlan, Schedule};

/// `[[review]]`: a scheduled review.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewPlan {
    /// Its name.
    pub name: String,
    /// When it opens.
    pub schedule: Schedule,
    /// What it is about, in filter words; empty: every open finding.
    pub select: String,
    /// Who answers for it.
    pub owner: String,
    /// Who is told when a cycle is overdue.
    pub escalate_to: Option<String>,
    /// How long its items may wait.
    pub due: Duration,
    /// What is written when a cycle of it ends; `None`: nothing.
    pub report: Option<ReviewReport>,
}

/// In which form the report of a cycle is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportForm {
    /// For a terminal and a mail.
    Text,
    /// A page that stands by itself.
    Html,
    /// For programs.
    Json,
}

impl ReportForm {
    /// What its files end with.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

/// `report` of a `[[review]]`: what is written when a cycle ends, and who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewReport {
    /// In which forms.
    pub formats: Vec<ReportForm>,
    /// The folder of its files.
    pub folder: PathBuf,
    /// Which `[[alert]]` is told of it.
    pub alerts: Vec<String>,
}

/// Folder of reports beside the database, where none is named.
const FOLDER: &str = "reports";
/// Longest name of a review of which reports are written: it is a part of the files' names.
const LONGEST_NAME: usize = 100;

/// Whether a name can be a part of a file's name as it is.
fn names_a_file(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn report(
    checker: &mut Checker<'_>,
    name: &Spanned<String>,
    written: &Spanned<file::ReviewReport>,
    database: &Path,
    alerts: &[String],
) -> ReviewReport {
    let file::ReviewReport { formats, folder, alerts: told } = written.get_ref();
    if formats.is_empty() && told.is_empty() {
        let hint = r#"formats = ["html", "text", "json"], alerts = ["soc"], or both"#;
        checker.problem(
            written.span(),
            "review.report",
            "it says neither what is written nor who is told".to_owned(),
            hint,
        );
    }
    if !formats.is_empty() && !names_a_file(name.get_ref()) {
        let message = format!("'{}' cannot be a part of a file's name", name.get_ref().escape_default());
        let hint = "letters, digits, - _ and . (not first), at most 100: reports are called by it";
        checker.problem(name.span(), "review.name", message, hint);
    }
    let folder = match folder {
        Some(folder) => {
            let path = PathBuf::from(folder.get_ref());
            if !path.is_absolute() {
                let message = format!("'{}' is no absolute path", path.display());
                checker.problem(folder.span(), "review.report.folder", message, "as in /var/lib/lenswarden/reports");
            }
            path
        }
        None => database.parent().unwrap_or(Path::new("")).join(FOLDER),
    };
    for name in told {
        checker.known("review.report.alerts", name, "alert", alerts);
    }
    let (mut formats, mut alerts): (Vec<_>, Vec<_>) =
        (formats.clone(), told.iter().map(|name| name.get_ref().clone()).collect());
    formats.sort();
    formats.dedup();
    alerts.sort();
    alerts.dedup();
    ReviewReport { formats, folder, alerts }
}

pub(super) fn reviews(
    checker: &mut Checker<'_>,
    file: &File,
    database: &Path,
    alerts: &[AlertPlan],
) -> Vec<ReviewPlan> {
    let alerts: Vec<String> = alerts.iter().map(|plan| plan.name.clone()).collect();
    let mut plans = Vec::new();
    for written in &file.review {
        let review = written.get_ref();
        let Some(zone) = zone(checker, "review.time-zone", &review.time_zone) else { continue };
        let due = checker.duration("review.due", &review.due, "30d", Duration::from_secs(60));
        let Some(schedule) = schedule(checker, "review.schedule", &review.schedule, zone) else { continue };
        plans.push(ReviewPlan {
            name: review.name.get_ref().clone(),
            schedule,
            select: review.select.clone(),
            owner: review.owner.clone(),
            escalate_to: review.escalate_to.clone(),
            due,
            report: review.report.as_ref().map(|written| report(checker, &review.name, written, database, &alerts)),
        });
    }
    plans
}
