//! So many of `oxvif`'s mock cameras on 127.0.0.1, each with WS-Discovery on a UDP port of its own and the user
//! admin/admin. Prints `TCP-port UDP-port` of each, then `ready`, and serves until its standard input ends.

use std::io::Read as _;

use oxvif::discovery::DiscoveredDevice;
use oxvif::mock::{DiscoveryResponder, MockServer};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let count: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut cameras = Vec::new();
    for number in 0..count {
        let server = MockServer::builder().enforce_auth(true).start().await?;
        let device = DiscoveredDevice {
            endpoint: format!("urn:uuid:7c1f0f0e-0000-4000-8000-{number:012}").into(),
            types: vec!["dn:NetworkVideoTransmitter".into()],
            scopes: vec!["onvif://www.onvif.org/name/Mock%20Camera".into()],
            xaddrs: vec![server.device_url().into()],
        };
        let responder = DiscoveryResponder::spawn("127.0.0.1:0", false, device).await?;
        println!("{} {}", server.port(), responder.local_addr().port());
        cameras.push((server, responder));
    }
    println!("ready");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    drop(cameras);
    Ok(())
}
