//! Visiting a switch over SNMP.

use crate::config::{Credential, SnmpSettings, Switch};
use crate::observation::SwitchVisit;

/// Visits switches: the sockets all targets share, and what is remembered of each agent between visits.
#[derive(Debug)]
pub struct SwitchCollector {}

impl SwitchCollector {
    /// Binds the shared sockets.
    ///
    /// # Errors
    /// The system refuses a socket.
    pub async fn bind(_settings: &SnmpSettings) -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Visits one switch within its deadline. The credential must allow the address, else nothing is sent.
    pub async fn visit(&self, _target: &Switch, _credential: &Credential) -> SwitchVisit {
        unimplemented!()
    }

    /// Takes new settings and forgets targets that are no longer configured.
    pub fn reconfigure(&self, _settings: &SnmpSettings, _targets: &[Switch]) {}
}
