//! The configuration: the shipped file says what the program does, and every bad one says what is wrong with it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use lenswarden::config::{self, CredentialKind, PolicyChoice, Sensitivity, watch::Watch};

const SHIPPED: &str = include_str!("../../config/lenswarden.toml");

fn parse(text: &str) -> Result<config::Config, String> {
    config::parse(text, Path::new("/nowhere/config.toml")).map_err(|problems| problems.to_string())
}

/// The shipped file with its examples in force, secrets and all, in a folder of its own.
fn with_examples(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("config.toml");
    std::fs::write(&path, SHIPPED.replace("#: ", "").replace("#:\n", "\n")).unwrap();
    for name in ["snmp-auth", "snmp-priv", "snmp-community", "onvif-password", "webhook-secret", "smtp-password"] {
        std::fs::write(folder.join(name), "correct horse\n").unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

#[test]
fn the_shipped_file_equals_the_compiled_defaults() {
    let mut shipped = parse(SHIPPED).unwrap();
    let compiled = parse("").unwrap();
    shipped.hash.clone_from(&compiled.hash);
    assert_eq!(shipped, compiled);
    assert_eq!(compiled.daemon.poll_every, Duration::from_secs(300));
    assert_eq!(compiled.policies, [PolicyChoice::Shipped("uk-gsg-2022".into())]);
}

#[test]
fn the_shipped_file_names_every_setting() {
    let source = include_str!("../../src/config/file.rs");
    let fields = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub(super) "))
        .filter_map(|rest| rest.split_once(':'));
    for (field, _) in fields {
        let key = if field == "privacy" { "priv".to_owned() } else { field.replace('_', "-") };
        // Inline secrets are in the comments: nobody should copy one.
        assert!(SHIPPED.contains(&key), "{key} is not in config/lenswarden.toml");
    }
}

#[test]
fn the_shipped_examples_are_taken_and_secrets_are_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config::load(&with_examples(folder.path())).unwrap();
    assert_eq!(config.sites[0].sensitivity, Sensitivity::Sensitive);
    assert_eq!(config.switches[0].address.to_string(), "10.1.0.2:161");
    assert!(!config.credentials[1].allows("10.1.0.2".parse().unwrap()), "no block names old-switches");
    let onvif = &config.credentials[2];
    assert!(onvif.allows("10.1.20.9".parse().unwrap()) && !onvif.allows("10.1.21.9".parse().unwrap()));
    assert_eq!(config.registers[0].file, folder.path().join("cameras.csv"));
    assert!(matches!(&onvif.secret, CredentialKind::Onvif { password, .. } if password.expose() == "correct horse"));
    assert!(!format!("{config:?}").contains("correct horse"));
}

#[test]
fn a_secret_open_to_others_is_refused_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_examples(folder.path());
    let secret = folder.path().join("snmp-auth");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
    let problems = config::load(&path).unwrap_err().to_string();
    assert!(
        problems.contains("mode 0640") && problems.contains(&format!("chmod 0600 {}", secret.display())),
        "{problems}"
    );
    std::fs::remove_file(&secret).unwrap();
    assert!(config::load(&path).unwrap_err().to_string().contains("cannot be read"));
    let inline = folder.path().join("inline.toml");
    std::fs::write(&inline, "[[credential]]\nid='a'\nkind='snmp-v2c'\ncommunity='x'\n").unwrap();
    std::fs::set_permissions(&inline, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(config::load(&inline).unwrap_err().to_string().contains("a secret is written here"));
    std::fs::set_permissions(&inline, std::fs::Permissions::from_mode(0o600)).unwrap();
    config::load(&inline).unwrap();
}

#[test]
fn every_bad_file_says_where_what_and_how() {
    let site = "[[site]]\nid='hq'\nsensitivity='standard'\n";
    let credential = "[[credential]]\nid='c'\nkind='snmp-v2c'\ncommunity='x'\n";
    let switch = "[[switch]]\nname='s'\naddress='10.0.0.1'\nsite='hq'\ncredential='c'\n";
    let cases: &[(&str, &[&str])] = &[
        ("[daemon]\npol-every='5m'\n", &["config.toml:2:1", "unknown field `pol-every`", "`poll-every`"]),
        ("[daemon]\npoll-every='soon'\n", &["2:12 daemon.poll-every", "'soon' is no duration", "30s, 5m"]),
        ("[daemon]\npoll-every='1ms'\n", &["too short"]),
        ("[daemon]\nconcurrency=0\n", &["0 is out of range", "1 to 4096"]),
        (
            "[[review]]\nname='a/b'\nschedule='daily'\nowner='x'\n\
             report={formats=['html'],folder='reports',alerts=['soc']}\n",
            &[
                "2:6 review.name: 'a/b' cannot be a part of a file's name",
                "review.report.folder: 'reports' is no absolute path",
                "there is no alert 'soc'",
            ],
        ),
        (
            "[[review]]\nname='a'\nschedule='daily'\nowner='x'\nreport={}\n",
            &["5:8 review.report", "neither what is written nor who is told"],
        ),
        (
            "[[review]]\nname='a'\nschedule='daily'\nowner='x'\nreport={formats=['pdf']}\n",
            &["unknown variant `pdf`", "`html`"],
        ),
        (
            "[[review]]\nname='a'\nschedule='daily'\nowner='x'\nreport={format=['html']}\n",
            &["unknown field `format`", "`formats`"],
        ),
        ("[traps]\nlisten='162'\n", &["2:8 traps.listen", "'162' is no address with a port", "0.0.0.0:162"]),
        ("[traps]\nlisten='0.0.0.0:0'\n", &["traps.listen", "no address with a port"]),
        ("[[site]]\nid='hq'\nsensitivity='secret'\n", &["unknown variant `secret`", "`sensitive`"]),
        ("[[site]]\nid='hq'\nsensitivity='sensitive'\n", &["the limb that makes it so", "socpa-2005"]),
        (&format!("{site}address-ranges=['10.1.0.5/16']\n"), &["bits set behind its prefix", "10.1.0.0/16"]),
        (&format!("{site}address-ranges=['10.1/16']\n"), &["'10.1/16' is no address range"]),
        (&format!("{site}{site}"), &["'hq' stands twice"]),
        (
            &format!("{site}[[network]]\nid='n'\nkind='core'\nsite='hp'\nvlans=[10]\n"),
            &["there is no site 'hp'", "did you mean 'hq'?"],
        ),
        ("[[network]]\nid='n'\nkind='core'\nvlans=[4095, '9-1']\n", &["'4095' is no VLAN", "'9-1' runs backwards"]),
        ("[[network]]\nid='n'\nkind='core'\n", &["it holds nothing"]),
        (&format!("{site}{switch}"), &["there is no credential 'c'", "there is no [[credential]] yet"]),
        (&format!("{site}{credential}{}", switch.replace("10.0.0.1", "sw1.example")), &["'sw1.example' is no address"]),
        (&format!("{site}{credential}allow=['10.9.0.0/16']\n{switch}"), &["'c' may not be sent to 10.0.0.1", "allow"]),
        (
            &format!("{site}[[credential]]\nid='c'\nkind='onvif'\nuser='u'\npassword='p'\n{switch}"),
            &["'c' is for cameras"],
        ),
        (
            "[[credential]]\nid='c'\nkind='snmp-v3'\nuser='u'\nauth={protocol='sha256',password='short'}\n",
            &["shorter than 8"],
        ),
        (
            "[[credential]]\nid='c'\nkind='snmp-v3'\nuser='u'\npriv={protocol='aes128',password='long enough'}\n",
            &["privacy needs authentication"],
        ),
        ("[[credential]]\nid='c'\nkind='snmp-v2c'\n", &["a secret is missing", "community-file"]),
        (&format!("{site}[[cameras]]\nsite='hq'\nsubnets=['10.0.0.0/8']\n"), &["too many to look at"]),
        ("[[policy]]\n", &["either pack or file"]),
        ("[[review]]\nname='r'\nschedule='sometimes'\nowner='o'\n", &["'sometimes' is no schedule", "quarterly"]),
        ("[[review]]\nname='r'\nschedule='daily'\ntime-zone='Mars/Base'\nowner='o'\n", &["no time zone 'Mars/Base'"]),
        (
            "[decisions]\nremoval-rounds=2\n",
            &["2:16 decisions.removal-rounds: 2 rounds prove no removal", "merely quiet", "at least 3"],
        ),
        ("[decisions]\nremoval-rounds=1001\n", &["1001 is out of range", "3 to 1000"]),
        ("[decisions]\nremoval-proof='6d'\n", &["decisions.removal-proof: '6d' is too short", "at least 7d"]),
        ("[decisions]\nremoval-proof='999999999999999999d'\n", &["is no duration"]),
        ("[house-rules]\nno-password='loud'\n", &["config.toml:2:13", "unknown variant `loud`", "`off`"]),
        ("[house-rules]\nno-pasword='off'\n", &["unknown field `no-pasword`", "`no-password`"]),
        ("[house-rules]\nnew-device-within='1m'\n", &["2:19 house-rules.new-device-within", "too short"]),
        ("[house-rules]\nknown-servers=['a b']\n", &["house-rules.known-servers", "'a b' is no server", "ntp.example"]),
        ("[house-rules]\nknown-servers=['10.0.0.1/8']\n", &["has bits set behind its prefix"]),
        (&format!("{site}[[register]]\nname='r'\nfile='r.csv'\nsite='hp'\n"), &["register.site", "did you mean 'hq'?"]),
        ("[[register]]\nname='r'\nfile='r.csv'\ndelimiter='::'\n", &["register.delimiter", "'::' stands between no"]),
        ("[[register]]\nname='r'\nfile='r.csv'\ncolumns={colour='x'}\n", &["unknown field `colour`", "`serial`"]),
        ("[[register]]\nname='r'\nfile='a'\n[[register]]\nname='r'\nfile='b'\n", &["register.name: 'r' stands twice"]),
        ("[[alert]]\nkind='pigeon'\n", &["unknown variant `pigeon`"]),
        ("[[alert]]\nkind='syslog'\nwhen=['loud']\n", &["alert.when: 'loud' is nothing", "breach, action"]),
        ("[[alert]]\nkind='syslog'\nwhen=[]\n", &["alert.when: nothing would ever be sent"]),
        ("[[alert]]\nkind='syslog'\naddress='log example'\n", &["'log example' is no address", "10.1.0.5:514"]),
        ("[[alert]]\nkind='syslog'\naddress='10.1.0.999'\n", &["'10.1.0.999' is no address"]),
        ("[[alert]]\nkind='syslog'\ntransport='tcp'\n", &["alert.transport: a local socket has none"]),
        ("[[alert]]\nkind='syslog'\naddress='a.b'\ntransport='ssl'\n", &["there is no 'ssl'", "udp, tcp or tls"]),
        ("[[alert]]\nkind='syslog'\naddress='a.b'\nca-file='x'\n", &["alert.ca-file: only TLS has certificates"]),
        ("[[alert]]\nkind='syslog'\nurl='https://a.b/'\n", &["kind \"syslog\" has no url", "it has address"]),
        ("[[alert]]\nkind='webhook'\n", &["alert.url: there is no URL"]),
        ("[[alert]]\nkind='webhook'\nurl='ftp://a.b/'\n", &["no URL of http or https"]),
        ("[[alert]]\nkind='webhook'\nurl='http://a.b/'\n", &["it would go in the clear", "security = \"none\""]),
        ("[[alert]]\nkind='webhook'\nurl='https://u:p@a.b/'\n", &["no user and no password", "secret-file"]),
        ("[[alert]]\nkind='webhook'\nurl='https://a.b/'\nsecret-file='gone'\n", &["alert.secret", "cannot be read"]),
        ("[[alert]]\nkind='webhook'\nurl='https://a.b/'\nca-file='gone'\n", &["alert.ca-file", "cannot be read"]),
        ("[[alert]]\nkind='webhook'\nurl='https://a.b/'\ntimeout='10m'\n", &["five minutes at most"]),
        ("[[alert]]\nkind='webhook'\nurl='https://a.b/'\nat-once=['breach']\n", &["a meaning only beside digest"]),
        ("[[alert]]\nkind='webhook'\nurl='https://a.b/'\ndigest='often'\n", &["alert.digest: 'often' is no schedule"]),
        (
            "[[alert]]\nkind='smtp'\nsecurity='none'\nuser='u'\npassword='p'\n",
            &["alert.security: a password never goes in the clear"],
        ),
        (
            "[[alert]]\nkind='smtp'\nserver='mail example'\nfrom='nobody'\nto=['a@b.example', 'x']\n",
            &["there is no mail server", "'nobody' is no mail address", "alert.to: 'x' is no mail address"],
        ),
        ("[[alert]]\nkind='smtp'\nsecurity='maybe'\n", &["there is no 'maybe'", "starttls, tls or none"]),
        ("[[alert]]\nkind='journal'\naddress='here'\n", &["'here' is no socket's path", "/run/systemd/journal/socket"]),
        ("[[alert]]\nkind='command'\n", &["there is no command"]),
        ("[[alert]]\nkind='command'\ncommand=['page']\n", &["a program's whole path"]),
        ("[[maintenance]]\nname='m'\nschedule='daily'\nlasts='2h'\n", &["it is nowhere", "switches"]),
        (&format!("{site}[[maintenance]]\nname='m'\nsite='hq'\n"), &["it is not said when", "lasts"]),
        (
            &format!("{site}[[maintenance]]\nname='m'\nsite='hp'\nswitches=['sw1']\n"),
            &["no site 'hp'", "no switch 'sw1'"],
        ),
        (
            &format!("{site}[[maintenance]]\nname='m'\nsite='hq'\nfrom='2027-01-09T22:00'\nuntil='2027-01-09T21:00'\n"),
            &["it ends before it begins"],
        ),
        (
            &format!("{site}[[maintenance]]\nname='m'\nsite='hq'\nschedule='weekly'\nlasts='8d'\n"),
            &["the window is too long", "seven days"],
        ),
        (
            &format!("{site}[[maintenance]]\nname='m'\nsite='hq'\nfrom='tonight'\nuntil='2027-01-09T21:00'\n"),
            &["'tonight' is no moment", "2027-01-09T22:00"],
        ),
        ("[[alert]]\nkind='syslog'\nname='a'\n[[alert]]\nkind='syslog'\nname='a'\n", &["'a' stands twice"]),
        ("[daemon\n", &["config.toml:1:"]),
    ];
    for (text, expected) in cases {
        let problems = parse(text).expect_err(text);
        for part in *expected {
            assert!(problems.contains(part), "{text}\nlacks '{part}':\n{problems}");
        }
    }
}

#[test]
fn every_version_and_protocol_of_snmp_can_be_configured() {
    let v3 = |privacy: &str| {
        format!(
            "[[credential]]\nid='c'\nkind='snmp-v3'\nuser='u'\nauth={{protocol='md5',password='long enough'}}\n\
             priv={{protocol='{privacy}',password='long enough'}}\n"
        )
    };
    for privacy in ["des", "3des", "aes128", "aes192", "aes256", "aes192-reeder", "aes256-reeder"] {
        let config = parse(&v3(privacy)).expect(privacy);
        assert!(matches!(&config.credentials[0].secret, CredentialKind::SnmpV3 { privacy: Some(_), .. }), "{privacy}");
        assert!(SHIPPED.contains(privacy), "{privacy} is not in config/lenswarden.toml");
    }
    let v1 = parse("[[credential]]\nid='c'\nkind='snmp-v1'\ncommunity='x'\n").unwrap();
    let v2c = parse("[[credential]]\nid='c'\nkind='snmp-v2c'\ncommunity='x'\n").unwrap();
    assert!(matches!(&v1.credentials[0].secret, CredentialKind::SnmpV1 { .. }));
    assert_ne!(v1.credentials[0].fingerprint(""), v2c.credentials[0].fingerprint(""));
}

#[test]
fn all_problems_come_at_once() {
    let text = "[daemon]\npoll-every='soon'\n[[review]]\nname='r'\nschedule='x'\nowner='o'\n[[policy]]\n";
    let problems = config::parse(text, Path::new("c.toml")).unwrap_err();
    assert_eq!(problems.0.len(), 3, "{problems}");
}

#[tokio::test]
async fn the_watch_sees_a_write_and_a_replacement() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, "").unwrap();
    let mut watch = Watch::new(&path).unwrap();
    let limit = Duration::from_secs(10);
    std::fs::write(&path, "[daemon]\n").unwrap();
    tokio::time::timeout(limit, watch.changed()).await.expect("a write");
    std::fs::write(folder.path().join(".new"), "[snmp]\n").unwrap();
    std::fs::rename(folder.path().join(".new"), &path).unwrap();
    tokio::time::timeout(limit, watch.changed()).await.expect("a replacement");
}

