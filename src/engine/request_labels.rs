//! Requests about attributes, tags and account settings.

use crate::api::{self, account_settings::Subject, validate};
use crate::model::*;
use crate::observe::{describe, read_labels};

use super::Engine;

impl Engine {
    pub(crate) fn put_attributes(
        &mut self,
        request: &PutAttributes,
    ) -> Result<PutAttributesOutput, ApiError> {
        validate::put_attributes(request)?;
        let attributes = self.act(|ctx, out| api::attributes::put(ctx, request, out))?;
        Ok(PutAttributesOutput { attributes })
    }

    pub(crate) fn delete_attributes(
        &mut self,
        request: &DeleteAttributes,
    ) -> Result<DeleteAttributesOutput, ApiError> {
        validate::delete_attributes(request)?;
        let attributes = self.act(|ctx, out| api::attributes::delete(ctx, request, out))?;
        Ok(DeleteAttributesOutput { attributes })
    }

    pub(crate) fn list_attributes(
        &mut self,
        request: &ListAttributes,
    ) -> Result<ListAttributesOutput, ApiError> {
        validate::list_attributes(request)?;
        self.read(|_, view| read_labels::list_attributes(view, request))
    }

    pub(crate) fn tag_resource(
        &mut self,
        request: &TagResource,
    ) -> Result<TagResourceOutput, ApiError> {
        validate::tag_resource(request)?;
        self.act(|ctx, out| api::tags::tag(ctx, request, out))?;
        Ok(TagResourceOutput {})
    }

    pub(crate) fn untag_resource(
        &mut self,
        request: &UntagResource,
    ) -> Result<UntagResourceOutput, ApiError> {
        validate::untag_resource(request)?;
        self.act(|ctx, out| api::tags::untag(ctx, request, out))?;
        Ok(UntagResourceOutput {})
    }

    pub(crate) fn list_tags_for_resource(
        &mut self,
        request: &ListTagsForResource,
    ) -> Result<ListTagsForResourceOutput, ApiError> {
        validate::list_tags_for_resource(request)?;
        self.read(|settings, view| read_labels::list_tags(settings, view, request))
    }

    pub(crate) fn put_account_setting(
        &mut self,
        request: &PutAccountSetting,
    ) -> Result<PutAccountSettingOutput, ApiError> {
        let name = validate::put_account_setting(request)?;
        let principal = request.principal_arn.as_deref();
        let subject = self.act(|ctx, out| {
            api::account_settings::put(ctx, principal, name, &request.value, out)
        })?;
        Ok(PutAccountSettingOutput {
            setting: self.shown_setting(&subject),
        })
    }

    pub(crate) fn put_account_setting_default(
        &mut self,
        request: &PutAccountSettingDefault,
    ) -> Result<PutAccountSettingDefaultOutput, ApiError> {
        let name = validate::put_account_setting_default(request)?;
        let subject =
            self.act(|ctx, out| api::account_settings::put(ctx, None, name, &request.value, out))?;
        Ok(PutAccountSettingDefaultOutput {
            setting: self.shown_setting(&subject),
        })
    }

    pub(crate) fn delete_account_setting(
        &mut self,
        request: &DeleteAccountSetting,
    ) -> Result<DeleteAccountSettingOutput, ApiError> {
        let name = validate::delete_account_setting(request)?;
        let principal = request.principal_arn.as_deref();
        let subject =
            self.act(|ctx, out| api::account_settings::delete(ctx, principal, name, out))?;
        Ok(DeleteAccountSettingOutput {
            setting: self.shown_setting(&subject),
        })
    }

    pub(crate) fn list_account_settings(
        &mut self,
        request: &ListAccountSettings,
    ) -> Result<ListAccountSettingsOutput, ApiError> {
        validate::list_account_settings(request)?;
        self.read(|settings, view| read_labels::list_account_settings(settings, view, request))
    }

    /// A setting as it holds now.
    fn shown_setting(&self, (principal, name): &Subject) -> Setting {
        let principal = principal.as_deref();
        let value = self.ledger.account_settings().effective(principal, *name);
        describe::setting(&self.settings, principal, *name, value)
    }
}
