//! An on-dial plugin: a small HTTP server that decides what follows each dial.
//!
//! Shows   the contract of `plugins`: what a plugin is told, and how it answers at the reply URL.
//! Start   `cargo run -p examples --bin on_dial_plugin -- 9000`, then, in another terminal,
//!         `cargo run -- serve --config examples/on_dial_plugin.toml`, then
//!         `curl -u demo:demo http://127.0.0.1:8080/genesys/1/service/callback/with-plugin -d _customer_number=12025550110
//!         -d second_number=12025550123`
//! Expect  a line for each dial. The first number is busy: the plugin has the second one dialled five seconds later; there
//!         a human answers, and the plugin has the call routed to an agent.

use std::io::{Write as _, stdout};

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use anyhow::Context as _;
use plugins::{Action, OnDial, Reply};

/// Seconds until another number is tried.
const SOON: u32 = 5;

/// What is to follow a dial.
fn decide(told: &OnDial) -> Reply {
    let second_number = told.user_data.get("second_number").and_then(|number| number.as_str());
    match told.call_state {
        // A human, or somebody who says nothing.
        0 | 8 if told.has_call() => Reply::new(Action::RouteToAgent),
        // Busy or no answer: perhaps the customer is at the other phone.
        6 | 7 => Reply {
            customer_number: second_number.map(str::to_owned),
            delay: second_number.map(|_| SOON),
            ..Reply::new(Action::Retry)
        },
        // A machine or a fax: no agent should talk to it, and no other dial would help.
        9 | 17 => Reply::new(Action::Cancel),
        _ => Reply::new(Action::Retry),
    }
}

/// Takes the word of the platform at once, and answers by a request of its own. The platform may tell the same dial
/// twice, after a crash; it honours one answer.
async fn on_dial(told: web::Json<OnDial>, client: web::Data<reqwest::Client>) -> HttpResponse {
    let told = told.into_inner();
    let reply = decide(&told);
    rt::spawn(async move {
        let answer = client.post(&told.reply_url).form(&reply.to_pairs()).send().await;
        let outcome = match answer.and_then(reqwest::Response::error_for_status) {
            Ok(_accepted) => "accepted".to_owned(),
            // The URL holds a secret.
            Err(error) => error.without_url().to_string(),
        };
        say(&format!(
            "attempt {}: call state {}, {}: {outcome}",
            told.dial_attempt, told.call_state, reply.action
        ));
    });
    HttpResponse::Ok().finish()
}

fn say(line: &str) {
    let _reader_is_gone = writeln!(stdout().lock(), "{line}").is_err();
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "9000".to_owned());
    let port: u16 = port.parse().with_context(|| format!("`{port}` is no port"))?;
    // The client wants to know whose cryptography it shall use, also for URLs without TLS.
    let _first_and_only = rustls::crypto::ring::default_provider().install_default().is_ok();
    let client = web::Data::new(reqwest::Client::builder().no_proxy().build()?);
    let app = move || App::new().app_data(client.clone()).route("/on-dial", web::post().to(on_dial));
    let server = HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        say(&format!("On-dial plugin at http://{address}/on-dial"));
    }
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use plugins::test_kit;

    use super::decide;

    #[test]
    fn every_situation_gets_an_answer_that_fits() {
        for situation in test_kit::situations() {
            let reply = decide(&situation.told);
            assert_eq!(test_kit::check(&situation.told, &reply), Ok(()), "{}", situation.name);
        }
    }
}
