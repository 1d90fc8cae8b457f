use super::{CheckError, EMERGENCY, Rules, check, dialled, is_country, is_emergency, normalise};
use crate::configuration::{Configuration, PatternGroup};
use crate::refusal::NumberRefusal;
use vocabulary::PhoneNumber;

fn strict() -> Rules<'static> {
    Rules {
        default_country: Some("US"),
        disallow_impossible: true,
        disallow_premium: true,
        exceptions: None,
        fix_plus: true,
    }
}

fn accepted(number: &str, rules: &Rules<'_>) -> String {
    match check(number, rules) {
        Ok(number) => number.as_str().to_owned(),
        Err(problem) => panic!("{number}: {problem}"),
    }
}

fn refused(number: &str, rules: &Rules<'_>, expected: NumberRefusal) {
    assert_eq!(check(number, rules), Err(CheckError::Refused(expected)), "{number}");
}

fn patterns(text: &str) -> PatternGroup {
    let text = format!("[patterns.blocked]\n{text}\n");
    let loaded = Configuration::parse(&text, "test.toml").unwrap();
    loaded.configuration.patterns["blocked"].clone()
}

#[test]
fn numbers_reserved_for_fiction_are_possible() {
    //= decision: D-065
    //= type=test
    for number in ["+12025550123", "2025550123", "12025550123", "(202) 555-0123", "+1 202 555 0123"] {
        assert_eq!(accepted(number, &strict()), "+12025550123", "{number}");
    }
    let british = Rules { default_country: Some("GB"), ..strict() };
    assert_eq!(accepted("020 7946 0123", &british), "+442079460123");
}

#[test]
fn digits_are_national_first_and_international_only_if_that_is_impossible() {
    assert_eq!(accepted("916504661232", &strict()), "+916504661232");
    assert_eq!(accepted("15551230001", &strict()), "+15551230001");
    assert_eq!(accepted("442079460123", &strict()), "+442079460123");
    let german = Rules { default_country: Some("DE"), ..strict() };
    assert_eq!(accepted("0049 30 23125 000", &german), "+493023125000");
}

#[test]
fn missing_country_is_told_for_the_check_that_needs_it() {
    let mut rules = Rules { default_country: None, ..strict() };
    let missing = |option| Err(CheckError::CountryMissing { option });
    assert_eq!(check("+12025550123", &rules), missing("_disallow_impossible_phone_numbers"));
    rules.disallow_impossible = false;
    assert_eq!(check("+12025550123", &rules), missing("_disallow_premium_phone_numbers"));
    rules.disallow_premium = false;
    assert_eq!(accepted("15551230001", &rules), "+15551230001");
}

#[test]
fn what_cannot_be_read_is_invalid_and_a_wrong_length_impossible() {
    refused("", &strict(), NumberRefusal::Invalid);
    refused("call me", &strict(), NumberRefusal::Invalid);
    refused("202555012x", &strict(), NumberRefusal::Invalid);
    refused("2025550123 ext 4", &strict(), NumberRefusal::Invalid);
    refused("+12+025550123", &strict(), NumberRefusal::Invalid);
    refused(&"2".repeat(41), &strict(), NumberRefusal::Invalid);
    refused("5550123", &strict(), NumberRefusal::Impossible);
    refused("+1202555012345", &strict(), NumberRefusal::Impossible);
    refused("+999123456789", &strict(), NumberRefusal::Invalid);
}

#[test]
fn without_the_check_odd_numbers_pass_with_their_digits() {
    let lenient = Rules { disallow_impossible: false, ..strict() };
    assert_eq!(accepted("5550123", &lenient), "+5550123");
    let bare = Rules { fix_plus: false, ..lenient };
    assert_eq!(accepted("555-0123", &bare), "5550123");
    assert_eq!(accepted("+1 202 555 0123", &bare), "+12025550123");
}

#[test]
fn premium_numbers_are_refused_unless_allowed() {
    refused("+19002345678", &strict(), NumberRefusal::Premium);
    let allowing = Rules { disallow_premium: false, ..strict() };
    assert_eq!(accepted("+19002345678", &allowing), "+19002345678");
}

#[test]
fn exceptions_are_searched_in_the_normalised_number() {
    //= decision: D-033
    //= type=test
    let blocked = patterns("fiction = '^\\+120255501'");
    let rules = Rules { exceptions: Some(&blocked), ..strict() };
    refused("202 555 0123", &rules, NumberRefusal::Exception);
    assert_eq!(accepted("+12025550223", &rules), "+12025550223");
}

#[test]
fn emergency_and_short_numbers_are_refused_whatever_the_rules() {
    let lenient = Rules {
        default_country: None,
        disallow_impossible: false,
        disallow_premium: false,
        exceptions: None,
        fix_plus: true,
    };
    for number in ["911", "112", "+911", "9 1 1", "999", "988"] {
        refused(number, &lenient, NumberRefusal::Exception);
        refused(number, &strict(), NumberRefusal::Exception);
    }
    refused("+1911", &lenient, NumberRefusal::Exception);
    assert!(is_emergency("112") && is_emergency("+1911"));
    assert!(!is_emergency("+12025550123"));
}

#[test]
fn the_list_of_emergency_numbers_is_sorted() {
    assert!(EMERGENCY.is_sorted());
}

#[test]
fn a_prefix_takes_the_place_of_the_plus() {
    //= decision: D-117
    //= type=test
    let number = PhoneNumber::new("+12025550123");
    assert_eq!(dialled(&number, Some("91")), "9112025550123");
    assert_eq!(dialled(&number, None), "+12025550123");
    assert_eq!(dialled(&number, Some(" ")), "+12025550123");
}

#[test]
fn a_number_is_looked_up_in_the_form_in_which_it_is_stored() {
    for number in ["202-555-0123", "+12025550123", "12025550123"] {
        assert_eq!(normalise(number, Some("US"), true), "+12025550123");
    }
    assert_eq!(normalise("no number", Some("US"), true), "no number");
}

#[test]
fn countries_are_those_with_numbers() {
    assert!(is_country("US") && is_country("GB"));
    assert!(!is_country("QQ") && !is_country("001") && !is_country("USA") && !is_country(""));
}
