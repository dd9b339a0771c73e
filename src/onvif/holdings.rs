//! What a device has: services, video sources, recordings, users. Read without asking for any medium.

use std::net::IpAddr;

use super::discovery::transport;
use super::xml::Element;
use crate::net::DeviceText;

const MAX_RECORDINGS: usize = 512;
const MAX_USERS: usize = 64;
/// More video sources than any recorder has: what says more says nothing.
const MAX_CHANNELS: u16 = 4096;

/// A source that a recorder records (RecordingSourceInformation, ONVIF Recording Control §5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Source/Name
    pub name: DeviceText,
    /// Source/Location
    pub location: DeviceText,
    /// The address of Source/Address, which is a URL that may hold a password: nothing else of it is kept. `None` where
    /// it names none, or the recorder itself.
    pub address: Option<IpAddr>,
}

/// One of GetUsers. A Password, where a device gives one, is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Username
    pub name: DeviceText,
    /// UserLevel: `Administrator`, `Operator`, `User`, `Anonymous`.
    pub level: DeviceText,
}

/// GetServicesResponse: the path of the service with this namespace, if it is there.
#[must_use]
pub fn service_path(reply: &Element, namespace: &str) -> Option<String> {
    let found = reply.all("Service").find(|service| service.text_at(&["Namespace"]) == namespace)?;
    transport(found.text_at(&["XAddr"])).map(|transport| transport.path)
}

/// GetCapabilitiesResponse: how many video sources the device has (Extension/DeviceIO/VideoSources): the lenses of a
/// camera, the channels of a recorder. `None` where it does not say, or says none.
#[must_use]
pub fn channels(reply: &Element) -> Option<u16> {
    let said = reply.text_at(&["Capabilities", "Extension", "DeviceIO", "VideoSources"]);
    said.parse().ok().filter(|number| (1..=MAX_CHANNELS).contains(number))
}

/// GetRecordingsResponse: each source once, however many recordings there are of it.
#[must_use]
pub fn recordings(reply: &Element) -> Vec<Recording> {
    let mut kept: Vec<(String, Recording)> = Vec::new();
    for item in reply.all("RecordingItem").take(MAX_RECORDINGS) {
        let Some(source) = item.at(&["Configuration", "Source"]) else { continue };
        let text = |name: &str| DeviceText::new(source.text_at(&[name]));
        let recording =
            Recording { name: text("Name"), location: text("Location"), address: host(source.text_at(&["Address"])) };
        let id = source.text_at(&["SourceId"]).to_owned();
        if !kept.iter().any(|(known, other)| *known == id && (!id.is_empty() || *other == recording)) {
            kept.push((id, recording));
        }
    }
    kept.into_iter().map(|(_, recording)| recording).collect()
}

/// The address in a URL of any scheme, if it has one; a name is none.
fn host(url: &str) -> Option<IpAddr> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let bare = match place.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => place.split(':').next().filter(|_| place.matches(':').count() < 2).unwrap_or(place),
    };
    bare.parse().ok().filter(|address: &IpAddr| !address.is_loopback() && !address.is_unspecified())
}

/// GetUsersResponse.
#[must_use]
pub fn users(reply: &Element) -> Vec<User> {
    let user = |entry: &Element| User {
        name: DeviceText::new(entry.text_at(&["Username"])),
        level: DeviceText::new(entry.text_at(&["UserLevel"])),
    };
    reply.all("User").take(MAX_USERS).map(user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onvif::{RECORDING_SERVICE, reply_of as reply};

    #[test]
    fn channels_are_counted_where_they_are_said() {
        let of = |number: &str| {
            channels(&reply(&format!(
                "<Capabilities><Extension><DeviceIO><XAddr>http://10.0.0.1/x</XAddr><VideoSources>{number}</VideoSources>\
                 </DeviceIO></Extension></Capabilities>"
            )))
        };
        assert_eq!(
            (of("8"), of(" 16 "), of("0"), of("-1"), of("65000"), of("many")),
            (Some(8), Some(16), None, None, None, None)
        );
        assert_eq!(channels(&reply("<Capabilities/>")), None);
    }

    #[test]
    fn the_recording_service_is_a_path_and_nothing_else() {
        let services = |address: &str| {
            reply(&format!(
                "<Service><Namespace>http://www.onvif.org/ver10/device/wsdl</Namespace><XAddr>http://a/d</XAddr></Service>\
                 <Service><Namespace>{RECORDING_SERVICE}</Namespace><XAddr>{address}</XAddr></Service>"
            ))
        };
        let path = |address: &str| service_path(&services(address), RECORDING_SERVICE);
        assert_eq!(path("http://10.9.9.9:81/onvif/recording").as_deref(), Some("/onvif/recording"));
        assert_eq!(path("gopher://10.9.9.9/x"), None);
        assert_eq!(service_path(&services("http://a/b"), "urn:none"), None);
    }

    #[test]
    fn sources_are_kept_once_and_no_password_with_them() {
        let item = |id: &str, address: &str| {
            format!(
                "<RecordingItem><RecordingToken>r</RecordingToken><Configuration><Source><SourceId>{id}</SourceId><Name>gate\
                 \u{1b}</Name><Location>hall</Location><Description/><Address>{address}</Address></Source></Configuration>\
                 </RecordingItem>"
            )
        };
        let text = [
            item("1", "rtsp://admin:secret@10.1.2.3:554/ch1"),
            item("1", "rtsp://admin:secret@10.1.2.3:554/ch1?sub"),
            item("2", "http://[2001:db8::5]/onvif"),
            item("3", "http://localhost/onvif"),
            item("4", "127.0.0.1"),
            item("", "10.1.2.4"),
            item("", "10.1.2.4"),
            "<RecordingItem/>".to_owned(),
        ]
        .concat();
        let read = recordings(&reply(&text));
        let addresses: Vec<_> = read.iter().map(|it| it.address.map(|ip| ip.to_string()).unwrap_or_default()).collect();
        assert_eq!(addresses, ["10.1.2.3", "2001:db8::5", "", "", "10.1.2.4"]);
        assert!(read.iter().all(|it| it.location.as_str() == "hall"));
        assert!(!format!("{read:?}").contains("secret"));
    }

    #[test]
    fn users_are_names_and_levels() {
        let text =
            "<User><Username>admin</Username><Password>p455</Password><UserLevel>Administrator</UserLevel></User>";
        let read = users(&reply(text));
        assert_eq!(read, [User { name: "admin".into(), level: "Administrator".into() }]);
        assert!(!format!("{read:?}").contains("p455"));
    }
}
