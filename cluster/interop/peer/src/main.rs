//! A node of ractor_cluster that a Go test drives: flags at the start, then one
//! command a line on stdin; one event a line on stdout, as `word key=value ...`,
//! of which a last `value=` or `error=` goes on to the end of the line. When stdin
//! ends, so does the process: it does not outlive the test that started it.
//!
//! `messages.rs` has what its actors understand, `commands.rs` what a line may say.

mod commands;
mod flags;
mod messages;
mod tls;
mod watch;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use ractor::{Actor, ActorRef};
use ractor_cluster::node::NodeConnectionMode;
use ractor_cluster::{IncomingEncryptionMode, NodeServer, NodeServerMessage};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Prints one event. Whole lines: println locks stdout.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { println!($($arg)*) };
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let flags = flags::Flags::parse(std::env::args().skip(1))?;
    let tls = tls::Tls::load(&flags)?;
    let (node, port) = start(&flags, tls.as_ref()).await?;

    watch::events(&node)?;
    watch::groups().await?;
    say!("node name={}@{} port={port}", flags.name, flags.host);

    let peer = commands::Peer { node, tls };
    for addr in &flags.connect {
        peer.run(&format!("connect {addr}")).await;
    }
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(tokio::io::stdin()));
    while let Some(line) = lines.next_line().await? {
        peer.run(&line).await;
    }
    std::process::exit(0)
}

/// Starts the node server. Nobody can be asked which port it got, so a free one is
/// looked for first, and another if it was lost in between.
async fn start(
    flags: &flags::Flags,
    tls: Option<&tls::Tls>,
) -> Result<(ActorRef<NodeServerMessage>, u16), Error> {
    let addr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut tries = 10;
    loop {
        let port = match flags.port {
            0 => TcpListener::bind(SocketAddr::new(addr, 0))?.local_addr()?.port(),
            port => port,
        };
        let server = NodeServer::new(
            port,
            flags.cookie.clone(),
            flags.name.clone(),
            flags.host.clone(),
            tls.map(|t| IncomingEncryptionMode::Tls(t.acceptor.clone())),
            Some(if flags.transitive {
                NodeConnectionMode::Transitive
            } else {
                NodeConnectionMode::Isolated
            }),
        )
        .with_listen_addr(addr);
        match Actor::spawn(None, server, ()).await {
            Ok((node, _)) => return Ok((node, port)),
            Err(err) if flags.port != 0 || tries == 0 => return Err(err.into()),
            Err(_) => tries -= 1,
        }
    }
}
