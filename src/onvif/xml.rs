//! XML as devices write it, read leniently into a small tree of local names.
//!
//! Prefixes are ignored: real devices use undeclared and wrong ones. A document type is refused, so there are no
//! entities to expand; depth and number of elements are bounded. A document counts only once its root has ended,
//! so that a cut-off reply is never taken for a short one.

use std::collections::BTreeSet;

use encoding_rs::{Encoding, UTF_8};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Deepest nesting read; ONVIF replies need about 12.
const MAX_DEPTH: usize = 64;
/// Most elements read; the largest reply seen has about 2,000.
const MAX_ELEMENTS: usize = 20_000;
/// Most namespaces remembered.
const MAX_NAMESPACES: usize = 128;

/// Why a text is no XML that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// It ends before its root element does.
    #[error("it is cut off")]
    CutOff,
    /// It is not well formed.
    #[error("it is not well-formed XML")]
    Malformed,
    /// It has a document type, which no SOAP message may have (SOAP 1.2 §5).
    #[error("it has a document type, which is refused")]
    DocumentType,
    /// Nested too deep or too many elements.
    #[error("it has too many or too deeply nested elements")]
    TooMuch,
    /// Another document than was expected.
    #[error("it is no SOAP envelope with a body")]
    NotSoap,
}

/// An element: local name, its own text, its children. Attributes are not kept: no reply read here needs one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Text directly in it, concatenated.
    pub text: String,
    /// Elements directly in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of this local name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of this local name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element down this path of local names.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The trimmed text of the element down this path; empty where there is none.
    #[must_use]
    pub fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).map_or("", |element| element.text.trim())
    }

    /// All text in it and below, in order, parted by spaces.
    #[must_use]
    pub fn whole_text(&self) -> String {
        let mut words = vec![self.text.trim().to_owned()];
        words.extend(self.children.iter().map(Self::whole_text));
        words.retain(|word| !word.is_empty());
        words.join(" ")
    }
}

/// A whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Its root.
    pub(super) root: Element,
    /// Namespace names declared anywhere in it.
    pub(super) namespaces: BTreeSet<String>,
    /// Its declaration says `standalone="yes"`.
    pub(super) standalone: bool,
}

/// Reads a document from octets.
pub(super) fn parse(octets: &[u8]) -> Result<Document, XmlError> {
    parse_text(&decode(octets))
}

/// Octets to text: byte order mark, else the declared encoding, else UTF-8 with what is none replaced; what stands
/// before the first `<` and trailing NULs and white space are dropped.
fn decode(octets: &[u8]) -> String {
    let encoding = Encoding::for_bom(octets).map(|(encoding, _)| encoding).or_else(|| declared(octets));
    let (text, _, _) = encoding.unwrap_or(UTF_8).decode(octets);
    let text = text.trim_end_matches(|c: char| c == '\0' || c.is_whitespace());
    text.find('<').and_then(|start| text.get(start..)).unwrap_or_default().to_owned()
}

/// The encoding that the XML declaration names. UTF-16 cannot be declared in octets that read as ASCII.
fn declared(octets: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(octets.get(..octets.len().min(200))?).into_owned();
    let declaration = head.split_once("<?xml")?.1.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.split(['"', '\'']).nth(1)?;
    Encoding::for_label(value.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}

fn parse_text(text: &str) -> Result<Document, XmlError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0usize;
    let mut namespaces = BTreeSet::new();
    let mut standalone = false;
    loop {
        let event = reader.read_event().map_err(|error| broken(&error))?;
        let mut closed = None;
        match event {
            Event::Start(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS || open.len() >= MAX_DEPTH {
                    return Err(XmlError::TooMuch);
                }
                open.push(begin(&start, &mut namespaces));
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err(XmlError::TooMuch);
                }
                closed = Some(begin(&start, &mut namespaces));
            }
            Event::End(_) => closed = Some(open.pop().ok_or(XmlError::Malformed)?),
            Event::Text(piece) => append(&mut open, &piece.into_inner()),
            Event::CData(piece) => append(&mut open, &piece.into_inner()),
            Event::GeneralRef(reference) => append(&mut open, &resolve(&reference)),
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::Decl(declaration) => {
                standalone = matches!(declaration.standalone(), Some(Ok(value)) if value == "yes");
            }
            Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => {
                return Err(if elements == 0 && open.is_empty() { XmlError::Empty } else { XmlError::CutOff });
            }
        }
        if let Some(element) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => return Ok(Document { root: element, namespaces, standalone }),
            }
        }
    }
}

