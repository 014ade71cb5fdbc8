//! What RunTask will be placed by: the indexes are built before the request is judged.

use std::sync::Arc;

use crate::ledger::instance::InstanceKind;
use crate::model::constraint::Constraint;
use crate::model::{PlacementConstraintType, RunTask};
use crate::placement::Rule;
use crate::placement::prepare::{self, Outlook};

use super::Engine;

/// Rows from which on requests without a strategy are prepared for.
const BARE_FROM: usize = 1024;

impl Engine {
    /// Has the indexes built that a request goes by; nothing that is read of the ledger changes.
    pub(super) fn prepare_placement(&mut self, request: &RunTask, constraints: &[Arc<Constraint>]) {
        let Ok(cluster) = self.ledger.resolve_cluster(request.cluster.as_deref()) else {
            return;
        };
        let kind = InstanceKind::of(request.launch_type);
        let is_bare = request.placement_strategy.is_empty() && constraints.is_empty();
        let rows = self.ledger.cluster(cluster).capacity.len();
        // Where nothing is asked for any of a few rows will do: they are tried at random.
        if !prepare::is_worth(&self.ledger, cluster, kind) || (is_bare && rows < BARE_FROM) {
            return;
        }
        let definition = self.ledger.resolve_definition(&request.task_definition);
        let Some(definition) = definition else {
            return;
        };
        let spec = Arc::clone(&self.ledger.definition(definition).spec);
        let groups = self.ledger.groups();
        let group = match &request.group {
            Some(name) => groups.named(cluster, name),
            None => groups.named(cluster, &format!("family:{}", spec.family)),
        };
        let rules = request.placement_strategy.iter().filter_map(Rule::read);
        let own = spec.constraints.iter().chain(constraints);
        let mut types = request.placement_constraints.iter().map(|rule| rule.r#type);
        let outlook = Outlook {
            rules: &rules.collect::<Vec<_>>(),
            constraints: &own.cloned().collect::<Vec<_>>(),
            group,
            distinct_instance: types
                .any(|known| known == Some(PlacementConstraintType::DistinctInstance)),
            demand: &spec.demand,
            kind,
        };
        prepare::prepare(&mut self.ledger, cluster, &outlook);
    }
}
