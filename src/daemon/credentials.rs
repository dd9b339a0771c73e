//! The rule that keeps cameras from locking us out: which credential may be tried at which camera, now.
//!
//! [`Book`] holds the rule and has no clock and no I/O: the recorder asks it and commits what it says before anybody is
//! told. [`Handle`] is a visit's side of it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::recorder::Message;
use crate::collect::camera::{Attempt, Claim, CredentialLedger};
use crate::config::Credential;
use crate::net::{CredentialId, DeviceText, Timestamp};
use crate::store::{CredentialState, CredentialTry};

/// Refusals of one credential within [`WINDOW`] that stop it everywhere: a rotated password must not lock a fleet.
const MOST_REFUSALS: usize = 3;
const WINDOW: Duration = Duration::from_secs(3600);
/// Attempts at one camera that may end without an outcome (a broken connection, a killed daemon) before the operator
/// is asked: some cameras refuse by hanging up, and lock after five.
const MOST_UNKNOWN: u32 = 3;
/// After so long an attempt under way is one whose visit broke down: no visit lasts so long.
const LOST: Duration = Duration::from_secs(300);

/// What an attempt is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) address: IpAddr,
    pub(super) credential: CredentialId,
    /// Fingerprint of the credential's content: a changed password is another credential.
    pub(super) fingerprint: String,
    pub(super) endpoint: Option<DeviceText>,
}

/// Somebody who wants to make an attempt.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) subject: Subject,
    pub(super) reply: oneshot::Sender<Claim>,
}

/// An answer that may go out once everything before it is committed.
#[derive(Debug)]
pub(super) struct Answer {
    asker: Asker,
    claim: Claim,
}

/// Every attempt ever made, and those under way.
#[derive(Debug, Default)]
pub(super) struct Book {
    tries: BTreeMap<(IpAddr, CredentialId), CredentialTry>,
    /// Keys of the refused ones.
    refused: BTreeSet<(IpAddr, CredentialId)>,
    under_way: BTreeMap<Subject, Timestamp>,
    waiting: VecDeque<Asker>,
}

impl Book {
    pub(super) fn restore(tries: Vec<CredentialTry>) -> Self {
        let mut book = Self::default();
        for attempt in tries {
            book.put(attempt);
        }
        book
    }

    fn put(&mut self, attempt: CredentialTry) {
        let key = (attempt.address, attempt.credential.clone());
        if attempt.state == CredentialState::Refused {
            self.refused.insert(key.clone());
        } else {
            self.refused.remove(&key);
        }
        self.tries.insert(key, attempt);
    }

    /// Takes a question; [`Self::grant`] answers it.
    pub(super) fn ask(&mut self, asker: Asker) {
        self.waiting.push_back(asker);
    }

    /// Answers whom it can. The records must be committed before [`Answer::send`].
    pub(super) fn grant(&mut self, at: Timestamp) -> (Vec<Answer>, Vec<CredentialTry>) {
        let (mut answers, mut records) = (Vec::new(), Vec::new());
        for asker in std::mem::take(&mut self.waiting) {
            // Nobody waits for the answer any more.
            if asker.reply.is_closed() {
                continue;
            }
            match self.judge(&asker.subject, at) {
                None => self.waiting.push_back(asker),
                Some((claim, record)) => {
                    if claim == Claim::Go {
                        self.under_way.insert(asker.subject.clone(), at);
                    }
                    if let Some(record) = record {
                        self.put(record.clone());
                        records.push(record);
                    }
                    answers.push(Answer { asker, claim });
                }
            }
        }
        (answers, records)
    }

