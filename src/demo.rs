//! `ringback demo`: everything in one process, and a running commentary.

use std::net::SocketAddr;
use std::path::Path;

use engine::Engine;
use engine::configuration::{ClockMode, Configuration};
use http_gateway::Credentials;
use tokio::sync::broadcast::error::RecvError;

use crate::arguments::{ClockChoice, DemoOptions};
use crate::failure::Failure;
use crate::node::{self, Node};
use crate::report::Report;
use crate::{console, data_folder, serve};

/// Service that the printed request uses.
const SERVICE: &str = "voice-userterm-immediate";
/// User name and password when none are configured. Everybody knows them, so they are for this machine only.
const KNOWN: &str = "demo";
/// What stands before the last digits to make a number that is reserved for fiction.
const FICTION: &str = "+1202555";

/// Runs the demo until somebody asks it to stop.
pub(crate) fn run(options: DemoOptions) -> Result<(), Failure> {
    serve::log("warn");
    let loaded = Configuration::demo(serve::variables()).map_err(Failure::unusable)?;
    let configuration = configured(serve::accepted(loaded), &options)?;
    let admin = administrator(&configuration)?;
    actix_rt::System::new().block_on(async {
        if options.reset {
            data_folder::reset(&configuration.server.data).map_err(Failure::unusable)?;
        }
        let opening = Opening::of(&configuration, &admin);
        let node = Node::start(configuration, Some(admin)).await?;
        opening.print(node.address());
        actix_rt::spawn(comment(node.engine.clone()));
        node.run().await
    })
}

/// The demo's configuration with what the command line changes.
fn configured(mut configuration: Configuration, options: &DemoOptions) -> Result<Configuration, Failure> {
    if let Some(port) = options.port {
        configuration.listen_at(SocketAddr::new(configuration.server.listen.ip(), port));
    }
    let server = &mut configuration.server;
    if let Some(data) = &options.data {
        server.data = data.clone();
    }
    server.clock = match (options.clock, options.speed) {
        (Some(ClockChoice::Manual), Some(_)) => {
            return Err(Failure::Unusable(
                "a manual clock has no speed: leave out `--speed` or `--clock manual`".to_owned(),
            ));
        }
        (Some(ClockChoice::Manual), None) => ClockMode::Manual,
        (_, Some(speed)) => ClockMode::Running { speed },
        (Some(ClockChoice::Running), None) => ClockMode::Running { speed: 1.0 },
        (None, None) => server.clock,
    };
    if options.seed.is_some() {
        configuration.switch.seed = options.seed;
    }
    Ok(configuration)
}

/// Who may use everything: the configured pair, else one that is printed.
fn administrator(configuration: &Configuration) -> Result<Credentials, Failure> {
    if let Some(pair) = node::pair(&configuration.server.credentials) {
        return Ok(pair);
    }
    if !configuration.server.listen.ip().is_loopback() {
        return Err(Failure::Unusable(format!(
            "{} can be reached from other machines, and the demo's credentials are known to everybody: set \
             RINGBACK_SERVER__USERNAME and RINGBACK_SERVER__PASSWORD",
            configuration.server.listen
        )));
    }
    Ok(Credentials { username: KNOWN.to_owned(), password: KNOWN.to_owned() })
}

/// What the demo says first.
struct Opening {
    prefix: String,
    data: String,
    clock: String,
    is_manual: bool,
    admin: String,
    customers: Vec<(String, String)>,
    agent: String,
}

impl Opening {
    fn of(configuration: &Configuration, admin: &Credentials) -> Self {
        let server = &configuration.server;
        let customers = &configuration.switch.simulated.behaviour_by_digits;
        Self {
            prefix: match server.base_path.as_str() {
                "" => String::new(),
                path => format!("/{path}"),
            },
            data: std::path::absolute(&server.data)
                .as_deref()
                .unwrap_or(Path::new(&server.data))
                .display()
                .to_string(),
            clock: match server.clock {
                ClockMode::Manual => "stands still until it is moved".to_owned(),
                ClockMode::Running { speed } if (speed - 1.0).abs() < f64::EPSILON => "real time".to_owned(),
                ClockMode::Running { speed } => format!("{speed} times as fast as real time"),
            },
            is_manual: server.clock == ClockMode::Manual,
            admin: format!("{}:{}", admin.username, admin.password),
            customers: customers
                .iter()
                .map(|(digits, behaviour)| (digits.clone(), behaviour.to_string()))
                .collect(),
            agent: configuration.agents.keys().next().map(ToString::to_string).unwrap_or_default(),
        }
    }

