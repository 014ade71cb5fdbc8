//! One comparison, with its values read.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::expr::Operator;
use crate::model::timestamp::Timestamp;

use super::date;
use super::decimal::Decimal;
use super::pattern::Pattern;
use super::subject::Subject;
use super::version::Version;

/// A subject and what it is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    AgentConnected(TextTest),
    AgentVersion(OrderTest<Version>),
    Attribute(Arc<str>, TextTest),
    Ec2InstanceId(TextTest),
    RegisteredAt(OrderTest<Timestamp>),
    RunningTasksCount(OrderTest<u64>),
    TaskGroup(TextTest),
}

/// Why the value of that number is none for its subject.
pub(super) type BadValue = (usize, String);

impl Test {
    /// Reads the values of a comparison whose subject takes its operator.
    pub(super) fn read(
        subject: Subject,
        operator: Operator,
        values: &[String],
    ) -> Result<Self, BadValue> {
        let text = || TextTest::read(operator, values);
        Ok(match subject {
            Subject::AgentConnected => {
                let is_word = matches!(operator, Operator::Matches | Operator::NotMatches);
                let wrong = values
                    .iter()
                    .position(|value| !matches!(&**value, "true" | "false"));
                match wrong.filter(|_| !is_word) {
                    Some(nth) => return Err(unlike(nth, "true or false", &values[nth])),
                    None => Self::AgentConnected(text()?),
                }
            }
            Subject::AgentVersion => {
                let read = |text: &str| Version::read(text);
                Self::AgentVersion(OrderTest::read(
                    operator,
                    values,
                    "a version like 1.75.3",
                    read,
                )?)
            }
            Subject::Attribute(name) => Self::Attribute(name, text()?),
            Subject::Ec2InstanceId => Self::Ec2InstanceId(text()?),
            Subject::RegisteredAt => {
                Self::RegisteredAt(OrderTest::read(operator, values, date::FORMS, date::read)?)
            }
            Subject::RunningTasksCount => {
                let read = |text: &str| text.parse().ok();
                Self::RunningTasksCount(OrderTest::read(operator, values, "a whole number", read)?)
            }
            Subject::TaskGroup => Self::TaskGroup(text()?),
        })
    }

    /// Whether neither tasks nor agents bear on it.
    pub(super) fn is_static(&self) -> bool {
        matches!(
            self,
            Self::Attribute(..) | Self::Ec2InstanceId(_) | Self::RegisteredAt(_)
        )
    }
}

fn unlike(nth: usize, wanted: &str, value: &str) -> BadValue {
    (nth, format!("expected {wanted}, found {value:?}"))
}

/// A comparison of a text.
#[derive(Clone, Debug)]
pub(crate) struct TextTest {
    /// Whether it says that `check` does not hold.
    negative: bool,
    check: TextCheck,
}

#[derive(Clone, Debug)]
enum TextCheck {
    Exists,
    /// It is one of them, letter by letter.
    OneOf(Vec<String>),
    Matches(Pattern),
    Ordered(Relation, String),
}

impl TextTest {
    fn read(operator: Operator, values: &[String]) -> Result<Self, BadValue> {
        let check = match (operator, values) {
            (Operator::Exists | Operator::NotExists, _) => TextCheck::Exists,
            (Operator::Matches | Operator::NotMatches, [pattern]) => {
                let pattern = Pattern::new(pattern).map_err(|message| (0, message))?;
                TextCheck::Matches(pattern)
            }
            (Operator::Equals | Operator::NotEquals | Operator::In | Operator::NotIn, values) => {
                TextCheck::OneOf(values.to_vec())
            }
            (operator, [value]) => {
                let relation = Relation::of(operator).expect("all others are of order");
                TextCheck::Ordered(relation, value.clone())
            }
            _ => unreachable!("an operator has as many values as it takes"),
        };
        Ok(Self {
            negative: operator.is_negative(),
            check,
        })
    }

    /// Whether it holds of a text; when there is none, whether it asks for that.
    pub(crate) fn of(&self, text: Option<&str>) -> bool {
        match text {
            Some(text) => self.check.holds(text) != self.negative,
            None => self.holds_of_nothing(),
        }
    }

    /// Whether it only asks if there is something, and if so, what it says.
    pub(crate) fn of_presence(&self, is_there: bool) -> Option<bool> {
        matches!(self.check, TextCheck::Exists).then_some(is_there != self.negative)
    }

    /// Whether it holds of several texts: one of them does for `==`, none may for `!=`, and there must be some.
    ///
    /// `among` tells whether one of them is a certain text, and `texts` are all of them.
    pub(crate) fn of_several<'a, I: Iterator<Item = &'a str>>(
        &self,
        are_there: bool,
        among: impl Fn(&str) -> bool,
        texts: impl FnOnce() -> I,
    ) -> bool {
        if !are_there {
            return self.holds_of_nothing();
        }
        let holds = match &self.check {
            TextCheck::Exists => true,
            TextCheck::OneOf(values) => values.iter().any(|value| among(value)),
            check => texts().any(|text| check.holds(text)),
        };
        holds != self.negative
    }

    /// What is not there equals nothing, differs from nothing and matches nothing: it only does not exist.
    fn holds_of_nothing(&self) -> bool {
        self.negative && matches!(self.check, TextCheck::Exists)
    }
}

impl TextCheck {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::OneOf(values) => values.iter().any(|value| value == text),
            Self::Matches(pattern) => pattern.matches(text),
            Self::Ordered(relation, value) => relation.holds(compare(text, value)),
        }
    }
}

/// The order of two texts: as numbers when both are, else letter by letter.
fn compare(one: &str, other: &str) -> Ordering {
    match (Decimal::read(one), Decimal::read(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

/// A comparison of what has an order of its own.
#[derive(Clone, Debug)]
pub(crate) struct OrderTest<T> {
    relation: Relation,
    value: T,
}

impl<T: Ord> OrderTest<T> {
    fn read(
        operator: Operator,
        values: &[String],
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Self, BadValue> {
        let relation = Relation::of(operator).expect("the subject takes the operator");
        let [value] = values else {
            unreachable!("an operator of order has one value")
        };
        match read(value) {
            Some(value) => Ok(Self { relation, value }),
            None => Err(unlike(0, wanted, value)),
        }
    }

    /// Whether it holds; of nothing it does not.
    pub(crate) fn of(&self, found: Option<&T>) -> bool {
        found.is_some_and(|found| self.relation.holds(found.cmp(&self.value)))
    }
}

impl OrderTest<Version> {
    /// Whether it holds of a version that is still text; of what is no version it does not.
    pub(crate) fn of_text(&self, found: Option<&str>) -> bool {
        self.of(found.and_then(Version::read).as_ref())
    }
}

/// Which orders of two values are meant.
#[derive(Clone, Copy, Debug)]
enum Relation {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Relation {
    fn of(operator: Operator) -> Option<Self> {
        match operator {
            Operator::Equals => Some(Self::Equal),
            Operator::NotEquals => Some(Self::NotEqual),
            Operator::Greater => Some(Self::Greater),
            Operator::GreaterOrEqual => Some(Self::GreaterOrEqual),
            Operator::Less => Some(Self::Less),
            Operator::LessOrEqual => Some(Self::LessOrEqual),
            _ => None,
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}
