//! The lines on stdin.
//!
//! ```text
//! connect ADDR                     dial (with TLS, if the node has it)
//! spawn NAME                       an actor that understands Message
//! plain NAME                       an actor that understands String
//! stop NAME | kill NAME
//! join NAME GROUP [SCOPE] | leave NAME GROUP [SCOPE]
//! members GROUP [SCOPE]            how many, here and elsewhere
//! sessions                         who is authenticated
//! samples GROUP                    cast and call every type, to a remote member of GROUP
//! burst GROUP N                    cast Count(0), Count(1) ... to it
//! flood GROUP N SIZE               cast Load(SIZE bytes) N times to it
//! text GROUP TEXT                  cast a bare String to it
//! call GROUP ID echo|never|dropped|last MS TEXT     MS 0: no timeout
//! call GROUP ID late:MS MS TEXT
//! kill-shim GROUP                  kill the local stand-in of a remote member
//! ```

use std::time::Duration;

use ractor::rpc::CallResult;
use ractor::{Actor, ActorCell, ActorRef, pg, registry};
use ractor_cluster::{NodeServerMessage, client_connect, client_connect_enc};

use crate::messages::{Message, Plain, Probe, samples};
use crate::tls::Tls;
use crate::{Error, say};

pub struct Peer {
    pub node: ActorRef<NodeServerMessage>,
    pub tls: Option<Tls>,
}

impl Peer {
    /// Does what a line says, and says so if it cannot.
    pub async fn run(&self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        if let Err(err) = self.command(&words).await {
            say!("failed command={} error={err}", words[0]);
        }
    }

    async fn command(&self, words: &[&str]) -> Result<(), Error> {
        match words {
            ["connect", addr] => self.connect(addr).await?,
            ["spawn", name] => {
                let (actor, _) = Actor::spawn(Some(name.to_string()), Probe, ()).await?;
                say!("spawned actor={name} pid={}", actor.get_id().pid());
            }
            ["plain", name] => {
                let (actor, _) = Actor::spawn(Some(name.to_string()), Plain, ()).await?;
                say!("spawned actor={name} pid={}", actor.get_id().pid());
            }
            ["stop", name] => {
                local(name)?.stop_and_wait(None, None).await?;
                say!("ended actor={name}");
            }
            ["kill", name] => {
                local(name)?.kill_and_wait(None).await?;
                say!("ended actor={name}");
            }
            ["join", name, group] => pg::join(group.to_string(), vec![local(name)?]),
            ["join", name, group, scope] => {
                pg::join_scoped(scope.to_string(), group.to_string(), vec![local(name)?])
            }
            ["leave", name, group] => pg::leave(group.to_string(), vec![local(name)?]),
            ["leave", name, group, scope] => {
                pg::leave_scoped(scope.to_string(), group.to_string(), vec![local(name)?])
            }
            ["members", group] => members(group, pg::get_members(&group.to_string())),
            ["members", group, scope] => members(
                group,
                pg::get_scoped_members(&scope.to_string(), &group.to_string()),
            ),
            ["sessions"] => self.sessions().await?,
            ["samples", group] => {
                tokio::spawn(samples(remote(group)?.into()));
            }
            ["burst", group, n] => {
                let to: ActorRef<Message> = remote(group)?.into();
                for i in 0..n.parse()? {
                    to.cast(Message::Count(i))?;
                }
                say!("sent group={group} n={n}");
            }
            ["flood", group, n, size] => {
                let to: ActorRef<Message> = remote(group)?.into();
                let load = vec![7; size.parse()?];
                for _ in 0..n.parse::<u64>()? {
                    to.cast(Message::Load(load.clone()))?;
                }
                say!("sent group={group} n={n}");
            }
            ["text", group, text @ ..] => {
                let to: ActorRef<String> = remote(group)?.into();
                to.cast(text.join(" "))?;
                say!("sent group={group} n=1");
            }
            ["call", group, id, what, ms, text @ ..] => {
                let timeout = match ms.parse()? {
                    0 => None,
                    ms => Some(Duration::from_millis(ms)),
                };
                let call = call(remote(group)?.into(), what.to_string(), text.join(" "), timeout);
                let id = id.to_string();
                tokio::spawn(async move {
                    match call.await {
                        Ok(CallResult::Success(text)) => say!("answer id={id} value={text}"),
                        Ok(CallResult::Timeout) => say!("answer id={id} error=timeout"),
                        Ok(CallResult::SenderError) => say!("answer id={id} error=sender"),
                        Err(err) => say!("answer id={id} error={err}"),
                    }
                });
            }
            ["kill-shim", group] => {
                remote(group)?.kill();
                say!("killed group={group}");
            }
            _ => return Err("no such command".into()),
        }
        Ok(())
    }

    async fn connect(&self, addr: &str) -> Result<(), Error> {
        let done = match &self.tls {
            None => client_connect(&self.node, addr).await,
            Some(tls) => {
                let host = addr.rsplit_once(':').ok_or("an address is host:port")?.0;
                let server = host.to_string().try_into()?;
                client_connect_enc(&self.node, addr, tls.connector.clone(), server).await
            }
        };
        match done {
            Ok(()) => say!("connected address={addr}"),
            Err(err) => say!("unconnected address={addr} error={err}"),
        }
        Ok(())
    }

    async fn sessions(&self) -> Result<(), Error> {
        let sessions = ractor::call_t!(self.node, NodeServerMessage::GetSessions, 5000)?;
        let mut peers: Vec<String> = sessions
            .into_values()
            .filter_map(|s| s.peer_name.map(|p| p.name))
            .collect();
        peers.sort();
        say!("sessions n={} value={}", peers.len(), peers.join(","));
        Ok(())
    }
}

fn local(name: &str) -> Result<ActorCell, Error> {
    registry::where_is(name).ok_or_else(|| format!("no actor {name}").into())
}

/// The first member of a group, of the default scope, that is on another node.
fn remote(group: &str) -> Result<ActorCell, Error> {
    pg::get_members(&group.to_string())
        .into_iter()
        .find(|m| !m.get_id().is_local())
        .ok_or_else(|| format!("no remote member in group {group}").into())
}

fn members(group: &str, members: Vec<ActorCell>) {
    let here = members.iter().filter(|m| m.get_id().is_local()).count();
    say!("members group={group} local={here} remote={}", members.len() - here);
}

async fn call(
    to: ActorRef<Message>,
    what: String,
    text: String,
    timeout: Option<Duration>,
) -> Result<CallResult<String>, Error> {
    let answer = match what.split_once(':').unwrap_or((&what, "")) {
        ("echo", _) => to.call(|port| Message::EchoText(text, port), timeout).await,
        ("never", _) => to.call(Message::Never, timeout).await,
        ("dropped", _) => to.call(Message::Dropped, timeout).await,
        ("last", _) => to.call(|port| Message::LastWords(text, port), timeout).await,
        ("late", ms) => {
            let ms = ms.parse()?;
            to.call(|port| Message::Late(ms, text, port), timeout).await
        }
        _ => return Err(format!("no call {what}").into()),
    };
    answer.map_err(|err| err.to_string().into())
}
