//! The ledger: every mark that speaks for a maker or a class, each with its source, text, grade and time.

use super::catalogue::{Catalogue, Owner};
use super::file::{Blocks, Field, Known, Said};
use super::weigh::{self, ClassMark, Piece, Rung};
use super::{Attribution, Class, Facts, Grade};
use crate::net::{DeviceText, Timestamp};
use crate::observation::{Announcement, DeviceInformation, Mark, MarkKind, VendorProtocol};

/// What many makers write into ONVIF's Manufacturer: it names nobody.
const GENERIC: [&str; 17] = [
    "none",
    "onvif",
    "h264",
    "h265",
    "general",
    "private",
    "ipc",
    "ipcam",
    "ipcamera",
    "ip camera",
    "camera",
    "technology",
    "nvt",
    "network camera",
    "onvif_ipnc",
    "unknown",
    "manufacturer",
];
/// Where IANA's enterprise numbers begin.
const ENTERPRISES: &str = "1.3.6.1.4.1.";

fn is_generic(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    name.is_empty() || GENERIC.contains(&name.as_str())
}

/// One text a device sent: where it was seen, and when.
#[derive(Clone, Copy)]
struct Seen<'a> {
    field: Field,
    rung: Rung,
    source: &'static str,
    text: &'a str,
    at: Timestamp,
}

/// Marks as they are found.
pub(super) struct Ledger<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) pieces: Vec<Piece>,
    pub(super) classes: Vec<ClassMark>,
    pub(super) brand: Option<String>,
}

