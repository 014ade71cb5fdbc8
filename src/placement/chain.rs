//! A strategy as indexes go through it.

use crate::ledger::OrderBy;

use super::ask::Rule;

/// The rules of a strategy: those at its begin that indexes answer, each at most once and in this order, and the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain<'a> {
    /// Spread over the values of this attribute.
    pub(super) attribute: Option<&'a str>,
    /// Then over container instances.
    pub(super) instances: bool,
    /// Then the least of this is left.
    pub(super) binpack: Option<OrderBy>,
    /// Then these.
    pub(super) rest: &'a [Rule],
}

impl<'a> Chain<'a> {
    pub(super) fn read(rules: &'a [Rule]) -> Self {
        let mut chain = Self {
            rest: rules,
            ..Self::default()
        };
        if let [Rule::SpreadAttribute(name), rest @ ..] = chain.rest {
            (chain.attribute, chain.rest) = (Some(name.as_str()), rest);
        }
        if let [Rule::SpreadInstance, rest @ ..] = chain.rest {
            (chain.instances, chain.rest) = (true, rest);
        }
        if let [rule @ (Rule::BinpackCpu | Rule::BinpackMemory), rest @ ..] = chain.rest {
            (chain.binpack, chain.rest) = (rule.order(), rest);
        }
        chain
    }
}
