//! The recorder's part in credentials: attempts and how they ended, what is stopped, what the operator allows again.

use std::net::IpAddr;

use super::{Recorder, Work};
use crate::daemon::credentials::{Answer, Subject};
use crate::net::{CredentialId, Timestamp};
use crate::review::Author;
use crate::store::Batch;

impl Recorder {
    /// Takes in what came and writes it; whoever waits is told after that.
    pub(super) fn work(&mut self, work: Work) {
        let at = Timestamp::now();
        let asked = work.asked || !work.outcomes.is_empty();
        let mut batch = self.absorb(&work.visits);
        let mut told = Vec::new();
        for (subject, result, reply) in work.outcomes {
            let stopped = self.credentials.is_stopped(&subject.credential, &subject.fingerprint);
            batch.credentials.extend(self.credentials.outcome(&subject, result, at));
            if !stopped && self.credentials.is_stopped(&subject.credential, &subject.fingerprint) {
                tracing::error!("credential {} was refused by several cameras: it is sent nowhere", subject.credential);
                // Told in the transaction that stops it.
                self.operate(at, &mut batch.outbox);
            }
            told.push(reply);
        }
        let (answers, records) = if asked { self.credentials.grant(at) } else { (Vec::new(), Vec::new()) };
        batch.credentials.extend(records);
        self.commit_until_it_holds(&batch);
        for reply in told {
            let _ = reply.send(());
        }
        let gone: Vec<Subject> = answers.into_iter().filter_map(Answer::send).collect();
        let withdrawn = gone.iter().filter_map(|subject| self.credentials.withdraw(subject, at));
        let batch = Batch { at, credentials: withdrawn.collect(), ..Batch::default() };
        self.commit_until_it_holds(&batch);
    }

    /// Allows a credential again; its author stands in the log.
    pub(super) fn retry(
        &mut self,
        credential: &CredentialId,
        address: Option<IpAddr>,
        author: &Author,
    ) -> Result<usize, String> {
        let at = Timestamp::now();
        let by = format!("{} (uid {})", author.name, author.uid);
        let credentials = self.credentials.retry(credential, address, &by, at);
        let count = credentials.len();
        self.commit_until_it_holds(&Batch { at, credentials, ..Batch::default() });
        match (count, address) {
            (0, Some(address)) => Err(format!("credential '{credential}' does not wait for you at {address}")),
            (0, None) => Err(format!("credential '{credential}' does not wait for you at any camera")),
            _ => Ok(count),
        }
    }
}
