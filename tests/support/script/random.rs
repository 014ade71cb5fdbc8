//! Any script: which lines there are, how often, and with what in them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::weather::{KINDS, Weather};
use super::{Action, Pace, Stage};

/// Any stage.
pub(crate) fn stage() -> impl Strategy<Value = Stage> {
    let pace = prop_oneof![
        2 => Just(Pace::Ideal),
        2 => Just(Pace::Realistic),
        1 => Just(Pace::Instant),
    ];
    (any::<u64>(), pace, any::<bool>(), any::<bool>()).prop_map(
        |(seed, pace, lagging, shuffled)| Stage {
            seed,
            pace,
            lagging,
            shuffled,
        },
    )
}

/// Any script of up to so many phrases, after an opening that makes most of them possible.
pub(crate) fn script(lines: usize) -> impl Strategy<Value = Vec<Action>> {
    vec(phrase(), 1..lines).prop_map(|rest| {
        let register = |zone| Action::Register {
            cluster: 0,
            cpu: 2048,
            memory: 4096,
            zone,
        };
        let define = |family, port, helpers| Action::Define {
            family,
            cpu: 256,
            memory: 512,
            port,
            helpers,
        };
        let opening = [
            register(0),
            register(1),
            define(0, None, 0),
            define(1, Some(8080), 0),
            define(2, None, 1),
            define(3, None, 0),
        ];
        opening
            .into_iter()
            .chain(rest.into_iter().flatten())
            .collect()
    })
}

/// A line, or some that are rare in this order: a new owner of a port queues; a token is used again.
fn phrase() -> impl Strategy<Value = Vec<Action>> {
    prop_oneof![
        20 => action().prop_map(|action| vec![action]),
        1 => (0..50_000_u64).prop_map(clash),
        1 => (1..3_i32).prop_map(|count| vec![plain(0, 1, Some(0)), plain(0, count, Some(0))]),
        1 => (0..4_u8).prop_map(retire),
    ]
}

fn plain(family: u8, count: i32, token: Option<u8>) -> Action {
    Action::Run {
        cluster: 0,
        family,
        count,
        rules: Vec::new(),
        constraints: 0,
        token,
    }
}

/// The first revision of a family is deregistered, deleted while a task of it may be there, and made anew.
fn retire(family: u8) -> Vec<Action> {
    let retire = |delete| Action::Retire {
        family,
        revision: 1,
        delete,
    };
    let define = Action::Define {
        family,
        cpu: 256,
        memory: 512,
        port: None,
        helpers: 0,
    };
    vec![retire(false), retire(true), define]
}

fn clash(millis: u64) -> Vec<Action> {
    let newest = Action::Stop {
        task: 0,
        reason: None,
    };
    vec![
        plain(1, 2, None),
        Action::Advance { millis: 8_000 },
        newest,
        plain(1, 1, None),
        plain(0, 1, None),
        Action::Advance { millis },
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let sizes = || (0..3_i32, 0..3_i32).prop_map(|(cpu, memory)| (cpu * 700, 6 + memory * 1500));
    prop_oneof![
        3 => making(sizes()),
        8 => run(),
        2 => (0..4_u8, vec(any::<u8>(), 0..4)).prop_map(|(family, instances)| Action::Start { family, instances }),
        6 => (any::<u8>(), option::of(any::<u8>())).prop_map(|(task, reason)| Action::Stop { task, reason }),
        3 => reading(),
        1 => (any::<u8>(), 0..3_u8).prop_map(|(instance, rack)| Action::Rack { instance, rack }),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(instance, draining)| Action::SetState { instance, draining }),
        1 => (any::<u8>(), rarely()).prop_map(|(instance, force)| Action::Deregister { instance, force }),
        5 => fault(),
        3 => weather().prop_map(Action::Weather),
        1 => Just(Action::Heal),
        1 => (0..3_u8, 0..9_000_u64).prop_map(|(family, millis)| Action::Later { family, millis }),
        8 => (0..20_000_u64).prop_map(|millis| Action::Advance { millis }),
        1 => Just(Action::Advance { millis: 3_700_000 }),
        3 => any::<u8>().prop_map(|count| Action::Step(count % 8)),
        1 => Just(Action::Settle),
    ]
}