    fn print(&self, address: SocketAddr) {
        let base = format!("http://{address}{}", self.prefix);
        let Self { data, clock, admin, agent, .. } = self;
        let mut lines = vec![
            format!("Ringback demo at {base}"),
            format!("  data folder  {data} (kept; --reset empties it)"),
            format!("  credentials  {admin} (administration, orchestration, agents)"),
            format!("  clock        {clock}"),
            String::new(),
            "What customers do:".to_owned(),
        ];
        for (digits, behaviour) in &self.customers {
            lines.push(format!("  {FICTION}{digits}  the customer {behaviour}"));
        }
        lines.push("  every other   a human answers".to_owned());
        lines.extend([
            String::new(),
            "Ask for a callback:".to_owned(),
            format!("  curl -s {base}/1/service/callback/{SERVICE} -F _customer_number={FICTION}0123"),
            "Send an agent to a break, and back:".to_owned(),
            format!("  curl -s -u {admin} -X POST {base}/1/agents/{agent}/not-ready"),
            format!("  curl -s -u {admin} -X POST {base}/1/agents/{agent}/ready"),
        ]);
        if self.is_manual {
            lines.push("Move the clock by ten seconds:".to_owned());
            lines.push(format!("  curl -s http://{address}/simulator/clock -d '{{\"advance_ms\":10000}}'"));
        }
        lines.extend([
            String::new(),
            "Steps of callbacks, by the last six characters of their _id (Ctrl-C stops):".to_owned(),
        ]);
        console::say(&lines.join("\n"));
    }
}

/// Writes one line for each step of a callback that people want to see.
async fn comment(engine: Engine) {
    let mut feed = engine.feed();
    let mut report = Report::default();
    // The feed ends with the engine; this task must not keep it alive.
    drop(engine);
    loop {
        match feed.recv().await {
            Ok(row) => {
                if let Some(line) = report.line(&row) {
                    console::say(&line);
                }
            }
            Err(RecvError::Lagged(missed)) => console::say(&format!("          ({missed} steps not shown)")),
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::configuration::{ClockMode, Configuration};

    use super::{SERVICE, administrator, configured};
    use crate::arguments::{ClockChoice, DemoOptions};

    fn options() -> DemoOptions {
        DemoOptions { port: None, speed: None, clock: None, data: None, reset: false, seed: None }
    }

    fn demo() -> Configuration {
        Configuration::demo([]).unwrap().configuration
    }

    #[test]
    fn the_printed_request_names_a_callback_service() {
        assert!(demo().callback_service(SERVICE).is_ok());
        assert!(!demo().agents.is_empty());
    }

    #[test]
    fn the_command_line_changes_port_folder_clock_and_seed() {
        let options = DemoOptions {
            port: Some(0),
            speed: Some(20.0),
            data: Some("elsewhere".into()),
            seed: Some(7),
            ..options()
        };
        let changed = configured(demo(), &options).unwrap();
        assert_eq!(changed.server.listen.port(), 0);
        assert_eq!(changed.server.clock, ClockMode::Running { speed: 20.0 });
        assert_eq!(changed.server.data.to_str(), Some("elsewhere"));
        assert_eq!(changed.switch.seed, Some(7));
    }

    #[test]
    fn a_manual_clock_has_no_speed() {
        let manual = DemoOptions { clock: Some(ClockChoice::Manual), ..options() };
        assert_eq!(configured(demo(), &manual).unwrap().server.clock, ClockMode::Manual);
        let both = DemoOptions { speed: Some(2.0), ..manual };
        assert!(configured(demo(), &both).is_err());
    }

    #[test]
    fn known_credentials_stay_on_this_machine() {
        let mut configuration = demo();
        assert_eq!(administrator(&configuration).unwrap().username, "demo");
        configuration.server.listen = "0.0.0.0:8080".parse().unwrap();
        assert!(administrator(&configuration).is_err());
        let own = [
            ("RINGBACK_SERVER__USERNAME", "a"),
            ("RINGBACK_SERVER__PASSWORD", "b"),
            ("RINGBACK_SERVER__LISTEN", "0.0.0.0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let configuration = Configuration::demo(own).unwrap().configuration;
        assert_eq!(administrator(&configuration).unwrap().password, "b");
    }
}
