//! Requests about task definitions.

use std::sync::Arc;

use crate::api::{self, validate};
use crate::ids::TaskDefinitionId;
use crate::model::*;
use crate::observe::definition as read;
use crate::observe::describe;

use super::Engine;

impl Engine {
    pub(crate) fn register_task_definition(
        &mut self,
        request: RegisterTaskDefinition,
    ) -> Result<RegisterTaskDefinitionOutput, ApiError> {
        let fingerprint = validate::register_task_definition(&request)?;
        let constraints = self
            .constraints
            .of_definition(&request.placement_constraints)?;
        let (ctx, out, _) = self.parts();
        let definition: TaskDefinitionId =
            api::task_definition::register(&ctx, request, fingerprint, constraints, out);
        self.commit(None);
        let spec = &self.ledger.definition(definition).spec;
        Ok(RegisterTaskDefinitionOutput {
            tags: spec.tags.clone(),
            task_definition: Arc::clone(&spec.definition),
        })
    }

    pub(crate) fn deregister_task_definition(
        &mut self,
        request: &DeregisterTaskDefinition,
    ) -> Result<DeregisterTaskDefinitionOutput, ApiError> {
        validate::deregister_task_definition(request)?;
        let definition =
            self.act(|ctx, out| api::definition_life::deregister(ctx, request, out))?;
        let record = self.ledger.definition(definition);
        Ok(DeregisterTaskDefinitionOutput {
            task_definition: describe::definition(&self.settings, record),
        })
    }

    pub(crate) fn delete_task_definitions(
        &mut self,
        request: &DeleteTaskDefinitions,
    ) -> Result<DeleteTaskDefinitionsOutput, ApiError> {
        validate::delete_task_definitions(request)?;
        self.act(|ctx, out| Ok(api::definition_life::delete(ctx, request, out)))
    }

    pub(crate) fn describe_task_definition(
        &mut self,
        request: &DescribeTaskDefinition,
    ) -> Result<DescribeTaskDefinitionOutput, ApiError> {
        validate::describe_task_definition(request)?;
        self.read(|settings, view| read::describe_task_definition(settings, view, request))
    }

    pub(crate) fn list_task_definitions(
        &mut self,
        request: &ListTaskDefinitions,
    ) -> Result<ListTaskDefinitionsOutput, ApiError> {
        validate::list_task_definitions(request)?;
        self.read(|_, view| read::list_task_definitions(view, request))
    }

    pub(crate) fn list_task_definition_families(
        &mut self,
        request: &ListTaskDefinitionFamilies,
    ) -> Result<ListTaskDefinitionFamiliesOutput, ApiError> {
        validate::list_task_definition_families(request)?;
        self.read(|_, view| read::list_task_definition_families(view, request))
    }
}
