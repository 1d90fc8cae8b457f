//! What simulated customers and agents do.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocabulary::CallState;

/// Longest time that a behaviour may name: a day.
const TIME_MAX: Duration = Duration::from_secs(86_400);

/// What a customer does when called. Times that are `None` are those of [`crate::Settings`].
///
/// In JSON an object `{"behaviour": "machine", "answers_after_secs": 3, "beep_after_secs": 6}`; only the name is
/// mandatory. Names: `human busy no_answer machine fax silence sit hangup no_trunk`; `sit` takes `call_state`, 11
/// to 16, default 14.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub enum Behaviour {
    /// A person answers.
    Human {
        /// Ringing time.
        answers_after: Option<Duration>,
    },
    /// Busy (call state 6).
    Busy,
    /// Rings until the limit (call state 7).
    NoAnswer,
    /// An answering machine answers (call state 9).
    Machine {
        /// Ringing time.
        answers_after: Option<Duration>,
        /// From the answer to the beep.
        beep_after: Option<Duration>,
    },
    /// A fax answers (call state 17).
    Fax {
        /// Ringing time.
        answers_after: Option<Duration>,
    },
    /// Somebody answers and says nothing (call state 8).
    Silence {
        /// Ringing time.
        answers_after: Option<Duration>,
    },
    /// The network plays a special information tone.
    Sit {
        /// Which, 11 to 16.
        call_state: CallState,
    },
    /// A person answers and hangs up some time later, wherever the call is then.
    HangsUp {
        /// Ringing time.
        answers_after: Option<Duration>,
        /// From the answer to the hang-up.
        hangs_up_after: Option<Duration>,
    },
    /// There is no line to dial on (call state 10).
    NoTrunk,
}

/// The description of a behaviour cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MalformedBehaviour {
    /// No behaviour of a customer has this name.
    #[error(
        "`{name}` is not what a customer can do: write human, busy, no_answer, machine, fax, silence, sit, \
         hangup or no_trunk"
    )]
    UnknownName {
        /// As written.
        name: String,
    },
    /// No behaviour of an agent has this name.
    #[error("`{name}` is not what an agent can do: write manual, answers, declines or rings_out")]
    UnknownAgentName {
        /// As written.
        name: String,
    },
    /// A time is negative, no number, or longer than a day.
    #[error("{seconds} is not a number of seconds from 0 to 86400")]
    Time {
        /// As written.
        seconds: f64,
    },
    /// A tone must have a call state from 11 to 16.
    #[error("call state {call_state} is not a special information tone: write 11 to 16")]
    Tone {
        /// As written.
        call_state: u8,
    },
}

impl Behaviour {
    /// The name of the behaviour, `no_answer`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Human { .. } => "human",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Machine { .. } => "machine",
            Self::Fax { .. } => "fax",
            Self::Silence { .. } => "silence",
            Self::Sit { .. } => "sit",
            Self::HangsUp { .. } => "hangup",
            Self::NoTrunk => "no_trunk",
        }
    }

    /// What detection finds, for those who answer.
    pub(crate) const fn detected_state(&self) -> CallState {
        match self {
            Self::Silence { .. } => CallState::SILENCE_DETECTED,
            Self::Machine { .. } => CallState::ANSWERING_MACHINE_DETECTED,
            Self::Fax { .. } => CallState::FAX_DETECTED,
            Self::Human { .. }
            | Self::HangsUp { .. }
            | Self::Busy
            | Self::NoAnswer
            | Self::Sit { .. }
            | Self::NoTrunk => CallState::OK,
        }
    }

    /// Checks what the types leave open.
    pub(crate) fn check(&self) -> Result<(), MalformedBehaviour> {
        match self {
            Self::Sit { call_state } if !(11..=16).contains(&call_state.number()) => {
                Err(MalformedBehaviour::Tone { call_state: call_state.number() })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Behaviour {
    /// A phrase that follows "the customer".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Human { .. } => f.write_str("answers"),
            Self::Busy => f.write_str("is busy"),
            Self::NoAnswer => f.write_str("does not answer"),
            Self::Machine { .. } => f.write_str("has an answering machine that answers"),
            Self::Fax { .. } => f.write_str("has a fax that answers"),
            Self::Silence { .. } => f.write_str("answers and says nothing"),
            Self::Sit { call_state } => {
                write!(f, "cannot be reached: tone {call_state}")
            }
            Self::HangsUp { .. } => f.write_str("answers and hangs up"),
            Self::NoTrunk => f.write_str("cannot be dialled: no free line"),
        }
    }
}

impl FromStr for Behaviour {
    type Err = MalformedBehaviour;

    /// Reads a name; every time is the default.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Form { behaviour: name.to_owned(), ..Form::default() }.try_into()
    }
}