#[test]
fn a_bad_file_that_is_taken_back_is_no_longer_shown() {
    let house = crate::house::House::new("");
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let good = std::fs::read_to_string(house.path("config.toml")).unwrap();
    house.configure("config.toml", "[[site]]\nid = \"x\"\nsensitivity = \"loud\"\n");
    house.until("the problem shows", |snapshot| snapshot.daemon.configuration_problem.contains("`loud`"));
    std::fs::write(house.path("config.toml"), good).unwrap();
    house.until("the problem is gone", |snapshot| snapshot.daemon.configuration_problem.is_empty());
    daemon.stop();
}

#[test]
fn who_only_looks_needs_no_secret_and_no_faultless_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let daemon = "[daemon]\ndatabase = \"/srv/l.db\"\npoll-every = \"9m\"\n";
    for rest in [
        // The daemon's secret, which nobody else may read.
        "[[credential]]\nid = 'c'\nkind = 'snmp-v2c'\ncommunity-file = 'nowhere'\n",
        "[[site]]\nid = 'x'\nsensitivity = 'loud'\n",
        "[[site\nid=\n",
    ] {
        std::fs::write(&path, format!("{daemon}{rest}")).unwrap();
        assert!(config::load(&path).is_err(), "{rest}");
        let settings = config::load_daemon(&path).unwrap();
        assert_eq!((settings.database.to_str(), settings.poll_every.as_secs()), (Some("/srv/l.db"), 540), "{rest}");
    }
    for (bad, words) in [("poll-every = 'soon'", "is no duration"), ("datbase = 'x'", "unknown field `datbase`")] {
        std::fs::write(&path, format!("[daemon]\n{bad}\n")).unwrap();
        let problems = config::load_daemon(&path).unwrap_err().to_string();
        assert!(problems.contains(words) && problems.contains(":2:"), "{problems}");
    }
    let missing = config::load_daemon(&folder.path().join("none.toml")).unwrap_err().to_string();
    assert!(missing.contains("cannot be read") && missing.contains("lenswarden demo"), "{missing}");
}

