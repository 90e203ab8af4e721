//! The command line: `--flag value`, as often as it is said.

use crate::Error;

#[derive(Default)]
pub struct Flags {
    pub name: String,
    pub host: String,
    pub port: u16,
    pub cookie: String,
    pub connect: Vec<String>,
    pub transitive: bool,
    pub tls_cert: Option<String>,
    pub tls_key: Option<String>,
    pub tls_ca: Option<String>,
    /// As a server, ask for a certificate of --tls-ca; as a client, show ours.
    pub tls_mutual: bool,
}

impl Flags {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Error> {
        let mut flags = Flags {
            name: "rust".into(),
            host: "localhost".into(),
            cookie: "cookie".into(),
            ..Flags::default()
        };
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--name" => flags.name = value()?,
                "--host" => flags.host = value()?,
                "--port" => flags.port = value()?.parse()?,
                "--cookie" => flags.cookie = value()?,
                "--connect" => flags.connect.push(value()?),
                "--transitive" => flags.transitive = true,
                "--tls-cert" => flags.tls_cert = Some(value()?),
                "--tls-key" => flags.tls_key = Some(value()?),
                "--tls-ca" => flags.tls_ca = Some(value()?),
                "--tls-mutual" => flags.tls_mutual = true,
                _ => return Err(format!("unknown flag {flag}").into()),
            }
        }
        Ok(flags)
    }
}