    /// The answer and what must be written before it goes out; `None`: others must end first.
    fn judge(&self, subject: &Subject, at: Timestamp) -> Option<(Claim, Option<CredentialTry>)> {
        let refusals = self.refusals(&subject.credential, &subject.fingerprint);
        if let Some(refusal) = refusals.iter().find(|refusal| is_same_camera(refusal, subject)) {
            return Some((Claim::RefusedBefore(refusal.at), None));
        }
        if is_stopped(&refusals) {
            return Some((Claim::Stopped, None));
        }
        // Every attempt under way may turn out a refusal: together with those of the last hour they stay in bounds.
        let recent = refusals.iter().filter(|refusal| at.since(refusal.at) < WINDOW).count();
        let same = |(other, since): &(&Subject, &Timestamp)| {
            other.credential == subject.credential
                && other.fingerprint == subject.fingerprint
                && at.since(**since) < LOST
        };
        if recent + self.under_way.iter().filter(same).count() >= MOST_REFUSALS {
            return None;
        }
        let known = self.tries.get(&(subject.address, subject.credential.clone()));
        let known = known.filter(|known| known.fingerprint == subject.fingerprint);
        let unknown_outcomes = match known {
            Some(known) if known.state == CredentialState::Accepted => return Some((Claim::Go, None)),
            Some(known) if known.state == CredentialState::Claimed => known.unknown_outcomes + 1,
            Some(known) if known.state == CredentialState::Cleared => known.unknown_outcomes,
            _ => 0,
        };
        if unknown_outcomes >= MOST_UNKNOWN {
            return Some((Claim::Interrupted, None));
        }
        let text = DeviceText::default();
        Some((Claim::Go, Some(record(subject, CredentialState::Claimed, at, text, unknown_outcomes))))
    }

    /// Refusals of this very password.
    pub(super) fn refusals(&self, credential: &CredentialId, fingerprint: &str) -> Vec<&CredentialTry> {
        let of = self.refused.iter().filter(|(_, id)| id == credential);
        of.filter_map(|key| self.tries.get(key)).filter(|attempt| attempt.fingerprint == fingerprint).collect()
    }

    /// How an attempt ended. What is returned must be committed.
    pub(super) fn outcome(
        &mut self,
        subject: &Subject,
        result: Result<(), DeviceText>,
        at: Timestamp,
    ) -> Option<CredentialTry> {
        self.under_way.remove(subject);
        let known = self.tries.get(&(subject.address, subject.credential.clone()));
        let as_before = |known: &CredentialTry| {
            known.fingerprint == subject.fingerprint && known.state == CredentialState::Accepted
        };
        let (state, text) = match result {
            Ok(()) if known.is_some_and(as_before) => return None,
            Ok(()) => (CredentialState::Accepted, DeviceText::default()),
            Err(text) => (CredentialState::Refused, text),
        };
        let record = record(subject, state, at, text, 0);
        self.put(record.clone());
        Some(record)
    }

    /// The attempt ended without an outcome.
    pub(super) fn release(&mut self, subject: &Subject) {
        self.under_way.remove(subject);
    }

    /// Who was told to go ahead had gone: nothing was sent. What is returned must be committed.
    pub(super) fn withdraw(&mut self, subject: &Subject, at: Timestamp) -> Option<CredentialTry> {
        self.under_way.remove(subject);
        let known = self.tries.get(&(subject.address, subject.credential.clone()))?;
        let withdrawn = CredentialTry {
            state: CredentialState::Cleared,
            at,
            text: DeviceText::new("it was not sent"),
            ..known.clone()
        };
        (known.state == CredentialState::Claimed).then(|| self.put(withdrawn.clone()))?;
        Some(withdrawn)
    }

    /// The operator allows one more attempt: at one camera, or everywhere the credential was refused or left open.
    pub(super) fn retry(
        &mut self,
        credential: &CredentialId,
        address: Option<IpAddr>,
        by: &str,
        at: Timestamp,
    ) -> Vec<CredentialTry> {
        let held = |attempt: &&CredentialTry| {
            let open = matches!(attempt.state, CredentialState::Refused | CredentialState::Claimed);
            attempt.credential == *credential && address.is_none_or(|address| attempt.address == address) && open
        };
        let cleared: Vec<CredentialTry> = self
            .tries
            .values()
            .filter(held)
            .map(|attempt| CredentialTry {
                state: CredentialState::Cleared,
                at,
                text: DeviceText::new(&format!("allowed again by {by}")),
                unknown_outcomes: 0,
                ..attempt.clone()
            })
            .collect();
        for attempt in &cleared {
            self.put(attempt.clone());
        }
        cleared
    }

