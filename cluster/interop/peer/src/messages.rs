//! What the actors understand: one enum with every type that ractor encodes, as an
//! argument (cast) and there and back (call), and what a test needs besides.

use std::time::Duration;

use ractor::factory::queues::StandardPriority;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use ractor_cluster::{RactorClusterMessage, derive_serialization_for_prost_type};

use crate::say;

/// google.protobuf.Timestamp, as far as the bytes go.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Moment {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}
derive_serialization_for_prost_type! {Moment}

/// Makes the enum, and what deals with all types alike, from one table: the variant
/// that casts, the one that calls, the type, and the value that `samples` sends.
macro_rules! messages {
    ($($cast:ident $call:ident($ty:ty) = $sample:expr;)*) => {
        #[derive(RactorClusterMessage)]
        pub enum Message {
            $(
                $cast($ty),
                #[rpc]
                $call($ty, RpcReplyPort<$ty>),
            )*
            Nothing,
            Named { number: u64, text: String, flag: bool },
            /// One of a row: 0, 1, 2 ...
            Count(u64),
            /// As Count, but only its bytes count.
            Load(Vec<u8>),
            /// How many of Count and Load came.
            #[rpc]
            Counted(RpcReplyPort<u64>),
            /// Whether all of Count came in their order.
            #[rpc]
            Ordered(RpcReplyPort<bool>),
            #[rpc]
            PortFirst(RpcReplyPort<String>, String),
            #[rpc]
            PortAmid { number: u64, port: RpcReplyPort<String>, text: String },
            /// Answers after so many milliseconds.
            #[rpc]
            Late(u64, String, RpcReplyPort<String>),
            /// Keeps the port and does not answer.
            #[rpc]
            Never(RpcReplyPort<String>),
            /// Drops the port.
            #[rpc]
            Dropped(RpcReplyPort<String>),
            /// Answers and stops.
            #[rpc]
            LastWords(String, RpcReplyPort<String>),
            Stop,
            Panic,
        }

        /// Says what came of a variant of the table, and answers a call with it.
        fn table(name: &str, message: Message) -> Option<Message> {
            match message {
                $(
                    Message::$cast(v) => got(name, stringify!($cast), &v),
                    Message::$call(v, port) => {
                        got(name, stringify!($call), &v);
                        let _ = port.send(v);
                    }
                )*
                other => return Some(other),
            }
            None
        }

        /// Casts one of each to an actor, then calls it with one of each, and says
        /// what came back.
        pub async fn samples(to: ActorRef<Message>) {
            $(
                if let Err(err) = to.cast(Message::$cast($sample)) {
                    say!("unsent variant={} error={err}", stringify!($cast));
                }
            )*
            let named = Message::Named { number: 7, text: "seven".into(), flag: true };
            for message in [Message::Nothing, named] {
                if let Err(err) = to.cast(message) {
                    say!("unsent variant=Nothing error={err}");
                }
            }
            $(
                let answer = to.call(|port| Message::$call($sample, port), Some(Duration::from_secs(10))).await;
                match answer {
                    Ok(CallResult::Success(v)) => {
                        let sent: $ty = $sample;
                        say!("back variant={} same={} value={v:?}", stringify!($call), v == sent);
                    }
                    Ok(CallResult::Timeout) => say!("back variant={} error=timeout", stringify!($call)),
                    Ok(CallResult::SenderError) => say!("back variant={} error=sender", stringify!($call)),
                    Err(err) => say!("back variant={} error={err}", stringify!($call)),
                }
            )*
            say!("samples-done");
        }
    };
}