fn broken(error: &quick_xml::Error) -> XmlError {
    match error {
        quick_xml::Error::Syntax(_) => XmlError::CutOff,
        _ => XmlError::Malformed,
    }
}

fn begin(start: &BytesStart<'_>, namespaces: &mut BTreeSet<String>) -> Element {
    // Attributes are read as HTML: unquoted and doubled ones occur.
    for attribute in start.html_attributes().with_checks(false).flatten() {
        let key = attribute.key.into_inner();
        if (key == "xmlns" || key.starts_with("xmlns:")) && namespaces.len() < MAX_NAMESPACES {
            namespaces.insert(attribute.value.into_owned());
        }
    }
    Element { name: start.local_name().into_inner().to_owned(), ..Element::default() }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn resolve(reference: &BytesRef<'_>) -> String {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => character.to_string(),
        _ => {
            let name = reference.xml10_content();
            resolve_predefined_entity(&name).map_or_else(|| format!("&{name};"), str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn root(text: &str) -> Element {
        parse(text.as_bytes()).unwrap().root
    }

    #[test]
    fn local_names_text_and_references_are_read() {
        let read = root(
            "\u{feff}\n<?xml version='1.0'?><a:b xmlns:a='urn:x'><c>1 &amp; 2 &#x41;<![CDATA[<]]> & 3</c><z:c/></a:b>\0\0",
        );
        assert_eq!((read.name.as_str(), read.children.len()), ("b", 2));
        assert_eq!(read.text_at(&["c"]), "1 & 2 A< & 3");
    }

    #[test]
    fn undeclared_prefixes_unquoted_and_doubled_attributes_pass() {
        assert_eq!(root("<q:a x=1 x='2'><tad:b>t</tad:b></q:a>").text_at(&["b"]), "t");
    }

    #[test]
    fn what_cannot_be_trusted_is_refused() {
        let cases = [
            ("", XmlError::Empty),
            (" \0 ", XmlError::Empty),
            ("plain words", XmlError::Empty),
            ("<a><b>half", XmlError::CutOff),
            ("<a><b>half</b", XmlError::CutOff),
            ("<a></b>", XmlError::Malformed),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", XmlError::DocumentType),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), expected, "{text:?}");
        }
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert_eq!(parse(deep.as_bytes()).unwrap_err(), XmlError::TooMuch);
        let wide = format!("<a>{}</a>", "<b/>".repeat(100_000));
        assert_eq!(parse(wide.as_bytes()).unwrap_err(), XmlError::TooMuch);
    }

    #[test]
    fn text_is_read_in_the_encoding_it_declares_or_as_lossy_utf_8() {
        let chinese = b"<?xml version=\"1.0\" encoding=\"GB2312\"?><a>\xd6\xd0</a>";
        assert_eq!(parse(chinese).unwrap().root.text, "中");
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>";
        assert_eq!(parse(latin).unwrap().root.text, "café");
        assert_eq!(parse(b"<a>caf\xe9</a>").unwrap().root.text, "caf\u{fffd}");
        assert_eq!(parse(b"<?xml encoding='utf-16'?><a>x</a>").unwrap().root.text, "x");
        assert_eq!(parse(b"\xff\xfe<\0a\0>\0x\0<\0/\0a\0>\0").unwrap().root.text, "x");
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&octets);
        }

        #[test]
        fn no_text_like_xml_makes_it_panic(text in "[<>/&;a:= '\"!\\[\\]?#x0-9D-]{0,80}") {
            let _ = parse(text.as_bytes());
        }
    }
}
