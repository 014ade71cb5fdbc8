//! Placement constraints and strategies of a request, and constraints of a task definition.

use crate::model::{
    ApiError, PlacementConstraint, PlacementConstraintType, PlacementStrategy,
    PlacementStrategyType,
};

/// Constraints of a request and its task definition together (API reference of `RunTask`).
pub(super) const CONSTRAINTS_MAX: usize = 10;

/// Rules of a strategy (API reference of `RunTask`).
const STRATEGY_MAX: usize = 5;

/// Characters of an expression (API reference of `PlacementConstraint`).
const EXPRESSION_MAX: usize = 2_000;

/// Refuses too many constraints and those that are not well formed.
pub(super) fn constraints(constraints: &[PlacementConstraint]) -> Result<(), ApiError> {
    super::items("placementConstraints", constraints.len(), CONSTRAINTS_MAX)?;
    constraints.iter().try_for_each(|constraint| {
        let expression = constraint.expression.as_deref();
        match constraint.r#type {
            None => Err(invalid_constraint(
                "",
                "A placement constraint needs a type.",
            )),
            Some(PlacementConstraintType::MemberOf) => member_of(expression),
            Some(PlacementConstraintType::DistinctInstance) => match expression {
                Some(text) => Err(invalid_constraint(
                    text,
                    "A distinctInstance constraint takes no expression.",
                )),
                None => Ok(()),
            },
        }
    })
}

/// Refuses a `memberOf` constraint without an expression, or with one that is too long.
pub(super) fn member_of(expression: Option<&str>) -> Result<(), ApiError> {
    let text = expression.unwrap_or_default();
    if text.trim().is_empty() {
        return Err(invalid_constraint(
            text,
            "A memberOf constraint needs an expression.",
        ));
    }
    super::length(
        "placementConstraints.expression",
        Some(text),
        EXPRESSION_MAX,
    )
}

fn invalid_constraint(value: &str, message: &str) -> ApiError {
    ApiError::invalid("placementConstraints", value, message)
}

/// Refuses too many rules, and a rule whose type and field don't go together.
pub(super) fn strategy(rules: &[PlacementStrategy]) -> Result<(), ApiError> {
    super::items("placementStrategy", rules.len(), STRATEGY_MAX)?;
    rules.iter().try_for_each(|rule| {
        let field = rule.field.as_deref();
        let wanted = match rule.r#type {
            None => Some("a type"),
            Some(PlacementStrategyType::Random) => field.map(|_| "no field"),
            Some(PlacementStrategyType::Spread) => match field {
                Some("instanceId" | "host") => None,
                Some(field)
                    if field
                        .strip_prefix("attribute:")
                        .is_some_and(|name| !name.is_empty()) =>
                {
                    None
                }
                _ => Some("the field instanceId, host or attribute:NAME"),
            },
            Some(PlacementStrategyType::Binpack) => match field {
                Some(field)
                    if field.eq_ignore_ascii_case("cpu")
                        || field.eq_ignore_ascii_case("memory") =>
                {
                    None
                }
                _ => Some("the field cpu or memory"),
            },
        };
        match wanted {
            None => Ok(()),
            Some(wanted) => {
                let message =
                    format!("The placement strategy {rule} is invalid: it needs {wanted}.");
                Err(ApiError::invalid("placementStrategy", rule, message))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_invalid;
    use super::*;

    fn rule(r#type: PlacementStrategyType, field: Option<&str>) -> PlacementStrategy {
        PlacementStrategy {
            r#type: Some(r#type),
            field: field.map(str::to_owned),
        }
    }

    #[test]
    fn a_request_has_at_most_10_constraints() {
        let many = |count| vec![PlacementConstraint::distinct_instance(); count];
        assert_eq!(constraints(&many(10)), Ok(()));
        check_invalid(constraints(&many(11)), "placementConstraints");
    }

    #[test]
    fn member_of_needs_an_expression_of_up_to_2000_characters() {
        assert_eq!(
            constraints(&[PlacementConstraint::member_of("x".repeat(2_000))]),
            Ok(())
        );
        check_invalid(
            constraints(&[PlacementConstraint::member_of(" ")]),
            "placementConstraints",
        );
        let long = PlacementConstraint::member_of("x".repeat(2_001));
        check_invalid(constraints(&[long]), "placementConstraints.expression");
    }

    #[test]
    fn distinct_instance_takes_no_expression() {
        let mut constraint = PlacementConstraint::distinct_instance();
        assert_eq!(constraints(std::slice::from_ref(&constraint)), Ok(()));
        constraint.expression = Some("attribute:a == b".to_owned());
        check_invalid(constraints(&[constraint]), "placementConstraints");
    }

    #[test]
    fn a_constraint_needs_a_type() {
        check_invalid(
            constraints(&[PlacementConstraint::default()]),
            "placementConstraints",
        );
    }

    #[test]
    fn a_strategy_has_at_most_5_rules() {
        let many = |count| vec![PlacementStrategy::random(); count];
        assert_eq!(strategy(&many(5)), Ok(()));
        check_invalid(strategy(&many(6)), "placementStrategy");
    }

    #[test]
    fn random_takes_no_field() {
        check_invalid(
            strategy(&[rule(PlacementStrategyType::Random, Some("cpu"))]),
            "placementStrategy",
        );
    }

    #[test]
    fn spread_takes_an_instance_or_an_attribute() {
        for field in ["instanceId", "host", "attribute:ecs.availability-zone"] {
            assert_eq!(
                strategy(&[PlacementStrategy::spread(field)]),
                Ok(()),
                "{field}"
            );
        }
        for field in [None, Some("memory"), Some("attribute:"), Some("")] {
            check_invalid(
                strategy(&[rule(PlacementStrategyType::Spread, field)]),
                "placementStrategy",
            );
        }
    }

    #[test]
    fn binpack_takes_cpu_or_memory_in_any_case() {
        for field in ["cpu", "memory", "CPU", "Memory"] {
            assert_eq!(
                strategy(&[rule(PlacementStrategyType::Binpack, Some(field))]),
                Ok(()),
                "{field}"
            );
        }
        for field in [None, Some("disk"), Some("attribute:cpu")] {
            check_invalid(
                strategy(&[rule(PlacementStrategyType::Binpack, field)]),
                "placementStrategy",
            );
        }
    }

    #[test]
    fn a_rule_needs_a_type() {
        check_invalid(
            strategy(&[PlacementStrategy::default()]),
            "placementStrategy",
        );
    }
}
