//! What the engine talks to: the switch's own log of dials, the line to the switch, plugins, receivers of
//! notifications. None of it dies with the process, and none of it hears a process that is dead.

use std::io;
use std::time::Duration;

use engine::{Disturbance, Egress, EgressError, EgressFuture, EgressReply, EgressRequest};
use futures_util::FutureExt;
use serde_json::{Map, json};
use store::{EffectState, Store};
use telephony::{DialLogError, DialRecord, Event, RecordDials};

use crate::configuration::{NOTIFICATION_URL, PLUGIN_URL};
use crate::world::{Moment, PluginReply, World};

/// The switch's own log: it looks at every dial before it is made.
#[derive(Debug)]
pub(crate) struct WatchedDials {
    world: World,
}

impl WatchedDials {
    pub(crate) fn new(world: World) -> Self {
        Self { world }
    }
}

impl RecordDials for WatchedDials {
    fn append(&mut self, record: &DialRecord) -> Result<(), DialLogError> {
        let dead =
            || DialLogError::Write { path: "dials".into(), source: io::Error::other("the process is dead") };
        if self.world.dies(Moment::BeforeDial) {
            return Err(dead());
        }
        self.world.say(format!(
            "dial {} attempt {} effect {}",
            record.to.as_str(),
            record.attempt,
            record.effect
        ));
        let broken = intent_problem(&self.world, record)
            .into_iter()
            .chain(self.world.history(|history| history.dialled(record)));
        for what in broken {
            self.world.violate(what);
        }
        self.world.dials().append(record)?;
        // It has left the process: what follows cannot take it back.
        self.world.dies(Moment::AfterDial);
        Ok(())
    }
}

/// What is missing on the disk at the moment of a dial.
fn intent_problem(world: &World, record: &DialRecord) -> Option<String> {
    let store = world.store();
    let callback = record.callback.clone()?;
    let attempts = store.dial_attempts(callback.clone()).now_or_never()?.ok()?;
    let effects = store.open_effects().now_or_never()?.ok()?;
    let counted = store.callback(callback).now_or_never()?.ok()?.map(|row| row.attempts);
    let has_attempt = attempts.iter().any(|row| row.attempt == record.attempt && row.effect == record.effect);
    // The end of a session takes its effects away; one that ends at the very moment of a dial hangs it up at once.
    let has_ended = store.session(record.effect.session.clone()).now_or_never()?.ok()??.ended_at.is_some();
    let is_begun =
        has_ended || effects.iter().any(|row| row.id == record.effect && row.state == EffectState::Started);
    let is_counted = counted.is_some_and(|attempts| attempts >= record.attempt);
    (!has_attempt || !is_begun || !is_counted).then(|| {
        format!(
            "no dial without durable intent: effect {} is dialled; attempt row {has_attempt}, effect begun {is_begun}, \
             counted on the record {is_counted}",
            record.effect
        )
    })
}

/// The line between switch and engine.
pub(crate) fn line(world: World) -> Disturbance {
    Disturbance::by(move |event| {
        if world.dies(Moment::SwitchTells) {
            return Vec::new();
        }
        // A call that arrives is no answer to anybody: without this event there is nothing that could wait for it.
        let fate = match event {
            Event::CallArrived { .. } => vec![Duration::ZERO],
            _ => world.fate(),
        };
        world.say(format!("switch {} {fate:?}", name_of(event)));
        fate
    })
}

fn name_of(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split_once(" {")
        .map_or(text.clone(), |(name, fields)| format!("{name} {}", fields.trim_end_matches('}')))
}

/// Plugins and receivers of notifications.
#[derive(Debug)]
pub(crate) struct Outside {
    world: World,
}

impl Outside {
    pub(crate) fn new(world: World) -> Self {
        Self { world }
    }

    fn answer(&self, request: &EgressRequest) -> Result<EgressReply, EgressError> {
        let url = request.url.clone();
        let unreachable = EgressError::Failed { url: url.clone(), problem: "the process is dead".to_owned() };
        if self.world.dies(Moment::BeforeRequest) {
            return Err(unreachable);
        }
        self.world.say(format!("request {url}"));
        let result = match url.as_str() {
            PLUGIN_URL => self.plugin(request),
            NOTIFICATION_URL => self.receiver(request),
            _ => Err(EgressError::Failed { url, problem: "nobody is there".to_owned() }),
        };
        if self.world.dies(Moment::AfterRequest) {
            return Err(unreachable);
        }
        result
    }

    /// The plugin answers what the user data of the callback says, when its dice let it.
    fn plugin(&self, request: &EgressRequest) -> Result<EgressReply, EgressError> {
        let told = request.content.clone().unwrap_or_default();
        let data = &told["_user_data"];
        if let Some((session, name, key)) = told["_reply_url"].as_str().and_then(reply_address) {
            let thinks = data["thinks"].as_u64().unwrap_or(0);
            let mut fields = Map::new();
            fields.insert("action".to_owned(), data["answers"].clone());
            fields.insert("message".to_owned(), json!("Ok"));
            let reply = PluginReply { session, name, key, fields };
            let due = self.world.now() + Duration::from_secs(thinks);
            if !data["answers"].is_null() {
                for delay in self.world.fate() {
                    if self.world.outside(|dice| dice.percent(10)) {
                        let mut malformed = reply.clone();
                        malformed.fields.remove("message");
                        self.world.send_reply(due + delay, malformed);
                    }
                    self.world.send_reply(due + delay, reply.clone());
                }
            }
        }
        let url = request.url.clone();
        match self.world.is_calm() || self.world.outside(|dice| dice.percent(90)) {
            true => Ok(EgressReply { status: 200, body: String::new() }),
            // The plugin has the request, and we do not know it.
            false => Err(EgressError::Timeout { url }),
        }
    }

    fn receiver(&self, request: &EgressRequest) -> Result<EgressReply, EgressError> {
        let body = request.content.clone().unwrap_or_default();
        let event = body["event_id"].as_str().unwrap_or_default().to_owned();
        let id = body["_service_id"].as_str().unwrap_or_default().to_owned();
        let takes = self.world.is_calm() || self.world.outside(|dice| dice.percent(95));
        let takes = self.world.history(|history| history.notified(&id, &event, takes));
        self.world.say(format!("notification {event} of {id}, taken: {takes}"));
        Ok(EgressReply { status: if takes { 200 } else { 503 }, body: String::new() })
    }
}

impl Egress for Outside {
    fn send(&self, request: EgressRequest) -> EgressFuture {
        let answer = self.answer(&request);
        Box::pin(async move {
            // A network answers later than at once.
            tokio::task::yield_now().await;
            answer
        })
    }
}

/// Session, request and key of a reply URL.
fn reply_address(url: &str) -> Option<(String, String, String)> {
    let (path, query) = url.split_once('?')?;
    let (_base, rest) = path.split_once("/1/ors/scxml/session/")?;
    let (session, name) = rest.split_once("/request/")?;
    let key = query.strip_prefix("key=")?;
    Some((session.to_owned(), name.to_owned(), key.to_owned()))
}
