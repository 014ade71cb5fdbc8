//! The cluster query language once more: expressions as a tree of its own, written as text for the simulator and judged
//! here over what Describe shows (ecs-semantics 5.6, docs/query-language.md).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::picture::Machine;

/// A condition on a container instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Connected {
        is: bool,
        value: bool,
    },
    Version(Comparison, Vec<u32>),
    Attribute(String, Test),
    Ec2 {
        is: bool,
        numbers: Vec<u8>,
    },
    /// In minutes since the run began.
    Registered(Comparison, u64),
    Running(Comparison, u32),
    Group(Test),
}

/// A comparison of things with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
}

/// What text is tested for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Compare(Comparison, String),
    OneOf(bool, Vec<String>),
    Begins(bool, String),
    Exists(bool),
}

use Comparison::{Equal, Less, LessOrEqual, More, MoreOrEqual, NotEqual};

impl Comparison {
    fn of<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Equal => left == right,
            NotEqual => left != right,
            More => left > right,
            MoreOrEqual => left >= right,
            Less => left < right,
            LessOrEqual => left <= right,
        }
    }

    fn text(self, in_words: bool) -> &'static str {
        match (self, in_words) {
            (Equal, false) => "==",
            (Equal, true) => "equals",
            (NotEqual, false) => "!=",
            (NotEqual, true) => "not_equals",
            (More, false) => ">",
            (More, true) => "greater_than",
            (MoreOrEqual, false) => ">=",
            (MoreOrEqual, true) => "greater_than_equal",
            (Less, false) => "<",
            (Less, true) => "less_than",
            (LessOrEqual, false) => "<=",
            (LessOrEqual, true) => "less_than_equal",
        }
    }
}

/// The EC2 instance with a number.
pub(super) fn ec2_instance(number: u16) -> String {
    format!("i-0{number}")
}

impl Expression {
    /// As the simulator reads it, with operators and joints in words or in signs.
    pub(super) fn text(&self, in_words: bool) -> String {
        let compared = |subject: &str, by: Comparison, value: String| {
            format!("{subject} {} {value}", by.text(in_words))
        };
        match self {
            // A comparison needs no parentheses behind `not`; others do.
            Self::Not(inner) => match (&**inner, in_words) {
                (Self::All(_) | Self::Any(_), true) => format!("not({})", inner.text(in_words)),
                (Self::All(_) | Self::Any(_), false) => format!("!({})", inner.text(in_words)),
                _ => format!("not {}", inner.text(in_words)),
            },
            Self::All(several) => {
                let text = |one: &Self| match one {
                    Self::Any(_) => format!("({})", one.text(in_words)),
                    _ => one.text(in_words),
                };
                let joint = if in_words { " and " } else { " && " };
                several.iter().map(text).collect::<Vec<_>>().join(joint)
            }
            Self::Any(several) => {
                let texts = several.iter().map(|one| one.text(in_words));
                let joint = if in_words { " or " } else { "||" };
                texts.collect::<Vec<_>>().join(joint)
            }
            Self::Connected { is, value } => {
                let by = if *is { Equal } else { NotEqual };
                compared("agentConnected", by, value.to_string())
            }
            Self::Version(by, parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                compared("agentVersion", *by, parts.join("."))
            }
            Self::Attribute(name, test) => test.text(&format!("attribute:{name}"), in_words),
            Self::Ec2 { is, numbers } => {
                let ids = numbers.iter().map(|number| ec2_instance((*number).into()));
                Test::OneOf(*is, ids.collect()).text("ec2InstanceId", in_words)
            }
            Self::Registered(by, minute) => compared(
                "registeredAt",
                *by,
                format!("1970-01-01T00:{minute:02}:00Z"),
            ),
            Self::Running(by, count) => compared("runningTasksCount", *by, count.to_string()),
            Self::Group(test) => test.text("task:group", in_words),
        }
    }

