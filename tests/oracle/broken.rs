//! The oracle finds out who is wrong: schedulers with one flaw each, and expressions read in one wrong way each.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{TestCaseError, TestRunner};
use wavetank::model::*;
use wavetank::placement::{Ask, EcsScheduler, Placement, Pool, Refusal, Scheduler};

use super::expression::{Comparison, Expression, Test, expression};
use super::history::{Action, Play, history, setup};
use super::{Mode, Reached, compare, filter_everywhere};
use crate::support::builder;

/// What is wrong with a scheduler.
#[derive(Clone, Copy, Debug)]
enum Flaw {
    Nothing,
    ForgetsTheLastRule,
    TurnsRulesAround,
    CountsNoNeighbours,
    ForgetsDistinctInstance,
    ForgetsConstraints,
    GivesUpTooSoon,
    TellsTheLastReason,
}

#[derive(Clone, Debug)]
struct Flawed(EcsScheduler, Flaw);

impl Scheduler for Flawed {
    fn name(&self) -> &str {
        "flawed"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let reversed: Vec<_> = ask.rules.iter().rev().cloned().collect();
        let rules = ask.rules;
        let asked = match self.1 {
            Flaw::ForgetsTheLastRule => Ask {
                rules: &rules[..rules.len().saturating_sub(1)],
                ..*ask
            },
            Flaw::TurnsRulesAround => Ask {
                rules: &reversed,
                ..*ask
            },
            Flaw::CountsNoNeighbours => Ask {
                group: None,
                ..*ask
            },
            Flaw::ForgetsDistinctInstance => Ask {
                distinct_instance: false,
                ..*ask
            },
            Flaw::ForgetsConstraints => Ask {
                constraints: &[],
                ..*ask
            },
            Flaw::Nothing | Flaw::GivesUpTooSoon | Flaw::TellsTheLastReason => *ask,
        };
        if matches!(self.1, Flaw::GivesUpTooSoon) && pool.feasible(ask).count() == 1 {
            return Err(Refusal::from(FailureReason::Resource(ResourceKind::Cpu)));
        }
        let answer = self.0.place(&asked, pool);
        answer.map_err(|refusal| {
            let closest = refusal
                .closest
                .filter(|_| matches!(self.1, Flaw::TellsTheLastReason));
            let row =
                closest.and_then(|closest| pool.instances().iter().position(|on| *on == closest));
            let last = row.and_then(|row| pool.shortfalls(ask, row).iter().last());
            Refusal {
                reason: last.unwrap_or(refusal.reason),
                ..refusal
            }
        })
    }
}

/// After how many cases the oracle disagrees with a scheduler.
fn found_after(flaw: Flaw, cases: u32) -> Option<u32> {
    let mut runner = TestRunner::deterministic();
    (1..=cases).find(|_| {
        let tree = (setup(), history(30)).new_tree(&mut runner);
        let (setup, history) = tree.expect("a case is never rejected").current();
        let mode = Mode {
            seed: 7,
            ties: PlacementTies::Seeded,
            failures: FailureShape::Closest,
            baseline: None,
        };
        let flawed = Flawed(EcsScheduler::default(), flaw);
        let mut play = Play::new(&setup, builder().seed(7).scheduler(flawed));
        let compared: Result<(), TestCaseError> = history.iter().try_for_each(|action| {
            play.act(action);
            match action {
                Action::Run(asked) => compare(&mut play, asked, mode, &mut Reached::new()),
                _ => Ok(()),
            }
        });
        compared.is_err()
    })
}

#[test]
fn a_scheduler_with_any_flaw_is_found_out_and_one_without_is_not() {
    for flaw in [
        Flaw::ForgetsTheLastRule,
        Flaw::TurnsRulesAround,
        Flaw::CountsNoNeighbours,
        Flaw::ForgetsDistinctInstance,
        Flaw::ForgetsConstraints,
        Flaw::GivesUpTooSoon,
        Flaw::TellsTheLastReason,
    ] {
        assert!(found_after(flaw, 150).is_some(), "{flaw:?} is not found");
    }
    assert_eq!(found_after(Flaw::Nothing, 50), None);
}

