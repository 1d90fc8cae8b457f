//! The sections `[place_groups.NAME]` and `[campaign_groups.NAME]`: targets of the types GP and GC; and
//! `[queue_groups.NAME]`: names of which a waiting time can be asked.

use std::collections::{BTreeMap, BTreeSet};

use routing::{CampaignGroup, Groups};
use vocabulary::{AgentId, QueueName};

use super::AgentSettings;
use super::document::{Content, Entry, Table};
use super::problem::{Problems, did_you_mean};
use super::section::{Section, shown};

/// Reads both kinds of groups. What a campaign group names and nobody is configured for is a warning: agents may come
/// through the API.
pub(super) fn read(
    places: &Table,
    campaigns: &Table,
    agents: &BTreeMap<AgentId, AgentSettings>,
    problems: &mut Problems,
) -> Groups {
    let mut groups = Groups::default();
    for (name, entry) in places {
        let Some(keys) = keys_of("place_groups", name, entry, problems) else { continue };
        let mut section = Section::new(format!("[place_groups.{name}]"), keys, problems);
        let places = section.texts("places").unwrap_or_default().into_iter().collect();
        section.finish();
        groups.places.insert(name.clone(), places);
    }
    let groups_of_agents: BTreeSet<&str> =
        agents.values().flat_map(|agent| &agent.profile.groups).map(String::as_str).collect();
    for (name, entry) in campaigns {
        let Some(keys) = keys_of("campaign_groups", name, entry, problems) else { continue };
        let mut section = Section::new(format!("[campaign_groups.{name}]"), keys, problems);
        let group = CampaignGroup {
            agents: section.texts("agents").unwrap_or_default().iter().map(AgentId::new).collect(),
            groups: section.texts("groups").unwrap_or_default().into_iter().collect(),
        };
        let mut warn = |key: &'static str, problem: String| {
            if let Some(place) = section.place_of(key) {
                section.warning(&place, format!("[campaign_groups.{name}] `{key}`: {problem}"));
            }
        };
        for id in group.agents.iter().filter(|id| !agents.contains_key(*id)) {
            let near = did_you_mean(id.as_str(), agents.keys().map(AgentId::as_str));
            warn("agents", format!("agent `{id}` is not configured and has to come through the API{near}"));
        }
        for of_agents in group.groups.iter().filter(|group| !groups_of_agents.contains(group.as_str())) {
            let near = did_you_mean(of_agents, groups_of_agents.iter().copied());
            warn("groups", format!("no configured agent is in the agent group `{of_agents}`{near}"));
        }
        section.finish();
        groups.campaigns.insert(name.clone(), group);
    }
    groups
}

/// Reads the groups of queues. A group is asked for as `NAME.GQ`, or as `NAME@.GQ` like a target.
pub(super) fn read_queue_groups(
    table: &Table,
    problems: &mut Problems,
) -> BTreeMap<QueueName, Vec<QueueName>> {
    let mut groups = BTreeMap::new();
    for (name, entry) in table {
        let Some(keys) = keys_of("queue_groups", name, entry, problems) else { continue };
        let mut section = Section::new(format!("[queue_groups.{name}]"), keys, problems);
        let names: BTreeSet<String> = section.texts("queues").unwrap_or_default().into_iter().collect();
        if names.is_empty() || names.contains("") {
            let place = section.place_of("queues").unwrap_or_else(|| entry.key_place.clone());
            section.error(
                &place,
                format!("[queue_groups.{name}] has no `queues`: name the virtual queues that belong to it"),
            );
        }
        section.finish();
        let queues: Vec<QueueName> = names.iter().map(QueueName::new).collect();
        for name in [format!("{name}.GQ"), format!("{name}@.GQ")] {
            groups.insert(QueueName::new(name), queues.clone());
        }
    }
    groups
}

fn keys_of<'t>(section: &str, name: &str, entry: &'t Entry, problems: &mut Problems) -> Option<&'t Table> {
    if let Content::Table(keys) = &entry.node.content {
        return Some(keys);
    }
    let found = shown(&entry.node.content);
    problems.error(
        &entry.node.place,
        format!("{section} `{name}` is {found}; expected a table `[{section}.{name}]`"),
    );
    None
}