    /// Whether it holds for a machine.
    pub(super) fn holds(&self, machine: &Machine) -> bool {
        match self {
            Self::Not(inner) => !inner.holds(machine),
            Self::All(several) => several.iter().all(|one| one.holds(machine)),
            Self::Any(several) => several.iter().any(|one| one.holds(machine)),
            Self::Connected { is, value } => (machine.connected == *value) == *is,
            Self::Version(by, parts) => {
                let known = machine.agent_version.as_deref();
                let known = known.map(|version| version.split('.').map(|part| part.parse().ok()));
                let known = known.and_then(Iterator::collect::<Option<Vec<u32>>>);
                known.is_some_and(|known| by.of(&three(&known), &three(parts)))
            }
            Self::Attribute(name, test) => test.of_attribute(
                machine.names.contains(name),
                machine.attributes.get(name).map(String::as_str),
            ),
            Self::Ec2 { is, numbers } => {
                let mut ids = numbers.iter().map(|number| ec2_instance((*number).into()));
                ids.any(|id| id == machine.ec2_instance) == *is
            }
            Self::Registered(by, minute) => by.of(&machine.registered_at, &(minute * 60_000)),
            Self::Running(by, count) => by.of(&machine.groups.values().sum(), count),
            Self::Group(test) => {
                let groups: Vec<&str> = machine.groups.keys().map(String::as_str).collect();
                test.of_groups(&groups)
            }
        }
    }
}

/// A version by its first three numbers: what is left out is zero.
fn three(parts: &[u32]) -> [u32; 3] {
    std::array::from_fn(|at| parts.get(at).copied().unwrap_or(0))
}

impl Test {
    fn text(&self, subject: &str, in_words: bool) -> String {
        let list = |values: &[String]| format!("[{}]", values.join(", "));
        let pick = |signs: &'static str, words: &'static str| if in_words { words } else { signs };
        match self {
            Self::Compare(by, value) => format!("{subject} {} {value}", by.text(in_words)),
            Self::OneOf(true, values) => format!("{subject} in {}", list(values)),
            Self::OneOf(false, values) => {
                format!("{subject} {} {}", pick("!in", "not_in"), list(values))
            }
            Self::Begins(true, with) => format!("{subject} {} {with}.*", pick("=~", "matches")),
            Self::Begins(false, with) => {
                format!("{subject} {} {with}.*", pick("!~", "not_matches"))
            }
            Self::Exists(true) => format!("{subject} exists"),
            Self::Exists(false) => format!("{subject} {}", pick("!exists", "not_exists")),
        }
    }

    /// Of an attribute that is there or not, and its value if it has one: without, every comparison is false.
    fn of_attribute(&self, is_there: bool, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Exists(wanted), _) => is_there == *wanted,
            (_, None) => false,
            (Self::Compare(by @ (Equal | NotEqual), other), Some(value)) => {
                by.of(value, other.as_str())
            }
            (Self::Compare(by, other), Some(value)) => {
                match (value.parse::<u32>(), other.parse::<u32>()) {
                    (Ok(value), Ok(other)) => by.of(&value, &other),
                    _ => by.of(value, other.as_str()),
                }
            }
            (Self::OneOf(wanted, others), Some(value)) => {
                others.iter().any(|other| other == value) == *wanted
            }
            (Self::Begins(wanted, with), Some(value)) => value.starts_with(with) == *wanted,
        }
    }

    /// Of the groups of the tasks on a machine: one of them is so; turned around, there are tasks and none is.
    fn of_groups(&self, groups: &[&str]) -> bool {
        let one = |is_so: &dyn Fn(&str) -> bool, wanted: bool| {
            !groups.is_empty() && groups.iter().any(|group| is_so(group)) == wanted
        };
        match self {
            Self::Exists(wanted) => groups.is_empty() != *wanted,
            Self::Compare(by, other) => one(&|group| group == other, *by == Equal),
            Self::OneOf(wanted, others) => {
                one(&|group| others.iter().any(|other| other == group), *wanted)
            }
            Self::Begins(wanted, with) => one(&|group| group.starts_with(with), *wanted),
        }
    }
}

