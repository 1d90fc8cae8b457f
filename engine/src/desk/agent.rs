//! One agent at the desk: what the agent was told, and what may be asked for next. Pure.
//!
//! Two voices tell of an agent. The switch says what the phone does, the router which status follows from it, a moment
//! later. Whoever was told that the phone rings may answer at once: the phone decides what can be done with a call, and
//! the status shown follows it.
//!
//! | asked for | no call | rings | talks |
//! | --- | --- | --- | --- |
//! | log in at another desk, log out | router | refused | refused |
//! | ready, not ready | router; refused while logged out | router: after the call | router: after the call |
//! | answer, decline | refused | phone | refused |
//! | hang up | refused | refused | phone |

use std::collections::VecDeque;
use std::time::Duration;

use routing::{AgentProfile, AgentStatus, Command};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use vocabulary::{InteractionId, Timestamp};

use crate::api::{AgentCommand, AgentError, AgentMessage, AgentState};

/// Messages kept for each agent who has ever opened a socket.
const MESSAGES_KEPT: usize = 1_000;
/// Messages kept for one who has not: a client that opens its first socket learns how the agent came to work.
const MESSAGES_KEPT_AT_FIRST: usize = 16;
/// Bytes of the messages kept for each agent; agents with many groups and skills have long ones.
const BYTES_KEPT: usize = 256 * 1024;
/// How long an agent whose socket is gone may take to open another one, in engine time.
pub(super) const ABSENCE_MAX: Duration = Duration::from_secs(45);
/// Messages that may wait for one socket; a slower one is cut off and resumes by `after`.
const SOCKET_CAPACITY: usize = 256;

/// The call on an agent's phone, as the switch told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phone {
    /// No call.
    Idle,
    /// A call rings.
    Rings(InteractionId),
    /// The agent is on a call.
    Talks(InteractionId),
}

impl Phone {
    /// The call.
    fn call(&self) -> Option<&InteractionId> {
        match self {
            Self::Idle => None,
            Self::Rings(call) | Self::Talks(call) => Some(call),
        }
    }
}

/// What is to be done with a command that can be followed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// A login: at this desk, or the agent's own.
    LogIn { place: Option<String>, dn: Option<String> },
    /// Nothing: it is so already.
    Nothing,
    /// The router is asked.
    Route(Command),
    /// The switch is asked.
    Dial(telephony::Command),
}

/// An agent.
#[derive(Debug)]
pub(super) struct Agent {
    /// Directory number, switch and place are those of the login while at work.
    pub(super) profile: AgentProfile,
    /// As configured.
    pub(super) own: AgentProfile,
    /// As the router said last.
    status: AgentStatus,
    /// What the agent wants to be after the call.
    after_call: Option<AgentStatus>,
    reserved: bool,
    phone: Phone,
    /// Whether a socket was ever opened: whoever had one is missed when it is gone.
    had_socket: bool,
    /// Since when the agent has had none, after having had one.
    alone_since: Option<Timestamp>,
    next_seq: u64,
    kept: VecDeque<AgentMessage>,
    bytes_kept: usize,
    sockets: Vec<mpsc::Sender<AgentMessage>>,
}

impl Agent {
    pub(super) fn new(profile: AgentProfile) -> Self {
        Self {
            own: profile.clone(),
            profile,
            status: AgentStatus::LoggedOut,
            after_call: None,
            reserved: false,
            phone: Phone::Idle,
            had_socket: false,
            alone_since: None,
            next_seq: 1,
            kept: VecDeque::new(),
            bytes_kept: 0,
            sockets: Vec::new(),
        }
    }

    /// The status that the agent is shown: what the phone does counts before the router has heard of it.
    pub(super) fn status(&self) -> AgentStatus {
        match self.phone {
            Phone::Idle => self.status.clone(),
            Phone::Rings(_) => AgentStatus::Ringing,
            Phone::Talks(_) => AgentStatus::Busy,
        }
    }

    /// Whether the agent is at work.
    pub(super) fn is_at_work(&self) -> bool {
        self.status().is_at_work()
    }

    /// Whether the phone is in use, or the router has not heard yet that it no longer is.
    pub(super) fn is_on_call(&self) -> bool {
        self.status().is_on_call()
    }

