//! What a device service is asked once it is found, and where its answers go.

use super::CredentialLedger;
use super::visit::{Visit, chain};
use crate::observation::{BehindCamera, CameraInterface, CameraProtocol, CameraUser, DeviceInformation, MarkKind};
use crate::onvif::{self, Access, Operation, Service, access};

/// From so many video sources on a device may be a recorder, which is asked what it records.
const SEVERAL: u16 = 2;

impl<L: CredentialLedger> Visit<'_, L> {
    /// Reads what the device says of itself. What decides about the user comes first.
    pub(super) async fn read(&mut self, service: &mut Service) {
        match self.ask(service, Operation::Hostname).await.map(|answer| access(&answer, Operation::Hostname)) {
            Ok(Access::Granted(reply)) => self.take_open(service, Operation::Hostname, &reply),
            Ok(Access::NeedsDigest(_) | Access::NeedsToken) => self.guarded.push(Operation::Hostname),
            Ok(_) => {}
            Err(error) => self.trouble(Operation::Hostname.name(), chain(&error)),
        }
        if let Some(reply) = self.private(service, Operation::Information).await {
            let onvif::Information { manufacturer, model, firmware, serial, hardware } = onvif::information(&reply);
            self.out.information = Some(DeviceInformation { manufacturer, model, firmware, serial, hardware });
        }
        if let Some(reply) = self.private(service, Operation::Interfaces).await {
            let own = |onvif::Interface { name, mac, addresses }| CameraInterface { name, mac, addresses };
            self.out.interfaces = onvif::interfaces(&reply).into_iter().map(own).collect();
        }
        if let Some(reply) = self.private(service, Operation::Scopes).await {
            self.out.scopes = onvif::scopes(&reply);
        }
        // For everybody by the specification; where it is not, only an accepted user asks again.
        for operation in std::mem::take(&mut self.guarded) {
            if self.standing.is_user()
                && let Some(reply) = self.private(service, operation).await
            {
                self.take_open(service, operation, &reply);
            }
        }
        self.read_network(service).await;
        self.read_holdings(service).await;
    }

    async fn read_network(&mut self, service: &mut Service) {
        if let Some(reply) = self.private(service, Operation::Dns).await {
            self.out.network.name_servers = Some(onvif::name_servers(&reply));
            self.out.network.domains = onvif::domains(&reply);
            for domain in self.out.network.domains.clone() {
                self.mark(MarkKind::Domain, domain);
            }
        }
        if let Some(reply) = self.private(service, Operation::Ntp).await {
            self.out.network.time_servers = Some(onvif::time_servers(&reply));
        }
        if let Some(reply) = self.private(service, Operation::Gateway).await {
            self.out.network.gateways = Some(onvif::gateways(&reply));
        }
        if let Some(reply) = self.private(service, Operation::Protocols).await {
            let own = |onvif::Protocol { name, enabled, ports }| CameraProtocol { name, enabled, ports };
            self.out.network.protocols = onvif::protocols(&reply).into_iter().map(own).collect();
        }
    }

    async fn read_holdings(&mut self, service: &mut Service) {
        // A camera with a memory card has a recording service too: only what may be a recorder is asked for sources.
        if self.out.channels.is_some_and(|channels| channels >= SEVERAL)
            && service.has_recording()
            && let Some(reply) = self.private(service, Operation::Recordings).await
        {
            let own = |onvif::Recording { name, location, address }| BehindCamera { name, location, address };
            let polled = self.out.address;
            let elsewhere = |camera: &BehindCamera| camera.address != Some(polled);
            self.out.behind = onvif::recordings(&reply).into_iter().map(own).filter(elsewhere).collect();
        }
        // Last: a user who may not ask this ends the visit there.
        if self.collector.settings.users
            && let Some(reply) = self.private(service, Operation::Users).await
        {
            let own = |onvif::User { name, level }| CameraUser { name, level };
            self.out.users = Some(onvif::users(&reply).into_iter().map(own).collect());
        }
    }
}
