//! SOAP 1.2 envelopes: written exactly as the pickiest devices want them, read leniently (SOAP 1.1 faults too).

use std::collections::BTreeSet;

use super::xml::{self, Element, XmlError};
use crate::net::DeviceText;

/// What stands in a reply's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The reply of an operation: the first element of the body.
    Reply(Element),
    /// The device says no.
    Fault(Fault),
}

/// An envelope as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What stands in its body.
    pub payload: Payload,
    /// Namespace names declared anywhere in it.
    pub namespaces: BTreeSet<String>,
    /// Its XML declaration says `standalone="yes"`.
    pub standalone: bool,
}

/// A SOAP fault (SOAP 1.2 §5.4, SOAP 1.1 §4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Code and subcodes, parted by spaces, as they came but for their prefixes.
    pub code: DeviceText,
    /// Reason, or what else it says in words.
    pub reason: DeviceText,
    /// Everything it says, lower case, to look for words in.
    words: String,
}

impl Fault {
    /// It says that a user is needed, or that this one is wrong or locked. Many devices give no subcode, so its
    /// words count as much.
    #[must_use]
    pub fn about_authorization(&self) -> bool {
        const WORDS: [&str; 8] =
            ["auth", "password", "locked", "security", "credential", "username", "login", "expired"];
        !self.unsupported() && WORDS.iter().any(|word| self.words.contains(word))
    }

    /// The operation does not exist there.
    #[must_use]
    pub fn unsupported(&self) -> bool {
        ["actionnotsupported", "not implemented", "not supported"].iter().any(|word| self.words.contains(word))
    }

    /// Everything it says, lower case.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Code and reason for a person.
    #[must_use]
    pub fn text(&self) -> DeviceText {
        DeviceText::new(&format!("{}: {}", self.code, self.reason))
    }
}

/// Reads an envelope.
///
/// # Errors
/// It is no whole envelope with something in its body.
pub fn read(octets: &[u8]) -> Result<Envelope, XmlError> {
    let xml::Document { root, namespaces, standalone } = xml::parse(octets)?;
    if root.name != "Envelope" {
        return Err(XmlError::NotSoap);
    }
    let body = root.children.into_iter().find(|child| child.name == "Body").ok_or(XmlError::NotSoap)?;
    let first = body.children.into_iter().next().ok_or(XmlError::NotSoap)?;
    let payload = if first.name == "Fault" { Payload::Fault(fault(&first)) } else { Payload::Reply(first) };
    Ok(Envelope { payload, namespaces, standalone })
}

fn fault(element: &Element) -> Fault {
    let mut codes = Vec::new();
    let mut level = element.child("Code");
    while let Some(code) = level {
        codes.push(local(code.text_at(&["Value"])));
        level = code.child("Subcode");
    }
    if codes.is_empty() {
        codes.push(local(element.text_at(&["faultcode"])));
    }
    let mut reasons = ["Reason", "faultstring"].iter().filter_map(|name| element.child(name)).map(Element::whole_text);
    let reason = reasons.find(|text| !text.is_empty()).unwrap_or_else(|| {
        ["Detail", "detail"].iter().filter_map(|name| element.child(name)).map(Element::whole_text).collect()
    });
    let code = codes.join(" ");
    Fault { code: DeviceText::new(&code), reason: DeviceText::new(&reason), words: element.whole_text().to_lowercase() }
}

/// A qualified name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// An envelope around the body of an operation of the device service, with a security header where one is given.
pub(super) fn write(body: &str, security: Option<&str>) -> String {
    let header = security.map(|security| format!("<s:Header>{security}</s:Header>")).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">{header}\
         <s:Body xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">{body}</s:Body></s:Envelope>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(body: &str) -> Fault {
        let text = format!("<e:Envelope><e:Body><e:Fault>{body}</e:Fault></e:Body></e:Envelope>");
        match read(text.as_bytes()).unwrap().payload {
            Payload::Fault(fault) => fault,
            Payload::Reply(reply) => panic!("{reply:?}"),
        }
    }

    #[test]
    fn faults_of_both_soap_versions_are_read() {
        let new = fault_of(
            "<e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>ter:NotAuthorized</e:Value></e:Subcode></e:Code>\
             <e:Reason><e:Text xml:lang='en'>Sender not Authorized. You still have 3 attempt(s).</e:Text></e:Reason>",
        );
        assert_eq!(new.text().as_str(), "Sender NotAuthorized: Sender not Authorized. You still have 3 attempt(s).");
        assert!(new.about_authorization() && !new.unsupported());
        let old = fault_of("<faultcode>S:Client</faultcode><faultstring>Unauthorized</faultstring>");
        assert_eq!(old.text().as_str(), "Client: Unauthorized");
        assert!(old.about_authorization());
    }

    #[test]
    fn an_operation_that_does_not_exist_is_no_refusal() {
        for text in ["Method 'tds:GetHostname' not implemented: authority", "Action Not Implemented"] {
            let fault = fault_of(&format!("<e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason>{text}</e:Reason>"));
            assert!(fault.unsupported() && !fault.about_authorization(), "{text}");
        }
        let missing = fault_of("<e:Reason>WS-Security header required but not provided</e:Reason>");
        assert!(missing.about_authorization(), "onvif-server says it so, without a subcode");
        let plain = fault_of("<e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason><e:Text/></e:Reason>");
        assert!(!plain.unsupported() && !plain.about_authorization());
    }

    #[test]
    fn only_an_envelope_with_a_body_is_one() {
        for text in ["<html><body/></html>", "<Envelope/>", "<Envelope><Body/></Envelope>"] {
            assert_eq!(read(text.as_bytes()).unwrap_err(), XmlError::NotSoap, "{text}");
        }
    }
}
