//! What the estate's surveillance equipment is made of: products, what they say of themselves and how they say it.

use super::random::Random;
use crate::net::MacAddr;

/// How a maker's firmware speaks ONVIF: prefixes, paths, refusals, challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `env:`, realm `IP Camera(…)`, nonce hex of base64 of `8hex:8hex`, refusal as HTML.
    Hikvision,
    /// `s:`, standalone declaration, realm `Login to …`, nonce base64 of `onvif-digest:…`, counts attempts down.
    Dahua,
    /// `SOAP-ENV:`, Uniview scopes, refusal with HTTP 400.
    Uniview,
    /// `SOAP-ENV:`, `/onvif/services`, realm `AXIS_…`.
    Axis,
    /// `s:`, no LocalDateTime.
    Bosch,
    /// `soap:`, gSOAP's wording, a refusal comes with HTTP 200.
    Plain,
}

/// One product as it is sold: the label on it and who made it.
#[derive(Debug)]
pub(super) struct Product {
    /// Manufacturer of GetDeviceInformation.
    pub(super) manufacturer: &'static str,
    /// Model of GetDeviceInformation.
    pub(super) model: &'static str,
    /// Id of the maker in the catalogue, where the device gives enough to tell.
    pub(super) maker: Option<&'static str>,
    /// `camera` or `recorder`.
    pub(super) class: &'static str,
    /// First three octets of its address.
    pub(super) prefix: [u8; 3],
    /// FirmwareVersion.
    pub(super) firmware: &'static str,
    /// FirmwareVersion after an update.
    pub(super) newer: &'static str,
    /// HardwareId.
    pub(super) hardware: &'static str,
    /// How it speaks.
    pub(super) dialect: Dialect,
}

/// Makers of this list stand under the PRC's National Intelligence Law.
const PRC: [&str; 4] = ["dahua", "hikvision", "tiandy", "uniview"];

impl Product {
    /// Video sources: the recorders of the estate have sixteen.
    pub(super) fn channels(&self) -> u16 {
        if self.class == "recorder" { 16 } else { 1 }
    }

    /// Whether the UK rule restricts its maker.
    pub(super) fn restricted(&self) -> bool {
        self.maker.is_some_and(|maker| PRC.contains(&maker))
    }

    /// A serial number by the maker's grammar.
    pub(super) fn serial(&self, mac: MacAddr, random: &mut Random) -> String {
        const DIGITS: &[u8] = b"0123456789";
        const HEX: &[u8] = b"0123456789ABCDEF";
        const ALNUM: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        match (self.dialect, self.maker) {
            (Dialect::Hikvision, _) => {
                let date = format!("20{}{:02}{:02}", 15 + random.below(9), 1 + random.below(12), 1 + random.below(28));
                let family = if self.class == "recorder" { "CCRR" } else { "AAWR" };
                let tail = if self.class == "recorder" { "WCVU" } else { "" };
                format!("{}{date}{family}F{}{tail}", self.model, random.text(8, DIGITS))
            }
            (Dialect::Dahua, _) => format!(
                "{}{}{}PA{}{}",
                random.text(1, DIGITS),
                random.text(1, b"CDEFGHJKLM"),
                random.text(5, HEX),
                random.text(1, b"ABCDEFGHJKLM"),
                random.text(5, ALNUM)
            ),
            (Dialect::Uniview, _) => format!("210235{}", random.text(14, ALNUM)),
            (Dialect::Axis, _) => plain_hex(mac).to_uppercase(),
            (Dialect::Bosch, _) => random.text(18, DIGITS),
            (Dialect::Plain, Some(_)) => random.text(12, ALNUM),
            (Dialect::Plain, None) => "0000000".to_owned(),
        }
    }

    /// WS-Discovery endpoint reference.
    pub(super) fn endpoint(&self, mac: MacAddr, random: &mut Random) -> String {
        let (a, b) = (random.next(), random.next());
        let head =
            format!("{:08x}-{:04x}-4{:03x}-{:04x}", a >> 32, a & 0xffff, (a >> 16) & 0xfff, 0x8000 | (b & 0x3fff));
        match self.dialect {
            Dialect::Hikvision | Dialect::Axis => format!("urn:uuid:{head}-{}", plain_hex(mac)),
            Dialect::Dahua => format!("uuid:{head}-{:012x}", b >> 16),
            _ => format!("urn:uuid:{head}-{:012x}", b >> 16),
        }
    }

