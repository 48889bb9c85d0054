//! Tests of tiers and overrides.

use super::*;

#[test]
fn default_tiers_round_trip_as_text() {
    assert_eq!(Tiers::default().to_string(), DEFAULT_TIERS);
    assert_eq!(Tiers::parse(DEFAULT_TIERS), Ok(Tiers::default()));
    assert_eq!(
        Tiers::parse(&DEFAULT_TIERS.replace(',', " \n ")),
        Ok(Tiers::default())
    );
}

#[test]
fn error_names_the_bad_part() {
    let error = |text: &str| Tiers::parse(text).unwrap_err();
    assert_eq!(error(" , "), TiersError::Empty);
    assert_eq!(error("a"), TiersError::Shape("a".into()));
    assert_eq!(error("a=1/1:1/1"), TiersError::Shape("a=1/1:1/1".into()));
    assert_eq!(error("a=1:1/1:1"), TiersError::Shape("a=1:1/1:1".into()));
    assert_eq!(error("A=1/1:1/1:1"), TiersError::Name("A".into()));
    assert_eq!(
        error("a=1/1:1/1:1,a=2/2:2/2:2"),
        TiersError::Duplicate("a".into())
    );
    for part in ["0", "x", "-1", "+1", "1.5", "1000001", ""] {
        let expected = TiersError::Number {
            tier: "a".into(),
            part: part.into(),
        };
        assert_eq!(error(&format!("a=1/{part}:1/1:1")), expected);
    }
}

#[test]
fn unknown_tier_falls_back_to_the_default() {
    let tiers = Tiers::default();
    assert_eq!(tiers.resolve("growth").name, "growth");
    assert_eq!(tiers.resolve("gone").name, "standard");
    assert_eq!(
        Tiers::parse("x=1/1:1/1:1 y=2/2:2/2:2")
            .unwrap()
            .default_tier()
            .name,
        "x"
    );
    assert_eq!(tiers.names(), ["standard", "growth", "enterprise"]);
}

#[test]
fn override_replaces_single_fields() {
    let tiers = Tiers::default();
    let tier = tiers.default_tier();
    assert_eq!(effective(tier, None), tier.limits);
    let set: LimitsOverride =
        serde_json::from_str(r#"{"key_rps":5,"concurrency":1,"tenant_rps":null}"#).unwrap();
    let limits = effective(tier, Some(&set));
    assert_eq!(
        (limits.key.per_second, limits.key.burst, limits.concurrency),
        (5, 40, 1)
    );
    assert_eq!(limits.tenant, tier.limits.tenant);
    assert!(serde_json::from_str::<LimitsOverride>(r#"{"key_rpm":5}"#).is_err());
}

#[test]
fn override_out_of_range_is_refused() {
    assert_eq!(LimitsOverride::default().validate(), Ok(()));
    let zero = LimitsOverride {
        tenant_burst: Some(0),
        ..LimitsOverride::default()
    };
    assert_eq!(
        zero.validate(),
        Err(LimitOutOfRange {
            field: "tenant_burst"
        })
    );
    let huge = LimitsOverride {
        key_rps: Some(LIMIT_MAX + 1),
        ..LimitsOverride::default()
    };
    assert_eq!(huge.validate(), Err(LimitOutOfRange { field: "key_rps" }));
}

#[test]
fn share_divides_rates_and_keeps_bursts() {
    let limits = Tiers::default().resolve(STANDARD).limits;
    assert_eq!(limits.share_of(1), limits);
    assert_eq!(limits.share_of(0), limits);
    let third = limits.share_of(3);
    assert_eq!((third.key.per_second, third.tenant.per_second), (6, 13));
    assert_eq!((third.key.burst, third.tenant.burst), (40, 80));
    assert_eq!(third.concurrency, limits.concurrency);
    assert_eq!(limits.share_of(1_000).key.per_second, 1);
}