#[test]
fn what_two_networks_claim_alike_is_a_problem_and_a_closer_word_is_none() {
    let head = "[[site]]\nid = \"hq\"\nsensitivity = \"standard\"\n[[credential]]\nid = \"c\"\nkind = \"snmp-v2c\"\n\
                community = \"x\"\n[[switch]]\nname = \"sw1\"\naddress = \"10.0.0.1\"\nsite = \"hq\"\ncredential = \"c\"\n";
    let two = |one: &str, other: &str| {
        let network = |id: &str, lines: &str| format!("[[network]]\nid = \"{id}\"\nkind = \"other\"\n{lines}\n");
        parse(&format!("{head}{}{}", network("a", one), network("b", other)))
    };
    let conflicts = [
        ("vlans = [10]", "vlans = [\"5-20\"]", "VLAN 10 is in 'a' already"),
        ("site = \"hq\"\nvlans = [10]", "site = \"hq\"\nvlans = [10]", "VLAN 10 is in 'a' already"),
        ("vlans = [10]\nswitches = [\"sw1\"]", "site = \"hq\"\nvlans = [10]\nswitches = [\"sw1\"]", "VLAN 10"),
        ("subnets = [\"10.1.0.0/16\"]", "subnets = [\"10.1.0.0/16\"]", "subnet 10.1.0.0/16 is in 'a' already"),
        (
            "ports = [{ switch = \"sw1\", port = \"gi1\" }]",
            "ports = [{ switch = \"sw1\", port = \"gi1\" }]",
            "port gi1 of sw1 is in 'a' already",
        ),
        ("vlans = [1]", "vlans = [2]\nswitches = [\"sw2\"]", "did you mean 'sw1'?"),
        ("vlans = [1]", "site = \"hq\"", "it holds nothing"),
        ("vrfs = [\"cctv\"]", "vrfs = [\"cctv\"]", "VRF cctv is in 'a' already"),
        (
            "vrfs = [\"cctv\"]\nsubnets = [\"10.1.0.0/16\"]",
            "vrfs = [\"lab\", \"cctv\"]\nsubnets = [\"10.1.0.0/16\"]",
            "subnet 10.1.0.0/16 of VRF cctv is in 'a' already",
        ),
        (
            "vrfs = [\"cctv\"]\nswitches = [\"sw1\"]",
            "site = \"hq\"\nvrfs = [\"cctv\"]\nswitches = [\"sw1\"]",
            "VRF cctv",
        ),
        ("vlans = [1]", "vrfs = [\"two words\"]", "'two words' is no name of a VRF"),
        ("vlans = [1]", "vrfs = [\"cctv\", \"cctv\"]", "'cctv' stands there twice"),
    ];
    for (one, other, words) in conflicts {
        let problems = two(one, other).unwrap_err();
        assert!(problems.contains(words), "{one} / {other}: {problems}");
    }
    let good = [
        ("vlans = [10]", "site = \"hq\"\nvlans = [10]"),
        ("vlans = [10]", "vlans = [10]\nswitches = [\"sw1\"]"),
        ("subnets = [\"10.1.0.0/16\"]", "subnets = [\"10.1.2.0/24\"]"),
        ("vlans = [10]", "ports = [{ switch = \"sw1\", port = \"gi1\" }]"),
        ("vrfs = [\"cctv\"]", "site = \"hq\"\nvrfs = [\"cctv\"]"),
        ("vrfs = [\"cctv\"]", "vrfs = [\"cctv\"]\nswitches = [\"sw1\"]"),
        ("vrfs = [\"cctv\"]", "vrfs = [\"cctv\"]\nsubnets = [\"10.1.0.0/16\"]"),
        ("vrfs = [\"cctv\"]\nsubnets = [\"10.1.0.0/16\"]", "vrfs = [\"lab\"]\nsubnets = [\"10.1.0.0/16\"]"),
        ("vrfs = [\"cctv\"]\nsubnets = [\"10.1.0.0/16\"]", "subnets = [\"10.1.0.0/16\"]"),
    ];
    for (one, other) in good {
        two(one, other).unwrap();
    }
}