    /// Whether several cameras refused this credential, so that it is sent nowhere.
    pub(super) fn is_stopped(&self, credential: &CredentialId, fingerprint: &str) -> bool {
        is_stopped(&self.refusals(credential, fingerprint))
    }
}

fn record(
    subject: &Subject,
    state: CredentialState,
    at: Timestamp,
    text: DeviceText,
    unknown_outcomes: u32,
) -> CredentialTry {
    CredentialTry {
        address: subject.address,
        endpoint: subject.endpoint.clone(),
        credential: subject.credential.clone(),
        fingerprint: subject.fingerprint.clone(),
        state,
        at,
        text,
        unknown_outcomes,
    }
}

/// A camera that changed its address is still the camera that refused.
fn is_same_camera(refusal: &CredentialTry, subject: &Subject) -> bool {
    refusal.address == subject.address || (refusal.endpoint.is_some() && refusal.endpoint == subject.endpoint)
}

/// So many refusals within the window, whenever it was: only the operator ends it.
fn is_stopped(refusals: &[&CredentialTry]) -> bool {
    let mut times: Vec<Timestamp> = refusals.iter().map(|refusal| refusal.at).collect();
    times.sort_unstable();
    times.windows(MOST_REFUSALS).any(|window| match window {
        [first, .., last] => last.since(*first) < WINDOW,
        _ => false,
    })
}

impl Answer {
    /// Tells who asked. Returns the subject if they have gone and the attempt will not be made: see [`Book::withdraw`].
    pub(super) fn send(self) -> Option<Subject> {
        let Asker { subject, reply } = self.asker;
        let went = self.claim == Claim::Go;
        (reply.send(self.claim).is_err() && went).then_some(subject)
    }
}

/// A visit's side: asks the recorder, and lets go of an attempt that ended without an outcome.
#[derive(Debug)]
pub(super) struct Handle<'a> {
    recorder: &'a mpsc::Sender<Message>,
    salt: &'a str,
    held: Mutex<Option<Subject>>,
}

impl<'a> Handle<'a> {
    pub(super) fn new(recorder: &'a mpsc::Sender<Message>, salt: &'a str) -> Self {
        Self { recorder, salt, held: Mutex::new(None) }
    }

    fn take(&self) -> Option<Subject> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends the visit's part: to be called when the visit is over, whatever it brought.
    pub(super) async fn done(self) {
        if let Some(subject) = self.take() {
            let _ = self.recorder.send(Message::Release(subject)).await;
        }
    }
}

impl CredentialLedger for Handle<'_> {
    async fn claim(&self, attempt: Attempt<'_>) -> Claim {
        let subject = Subject {
            address: attempt.address,
            credential: attempt.credential.id.clone(),
            fingerprint: attempt.credential.fingerprint(self.salt),
            endpoint: attempt.endpoint.cloned(),
        };
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.recorder.send(Message::Claim(Asker { subject: subject.clone(), reply })).await.ok()?;
            answer.await.ok()
        };
        match tokio::time::timeout(attempt.patience, asked).await {
            Ok(Some(claim)) => {
                if claim == Claim::Go {
                    *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(subject);
                }
                claim
            }
            // No answer in time, or the daemon stops: nothing is sent.
            Ok(None) | Err(_) => Claim::Busy,
        }
    }

    async fn outcome(&self, _: IpAddr, _: &Credential, result: Result<(), DeviceText>) {
        let Some(subject) = self.take() else { return };
        let (reply, committed) = oneshot::channel();
        if self.recorder.send(Message::Outcome { subject, result, reply }).await.is_ok() {
            let _ = committed.await;
        }
    }
}
