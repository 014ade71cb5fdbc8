//! Expressions that requests bring, compiled: each text once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::expr::ExprError;
use crate::model::constraint::Constraint;
use crate::model::{ApiError, PlacementConstraint, Timestamp};

/// The most texts that are kept: callers repeat a few.
const KEPT: usize = 256;

/// Expressions seen before, compiled. What is kept saves time and decides nothing.
#[derive(Clone, Debug)]
pub(crate) struct Constraints {
    epoch: Timestamp,
    /// Shared with forks until one of them meets a new text.
    known: Arc<BTreeMap<Arc<str>, Arc<Constraint>>>,
}

impl Constraints {
    /// None yet, of a run whose simulated time zero is `epoch` on the calendar.
    pub(crate) fn new(epoch: Timestamp) -> Self {
        Self {
            epoch,
            known: Arc::default(),
        }
    }

    /// The expressions of a request's constraints.
    pub(crate) fn of_request(
        &mut self,
        constraints: &[PlacementConstraint],
    ) -> Result<Vec<Arc<Constraint>>, ApiError> {
        self.all(constraints).map_err(|error| {
            let (value, message) = (error.text(), invalid(&error));
            ApiError::invalid("placementConstraints.expression", value, message)
        })
    }

    /// The expressions of a task definition's constraints.
    pub(crate) fn of_definition(
        &mut self,
        constraints: &[PlacementConstraint],
    ) -> Result<Vec<Arc<Constraint>>, ApiError> {
        self.all(constraints).map_err(|error| {
            let (value, message) = (error.text(), invalid(&error));
            ApiError::client("placementConstraints.expression", value, message)
        })
    }

    /// The expression of a listing's filter.
    pub(crate) fn of_filter(&mut self, text: &str) -> Result<Arc<Constraint>, ApiError> {
        let compiled = self.compile(text);
        compiled.map_err(|error| ApiError::invalid("filter", text, invalid(&error)))
    }

    fn all(
        &mut self,
        constraints: &[PlacementConstraint],
    ) -> Result<Vec<Arc<Constraint>>, ExprError> {
        let texts = constraints
            .iter()
            .filter_map(|constraint| constraint.expression.as_deref());
        texts.map(|text| self.compile(text)).collect()
    }

    fn compile(&mut self, text: &str) -> Result<Arc<Constraint>, ExprError> {
        if let Some(known) = self.known.get(text) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(Constraint::new(text, self.epoch)?);
        let known = Arc::make_mut(&mut self.known);
        if known.len() == KEPT {
            known.clear();
        }
        known.insert(Arc::clone(compiled.text()), Arc::clone(&compiled));
        Ok(compiled)
    }
}

fn invalid(error: &ExprError) -> String {
    format!("Invalid expression: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_compiled_once() {
        let mut constraints = Constraints::new(Timestamp::default());
        let mut compiled = |text: &str| {
            let list = [PlacementConstraint::member_of(text)];
            let compiled = constraints.of_request(&list);
            compiled.expect("the expression is good").remove(0)
        };
        let first = compiled("attribute:rack == 7");
        assert!(Arc::ptr_eq(&first, &compiled("attribute:rack == 7")));
        for number in 0..KEPT {
            compiled(&format!("attribute:rack == {number}"));
        }
        assert_eq!(first, compiled("attribute:rack == 7"));
    }

    #[test]
    fn who_brought_a_wrong_expression_decides_the_exception() {
        let mut constraints = Constraints::new(Timestamp::default());
        let wrong = [PlacementConstraint::member_of("zone == a")];
        let errors = [
            constraints.of_request(&wrong).expect_err("it is wrong"),
            constraints.of_definition(&wrong).expect_err("it is wrong"),
            constraints.of_filter("zone == a").expect_err("it is wrong"),
        ];
        let exceptions = errors.each_ref().map(ApiError::exception);
        assert_eq!(
            exceptions,
            [
                "InvalidParameterException",
                "ClientException",
                "InvalidParameterException"
            ]
        );
        for error in errors {
            assert!(
                error
                    .message()
                    .starts_with("Invalid expression: expected one of ")
            );
            assert!(
                error.message().ends_with("\n  zone == a\n  ^^^^"),
                "{error}"
            );
        }
    }
}
