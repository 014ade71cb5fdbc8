//! Task definitions as ECS shows them.

use std::sync::Arc;

use crate::ledger::{DefinitionRecord, Moment};
use crate::model::{Settings, TaskDefinition, TaskDefinitionStatus};

/// A task definition as registered, and what became of it since.
pub(crate) fn definition(settings: &Settings, record: &DefinitionRecord) -> Arc<TaskDefinition> {
    if record.status == TaskDefinitionStatus::Active {
        return Arc::clone(&record.spec.definition);
    }
    let stamp = |moment: Moment| moment.get().map(|at| settings.timestamp(at));
    let mut shown = (*record.spec.definition).clone();
    shown.status = record.status;
    shown.deregistered_at = stamp(record.deregistered_at);
    shown.delete_requested_at = stamp(record.delete_requested_at);
    Arc::new(shown)
}
