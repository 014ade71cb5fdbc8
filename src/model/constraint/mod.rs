//! Expressions of the cluster query language, checked: which subjects there are, what each can be compared with.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Constraint`] in `mod.rs` | an expression, ready to be judged |
//! | [`subject`] | the subjects and the operators that each takes |
//! | `test` | one comparison, with its values read |
//! | `version`, `decimal`, `date` | values that are ordered by more than their letters |
//! | `pattern` | Java's regular expressions, as far as they can be had |
//!
//! Nothing here knows a container instance: that is for [`member_of`](crate::placement::member_of).

mod date;
mod decimal;
mod pattern;
pub mod subject;
mod test;
mod version;

use std::fmt;
use std::sync::Arc;

use crate::expr::{self, Expr, ExprError, Places, Simple};

use super::timestamp::Timestamp;

pub use subject::Subject;
pub(crate) use test::{Test, TextTest};

/// An expression of the cluster query language, checked and ready to be judged for a container instance.
///
/// See [`holds`](Self::holds), and [`Simulation::constraint`](crate::Simulation::constraint) for the usual way to one.
#[derive(Clone, Debug)]
pub struct Constraint {
    text: Arc<str>,
    expr: Expr,
    epoch: Timestamp,
    root: Node,
    is_static: bool,
}

/// A compiled expression. Chains are lists, so that judging goes only as deep as parentheses do.
#[derive(Clone, Debug)]
enum Node {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

impl Constraint {
    /// Reads an expression of a run whose simulated time zero is `epoch` on the calendar, which `registeredAt` needs.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, or with a subject, operator or value in it, and where.
    pub fn new(text: &str, epoch: Timestamp) -> Result<Self, ExprError> {
        let (expr, places) = expr::read(text)?;
        let mut places = places.into_iter();
        let root = Node::compile(text, &expr, &mut places)?;
        let is_static = root.all_tests(&Test::is_static);
        Ok(Self {
            text: Arc::from(text),
            expr,
            epoch,
            root,
            is_static,
        })
    }

    /// The expression as it came.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The expression as a tree.
    #[must_use]
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// What the calendar says at simulated time zero.
    #[must_use]
    pub fn epoch(&self) -> Timestamp {
        self.epoch
    }

    /// Whether it looks at nothing but attributes, `ec2InstanceId` and `registeredAt`.
    ///
    /// What it says of a container instance then stays until the instance registers again or its attributes change;
    /// neither tasks nor agents have a bearing on it.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.is_static
    }

    /// Whether it holds, given what each comparison says.
    pub(crate) fn judge(&self, test: &impl Fn(&Test) -> bool) -> bool {
        self.root.judge(test)
    }
}

impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.epoch) == (&other.text, other.epoch)
    }
}

impl Eq for Constraint {}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Node {
    fn compile(
        text: &str,
        expr: &Expr,
        places: &mut impl Iterator<Item = Places>,
    ) -> Result<Self, ExprError> {
        Ok(match expr {
            Expr::Or(..) => Self::Any(Self::chain(text, expr, places)?),
            Expr::And(..) => Self::All(Self::chain(text, expr, places)?),
            Expr::Not(inner) => Self::Not(Box::new(Self::compile(text, inner, places)?)),
            Expr::Simple(simple) => {
                let places = places.next();
                let places = places.expect("every simple expression has its places");
                Self::Test(compile_simple(text, simple, &places)?)
            }
        })
    }

    /// The members of a chain of one operator, from the left.
    fn chain(
        text: &str,
        expr: &Expr,
        places: &mut impl Iterator<Item = Places>,
    ) -> Result<Vec<Self>, ExprError> {
        let mut members = Vec::new();
        let mut first = expr;
        while let (Expr::Or(..), Expr::Or(left, right)) | (Expr::And(..), Expr::And(left, right)) =
            (expr, first)
        {
            members.push(right);
            first = left;
        }
        let mut compiled = vec![Self::compile(text, first, places)?];
        for member in members.into_iter().rev() {
            compiled.push(Self::compile(text, member, places)?);
        }
        Ok(compiled)
    }

    fn judge(&self, test: &impl Fn(&Test) -> bool) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.judge(test)),
            Self::All(nodes) => nodes.iter().all(|node| node.judge(test)),
            Self::Not(node) => !node.judge(test),
            Self::Test(one) => test(one),
        }
    }

    fn all_tests(&self, ask: &impl Fn(&Test) -> bool) -> bool {
        match self {
            Self::Any(nodes) | Self::All(nodes) => nodes.iter().all(|node| node.all_tests(ask)),
            Self::Not(node) => node.all_tests(ask),
            Self::Test(test) => ask(test),
        }
    }
}

