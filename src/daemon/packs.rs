//! Policy packs as the configuration names them: read, and what they loosen said or refused.

use std::io::Read as _;
use std::path::Path;

use crate::config::{DEFAULT_PACK, PolicyChoice, Problem};
use crate::policy::{Loosened, Policies};

/// The largest pack that is read, in octets; the shipped ones have some 2,000.
const LARGEST: u64 = 1 << 20;

/// Reads packs, and tells what is wrong with them. What they loosen is not asked here: see [`unsaid`].
#[must_use]
pub fn read(path: &Path, choices: &[PolicyChoice]) -> (Policies, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    for choice in choices {
        let problem = |message: String, hint: String| {
            let place = format!("{} policy", path.display());
            Problem { place, message, hint }
        };
        match choice {
            PolicyChoice::Shipped(id) | PolicyChoice::Off { pack: id, .. } => match Policies::shipped_text(id) {
                Some(text) if matches!(choice, PolicyChoice::Shipped(_)) => texts.push((id.clone(), text.to_owned())),
                Some(_) => {}
                None => {
                    let hint = format!("there are {}", Policies::shipped_ids().join(", "));
                    problems.push(problem(format!("there is no shipped pack '{id}'"), hint));
                }
            },
            PolicyChoice::File(file) => match text_of(file) {
                Ok(text) => texts.push((file.display().to_string(), text)),
                Err(why) => {
                    let hint = "file = \"…\" is looked for beside the configuration".to_owned();
                    problems.push(problem(format!("the pack {} cannot be read: {why}", file.display()), hint));
                }
            },
        }
    }
    let policies = Policies::parse(&texts).unwrap_or_else(|found| {
        problems.extend(found);
        Policies::default()
    });
    (policies, problems)
}

fn text_of(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)? as u64;
    if read > LARGEST { Err(std::io::Error::other(format!("it has more than {LARGEST} octets"))) } else { Ok(text) }
}

/// What is taken back of shipped packs without a word of it: a rule, or the pack that is in force unless one says
/// otherwise.
#[must_use]
pub fn unsaid(path: &Path, choices: &[PolicyChoice], policies: &Policies) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for (id, message, hint) in policies.unexplained() {
        problems.push(Problem { place: format!("{} policy '{id}'", path.display()), message, hint });
    }
    let is_off = |choice: &PolicyChoice| matches!(choice, PolicyChoice::Off { pack, .. } if pack == DEFAULT_PACK);
    let is_there = policies.packs().iter().any(|pack| pack.id.as_str() == DEFAULT_PACK);
    if !is_there && !choices.iter().any(is_off) {
        problems.push(Problem {
            place: format!("{} policy", path.display()),
            message: format!("'{DEFAULT_PACK}', which is in force unless one says otherwise, is left out"),
            hint: format!(
                "[[policy]] pack = \"{DEFAULT_PACK}\"; or, to do without: [[policy]] pack = \"{DEFAULT_PACK}\", off = \"why\", \
                 who = \"who decided so\""
            ),
        });
    }
    problems
}

/// What of the shipped packs does not hold, with who decided so and why.
#[must_use]
pub fn loosened(choices: &[PolicyChoice], policies: &Policies) -> Vec<Loosened> {
    let mut all = policies.loosened();
    for choice in choices {
        if let PolicyChoice::Off { pack, why, who } = choice {
            let (pack, text) = (pack.as_str().into(), "is off".to_owned());
            all.push(Loosened { pack, text, why: why.clone(), who: who.clone() });
        }
    }
    all
}
