//! One node in a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Once;

use base64::Engine as _;
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;
use vocabulary::Timestamp;

use crate::setup::{PASSWORD, USER};
use crate::{AgentSocket, PATIENCE, Program, PushStream, Refused, Setup, command};

/// A node, and what a test needs to talk to it.
#[derive(Debug)]
pub struct Platform {
    program: Option<Program>,
    address: SocketAddr,
    client: Client,
    mode: Mode,
    /// Goes last: the process writes into it.
    folder: TempDir,
}

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// `ringback serve` with the file `ringback.toml` of its folder.
    Serve,
    /// The same with a configuration of the examples, which is made to be run from the root of the repository.
    Example,
    /// `ringback demo` with the configuration that is built in.
    Demo,
}

impl Mode {
    /// Begin of the line in which the node tells its address.
    const fn sign(self) -> &'static str {
        match self {
            Self::Serve | Self::Example => "Listening on http://",
            Self::Demo => "Ringback demo at http://",
        }
    }

    /// The operator's user name and password.
    const fn credentials(self) -> (&'static str, &'static str) {
        match self {
            Self::Serve => (USER, PASSWORD),
            Self::Example | Self::Demo => ("demo", "demo"),
        }
    }

    /// The command of a node that keeps its data in this folder.
    fn command(self, folder: &Path) -> Command {
        let mut command = command("ringback");
        let configuration = folder.join("ringback.toml");
        match self {
            Self::Serve => command.args(["serve", "--config"]).arg(configuration).current_dir(folder),
            Self::Example => command
                .args(["serve", "--config"])
                .arg(configuration)
                .current_dir(repository())
                .env("RINGBACK_SERVER__PORT", "0")
                .env("RINGBACK_SERVER__CLOCK", "manual")
                .env("RINGBACK_SERVER__DATA", folder.join("data")),
            Self::Demo => command
                .args(["demo", "--port", "0", "--clock", "manual", "--seed", "1", "--data"])
                .arg(folder.join("data"))
                .current_dir(folder),
        };
        command
    }
}

/// Root of the repository.
fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A callback that was started.
#[derive(Clone, Debug)]
pub struct Callback {
    /// Service.
    pub service: String,
    /// Id.
    pub id: String,
    /// Body of the reply to the start.
    pub reply: Value,
}

/// A reply of the node.
#[derive(Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub text: String,
    /// Body as JSON; `null` when it is none.
    pub body: Value,
}

