//! Numbers of customers: normalised, checked, and made into what is dialled.
//!
//! Strictness is a policy of the service: *possible* numbers are accepted (right length for the country), they need not
//! be *valid* (in use), so that numbers reserved for fiction work. Emergency and short numbers are refused whatever
//! the policy; the number library knows neither.
//!
//! **Invariant:** a number that passed begins with `+` and has digits only, unless the service switched that off.

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber as Parsed, PhoneNumberFormat,
    PhoneNumberType, Region, get_national_significant_number_owned,
};
use vocabulary::PhoneNumber;

use crate::configuration::{Configuration, Effective, PatternGroup};
use crate::refusal::NumberRefusal;

/// What a service says about numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'c> {
    /// `_default_country`: two letters.
    pub default_country: Option<&'c str>,
    /// `_disallow_impossible_phone_numbers`.
    pub disallow_impossible: bool,
    /// `_disallow_premium_phone_numbers`.
    pub disallow_premium: bool,
    /// `_exceptions`: patterns of numbers to refuse.
    pub exceptions: Option<&'c PatternGroup>,
    /// `_fix_plus_on_int_phone_numbers`.
    pub fix_plus: bool,
}

impl<'c> Rules<'c> {
    /// The rules of a service.
    #[must_use]
    pub fn of(configuration: &'c Configuration, options: &'c Effective) -> Self {
        Self {
            default_country: options.text("_default_country"),
            disallow_impossible: options.flag("_disallow_impossible_phone_numbers"),
            disallow_premium: options.flag("_disallow_premium_phone_numbers"),
            exceptions: configuration.exceptions(options),
            fix_plus: options.flag("_fix_plus_on_int_phone_numbers"),
        }
    }
}

/// Why a number is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// 40040: the number is refused.
    #[error("the number is refused: {0:?}")]
    Refused(NumberRefusal),
    /// 50020.a and .b: the check named here needs `_default_country`, which is not configured.
    #[error("`_default_country` is not configured, but `{option}` needs it")]
    CountryMissing {
        /// Option that asks for the check.
        option: &'static str,
    },
}

impl From<NumberRefusal> for CheckError {
    fn from(refusal: NumberRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Longest number that is looked at, characters: twice what a formatted number needs.
const LENGTH_MAX: usize = 40;

/// Fewest digits of a number with its country code: the shortest in use have seven.
const INTERNATIONAL_DIGITS_MIN: usize = 7;

/// Whether a code is that of a country whose numbers we can read.
#[must_use]
pub fn is_country(code: &str) -> bool {
    region(code).is_some()
}

fn region(code: &str) -> Option<Region> {
    if code.len() != 2 {
        return None;
    }
    let region = Region::from_code(code).ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_calling_code| region)
}

/// Normalises a number and checks it by the rules of its service (`http-api.md` §A.1, number checks).
///
/// # Errors
/// [`CheckError::CountryMissing`] before anything else, since then every number is refused; then
/// [`NumberRefusal::Exception`] for emergency and short numbers, [`NumberRefusal::Invalid`] for what cannot be read,
/// [`NumberRefusal::Impossible`] for a wrong length, [`NumberRefusal::Premium`], and [`NumberRefusal::Exception`] for
/// a pattern of the service.
pub fn check(number: &str, rules: &Rules<'_>) -> Result<PhoneNumber, CheckError> {
    let country = rules.default_country.and_then(region);
    if country.is_none() && rules.disallow_impossible {
        return Err(CheckError::CountryMissing { option: "_disallow_impossible_phone_numbers" });
    }
    if country.is_none() && rules.disallow_premium {
        return Err(CheckError::CountryMissing { option: "_disallow_premium_phone_numbers" });
    }
    let written = Written::read(number).ok_or(NumberRefusal::Invalid)?;
    if is_emergency_digits(&written.digits) {
        return Err(NumberRefusal::Exception.into());
    }
    let parsed = written.parse(country);
    if rules.disallow_impossible && !written.has_only_phone_characters {
        return Err(NumberRefusal::Invalid.into());
    }
    let best = match &parsed {
        Parse::Possible(parsed) => Some(parsed),
        Parse::WrongLength if rules.disallow_impossible => {
            return Err(NumberRefusal::Impossible.into());
        }
        Parse::Unreadable if rules.disallow_impossible => return Err(NumberRefusal::Invalid.into()),
        Parse::WrongLength | Parse::Unreadable => None,
    };
    if let Some(parsed) = best {
        if is_emergency_digits(&get_national_significant_number_owned(parsed)) {
            return Err(NumberRefusal::Exception.into());
        }
        if rules.disallow_premium && parsed.get_type() == PhoneNumberType::PremiumRate {
            return Err(NumberRefusal::Premium.into());
        }
    }
    let normalised = written.normalised(best, rules.fix_plus);
    if is_emergency(&normalised) {
        return Err(NumberRefusal::Exception.into());
    }
    if rules.exceptions.is_some_and(|exceptions| exceptions.find(&normalised).is_some()) {
        return Err(NumberRefusal::Exception.into());
    }
    Ok(PhoneNumber::new(normalised))
}

/// The form in which a number is stored and looked up: as [`check`] makes it, without refusing anything.
#[must_use]
pub fn normalise(number: &str, default_country: Option<&str>, fix_plus: bool) -> String {
    let Some(written) = Written::read(number) else {
        return number.trim().to_owned();
    };
    match written.parse(default_country.and_then(region)) {
        Parse::Possible(parsed) => written.normalised(Some(&parsed), fix_plus),
        Parse::WrongLength | Parse::Unreadable => written.normalised(None, fix_plus),
    }
}

/// What is dialled: prefix and digits without `+` if there is a prefix, else the number as it is (decision D-117).
#[must_use]
pub fn dialled(number: &PhoneNumber, prefix: Option<&str>) -> String {
    match prefix.map(str::trim).filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => prefix.chars().chain(number.digits()).collect(),
        None => number.as_str().to_owned(),
    }
}

