//! The registry: what can be measured, in which unit, within which range, and how a day is made of it.

use super::unit::Unit;
use super::{Aggregation, Cadence, Definition, Desirable};

/// Everything Candor knows how to measure. RMSSD and SDNN are two metrics: they are not the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Time asleep in the main sleep; naps are apart.
    SleepDuration,
    /// Time in bed around the main sleep.
    SleepInBed,
    /// Time in light sleep.
    SleepLight,
    /// Time in deep (slow-wave) sleep.
    SleepDeep,
    /// Time in REM sleep.
    SleepRem,
    /// Time awake between falling asleep and getting up.
    SleepAwake,
    /// Time from lights out to sleep, where given.
    SleepLatency,
    /// Time asleep in naps.
    NapDuration,
    /// Time asleep as a share of the time in bed.
    SleepEfficiency,
    /// How alike the times of the last nights were, on the provider's scale.
    SleepConsistency,
    /// Sleep got as a share of the sleep the provider says was needed.
    SleepPerformance,
    /// The provider's own sleep score.
    SleepScore,
    /// Sleep needed, as the provider reckons it.
    SleepNeed,
    /// Sleep missing from earlier nights, as the provider reckons it.
    SleepDebt,
    /// The provider's own recovery score.
    RecoveryScore,
    /// Heart rate at rest.
    RestingHeartRate,
    /// Root mean square of successive differences between beats.
    HrvRmssd,
    /// Standard deviation of the intervals between beats; not comparable with RMSSD.
    HrvSdnn,
    /// Breaths per minute at rest.
    RespiratoryRate,
    /// Blood oxygen saturation.
    Spo2,
    /// Temperature of the skin at the sensor.
    SkinTemperature,
    /// Difference from the person's own usual skin temperature, as the provider reckons it.
    SkinTemperatureDeviation,
    /// Body temperature, taken with a thermometer.
    BodyTemperature,
    /// The provider's own measure of a day's load, 0 to 21.
    Strain,
    /// Energy spent in the day, at rest included.
    Energy,
    /// Mean all-day heart rate.
    HeartRateAverage,
    /// Highest heart rate of the day.
    HeartRateMax,
    /// Steps of the day.
    Steps,
    /// The provider's own stress level, 0 to 100.
    Stress,
    /// The highest body battery of the day.
    BodyBattery,
    /// Body weight.
    Weight,
    /// The most oxygen the body can use, as a device estimates it.
    Vo2Max,
    /// Time from start to end of activities.
    ActivityDuration,
    /// Time in motion during activities.
    ActivityMovingTime,
    /// Distance covered in activities.
    ActivityDistance,
    /// Metres climbed in activities.
    ActivityElevationGain,
    /// Energy spent in activities.
    ActivityEnergy,
    /// The provider's own measure of an activity's load, 0 to 21.
    ActivityStrain,
    /// Mean heart rate during an activity.
    ActivityHeartRateAverage,
    /// Highest heart rate during an activity.
    ActivityHeartRateMax,
    /// Strava's own measure of an activity's load.
    RelativeEffort,
    /// Minutes in the provider's first zone.
    Zone1Minutes,
    /// Minutes in the provider's second zone.
    Zone2Minutes,
    /// Minutes in the provider's third zone.
    Zone3Minutes,
    /// Minutes in the provider's fourth zone.
    Zone4Minutes,
    /// Minutes in the provider's fifth zone.
    Zone5Minutes,
    /// How the person says they slept.
    CheckinSleepQuality,
    /// How much energy the person says they have.
    CheckinEnergy,
    /// The person's mood, as they say.
    CheckinMood,
    /// How stressed the person says they are.
    CheckinStress,
    /// Alcohol that day, as a journal has it.
    JournalAlcohol,
    /// Caffeine that day.
    JournalCaffeine,
    /// A meal close to bedtime.
    JournalLateMeal,
    /// A screen used in bed.
    JournalScreenInBed,
    /// Reading in bed, not on a screen.
    JournalReadingInBed,
    /// A bed shared with somebody.
    JournalSharedBed,
    /// A day with stress.
    JournalStress,
    /// Sunlight after waking.
    JournalMorningLight,
    /// Time spent stretching.
    JournalStretching,
    /// Time spent meditating.
    JournalMeditation,
    /// An answer to any other question of a provider's journal; the record's id is the question.
    JournalAnswer,
}

