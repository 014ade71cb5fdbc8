//! Account settings: set for the account or for one principal, deleted, listed (ecs-semantics 1.8).

use wavetank::model::*;

use crate::support::{Trial, check_invalid, check_refused};

const ROOT: &str = "arn:aws:iam::123456789012:root";
const ANN: &str = "arn:aws:iam::123456789012:user/ann";
const OPS: &str = "arn:aws:iam::123456789012:role/ops";
const TRUNKING: SettingName = SettingName::AwsvpcTrunking;

fn put(trial: &mut Trial, request: PutAccountSetting) -> Setting {
    trial
        .put_account_setting(request)
        .expect("the setting is good")
        .setting
}

fn listed(trial: &mut Trial, request: ListAccountSettings) -> Vec<Setting> {
    let answer = trial.list_account_settings(request);
    answer.expect("the request is good").settings
}

/// The value that holds for a principal.
fn effective(trial: &mut Trial, principal: &str, name: SettingName) -> Option<String> {
    let request = ListAccountSettings::new()
        .name(name)
        .principal(principal)
        .effective();
    let mut settings = listed(trial, request);
    assert_eq!(settings.len(), 1);
    settings.remove(0).value
}

fn trunking(value: &str, principal: &str) -> Setting {
    Setting {
        name: Some(TRUNKING),
        value: Some(value.to_owned()),
        principal_arn: Some(principal.to_owned()),
        r#type: Some(SettingType::User),
    }
}

#[test]
fn a_setting_that_was_put_is_answered_and_listed() {
    let mut trial = Trial::new();
    assert_eq!(listed(&mut trial, ListAccountSettings::new()), []);
    let setting = put(&mut trial, PutAccountSetting::new(TRUNKING, "enabled"));
    assert_eq!(setting, trunking("enabled", ROOT));
    assert_eq!(listed(&mut trial, ListAccountSettings::new()), [setting]);
}

#[test]
fn the_default_is_the_root_users_setting() {
    let mut trial = Trial::new();
    let request = PutAccountSettingDefault::new(TRUNKING, "enabled");
    let setting = trial
        .put_account_setting_default(request)
        .expect("it is good")
        .setting;
    assert_eq!(setting, trunking("enabled", ROOT));
    let roots = ListAccountSettings::new().principal(ROOT);
    assert_eq!(listed(&mut trial, roots), [setting]);
    put(
        &mut trial,
        PutAccountSetting::new(TRUNKING, "disabled").principal(ROOT),
    );
    assert_eq!(
        effective(&mut trial, ANN, TRUNKING).as_deref(),
        Some("disabled")
    );
}

#[test]
fn a_principal_that_set_its_own_does_not_follow_the_account() {
    let mut trial = Trial::new();
    put(
        &mut trial,
        PutAccountSetting::new(TRUNKING, "enabled").principal(ANN),
    );
    assert_eq!(
        effective(&mut trial, ANN, TRUNKING).as_deref(),
        Some("enabled")
    );
    assert_eq!(
        effective(&mut trial, OPS, TRUNKING).as_deref(),
        Some("disabled")
    );
    put(&mut trial, PutAccountSetting::new(TRUNKING, "disabled"));
    assert_eq!(
        effective(&mut trial, ANN, TRUNKING).as_deref(),
        Some("enabled")
    );
    let anns = ListAccountSettings::new().principal(ANN);
    assert_eq!(listed(&mut trial, anns), [trunking("enabled", ANN)]);
    assert_eq!(
        listed(&mut trial, ListAccountSettings::new().principal(OPS)),
        []
    );
}

#[test]
fn deleting_falls_back_to_the_account_and_then_to_the_default() {
    let mut trial = Trial::new();
    put(&mut trial, PutAccountSetting::new(TRUNKING, "enabled"));
    put(
        &mut trial,
        PutAccountSetting::new(TRUNKING, "disabled").principal(ANN),
    );
    let mut delete = |request| {
        let answer = trial.delete_account_setting(request);
        answer.expect("the request is good").setting
    };
    let ann = DeleteAccountSetting::new(TRUNKING).principal(ANN);
    assert_eq!(delete(ann.clone()), trunking("enabled", ANN));
    assert_eq!(
        delete(ann.clone()),
        trunking("enabled", ANN),
        "it is no error twice"
    );
    assert_eq!(
        delete(DeleteAccountSetting::new(TRUNKING)),
        trunking("disabled", ROOT)
    );
    assert_eq!(delete(ann), trunking("disabled", ANN));
    assert_eq!(listed(&mut trial, ListAccountSettings::new()), []);
}

