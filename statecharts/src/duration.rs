//! Times as charts write them.

use std::time::Duration;

/// Longest delay: ten years.
const MAX: f64 = 10.0 * 366.0 * 86_400.0;

/// A CSS time such as `1.5s` or `200ms` (scxml: 6.2.2 delay), also with `m`, `h` and `d`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|next: char| next.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let millis = (number.parse::<f64>().ok()? * factor * 1000.0).round();
    (millis <= MAX * 1000.0).then(|| Duration::try_from_secs_f64(millis / 1000.0).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn css_times_are_read() {
        assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_duration(".5s"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("20ms"), Some(Duration::from_millis(20)));
        assert_eq!(parse_duration("2h"), Some(Duration::from_secs(7200)));
        for bad in ["", "s", "5", "-1s", "1x", "1e9s", "99999999d"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
