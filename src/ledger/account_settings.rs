//! Account settings: what the account, and single users and roles of it, have set.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::model::SettingName;

/// Whose setting: a user's or a role's ARN; `None` is the root user, whose settings are those of the account.
pub type Principal = Option<Arc<str>>;

type Values = BTreeMap<SettingName, Arc<str>>;

/// What was set, and for whom; whatever nobody set has its default value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccountSettings {
    account: Values,
    /// By ARN; a principal that set nothing has no entry.
    principals: BTreeMap<Arc<str>, Values>,
}

impl AccountSettings {
    /// What a principal itself set.
    #[must_use]
    pub fn explicit(&self, principal: Option<&str>, name: SettingName) -> Option<&str> {
        let values = match principal {
            None => Some(&self.account),
            Some(arn) => self.principals.get(arn),
        };
        values?.get(&name).map(|value| &**value)
    }

    /// What holds for a principal: its own setting, else the account's, else the default.
    #[must_use]
    pub fn effective(&self, principal: Option<&str>, name: SettingName) -> &str {
        self.explicit(principal, name)
            .or_else(|| self.explicit(None, name))
            .unwrap_or(name.default_value())
    }

    /// Whether container instances that register now have the network interfaces of a trunk to give.
    ///
    /// # Model
    ///
    /// It is the account's setting: who registers an instance is not known here.
    #[must_use]
    pub fn awsvpc_trunking(&self) -> bool {
        self.effective(None, SettingName::AwsvpcTrunking) == "enabled"
    }

    pub(crate) fn put(&mut self, principal: &Principal, name: SettingName, value: &Arc<str>) {
        let values = match principal {
            None => &mut self.account,
            Some(arn) => self.principals.entry(Arc::clone(arn)).or_default(),
        };
        values.insert(name, Arc::clone(value));
    }

    pub(crate) fn delete(&mut self, principal: &Principal, name: SettingName) {
        let Some(arn) = principal else {
            self.account.remove(&name);
            return;
        };
        if let Some(values) = self.principals.get_mut(arn) {
            values.remove(&name);
            if values.is_empty() {
                self.principals.remove(arn);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: SettingName = SettingName::AwsvpcTrunking;

    #[test]
    fn a_principal_follows_the_account_until_it_sets_its_own() {
        let mut settings = AccountSettings::default();
        let ann: Principal = Some("ann".into());
        assert_eq!(settings.effective(Some("ann"), NAME), "disabled");
        settings.put(&None, NAME, &"enabled".into());
        assert_eq!(settings.effective(Some("ann"), NAME), "enabled");
        assert_eq!(settings.explicit(Some("ann"), NAME), None);
        settings.put(&ann, NAME, &"disabled".into());
        assert_eq!(settings.effective(Some("ann"), NAME), "disabled");
        assert!(settings.awsvpc_trunking(), "the account's is another");
    }

    #[test]
    fn nothing_is_left_of_a_setting_that_was_deleted() {
        let mut settings = AccountSettings::default();
        for principal in [None, Some("ann".into())] {
            settings.put(&principal, NAME, &"enabled".into());
            settings.delete(&principal, NAME);
            assert_eq!(settings, AccountSettings::default());
            settings.delete(&principal, NAME);
        }
        assert_eq!(settings, AccountSettings::default());
    }
}
