//! What happens by itself: sessions and groups.

use ractor::pg::{self, GroupChangeMessage};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use ractor_cluster::node::NodeServerSessionInformation;
use ractor_cluster::{NodeEventSubscription, NodeServerMessage, RactorMessage};

use crate::{Error, say};

/// Says opened, authenticated, ready and disconnected of every session.
pub fn events(node: &ActorRef<NodeServerMessage>) -> Result<(), Error> {
    node.cast(NodeServerMessage::SubscribeToEvents {
        id: "stdout".into(),
        subscription: Box::new(Events),
    })?;
    Ok(())
}

struct Events;

impl NodeEventSubscription for Events {
    fn node_session_opened(&self, s: NodeServerSessionInformation) {
        session("opened", &s);
    }
    fn node_session_authenticated(&self, s: NodeServerSessionInformation) {
        session("authenticated", &s);
    }
    fn node_session_ready(&self, s: NodeServerSessionInformation) {
        session("ready", &s);
    }
    fn node_session_disconnected(&self, s: NodeServerSessionInformation) {
        session("disconnected", &s);
    }
}

fn session(event: &str, s: &NodeServerSessionInformation) {
    let (name, address) = match &s.peer_name {
        Some(peer) => (peer.name.as_str(), peer.connection_string.as_str()),
        None => ("", ""),
    };
    say!(
        "{event} peer={name} node={} incoming={} address={address} from={}",
        s.node_id, s.is_server, s.peer_addr
    );
}

/// Says joined and left of every member of every group, local or not.
pub async fn groups() -> Result<(), Error> {
    let (actor, _) = Actor::spawn(None, Groups, ()).await?;
    pg::monitor_scope(pg::ALL_SCOPES_NOTIFICATION.into(), actor.get_cell());
    Ok(())
}

struct Groups;

/// Never sent; a message that does not travel keeps the actor from being advertised.
#[derive(RactorMessage)]
struct Nothing;

impl Actor for Groups {
    type Msg = Nothing;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Nothing>, _: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Nothing>,
        event: SupervisionEvent,
        _: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ProcessGroupChanged(change) = event {
            match change {
                GroupChangeMessage::Join(scope, group, actors) => each("joined", scope, group, actors),
                GroupChangeMessage::Leave(scope, group, actors) => each("left", scope, group, actors),
            }
        }
        Ok(())
    }
}

fn each(event: &str, scope: String, group: String, actors: Vec<ActorCell>) {
    for actor in actors {
        say!(
            "{event} scope={scope} group={group} remote={} pid={} actor={}",
            !actor.get_id().is_local(),
            actor.get_id().pid(),
            actor.get_name().unwrap_or_default()
        );
    }
}
