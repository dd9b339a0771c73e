//! What a client's SOAP envelope asks, as a camera reads it.

use quick_xml::Reader;
use quick_xml::events::Event;

/// A UsernameToken as it came (WS-Security UsernameToken Profile 1.0).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) user: String,
    pub(super) password: String,
    /// Last part of the password's Type attribute.
    pub(super) kind: String,
    pub(super) nonce: String,
    pub(super) created: String,
}

/// What was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Local name of the first element in the body.
    pub(super) operation: String,
    /// wsa:MessageID.
    pub(super) message_id: String,
    /// wsd:Types of a probe.
    pub(super) types: String,
    /// Whom the asker says it is.
    pub(super) token: Option<Token>,
}

/// Longest text of one element that is kept.
const MAX_TEXT: usize = 1024;
/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 32;

impl Envelope {
    /// Reads an envelope; `None` if it is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(bytes).ok()?);
        let mut path: Vec<String> = Vec::new();
        let mut envelope = Self::default();
        let mut text = String::new();
        loop {
            match reader.read_event().ok()? {
                Event::Eof => break,
                Event::DocType(_) => return None,
                Event::Start(start) => {
                    if path.len() >= MAX_DEPTH {
                        return None;
                    }
                    let name = start.local_name().as_ref().to_owned();
                    envelope.opened(&path, &name);
                    if name == "Password" {
                        let kind = start.attributes().flatten().find(|attribute| attribute.key.as_ref() == "Type");
                        let kind = kind.map(|attribute| attribute.value.into_owned()).unwrap_or_default();
                        let token = envelope.token.get_or_insert_default();
                        token.kind = kind.rsplit('#').next().unwrap_or_default().to_owned();
                    }
                    path.push(name);
                    text.clear();
                }
                Event::Empty(start) => envelope.opened(&path, start.local_name().as_ref()),
                Event::Text(part) => {
                    let part = part.xml10_content();
                    if text.len() + part.len() <= MAX_TEXT {
                        text.push_str(&part);
                    }
                }
                Event::End(_) => {
                    let name = path.pop()?;
                    envelope.closed(&name, text.trim());
                    text.clear();
                }
                _ => {}
            }
        }
        if envelope.operation.is_empty() { None } else { Some(envelope) }
    }

    fn opened(&mut self, path: &[String], name: &str) {
        if let [outer, body] = path
            && outer == "Envelope"
            && body == "Body"
            && self.operation.is_empty()
        {
            name.clone_into(&mut self.operation);
        }
    }

    fn closed(&mut self, name: &str, text: &str) {
        let mut token = |set: fn(&mut Token) -> &mut String| {
            text.clone_into(set(self.token.get_or_insert_default()));
        };
        match name {
            "Username" => token(|token| &mut token.user),
            "Password" => token(|token| &mut token.password),
            "Nonce" => token(|token| &mut token.nonce),
            "Created" => token(|token| &mut token.created),
            "MessageID" => text.clone_into(&mut self.message_id),
            "Types" => text.clone_into(&mut self.types),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_prefixes_the_question_is_understood() {
        let text = r#"<?xml version="1.0"?><a:Envelope xmlns:a="x"><a:Header><w:Security><w:UsernameToken>
            <w:Username>admin</w:Username><w:Password Type="http://x#PasswordDigest">abc=</w:Password>
            <w:Nonce>bm8=</w:Nonce><u:Created>2026-01-01T00:00:00Z</u:Created></w:UsernameToken></w:Security></a:Header>
            <a:Body><GetScopes xmlns="y"/></a:Body></a:Envelope>"#;
        let envelope = Envelope::read(text.as_bytes()).unwrap();
        assert_eq!(envelope.operation, "GetScopes");
        let token = envelope.token.unwrap();
        assert_eq!(
            (token.user.as_str(), token.kind.as_str(), token.nonce.as_str()),
            ("admin", "PasswordDigest", "bm8=")
        );
        assert_eq!((token.password.as_str(), token.created.as_str()), ("abc=", "2026-01-01T00:00:00Z"));
    }

    #[test]
    fn what_asks_nothing_is_nothing() {
        for text in
            ["", "GET / HTTP/1.1", "<a/>", "<Envelope><Body/></Envelope>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
        {
            assert_eq!(Envelope::read(text.as_bytes()), None, "{text}");
        }
    }
}
