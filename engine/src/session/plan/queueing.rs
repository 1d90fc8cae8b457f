//! `queue:` verbs.

use routing::{
    AgentChoice, DialMethod, DialRule, Entry, EntryChange, PlaceData, PriorityGrowth, ThresholdTable,
};
use serde_json::{Map, Value, json};
use statecharts::{Verb, VerbChild};
use store::{QueueEntryRow, Write};
use vocabulary::{AgentId, EffectId, QueueName, Timestamp};

use super::reserving::RESERVATION_DEFAULT;
use super::{Planner, values};
use crate::session::context::KeptTargets;
use crate::session::order::Action;

/// Agents to whom routing may fail when the chart does not say (guide: `_max_transfer_to_agent_attempts`, 5).
const ROUTE_ATTEMPTS_DEFAULT: u32 = 5;

impl Planner<'_> {
    pub(super) fn submit(&mut self, id: EffectId, verb: &Verb) {
        let hints = values::object(&verb.attributes, "hints");
        let Some(mut target) = targets(&verb.children) else {
            return self.fail(&id, "error.queue.submit", "invalidtarget", "no target is given");
        };
        //= decision: D-089 clearontimeout true drops targets, false keeps them
        let kept = self.context.kept_targets.take();
        if let Some(kept) = &kept {
            target = format!("{},{target}", kept.target);
        }
        if values::flag(&verb.attributes, "clearontimeout") == Some(false) {
            self.context.keeps_targets.insert(id.to_string());
        }
        let waiting_since = values::number(&hints, "age")
            .map(|seconds| Timestamp::from_millis((seconds * 1000.0).round() as i64))
            .or_else(|| kept.map(|kept| kept.waiting_since));
        let mut excluded = values::list(&hints, "exclude");
        excluded.extend(self.context.excluded.iter().cloned());
        // A place that is taken anew goes on where it was: in its list of targets, and before later ones of its age.
        // Charts reckon in whole seconds, so one that is taken for the first time names this second.
        let entered_before = values::number(&hints, "entered")
            .map(|seconds| Timestamp::from_millis((seconds * 1000.0).round() as i64))
            .filter(|entered| entered.epoch_seconds() < self.now.epoch_seconds());
        let mut entry = Entry {
            id: id.to_string(),
            queue: QueueName::new(
                values::text(&verb.attributes, "queue").unwrap_or_else(|| "none".to_owned()),
            ),
            target,
            priority: values::integer(&verb.attributes, "priority").unwrap_or(0),
            growth: growth(&hints),
            waiting_since: waiting_since.unwrap_or(self.now),
            entered: entered_before.unwrap_or(self.now),
            is_taken_anew: entered_before.is_some(),
            deadline: values::seconds(&verb.attributes, "timeout").map(|timeout| self.now + timeout),
            routable: values::flag(&hints, "routable").unwrap_or(true),
            notify: values::flag(&hints, "notify").unwrap_or(false),
            excluded: excluded.iter().map(AgentId::new).collect(),
            reservation: values::seconds(&hints, "reserve").unwrap_or(RESERVATION_DEFAULT),
            pegs: values::list(&hints, "peg").iter().map(QueueName::new).collect(),
            max_route_attempts: values::integer(&hints, "attempts")
                .and_then(|attempts| u32::try_from(attempts).ok())
                .unwrap_or(ROUTE_ATTEMPTS_DEFAULT),
            dial: dial_rule(&hints),
            choice: choice(verb),
        };
        self.take_place_of_call(&mut entry, waiting_since.is_some(), verb);
        self.keep_entry(&id, &entry);
        self.raise("queue.submit.requestid", json!({ "requestid": id.to_string() }));
        self.order(id.clone(), Action::Submit(Box::new(entry)));
        self.run_treatments(&id, verb);
    }

    /// The place that the call brings along, as far as the submit does not say itself what it is: `RouterData70` its
    /// age, `GMS_URS_PRIORITY` its priority, which has grown already.
    //= guide: RouterData70 is honoured when an interaction is queued again
    fn take_place_of_call(&mut self, entry: &mut Entry, has_age: bool, verb: &Verb) {
        let named = values::text(&verb.attributes, "interactionid");
        let call = named.as_deref().or_else(|| self.context.interactions.first());
        let Some(data) = call.and_then(|call| self.context.interactions.data(call)) else { return };
        let has_priority = verb.attributes.get("priority").is_some_and(|value| !value.is_null());
        let age = values::text(data, "RouterData70").filter(|text| !has_age && !text.is_empty());
        let priority = values::integer(data, "GMS_URS_PRIORITY").filter(|_priority| !has_priority);
        let place =
            PlaceData { interaction_age: None, router_data_70: age.as_deref(), gms_urs_priority: priority };
        if let Err(malformed) = place.apply(entry) {
            self.warn("queue:submit", &format!("{malformed}; the place begins now"));
            let without = PlaceData { router_data_70: None, ..place };
            // Without an age there is nothing left that could be unreadable.
            let _readable = without.apply(entry);
        }
    }

    pub(super) fn update_entry(&mut self, id: EffectId, verb: &Verb) {
        let mut hints = values::object(&verb.attributes, "hints");
        for name in ["priority", "timeout"] {
            if let Some(value) = verb.attributes.get(name) {
                hints.insert(name.to_owned(), value.clone());
            }
        }
        let name = values::text(&verb.attributes, "requestid").unwrap_or_default();
        let change = EntryChange {
            routable: values::flag(&hints, "routable"),
            notify: values::flag(&hints, "notify"),
            target: targets(&verb.children),
            priority: values::integer(&hints, "priority"),
            deadline: values::seconds(&hints, "timeout").map(|timeout| self.now + timeout),
            exclude: values::list(&hints, "exclude").iter().map(AgentId::new).collect(),
        };
        let Some(mut entry) = self.context.entries.get(&name).cloned() else {
            return self.fail(&id, "error.queue.update", "unknown", "there is no such entry in a queue");
        };
        change_entry(&mut entry, &change);
        if let Ok(submit) = name.parse::<EffectId>() {
            self.keep_entry(&submit, &entry);
        }
        self.order(id, Action::UpdateEntry { entry: name, change });
    }

    pub(super) fn cancel_entry(&mut self, id: EffectId, verb: &Verb) {
        let name = values::text(&verb.attributes, "requestid").unwrap_or_default();
        self.forget_entry(&name);
        self.order(id, Action::CancelEntry { entry: name });
    }

    pub(super) fn query_entry(&mut self, id: EffectId, verb: &Verb) {
        let entry = values::text(&verb.attributes, "requestid").unwrap_or_default();
        self.order(id, Action::QueryEntry { entry });
    }

    /// The place for which the session dials: the first that cannot be given an agent yet. Its announcement is used
    /// up: after a restart it is announced again only when the chart asks, not while the customer is rung.
    pub(super) fn announced_entry(&mut self) -> Option<String> {
        let (name, mut entry) = self
            .context
            .entries
            .iter()
            .find(|(_, entry)| !entry.routable)
            .map(|(name, entry)| (name.clone(), entry.clone()))?;
        if let (true, Ok(submit)) = (entry.notify, name.parse::<EffectId>()) {
            entry.notify = false;
            self.keep_entry(&submit, &entry);
        }
        Some(name)
    }

    /// Nobody whom the chart has excluded is selected for a place that it has.
    pub(super) fn exclude_from(&mut self, id: EffectId, name: &str) {
        let exclude = self.context.excluded.iter().map(AgentId::new).collect();
        let change = EntryChange { exclude, ..EntryChange::default() };
        let Some(mut entry) = self.context.entries.get(name).cloned() else { return };
        change_entry(&mut entry, &change);
        if let Ok(submit) = name.parse::<EffectId>() {
            self.keep_entry(&submit, &entry);
        }
        self.order(id, Action::UpdateEntry { entry: name.to_owned(), change });
    }

    /// The time of a place is over: its targets are kept for the next submit, if it said so.
    pub(crate) fn entry_timed_out(&mut self, name: &str) {
        if self.context.keeps_targets.remove(name)
            && let Some(entry) = self.context.entries.get(name)
        {
            let (target, waiting_since) = (entry.target.clone(), entry.waiting_since);
            self.context.kept_targets = Some(KeptTargets { target, waiting_since });
        }
        self.forget_entry(name);
    }

    fn keep_entry(&mut self, id: &EffectId, entry: &Entry) {
        self.plan.writes.push(Write::PutQueueEntry(QueueEntryRow {
            id: id.clone(),
            entry: serde_json::to_string(entry).unwrap_or_default(),
        }));
        self.context.entries.insert(id.to_string(), entry.clone());
    }

    /// The entry has left the queue, whichever way.
    pub(crate) fn forget_entry(&mut self, name: &str) {
        self.context.keeps_targets.remove(name);
        self.stop_treatments_of(name);
        if self.context.entries.remove(name).is_some()
            && let Ok(id) = name.parse::<EffectId>()
        {
            self.plan.writes.push(Write::DeleteQueueEntry(id));
        }
    }
}