/// The JSON form.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    behaviour: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answers_after_secs: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beep_after_secs: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hangs_up_after_secs: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call_state: Option<u8>,
}

impl TryFrom<Form> for Behaviour {
    type Error = MalformedBehaviour;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        let answers_after = duration(form.answers_after_secs)?;
        let beep_after = duration(form.beep_after_secs)?;
        let hangs_up_after = duration(form.hangs_up_after_secs)?;
        let behaviour = match form.behaviour.as_str() {
            "human" => Self::Human { answers_after },
            "busy" => Self::Busy,
            // The scenario notation writes it in one word.
            "no_answer" | "noanswer" => Self::NoAnswer,
            "machine" => Self::Machine { answers_after, beep_after },
            "fax" => Self::Fax { answers_after },
            "silence" => Self::Silence { answers_after },
            "sit" | "tone" => Self::Sit {
                call_state: form.call_state.map_or(CallState::SIT_UNKNOWN, CallState::from_number),
            },
            "hangup" => Self::HangsUp { answers_after, hangs_up_after },
            "no_trunk" => Self::NoTrunk,
            _ => {
                return Err(MalformedBehaviour::UnknownName { name: form.behaviour });
            }
        };
        behaviour.check()?;
        Ok(behaviour)
    }
}

impl From<Behaviour> for Form {
    fn from(behaviour: Behaviour) -> Self {
        let mut form = Self { behaviour: behaviour.name().to_owned(), ..Self::default() };
        match behaviour {
            Behaviour::Human { answers_after }
            | Behaviour::Fax { answers_after }
            | Behaviour::Silence { answers_after } => form.answers_after_secs = seconds(answers_after),
            Behaviour::Machine { answers_after, beep_after } => {
                form.answers_after_secs = seconds(answers_after);
                form.beep_after_secs = seconds(beep_after);
            }
            Behaviour::HangsUp { answers_after, hangs_up_after } => {
                form.answers_after_secs = seconds(answers_after);
                form.hangs_up_after_secs = seconds(hangs_up_after);
            }
            Behaviour::Sit { call_state } => form.call_state = Some(call_state.number()),
            Behaviour::Busy | Behaviour::NoAnswer | Behaviour::NoTrunk => {}
        }
        form
    }
}

/// What an agent does when the phone rings.
///
/// In JSON `{"behaviour": "answers", "after_secs": 2}`; names: `manual answers declines rings_out`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AgentForm", into = "AgentForm")]
pub enum AgentBehaviour {
    /// Waits for orders from the desk; without one the phone rings out.
    #[default]
    Manual,
    /// Answers.
    Answers {
        /// Ringing time.
        after: Duration,
    },
    /// Declines.
    Declines {
        /// Ringing time.
        after: Duration,
    },
    /// Nobody is at the desk: orders to answer or decline are ignored and the phone rings out.
    RingsOut,
}

impl FromStr for AgentBehaviour {
    type Err = MalformedBehaviour;

