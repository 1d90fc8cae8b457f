//! The interactions of a session, `_genesys.ixn.interactions`: a function of the events that the session has seen.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use statecharts::Event;
use std::collections::BTreeMap;

/// The interactions in the order in which they came. Changes only by [`Interactions::apply`] (ors: 4.3).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Interactions(Vec<Interaction>);

/// One interaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Interaction {
    id: String,
    device: String,
    ani: String,
    dnis: String,
    /// `inbound` or `outbound`.
    kind: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    udata: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parties: BTreeMap<String, Party>,
}

/// Somebody on a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Party {
    device: String,
    state: String,
}

impl Interactions {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys of the data that are attached to one.
    pub(crate) fn data_keys(&self, id: &str) -> Vec<String> {
        let known = self.0.iter().find(|known| known.id == id);
        known.map(|known| known.udata.keys().cloned().collect()).unwrap_or_default()
    }

    /// The data that are attached to one.
    pub(crate) fn data(&self, id: &str) -> Option<&Map<String, Value>> {
        self.0.iter().find(|known| known.id == id).map(|known| &known.udata)
    }

    /// Id of the first one.
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.first().map(|interaction| interaction.id.as_str())
    }

    /// What an event of the platform changes; events that charts send to each other must not come here.
    pub fn apply(&mut self, event: &Event) {
        let Some(data) = event.data.as_ref() else { return };
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = text("interactionid");
        match event.name.as_str() {
            "interaction.added" => {
                self.0.retain(|known| known.id != id);
                self.0.push(Interaction {
                    id,
                    device: text("focusdeviceid"),
                    ani: text("ani"),
                    dnis: text("dnis"),
                    kind: text("type"),
                    udata: data.get("udata").and_then(Value::as_object).cloned().unwrap_or_default(),
                    parties: BTreeMap::new(),
                });
            }
            "interaction.deleted" | "interaction.notcontrolled" => self.0.retain(|known| known.id != id),
            "interaction.partystatechanged" => {
                self.set_party(&id, text("partyid"), text("focusdeviceid"), text("partystate"));
            }
            "interaction.ondivert" => {
                let (device, state) = (text("divertingdeviceid"), text("divertingpartystate"));
                self.set_party(&id, text("divertingpartyid"), device, state);
            }
            "interaction.udata.changed" => {
                let changed = data.get("udata").and_then(Value::as_object);
                if let (Some(known), Some(changed)) = (self.get_mut(&id), changed) {
                    known.udata.extend(changed.clone());
                    known.udata.retain(|_, value| !value.is_null());
                }
            }
            _ => {}
        }
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Interaction> {
        self.0.iter_mut().find(|known| known.id == id)
    }

    fn set_party(&mut self, id: &str, party: String, device: String, state: String) {
        if let Some(known) = self.get_mut(id) {
            known.parties.insert(party, Party { device, state });
        }
    }

    /// The collection as scripts see it: by position and by id.
    ///
    /// # Errors
    /// When there is none: reading is then an error event (ors: 4.3).
    pub(super) fn shown(&self) -> Result<Value, String> {
        if self.0.is_empty() {
            return Err("there is no interaction: wait for interaction.added".to_owned());
        }
        let mut collection = Map::new();
        for (position, interaction) in self.0.iter().enumerate() {
            let shown = interaction.shown();
            collection.insert(position.to_string(), shown.clone());
            collection.insert(interaction.id.clone(), shown);
        }
        Ok(Value::Object(collection))
    }
}

impl Interaction {
    /// The interaction object (ors: 4.3).
    fn shown(&self) -> Value {
        let parties: Map<String, Value> = self
            .parties
            .iter()
            .map(|(id, party)| {
                (id.clone(), json!({ "id": id, "device": party.device, "state": party.state }))
            })
            .collect();
        json!({
            "g_uid": self.id, "category": "voice", "tenantid": 1, "parentid": null,
            "contactedaddr": self.dnis, "location": { "media_server": "" },
            "parties": parties, "udata": self.udata, "xdata": {},
            "voice": {
                "callid": self.id, "ani": self.ani, "dnis": self.dnis, "type": self.kind, "media": "TMediaVoice",
            },
        })
    }
}