fn change_entry(entry: &mut Entry, change: &EntryChange) {
    if let Some(routable) = change.routable {
        entry.routable = routable;
    }
    if let Some(notify) = change.notify {
        entry.notify = notify;
    }
    if let Some(target) = &change.target {
        entry.target.clone_from(target);
    }
    if let Some(priority) = change.priority {
        entry.priority = priority;
    }
    if let Some(deadline) = change.deadline {
        entry.deadline = Some(deadline);
    }
    entry.excluded.extend(change.exclude.iter().cloned());
}

/// When to dial: `threshold` (a table `eta:pos,…`) instead of the rate, and `dialbuffer` seconds before the end.
fn dial_rule(hints: &Map<String, Value>) -> DialRule {
    let table = values::text(hints, "threshold").map(|text| ThresholdTable::parse(&text));
    let method = match table {
        Some(Ok(table)) => DialMethod::Thresholds(table),
        Some(Err(error)) => {
            tracing::warn!(%error, "A table of thresholds cannot be read; the rate decides when to dial.");
            DialMethod::Rate
        }
        None => DialMethod::Rate,
    };
    DialRule { method, buffer: values::seconds(hints, "dialbuffer").unwrap_or_default() }
}

/// Whom to take of several ready agents (`queue:submit`: `ordertype`, `orderstat`).
fn choice(verb: &Verb) -> AgentChoice {
    let orderstat = values::text(&verb.attributes, "orderstat");
    match (values::text(&verb.attributes, "ordertype").as_deref(), orderstat) {
        (Some("max"), Some(orderstat)) => AgentChoice::Max { orderstat },
        (Some("min"), Some(orderstat)) => AgentChoice::Min { orderstat },
        (Some("percentage"), _) => AgentChoice::Percentage,
        _ => AgentChoice::Any,
    }
}