    /// Scopes as it announces them, in its maker's manner.
    pub(super) fn scopes(&self, mac: MacAddr, serial: &str, firmware: &str) -> Vec<String> {
        let base = "onvif://www.onvif.org";
        let escape = |text: &str| text.replace(' ', "%20");
        let mut scopes = vec![format!("{base}/type/video_encoder"), format!("{base}/Profile/Streaming")];
        let mut add = |path: String| scopes.push(format!("{base}/{path}"));
        let model = escape(self.model);
        match self.dialect {
            Dialect::Hikvision => {
                add(format!("name/{}%20{model}", escape(self.manufacturer)));
                add(format!("hardware/{model}"));
                add("location/city/hangzhou".to_owned());
                add(format!("MAC/{mac}"));
            }
            Dialect::Dahua => {
                add(format!("name/{}", escape(self.manufacturer)));
                add(format!("hardware/{model}"));
                add("location/country/china".to_owned());
                add("extension/unique_identifier".to_owned());
            }
            Dialect::Uniview => {
                add(format!("name/{model}"));
                add(format!("hardware/{model}"));
                add(format!("macaddr/{}", plain_hex(mac)));
                add(format!("version/{}", escape(firmware)));
                add(format!("serial/{serial}"));
                add(format!("manufacturer/{}", escape(self.manufacturer)));
                add("register_status/offline".to_owned());
                add("regist_id/".to_owned());
            }
            Dialect::Axis => {
                add(format!("name/{}%20{model}", escape(self.manufacturer)));
                add(format!("hardware/{model}"));
                add("location/".to_owned());
            }
            Dialect::Bosch => {
                add(format!("name/{}", escape(self.manufacturer)));
                add(format!("hardware/{}", self.model.replace(' ', "_")));
            }
            Dialect::Plain if self.maker.is_none() => {
                add("name/NVT".to_owned());
                add("hardware/IPC-model".to_owned());
            }
            Dialect::Plain => {
                add(format!("name/{}%20{model}", escape(self.manufacturer)));
                add(format!("hardware/{model}"));
            }
        }
        scopes
    }

    /// Path of its device service.
    pub(super) fn path(&self) -> &'static str {
        if self.dialect == Dialect::Axis { "/onvif/services" } else { "/onvif/device_service" }
    }
}

/// A MAC address as twelve digits.
pub(super) fn plain_hex(mac: MacAddr) -> String {
    mac.0.iter().map(|octet| format!("{octet:02x}")).collect()
}

macro_rules! product {
    ($manufacturer:literal $model:literal $maker:expr, $class:literal, $prefix:expr, $firmware:literal => $newer:literal, $hardware:literal, $dialect:ident) => {
        Product {
            manufacturer: $manufacturer,
            model: $model,
            maker: $maker,
            class: $class,
            prefix: $prefix,
            firmware: $firmware,
            newer: $newer,
            hardware: $hardware,
            dialect: Dialect::$dialect,
        }
    };
}