impl Reply {
    /// The JSON body of a reply that must be a 200.
    #[must_use]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.body
    }

    /// Status and code of an error of the guide's catalogue.
    #[must_use]
    pub fn error(&self) -> (u16, u64) {
        (self.status.as_u16(), self.body["code"].as_u64().unwrap_or_default())
    }

    /// The message of an error.
    #[must_use]
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl Platform {
    /// Starts a node in a new folder and waits until it listens.
    pub async fn start(setup: Setup) -> Self {
        match Self::try_start(&setup).await {
            Ok(platform) => platform,
            Err(refused) => panic!("the platform did not start: {refused:#?}"),
        }
    }

    /// Starts a node.
    ///
    /// # Errors
    /// [`Refused`] when it does not come up.
    pub async fn try_start(setup: &Setup) -> Result<Self, Refused> {
        Self::try_start_in(tempfile::tempdir().unwrap(), setup).await
    }

    /// Starts a node in a folder.
    ///
    /// # Errors
    /// [`Refused`] when it does not come up.
    pub async fn try_start_in(folder: TempDir, setup: &Setup) -> Result<Self, Refused> {
        setup.write_charts(&folder.path().join("charts"));
        std::fs::write(folder.path().join("ringback.toml"), setup.to_toml(folder.path())).unwrap();
        Self::launch(Mode::Serve, folder)
    }

    /// Starts the demo in a new folder, on a free port and with a manual clock.
    pub async fn demo() -> Self {
        Self::launch(Mode::Demo, tempfile::tempdir().unwrap())
            .unwrap_or_else(|refused| panic!("the demo did not start: {refused:#?}"))
    }

    /// Starts a node with a configuration file of the examples, on a free port, with a manual clock and data of its own;
    /// each text of `changes` is replaced by the other. The operator of these files is `demo`, with that password.
    pub async fn example(file: &str, changes: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut text = std::fs::read_to_string(repository().join("examples").join(file)).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "`{from}` stands in {file}");
            text = text.replace(from, to);
        }
        std::fs::write(folder.path().join("ringback.toml"), text).unwrap();
        Self::launch(Mode::Example, folder)
            .unwrap_or_else(|refused| panic!("the platform did not start with {file}: {refused:#?}"))
    }

    /// Starts a node in a folder that has a `ringback.toml` of its own, on a free port, with a manual clock; the operator of that file is
    /// `demo`, with that password.
    pub async fn prepared(folder: TempDir) -> Self {
        Self::launch(Mode::Example, folder)
            .unwrap_or_else(|refused| panic!("the platform did not start: {refused:#?}"))
    }

    fn launch(mode: Mode, folder: TempDir) -> Result<Self, Refused> {
        let (program, address) = launch(mode, folder.path(), None)?;
        Ok(Self { program: Some(program), address, client: client(), mode, folder })
    }

    /// Writes another configuration and its charts; the node reads it when it is started again.
    pub fn configure(&self, setup: &Setup) {
        setup.write_charts(&self.folder.path().join("charts"));
        std::fs::write(self.folder.path().join("ringback.toml"), setup.to_toml(self.folder.path())).unwrap();
    }

    /// Folder of the node: `ringback.toml`, `charts`, `data`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the node listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    // ---- The process -------------------------------------------------------------------------------------------

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.program.take().unwrap().kill();
    }

    /// Starts the node again on the same folder and port, so that URLs it gave away still lead to it.
    pub async fn restart(&mut self) {
        let (program, address) = launch(self.mode, self.folder.path(), Some(self.address.port()))
            .unwrap_or_else(|refused| panic!("the platform did not start again: {refused:#?}"));
        self.program = Some(program);
        self.address = address;
        self.client = client();
    }

    /// SIGTERM; gives how the process ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.program.take().unwrap().terminate()
    }

    /// Starts a second node on the same folder, which must not come up.
    #[must_use]
    pub fn second_node(&self) -> Refused {
        match launch(self.mode, self.folder.path(), None) {
            Ok((_, address)) => panic!("a second node runs on the same data at {address}"),
            Err(refused) => refused,
        }
    }

    /// The next line that the process writes to standard output; waits for it.
    #[must_use]
    pub fn line(&self) -> String {
        let line = self.program.as_ref().and_then(Program::line);
        line.unwrap_or_else(|| panic!("the process has ended"))
    }

    // ---- HTTP --------------------------------------------------------------------------------------------------

    /// A request with the operator's credentials; `path` begins with a slash.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let (user, password) = self.mode.credentials();
        self.anonymous(method, path).basic_auth(user, Some(password))
    }

    /// A request without credentials.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Reply { status, headers, text, body }
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    // ---- Callbacks ---------------------------------------------------------------------------------------------

    /// Asks for a callback; gives whatever is answered.
    pub async fn ask(&self, service: &str, parameters: &Value) -> Reply {
        self.post(&format!("/genesys/1/service/callback/{service}"), parameters).await
    }

    /// Starts a callback that is accepted, and lets the node come to rest.
    pub async fn begin(&self, service: &str, parameters: &Value) -> Callback {
        let reply = self.ask(service, parameters).await.ok();
        self.rest().await;
        let id = reply["_id"].as_str().unwrap_or_else(|| panic!("no _id in {reply}")).to_owned();
        Callback { service: service.to_owned(), id, reply }
    }

    /// The callback by id.
    pub async fn record(&self, callback: &Callback) -> Value {
        self.rest().await;
        self.get(&path_of(callback)).await.ok()
    }

    /// State of the callback, with its reason once it is completed: `QUEUED`, `COMPLETED/CANCELLED`.
    pub async fn state(&self, callback: &Callback) -> String {
        let record = self.record(callback).await;
        let state = record["_callback_state"].as_str().unwrap().to_owned();
        match record["_callback_reason"].as_str() {
            Some(reason) => format!("{state}/{reason}"),
            None => state,
        }
    }

    /// Cancels the callback.
    pub async fn cancel(&self, callback: &Callback) -> Reply {
        let reply = self.delete(&path_of(callback)).await;
        self.rest().await;
        reply
    }

    /// The lines of the callback's timeline, the oldest first.
    pub async fn timeline(&self, callback: &Callback) -> Vec<Value> {
        self.rest().await;
        let lines = self.get(&format!("{}/timeline", path_of(callback))).await.ok();
        lines.as_array().unwrap().clone()
    }

    /// The states of the record as the timeline proves them, each once.
    pub async fn states(&self, callback: &Callback) -> Vec<String> {
        let lines = self.timeline(callback).await.into_iter();
        let mut states: Vec<String> = lines
            .filter(|line| line["kind"] == "record")
            .map(|line| line["name"].as_str().unwrap().to_owned())
            .collect();
        states.dedup();
        states
    }

    /// The files that were played to the customer.
    pub async fn played(&self, callback: &Callback) -> Vec<String> {
        let lines = self.timeline(callback).await.into_iter();
        let played = lines.filter(|line| line["name"] == "dialog:playsound");
        played.map(|line| line["detail"]["attributes"]["resource"].as_str().unwrap().to_owned()).collect()
    }

    /// The keys of the final report.
    pub async fn final_report(&self, callback: &Callback) -> Value {
        let lines = self.timeline(callback).await;
        let is_final = |line: &&Value| {
            line["name"] == "callback:report" && line["detail"]["attributes"]["final"] == true
        };
        let line = lines.iter().find(is_final).unwrap_or_else(|| panic!("no final report in {lines:#?}"));
        line["detail"]["params"].clone()
    }

    /// Disposition and final dial result of a completed callback.
    pub async fn outcome(&self, callback: &Callback) -> (String, String) {
        let report = self.final_report(callback).await;
        let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
        (text("_CB_DISPOSITION"), text("_CB_DIM_FINAL_DIAL_RESULT"))
    }

    /// Id of the session that runs the callback.
    pub async fn session(&self, callback: &Callback) -> String {
        let record = self.record(callback).await;
        record["_ors_session_id"].as_str().unwrap_or_else(|| panic!("no session in {record}")).to_owned()
    }

    /// A message to the callback's session: `connect`, `check-queue-position`.
    pub async fn message(&self, callback: &Callback, name: &str, fields: &Value) -> Reply {
        let reply = self.post(&format!("/genesys/1/service/{}/{name}", callback.id), fields).await;
        self.rest().await;
        reply
    }

    /// A plugin answers at the reply URL that it was told.
    pub async fn plugin_replies(&self, told: &Value, reply: &Value) -> Reply {
        let url = told["_reply_url"].as_str().unwrap_or_else(|| panic!("no reply URL in {told}"));
        let reply = self.send(self.client.post(url).json(reply)).await;
        self.rest().await;
        reply
    }

    // ---- Clock and switch --------------------------------------------------------------------------------------

    /// Moves the clock; returns when everything that fell due has happened.
    pub async fn advance(&self, seconds: f64) {
        let moved =
            self.post("/simulator/clock", &json!({ "advance_ms": (seconds * 1000.0).round() as u64 })).await;
        let _now = moved.ok();
    }

    /// Returns when nothing is under way; no time passes.
    pub async fn rest(&self) {
        self.advance(0.0).await;
    }

    /// Engine time.
    pub async fn now(&self) -> Timestamp {
        let clock = self.get("/simulator/clock").await.ok();
        Timestamp::from_millis(clock["epoch_ms"].as_i64().unwrap())
    }

    /// Engine time in so many seconds, as the API writes times.
    pub async fn time_in(&self, seconds: i64) -> String {
        Timestamp::from_millis(self.now().await.as_millis() + seconds * 1000).to_string()
    }

    /// Says what a customer does when called.
    pub async fn customer(&self, number: &str, behaviour: Value) {
        let _done = self.post(&format!("/simulator/customers/{number}"), &behaviour).await.ok();
        self.rest().await;
    }

    /// The customer hangs up.
    pub async fn hang_up(&self, number: &str) {
        let _done = self.post(&format!("/simulator/customers/{number}/hang-up"), &json!({})).await.ok();
        self.rest().await;
    }

    /// Says what an agent's phone does.
    pub async fn agent(&self, agent: &str, behaviour: Value) {
        let _done = self.post(&format!("/simulator/agents/{agent}"), &behaviour).await.ok();
        self.rest().await;
    }

    /// An agent does something at the desk.
    pub async fn agent_command(&self, agent: &str, command: &str) -> Reply {
        let reply = self.post(&format!("/genesys/1/agents/{agent}/{command}"), &json!({})).await;
        self.rest().await;
        reply
    }

    /// An agent becomes ready and answers at once when the phone rings.
    pub async fn agent_answers(&self, agent: &str) {
        self.agent(agent, json!({"behaviour": "answers"})).await;
        let _ready = self.agent_command(agent, "ready").await.ok();
    }

    /// A call arrives; gives its id.
    pub async fn call_arrives(&self, call: Value) -> String {
        let reply = self.post("/simulator/calls", &call).await.ok();
        self.rest().await;
        reply["interactionid"].as_str().unwrap().to_owned()
    }

    /// The calls that the switch holds.
    pub async fn calls(&self) -> Vec<Value> {
        self.rest().await;
        self.get("/simulator/calls").await.ok().as_array().unwrap().clone()
    }

    /// The dials since the process was started.
    pub async fn dials(&self) -> Vec<Value> {
        self.rest().await;
        self.get("/simulator/dials").await.ok().as_array().unwrap().clone()
    }

    /// The dialled strings since the process was started.
    pub async fn dialled(&self) -> Vec<String> {
        let dials = self.dials().await;
        dials.iter().map(|dial| dial["to"].as_str().unwrap().to_owned()).collect()
    }

    /// The switch's own log, over all processes, as (callback, attempt).
    #[must_use]
    pub fn dial_log(&self) -> Vec<(String, u64)> {
        let text = std::fs::read_to_string(self.folder.path().join("data/dials.jsonl")).unwrap();
        let dials = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        dials
            .map(|dial| (dial["callback"].as_str().unwrap().to_owned(), dial["attempt"].as_u64().unwrap()))
            .collect()
    }

    /// Opens the stream of a device's pushes.
    pub async fn pushes(&self, device: &str) -> PushStream {
        let path = format!("/genesys/1/notification/stream/{device}");
        let response = self.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        PushStream::new(response)
    }

    /// Opens the socket of an agent.
    pub async fn agent_socket(&self, agent: &str, query: &str) -> AgentSocket {
        let (user, password) = self.mode.credentials();
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let path = format!("/genesys/1/agents/{agent}/events{query}");
        AgentSocket::open(self.address, &path, &format!("Basic {pair}")).await
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let (true, Some(program)) = (std::thread::panicking(), &self.program) {
            let errors = program.errors();
            let lines: Vec<&str> = errors.lines().collect();
            let tail = lines.split_at(lines.len().saturating_sub(60)).1.join("\n");
            // Only the test's own report reaches the one who reads the failure.
            #[expect(clippy::print_stderr, reason = "belongs to the report of a failed test")]
            {
                eprintln!("---- the end of what the platform wrote:\n{tail}\n----");
            }
        }
    }
}

/// Path of a callback.
fn path_of(callback: &Callback) -> String {
    format!("/genesys/1/service/callback/{}/{}", callback.service, callback.id)
}

fn launch(mode: Mode, folder: &Path, port: Option<u16>) -> Result<(Program, SocketAddr), Refused> {
    let mut command = mode.command(folder);
    if let Some(port) = port {
        command.env("RINGBACK_SERVER__PORT", port.to_string());
    }
    let (program, said) = Program::start(command, &folder.join("errors.txt"), mode.sign())?;
    let address = said.split('/').next().and_then(|address| address.parse().ok());
    Ok((program, address.unwrap_or_else(|| panic!("`{said}` is no address"))))
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another client of this process may have installed it.
        let _installed = rustls::crypto::ring::default_provider().install_default().is_ok();
    });
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}
