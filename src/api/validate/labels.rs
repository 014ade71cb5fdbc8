//! Attributes, tags and account settings: what requests about them must satisfy whatever exists.

use crate::model::{
    ApiError, Attribute, DeleteAccountSetting, DeleteAttributes, ListAccountSettings,
    ListAttributes, ListTagsForResource, PutAccountSetting, PutAccountSettingDefault,
    PutAttributes, SettingName, SettingType, Tag, TagResource, UntagResource,
};

use super::{items, max_results, present};

/// Attributes that one call may name (API reference of `PutAttributes`).
const ATTRIBUTES_MAX: usize = 10;

/// Refuses names and values outside the characters and lengths of the API reference of `Attribute`.
pub(super) fn attribute(attribute: &Attribute) -> Result<(), ApiError> {
    attribute_name("attributes.name", &attribute.name)?;
    match &attribute.value {
        Some(value) => attribute_value("attributes.value", value),
        None => Ok(()),
    }
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_/\\.".contains(&byte)
}

fn attribute_name(parameter: &str, name: &str) -> Result<(), ApiError> {
    if (1..=128).contains(&name.len()) && name.bytes().all(in_name) {
        return Ok(());
    }
    let message = "An attribute name must have 1 to 128 letters, digits, hyphens, underscores, slashes and periods.";
    Err(ApiError::invalid(parameter, name, message))
}

fn attribute_value(parameter: &str, value: &str) -> Result<(), ApiError> {
    let in_value = |byte: u8| in_name(byte) || b"@: ".contains(&byte);
    let is_well_formed =
        (1..=128).contains(&value.len()) && value.bytes().all(in_value) && value.trim() == value;
    if is_well_formed {
        return Ok(());
    }
    let message = "An attribute value must have 1 to 128 letters, digits and characters of -_/\\.@: with spaces only inside.";
    Err(ApiError::invalid(parameter, value, message))
}

/// Refuses a `PutAttributes` of none or of more than 10, of built-in names, and without targets.
pub(crate) fn put_attributes(request: &PutAttributes) -> Result<(), ApiError> {
    custom_attributes(&request.attributes)
}

/// Refuses a `DeleteAttributes` likewise, and one that names values.
pub(crate) fn delete_attributes(request: &DeleteAttributes) -> Result<(), ApiError> {
    custom_attributes(&request.attributes)?;
    let value = request
        .attributes
        .iter()
        .find_map(|attribute| attribute.value.as_ref());
    match value {
        None => Ok(()),
        Some(value) => {
            let message = "An attribute to delete is named without its value.";
            Err(ApiError::invalid("attributes.value", value, message))
        }
    }
}

fn custom_attributes(attributes: &[Attribute]) -> Result<(), ApiError> {
    if attributes.is_empty() {
        return Err(ApiError::invalid(
            "attributes",
            0,
            "attributes can not be empty",
        ));
    }
    items("attributes", attributes.len(), ATTRIBUTES_MAX)?;
    for known in attributes {
        attribute(known)?;
        if known.is_built_in() {
            let message = "Attributes whose names begin with ecs. or com.amazonaws.ecs. are built in: they can be neither set nor deleted.";
            return Err(ApiError::invalid("attributes.name", &known.name, message));
        }
        let target = known.target_id.as_deref().unwrap_or_default();
        present("attributes.targetId", target)?;
        if known.target_type.is_none() && !target.starts_with("arn:") {
            let message = "A target that is named by its id, not its ARN, needs a targetType.";
            return Err(ApiError::invalid("attributes.targetType", target, message));
        }
    }
    Ok(())
}

/// Refuses a listing without a target type, of a value without a name, and a wrong page size.
pub(crate) fn list_attributes(request: &ListAttributes) -> Result<(), ApiError> {
    if request.target_type.is_none() {
        return Err(ApiError::invalid(
            "targetType",
            "",
            "targetType cannot be empty.",
        ));
    }
    if let Some(name) = &request.attribute_name {
        attribute_name("attributeName", name)?;
    }
    if let Some(value) = &request.attribute_value {
        if request.attribute_name.is_none() {
            let message = "An attributeValue can be asked for only together with an attributeName.";
            return Err(ApiError::invalid("attributeValue", value, message));
        }
        attribute_value("attributeValue", value)?;
    }
    max_results(request.max_results)
}