/// Everything that may hang on a wall, and the recorders in the cupboard. Prefixes are the IEEE registry's; a label
/// that is not the maker's comes with the marks that give the maker away.
pub(super) static PRODUCTS: [Product; 21] = [
    product!("HIKVISION" "DS-2CD2143G2-I" Some("hikvision"), "camera", [0x44, 0x19, 0xb6], "V5.5.83 build 190221" => "V5.7.3 build 220112", "88", Hikvision),
    product!("HIKVISION" "DS-2DE4425IWG-E" Some("hikvision"), "camera", [0xc0, 0x56, 0xe3], "V5.6.16 build 200521" => "V5.7.3 build 220112", "88", Hikvision),
    product!("ANNKE" "I91BM" Some("hikvision"), "camera", [0x44, 0x47, 0xcc], "V5.5.92 build 200723" => "V5.7.1 build 211110", "88", Hikvision),
    product!("LTS" "CMIP3C42W-28" Some("hikvision"), "camera", [0x14, 0x2f, 0xfd], "V5.5.53 build 180718" => "V5.5.82 build 190909", "88", Hikvision),
    product!("Dahua" "IPC-HFW2431S-S2" Some("dahua"), "camera", [0x3c, 0xef, 0x8c], "2.800.0000000.13.R" => "2.820.0000000.5.R", "1.00", Dahua),
    product!("Dahua" "IPC-HDBW2831R-ZS" Some("dahua"), "camera", [0x90, 0x02, 0xa9], "2.800.0000000.16.R" => "2.820.0000000.5.R", "1.00", Dahua),
    product!("Honeywell" "H4W2PER3" Some("dahua"), "camera", [0x00, 0x1f, 0x55], "2.800.00HW004.0.R" => "2.800.00HW008.0.R", "1.00", Dahua),
    product!("Amcrest" "IP8M-2496E" Some("dahua"), "camera", [0x9c, 0x8e, 0xcd], "2.800.00AC003.0.R" => "2.800.00AC005.0.R", "1.00", Dahua),
    product!("UNIVIEW" "IPC2124LR3-PF28M-D" Some("uniview"), "camera", [0x48, 0xea, 0x63], "QIPC-B2202.3.73.211103" => "QIPC-B2202.6.11.220110", "A", Uniview),
    product!("NONE" "GX728MF-IR28" Some("uniview"), "camera", [0xe4, 0xf1, 0x4c], "QIPC-B2201.5.1.190628" => "QIPC-B2202.3.73.211103", "A", Uniview),
    product!("Tiandy" "TC-C35XS" Some("tiandy"), "camera", [0x3c, 0xda, 0x6d], "5.0.3.210311" => "5.1.0.220507", "1.0", Plain),
    product!("AXIS" "P3245-LVE" Some("axis"), "camera", [0xac, 0xcc, 0x8e], "10.6.0" => "10.12.0", "7A1", Axis),
    product!("AXIS" "M3106-L Mk II" Some("axis"), "camera", [0xb8, 0xa4, 0x4f], "9.80.3" => "9.80.42", "76A", Axis),
    product!("Bosch" "FLEXIDOME IP starlight 8000i" Some("bosch"), "camera", [0x00, 0x07, 0x5f], "7.70.0126" => "7.80.0128", "F0009F43", Bosch),
    product!("Hanwha Techwin" "XNV-6080R" Some("hanwha"), "camera", [0x00, 0x09, 0x18], "1.41.02_20210525" => "1.41.13_20220803", "XNV-6080R", Plain),
    product!("VIVOTEK" "IB9387-HT" Some("vivotek"), "camera", [0x00, 0x02, 0xd1], "IB9387-VVTK-0122a" => "IB9387-VVTK-0130b", "IB9387-HT", Plain),
    product!("MOBOTIX AG" "Mx-M73A" Some("mobotix"), "camera", [0x00, 0x03, 0xc5], "MX-V7.3.0.23" => "MX-V7.3.1.14", "M73", Plain),
    product!("IPC" "IPC-model" None, "camera", [0x02, 0x1a, 0x7b], "1.0.8" => "1.0.9", "1.0", Plain),
    product!("HIKVISION" "DS-7616NI-K2" Some("hikvision"), "recorder", [0x44, 0x19, 0xb6], "V4.30.085 build 200916" => "V4.61.005 build 221130", "88", Hikvision),
    product!("Dahua" "NVR4216-4KS2" Some("dahua"), "recorder", [0x3c, 0xef, 0x8c], "4.001.0000000.3.R" => "4.001.0000005.1.R", "1.00", Dahua),
    product!("Hanwha Techwin" "XRN-1620B1" Some("hanwha"), "recorder", [0x00, 0x09, 0x18], "4.08.00_20211110" => "4.16.02_20221114", "XRN-1620B1", Plain),
];

/// The product of this model.
pub(super) fn product(model: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.model == model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_follow_their_makers_grammar() {
        let mut random = Random::new(7);
        let serial =
            |model: &str, random: &mut Random| product(model).unwrap().serial(MacAddr([1, 2, 3, 4, 5, 6]), random);
        let hikvision = serial("DS-2CD2143G2-I", &mut random);
        let rest = hikvision.strip_prefix("DS-2CD2143G2-I20").unwrap();
        assert_eq!((&rest[6..11], rest.len()), ("AAWRF", 19), "{hikvision}");
        for _ in 0..50 {
            let dahua = serial("H4W2PER3", &mut random);
            assert_eq!((dahua.len(), &dahua[7..9]), (15, "PA"), "{dahua}");
            assert!(dahua[2..7].bytes().all(|octet| octet.is_ascii_hexdigit()), "{dahua}");
        }
        let uniview = serial("GX728MF-IR28", &mut random);
        assert!(uniview.starts_with("2102") && uniview.len() == 20, "{uniview}");
        assert_eq!(serial("P3245-LVE", &mut random), "010203040506");
    }

    #[test]
    fn a_label_alone_restricts_nobody() {
        assert!(product("H4W2PER3").unwrap().restricted());
        assert!(!product("P3245-LVE").unwrap().restricted());
        assert!(!product("IPC-model").unwrap().restricted());
    }
}