/// One way to read expressions wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misreading {
    Nothing,
    NotIsNothing,
    AllIsAny,
    AnyIsAll,
    MoreIsMoreOrEqual,
    LessIsLessOrEqual,
    LackingDiffers,
    ListIsItsFirst,
    PatternIsTheWhole,
    ExistingIsTurned,
}

impl Misreading {
    /// What an expression is taken for.
    fn of(self, expression: &Expression) -> Expression {
        let inside = |several: &[Expression]| -> Vec<Expression> {
            several.iter().map(|one| self.of(one)).collect()
        };
        match expression {
            Expression::Not(inner) if self == Self::NotIsNothing => self.of(inner),
            Expression::Not(inner) => Expression::Not(Box::new(self.of(inner))),
            Expression::All(several) if self == Self::AllIsAny => Expression::Any(inside(several)),
            Expression::All(several) => Expression::All(inside(several)),
            Expression::Any(several) if self == Self::AnyIsAll => Expression::All(inside(several)),
            Expression::Any(several) => Expression::Any(inside(several)),
            Expression::Version(by, version) => {
                Expression::Version(self.comparison(*by), version.clone())
            }
            Expression::Registered(by, minute) => {
                Expression::Registered(self.comparison(*by), *minute)
            }
            Expression::Running(by, count) => Expression::Running(self.comparison(*by), *count),
            Expression::Attribute(name, Test::Compare(Comparison::NotEqual, value))
                if self == Self::LackingDiffers =>
            {
                let is = Test::Compare(Comparison::Equal, value.clone());
                Expression::Not(Box::new(Expression::Attribute(name.clone(), is)))
            }
            Expression::Attribute(name, test) => {
                Expression::Attribute(name.clone(), self.test(test))
            }
            Expression::Group(test) => Expression::Group(self.test(test)),
            Expression::Connected { .. } | Expression::Ec2 { .. } => expression.clone(),
        }
    }

    fn comparison(self, by: Comparison) -> Comparison {
        match (self, by) {
            (Self::MoreIsMoreOrEqual, Comparison::More) => Comparison::MoreOrEqual,
            (Self::LessIsLessOrEqual, Comparison::Less) => Comparison::LessOrEqual,
            _ => by,
        }
    }

    fn test(self, test: &Test) -> Test {
        match (self, test) {
            (_, Test::Compare(by, value)) => Test::Compare(self.comparison(*by), value.clone()),
            (Self::ListIsItsFirst, Test::OneOf(is, values)) => {
                Test::OneOf(*is, values[..1].to_vec())
            }
            (Self::PatternIsTheWhole, Test::Begins(is, with)) => {
                Test::OneOf(*is, vec![with.clone()])
            }
            (Self::ExistingIsTurned, Test::Exists(is)) => Test::Exists(!is),
            _ => test.clone(),
        }
    }
}

/// After how many cases the oracle disagrees when it reads expressions in some way.
fn misread_after(misreading: Misreading, cases: u32) -> Option<u32> {
    let mut runner = TestRunner::deterministic();
    (1..=cases).find(|_| {
        let expressions = proptest::collection::vec((expression(), proptest::bool::ANY), 12);
        let tree = (setup(), history(20), expressions).new_tree(&mut runner);
        let tree = tree.expect("a case is never rejected");
        let (setup, history, expressions) = tree.current();
        let mut play = Play::new(&setup, builder());
        history.iter().for_each(|action| play.act(action));
        expressions.iter().any(|(expression, in_words)| {
            let text = expression.text(*in_words);
            let found = filter_everywhere(&mut play, &text, &misreading.of(expression));
            found.is_err()
        })
    })
}

#[test]
fn an_expression_that_is_read_wrongly_in_any_way_is_found_out() {
    for misreading in [
        Misreading::NotIsNothing,
        Misreading::AllIsAny,
        Misreading::AnyIsAll,
        Misreading::MoreIsMoreOrEqual,
        Misreading::LessIsLessOrEqual,
        Misreading::LackingDiffers,
        Misreading::ListIsItsFirst,
        Misreading::PatternIsTheWhole,
        Misreading::ExistingIsTurned,
    ] {
        let found = misread_after(misreading, 100);
        assert!(found.is_some(), "{misreading:?} is not found");
    }
    assert_eq!(misread_after(Misreading::Nothing, 40), None);
}
