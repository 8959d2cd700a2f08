//! The numbers of a comparison as they stand in its evidence: rounded, and in the direction the mean moved.

use super::change::Change;
use crate::domain::evidence::Value;
use crate::domain::metric::Metric;

/// What a sentence about a change may show.
///
/// Difference and interval count in the direction of the change, so that "lower by 48, between 32 and 62" reads as it is
/// meant; an end below zero lies on the other side.
pub fn shown(metric: Metric, found: &Change) -> Vec<Value> {
    let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
    let (mean_before, mean_after) = (metric.round(found.mean_before), metric.round(found.mean_after));
    let (low, high) = found.interval;
    let (low, high) = if found.rises { (low, high) } else { (-high, -low) };
    vec![
        Value::new("mean_before", mean_before, unit, decimals),
        Value::new("mean_after", mean_after, unit, decimals),
        // The difference of what is shown, so that a reader who subtracts finds the same.
        Value::new("difference", (mean_after - mean_before).abs(), unit, decimals),
        Value::new("interval_low", low, unit, decimals),
        Value::new("interval_high", high, unit, decimals),
        Value::new("interval_pct", 95.0, "%", 0),
        Value::new("sd", found.sd, unit, decimals + 1),
        Value::new("phi", found.phi, "", 2),
    ]
}
