//! The daemon's half: the one connection that writes.

use std::path::Path;

use super::{Batch, StoreError, Stored};

/// The one writer of a database. Holds a lock on it for as long as it lives.
#[derive(Debug)]
pub struct Writer {}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The change log's last row.
    pub seq: u64,
    /// Its hash, lower-case hex.
    pub head: String,
}

impl Writer {
    /// Opens or makes the database, migrates it, takes the lock.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(_path: &Path) -> Result<Self, StoreError> {
        unimplemented!()
    }

    /// A random text made with the database: the salt of credential fingerprints.
    #[must_use]
    pub fn salt(&self) -> &str {
        unimplemented!()
    }

    /// What a starting daemon must know.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn load(&self) -> Result<Stored, StoreError> {
        unimplemented!()
    }

    /// Writes a batch and its change log rows in one transaction.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing was written.
    pub fn commit(&mut self, _batch: &Batch) -> Result<Committed, StoreError> {
        unimplemented!()
    }
}