impl Metric {
    /// Every metric, in the order in which they are listed to a person.
    pub const ALL: [Self; 61] = [
        Self::SleepDuration,
        Self::SleepInBed,
        Self::SleepLight,
        Self::SleepDeep,
        Self::SleepRem,
        Self::SleepAwake,
        Self::SleepLatency,
        Self::NapDuration,
        Self::SleepEfficiency,
        Self::SleepConsistency,
        Self::SleepPerformance,
        Self::SleepScore,
        Self::SleepNeed,
        Self::SleepDebt,
        Self::RecoveryScore,
        Self::RestingHeartRate,
        Self::HrvRmssd,
        Self::HrvSdnn,
        Self::RespiratoryRate,
        Self::Spo2,
        Self::SkinTemperature,
        Self::SkinTemperatureDeviation,
        Self::BodyTemperature,
        Self::Strain,
        Self::Energy,
        Self::HeartRateAverage,
        Self::HeartRateMax,
        Self::Steps,
        Self::Stress,
        Self::BodyBattery,
        Self::Weight,
        Self::Vo2Max,
        Self::ActivityDuration,
        Self::ActivityMovingTime,
        Self::ActivityDistance,
        Self::ActivityElevationGain,
        Self::ActivityEnergy,
        Self::ActivityStrain,
        Self::ActivityHeartRateAverage,
        Self::ActivityHeartRateMax,
        Self::RelativeEffort,
        Self::Zone1Minutes,
        Self::Zone2Minutes,
        Self::Zone3Minutes,
        Self::Zone4Minutes,
        Self::Zone5Minutes,
        Self::CheckinSleepQuality,
        Self::CheckinEnergy,
        Self::CheckinMood,
        Self::CheckinStress,
        Self::JournalAlcohol,
        Self::JournalCaffeine,
        Self::JournalLateMeal,
        Self::JournalScreenInBed,
        Self::JournalReadingInBed,
        Self::JournalSharedBed,
        Self::JournalStress,
        Self::JournalMorningLight,
        Self::JournalStretching,
        Self::JournalMeditation,
        Self::JournalAnswer,
    ];

    /// The metric's entry in the registry.
    #[must_use]
    pub const fn definition(self) -> &'static Definition {
        &REGISTRY[self as usize]
    }
}

#[expect(clippy::too_many_arguments, reason = "a row of a table, written once a metric")]
const fn entry(
    key: &'static str,
    label: &'static str,
    unit: Unit,
    plausible: (f64, f64),
    decimals: u32,
    desirable: Desirable,
    aggregation: Aggregation,
    cadence: Cadence,
) -> Definition {
    Definition { key, label, unit, plausible, decimals, desirable, aggregation, cadence }
}

