use actix_web::ResponseError as _;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{are_same_bytes, check_admin, check_client, closed_services, instance_of};
use crate::{ClientCredentials, Credentials, Settings};

fn pair(username: &str, password: &str) -> Credentials {
    Credentials { username: username.to_owned(), password: password.to_owned() }
}

fn headers(pairs: &[(HeaderName, String)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::try_from(value).unwrap())).collect()
}

fn basic(username: &str, password: &str) -> HeaderMap {
    let encoded = BASE64_STANDARD.encode(format!("{username}:{password}"));
    headers(&[(AUTHORIZATION, format!("Basic {encoded}"))])
}

fn with_admin() -> Settings {
    Settings { admin: Some(pair("admin", "s:e:c")), ..Settings::default() }
}

#[test]
fn administration_wants_the_right_pair() {
    let settings = with_admin();
    assert!(check_admin(&basic("admin", "s:e:c"), &settings).is_ok(), "a password may contain colons");
    for wrong in [
        basic("admin", "s:e"),
        basic("admin", "s:e:c:d"),
        basic("admi", "s:e:c"),
        basic("", ""),
        HeaderMap::new(),
        headers(&[(AUTHORIZATION, "Bearer abc".to_owned())]),
        headers(&[(AUTHORIZATION, "Basic ???".to_owned())]),
        headers(&[(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode("admin")))]),
    ] {
        let refused = check_admin(&wrong, &settings).unwrap_err();
        assert_eq!(refused.status_code().as_u16(), 401, "{wrong:?}");
    }
}

#[test]
fn without_configured_credentials_nobody_administers() {
    assert!(check_admin(&basic("", ""), &Settings::default()).is_err());
}

#[test]
fn the_guides_header_is_read_only_when_asked_for() {
    let encoded = BASE64_STANDARD.encode("admin:s:e:c");
    let legacy = headers(&[(HeaderName::from_static("authentication"), format!("Basic={encoded}"))]);
    assert!(check_admin(&legacy, &with_admin()).is_err());
    let settings = Settings { legacy_authentication_header: true, ..with_admin() };
    assert!(check_admin(&legacy, &settings).is_ok());
}

#[test]
fn pages_of_other_origins_do_not_administer() {
    let mut given = basic("admin", "s:e:c");
    given.insert(HOST, HeaderValue::from_static("calls.example:8080"));
    given.insert(ORIGIN, HeaderValue::from_static("http://calls.example:8080"));
    assert!(check_admin(&given, &with_admin()).is_ok(), "our own pages do");
    for foreign in ["http://elsewhere.example", "null"] {
        given.insert(ORIGIN, HeaderValue::from_static(foreign));
        assert_eq!(check_admin(&given, &with_admin()).unwrap_err().status_code().as_u16(), 403, "{foreign}");
    }
    given.insert(ORIGIN, HeaderValue::from_static("http://elsewhere.example"));
    let settings = Settings { trusted_origins: vec!["http://elsewhere.example".to_owned()], ..with_admin() };
    assert!(check_admin(&given, &settings).is_ok());
}

#[test]
fn service_paths_are_open_until_client_credentials_are_configured() {
    let path = "/genesys/1/service/callback/billing";
    assert!(check_client(path, None, &HeaderMap::new(), &Settings::default()).is_ok());
}

#[test]
fn a_services_own_pair_goes_before_the_pair_of_callbacks_and_that_before_the_servers() {
    let settings = Settings {
        clients: ClientCredentials {
            server: Some(pair("server", "1")),
            callback: Some(pair("callback", "2")),
            services: [("billing".to_owned(), pair("billing", "3"))].into(),
        },
        ..Settings::default()
    };
    for (path, right) in [
        ("/genesys/1/service/callback/billing", basic("billing", "3")),
        ("/genesys/2/service/callback/billing/301-a", basic("billing", "3")),
        ("/genesys/1/service/%63allback/b%69lling", basic("billing", "3")),
        ("/genesys/1/service/callback/sales", basic("callback", "2")),
        ("/genesys/1/service/callback", basic("callback", "2")),
        ("/genesys/1/service/billing", basic("billing", "3")),
        ("/genesys/1/service/match-interaction", basic("server", "1")),
        ("/genesys/1/notification/stream/dev-1", basic("server", "1")),
    ] {
        assert!(check_client(path, None, &right, &settings).is_ok(), "{path}");
        assert!(check_client(path, None, &basic("other", "3"), &settings).is_err(), "{path}");
        assert!(check_client(path, None, &HeaderMap::new(), &settings).is_err(), "{path}");
    }
}

#[test]
fn a_path_by_id_wants_the_pair_of_the_callbacks_service() {
    let mut settings = Settings::default();
    assert_eq!(instance_of("/genesys/1/service/301-a/connect", &settings), None, "nothing is closed");
    settings.clients.services = [("billing".to_owned(), pair("billing", "3"))].into();
    for path in ["/genesys/1/service/301-a/connect", "/genesys/1/service/301%2Da"] {
        assert_eq!(instance_of(path, &settings).as_deref(), Some("301-a"));
        assert!(check_client(path, Some("billing"), &HeaderMap::new(), &settings).is_err(), "{path}");
        assert!(check_client(path, Some("billing"), &basic("billing", "3"), &settings).is_ok(), "{path}");
        assert!(check_client(path, Some("sales"), &HeaderMap::new(), &settings).is_ok(), "{path}");
    }
    assert_eq!(instance_of("/genesys/1/service/callback/billing/301-a", &settings), None);
    settings.clients.server = Some(pair("server", "1"));
    let path = "/genesys/1/service/301-a/connect";
    assert!(check_client(path, Some("sales"), &basic("server", "1"), &settings).is_ok());
    assert!(check_client(path, Some("billing"), &basic("server", "1"), &settings).is_err());

    let mut settings = Settings::default();
    settings.clients.callback = Some(pair("callback", "2"));
    assert_eq!(instance_of(path, &settings).as_deref(), Some("301-a"));
    assert!(check_client(path, Some("sales"), &HeaderMap::new(), &settings).is_err());
    assert!(check_client(path, Some("sales"), &basic("callback", "2"), &settings).is_ok());
    assert!(check_client(path, None, &HeaderMap::new(), &settings).is_ok(), "no callback has this id");
}

#[test]
fn a_lookup_in_all_services_leaves_out_those_with_another_pair() {
    let mut settings = Settings::default();
    settings.clients.services =
        [("billing".to_owned(), pair("billing", "3")), ("legal".to_owned(), pair("legal", "4"))].into();
    assert_eq!(closed_services(&HeaderMap::new(), &settings), ["billing", "legal"]);
    assert_eq!(closed_services(&basic("billing", "3"), &settings), ["legal"]);
    settings.clients.callback = Some(pair("callback", "2"));
    assert!(closed_services(&basic("callback", "2"), &settings).is_empty());
}

#[test]
fn comparison_sees_every_difference() {
    assert!(are_same_bytes(b"", b""));
    assert!(are_same_bytes(b"abc", b"abc"));
    for (given, wanted) in [("abc", "abd"), ("abc", "ab"), ("ab", "abc"), ("", "a"), ("a", "")] {
        assert!(!are_same_bytes(given.as_bytes(), wanted.as_bytes()), "{given} {wanted}");
    }
}
