//! What equipment is and says of itself, wherever it is.

use super::{Broken, Case, observed};
use crate::maker::Verdict;

/// Where it is is known, by VLAN or address, and no network of the configuration has it.
pub(super) fn unclassified(case: &Case<'_>) -> Option<Broken> {
    let place = &case.device.place;
    // Without either, its network is unknown, not unclassified.
    let known = place.vlan.is_some() || !case.device.ips.is_empty();
    if place.network.is_some() || !known {
        return None;
    }
    let vlan = place.vlan.map_or_else(|| "an unknown VLAN".to_owned(), |vlan| format!("VLAN {vlan}"));
    let addresses: Vec<_> = case.device.ips.iter().map(ToString::to_string).collect();
    let with = if addresses.is_empty() { String::new() } else { format!(" with {}", addresses.join(", ")) };
    let text = format!("it is in {vlan}{with}, which no [[network]] holds");
    Some(Broken {
        text: "surveillance equipment on an unclassified network".to_owned(),
        evidence: vec![observed("network", text, place.since)],
    })
}

pub(super) fn unknown_maker(case: &Case<'_>) -> Option<Broken> {
    let attribution = &case.device.attribution;
    (attribution.maker.is_none() && attribution.verdict == Verdict::Unknown)
        .then(|| Broken { text: "surveillance equipment of unknown maker".to_owned(), evidence: Vec::new() })
}

/// The program's own first look is no evidence that something is new: only an earlier look without it is.
pub(super) fn new_device(case: &Case<'_>) -> Option<Broken> {
    let appeared = case.device.appeared?;
    (case.known.now.since(appeared) < case.settings.new_device_within).then(|| {
        let text = "it came to where an earlier complete look had not shown it".to_owned();
        Broken {
            text: format!("new surveillance equipment, since {:.0}", appeared.to_jiff()),
            evidence: vec![observed("appeared", text, appeared)],
        }
    })
}

pub(super) fn no_password(case: &Case<'_>) -> Option<Broken> {
    let (_, at) = case.device.own.open.filter(|(open, _)| *open)?;
    let text = "it answered nobody in particular what needs a user (ONVIF access class READ_SYSTEM: \
                GetDeviceInformation, GetNetworkInterfaces, GetScopes)";
    Some(Broken {
        text: "surveillance equipment that answers without a password".to_owned(),
        evidence: vec![observed("onvif", text.to_owned(), at)],
    })
}

pub(super) fn not_activated(case: &Case<'_>) -> Option<Broken> {
    let announced = &case.device.facts.announced;
    let (said, at) = announced.iter().find(|(said, _)| said.activated == Some(false))?;
    let text = format!("it says over {} that it is not activated: nobody has set a password", said.protocol);
    Some(Broken {
        text: "surveillance equipment without any password set".to_owned(),
        evidence: vec![observed(&said.protocol.to_string().to_lowercase(), text, *at)],
    })
}
