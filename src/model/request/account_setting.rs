//! Requests about account settings.

use crate::model::account_setting::{Setting, SettingName};
use crate::model::shape::shape;

shape! {
    /// Asks for an account setting of one principal to be set.
    ///
    /// ```
    /// # use wavetank::model::{PutAccountSetting, SettingName};
    /// let request = PutAccountSetting::new(SettingName::AwsvpcTrunking, "enabled");
    /// assert_eq!(request.principal_arn, None);
    /// ```
    pub struct PutAccountSetting {
        /// Which setting.
        pub name: Option<SettingName>,
        /// What to set it to.
        pub value: String,
        /// For whom: the ARN of a user, a role or the root user; absent means the root user.
        pub principal_arn: Option<String>,
    }

    /// The setting as it is now.
    pub struct PutAccountSettingOutput {
        shown {
            /// The setting.
            pub setting: Setting,
        }
    }

    /// Asks for an account setting of all who did not set their own.
    pub struct PutAccountSettingDefault {
        /// Which setting.
        pub name: Option<SettingName>,
        /// What to set it to.
        pub value: String,
    }

    /// The setting as it is now.
    pub struct PutAccountSettingDefaultOutput {
        shown {
            /// The setting.
            pub setting: Setting,
        }
    }

    /// Asks for what a principal set to be forgotten.
    pub struct DeleteAccountSetting {
        /// Which setting.
        pub name: Option<SettingName>,
        /// Whose: the ARN of a user, a role or the root user; absent means the root user.
        pub principal_arn: Option<String>,
    }

    /// What holds for the principal from now on.
    pub struct DeleteAccountSettingOutput {
        shown {
            /// The setting.
            pub setting: Setting,
        }
    }

    /// Asks which account settings a principal has.
    pub struct ListAccountSettings {
        /// The setting it must be; absent means any.
        pub name: Option<SettingName>,
        /// The value it must have; only together with a name.
        pub value: Option<String>,
        /// Whose: the ARN of a user, a role or the root user; absent means the root user.
        pub principal_arn: Option<String>,
        /// Whether to show what holds for the principal rather than what it set.
        pub effective_settings: Option<bool>,
        /// Where the last page ended.
        pub next_token: Option<String>,
        /// The most settings of a page, 1 to 10; absent means 10.
        pub max_results: Option<i32>,
    }

    /// A page of account settings.
    pub struct ListAccountSettingsOutput {
        /// Where the next page begins; absent at the end.
        pub next_token: Option<String>,
        shown {
            /// The settings.
            pub settings: Vec<Setting>,
        }
    }
}

impl PutAccountSetting {
    /// A value for a setting of the root user, and so of the account.
    pub fn new(name: SettingName, value: impl Into<String>) -> Self {
        Self {
            name: Some(name),
            value: value.into(),
            principal_arn: None,
        }
    }

    /// Says for whom.
    #[must_use]
    pub fn principal(mut self, arn: impl Into<String>) -> Self {
        self.principal_arn = Some(arn.into());
        self
    }
}

impl PutAccountSettingDefault {
    /// A value for a setting of all who did not set their own.
    pub fn new(name: SettingName, value: impl Into<String>) -> Self {
        Self {
            name: Some(name),
            value: value.into(),
        }
    }
}

impl DeleteAccountSetting {
    /// That setting of the root user.
    pub fn new(name: SettingName) -> Self {
        Self {
            name: Some(name),
            principal_arn: None,
        }
    }

    /// Says whose.
    #[must_use]
    pub fn principal(mut self, arn: impl Into<String>) -> Self {
        self.principal_arn = Some(arn.into());
        self
    }
}

impl ListAccountSettings {
    /// What the root user set, from the first page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for one setting.
    #[must_use]
    pub fn name(mut self, name: SettingName) -> Self {
        self.name = Some(name);
        self
    }

    /// Asks for one value of that setting.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Says whose.
    #[must_use]
    pub fn principal(mut self, arn: impl Into<String>) -> Self {
        self.principal_arn = Some(arn.into());
        self
    }

    /// Asks for what holds rather than for what was set.
    #[must_use]
    pub fn effective(mut self) -> Self {
        self.effective_settings = Some(true);
        self
    }

    /// Goes on where the last page ended.
    #[must_use]
    pub fn next_token(mut self, token: impl Into<String>) -> Self {
        self.next_token = Some(token.into());
        self
    }

    /// Sets the most settings of a page.
    #[must_use]
    pub fn max_results(mut self, count: i32) -> Self {
        self.max_results = Some(count);
        self
    }
}
