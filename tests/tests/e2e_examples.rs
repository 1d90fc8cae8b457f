//! Every example is run: what its header says is what happens.

use std::process::Command;

use scenarios::{Callback, Platform, Program, command};
use serde_json::json;

/// Folder of the examples.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

// ---- charts/reminder.scxml ------------------------------------------------------------------------------------------

/// A platform with the service `reminder`, and a callback of it.
async fn reminder(number: &str) -> (Platform, Callback) {
    let platform = Platform::example("reminder.toml", &[]).await;
    let callback = platform.begin("reminder", &json!({ "_customer_number": number })).await;
    assert_eq!(callback.reply["_text"], "We will remind you by phone.");
    (platform, callback)
}

#[tokio::test]
async fn a_customer_who_answers_is_reminded() {
    let (platform, callback) = reminder("12025550123").await;
    platform.advance(7.0).await;
    assert_eq!(platform.played(&callback).await, ["your_appointment.wav"]);
    platform.advance(6.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/REMINDED");
    assert!(platform.calls().await.is_empty());
}

#[tokio::test]
async fn a_customer_who_is_busy_is_called_as_often_as_the_options_of_the_chart_say() {
    let (platform, callback) = reminder("12025550110").await;
    platform.advance(598.0).await;
    assert_eq!(platform.dials().await.len(), 1);
    platform.advance(5.0).await;
    assert_eq!(platform.dials().await.len(), 2);
    assert_eq!(platform.state(&callback).await, "COMPLETED/NOT_REMINDED");
}

#[tokio::test]
async fn a_reminder_that_is_cancelled_stops_the_phone_from_ringing() {
    let (platform, callback) = reminder("12025550123").await;
    platform.advance(2.0).await;
    assert_eq!(platform.cancel(&callback).await.status, 200);
    assert_eq!(platform.state(&callback).await, "COMPLETED/CANCELLED");
    assert!(platform.calls().await.is_empty());
}

#[tokio::test]
async fn a_reminder_survives_a_crash() {
    let (mut platform, callback) = reminder("12025550123").await;
    platform.advance(2.0).await;
    platform.kill();
    platform.restart().await;
    platform.advance(620.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/REMINDED");
    assert_eq!(platform.dial_log(), [(callback.id.clone(), 1), (callback.id, 2)]);
}

// ---- src/bin/on_dial_plugin.rs --------------------------------------------------------------------------------------

#[tokio::test]
async fn the_plugin_finds_the_customer_at_the_second_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = command("on_dial_plugin");
    plugin.arg("0");
    let errors = folder.path().join("errors.txt");
    let (plugin, url) = Program::start(plugin, &errors, "On-dial plugin at ").unwrap();
    let address = url.trim_start_matches("http://").trim_end_matches("/on-dial");
    let platform = Platform::example("on_dial_plugin.toml", &[("127.0.0.1:9000", address)]).await;

    let request = json!({"_customer_number": "12025550110", "second_number": "12025550123"});
    let callback = platform.begin("with-plugin", &request).await;
    platform.advance(2.0).await;
    assert_eq!(plugin.line().as_deref(), Some("attempt 1: call state 6, retry: accepted"));
    platform.advance(5.0).await;
    platform.advance(7.0).await;
    assert_eq!(plugin.line().as_deref(), Some("attempt 2: call state 0, route_to_agent: accepted"));
    platform.advance(30.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
    assert_eq!(platform.dialled().await, ["+12025550110", "+12025550123"]);
}

// ---- src/bin/agent_client.rs ----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_agent_client_answers_and_hangs_up() {
    let changes = [
        ("# username = \"operator\"", "username = \"demo\""),
        ("# password = \"choose one\"", "password = \"demo\""),
        ("login = \"ready\"", "login = \"logged_out\""),
        ("groups = [\"Support\"]", "groups = [\"Support\", \"Sales\"]"),
    ];
    let platform = Platform::example("ringback.toml", &changes).await;
    let folder = tempfile::tempdir().unwrap();
    let mut client = command("agent_client");
    client.args([&format!("http://demo:demo@{}/genesys", platform.address()), "7002", "0"]);
    let errors = folder.path().join("errors.txt");
    let (client, first) = Program::start(client, &errors, "status ").unwrap();
    assert_eq!(first, "not_ready", "logged in, and not ready yet");
    let callback = platform.begin("sales", &json!({"_customer_number": "12025550123"})).await;
    platform.advance(10.0).await;
    loop {
        match client.line().as_deref() {
            Some("hung up") => break,
            Some(line) => assert!(!line.contains("lost") && !line.contains("gone"), "{line}"),
            None => panic!("the client has ended"),
        }
    }
    platform.rest().await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}

// ---- guide-sequence.sh ----------------------------------------------------------------------------------------------

/// What the script writes.
const SEQUENCE: &str = "
Start a callback: the customer is called at once (multipart, as the guide prints it).
  200  _action=ConfirmationDialog  _ok_title=Ok

Follow it: first the customer answers and gets an agent, then they have talked.
  200  _callback_state=PROCESSING
  200  _callback_state=COMPLETED  _callback_reason=AGENT_CONNECTED

Start a callback that waits for an agent and asks before it calls (JSON).
  200  _text=You keep your place in the queue. We will tell you when an agent is about to be free.

Ask for its place in the queue.
  200  _position=1  _total_waiting=1  is_snoozed=false

Read the message to the device: an agent is about to be free.
  _action=ConfirmationDialog

Confirm; then the customer is called and talks to an agent.
  200  _action=ConfirmationDialog
  200  _callback_state=COMPLETED  _callback_reason=AGENT_CONNECTED

Schedule a callback for later.
  200

Find it by its number.
  200  _callback_state=SCHEDULED  _customer_number=+12025550125

Cancel it; a second time is refused.
  200
  400  code=40020  phrase=INVALID_OPERATION

Done.
";

#[tokio::test]
async fn the_sequence_of_the_guide_runs_against_the_demo() {
    let platform = Platform::demo().await;
    let mut script = Command::new("sh");
    script.arg(format!("{EXAMPLES}/guide-sequence.sh")).arg(format!("http://{}", platform.address()));
    let ended = Program::run(script);
    assert_eq!(ended.output, SEQUENCE, "{}", ended.errors);
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
}