messages! {
    U8 EchoU8(u8) = 200;
    U16 EchoU16(u16) = 60_000;
    U32 EchoU32(u32) = 4_000_000_000;
    U64 EchoU64(u64) = 18_000_000_000_000_000_000;
    U128 EchoU128(u128) = 340_000_000_000_000_000_000_000_000_000_000_000_000;
    I8 EchoI8(i8) = -100;
    I16 EchoI16(i16) = -30_000;
    I32 EchoI32(i32) = -2_000_000_000;
    I64 EchoI64(i64) = -9_000_000_000_000_000_000;
    I128 EchoI128(i128) = -170_000_000_000_000_000_000_000_000_000_000_000_000;
    F32 EchoF32(f32) = 1.5;
    F64 EchoF64(f64) = -2.25;
    Bool EchoBool(bool) = true;
    Char EchoChar(char) = '\u{1F980}';
    Unit EchoUnit(()) = ();
    Text EchoText(String) = "Grüße".to_string();
    Bytes EchoBytes(Vec<u8>) = vec![0, 1, 255];
    U16s EchoU16s(Vec<u16>) = vec![1, 60_000];
    U32s EchoU32s(Vec<u32>) = vec![1, 4_000_000_000];
    U64s EchoU64s(Vec<u64>) = vec![1, 18_000_000_000_000_000_000];
    U128s EchoU128s(Vec<u128>) = vec![1, 340_000_000_000_000_000_000_000_000_000_000_000_000];
    I8s EchoI8s(Vec<i8>) = vec![1, -100];
    I16s EchoI16s(Vec<i16>) = vec![1, -30_000];
    I32s EchoI32s(Vec<i32>) = vec![1, -2_000_000_000];
    I64s EchoI64s(Vec<i64>) = vec![1, -9_000_000_000_000_000_000];
    I128s EchoI128s(Vec<i128>) = vec![1, -170_000_000_000_000_000_000_000_000_000_000_000_000];
    F32s EchoF32s(Vec<f32>) = vec![1.5, -0.5];
    F64s EchoF64s(Vec<f64>) = vec![-2.25, 1e300];
    Bools EchoBools(Vec<bool>) = vec![true, false, true];
    Chars EchoChars(Vec<char>) = vec!['a', '\u{1F980}'];
    Proto EchoProto(Moment) = Moment { seconds: 1_700_000_000, nanos: 5 };
    Urgency EchoUrgency(StandardPriority) = StandardPriority::High;
}

fn got(name: &str, variant: &str, value: &dyn std::fmt::Debug) {
    say!("got actor={name} variant={variant} value={value:?}");
}

/// An actor that understands Message, and says under its name what came.
pub struct Probe;

pub struct State {
    name: String,
    counted: u64,
    next: u64,
    ordered: bool,
    kept: Vec<RpcReplyPort<String>>,
}

impl Actor for Probe {
    type Msg = Message;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Message>, _: ()) -> Result<State, ActorProcessingErr> {
        Ok(State {
            name: myself.get_name().unwrap_or_default(),
            counted: 0,
            next: 0,
            ordered: true,
            kept: Vec::new(),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let Some(message) = table(&state.name, message) else {
            return Ok(());
        };
        match message {
            Message::Nothing => got(&state.name, "Nothing", &()),
            Message::Named { number, text, flag } => got(&state.name, "Named", &(number, text, flag)),
            Message::Count(n) => {
                state.ordered &= n == state.next;
                state.next = n + 1;
                state.counted += 1;
            }
            Message::Load(_) => state.counted += 1,
            Message::Counted(port) => _ = port.send(state.counted),
            Message::Ordered(port) => _ = port.send(state.ordered),
            Message::PortFirst(port, text) => _ = port.send(text),
            Message::PortAmid { number, port, text } => _ = port.send(format!("{text} {number}")),
            Message::Late(ms, text, port) => {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    let _ = port.send(text);
                });
            }
            Message::Never(port) => {
                say!("got actor={} variant=Never value={:?}", state.name, port.get_timeout());
                state.kept.push(port);
            }
            Message::Dropped(_) => {}
            Message::LastWords(text, port) => {
                let _ = port.send(text);
                myself.stop(None);
            }
            Message::Stop => myself.stop(None),
            Message::Panic => panic!("asked to"),
            _ => {}
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Message>, state: &mut State) -> Result<(), ActorProcessingErr> {
        say!("stopped actor={}", state.name);
        Ok(())
    }
}

/// An actor whose message is a bare String.
pub struct Plain;

impl Actor for Plain {
    type Msg = String;
    type State = String;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<String>, _: ()) -> Result<String, ActorProcessingErr> {
        Ok(myself.get_name().unwrap_or_default())
    }

    async fn handle(&self, _: ActorRef<String>, text: String, name: &mut String) -> Result<(), ActorProcessingErr> {
        got(name, "", &text);
        Ok(())
    }
}
