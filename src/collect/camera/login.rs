//! Asking what needs a user. The rule that keeps cameras from locking us out: one credential, one attempt, told to
//! the ledger before it leaves; after a refusal nothing more is sent with it.

use super::visit::{Visit, chain};
use super::{Attempt, Claim, CredentialLedger};
use crate::config::{Credential, CredentialKind};
use crate::net::Timestamp;
use crate::observation::{Authentication, WithheldReason};
use crate::onvif::digest::{self, Challenge};
use crate::onvif::{Access, Element, OnvifError, Operation, Proof, Service, Verdict, access, verdict, wsse};

/// So few wrong passwords before it locks, by its own words, that none is risked.
const FEW_ATTEMPTS: u32 = 2;

/// As whom this visit asks.
#[derive(Debug)]
pub(super) enum Standing<'a> {
    /// As nobody, so far.
    Nobody,
    /// As a user the camera has taken on this visit.
    User(&'a Credential, Method),
    /// Nothing that needs a user is asked any more on this visit.
    Closed,
}

impl Standing<'_> {
    pub(super) fn is_user(&self) -> bool {
        matches!(self, Self::User(..))
    }
}

/// How a user is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Digest,
    Token,
}

impl<L: CredentialLedger> Visit<'_, L> {
    /// Asks an operation that may need a user. The first that does decides about the credential.
    pub(super) async fn private(&mut self, service: &mut Service, operation: Operation) -> Option<Element> {
        match self.standing {
            Standing::Closed => None,
            Standing::User(credential, Method::Token) => self.again(service, operation, credential, None).await,
            Standing::Nobody | Standing::User(_, Method::Digest) => self.openly(service, operation).await,
        }
    }

    /// Asks as nobody. Digest is always answered to a fresh challenge: a nonce used again counts as a refused login
    /// on some cameras.
    async fn openly(&mut self, service: &mut Service, operation: Operation) -> Option<Element> {
        let answer = match self.ask(service, operation).await {
            Ok(answer) => answer,
            Err(error) => {
                self.trouble(operation.name(), chain(&error));
                return None;
            }
        };
        let challenge = match access(&answer, operation) {
            Access::Granted(reply) => {
                if self.out.authentication == Authentication::NotAsked {
                    self.out.authentication = Authentication::NotNeeded;
                }
                return Some(reply);
            }
            Access::NeedsDigest(challenge) => Some(challenge),
            Access::NeedsToken => None,
            Access::Unsafe(offered) => {
                self.withhold(WithheldReason::Unsafe { offered });
                return None;
            }
            Access::Unsupported => {
                self.out.unsupported.push(operation.name().to_owned());
                return None;
            }
            Access::Failed(why) => {
                self.trouble(operation.name(), why);
                return None;
            }
        };
        match self.standing {
            // The camera took this user over digest and now wants a token: the second method is never tried.
            Standing::User(..) if challenge.is_none() => {
                self.standing = Standing::Closed;
                self.trouble(operation.name(), "it asks for another method than the one it took".to_owned());
                None
            }
            Standing::User(credential, _) => self.again(service, operation, credential, challenge).await,
            _ => self.log_in(service, operation, challenge).await,
        }
    }

    fn withhold(&mut self, reason: WithheldReason) {
        self.out.authentication = Authentication::Withheld { reason };
        self.standing = Standing::Closed;
    }

    /// The first credential of the block that may go to this address.
    fn choose(&self) -> Result<usize, WithheldReason> {
        let onvif = |credential: &Credential| matches!(credential.secret, CredentialKind::Onvif { .. });
        let fits = |credential: &&Credential| onvif(credential) && credential.allows(self.out.address);
        match self.credentials.iter().position(fits) {
            Some(index) => Ok(index),
            None => Err(match self.credentials.iter().find(|credential| onvif(credential)) {
                Some(credential) => WithheldReason::NotAllowed { credential: credential.id.clone() },
                None => WithheldReason::NoneConfigured,
            }),
        }
    }

    /// The one attempt.
    async fn log_in(
        &mut self,
        service: &mut Service,
        operation: Operation,
        challenge: Option<Challenge>,
    ) -> Option<Element> {
        let chosen = self.choose().map(|index| self.credentials.get(index).copied());
        let credential = match chosen {
            Ok(Some(credential)) => credential,
            Ok(None) => return None,
            Err(reason) => {
                self.withhold(reason);
                return None;
            }
        };
        self.standing = Standing::Closed;
        let id = credential.id.clone();
        // An attempt that is cut short by our own deadline would be an attempt without an outcome.
        let patience = self.budget.left().saturating_sub(self.collector.settings.deadline / 5);
        if patience.is_zero() || self.budget.exhausted() {
            self.trouble(operation.name(), "no time was left to log in: see onvif.deadline".to_owned());
            return None;
        }
        // Its own words: somebody else is trying passwords there, and ours may be the one that locks it.
        if let Some(attempts_left) = self.lockout.attempts_left.filter(|left| *left <= FEW_ATTEMPTS) {
            self.withhold(WithheldReason::NearLockout { credential: id, attempts_left });
            return None;
        }
        let endpoint = self.out.discovery.as_ref().map(|discovery| &discovery.endpoint);
        let endpoint = endpoint.filter(|endpoint| !endpoint.is_empty());
        let attempt = Attempt { address: self.out.address, endpoint, credential, patience };
        match self.ledger.claim(attempt).await {
            Claim::Go => {}
            Claim::Busy => {
                self.withhold(WithheldReason::Busy { credential: id });
                return None;
            }
            Claim::RefusedBefore(at) => {
                self.withhold(WithheldReason::RefusedBefore { credential: id, at });
                return None;
            }
            Claim::Stopped => {
                self.withhold(WithheldReason::Stopped { credential: id });
                return None;
            }
            Claim::Interrupted => {
                self.withhold(WithheldReason::Interrupted { credential: id });
                return None;
            }
        }
        let method = if challenge.is_some() { Method::Digest } else { Method::Token };
        let address = self.out.address;
        match self.prove(service, operation, credential, challenge).await {
            Ok(Verdict::Taken(reply)) => {
                self.ledger.outcome(address, credential, Ok(())).await;
                self.out.authentication = Authentication::Accepted { credential: id };
                self.standing = Standing::User(credential, method);
                Some(reply)
            }
            Ok(Verdict::Refused(text)) => {
                self.ledger.outcome(address, credential, Err(text.clone())).await;
                let why = format!(
                    "it refused credential {id} ({text}), which is not sent to it again before 'lenswarden credential \
                     retry'; many cameras have ONVIF users of their own, apart from those of their web page"
                );
                self.trouble(operation.name(), why);
                self.out.authentication = Authentication::Refused { credential: id, text };
                None
            }
            Ok(Verdict::Stale(_)) => None,
            Ok(Verdict::Unsupported) => {
                self.trouble(operation.name(), "it has no such operation, so it did not say who may ask".to_owned());
                None
            }
            Ok(Verdict::Undecided(why)) => {
                self.trouble(operation.name(), format!("whether it took the credential is not known: {why}"));
                None
            }
            Err(error) => {
                let why = format!("whether it took the credential is not known: {}", chain(&error));
                self.trouble(operation.name(), why);
                None
            }
        }
    }

    /// Asks one more operation as the user the camera has taken. A refusal now is about the operation, or about too
    /// many connections, not about the password; nothing more is asked all the same.
    async fn again(
        &mut self,
        service: &mut Service,
        operation: Operation,
        credential: &Credential,
        challenge: Option<Challenge>,
    ) -> Option<Element> {
        let why = match self.prove(service, operation, credential, challenge).await {
            Ok(Verdict::Taken(reply)) => return Some(reply),
            Ok(Verdict::Refused(text)) => {
                self.standing = Standing::Closed;
                format!("refused to the user that it took before: {text}")
            }
            Ok(Verdict::Unsupported) => {
                self.out.unsupported.push(operation.name().to_owned());
                return None;
            }
            Ok(Verdict::Undecided(why)) => why,
            Ok(Verdict::Stale(_)) => "its nonces do not last".to_owned(),
            Err(error) => chain(&error),
        };
        self.trouble(operation.name(), why);
        None
    }

    /// Sends a request that carries the credential: once, and once more only to a camera that says that the nonce,
    /// not the password, was too old. A second such answer is a refusal. Sent only where the credential may go.
    async fn prove(
        &mut self,
        service: &mut Service,
        operation: Operation,
        credential: &Credential,
        challenge: Option<Challenge>,
    ) -> Result<Verdict, OnvifError> {
        let CredentialKind::Onvif { user, password } = &credential.secret else {
            return Err(OnvifError::Request("the credential is not for ONVIF"));
        };
        if !credential.allows(service.endpoint().address.ip()) {
            return Err(OnvifError::Request("the credential may not go there"));
        }
        let Some(mut challenge) = challenge else {
            let offset = self.out.clock_offset_ms.unwrap_or(0);
            let created = Timestamp(Timestamp::now().0.saturating_add(offset));
            let token = wsse::token(user, password.expose(), created)?;
            let answer = service.ask(operation, Proof::Token(&token), self.patience()).await?;
            self.note(&answer);
            return Ok(verdict(&answer, operation, None));
        };
        for _ in 0..2 {
            let path = service.path(operation).to_owned();
            let value = digest::answer(&challenge, "POST", &path, user, password.expose())?;
            let answer = service.ask(operation, Proof::Digest(&value), self.patience()).await?;
            self.note(&answer);
            match verdict(&answer, operation, Some(&challenge)) {
                Verdict::Stale(renewed) => challenge = renewed,
                decided => return Ok(decided),
            }
        }
        Ok(Verdict::Refused("its nonces were too old twice".into()))
    }
}
