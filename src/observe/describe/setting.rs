//! An account setting as ECS shows it.

use crate::model::{Setting, SettingName, Settings};

/// A value of an account setting as ECS shows it, `principal` being the root user when there is none.
pub(crate) fn setting(
    settings: &Settings,
    principal: Option<&str>,
    name: SettingName,
    value: &str,
) -> Setting {
    Setting {
        name: Some(name),
        value: Some(value.to_owned()),
        principal_arn: Some(settings.principal_arn(principal)),
        r#type: Some(name.setting_type()),
    }
}