/// Refuses too many tags, keys and values outside lengths and characters, those of AWS itself, and two with one key.
pub(super) fn tags(tags: &[Tag]) -> Result<(), ApiError> {
    items("tags", tags.len(), crate::ledger::tags::TAG_QUOTA)?;
    for (nth, tag) in tags.iter().enumerate() {
        tag_key("tags.key", &tag.key)?;
        if let Some(value) = &tag.value {
            if value.chars().count() > 256 {
                let message = "A tag value can have at most 256 characters.";
                return Err(ApiError::invalid("tags.value", value, message));
            }
            tag_text("tags.value", value)?;
        }
        if tags[..nth].iter().any(|earlier| earlier.key == tag.key) {
            let message = format!("The tag key {} is given more than once.", tag.key);
            return Err(ApiError::invalid("tags.key", &tag.key, message));
        }
    }
    Ok(())
}

fn tag_key(parameter: &str, key: &str) -> Result<(), ApiError> {
    if !(1..=128).contains(&key.chars().count()) {
        let message = "A tag key must have 1 to 128 characters.";
        return Err(ApiError::invalid(parameter, key, message));
    }
    tag_text(parameter, key)
}

/// The pattern of keys and values: letters, digits and separators of any script, and a few signs.
fn tag_text(parameter: &str, text: &str) -> Result<(), ApiError> {
    if Tag::is_reserved(text) {
        let message = "Tag keys and values that begin with aws: are reserved.";
        return Err(ApiError::invalid(parameter, text, message));
    }
    let is_separator = |sign: char| sign.is_whitespace() && !sign.is_control();
    let allowed =
        |sign: char| sign.is_alphanumeric() || is_separator(sign) || "_.:/=+-@".contains(sign);
    if text.chars().all(allowed) {
        return Ok(());
    }
    let message =
        "Tag keys and values can have letters, digits, spaces and characters of _.:/=+-@ only.";
    Err(ApiError::invalid(parameter, text, message))
}

/// Refuses a `TagResource` without a resource or without tags, and wrong tags.
pub(crate) fn tag_resource(request: &TagResource) -> Result<(), ApiError> {
    present("resourceArn", &request.resource_arn)?;
    if request.tags.is_empty() {
        return Err(ApiError::invalid("tags", 0, "tags cannot be empty."));
    }
    tags(&request.tags)
}

/// Refuses an `UntagResource` without a resource or without keys, and of tags that are AWS's own.
pub(crate) fn untag_resource(request: &UntagResource) -> Result<(), ApiError> {
    present("resourceArn", &request.resource_arn)?;
    if request.tag_keys.is_empty() {
        return Err(ApiError::invalid("tagKeys", 0, "tagKeys cannot be empty."));
    }
    let mut keys = request.tag_keys.iter();
    keys.try_for_each(|key| tag_key("tagKeys", key))
}

/// Refuses a `ListTagsForResource` without a resource.
pub(crate) fn list_tags_for_resource(request: &ListTagsForResource) -> Result<(), ApiError> {
    present("resourceArn", &request.resource_arn)
}

/// Refuses a `PutAccountSetting` of a value that the setting can't have.
pub(crate) fn put_account_setting(request: &PutAccountSetting) -> Result<SettingName, ApiError> {
    setting(request.name, &request.value)
}

/// Refuses a `PutAccountSettingDefault` likewise.
pub(crate) fn put_account_setting_default(
    request: &PutAccountSettingDefault,
) -> Result<SettingName, ApiError> {
    setting(request.name, &request.value)
}

/// Refuses a `DeleteAccountSetting` without a name, or of what AWS manages.
pub(crate) fn delete_account_setting(
    request: &DeleteAccountSetting,
) -> Result<SettingName, ApiError> {
    changeable(request.name)
}

/// Refuses a listing of a value without a name, and a page size outside 1 to 10.
pub(crate) fn list_account_settings(request: &ListAccountSettings) -> Result<(), ApiError> {
    if let (None, Some(value)) = (request.name, &request.value) {
        let message = "A value can be asked for only together with a name.";
        return Err(ApiError::invalid("value", value, message));
    }
    match request.max_results {
        Some(count) if !(1..=10).contains(&count) => {
            let message = "maxResults must be between 1 and 10.";
            Err(ApiError::invalid("maxResults", count, message))
        }
        _ => Ok(()),
    }
}

