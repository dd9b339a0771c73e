//! A camera of the crate `onvif-server` on 127.0.0.1, user admin, password `right`. Prints its port, and serves until its
//! standard input ends. Run under `faketime` it has a clock of its own.

use std::io::Read as _;

use lenswarden_peers::Camera;
use onvif_server::OnvifServer;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = OnvifServer::builder()
        .port(0)
        .advertised_host("127.0.0.1")
        .device_service(Camera)
        .media_service(Camera)
        .auth("admin", "right")
        .build()?;
    let router = server.into_router()?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    tokio::spawn(async move { axum::serve(listener, router).await });
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