fn comparison() -> impl Strategy<Value = Comparison> {
    select(vec![Equal, NotEqual, More, MoreOrEqual, Less, LessOrEqual])
}

/// Tests of text among some values; in order only where the subject has one.
fn test(values: &'static [&'static str], ordered: bool) -> impl Strategy<Value = Test> {
    let value = move || select(values).prop_map(str::to_owned);
    let compared = comparison().prop_map(move |by| match by {
        Equal | NotEqual => by,
        _ if ordered => by,
        More | MoreOrEqual => Equal,
        Less | LessOrEqual => NotEqual,
    });
    prop_oneof![
        4 => (compared, value()).prop_map(|(by, value)| Test::Compare(by, value)),
        2 => (any::<bool>(), vec(value(), 1..3)).prop_map(|(is, values)| Test::OneOf(is, values)),
        1 => (any::<bool>(), value()).prop_map(|(is, value)| Test::Begins(is, value[..1].to_owned())),
        1 => any::<bool>().prop_map(Test::Exists),
    ]
}

fn comparisons() -> impl Strategy<Value = Expression> {
    let attribute = |name: &'static str, values: &'static [&'static str]| {
        test(values, true).prop_map(move |test| Expression::Attribute(name.to_owned(), test))
    };
    let zones = &["zone-0", "zone-1", "zone-2"];
    let groups = &["g0", "g1", "family:f0"];
    prop_oneof![
        1 => any::<(bool, bool)>().prop_map(|(is, value)| Expression::Connected { is, value }),
        1 => (comparison(), select(vec![vec![1, 9], vec![1, 10, 0], vec![1, 75, 3]]))
            .prop_map(|(by, version)| Expression::Version(by, version)),
        2 => attribute("ecs.availability-zone", zones),
        1 => attribute("ecs.instance-type", &["m5.large", "m5"]),
        2 => attribute("rack", &["0", "1", "2"]),
        2 => attribute("size", &["9", "10", "big"]),
        1 => attribute("com.amazonaws.ecs.capability.docker-remote-api.1.18", &["x"]),
        1 => (any::<bool>(), vec(0..8_u8, 1..4)).prop_map(|(is, numbers)| Expression::Ec2 { is, numbers }),
        1 => (comparison(), 0..4_u64).prop_map(|(by, minute)| Expression::Registered(by, minute)),
        2 => (comparison(), 0..4_u32).prop_map(|(by, count)| Expression::Running(by, count)),
        3 => test(groups, false).prop_map(Expression::Group),
    ]
}

/// Any expression; most let some instances through.
pub(super) fn expression() -> impl Strategy<Value = Expression> {
    comparisons().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|inner| Expression::Not(Box::new(inner))),
            vec(inner.clone(), 2..4).prop_map(Expression::All),
            vec(inner, 2..4).prop_map(Expression::Any),
        ]
    })
}

#[test]
fn an_expression_is_written_with_no_more_parentheses_than_it_needs() {
    let test = |value: &str| Test::Compare(More, value.to_owned());
    let rack = |value: &str| Expression::Attribute("rack".to_owned(), test(value));
    let group = Expression::Group(Test::OneOf(false, vec!["g0".to_owned(), "g1".to_owned()]));
    let either = Expression::Any(vec![rack("7"), Expression::Not(Box::new(rack("8")))]);
    let all = Expression::All(vec![either.clone(), group]);
    let whole = Expression::Any(vec![all, Expression::Not(Box::new(either))]);
    assert_eq!(
        whole.text(true),
        "(attribute:rack greater_than 7 or not attribute:rack greater_than 8) and task:group not_in [g0, g1] or \
         not(attribute:rack greater_than 7 or not attribute:rack greater_than 8)"
    );
    assert_eq!(
        whole.text(false),
        "(attribute:rack > 7||not attribute:rack > 8) && task:group !in [g0, g1]||!(attribute:rack > 7||not attribute:rack > 8)"
    );
}