fn setting(name: Option<SettingName>, value: &str) -> Result<SettingName, ApiError> {
    let name = changeable(name)?;
    if !name.values().contains(&value) {
        return Err(ApiError::invalid("value", value, "Invalid setting 'value'"));
    }
    if name.is_long_arn_format() && value == "disabled" {
        let message = "You can no longer disable Long Arn settings";
        return Err(ApiError::invalid("value", value, message));
    }
    Ok(name)
}

fn changeable(name: Option<SettingName>) -> Result<SettingName, ApiError> {
    let Some(name) = name else {
        return Err(ApiError::invalid("name", "", "name cannot be empty."));
    };
    if name.setting_type() == SettingType::AwsManaged {
        let message = format!("The account setting {name} is managed by AWS and can only be read.");
        return Err(ApiError::invalid("name", name, message));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;

    fn on_arn(attribute: Attribute) -> Attribute {
        Attribute {
            target_id: Some("arn:of-an-instance".to_owned()),
            ..attribute
        }
    }

    #[test]
    fn one_to_10_attributes_are_put_or_deleted() {
        let many = |count| vec![on_arn(Attribute::named("a")); count];
        for (count, is_good) in [(0, false), (1, true), (10, true), (11, false)] {
            assert_eq!(
                put_attributes(&PutAttributes::new(many(count))).is_ok(),
                is_good
            );
            assert_eq!(
                delete_attributes(&DeleteAttributes::new(many(count))).is_ok(),
                is_good
            );
        }
    }

    #[test]
    fn a_built_in_attribute_is_neither_put_nor_deleted() {
        for name in ["ecs.os-type", "com.amazonaws.ecs.capability.ecr-auth"] {
            let attributes = || [on_arn(Attribute::named(name))];
            check_invalid(
                put_attributes(&PutAttributes::new(attributes())),
                "attributes.name",
            );
            check_invalid(
                delete_attributes(&DeleteAttributes::new(attributes())),
                "attributes.name",
            );
        }
        let alike = [on_arn(Attribute::named("ecs-os-type"))];
        assert_eq!(put_attributes(&PutAttributes::new(alike)), Ok(()));
    }

    #[test]
    fn a_target_is_named_by_its_arn_or_with_its_type() {
        let put = |attribute| put_attributes(&PutAttributes::new([attribute]));
        assert_eq!(put(Attribute::named("a").on("0f9d")), Ok(()));
        assert_eq!(put(on_arn(Attribute::named("a"))), Ok(()));
        let target_id = Some("0f9d".to_owned());
        let untyped = Attribute {
            target_id,
            ..Attribute::named("a")
        };
        check_invalid(put(untyped), "attributes.targetType");
        check_invalid(put(Attribute::named("a")), "attributes.targetId");
        check_invalid(put(Attribute::named("a").on("")), "attributes.targetId");
    }

    #[test]
    fn an_attribute_is_deleted_without_its_value() {
        let request = DeleteAttributes::new([on_arn(Attribute::new("a", "b"))]);
        check_invalid(delete_attributes(&request), "attributes.value");
    }

    #[test]
    fn attributes_are_listed_by_type_and_by_value_only_with_a_name() {
        let request = ListAttributes::new;
        assert_eq!(
            list_attributes(&request().name("a").value("b").max_results(100)),
            Ok(())
        );
        check_invalid(list_attributes(&ListAttributes::default()), "targetType");
        check_invalid(list_attributes(&request().value("b")), "attributeValue");
        check_invalid(list_attributes(&request().name("a b")), "attributeName");
        check_invalid(
            list_attributes(&request().name("a").value(" ")),
            "attributeValue",
        );
        check_invalid(list_attributes(&request().max_results(101)), "maxResults");
    }

    #[test]
    fn a_request_has_at_most_50_tags() {
        let many = |count: usize| {
            (0..count)
                .map(|n| Tag::new(n.to_string(), ""))
                .collect::<Vec<_>>()
        };
        assert_eq!(tags(&many(50)), Ok(()));
        check_invalid(tags(&many(51)), "tags");
    }

    #[test]
    fn a_tag_has_a_key_of_its_own_of_up_to_128_characters_and_a_value_of_up_to_256() {
        let longest = Tag::new("k".repeat(128), "v".repeat(256));
        let bare = Tag {
            value: None,
            ..Tag::new("é", "")
        };
        assert_eq!(tags(&[longest, bare]), Ok(()));
        check_invalid(tags(&[Tag::new("", "x")]), "tags.key");
        check_invalid(tags(&[Tag::new("a", "x"), Tag::new("a", "y")]), "tags.key");
        assert_eq!(tags(&[Tag::new("a", "x"), Tag::new("A", "y")]), Ok(()));
        check_invalid(tags(&[Tag::new("k".repeat(129), "x")]), "tags.key");
        check_invalid(tags(&[Tag::new("k", "v".repeat(257))]), "tags.value");
    }

    #[test]
    fn tags_that_begin_with_aws_in_any_case_are_reserved() {
        for prefix in ["aws:", "AWS:", "aWs:"] {
            check_invalid(tags(&[Tag::new(format!("{prefix}x"), "")]), "tags.key");
            check_invalid(tags(&[Tag::new("x", format!("{prefix}x"))]), "tags.value");
            let untag = UntagResource::new("arn", [format!("{prefix}ecs:clusterName")]);
            check_invalid(untag_resource(&untag), "tagKeys");
        }
        assert_eq!(tags(&[Tag::new("aws", "xaws:")]), Ok(()));
    }

    #[test]
    fn tags_have_letters_of_any_script_and_a_few_signs() {
        assert_eq!(tags(&[Tag::new("größe 大_.:/=+-@", "Ω\u{2003}9")]), Ok(()));
        for wrong in ["a,b", "a\nb", "a\tb", "a*", "\u{1f600}"] {
            check_invalid(tags(&[Tag::new(wrong, "")]), "tags.key");
            check_invalid(tags(&[Tag::new("a", wrong)]), "tags.value");
        }
    }

    #[test]
    fn a_resource_is_named_and_something_is_said_of_it() {
        check_invalid(
            tag_resource(&TagResource::new("").tag("a", "b")),
            "resourceArn",
        );
        check_invalid(tag_resource(&TagResource::new("arn")), "tags");
        check_invalid(
            untag_resource(&UntagResource::new("", ["a"])),
            "resourceArn",
        );
        check_invalid(
            untag_resource(&UntagResource::new("arn", [""; 0])),
            "tagKeys",
        );
        check_invalid(untag_resource(&UntagResource::new("arn", [""])), "tagKeys");
        let nameless = ListTagsForResource::default();
        check_invalid(list_tags_for_resource(&nameless), "resourceArn");
    }

    #[test]
    fn a_setting_has_one_of_its_values() {
        let text = "Invalid setting 'value'";
        for name in SettingName::ALL
            .iter()
            .copied()
            .filter(|name| *name != SettingName::GuardDutyActivate)
        {
            for value in [
                "enabled", "disabled", "enhanced", "on", "off", "0", "7", "14", "blocking", "",
            ] {
                let answer = put_account_setting(&PutAccountSetting::new(name, value));
                if !name.values().contains(&value) {
                    check_refused(answer.map(|_| ()), "InvalidParameterException", text);
                } else if !(name.is_long_arn_format() && value == "disabled") {
                    assert_eq!(answer, Ok(name));
                }
            }
        }
    }

    #[test]
    fn long_arns_can_not_be_given_up() {
        let text = "You can no longer disable Long Arn settings";
        for name in [
            SettingName::ServiceLongArnFormat,
            SettingName::TaskLongArnFormat,
            SettingName::ContainerInstanceLongArnFormat,
        ] {
            let answer =
                put_account_setting_default(&PutAccountSettingDefault::new(name, "disabled"));
            check_refused(answer.map(|_| ()), "InvalidParameterException", text);
        }
    }

    #[test]
    fn what_aws_manages_is_only_read() {
        let name = SettingName::GuardDutyActivate;
        let put = put_account_setting(&PutAccountSetting::new(name, "on"));
        check_invalid(put.map(|_| ()), "name");
        let delete = delete_account_setting(&DeleteAccountSetting::new(name));
        check_invalid(delete.map(|_| ()), "name");
        assert_eq!(
            list_account_settings(&ListAccountSettings::new().name(name)),
            Ok(())
        );
        let nameless = delete_account_setting(&DeleteAccountSetting::default());
        check_invalid(nameless.map(|_| ()), "name");
    }

    #[test]
    fn up_to_10_settings_are_listed_and_values_only_with_a_name() {
        let request = ListAccountSettings::new;
        for (count, is_good) in [(0, false), (1, true), (10, true), (11, false)] {
            let answer = list_account_settings(&request().max_results(count));
            assert_eq!(answer.is_ok(), is_good, "{count}");
        }
        check_invalid(list_account_settings(&request().value("on")), "value");
    }
}