/// Reads the values of a simple expression as its subject wants them.
fn compile_simple(text: &str, simple: &Simple, places: &Places) -> Result<Test, ExprError> {
    let name = simple.subject();
    let subject = Subject::read(name).ok_or_else(|| {
        let message = format!("expected one of {}, found {name:?}", Subject::NAMES);
        ExprError::new(text, places.subject.clone(), message)
    })?;
    let operator = simple.operator();
    if !subject.takes(operator) {
        let message = format!("{subject} takes {}, not {operator}", subject.operators());
        return Err(ExprError::new(text, places.operator.clone(), message));
    }
    Test::read(subject, operator, simple.arguments()).map_err(|(nth, message)| {
        let place = places.arguments.get(nth).unwrap_or(&places.operator);
        ExprError::new(text, place.clone(), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Constraint, ExprError> {
        Constraint::new(text, Timestamp::default())
    }

    /// Asserts what is said of a text, and of which part of it.
    #[track_caller]
    fn check_refused(text: &str, at: &str, message: &str) {
        let error = read(text).expect_err("the text is wrong");
        assert_eq!((&text[error.span()], error.message()), (at, message));
    }

    #[test]
    fn what_a_subject_does_not_take_is_refused_by_name() {
        check_refused(
            "agentVersion in [1.2.3]",
            "in",
            "agentVersion takes ==, !=, >, >=, <, <=, not in",
        );
        check_refused(
            "attribute:a exists or agentConnected > 1",
            ">",
            "agentConnected takes ==, !=, in, !in, =~, !~, not >",
        );
        check_refused(
            "task:group < a",
            "<",
            "task:group takes ==, !=, exists, !exists, in, !in, =~, !~, not <",
        );
        check_refused(
            "ec2InstanceId exists",
            "exists",
            "ec2InstanceId takes ==, !=, in, !in, =~, !~, not exists",
        );
    }

    #[test]
    fn an_unknown_subject_is_refused() {
        let known = "agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt, runningTasksCount, task:group";
        for (text, subject) in [
            ("zone == a", "zone"),
            ("a == 1 or attribute:b == 1", "a"),
            ("attribute: == 1", "attribute:"),
        ] {
            let message = format!("expected one of {known}, found {subject:?}");
            check_refused(text, subject, &message);
        }
    }

    #[test]
    fn a_value_that_its_subject_can_not_have_is_refused() {
        check_refused(
            "agentConnected in [true, yes]",
            "yes",
            "expected true or false, found \"yes\"",
        );
        check_refused(
            "agentVersion > new",
            "new",
            "expected a version like 1.75.3, found \"new\"",
        );
        check_refused(
            "runningTasksCount < few",
            "few",
            "expected a whole number, found \"few\"",
        );
        check_refused(
            "registeredAt > '18 June'",
            "'18 June'",
            "expected a date like 2018-06-18 or 2018-06-18T22:28:28+00:00 in the years 1970 to 9999, found \"18 June\"",
        );
        check_refused(
            "attribute:a =~ '(?=b)'",
            "'(?=b)'",
            "look-ahead (?=...) is not supported in patterns",
        );
    }

    #[test]
    fn an_expression_is_static_when_neither_tasks_nor_agents_bear_on_it() {
        let is_static = |text| read(text).map(|constraint| constraint.is_static());
        for text in [
            "attribute:a == b",
            "ec2InstanceId =~ i-.* and not (registeredAt > 2018-06-18 or attribute:a exists)",
        ] {
            assert_eq!(is_static(text), Ok(true), "{text}");
        }
        for text in [
            "agentConnected == true",
            "agentVersion > 1.0.0",
            "attribute:a == b or runningTasksCount < 3",
            "not (task:group == a)",
        ] {
            assert_eq!(is_static(text), Ok(false), "{text}");
        }
    }

    #[test]
    fn chains_are_judged_from_the_left() {
        let text = "attribute:a exists or attribute:b exists or attribute:c exists";
        let holds = read(text).map(|constraint| {
            constraint.judge(&|test| match test {
                Test::Attribute(name, _) => match &**name {
                    "a" => false,
                    "b" => true,
                    other => panic!("{other} is looked at though it decides nothing"),
                },
                other => panic!("{other:?} is no attribute"),
            })
        });
        assert_eq!(holds, Ok(true));
    }
}
