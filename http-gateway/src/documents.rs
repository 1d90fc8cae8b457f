//! Charts and treatments that sessions fetch.

use actix_web::{HttpResponse, web};

use crate::errors::ErrorReply;
use crate::gateway::Gateway;

/// Template whose documents are served.
const TEMPLATE: &str = "callback";

/// `GET /1/document/service_template/{template}/{path}`
//= guide: documents
//= decision: D-052 without login, without path escape
pub(crate) async fn read(
    gateway: web::Data<Gateway>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ErrorReply> {
    let (template, path) = path.into_inner();
    let document =
        (template == TEMPLATE && is_plain(&path)).then(|| gateway.engine.document(&path)).flatten();
    match document {
        Some(bytes) => Ok(HttpResponse::Ok().content_type(media_type(&path)).body(bytes)),
        None => Err(ErrorReply::no_such_path(&format!("service_template/{template}/{path}"))),
    }
}

/// Whether a path names something below its folder: no step up, no root, no other separator.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', ':', '\0'])
        && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("scxml" | "xml" | "vxml") => "application/xml",
        Some("wav") => "audio/wav",
        Some("json") => "application/json",
        _other => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn paths_do_not_leave_their_folder() {
        for path in ["src/inbound.scxml", "treatments/music.wav", "a..b"] {
            assert!(is_plain(path), "{path}");
        }
        for path in
            ["", "/etc/passwd", "../secret", "src/../../secret", "src//a", "./a", "a\\..\\b", "c:a", "a\0"]
        {
            assert!(!is_plain(path), "{path}");
        }
    }
}