    /// What a command amounts to now.
    ///
    /// # Errors
    /// [`AgentError::NotNow`].
    pub(super) fn decide(&self, command: AgentCommand) -> Result<Deed, AgentError> {
        let (agent, dn) = (self.profile.id.clone(), self.profile.dn.clone());
        let request = |status| Ok(Deed::Route(Command::RequestStatus { agent, status }));
        match command {
            AgentCommand::LogIn { place: None, dn: None } if self.is_at_work() => Ok(Deed::Nothing),
            AgentCommand::LogIn { .. } if self.is_on_call() => Err(self.refuses("login at another desk")),
            AgentCommand::LogIn { place, dn } => Ok(Deed::LogIn { place, dn }),
            AgentCommand::LogOut if self.is_on_call() => Err(self.refuses("logout")),
            AgentCommand::LogOut => request(AgentStatus::LoggedOut),
            AgentCommand::Ready | AgentCommand::NotReady { .. } if !self.is_at_work() => {
                Err(self.refuses("ready or not-ready"))
            }
            AgentCommand::Ready => request(AgentStatus::Ready),
            AgentCommand::NotReady { reason } => request(AgentStatus::NotReady { reason }),
            AgentCommand::Answer | AgentCommand::Decline if !matches!(self.phone, Phone::Rings(_)) => {
                Err(self.refuses("answer or decline"))
            }
            AgentCommand::HangUp if !matches!(self.phone, Phone::Talks(_)) => Err(self.refuses("hang-up")),
            AgentCommand::Answer => Ok(Deed::Dial(telephony::Command::AgentAnswers { dn })),
            AgentCommand::Decline => Ok(Deed::Dial(telephony::Command::AgentDeclines { dn })),
            AgentCommand::HangUp => Ok(Deed::Dial(telephony::Command::AgentHangsUp { dn })),
        }
    }

    /// That a command does not fit.
    pub(super) fn refuses(&self, command: &str) -> AgentError {
        AgentError::NotNow {
            agent: self.profile.id.to_string(),
            status: status_name(&self.status()).to_owned(),
            command: command.to_owned(),
        }
    }

    /// The router has changed the status or a reservation, or what comes after the call.
    pub(super) fn status_changed(
        &mut self,
        status: &AgentStatus,
        reserved: bool,
        after_call: Option<&AgentStatus>,
        now: Timestamp,
    ) {
        self.status = status.clone();
        self.reserved = reserved;
        self.after_call = after_call.cloned();
        self.say("status", &json!(self.view()), now);
    }

    /// The switch tells of the phone; `kind` is the type of the message.
    pub(super) fn phone_is(&mut self, phone: Phone, kind: &str, now: Timestamp) {
        let call = phone.call().or_else(|| self.phone.call()).cloned();
        self.phone = phone;
        self.say(kind, &json!({ "interactionid": call }), now);
    }

    fn say(&mut self, kind: &str, data: &Value, now: Timestamp) {
        let message = AgentMessage::new(self.next_seq, kind, now, data);
        self.next_seq += 1;
        let most = if self.had_socket { MESSAGES_KEPT } else { MESSAGES_KEPT_AT_FIRST };
        self.bytes_kept += message.text().len();
        self.kept.push_back(message.clone());
        while self.kept.len() > most || (self.bytes_kept > BYTES_KEPT && self.kept.len() > 1) {
            let oldest = self.kept.pop_front();
            self.bytes_kept -= oldest.map_or(0, |oldest| oldest.text().len());
        }
        self.sockets.retain(|socket| socket.try_send(message.clone()).is_ok());
    }

    /// Opens a socket: messages with a number above `after`, the newest when it is `None`, then new ones.
    pub(super) fn listen(&mut self, after: Option<u64>) -> mpsc::Receiver<AgentMessage> {
        let (socket, receiver) = mpsc::channel(MESSAGES_KEPT + SOCKET_CAPACITY);
        let after = after.unwrap_or(self.next_seq.saturating_sub(1));
        for message in self.kept.iter().filter(|message| message.seq() > after) {
            // Holds every message that is kept: cannot be full.
            let _fits = socket.try_send(message.clone());
        }
        self.sockets.retain(|socket| !socket.is_closed());
        self.sockets.push(socket);
        self.had_socket = true;
        self.alone_since = None;
        receiver
    }

    /// A socket is gone, perhaps the last one.
    pub(super) fn socket_gone(&mut self, now: Timestamp) {
        if self.sockets.iter().all(|socket| socket.is_closed()) {
            self.alone_since = self.alone_since.or(Some(now));
        }
    }

    /// Whether the agent is at work, once had a socket, and has had none for too long.
    pub(super) fn is_missing(&self, now: Timestamp) -> bool {
        self.is_at_work() && self.alone_since.is_some_and(|since| now.since(since) >= ABSENCE_MAX)
    }

