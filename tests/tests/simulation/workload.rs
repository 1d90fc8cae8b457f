//! What clients, customers, agents and supervisors do: all at random, some of it at once.

use std::time::Duration;

use engine::Engine;
use engine::api::{AgentCommand, CancelRequest, StartRequest};
use serde_json::{Map, Value, json};
use vocabulary::CallbackId;

use crate::configuration::{AGENTS, PLUGIN_TIMEOUT_SECS, SERVICES, Service};
use crate::dice::{Dice, Stream};
use crate::world::{Moment, PluginReply, World};

/// Something that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Start { service: &'static str, parameters: Map<String, Value> },
    Cancel { service: &'static str, id: CallbackId },
    Message { id: CallbackId, name: &'static str },
    Agent { agent: &'static str, command: AgentCommand },
    AgentPhone { agent: &'static str, behaviour: Value },
    CustomerHangsUp { number: String },
    Pause { key: String, is_paused: bool },
    Reply(PluginReply),
}

/// Who does it.
#[derive(Debug)]
pub(crate) struct Workload {
    dice: Dice,
    /// Callbacks that were acknowledged, with their service and customer.
    started: Vec<(CallbackId, Service, String)>,
    customers: u64,
    paused: Vec<String>,
    /// The one callback that is all there is to do, if so.
    only: Option<Service>,
}

impl Workload {
    pub(crate) fn new(seed: u64, only: Option<Service>) -> Self {
        Self {
            dice: Dice::new(seed, Stream::Workload),
            started: Vec::new(),
            customers: 0,
            paused: Vec::new(),
            only,
        }
    }

    /// How many steps this seed takes before everybody calms down.
    pub(crate) fn steps(&mut self) -> u64 {
        if self.only.is_some() {
            return 8;
        }
        self.dice.between(5, 18)
    }

    /// How long nothing new happens.
    pub(crate) fn pause(&mut self) -> Duration {
        if self.only.is_some() {
            return Duration::from_secs(10);
        }
        let most = self.dice.pick(&[0, 1, 5, 5, 30, 30, 120]);
        self.dice.within_secs(most)
    }

    /// Whether the node is stopped in good order and started anew.
    pub(crate) fn wants_restart(&mut self) -> bool {
        self.only.is_none() && self.dice.percent(3)
    }

    /// What happens in one step, all at once.
    pub(crate) fn step(&mut self, world: &World) -> Vec<Action> {
        if let Some(service) = self.only {
            return self.one_callback(world, service);
        }
        (0..self.dice.between(1, 3)).map(|_| self.action(world)).collect()
    }

    /// One callback whose customer answers and confirms, and whose plugin says that it is to be routed.
    fn one_callback(&mut self, world: &World, service: Service) -> Vec<Action> {
        if let Some((id, ..)) = self.started.first() {
            return vec![Action::Message { id: id.clone(), name: "connect" }];
        }
        if self.customers > 0 {
            return Vec::new();
        }
        let mut action =
            self.start_of(world, service, json!({ "behaviour": "human", "answers_after_secs": 3 }));
        if let Action::Start { parameters, .. } = &mut action
            && service.has_plugin
        {
            parameters.insert("answers".to_owned(), json!("route_to_agent"));
            parameters.insert("thinks".to_owned(), json!(5));
        }
        vec![action]
    }

    fn action(&mut self, world: &World) -> Action {
        let choice = self.dice.between(0, 99);
        match (choice, self.started.is_empty()) {
            (0..35, _) | (_, true) => self.start(world),
            (35..42, _) => {
                let (id, service, _) = self.dice.pick(&self.started);
                Action::Cancel { service: service.name, id }
            }
            (42..60, _) => {
                let id = self.dice.pick(&self.started).0;
                let name = self.dice.pick(&["connect", "connect", "check-queue-position", "ping"]);
                Action::Message { id, name }
            }
            (60..74, _) => Action::Agent { agent: self.dice.pick(&AGENTS), command: self.command() },
            (74..88, _) => {
                let behaviour = self.dice.pick(&[
                    json!({ "behaviour": "answers", "after_secs": 2 }),
                    json!({ "behaviour": "answers", "after_secs": 2 }),
                    json!({ "behaviour": "manual" }),
                    json!({ "behaviour": "declines", "after_secs": 1 }),
                    json!({ "behaviour": "declines", "after_secs": 0 }),
                    json!({ "behaviour": "rings_out" }),
                ]);
                Action::AgentPhone { agent: self.dice.pick(&AGENTS), behaviour }
            }
            (88..94, _) => Action::CustomerHangsUp { number: self.dice.pick(&self.started).2 },
            _ => self.pause_or_resume(),
        }
    }

    fn start(&mut self, world: &World) -> Action {
        let (service, customer) = (self.dice.pick(&SERVICES), self.customer());
        self.start_of(world, service, customer)
    }

    fn start_of(&mut self, world: &World, service: Service, customer: Value) -> Action {
        self.customers += 1;
        let number = format!("+1202555{:04}", 100 + self.customers % 100);
        world.set_customer(&number, customer);
        let mut parameters = Map::new();
        parameters.insert("_customer_number".to_owned(), json!(number));
        parameters.insert("subject".to_owned(), json!(self.customers));
        if service.schedules && self.dice.percent(80) {
            let desired = world.now() + self.dice.within_secs(1200);
            parameters.insert("_desired_time".to_owned(), json!(desired.to_string()));
        }
        if service.pushes {
            parameters.insert("_device_notification_id".to_owned(), json!(format!("device-{number}")));
            parameters.insert("_device_os".to_owned(), json!("comet"));
        }
        if service.has_plugin {
            let answers = self.dice.pick(&[
                json!("route_to_agent"),
                json!("route_to_agent"),
                json!("retry"),
                json!("cancel"),
                Value::Null,
            ]);
            parameters.insert("answers".to_owned(), answers);
            parameters.insert("thinks".to_owned(), json!(self.thinks()));
        }
        Action::Start { service: service.name, parameters }
    }

    fn customer(&mut self) -> Value {
        let name = self.dice.pick(&[
            "human",
            "human",
            "human",
            "human",
            "busy",
            "no_answer",
            "machine",
            "fax",
            "silence",
            "sit",
            "hangup",
            "no_trunk",
        ]);
        let mut behaviour = json!({ "behaviour": name });
        if matches!(name, "human" | "machine" | "fax" | "silence" | "hangup") {
            behaviour["answers_after_secs"] = json!(self.dice.between(0, 40));
        }
        if name == "hangup" {
            behaviour["hangs_up_after_secs"] = json!(self.dice.between(0, 30));
        }
        behaviour
    }

    /// Seconds that a plugin takes, often exactly as long as it may.
    fn thinks(&mut self) -> u64 {
        if self.dice.percent(20) { PLUGIN_TIMEOUT_SECS } else { self.dice.between(0, 70) }
    }

    fn command(&mut self) -> AgentCommand {
        let reason = None;
        self.dice.pick(&[
            AgentCommand::Ready,
            AgentCommand::Ready,
            AgentCommand::NotReady { reason },
            AgentCommand::LogOut,
            AgentCommand::LogIn { place: None, dn: None },
            AgentCommand::Answer,
            AgentCommand::Decline,
            AgentCommand::HangUp,
        ])
    }

    fn pause_or_resume(&mut self) -> Action {
        if !self.paused.is_empty() && self.dice.percent(70) {
            return Action::Pause { key: self.paused.remove(0), is_paused: false };
        }
        let key = if self.dice.percent(30) { "all" } else { self.dice.pick(&SERVICES).name };
        self.paused.push(key.to_owned());
        Action::Pause { key: key.to_owned(), is_paused: true }
    }

    /// What brings everybody back to work at the end.
    pub(crate) fn calm(&mut self) -> Vec<Action> {
        // Every key: a change that the disk refused is not among those that are remembered.
        let keys = ["all"].into_iter().chain(SERVICES.iter().map(|service| service.name));
        let resumed = keys.map(|key| Action::Pause { key: key.to_owned(), is_paused: false });
        let phones = AGENTS.into_iter().map(|agent| Action::AgentPhone {
            agent,
            behaviour: json!({ "behaviour": "answers", "after_secs": 2 }),
        });
        resumed.chain(phones).chain(at_work()).collect()
    }

    /// Does it all at once.
    pub(crate) async fn carry_out(&mut self, engine: &Engine, world: &World, actions: Vec<Action>) {
        let clients = actions.into_iter().map(|action| client(engine, world, action));
        let started = futures_util::future::join_all(clients).await;
        self.started.extend(started.into_iter().flatten());
    }
}

/// Agents come to work.
pub(crate) fn at_work() -> impl Iterator<Item = Action> {
    AGENTS.into_iter().flat_map(|agent| {
        [AgentCommand::LogIn { place: None, dn: None }, AgentCommand::Ready]
            .map(|command| Action::Agent { agent, command })
    })
}

/// One client, from its request to the answer; a callback that was acknowledged comes back.
async fn client(engine: &Engine, world: &World, action: Action) -> Option<(CallbackId, Service, String)> {
    world.say(format!("{action:?}"));
    let outcome = match action {
        Action::Start { service, parameters } => return start(engine, world, service, parameters).await,
        Action::Cancel { service, id } => {
            let request = CancelRequest {
                service: service.to_owned(),
                id: id.to_string(),
                reason: "CANCELLED".to_owned(),
                discard_session_failure: false,
            };
            let cancelled = during(world, engine.cancel_callback(request)).await;
            if cancelled.is_ok() {
                world.history(|history| history.cancelled(&id));
            }
            format!("cancel {id}: {cancelled:?}")
        }
        Action::Message { id, name } => {
            let response = during(world, engine.message(id.as_str(), name, Map::new())).await;
            format!("{name} {id}: {:?}", response.map(|response| response.status))
        }
        Action::Agent { agent, command } => {
            format!("{agent}: {:?}", engine.agent_command(agent, command).await.map(|state| state.status))
        }
        Action::AgentPhone { agent, behaviour } => {
            format!("{:?}", engine.simulator()?.set_agent(agent, behaviour))
        }
        Action::CustomerHangsUp { number } => format!("{:?}", engine.simulator()?.customer_hangs_up(&number)),
        Action::Pause { key, is_paused } => {
            let values = [(key, is_paused.to_string())];
            world.history(|history| history.pauses(&values[0].0, None));
            let written = engine.set_list_values("GMS_Paused_Services", "services", &values).await;
            if written.is_ok() && !world.is_dead() {
                let since = world.now();
                world.history(|history| history.pauses(&values[0].0, Some((is_paused, since))));
            }
            format!("{written:?}")
        }
        Action::Reply(reply) => {
            if !engine.is_reply_key(&reply.session, &reply.key).await && !world.is_dead() {
                world.say(format!("reply to {}: its key is not known any more", reply.session));
                return None;
            }
            let body = Value::Object(reply.fields);
            let response = during(world, engine.session_request(&reply.session, &reply.name, body)).await;
            format!("{} to {}: {:?}", reply.name, reply.session, response.map(|response| response.status))
        }
    };
    world.say(outcome);
    None
}

async fn start(
    engine: &Engine,
    world: &World,
    service: &'static str,
    parameters: Map<String, Value>,
) -> Option<(CallbackId, Service, String)> {
    let number = parameters["_customer_number"].as_str()?.to_owned();
    if let Some(simulator) = engine.simulator() {
        move_in(&simulator, world);
    }
    let request = StartRequest { service: service.to_owned(), parameters, headers: Vec::new() };
    match during(world, engine.start_callback(request)).await {
        Ok(reply) => {
            let id = CallbackId::new(reply.get("_id")?.as_str()?);
            world.say(format!("acknowledged {id}"));
            if let Some(what) = world.history(|history| history.acknowledge(&id)) {
                world.violate(what);
            }
            let service = SERVICES.into_iter().find(|known| known.name == service)?;
            Some((id, service, number))
        }
        Err(refusal) => {
            world.say(format!("refused: {refusal}"));
            None
        }
    }
}

/// Customers are who they are, whichever process dials them.
pub(crate) fn move_in(simulator: &engine::Simulator, world: &World) {
    for (number, behaviour) in world.customers() {
        if let Err(problem) = simulator.set_customer(&number, behaviour) {
            world.violate(format!("simulation: customer {number}: {problem}"));
        }
    }
}

/// A request in whose middle the process may die.
async fn during<T>(world: &World, request: impl Future<Output = T>) -> T {
    let death = async {
        for _turn in 0..4 {
            tokio::task::yield_now().await;
        }
        world.dies(Moment::DuringRequest);
    };
    futures_util::future::join(request, death).await.0
}