/// One entry a metric, in the order of the enum; a test holds the two together.
const REGISTRY: [Definition; Metric::ALL.len()] = {
    use Aggregation::{Last, Max, Mean, Sum};
    use Cadence::{Daily, Irregular, Nightly, Noted, PerActivity, PerQuestion};
    use Desirable::{Higher, Lower, Neutral};
    use Unit::{
        Bpm, BreathsPerMinute, Celsius, Kilocalories, Kilograms, Metres, Milliseconds, Minutes, OxygenUptake, Percent,
        Points, Rating, Steps, YesNo,
    };
    [
        entry("sleep_duration", "sleep duration", Minutes, (0.0, 1440.0), 0, Higher, Sum, Nightly),
        entry("sleep_in_bed", "time in bed", Minutes, (0.0, 1440.0), 0, Neutral, Sum, Nightly),
        entry("sleep_light", "light sleep", Minutes, (0.0, 1440.0), 0, Neutral, Sum, Nightly),
        entry("sleep_deep", "deep sleep", Minutes, (0.0, 1440.0), 0, Higher, Sum, Nightly),
        entry("sleep_rem", "REM sleep", Minutes, (0.0, 1440.0), 0, Higher, Sum, Nightly),
        entry("sleep_awake", "time awake in bed", Minutes, (0.0, 1440.0), 0, Lower, Sum, Nightly),
        entry("sleep_latency", "time to fall asleep", Minutes, (0.0, 600.0), 0, Lower, Mean, Nightly),
        entry("nap_duration", "nap duration", Minutes, (0.0, 1440.0), 0, Neutral, Sum, Irregular),
        entry("sleep_efficiency", "sleep efficiency", Percent, (0.0, 100.0), 1, Higher, Mean, Nightly),
        entry("sleep_consistency", "sleep consistency", Percent, (0.0, 100.0), 1, Higher, Mean, Nightly),
        entry("sleep_performance", "sleep performance", Percent, (0.0, 100.0), 1, Higher, Mean, Nightly),
        entry("sleep_score", "sleep score", Points, (0.0, 100.0), 0, Higher, Mean, Nightly),
        entry("sleep_need", "sleep need", Minutes, (0.0, 1440.0), 0, Neutral, Mean, Nightly),
        entry("sleep_debt", "sleep debt", Minutes, (0.0, 2880.0), 0, Lower, Mean, Nightly),
        entry("recovery_score", "recovery score", Percent, (0.0, 100.0), 0, Higher, Mean, Nightly),
        entry("resting_heart_rate", "resting heart rate", Bpm, (20.0, 150.0), 1, Lower, Mean, Nightly),
        entry("hrv_rmssd", "heart rate variability (RMSSD)", Milliseconds, (1.0, 500.0), 1, Higher, Mean, Nightly),
        entry("hrv_sdnn", "heart rate variability (SDNN)", Milliseconds, (1.0, 500.0), 1, Higher, Mean, Nightly),
        entry("respiratory_rate", "respiratory rate", BreathsPerMinute, (3.0, 60.0), 1, Neutral, Mean, Nightly),
        entry("spo2", "blood oxygen", Percent, (50.0, 100.0), 1, Neutral, Mean, Nightly),
        entry("skin_temperature", "skin temperature", Celsius, (15.0, 45.0), 2, Neutral, Mean, Nightly),
        entry(
            "skin_temperature_deviation",
            "skin temperature deviation",
            Celsius,
            (-15.0, 15.0),
            2,
            Neutral,
            Mean,
            Nightly,
        ),
        entry("body_temperature", "body temperature", Celsius, (30.0, 45.0), 1, Neutral, Max, Irregular),
        entry("strain", "strain", Points, (0.0, 21.0), 1, Neutral, Mean, Daily),
        entry("energy", "energy burned", Kilocalories, (0.0, 30_000.0), 0, Neutral, Sum, Daily),
        entry("heart_rate_average", "all-day heart rate", Bpm, (20.0, 250.0), 1, Neutral, Mean, Daily),
        entry("heart_rate_max", "highest heart rate", Bpm, (20.0, 250.0), 0, Neutral, Max, Daily),
        entry("steps", "step count", Steps, (0.0, 200_000.0), 0, Higher, Sum, Daily),
        entry("stress", "stress", Points, (0.0, 100.0), 0, Lower, Mean, Daily),
        entry("body_battery", "body battery", Points, (0.0, 100.0), 0, Higher, Max, Daily),
        entry("weight", "weight", Kilograms, (20.0, 400.0), 1, Neutral, Last, Irregular),
        entry("vo2_max", "aerobic capacity", OxygenUptake, (10.0, 100.0), 1, Higher, Last, Irregular),
        entry("activity_duration", "activity time", Minutes, (0.0, 20_160.0), 0, Neutral, Sum, PerActivity),
        entry("activity_moving_time", "moving time", Minutes, (0.0, 20_160.0), 0, Neutral, Sum, PerActivity),
        entry("activity_distance", "activity distance", Metres, (0.0, 2_000_000.0), 0, Neutral, Sum, PerActivity),
        entry("activity_elevation_gain", "elevation gain", Metres, (0.0, 30_000.0), 0, Neutral, Sum, PerActivity),
        entry(
            "activity_energy",
            "energy burned in activities",
            Kilocalories,
            (0.0, 30_000.0),
            0,
            Neutral,
            Sum,
            PerActivity,
        ),
        entry("activity_strain", "activity strain", Points, (0.0, 21.0), 1, Neutral, Max, PerActivity),
        entry(
            "activity_heart_rate_average",
            "heart rate in activities",
            Bpm,
            (20.0, 250.0),
            0,
            Neutral,
            Mean,
            PerActivity,
        ),
        entry(
            "activity_heart_rate_max",
            "highest heart rate in activities",
            Bpm,
            (20.0, 250.0),
            0,
            Neutral,
            Max,
            PerActivity,
        ),
        entry("relative_effort", "relative effort", Points, (0.0, 10_000.0), 0, Neutral, Sum, PerActivity),
        entry("heart_rate_zone_1", "time in heart-rate zone 1", Minutes, (0.0, 20_160.0), 0, Neutral, Sum, PerActivity),
        entry("heart_rate_zone_2", "time in heart-rate zone 2", Minutes, (0.0, 20_160.0), 0, Neutral, Sum, PerActivity),
        entry("heart_rate_zone_3", "time in heart-rate zone 3", Minutes, (0.0, 20_160.0), 0, Neutral, Sum, PerActivity),
        entry("heart_rate_zone_4", "time in heart-rate zone 4", Minutes, (0.0, 20_160.0), 0, Neutral, Sum, PerActivity),
        entry("heart_rate_zone_5", "time in heart-rate zone 5", Minutes, (0.0, 20_160.0), 0, Neutral, Sum, PerActivity),
        entry("checkin_sleep_quality", "reported sleep quality", Rating, (1.0, 5.0), 1, Higher, Mean, Irregular),
        entry("checkin_energy", "reported energy", Rating, (1.0, 5.0), 1, Higher, Mean, Irregular),
        entry("checkin_mood", "reported mood", Rating, (1.0, 5.0), 1, Higher, Mean, Irregular),
        entry("checkin_stress", "reported stress", Rating, (1.0, 5.0), 1, Lower, Mean, Irregular),
        entry("journal_alcohol", "alcohol intake", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_caffeine", "caffeine intake", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_late_meal", "late eating", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_screen_in_bed", "screen use in bed", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_reading_in_bed", "reading in bed", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_shared_bed", "sleep in a shared bed", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_stress", "noted stress", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_morning_light", "morning sunlight", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_stretching", "stretching", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_meditation", "meditation", YesNo, (0.0, 1.0), 0, Neutral, Max, Noted),
        entry("journal_answer", "other journal answer", YesNo, (0.0, 1.0), 0, Neutral, Last, PerQuestion),
    ]
};