#[test]
fn every_setting_has_an_effective_value_and_pages_hold_ten() {
    let mut trial = Trial::new();
    let request = ListAccountSettings::new().effective();
    let first = trial
        .list_account_settings(request.clone())
        .expect("it is good");
    assert_eq!(first.settings.len(), 10);
    let request = request.next_token(first.next_token.expect("one more follows"));
    let rest = trial
        .list_account_settings(request.clone())
        .expect("it is good");
    assert_eq!((rest.settings.len(), rest.next_token), (1, None));
    let all = first.settings.iter().chain(&rest.settings);
    let names: Vec<_> = all.clone().filter_map(|setting| setting.name).collect();
    assert_eq!(names, SettingName::ALL);
    let managed = all.filter(|setting| setting.r#type == Some(SettingType::AwsManaged));
    let managed: Vec<_> = managed.filter_map(|setting| setting.name).collect();
    assert_eq!(managed, [SettingName::GuardDutyActivate]);
    check_invalid(
        trial.list_account_settings(request.name(TRUNKING)),
        "nextToken",
    );
}

#[test]
fn pages_may_be_shorter() {
    let mut trial = Trial::new();
    let mut request = ListAccountSettings::new().effective().max_results(4);
    let mut lengths = Vec::new();
    loop {
        let answer = trial
            .list_account_settings(request.clone())
            .expect("it is good");
        lengths.push(answer.settings.len());
        match answer.next_token {
            Some(token) => request = request.next_token(token),
            None => break,
        }
    }
    assert_eq!(lengths, [4, 4, 3]);
    check_invalid(
        trial.list_account_settings(request.max_results(11)),
        "maxResults",
    );
}

#[test]
fn settings_are_listed_by_name_and_value() {
    let mut trial = Trial::new();
    put(&mut trial, PutAccountSetting::new(TRUNKING, "enabled"));
    put(
        &mut trial,
        PutAccountSetting::new(SettingName::ContainerInsights, "enhanced"),
    );
    let request = ListAccountSettings::new().name(TRUNKING);
    assert_eq!(listed(&mut trial, request.clone()).len(), 1);
    assert_eq!(
        listed(&mut trial, request.clone().value("enabled")).len(),
        1
    );
    assert_eq!(listed(&mut trial, request.clone().value("disabled")), []);
    assert_eq!(
        listed(&mut trial, request.value("disabled").effective()),
        []
    );
    check_invalid(
        trial.list_account_settings(ListAccountSettings::new().value("enabled")),
        "value",
    );
}

#[test]
fn a_principal_of_another_account_is_refused() {
    let mut trial = Trial::new();
    for wrong in [
        "ann",
        "arn:aws:iam::1:root",
        "arn:aws:iam::123456789012:group/ops",
        "",
    ] {
        let request = PutAccountSetting::new(TRUNKING, "enabled").principal(wrong);
        check_invalid(trial.put_account_setting(request), "principalArn");
        let request = DeleteAccountSetting::new(TRUNKING).principal(wrong);
        check_invalid(trial.delete_account_setting(request), "principalArn");
        let request = ListAccountSettings::new().principal(wrong);
        check_invalid(trial.list_account_settings(request), "principalArn");
    }
}

#[test]
fn the_wait_before_fargate_tasks_retire_is_set_for_the_root_user_only() {
    let mut trial = Trial::new();
    let request = || PutAccountSetting::new(SettingName::FargateTaskRetirementWaitPeriod, "14");
    check_invalid(
        trial.put_account_setting(request().principal(ANN)),
        "principalArn",
    );
    put(&mut trial, request());
    put(&mut trial, request().principal(ROOT));
}

#[test]
fn arns_stay_long() {
    let mut trial = Trial::new();
    let name = SettingName::TaskLongArnFormat;
    let setting = put(&mut trial, PutAccountSetting::new(name, "enabled"));
    assert_eq!(setting.value.as_deref(), Some("enabled"));
    let text = "You can no longer disable Long Arn settings";
    check_refused(
        trial.put_account_setting(PutAccountSetting::new(name, "disabled")),
        "InvalidParameterException",
        text,
    );
}

#[test]
fn an_instance_keeps_the_trunking_that_held_when_it_registered() {
    let mut trial = Trial::new();
    let request = || {
        RegisterContainerInstance::default()
            .cpu(10)
            .memory(10)
            .attribute("ecs.instance-type", "m5.large")
    };
    let old = trial.register(request());
    put(
        &mut trial,
        PutAccountSetting::new(TRUNKING, "enabled").principal(ANN),
    );
    trial.register(request());
    put(&mut trial, PutAccountSetting::new(TRUNKING, "enabled"));
    assert!(trial.ledger().account_settings().awsvpc_trunking());
    trial.register(request());
    trial.register(RegisterContainerInstance {
        container_instance_arn: Some(old),
        ..request()
    });
    let instances = trial.ledger().instances().iter();
    let trunks: Vec<(bool, u32)> = instances
        .map(|(_, record)| (record.spec.awsvpc_trunking, record.spec.eni_slots))
        .collect();
    assert_eq!(trunks, [(false, 2), (false, 2), (true, 10)]);
}

#[test]
fn settings_are_in_the_trace_and_in_a_fork() {
    let mut trial = Trial::new();
    put(&mut trial, PutAccountSetting::new(TRUNKING, "enabled"));
    let before = trial.digest();
    put(&mut trial, PutAccountSetting::new(TRUNKING, "enabled"));
    assert_eq!(trial.digest(), before, "nothing changed");
    let mut fork = trial.clone();
    assert_eq!(
        effective(&mut fork, ROOT, TRUNKING).as_deref(),
        Some("enabled")
    );
    put(&mut fork, PutAccountSetting::new(TRUNKING, "disabled"));
    assert_ne!(fork.digest(), before);
    assert_eq!(
        effective(&mut trial, ROOT, TRUNKING).as_deref(),
        Some("enabled")
    );
    let delete = DeleteAccountSetting::new(TRUNKING);
    trial.delete_account_setting(delete).expect("it is good");
    let trace = trial.trace().to_string();
    assert!(trace.contains("account awsvpcTrunking set"), "{trace}");
    assert!(trace.contains("account awsvpcTrunking deleted"), "{trace}");
}
