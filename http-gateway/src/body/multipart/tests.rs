use serde_json::{Map, Value, json};

use super::fields;

const GUIDE: &str = "multipart/form-data; boundary=----WebKitFormBoundaryePkpFF7tjBAqx29L;charset=UTF-8";

fn read(content_type: &str, body: &str) -> Result<Value, String> {
    fields(content_type, body.as_bytes()).map(Value::Object).map_err(|error| error.to_string())
}

fn guide_body() -> String {
    [
        "------WebKitFormBoundaryePkpFF7tjBAqx29L",
        "Content-Disposition: form-data; name=\"_customer_number\"",
        "",
        "+12025550123",
        "------WebKitFormBoundaryePkpFF7tjBAqx29L",
        "Content-Disposition: form-data; name=\"topic\"",
        "",
        "",
        "------WebKitFormBoundaryePkpFF7tjBAqx29L--",
        "",
    ]
    .join("\r\n")
}

#[test]
fn a_browsers_form_with_a_charset_after_the_boundary_is_read() {
    let expected = json!({"_customer_number": "+12025550123", "topic": ""});
    assert_eq!(read(GUIDE, &guide_body()), Ok(expected));
}

#[test]
fn line_ends_without_carriage_return_are_read() {
    let expected = json!({"_customer_number": "+12025550123", "topic": ""});
    assert_eq!(read(GUIDE, &guide_body().replace('\r', "")), Ok(expected));
}

#[test]
fn a_body_of_only_the_closing_boundary_has_no_fields() {
    for end in ["", "\r\n", "\n"] {
        let body = format!("------WebKitFormBoundaryePkpFF7tjBAqx29L--{end}");
        assert_eq!(read(GUIDE, &body), Ok(json!({})));
    }
    assert_eq!(read(GUIDE, ""), Ok(json!({})));
}

/// The guide's scheduled request; nothing but the number, which is ours, differs, and it is as long.
fn guide_scheduled(end: &str) -> String {
    let fields = [
        ("first_name", "John"),
        ("last_name", "Doe"),
        ("_provide_code", "false"),
        ("_desired_time", "2014-07-30T15:00:00.000Z"),
        ("_customer_number", "0123"),
        ("location_lat", "37.8197"),
        ("location_long", "-122.4786"),
        ("_device_os", "comet"),
        ("_call_direction", "USERTERMINATED"),
        ("_wait_for_agent", "true"),
        ("_wait_for_user_confirm", "true"),
        ("_media_type", "voice"),
    ];
    let parts = fields.map(|(name, value)| {
        format!("--AaB03x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    format!("{}--AaB03x{end}", parts.concat())
}

//= guide: User Terminated Scheduled, sample request
#[test]
fn a_form_whose_last_boundary_does_not_close_it_is_read() {
    assert_eq!(guide_scheduled("").len(), 915, "the length in print");
    let media_type = "multipart/form-data;boundary=AaB03x;charset=UTF-8";
    let closed = read(media_type, &guide_scheduled("--\r\n")).unwrap();
    assert_eq!(closed["_media_type"], "voice");
    for end in ["", "\r\n", "\n", "  \r\n\r\n"] {
        assert_eq!(read(media_type, &guide_scheduled(end)).as_ref(), Ok(&closed), "{end:?}");
        assert_eq!(
            read(media_type, &guide_scheduled(end).replace('\r', "")).as_ref(),
            Ok(&closed),
            "{end:?}"
        );
    }
    // Cut inside of the last part, or of the boundary behind it.
    let whole = guide_scheduled("");
    for missing in 1..20 {
        assert!(read(media_type, &whole[..whole.len() - missing]).is_err(), "{missing} bytes are missing");
    }
}

#[test]
fn values_keep_their_lines_and_dashes() {
    let body =
        "preamble\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\none\r\n\r\n--bx\r\n--\r\n--b--\r\n";
    assert_eq!(read("multipart/form-data; boundary=\"b\"", body), Ok(json!({"a": "one\r\n\r\n--bx\r\n--"})));
}

#[test]
fn parts_may_have_other_headers_and_file_names() {
    let body = "--b\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; filename=\"a;name=b.txt\"; name=\"f\\\"g\"\r\n\r\nx\r\n--b--";
    assert_eq!(read("multipart/form-data;boundary=b", body), Ok(json!({"f\"g": "x"})));
}

#[test]
fn what_is_broken_is_said() {
    for (content_type, body, problem) in [
        ("multipart/form-data", "--b--", "names no boundary"),
        ("multipart/form-data; boundary=", "--b--", "names no boundary"),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
            "closing boundary",
        ),
        ("multipart/form-data; boundary=b", "x", "closing boundary"),
        ("multipart/form-data; boundary=b", "--b", "ends in a boundary line"),
        ("multipart/form-data; boundary=b", "--b\r\n", "closing boundary"),
        ("multipart/form-data; boundary=b", "--b\r\nX: y\r\n\r\nx\r\n--b--", "no Content-Disposition"),
        ("multipart/form-data; boundary=b", "--b\r\nx\r\n--b--", "no empty line"),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
            "no name",
        ),
    ] {
        let said = read(content_type, body).unwrap_err();
        assert!(said.contains(problem), "{content_type}, {body:?}: {said}");
    }
}

#[test]
fn no_prefix_of_a_form_makes_it_fail_otherwise_than_by_an_error() {
    let body = guide_body();
    for end in 0..body.len() {
        let _outcome: Result<Map<String, Value>, _> = fields(GUIDE, &body.as_bytes()[..end]);
    }
}
