//! What a web page and an RTSP server show of their maker to everybody.

use crate::net::DeviceText;

/// Octets of a page that are looked at: a title stands at its beginning.
pub const PAGE_OCTETS: usize = 16 * 1024;
/// Longest title that is one.
const MAX_TITLE: usize = 1024;
/// Most header lines of an RTSP reply that are looked at.
const MAX_LINES: usize = 64;

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

/// The title of an HTML page, its blanks folded. What is no HTML has none.
#[must_use]
pub fn title(page: &[u8]) -> Option<DeviceText> {
    let page = page.get(..PAGE_OCTETS).unwrap_or(page);
    let tag = page.get(find(page, b"<title")? + b"<title".len()..)?;
    // `<title>` or one with attributes; `<titlebar>` is another element.
    if !matches!(tag.first(), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n')) {
        return None;
    }
    let text = tag.get(tag.iter().position(|octet| *octet == b'>')? + 1..)?;
    let text = text.get(..find(text, b"</title")?).filter(|text| text.len() <= MAX_TITLE)?;
    let folded = String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ");
    DeviceText::new(&folded).non_empty()
}

/// What an RTSP server says of itself in its reply to OPTIONS (RFC 2326 §12.36, §12.44).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RtspGreeting {
    /// The `Server` header.
    pub server: Option<DeviceText>,
    /// `WWW-Authenticate`, one header a value, as they came.
    pub challenges: Vec<Vec<u8>>,
}

/// Reads the head of a reply; `None`: it is no RTSP.
#[must_use]
pub fn rtsp(reply: &[u8]) -> Option<RtspGreeting> {
    if !reply.starts_with(b"RTSP/1.") && !reply.starts_with(b"RTSP/2.") {
        return None;
    }
    let mut greeting = RtspGreeting::default();
    for line in reply.split(|octet| *octet == b'\n').skip(1).take(MAX_LINES) {
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|octet| *octet == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"server") {
            greeting.server = greeting.server.or_else(|| super::server(value));
        } else if name.eq_ignore_ascii_case(b"www-authenticate") {
            greeting.challenges.push(value.to_vec());
        }
    }
    Some(greeting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_what_stands_in_the_first_title_and_nothing_else() {
        let of = |page: &str| title(page.as_bytes()).map(|title| title.to_string());
        assert_eq!(
            of("<!doctype html><HTML><head><Title lang='en'> WEB\r\n  SERVICE </TITLE>").as_deref(),
            Some("WEB SERVICE")
        );
        assert_eq!(of("<titlebar>x</titlebar><title></title>"), None);
        assert_eq!(of("<title>never closed"), None);
        assert_eq!(of("{\"title\": 1}"), None);
        let late = format!("{}<title>late</title>", " ".repeat(PAGE_OCTETS));
        assert_eq!(of(&late), None, "only the beginning is looked at");
        let hidden = of("<title>a\u{1b}[2Jb</title>").unwrap();
        assert!(!hidden.contains('\u{1b}'), "{hidden:?}");
        for cut in 0..40 {
            let _ = title(&b"<html><title>Network Camera</title></html>"[..cut]);
        }
    }

    #[test]
    fn an_rtsp_server_names_itself_or_asks_who_is_there() {
        let reply = b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nSERVER:  Rtsp Server/3.0 \r\n\
                      WWW-Authenticate: Digest realm=\"IP Camera(1)\", nonce=\"x\"\r\nwww-authenticate: Basic realm=\"y\"\r\n\
                      \r\nServer: not this";
        let greeting = rtsp(reply).unwrap();
        assert_eq!(greeting.server.unwrap().as_str(), "Rtsp Server/3.0");
        assert_eq!(greeting.challenges.len(), 2);
        assert_eq!(rtsp(b"RTSP/1.0 200 OK\r\nPublic: OPTIONS\r\n\r\n"), Some(RtspGreeting::default()));
        assert_eq!(rtsp(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"), None);
        assert_eq!(rtsp(b""), None);
    }
}
