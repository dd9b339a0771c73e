//! Registers as people export them.

use super::*;
use crate::config::Sensitivity;

const BLOCK: &str = "[[site]]\nid='hq'\nname='Headquarters'\nsensitivity='standard'\n[[register]]\nname='estates'\n\
                     file='r.csv'\n";

fn read(more: &str, octets: &[u8]) -> Result<Register, (String, String)> {
    let config = crate::config::parse(&format!("{BLOCK}{more}"), Path::new("/nowhere/c.toml")).unwrap();
    assert_eq!(config.sites[0].sensitivity, Sensitivity::Standard);
    config.registers[0].read(octets, Timestamp(1), &config.sites)
}

fn faults(register: &Register) -> Vec<(u64, String)> {
    register.faults.iter().map(|fault| (fault.line, fault.what.clone())).collect()
}

#[test]
fn an_export_of_netbox_is_understood_without_a_word() {
    let text = "Name,Status,Tenant,Site,Role,Manufacturer,Type,Serial number,Asset tag,IP Address\r\n\
                lobby,Active,,Headquarters,Camera,Hikvision,DS-2CD2143G0-I,S1,A1,10.1.20.7/24\r\n\
                \"core, old\",Offline,,hq,Switch,Cisco,C9300,S2,,\r\n";
    let register = read("", text.as_bytes()).unwrap();
    assert_eq!((register.faults.as_slice(), &register.sites), ([].as_slice(), &["hq".into()].into()));
    let [lobby, core] = register.entries.as_slice() else { panic!("{register:?}") };
    assert_eq!((lobby.id.to_string().as_str(), lobby.line, core.line), ("estates/A1", 2, 3));
    assert_eq!(
        (lobby.serial.as_ref().map(DeviceText::as_str), lobby.ips.as_slice()),
        (Some("S1"), ["10.1.20.7".parse().unwrap()].as_slice())
    );
    assert_eq!((lobby.what.as_str(), lobby.site.as_ref()), ("Hikvision DS-2CD2143G0-I", Some(&"hq".into())));
    assert_eq!((core.id.key.as_str(), core.name.as_ref().map(DeviceText::as_str)), ("S2", Some("core, old")));
    let cameras = read("only = { role = ['camera'], STATUS = ['Active', 'Staged'] }\n", text.as_bytes()).unwrap();
    assert_eq!(cameras.entries.len(), 1);
}

#[test]
fn columns_may_have_other_names_and_cells_another_sign_and_coding_between_them() {
    let mapped = "site = 'hq'\ncolumns = { mac = 'Netzwerkadresse', name = 'Gerät' }\n";
    let text = "Gerät;Netzwerkadresse;Ort\nTür;44-19-B6-00-00-01;x\n";
    let (latin, _, _) = WINDOWS_1252.encode(text);
    for octets in [text.as_bytes(), &latin, &[b"\xef\xbb\xbf", text.as_bytes()].concat()] {
        let register = read(mapped, octets).unwrap();
        let entry = &register.entries[0];
        assert_eq!(
            (entry.name.as_ref().map(DeviceText::as_str), entry.mac),
            (Some("Tür"), "44:19:b6:00:00:01".parse().ok())
        );
        assert_eq!(entry.site, Some("hq".into()));
    }
}

#[test]
fn every_row_that_cannot_be_used_is_told_with_its_line() {
    let text = "name,mac,ip,site\na,44:19:b6:00:00:01,10.1.0.7,hq\n\nb,nonsense,10.1.0.999,hq\n,,,hq\nc,,\n\
                d,44:19:b6:00:00:01,,hq\ne,,,moon\nf,-,n/a,hq\n";
    let register = read("site = 'hq'\n", text.as_bytes()).unwrap();
    let keys: Vec<&str> = register.entries.iter().map(|entry| entry.id.key.as_str()).collect();
    assert_eq!(keys, ["44:19:b6:00:00:01", "b", "e", "f"]);
    let expected = [
        (4, "'nonsense' is no MAC address"),
        (4, "'10.1.0.999' is no IP address"),
        (5, "no MAC address, serial number, IP address or name: nobody can look for it"),
        (6, "3 cells where the heading has 4: the row is left out"),
        (7, "'44:19:b6:00:00:01' stands in line 2 already: the row is left out"),
        (8, "there is no site 'moon': its site is 'hq'"),
    ];
    assert_eq!(faults(&register), expected.map(|(line, what)| (line, what.to_owned())));
    // What is no entry is something that nobody can look for: it counts as listed and not found.
    assert_eq!(register.faults.iter().filter(|fault| fault.lost == Some("hq".into())).count(), 3);
}

#[test]
fn what_is_no_register_is_refused_with_how_to_mend_it() {
    let refused = |more: &str, text: &str, words: &str| {
        let (message, hint) = read(more, text.as_bytes()).unwrap_err();
        let told = format!("{message}; {hint}");
        assert!(told.contains(words), "{told}");
    };
    refused("", "name,mac\na,b\n", "no column of it tells the site; site = ");
    refused("site = 'hq'\n", "colour,size\nred,2\n", "no column of it tells which device is meant");
    refused(
        "site = 'hq'\ncolumns = { mac = 'HW' }\n",
        "name,mac\na,b\n",
        "no column 'HW'; its headings are: name, mac",
    );
    refused("site = 'hq'\nonly = { Role = ['Camera'] }\n", "name\na\n", "no column 'Role'");
    refused("", "", "no column");
    refused("site = 'hq'\n", &"a,".repeat(MOST_COLUMNS + 1), "more than 512 columns");
}

#[test]
fn what_a_cell_says_is_cleaned_and_bounded() {
    let long = "x".repeat(100_000);
    let text = format!("name,mac,site\n\u{1b}[31mred\u{202e},,hq\n{long},,hq\n");
    let register = read("", text.as_bytes()).unwrap();
    let names: Vec<&str> =
        register.entries.iter().filter_map(|entry| entry.name.as_ref().map(DeviceText::as_str)).collect();
    assert!(names.iter().all(|name| !name.contains(['\u{1b}', '\u{202e}'])), "{names:?}");
    assert!(names[1].chars().count() <= crate::net::text::MAX_CHARS + 1);
}

#[test]
fn the_day_of_installation_is_read_where_it_is_a_day() {
    let text = "Asset tag,Site,MAC,Install date\nA1,hq,44:19:b6:00:00:01,2019-05-31\nA2,hq,44:19:b6:00:00:02,03/04/2019\n\
                A3,hq,44:19:b6:00:00:03,\nA4,hq,44:19:b6:00:00:04,soon\n";
    let register = read("", text.as_bytes()).unwrap();
    let days: Vec<_> = register.entries.iter().map(|entry| entry.installed).collect();
    assert_eq!(days, [Some(jiff::civil::date(2019, 5, 31)), None, None, None]);
    let expected = [
        (3, "'03/04/2019' may be two days: write 2019-05-31; when it was installed is left out"),
        (5, "'soon' is no day: write 2019-05-31"),
    ];
    assert_eq!(faults(&register), expected.map(|(line, what)| (line, what.to_owned())));
    let named =
        read("columns = { installed = 'Inbetriebnahme' }\n", b"Name,Site,Inbetriebnahme\na,hq,31.05.2019\n").unwrap();
    assert_eq!(named.entries[0].installed, Some(jiff::civil::date(2019, 5, 31)));
}