/// Growth, if both of its values are given and mean something.
fn growth(hints: &Map<String, Value>) -> Option<PriorityGrowth> {
    let increment = values::integer(hints, "increment").filter(|increment| *increment != 0)?;
    let interval = values::seconds(hints, "interval").filter(|interval| !interval.is_zero())?;
    Some(PriorityGrowth { increment, interval })
}

/// The targets as one text: `queue:targetid` as written, `queue:target` put together.
fn targets(children: &[VerbChild]) -> Option<String> {
    let mut texts = Vec::new();
    for list in children.iter().filter(|child| child.element == "targets") {
        for child in &list.children {
            match child.element.as_str() {
                "targetid" => texts.extend(target_text(child.attributes.get("expr"))),
                "target" => texts.extend(target_from_parts(&list.attributes, &child.attributes)),
                _ => {}
            }
        }
    }
    (!texts.is_empty()).then(|| texts.join(","))
}

/// A target list may be JSON text or a JSON array (guide: `_target`).
fn target_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        list @ Value::Array(_) => Some(list.to_string()),
        _ => None,
    }
}

fn target_from_parts(defaults: &Map<String, Value>, own: &Map<String, Value>) -> Option<String> {
    let part = |name| values::text(own, name).or_else(|| values::text(defaults, name));
    let kind = match part("type").as_deref() {
        Some("agent") => "A",
        Some("place") => "AP",
        Some("placegroup") => "GP",
        Some("campaigngroup") => "GC",
        Some("queue") => "Q",
        Some("routepoint") => "RP",
        Some("dn") => "DN",
        Some("label") => "DL",
        _ => "GA",
    };
    // A skill expression is looked for among all agents.
    let skill = if part("type").as_deref() == Some("skill") { "?:" } else { "" };
    let threshold = values::text(own, "threshold").map(|text| format!("{{{text}}}")).unwrap_or_default();
    let weight = values::text(own, "weight").map(|text| format!("[{text}]")).unwrap_or_default();
    Some(format!(
        "{threshold}{weight}{skill}{}@{}.{kind}",
        values::text(own, "name")?,
        part("statserver").unwrap_or_default()
    ))
}