    /// The agent as clients see it.
    pub(super) fn view(&self) -> AgentState {
        let status = self.status();
        AgentState {
            id: self.profile.id.to_string(),
            name: self.profile.name.clone(),
            dn: self.profile.dn.clone(),
            place: self.profile.place.clone(),
            groups: self.profile.groups.clone(),
            skills: self.profile.skills.clone(),
            after_call: self.after_call.as_ref().map(|status| status_name(status).to_owned()),
            status: status_name(&status).to_owned(),
            reason: match status {
                AgentStatus::NotReady { reason } => reason,
                _ => None,
            },
            reserved: self.reserved,
            interaction: self.phone.call().cloned(),
        }
    }
}

/// The wire name of a status.
fn status_name(status: &AgentStatus) -> &'static str {
    match status {
        AgentStatus::LoggedOut => "logged_out",
        AgentStatus::NotReady { .. } => "not_ready",
        AgentStatus::Ready => "ready",
        AgentStatus::Dialing => "dialing",
        AgentStatus::Ringing => "ringing",
        AgentStatus::Busy => "busy",
        AgentStatus::AfterCallWork => "after_call_work",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use routing::{AgentProfile, AgentStatus, Command};
    use vocabulary::{InteractionId, Timestamp};

    use super::{Agent, BYTES_KEPT, Deed, MESSAGES_KEPT, MESSAGES_KEPT_AT_FIRST, Phone};
    use crate::api::AgentCommand;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn agent(status: &AgentStatus) -> Agent {
        let mut agent = Agent::new(AgentProfile {
            id: "7001".into(),
            name: "Ada".to_owned(),
            dn: "7001".to_owned(),
            switch: String::new(),
            place: String::new(),
            groups: Vec::new(),
            skills: BTreeMap::new(),
        });
        agent.status_changed(status, false, None, NOW);
        agent
    }

    fn call() -> InteractionId {
        InteractionId::new("C1")
    }

    fn dials(agent: &Agent, command: AgentCommand) -> bool {
        matches!(agent.decide(command), Ok(Deed::Dial(_)))
    }

    #[test]
    fn whoever_was_told_of_a_call_can_act_on_it_before_the_router_has_heard_of_it() {
        let mut agent = agent(&AgentStatus::Ready);
        agent.phone_is(Phone::Rings(call()), "ringing", NOW);
        assert!(dials(&agent, AgentCommand::Answer) && dials(&agent, AgentCommand::Decline));
        assert!(!dials(&agent, AgentCommand::HangUp));
        assert_eq!(agent.view().status, "ringing");
        agent.phone_is(Phone::Talks(call()), "connected", NOW);
        assert!(dials(&agent, AgentCommand::HangUp));
        assert_eq!(agent.view().status, "busy");
        agent.status_changed(&AgentStatus::Ringing, false, None, NOW);
        assert!(dials(&agent, AgentCommand::HangUp), "what the router says late changes nothing");
        assert_eq!(agent.view().status, "busy");
    }

    #[test]
    fn nothing_can_be_done_with_a_call_that_is_gone() {
        let mut agent = agent(&AgentStatus::Ready);
        agent.phone_is(Phone::Talks(call()), "connected", NOW);
        agent.status_changed(&AgentStatus::Busy, false, None, NOW);
        agent.phone_is(Phone::Idle, "released", NOW);
        assert!(!dials(&agent, AgentCommand::HangUp));
        assert_eq!(agent.view().interaction, None);
        assert!(agent.decide(AgentCommand::LogOut).is_err(), "the router still takes her for busy");
    }

    #[test]
    fn nobody_leaves_or_moves_while_the_phone_is_in_use() {
        let mut agent = agent(&AgentStatus::Ready);
        agent.phone_is(Phone::Rings(call()), "ringing", NOW);
        let elsewhere = AgentCommand::LogIn { place: Some("window".to_owned()), dn: None };
        let refused = agent.decide(elsewhere).unwrap_err().to_string();
        assert_eq!(refused, "agent 7001 is ringing: login at another desk is not possible");
        assert!(agent.decide(AgentCommand::LogOut).is_err());
        let again = AgentCommand::LogIn { place: None, dn: None };
        assert_eq!(agent.decide(again).unwrap(), Deed::Nothing);
    }

    #[test]
    fn a_wish_goes_to_the_router_whatever_the_phone_does() {
        let mut agent = agent(&AgentStatus::Ready);
        let wish = Command::RequestStatus {
            agent: "7001".into(),
            status: AgentStatus::NotReady { reason: Some("lunch".to_owned()) },
        };
        let lunch = || AgentCommand::NotReady { reason: Some("lunch".to_owned()) };
        assert_eq!(agent.decide(lunch()).unwrap(), Deed::Route(wish.clone()));
        agent.phone_is(Phone::Rings(call()), "ringing", NOW);
        assert_eq!(agent.decide(lunch()).unwrap(), Deed::Route(wish));
        assert!(self::agent(&AgentStatus::LoggedOut).decide(lunch()).is_err());
    }

    fn read(message: &crate::api::AgentMessage) -> serde_json::Value {
        serde_json::from_str(message.text()).unwrap()
    }

    #[test]
    fn a_socket_resumes_behind_the_last_message_that_was_seen() {
        let mut agent = agent(&AgentStatus::Ready);
        agent.phone_is(Phone::Rings(call()), "ringing", NOW);
        let mut resumed = agent.listen(Some(1));
        let message = read(&resumed.try_recv().unwrap());
        assert_eq!((&message["seq"], &message["type"]), (&2.into(), &"ringing".into()));
        let mut new = agent.listen(None);
        assert!(new.try_recv().is_err());
        agent.phone_is(Phone::Idle, "diverted", NOW);
        for socket in [&mut resumed, &mut new] {
            let message = read(&socket.try_recv().unwrap());
            assert_eq!((&message["seq"], &message["data"]["interactionid"]), (&3.into(), &"C1".into()));
        }
    }

    fn ring(agent: &mut Agent, times: usize) {
        for _ in 0..times {
            agent.phone_is(Phone::Rings(call()), "ringing", NOW);
        }
    }

    #[test]
    fn few_messages_are_kept_before_the_first_socket_and_many_after_it() {
        let mut agent = agent(&AgentStatus::Ready);
        ring(&mut agent, 2_000);
        assert_eq!(agent.kept.len(), MESSAGES_KEPT_AT_FIRST);
        let mut first = agent.listen(Some(0));
        assert_eq!(first.try_recv().unwrap().seq(), 2_001 - 15, "the last of them");
        drop(first);
        ring(&mut agent, 2_000);
        assert_eq!(agent.kept.len(), MESSAGES_KEPT);
        let mut resumed = agent.listen(Some(3_500));
        assert_eq!(resumed.try_recv().unwrap().seq(), 3_501);
    }

    #[test]
    fn messages_of_agents_with_many_skills_are_kept_by_their_bytes() {
        let mut agent = agent(&AgentStatus::Ready);
        agent.profile.groups = (0..500).map(|number| format!("{number:0>100}")).collect();
        let _socket = agent.listen(None);
        for _ in 0..200 {
            agent.status_changed(&AgentStatus::Ready, false, None, NOW);
        }
        let bytes: usize = agent.kept.iter().map(|message| message.text().len()).sum();
        assert_eq!(bytes, agent.bytes_kept);
        assert!(bytes <= BYTES_KEPT && agent.kept.len() > 1, "{bytes} in {}", agent.kept.len());
    }

    #[test]
    fn whoever_had_a_socket_and_has_had_none_for_some_time_is_missed() {
        let after = |seconds: u64| NOW + Duration::from_secs(seconds);
        let mut agent = agent(&AgentStatus::Ready);
        agent.socket_gone(NOW);
        let (first, second) = (agent.listen(None), agent.listen(None));
        drop(first);
        agent.socket_gone(after(10));
        assert!(!agent.is_missing(after(100)), "there is another one");
        drop(second);
        agent.socket_gone(after(100));
        assert!(!agent.is_missing(after(144)));
        assert!(agent.is_missing(after(145)));
        agent.status_changed(&AgentStatus::LoggedOut, false, None, NOW);
        assert!(!agent.is_missing(after(145)));
    }

    #[test]
    fn each_loss_of_the_socket_has_its_full_time() {
        let after = |seconds: u64| NOW + Duration::from_secs(seconds);
        let mut agent = agent(&AgentStatus::Ready);
        drop(agent.listen(None));
        agent.socket_gone(NOW);
        drop(agent.listen(None));
        agent.socket_gone(after(40));
        assert!(!agent.is_missing(after(45)), "the second loss is 5 s old");
        // Looked at again during a call, which is no new loss.
        agent.socket_gone(after(60));
        assert!(agent.is_missing(after(85)));
    }
}
