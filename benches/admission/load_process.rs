//! The load process: sends requests to the server of the parent and prints its results as one line of JSON.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::support::load::{self, Outcome};
use super::wrong_keys;

/// The kind of load that a child process generates.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// GETs as fast as they are answered.
    Closed { connections: u32 },
    /// Two alternating GETs on one connection. The path contains both paths, separated by a comma.
    Turns,
    /// GETs at a fixed rate per second.
    Open { connections: u32, rate: f64 },
    /// Wrong keys at a fixed rate per second, from one address.
    Flood { rate: f64 },
    /// Wrong keys at a fixed rate per second, from 200 addresses.
    WideFlood { rate: f64 },
}

/// The measurements of a child process.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) rate: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) statuses: BTreeMap<String, u64>,
}

/// A running child process.
pub(crate) struct Running(Child);

/// Starts a child process that sends `load` to `server` for `seconds`, with `path` and `key`.
pub(crate) fn start(
    load: Load,
    server: SocketAddr,
    seconds: u64,
    path: &str,
    key: &str,
) -> Running {
    let (kind, connections, rate) = match load {
        Load::Closed { connections } => ("closed", connections, 0.0),
        Load::Turns => ("turns", 1, 0.0),
        Load::Open { connections, rate } => ("open", connections, rate),
        Load::Flood { rate } => ("flood", 64, rate),
        Load::WideFlood { rate } => ("wide", 200, rate),
    };
    let child = Command::new(std::env::current_exe().expect("the path of this program"))
        .args(["child", kind])
        .args([
            connections.to_string(),
            rate.to_string(),
            server.to_string(),
            seconds.to_string(),
        ])
        .args([path, key])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second process");
    Running(child)
}

impl Running {
    pub(crate) async fn report(self) -> Report {
        read(&self.numbers().await)
    }

    /// The two reports of a child with [`Load::Turns`].
    pub(crate) async fn reports(self) -> [Report; 2] {
        let numbers = self.numbers().await;
        [read(&numbers[0]), read(&numbers[1])]
    }

    async fn numbers(self) -> serde_json::Value {
        let output = self.0.wait_with_output().await.expect("the child ends");
        let text = String::from_utf8(output.stdout).expect("text");
        serde_json::from_str(text.trim()).expect("the child's numbers")
    }
}

fn read(json: &serde_json::Value) -> Report {
    let number = |name: &str| json[name].as_f64().expect("a number");
    Report {
        rate: number("rate"),
        p50_us: number("p50_us"),
        p99_us: number("p99_us"),
        statuses: serde_json::from_value(json["statuses"].clone()).expect("counts"),
    }
}

/// Generates the load. This is the main function of the child process.
pub(crate) async fn run(arguments: Vec<String>) {
    let [kind, connections, rate, server, seconds, path, key] = &arguments[..] else {
        println!("child processes are started by the bench itself");
        return;
    };
    let connections = connections.parse().expect("connections");
    let rate = rate.parse().expect("a rate");
    let server: SocketAddr = server.parse().expect("an address");
    let lasting = Duration::from_secs(seconds.parse().expect("seconds"));
    let (path, key) = (path.clone(), key.clone());
    if kind == "turns" {
        let (first, second) = path.split_once(',').expect("two paths");
        let asks = [first, second].map(|path| (path.to_owned(), key.clone()));
        let outcomes = load::alternating(server, lasting, asks).await;
        println!(
            "{}",
            serde_json::json!(outcomes.map(|outcome| rendered(&outcome)))
        );
        return;
    }
    let outcome = match kind.as_str() {
        "closed" => {
            let ask: load::Ask = Arc::new(move |_| (path.clone(), key.clone()));
            load::closed_loop(server, connections, lasting, ask).await
        }
        "open" => {
            let ask: load::Ask = Arc::new(move |_| (path.clone(), key.clone()));
            load::open_loop(server, connections, rate, lasting, load::anywhere, ask).await
        }
        _ => {
            let source = if kind == "wide" {
                own_address
            } else {
                load::anywhere
            };
            let real: Vec<String> = key.split(',').map(str::to_owned).collect();
            let ask: load::Ask = Arc::new(move |n| (path.clone(), wrong_keys::wrong_key(&real, n)));
            load::open_loop(server, connections, rate, lasting, source, ask).await
        }
    };
    println!("{}", rendered(&outcome));
}

/// A different loopback address for each connection.
fn own_address(connection: u32) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::from_bits(
        Ipv4Addr::new(127, 1, 0, 1).to_bits() + connection,
    )))
}

fn rendered(outcome: &Outcome) -> serde_json::Value {
    serde_json::json!({
        "rate": outcome.rate(),
        "p50_us": outcome.latencies.percentile_us(50.0),
        "p99_us": outcome.latencies.percentile_us(99.0),
        "statuses": outcome.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect::<BTreeMap<_, _>>(),
    })
}
