//! Recorded cameras polled by the daemon, and what it makes of them.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use lenswarden::daemon::Outcome;
use lenswarden::lab::Replay;

use super::captures::folder;
use super::daemon::Station;
use super::double::{envelope, reply, silence};

/// Folder; what `explain` must say: who made it and how sure that is, what it is, and which mark says so.
const CAMERAS: [(&str, &[&str]); 9] = [
    (
        "AXIS-P3818-PVE-11.9.60",
        &[
            "maker Axis",
            "model P3818-PVE   firmware 11.9.60   serial B8A44FA04F26",
            "onvif manufacturer   'AXIS' is the name of Axis",
            "b8:a4:4f is registered to Axis",
        ],
    ),
    (
        "Bosch-AUTODOME-IP-starlight-5000i-7.80.0128",
        &[
            "maker Bosch",
            "model AUTODOME IP starlight 5000i   firmware 7.80.0128   serial 044566917926150010",
            "onvif manufacturer   'Bosch' is the name of Bosch",
        ],
    ),
    (
        "Bosch-FLEXIDOME-IP-starlight-8000i-7.70.0126",
        &[
            "maker Bosch",
            "model FLEXIDOME IP starlight 8000i   firmware 7.70.0126   serial 044518807925140011",
            "onvif manufacturer   'Bosch' is the name of Bosch",
        ],
    ),
    (
        "IPD-H4K8M05-BS",
        &["model IPD-H4K8M05-BS   firmware V1.04.10-190309   serial 071D3E36963F", "onvif                it answers"],
    ),
    (
        "IPG-8150PSS",
        &[
            "model IPG-8150PSS   firmware 1.3.0-20210203CN-PT   serial I207215E7840DFDA9877E8B",
            "onvif                it answers",
        ],
    ),
    (
        "REOLINK-E1-Zoom-v3.1.0.2649-23083101",
        &[
            "maker Reolink",
            "model E1 Zoom   firmware v3.1.0.2649_23083101   serial 192168261",
            "onvif manufacturer   'REOLINK' is the name of Reolink",
        ],
    ),
    // Sold as SUNBA: its serial number and its firmware are Uniview's.
    (
        "SUNBA",
        &[
            "maker Uniview",
            "sold as SUNBA",
            "model Performance-Series   firmware QIPC-B2202.3.73.C06290.NB.230628   serial 210231T2H63235000045",
            "serial grammar",
            "firmware grammar",
        ],
    ),
    (
        "SUNBA.405",
        &[
            "maker Xiongmai",
            "model XM530_50X50-WG_8M   firmware V5.00.R02",
            "serial f0d2d8a9c5380a0f",
            "firmware grammar",
        ],
    ),
    // It tells nobody who it is: a camera all the same, and never clean.
    ("unknown-device", &["class camera"]),
];

/// Polls a camera a folder at 127.`net`.0.1 and on, and returns what `explain` says of each.
async fn explained(net: u8, folders: &[PathBuf]) -> Vec<String> {
    let address = |number: usize| Ipv4Addr::new(127, net, 0, u8::try_from(number).unwrap() + 1);
    let mut replays = Vec::new();
    let mut port = 0;
    for (number, folder) in folders.iter().enumerate() {
        let replay = Replay::start(folder, address(number), port).unwrap();
        port = replay.address().port();
        replays.push(replay);
    }
    let silence = silence().await;
    let discovery = silence.local_addr().unwrap().port();
    let more = format!("ports = [{port}]\ndiscovery-port = {discovery}\n");
    let station = Station::new(&format!("127.{net}.0.0/28"), &more);
    assert_eq!(station.round().await, Outcome::Complete);
    (0..folders.len()).map(|number| station.says(&["explain", &address(number).to_string()])).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn each_recorded_camera_is_polled_and_explained() {
    let folders: Vec<PathBuf> = CAMERAS.iter().map(|(name, _)| folder().join(name)).collect();
    let mut missing = Vec::new();
    for (said, (name, expected)) in explained(90, &folders).await.iter().zip(CAMERAS) {
        let absent = expected.iter().filter(|words| !said.contains(**words));
        missing.extend(absent.map(|words| format!("{name}: '{words}' is not in\n{said}")));
        assert!(!said.contains("not-restricted   class camera   maker unknown"), "{name} is unknown, not clean");
    }
    assert!(missing.is_empty(), "{}", missing.join("\n\n"));
}

/// Units that others sell, by what real ones say of themselves, retyped.
#[tokio::test(flavor = "multi_thread")]
async fn units_under_another_label_are_told_by_their_serial_numbers_and_firmware() {
    let units = [
        ("Hikvision", ["ONVIF", "ENP1A14-IR/25X", "V5.5.3 build 180822", "ENP1A14-IR/25X20190430AAWRD14878498W"]),
        ("Dahua", ["General", "N864A6", "4.001.0000000.3.R", "3K04D2DPAZ5C8B1"]),
        ("Uniview", ["NONE", "GX728MF-IR28", "IPC_G6106-B0005P11D1812C03", "210235T8HQ3197000191"]),
    ];
    let home = tempfile::tempdir().unwrap();
    let mut folders = Vec::new();
    for (maker, [manufacturer, model, firmware, serial]) in units {
        let folder = home.path().join(maker);
        std::fs::create_dir(&folder).unwrap();
        let said = envelope(&format!(
            "<tds:GetDeviceInformationResponse><tds:Manufacturer>{manufacturer}</tds:Manufacturer><tds:Model>{model}\
             </tds:Model><tds:FirmwareVersion>{firmware}</tds:FirmwareVersion><tds:SerialNumber>{serial}</tds:SerialNumber>\
             <tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>"
        ));
        std::fs::write(folder.join("GetDeviceInformation-1.xml"), said).unwrap();
        std::fs::write(folder.join("GetSystemDateAndTime-1.xml"), reply("GetSystemDateAndTime", 0)).unwrap();
        folders.push(folder);
    }
    for (said, (maker, [_, model, firmware, serial])) in explained(91, &folders).await.iter().zip(units) {
        let told = format!("model {model}   firmware {firmware}   serial {serial}");
        for words in [format!("restricted   class camera   maker {maker}, confirmed"), told, "serial grammar".into()] {
            assert!(said.contains(&words), "'{words}' is not in\n{said}");
        }
    }
}
