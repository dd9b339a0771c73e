use proptest::prelude::*;

use super::*;

fn read(header: &str) -> Vec<Challenge> {
    challenges(std::iter::once(header.as_bytes()))
}

fn answered(header: &str, cnonce: &str, password: &str) -> String {
    let challenge = read(header).into_iter().find(Challenge::usable).unwrap();
    let value = with_cnonce(&challenge, "GET", "/dir/index.html", "Mufasa", password, cnonce).unwrap();
    String::from_utf8(value).unwrap()
}

#[test]
fn answers_are_those_of_rfc_2617_and_rfc_7616() {
    let old = answered(
        r#"Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
           opaque="5ccc069c403ebaf9f0171e9517f40e41""#,
        "0a4f113b",
        "Circle Of Life",
    );
    assert!(old.ends_with(r#"response="6629fae49393a05397450978507c4ef1""#), "{old}");
    assert!(old.contains(r#"opaque="5ccc069c403ebaf9f0171e9517f40e41""#) && !old.contains("algorithm"), "{old}");
    let challenge = |algorithm: &str| {
        format!(
            r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},
               nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
               opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        )
    };
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let md5 = answered(&challenge("MD5"), cnonce, "Circle of Life");
    assert!(md5.contains("8ca523f5e9506fed4657c9700eebdbec") && md5.contains("algorithm=MD5,"), "{md5}");
    let sha = answered(&challenge("SHA-256"), cnonce, "Circle of Life");
    assert!(sha.contains("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"), "{sha}");
}

#[test]
fn without_qop_there_is_no_count_and_with_sess_the_secret_is_hashed_again() {
    let plain = answered(r#"Digest realm="r", nonce="n""#, "c", "p");
    let secret = hex::<Md5>(&[b"Mufasa", b"r", b"p"]);
    let asked = hex::<Md5>(&[b"GET", b"/dir/index.html"]);
    let response = hex::<Md5>(&[secret.as_bytes(), b"n", asked.as_bytes()]);
    assert_eq!(
        plain,
        format!(r#"Digest username="Mufasa", realm="r", nonce="n", uri="/dir/index.html", response="{response}""#)
    );
    let session = answered(r#"Digest realm="r", nonce="n", algorithm="MD5-sess", qop=auth"#, "c", "p");
    let secret = hex::<Md5>(&[secret.as_bytes(), b"n", b"c"]);
    let response = hex::<Md5>(&[secret.as_bytes(), b"n", b"00000001", b"c", b"auth", asked.as_bytes()]);
    assert!(session.contains(&response) && session.contains("algorithm=MD5-sess"), "{session}");
}

#[test]
fn challenges_are_read_as_cameras_write_them() {
    let both = read(r#"Basic realm="TP-LINK IP-Camera", Digest realm="TP-LINK IP-Camera", nonce="ab=", qop="auth""#);
    assert_eq!(both.iter().map(|one| one.scheme.as_str()).collect::<Vec<_>>(), ["basic", "digest"]);
    assert_eq!(both[1].get("nonce"), Some("ab="));
    let odd = &read(r#"digest realm=cam nonce="x\"y" QOP="auth" , Stale=TRUE"#)[0];
    assert_eq!((odd.get("realm"), odd.get("nonce")), (Some("cam"), Some("x\"y")));
    assert!(odd.usable() && odd.stale());
    assert!(!read("Basic realm=\"x\"")[0].usable());
    assert!(!read(r#"Digest realm="x", nonce="n", qop="auth-int""#)[0].usable());
    assert!(!read(r#"Digest realm="x", nonce="n", algorithm=SHA-512-256"#)[0].usable());
    assert!(!read(r#"Digest realm="x""#)[0].usable());
    let two = challenges([&b"Basic realm=\"b\""[..], b"Digest realm=\"d\xe9\", nonce=\"n\""].into_iter());
    assert_eq!(two.len(), 2);
    let raw = with_cnonce(&two[1], "POST", "/", "u", "p", "c").unwrap();
    assert!(raw.windows(10).any(|window| window == b"realm=\"d\xe9\""), "octets are echoed as they came");
}

proptest! {
    #[test]
    fn no_header_makes_it_panic_or_grow(header in proptest::collection::vec(any::<u8>(), 0..600)) {
        let found = challenges(std::iter::once(header.as_slice()));
        prop_assert!(found.len() <= MAX_CHALLENGES);
        for challenge in found {
            prop_assert!(challenge.parameters.len() <= MAX_PARAMETERS);
            let _ = with_cnonce(&challenge, "POST", "/", "u", "p", "c");
        }
    }

    #[test]
    fn no_header_like_a_challenge_makes_it_panic(header in "(Digest |Basic |nonce|=|\"|,| |\\\\|a){0,60}") {
        let _ = read(&header);
    }
}