fn rarely() -> impl Strategy<Value = bool> {
    prop_oneof![5 => Just(false), 1 => Just(true)]
}

fn run() -> impl Strategy<Value = Action> {
    let cluster = prop_oneof![8 => Just(0), 1 => 0..4_u8];
    let count = prop_oneof![8 => 1..4_i32, 2 => 4..11_i32, 1 => prop_oneof![Just(0), Just(11)]];
    let token = prop_oneof![4 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    // None, one of those that are good, several of them, or any.
    let constraints = prop_oneof![
        6 => Just(0),
        3 => (0..5_u8).prop_map(|bit| 1 << bit),
        1 => 0..32_u8,
        1 => 0..64_u8,
    ];
    (
        cluster,
        0..4_u8,
        count,
        vec(0..6_u8, 0..3),
        constraints,
        token,
    )
        .prop_map(
            |(cluster, family, count, rules, constraints, token)| Action::Run {
                cluster,
                family,
                count,
                rules,
                constraints,
                token,
            },
        )
}

fn making(
    sizes: impl Strategy<Value = (i32, i32)> + Clone + 'static,
) -> impl Strategy<Value = Action> {
    prop_oneof![
        any::<u8>().prop_map(Action::CreateCluster),
        any::<u8>().prop_map(Action::DeleteCluster),
        (0..2_u8, sizes.clone(), any::<u8>()).prop_map(|(cluster, (cpu, memory), zone)| {
            Action::Register {
                cluster,
                cpu: cpu * 2,
                memory: memory * 2,
                zone,
            }
        }),
        any::<u8>().prop_map(|instance| Action::RegisterAgain { instance }),
        (0..4_u8, 1..3_u8, any::<bool>()).prop_map(|(family, revision, delete)| Action::Retire {
            family,
            revision,
            delete,
        }),
        (0..4_u8, sizes, option::of(-1..90_i32), 0..3_u8).prop_map(
            |(family, (cpu, memory), port, helpers)| Action::Define {
                family,
                cpu,
                memory,
                port,
                helpers,
            }
        ),
    ]
}

fn reading() -> impl Strategy<Value = Action> {
    prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(task, instance)| Action::Describe { task, instance }),
        (0..3_u8, any::<bool>(), option::of(0..4_i32)).prop_map(|(cluster, stopped, page)| {
            Action::List {
                cluster,
                stopped,
                page,
            }
        }),
    ]
}

fn weather() -> impl Strategy<Value = Weather> {
    (0..KINDS, any::<u8>(), 0..90_u64).prop_map(|(kind, number, seconds)| Weather {
        kind,
        number,
        seconds,
    })
}

fn fault() -> impl Strategy<Value = Action> {
    prop_oneof![
        any::<u8>().prop_map(Action::Disconnect),
        any::<u8>().prop_map(Action::Reconnect),
        any::<u8>().prop_map(Action::PowerOff),
        any::<u8>().prop_map(Action::PowerOn),
        any::<u8>().prop_map(Action::Terminate),
        (any::<u8>(), 0..90_u64)
            .prop_map(|(instance, seconds)| Action::Restart { instance, seconds }),
        (any::<u8>(), prop_oneof![Just(0), Just(1), Just(137)])
            .prop_map(|(task, code)| Action::Exit { task, code }),
        (0..30_u64).prop_map(|seconds| Action::PullFail { seconds }),
        (0..20_u64, 0..30_u64).prop_map(|(lag, seconds)| Action::ReadLag { lag, seconds }),
    ]
}