impl Ledger<'_> {
    fn add(
        &mut self,
        rung: Rung,
        source: &'static str,
        text: String,
        grade: Grade,
        maker: Option<usize>,
        at: Timestamp,
    ) {
        self.pieces.push(Piece { rung, source, text, grade, maker, at });
    }

    /// A mark of an owner. What is known of a brand decides whether its maker is marked by it.
    fn owned(&mut self, seen: Seen<'_>, owner: Owner, weighs: bool, says: &str) {
        let grade = match (weighs, seen.rung.is_protocol()) {
            (false, _) => Grade::Hint,
            (true, true) => Grade::Strong,
            (true, false) => Grade::Mark,
        };
        match owner {
            Owner::Maker(maker) => {
                let name = self.catalogue.maker_at(maker).map_or("", |maker| maker.name.as_str());
                let text = format!("'{}' {says} {name}", seen.text);
                self.add(seen.rung, seen.source, text, grade, Some(maker), seen.at);
            }
            Owner::Brand(brand) => {
                let Some(brand) = self.catalogue.brand_at(brand) else { return };
                let made_by = brand.made_by.and_then(|maker| self.catalogue.maker_at(maker));
                let how = match (made_by, grade > Grade::Hint, brand.known) {
                    (None, ..) => "made by several or by nobody known".to_owned(),
                    (Some(maker), true, _) => format!("made by {}", maker.name),
                    (Some(maker), _, Known::Recalled) => {
                        format!("perhaps made by {}: recalled, not verified", maker.name)
                    }
                    (Some(maker), ..) => format!("some of it made by {}", maker.name),
                };
                let text = format!("'{}' {says} {}, {how}", seen.text, brand.name);
                // Whatever the field, it is the brand's table that leads to the maker.
                let grade = if brand.made_by.is_some() { grade.min(Grade::Mark) } else { Grade::Hint };
                self.brand.get_or_insert_with(|| brand.name.clone());
                self.add(Rung::Name, seen.source, text, grade, brand.made_by, seen.at);
            }
        }
    }

    /// Holds a text against the patterns of its field.
    fn look(&mut self, seen: Seen<'_>) {
        let said = self.catalogue.ask(seen.field, seen.text);
        let family = |owner: &Owner| match owner {
            Owner::Maker(maker) => self.catalogue.maker_at(*maker).map(|maker| maker.root),
            Owner::Brand(brand) => {
                let made_by = self.catalogue.brand_at(*brand).and_then(|brand| brand.made_by);
                made_by.and_then(|maker| self.catalogue.maker_at(maker)).map(|maker| maker.root)
            }
        };
        let mut families: Vec<_> =
            said.iter().filter(|says| says.weighs).filter_map(|says| says.owner).map(|owner| family(&owner)).collect();
        families.dedup();
        // A form that several makers give is a mark of none.
        let one = families.iter().flatten().collect::<std::collections::BTreeSet<_>>().len() <= 1;
        let classes: Vec<_> = said
            .iter()
            .filter_map(|says| says.class.map(|class| (class, says.owner.as_ref().and_then(family))))
            .collect();
        for says in &said {
            if let Some(owner) = says.owner {
                self.owned(seen, owner, says.weighs && one, seen.rung.verb());
            }
        }
        for (said, family) in classes {
            self.class(seen, said, family);
        }
    }

    fn class(&mut self, seen: Seen<'_>, said: Said, family: Option<usize>) {
        let text = format!("{} '{}'", seen.rung.noun(), seen.text);
        self.classes.push(ClassMark { rung: seen.rung, said, family, source: seen.source, text, at: seen.at });
    }

    fn information(&mut self, information: &DeviceInformation, at: Timestamp) {
        let manufacturer = information.manufacturer.as_str();
        if !is_generic(manufacturer) {
            self.name("onvif manufacturer", manufacturer, at);
        }
        self.grammars(information, at);
    }

    /// Whose forms its numbers have.
    fn grammars(&mut self, information: &DeviceInformation, at: Timestamp) {
        let fields = [
            (Field::Serial, Rung::Serial, "serial grammar", &information.serial),
            (Field::Firmware, Rung::Firmware, "firmware grammar", &information.firmware),
            (Field::Model, Rung::Model, "model grammar", &information.model),
        ];
        for (field, rung, source, text) in fields {
            self.look(Seen { field, rung, source, text: text.as_str(), at });
        }
    }

    /// That it answers its maker's own discovery is a mark of the platform, whatever the label it gives there.
    fn announcement(&mut self, announcement: &Announcement, at: Timestamp) {
        let Announcement { protocol, information, kind, .. } = announcement;
        let source = match protocol {
            VendorProtocol::Sadp => "sadp",
            VendorProtocol::Dhip => "dhip",
        };
        let name = protocol.to_string();
        self.look(Seen { field: Field::Discovery, rung: Rung::Discovery, source, text: &name, at });
        let fields =
            [("model", &information.model), ("serial", &information.serial), ("firmware", &information.firmware)];
        let said = fields.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("; {name} '{text}'"));
        let said: String = said.collect();
        for piece in self.pieces.iter_mut().filter(|piece| piece.rung == Rung::Discovery && piece.source == source) {
            piece.text += &said;
        }
        self.look(Seen { field: Field::DiscoveryKind, rung: Rung::Text, source, text: kind.as_str(), at });
        if !is_generic(information.manufacturer.as_str()) {
            self.name(source, information.manufacturer.as_str(), at);
        }
        self.grammars(information, at);
    }

    /// A name the device gives its maker: of a maker, of a brand, or of somebody the catalogue does not know.
    fn name(&mut self, source: &'static str, name: &str, at: Timestamp) {
        let seen = Seen { field: Field::Host, rung: Rung::Name, source, text: name, at };
        let owner = self.catalogue.owner_of_name(name).or_else(|| self.catalogue.owner_of_organisation(name));
        match owner {
            Some(owner) => {
                let known = |brand: usize| self.catalogue.brand_at(brand).map(|brand| brand.known);
                let weighs = !matches!(owner, Owner::Brand(brand) if known(brand) != Some(Known::Verified));
                // The name it gives goes before the one its address block gives.
                if matches!(owner, Owner::Brand(_)) {
                    self.brand = None;
                }
                self.owned(seen, owner, weighs, "is the name of");
            }
            None => {
                self.brand = Some(name.to_owned());
                let text = format!("it calls its maker '{name}', whom the catalogue does not know");
                self.add(Rung::Name, source, text, Grade::Hint, None, at);
            }
        }
    }

    fn scopes(&mut self, scopes: &[DeviceText], model_known: bool, at: Timestamp) {
        for scope in scopes {
            let scope = scope.as_str();
            let Some((head, _)) = scope.split_at_checked(22) else { continue };
            self.look(Seen { field: Field::Scope, rung: Rung::Onvif, source: "onvif scope", text: scope, at });
            if !head.eq_ignore_ascii_case("onvif://www.onvif.org/") {
                continue;
            }
            let Some((key, value)) = scope.get(22..).and_then(|path| path.split_once('/')) else { continue };
            let spaced = value.replace('_', " ");
            match key.to_ascii_lowercase().as_str() {
                "name" | "manufacturer" | "mfr" => self.scope_name(&spaced, at),
                "hardware" | "model" if !model_known => {
                    let seen =
                        |text| Seen { field: Field::Model, rung: Rung::Model, source: "model grammar", text, at };
                    self.look(seen(value));
                    if spaced != value {
                        self.look(seen(&spaced));
                    }
                }
                _ => {}
            }
        }
    }

    /// `HIKVISION DS-2CD2143G2-I`, `CP_PLUS`: the whole value, or its first word, where the catalogue has such a name.
    fn scope_name(&mut self, value: &str, at: Timestamp) {
        let first = value.split([' ', '/', '-']).next().unwrap_or_default();
        let known = [value, first].into_iter().find(|name| self.catalogue.owner_of_name(name).is_some());
        if let Some(name) = known {
            self.name("onvif scope name", name, at);
        }
    }

    fn mark(&mut self, mark: &Mark, at: Timestamp) {
        let text = mark.text.as_str();
        let (field, rung, source) = match mark.kind {
            MarkKind::Realm => (Field::Realm, Rung::Http, "http realm"),
            MarkKind::HttpServer => (Field::Server, Rung::Http, "http server"),
            MarkKind::Nonce => (Field::Nonce, Rung::Http, "digest nonce"),
            MarkKind::PageTitle => (Field::Title, Rung::Http, "page title"),
            MarkKind::RtspServer => (Field::Rtsp, Rung::Rtsp, "rtsp server"),
            MarkKind::TlsSubject => (Field::Subject, Rung::Tls, "tls subject"),
            MarkKind::Soap => (Field::Soap, Rung::Onvif, "soap reply"),
            MarkKind::IsapiNamespace => (Field::Isapi, Rung::Isapi, "isapi namespace"),
            MarkKind::IsapiType => (Field::IsapiType, Rung::Isapi, "isapi device type"),
            MarkKind::SystemName => (Field::Host, Rung::Text, "system name"),
            MarkKind::SystemDescription => (Field::Description, Rung::Text, "snmp sysDescr"),
            // It says whose network the camera was set up for, not who made it.
            MarkKind::Domain => return,
            MarkKind::SystemObject => return self.enterprise("snmp sysObjectID", text, at),
            MarkKind::PrivateObject => return self.private_object(text, at),
        };
        self.look(Seen { field, rung, source, text, at });
    }

    fn enterprise(&mut self, source: &'static str, oid: &str, at: Timestamp) {
        let number = oid.trim_start_matches('.').strip_prefix(ENTERPRISES).and_then(|rest| rest.split('.').next());
        let owner = number.and_then(|number| number.parse().ok());
        if let Some(maker) = owner.and_then(|number| self.catalogue.owner_of_enterprise(number)) {
            let seen = Seen { field: Field::Host, rung: Rung::Mib, source, text: oid, at };
            self.owned(seen, Owner::Maker(maker), true, "is in the private MIB of");
        }
    }

    /// `OID=value`: whose MIB it is, and whether the value is a model or firmware of somebody.
    fn private_object(&mut self, text: &str, at: Timestamp) {
        let Some((oid, value)) = text.split_once('=') else { return };
        self.enterprise("private mib", oid, at);
        for (field, rung) in [(Field::Model, Rung::Model), (Field::Firmware, Rung::Firmware)] {
            self.look(Seen { field, rung, source: "private mib value", text: value, at });
        }
    }

    fn prefix(&mut self, facts: &Facts) {
        let Some((mac, at)) = facts.mac else { return };
        let block = self.catalogue.block(mac);
        let owner = block.as_ref().and_then(|block| self.catalogue.owner_of_organisation(block.organisation));
        let registered = block.as_ref().map(|block| {
            let organisation = block.organisation.split_whitespace().collect::<Vec<_>>().join(" ");
            (block.to_string(), organisation)
        });
        let source = "ieee prefix";
        if let Some((maker, weighs)) = self.catalogue.listed(mac) {
            let name = self.catalogue.maker_at(maker).map_or("", |maker| maker.name.as_str());
            let by = registered.as_ref().map_or("nobody", |(_, organisation)| organisation.as_str());
            let [a, b, c, ..] = mac.0;
            let text = format!("{a:02x}:{b:02x}:{c:02x}, registered to {by}, was seen on equipment of {name}");
            let grade = if weighs { Grade::Mark } else { Grade::Hint };
            return self.add(Rung::Prefix, source, text, grade, Some(maker), at);
        }
        let Some((block, organisation)) = registered else { return };
        let text = format!("{block} is registered to {organisation}");
        match owner {
            Some(Owner::Maker(maker)) => {
                // A mixed vendor's block says who sold the network chip, not who made a camera.
                let mixed = self.catalogue.maker_at(maker).is_none_or(|maker| maker.blocks == Blocks::Mixed);
                let grade = if mixed { Grade::Hint } else { Grade::Mark };
                self.add(Rung::Prefix, source, text, grade, Some(maker), at);
            }
            Some(Owner::Brand(index)) => {
                let Some(brand) = self.catalogue.brand_at(index) else { return };
                self.brand.get_or_insert_with(|| brand.name.clone());
                let verified =
                    brand.made_by.is_some() && brand.known == Known::Verified && brand.blocks != Blocks::Mixed;
                let grade = if verified { Grade::Mark } else { Grade::Hint };
                self.add(Rung::Name, source, text, grade, brand.made_by, at);
            }
            None => self.add(Rung::Prefix, source, text, Grade::Hint, None, at),
        }
    }

    /// What its switch heard of it, and that it speaks ONVIF.
    fn surroundings(&mut self, facts: &Facts) {
        if let Some((description, capabilities, at)) = &facts.neighbour {
            let (field, rung, source) = (Field::Description, Rung::Text, "lldp");
            self.look(Seen { field, rung, source, text: description.as_str(), at: *at });
            let telling = [
                ("telephone", Class::Phone),
                ("wlan-ap", Class::AccessPoint),
                ("router", Class::Router),
                ("bridge", Class::Switch),
            ];
            if let Some((word, class)) = telling.iter().find(|(word, _)| capabilities.iter().any(|has| has == word)) {
                let seen = Seen { field, rung: Rung::Capability, source, text: word, at: *at };
                self.class(seen, Said::Class(*class), None);
            }
        }
        if let Some(at) = facts.onvif {
            let text = "it answers as an ONVIF device".to_owned();
            let said = Said::Class(Class::Camera);
            self.classes.push(ClassMark { rung: Rung::Answer, said, family: None, source: "onvif", text, at });
        }
    }
}

/// Weighs what is known of a device. A person's word goes before the marks, and hides none.
pub(super) fn attribute(catalogue: &Catalogue, facts: &Facts) -> Attribution {
    let marks = weigh::attribution(read(catalogue, facts));
    match facts.overruling.as_ref().filter(|overruling| overruling.holds()) {
        Some(overruling) => overruling.over(marks, catalogue),
        None => marks,
    }
}

/// Every mark of a device.
pub(super) fn read<'a>(catalogue: &'a Catalogue, facts: &Facts) -> Ledger<'a> {
    let mut ledger = Ledger { catalogue, pieces: Vec::new(), classes: Vec::new(), brand: None };
    if let Some((said, at)) = &facts.information {
        ledger.information(said, *at);
    }
    for (announcement, at) in &facts.announced {
        ledger.announcement(announcement, *at);
    }
    for (mark, at) in &facts.marks {
        ledger.mark(mark, *at);
    }
    if let Some((scopes, at)) = &facts.scopes {
        let model_known = facts.said().is_some_and(|(said, _)| !said.model.is_empty());
        ledger.scopes(scopes, model_known, *at);
    }
    ledger.prefix(facts);
    ledger.surroundings(facts);
    ledger
}
