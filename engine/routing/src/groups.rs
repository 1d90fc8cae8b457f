//! Groups of places and groups of campaigns: targets of the types GP and GC.
//!
//! Whoever works at a place of a group belongs to it, by the desk of today: a login elsewhere changes it while people
//! wait. To a campaign group belong the agents that it names and all agents of the agent groups that it names. What an
//! agent belongs to is kept with the agent and worked out again when the groups, the profile or the desk change; it
//! costs a look-up for the place, the id and each agent group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vocabulary::AgentId;

use crate::AgentProfile;

/// Groups as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Place groups with their places. Default none.
    pub places: BTreeMap<String, BTreeSet<String>>,
    /// Campaign groups. Default none.
    pub campaigns: BTreeMap<String, CampaignGroup>,
}

/// A group of agents who work for a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignGroup {
    /// Agents, by employee id.
    pub agents: BTreeSet<AgentId>,
    /// Agent groups all of whose members belong to it.
    pub groups: BTreeSet<String>,
}

/// Groups, found by what puts an agent into them.
#[derive(Debug, Default)]
pub(crate) struct Memberships {
    places: BTreeSet<Arc<str>>,
    campaigns: BTreeSet<Arc<str>>,
    of_place: BTreeMap<String, Vec<Arc<str>>>,
    of_agent: BTreeMap<AgentId, Vec<Arc<str>>>,
    of_agent_group: BTreeMap<String, Vec<Arc<str>>>,
}

/// What an agent belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) place_groups: Vec<Arc<str>>,
    pub(crate) campaign_groups: BTreeSet<Arc<str>>,
}

impl Memberships {
    pub(crate) fn new(groups: &Groups) -> Self {
        let mut found = Self::default();
        for (name, places) in &groups.places {
            let name: Arc<str> = Arc::from(name.as_str());
            for place in places {
                found.of_place.entry(place.clone()).or_default().push(Arc::clone(&name));
            }
            found.places.insert(name);
        }
        for (name, group) in &groups.campaigns {
            let name: Arc<str> = Arc::from(name.as_str());
            for agent in &group.agents {
                found.of_agent.entry(agent.clone()).or_default().push(Arc::clone(&name));
            }
            for group in &group.groups {
                found.of_agent_group.entry(group.clone()).or_default().push(Arc::clone(&name));
            }
            found.campaigns.insert(name);
        }
        found
    }

    /// What an agent of this profile belongs to; the place is that of today.
    pub(crate) fn of(&self, profile: &AgentProfile) -> Membership {
        let by_group = profile.groups.iter().filter_map(|group| self.of_agent_group.get(group));
        let campaigns = self.of_agent.get(&profile.id).into_iter().chain(by_group);
        Membership {
            place_groups: self.of_place.get(&profile.place).cloned().unwrap_or_default(),
            campaign_groups: campaigns.flatten().cloned().collect(),
        }
    }

    /// Names of the place groups.
    pub(crate) fn place_groups(&self) -> impl Iterator<Item = &str> + Clone {
        self.places.iter().map(AsRef::as_ref)
    }

    /// Names of the campaign groups.
    pub(crate) fn campaign_groups(&self) -> impl Iterator<Item = &str> + Clone {
        self.campaigns.iter().map(AsRef::as_ref)
    }
}
