//! One visit to a camera, for `poll`.

use serde_json::{Value, json};

use crate::observation::{Authentication, CameraVisit, Reach};

/// As JSON.
#[must_use]
pub fn json(visit: &CameraVisit) -> Value {
    json!({
        "target": visit.address,
        "site": visit.site,
        "reach": visit.reach,
        "port": visit.port,
        "tls": visit.tls,
        "mac": visit.mac(),
        "discovery": visit.discovery,
        "information": visit.information,
        "scopes": visit.scopes,
        "interfaces": visit.interfaces,
        "hostname": visit.hostname,
        "clock_offset_ms": visit.clock_offset_ms,
        "channels": visit.channels,
        "behind": visit.behind,
        "network": visit.network,
        "users": visit.users,
        "key": visit.key,
        "tls_too_old": visit.tls_too_old,
        "authentication": visit.authentication,
        "marks": visit.marks,
        "announcements": visit.announcements,
        "requests": visit.requests,
        "octets": visit.octets,
        "seconds": visit.finished.since(visit.started).as_secs_f64(),
        "unsupported": visit.unsupported,
        "errors": visit.errors,
    })
}

/// For a person.
#[must_use]
pub fn text(visit: &CameraVisit) -> String {
    let at =
        visit.port.map_or_else(String::new, |port| format!(", port {port}{}", if visit.tls { ", TLS" } else { "" }));
    let mut out = format!("{}{at}, site {}\n", visit.address, visit.site);
    if let Reach::Silent(why) | Reach::Refused(why) = &visit.reach {
        return out + why + "\n";
    }
    let mut line = |what: &str, said: String| {
        if !said.is_empty() {
            out.push_str(&format!("  {what:<14} {said}\n"));
        }
    };
    if let Some(information) = &visit.information {
        line("manufacturer", information.manufacturer.to_string());
        line("model", information.model.to_string());
        line("firmware", information.firmware.to_string());
        line("serial", information.serial.to_string());
        line("hardware", information.hardware.to_string());
    }
    line("MAC", visit.mac().map(|mac| mac.to_string()).unwrap_or_default());
    line("host name", visit.hostname.as_ref().map(ToString::to_string).unwrap_or_default());
    if let Some(discovery) = &visit.discovery {
        line("endpoint", discovery.endpoint.to_string());
        line("types", discovery.types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        for scope in &discovery.scopes {
            line("announces", scope.to_string());
        }
    }
    for scope in &visit.scopes {
        line("scope", scope.to_string());
    }
    match (visit.channels, visit.behind.len()) {
        (None | Some(1), 0) => {}
        (channels, behind) => {
            let channels = channels.map_or_else(|| "an unknown number".to_owned(), |number| number.to_string());
            line("channels", format!("{channels}, {behind} of them told"));
        }
    }
    for camera in &visit.behind {
        let address = camera.address.map_or_else(|| "address unknown".to_owned(), |address| address.to_string());
        line("behind it", format!("{address}  {}  {}", camera.name, camera.location));
    }
    if let Some(key) = &visit.key {
        let proved = if key.proved { "" } else { ", which it does not prove to hold" };
        line("TLS key", format!("{}{proved}", key.sha256));
    }
    if visit.tls_too_old {
        line("TLS", "nothing newer than 1.1".to_owned());
    }
    let network = &visit.network;
    let list = |entries: Vec<String>| entries.join(" ");
    line("name servers", list(network.name_servers.iter().flatten().map(ToString::to_string).collect()));
    line("time servers", list(network.time_servers.iter().flatten().map(ToString::to_string).collect()));
    line("gateways", list(network.gateways.iter().flatten().map(ToString::to_string).collect()));
    let on = network.protocols.iter().filter(|protocol| protocol.enabled);
    line("protocols", list(on.map(|it| format!("{} {:?}", it.name, it.ports)).collect()));
    for user in visit.users.iter().flatten() {
        line("has user", format!("{}, {}", user.name, user.level));
    }
    for said in &visit.announcements {
        let information = &said.information;
        let fields = [&information.manufacturer, &information.model, &information.serial, &information.firmware];
        let fields = fields.iter().filter(|text| !text.is_empty()).map(ToString::to_string);
        line(&said.protocol.to_string(), fields.collect::<Vec<_>>().join(", "));
        if said.activated == Some(false) {
            line("password", "none is set".to_owned());
        }
    }
    for mark in &visit.marks {
        let kind = json!(mark.kind).as_str().unwrap_or_default().to_owned();
        line("mark", format!("{kind}: {}", mark.text));
    }
    if let Some(offset) = visit.clock_offset_ms {
        line("clock", format!("{:+.1} s against ours", offset as f64 / 1000.0));
    }
    let authentication = match &visit.authentication {
        Authentication::NotAsked => String::new(),
        Authentication::NotNeeded => "it tells everybody".to_owned(),
        Authentication::Accepted { credential } => format!("it took credential {credential}"),
        Authentication::Refused { credential, text } => format!("it refused credential {credential}: {text}"),
        Authentication::Withheld { reason } => reason.to_string(),
    };
    line("user", authentication);
    line("has no", visit.unsupported.join(" "));
    for error in &visit.errors {
        line("trouble", format!("{}: {}", error.asked, error.message));
    }
    let seconds = visit.finished.since(visit.started).as_secs_f64();
    out + &format!("\n{} requests, {} octets read, {seconds:.2} s\n", visit.requests, visit.octets)
}
