//! The guide's request "Create outbound immediate service", byte by byte, against the demo.
//!
//! The guide's print lost the line ends of the body; here they are CR LF, with an empty line after the headers of each
//! part, as browsers send them. The printed length, 660, confirms that: it is met by this body with the browser's
//! boundaries, of which the print lost one dash each, and with the printed number, which is one digit longer. Number, name
//! and device are ours.
//= guide: User Terminated Immediate, sample request

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use scenarios::{Callback, Platform};
use serde_json::Value;

/// Boundary of the printed request.
const BOUNDARY: &str = "---WebKitFormBoundaryIwtkHpA86nG3FsWy";
/// Length of the body in print.
const PRINTED_LENGTH: usize = 660;
/// Boundaries that lost a dash.
const BOUNDARIES: usize = 6;
/// Device, and user of the header `gms_user`.
const DEVICE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The body.
fn body(number: &str) -> String {
    let mut body = String::new();
    for (name, value) in [
        ("_customer_number", number),
        ("usr_customer_name", "Ada Lovely"),
        ("usr_reason", "billing question"),
        ("_device_notification_id", DEVICE),
        ("_device_os", "iOS"),
    ] {
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body + &format!("--{BOUNDARY}--\r\n")
}

/// Sends the request over a bare connection; gives status line and headers, and the body.
fn send(platform: &Platform, content_type: &str, body: &str) -> (String, Value) {
    let address = platform.address();
    let request = format!(
        "POST /genesys/1/service/callback/voice-userterm-immediate HTTP/1.1\r\n\
         Accept:*/*\r\n\
         Accept-Encoding:gzip,deflate,sdch\r\n\
         Accept-Language:en-US,en;q=0.8\r\n\
         Connection:close\r\n\
         Content-Length:{}\r\n\
         Content-Type:{content_type}\r\n\
         Cookie:JSESSIONID=4xample0session0of0a0browser; BAYEUX_BROWSER=86xample0browser\r\n\
         gms_user:{DEVICE}\r\n\
         Host:{address}\r\n\
         Origin:http://{address}\r\n\
         Referer:http://{address}/gmstester/chat.html\r\n\
         User-Agent:Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/27.0.1453.110 Safari/537.36\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    connection.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap_or_else(|_| panic!("{reply}")))
}

/// A form with the guide's other boundary and an end of its own.
fn form(fields: &[(&str, &str)], end: &str) -> String {
    let parts = fields.iter().map(|(name, value)| {
        format!("--AaB03x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    format!("{}--AaB03x{end}", parts.collect::<String>())
}

/// The callback that a reply tells of.
fn callback(reply: Value) -> Callback {
    let id = reply["_id"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
    Callback { service: "voice-userterm-immediate".to_owned(), id, reply }
}

#[tokio::test]
async fn the_printed_request_starts_a_callback_that_runs_through_its_whole_life() {
    let platform = Platform::demo().await;
    let body = body("12025550123");
    assert_eq!(body.len(), PRINTED_LENGTH - BOUNDARIES - 1);
    let (head, reply) = send(&platform, &format!("multipart/form-data; boundary={BOUNDARY}"), &body);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    for header in
        ["content-type: application/json;charset=UTF-8", "cache-control: no-cache", "cache-control: no-store"]
    {
        assert!(head.to_ascii_lowercase().contains(&header.to_ascii_lowercase()), "{header} in {head}");
    }
    assert_eq!(reply["_dialog_id"], "0");
    assert_eq!(reply["_action"], "ConfirmationDialog");
    assert_eq!(reply["_ok_title"], "Ok");
    assert!(reply["_text"].as_str().is_some_and(|text| !text.is_empty()));

    let callback = callback(reply);
    let record = platform.record(&callback).await;
    assert_eq!(record["_customer_number"], "+12025550123");
    let mut seen = Vec::new();
    for _second in 0..60 {
        let state = platform.state(&callback).await;
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        platform.advance(1.0).await;
    }
    // An agent of the demo is ready: the wait on the line may be shorter than a second.
    seen.retain(|state| state != "ROUTING");
    assert_eq!(seen, ["QUEUED", "PROCESSING", "COMPLETED/AGENT_CONNECTED"]);
    assert_eq!(platform.states(&callback).await, ["QUEUED", "ROUTING", "PROCESSING", "COMPLETED"]);
    assert_eq!(platform.final_report(&callback).await["_CB_DISPOSITION"], "COMPLETED.AGENT");
}

#[tokio::test]
async fn a_character_set_behind_the_boundary_and_lost_carriage_returns_are_tolerated() {
    let platform = Platform::demo().await;
    let media_type = format!("multipart/form-data; boundary={BOUNDARY};charset=UTF-8");
    let (_, reply) = send(&platform, &media_type, &body("12025550123"));
    assert_eq!(platform.record(&callback(reply)).await["_customer_number"], "+12025550123");
    let (_, reply) = send(&platform, &media_type, &body("2025550124").replace('\r', ""));
    assert_eq!(platform.record(&callback(reply)).await["_customer_number"], "+12025550124");
}

#[tokio::test]
async fn a_number_with_a_foreign_prefix_is_taken_as_international() {
    let platform = Platform::demo().await;
    // As printed: digits of an international number without a plus. This one is reserved for fiction.
    let (_, reply) =
        send(&platform, &format!("multipart/form-data; boundary={BOUNDARY}"), &body("442079460123"));
    assert_eq!(platform.record(&callback(reply)).await["_customer_number"], "+442079460123");
}

//= guide: User Terminated Scheduled and Agent First Preview, sample requests
#[tokio::test]
async fn printed_forms_without_closing_dashes_are_taken() {
    let platform = Platform::demo().await;
    let media_type = "multipart/form-data;boundary=AaB03x;charset=UTF-8";
    let later = platform.time_in(3 * 3600).await;
    let scheduled = form(
        &[
            ("first_name", "John"),
            ("last_name", "Doe"),
            ("_provide_code", "false"),
            ("_desired_time", &later),
            ("_customer_number", "12025550123"),
            ("location_lat", "37.8197"),
            ("location_long", "-122.4786"),
            ("_device_os", "comet"),
            ("_call_direction", "USERTERMINATED"),
            ("_wait_for_agent", "true"),
            ("_wait_for_user_confirm", "true"),
            ("_media_type", "voice"),
        ],
        "",
    );
    let (head, reply) = send(&platform, media_type, &scheduled);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head} {reply}");
    assert_eq!(platform.state(&callback(reply)).await, "SCHEDULED");
    let preview = form(
        &[
            ("first_name", "John"),
            ("last_name", "Doe"),
            ("_provide_code", "false"),
            ("_customer_number", "12025550124"),
            ("location_lat", "37.8197"),
            ("location_long", "-122.4786"),
            ("_device_os", "comet"),
            ("_agent_preview_data", "Field1Val, Field2Val,Field3Val,Field4Val"),
        ],
        "",
    );
    let (head, reply) = send(&platform, media_type, &preview);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head} {reply}");
    assert_eq!(platform.record(&callback(reply)).await["_customer_number"], "+12025550124");
}
