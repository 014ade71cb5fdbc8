//! What RunTask will be placed by: the indexes are built before the request is judged.

use std::sync::Arc;

use crate::ledger::Demand;
use crate::ledger::instance::InstanceKind;
use crate::model::constraint::Constraint;
use crate::model::{PlacementConstraintType, RunTask};
use crate::placement::Rule;
use crate::placement::prepare::{self, Outlook};

use super::Engine;

impl Engine {
    /// Has the indexes built that a request goes by; nothing that is read of the ledger changes.
    pub(super) fn prepare_placement(&mut self, request: &RunTask, constraints: &[Arc<Constraint>]) {
        let Ok(cluster) = self.ledger.resolve_cluster(request.cluster.as_deref()) else {
            return;
        };
        let kind = InstanceKind::of(request.launch_type);
        let bare = Outlook {
            rules: &[],
            constraints: &[],
            group: None,
            distinct_instance: false,
            demand: &Demand::default(),
            kind,
        };
        if !prepare::is_worth(&self.ledger, cluster, kind) {
            return;
        }
        if request.placement_strategy.is_empty() && request.placement_constraints.is_empty() {
            prepare::prepare(&mut self.ledger, cluster, &bare);
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