/// Whether a dialled string is an emergency or short number, which is never called.
#[must_use]
pub fn is_emergency(dialled: &str) -> bool {
    let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
    // `+1911` is no number of any country, but there are switches that would find somebody.
    let is_short = dialled.trim_start().starts_with('+') && digits.len() < INTERNATIONAL_DIGITS_MIN;
    is_short || is_emergency_digits(&digits)
}

/// Emergency and well-known short numbers of many countries, sorted. The number library has none of them.
const EMERGENCY: &[&str] = &[
    "000", "001", "08", "100", "101", "102", "103", "104", "105", "106", "107", "108", "110", "111", "112",
    "1122", "113", "114", "115", "116", "117", "118", "119", "120", "121", "122", "123", "127", "128", "129",
    "131", "132", "133", "140", "144", "147", "15", "150", "155", "156", "158", "160", "166", "17", "18",
    "180", "185", "188", "190", "191", "192", "193", "194", "195", "197", "198", "199", "211", "311", "411",
    "511", "611", "711", "811", "888", "911", "912", "988", "990", "991", "992", "993", "994", "995", "996",
    "997", "998", "999",
];

fn is_emergency_digits(digits: &str) -> bool {
    EMERGENCY.binary_search(&digits).is_ok()
}

/// A number as somebody wrote it.
struct Written {
    has_plus: bool,
    /// Digits in ASCII; other decimal digits are converted.
    digits: String,
    /// Whether nothing but digits and the usual punctuation was written.
    has_only_phone_characters: bool,
}

enum Parse {
    /// A number of a length that the country has.
    Possible(Parsed),
    /// A number, but too short or too long.
    WrongLength,
    /// Not a number of any country.
    Unreadable,
}

impl Written {
    /// `None` if there is no digit, or far more than a number can have.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.chars().count() > LENGTH_MAX {
            return None;
        }
        let has_plus = text.starts_with(['+', '＋']);
        let mut digits = String::new();
        let mut has_only_phone_characters = true;
        for (at, character) in text.chars().enumerate() {
            match character {
                '0'..='9' => digits.push(character),
                '+' | '＋' => has_only_phone_characters &= at == 0,
                ' ' | '\u{a0}' | '-' | '.' | '/' | '(' | ')' | '‐' | '‑' | '–' => {}
                _ => has_only_phone_characters = false,
            }
        }
        (!digits.is_empty()).then_some(Self { has_plus, digits, has_only_phone_characters })
    }

    /// Reads the number: with `+` as it is; without, as a national number of the country, and only if that is
    /// impossible as if `+` had been forgotten (decision D-065).
    fn parse(&self, country: Option<Region>) -> Parse {
        let international = format!("+{}", self.digits);
        if self.has_plus {
            return parse(&international, None);
        }
        match country.map(|country| parse(&self.digits, Some(country))) {
            Some(Parse::Possible(national)) => Parse::Possible(national),
            None => parse(&international, None),
            Some(national) => match parse(&international, None) {
                Parse::Possible(number) => Parse::Possible(number),
                // Neither reading fits: what is said of the national one says more.
                Parse::WrongLength | Parse::Unreadable => national,
            },
        }
    }

    fn normalised(&self, parsed: Option<&Parsed>, fix_plus: bool) -> String {
        match parsed {
            Some(parsed) if fix_plus => parsed.format_as(PhoneNumberFormat::E164).into_owned(),
            _ if fix_plus || self.has_plus => format!("+{}", self.digits),
            _ => self.digits.clone(),
        }
    }
}

fn parse(text: &str, country: Option<Region>) -> Parse {
    match PHONE_NUMBER_UTIL.parse(text, country) {
        Ok(number) => match number.is_possible_with_reason() {
            Ok(NumberLengthType::IsPossible) => Parse::Possible(number),
            // Numbers that can only be dialled within a town are too short for us.
            Ok(NumberLengthType::IsPossibleLocalOnly) | Err(_) => Parse::WrongLength,
        },
        Err(ParseError::TooShortNsn | ParseError::TooLongNsn | ParseError::TooShortAfterIdd) => {
            Parse::WrongLength
        }
        Err(_) => Parse::Unreadable,
    }
}

#[cfg(test)]
mod tests;