    /// Reads a name; an agent who answers or declines does so at once.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        AgentForm { behaviour: name.to_owned(), after_secs: None }.try_into()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentForm {
    behaviour: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_secs: Option<f64>,
}

impl TryFrom<AgentForm> for AgentBehaviour {
    type Error = MalformedBehaviour;

    fn try_from(form: AgentForm) -> Result<Self, Self::Error> {
        let after = duration(form.after_secs)?.unwrap_or(Duration::ZERO);
        match form.behaviour.as_str() {
            "manual" => Ok(Self::Manual),
            "answers" => Ok(Self::Answers { after }),
            "declines" => Ok(Self::Declines { after }),
            "rings_out" => Ok(Self::RingsOut),
            _ => Err(MalformedBehaviour::UnknownAgentName { name: form.behaviour }),
        }
    }
}

impl From<AgentBehaviour> for AgentForm {
    fn from(behaviour: AgentBehaviour) -> Self {
        let (name, after) = match behaviour {
            AgentBehaviour::Manual => ("manual", None),
            AgentBehaviour::Answers { after } => ("answers", Some(after)),
            AgentBehaviour::Declines { after } => ("declines", Some(after)),
            AgentBehaviour::RingsOut => ("rings_out", None),
        };
        Self { behaviour: name.to_owned(), after_secs: seconds(after) }
    }
}

fn duration(seconds: Option<f64>) -> Result<Option<Duration>, MalformedBehaviour> {
    let Some(seconds) = seconds else {
        return Ok(None);
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= TIME_MAX => Ok(Some(duration)),
        _ => Err(MalformedBehaviour::Time { seconds }),
    }
}

fn seconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vocabulary::CallState;

    use super::{AgentBehaviour, Behaviour};

    #[test]
    fn every_name_is_read_and_written() {
        for name in ["human", "busy", "no_answer", "machine", "fax", "silence", "sit", "hangup", "no_trunk"] {
            let behaviour: Behaviour = name.parse().unwrap();
            assert_eq!(behaviour.name(), name);
            let json = serde_json::to_string(&behaviour).unwrap();
            assert_eq!(serde_json::from_str::<Behaviour>(&json).unwrap(), behaviour, "{json}");
        }
        for name in ["manual", "answers", "declines", "rings_out"] {
            let behaviour: AgentBehaviour = name.parse().unwrap();
            let json = serde_json::to_string(&behaviour).unwrap();
            assert_eq!(serde_json::from_str::<AgentBehaviour>(&json).unwrap(), behaviour, "{json}");
        }
    }

    #[test]
    fn numbers_are_optional() {
        let machine: Behaviour =
            serde_json::from_str(r#"{"behaviour":"machine","beep_after_secs":2.5}"#).unwrap();
        assert_eq!(
            machine,
            Behaviour::Machine { answers_after: None, beep_after: Some(Duration::from_millis(2500)) }
        );
        let tone: Behaviour = serde_json::from_str(r#"{"behaviour":"sit","call_state":12}"#).unwrap();
        assert_eq!(tone, Behaviour::Sit { call_state: CallState::SIT_VACANT });
        let agent: AgentBehaviour =
            serde_json::from_str(r#"{"behaviour":"answers","after_secs":2}"#).unwrap();
        assert_eq!(agent, AgentBehaviour::Answers { after: Duration::from_secs(2) });
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_named() {
        for (json, expected) in [
            (r#"{"behaviour":"sleeps"}"#, "`sleeps`"),
            (r#"{"behaviour":"human","answers_after_secs":-1}"#, "-1"),
            (r#"{"behaviour":"human","answers_after_secs":1e9}"#, "86400"),
            (r#"{"behaviour":"sit","call_state":6}"#, "call state 6"),
            (r#"{"behaviour":"human","answers_in":3}"#, "answers_in"),
        ] {
            let error = serde_json::from_str::<Behaviour>(json).unwrap_err().to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
