//! What a person reads: today, their metrics, their insights, their text.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::as_of::Since;
use super::context::{ContextItem, LOOKBACK_DAYS, context, heart_rate_zones};
use super::synthesize::{claims, template};
use super::{Engine, EngineError, run};
use crate::domain::Instant;
use crate::domain::claim::{Narrative, Period};
use crate::domain::day::LocalDay;
use crate::domain::degradation::Missing;
use crate::domain::feedback::Feedback;
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::intervention::LoadEffect;
use crate::domain::metric::Metric;
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::safety::{Level, SafetyNotice, SafetyRule, allowance};
use crate::domain::score::Band;
use crate::domain::state::PersonState;

/// An insight as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub struct InsightView {
    /// Its id, for `why`.
    pub id: String,
    /// Level, change, trend, step, association, insufficient data.
    pub kind: &'static str,
    /// The metric.
    pub metric_key: &'static str,
    /// What it says.
    pub statement: String,
    /// 0 to 1.
    pub confidence: f64,
    /// Valid days in the smaller window.
    pub n: u32,
    /// What they are worth after their autocorrelation.
    pub n_effective: f64,
    /// 0 to 1.
    pub coverage: f64,
    /// The grade.
    pub grade: crate::domain::grade::Grade,
    /// How the evidence came about.
    pub design: crate::domain::grade::Design,
    /// What the person said of it, if they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// What became of it since, where it is told as of an earlier moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Since>,
    /// What it rests on.
    pub evidence: crate::domain::evidence::Evidence,
}

/// A metric as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub struct MetricView {
    /// The key.
    pub metric_key: &'static str,
    /// The name.
    pub label: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// Days with a value.
    pub days: usize,
    /// The newest of them.
    pub newest_day: String,
    /// Its value.
    pub newest_value: f64,
    /// Who measured it.
    pub source: &'static str,
    /// The last 60 days' mean, where it is stated.
    pub usual: Option<f64>,
}

/// Today as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub struct TodayView {
    /// The present local day.
    pub day: String,
    /// The newest day with data.
    pub newest_data: Option<String>,
    /// The present day's score; none without its data.
    pub score: Option<u8>,
    /// Its band; none that urges on while a notice stands.
    pub band: Option<&'static str>,
    /// The difference from the day before.
    pub delta: Option<i32>,
    /// Active safety notices, the most urgent first.
    pub notices: Vec<NoticeView>,
    /// What is held back, and what that blocks.
    pub degradation: Vec<Json>,
    /// What used to come in and does not, each with its kind of missing.
    pub missing: Vec<Missing>,
    /// The insights that hold.
    pub insights: Vec<InsightView>,
    /// What may be good to know beside them, ungraded, up to the newest day with data.
    pub context: Vec<ContextItem>,
}

/// A safety notice as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub struct NoticeView {
    /// Its id, for `why`.
    pub id: String,
    /// The rule.
    pub rule: SafetyRule,
    /// How far it goes.
    pub level: Level,
    /// What it says, verbatim.
    pub text: String,
    /// The first day of its episode.
    pub since: String,
}

impl NoticeView {
    pub(super) fn of(held: &SafetyNotice) -> Self {
        Self {
            id: held.notice.id.to_string(),
            rule: held.notice.rule,
            level: held.level,
            text: held.notice.text.clone(),
            since: held.first_day.to_string(),
        }
    }
}

/// The view of an insight.
pub(super) fn view(insight: &Insight, feedback: Option<Feedback>) -> InsightView {
    let claim = claims::insight(insight);
    InsightView {
        id: insight.id.to_string(),
        kind: insight.kind.key(),
        metric_key: insight.metric.key(),
        statement: template::sentence(&claim, 0).map(|(_, text)| text).unwrap_or_default(),
        confidence: insight.confidence,
        n: insight.n,
        n_effective: insight.n_effective,
        coverage: insight.coverage,
        grade: insight.grade,
        design: insight.design,
        feedback,
        now: None,
        evidence: insight.evidence.clone(),
    }
}

/// What moved first, then usual values, by metric.
pub(super) fn insight_order(insight: &Insight) -> impl Ord + use<> {
    (std::cmp::Reverse(InsightKind::MOVES.contains(&insight.kind)), insight.metric, insight.kind)
}

/// What holds and may be shown, of what is asked for.
fn insights(state: &PersonState, asked: impl Fn(&Insight) -> bool) -> Vec<InsightView> {
    let allowed = allowance(state);
    // A notice that stops the analysis stops what came of it too; some keep single metrics out of sight.
    let shown = |insight: &&Insight| {
        asked(insight) && allowed.analysis && state.shows(&allowed, insight.names(), &insight.evidence.sources)
    };
    let mut open: Vec<&Insight> = state.insights.values().filter(shown).collect();
    open.sort_by_key(|insight| insight_order(insight));
    open.into_iter().map(|insight| view(insight, state.said_of(insight).map(|given| given.feedback))).collect()
}

impl Engine {
    /// The insights that hold: what moved first, then usual values, by metric.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn insights(&self, person: PersonId) -> Result<Vec<InsightView>, EngineError> {
        let state = self.state(person).await?;
        Ok(insights(&state, |_| true))
    }

    /// The present day.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn today(&self, person: PersonId, now: Instant) -> Result<TodayView, EngineError> {
        let state = self.state(person).await?;
        let day = run::today(&state, now);
        // Where nothing is analysed there is no score either, however old it is.
        let score = state.scores.get(&day).copied().filter(|_| allowance(&state).analysis);
        let before = state.scores.get(&day.minus(1)).copied();
        let degradation =
            state.degradation.iter().map(|d| json!({ "state": d.key(), "blocks": d.blocks(), "detail": d }));
        // Nothing urges on while a notice stands.
        let band = score.map(Band::of).filter(|band| state.notices.is_empty() || *band != Band::GoForIt);
        Ok(TodayView {
            day: day.to_string(),
            newest_data: state.newest_data.map(|day| day.to_string()),
            score,
            band: band.map(Band::label),
            delta: score.zip(before).map(|(today, before)| i32::from(today) - i32::from(before)),
            notices: state.standing_notices().into_iter().map(NoticeView::of).collect(),
            degradation: degradation.collect(),
            missing: state.missing.clone(),
            insights: insights(&state, |insight| !state.is_disputed(insight, day)),
            context: self.context(person, &state, day).await?,
        })
    }

    /// The ungraded context of a day. Unlike an insight it is reckoned when it is asked for, so consent is looked at here;
    /// what a notice stops or hides is stopped and hidden here too.
    async fn context(
        &self,
        person: PersonId,
        state: &PersonState,
        day: LocalDay,
    ) -> Result<Vec<ContextItem>, EngineError> {
        let allowed = allowance(state);
        let Some(newest) = state.newest_data else { return Ok(Vec::new()) };
        if !allowed.analysis || !state.consents.contains(&Purpose::Processing) {
            return Ok(Vec::new());
        }
        let until = newest.min(day);
        let history = self.history(person, until.minus(LOOKBACK_DAYS)).await?;
        let mut items = context(&run::permitted(state, &history), until);
        items.retain(|item| item.metrics.iter().all(|metric| !allowed.hidden.contains(metric)));
        // Borders to train by read as leave to train.
        items.retain(|item| allowed.load == LoadEffect::Raises || item.key != heart_rate_zones::KEY);
        Ok(items)
    }

    /// The metrics of which anything was measured, with the newest value of each.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn metrics(&self, person: PersonId) -> Result<Vec<MetricView>, EngineError> {
        let state = self.state(person).await?;
        let history = self.history(person, LocalDay::FIRST).await?;
        let allowed = allowance(&state);
        let told =
            |insight: &Insight| allowed.analysis && state.shows(&allowed, insight.names(), &insight.evidence.sources);
        let row = |metric: Metric| {
            let days = history.days(metric, LocalDay::LAST);
            let newest = days.last()?;
            let level = state.open(InsightKind::Level, metric).filter(|level| told(level));
            Some(MetricView {
                metric_key: metric.key(),
                label: metric.label(),
                unit: metric.unit().symbol(),
                days: days.len(),
                newest_day: newest.day.to_string(),
                newest_value: newest.value,
                source: newest.provider.label(),
                usual: level.and_then(|i| i.evidence.value("mean")).map(|v| v.value),
            })
        };
        Ok(history.metrics().filter_map(row).collect())
    }

    /// The newest text of a period that was published up to a day.
    ///
    /// # Errors
    /// When there is none, or the read models do not answer.
    pub async fn narrative(&self, person: PersonId, period: Period, now: Instant) -> Result<Narrative, EngineError> {
        let today = run::today(&self.state(person).await?, now);
        let newest = self.views.entities(person, "narrative", None).await?;
        newest
            .into_iter()
            .filter_map(|entity| serde_json::from_value::<Narrative>(entity.body).ok())
            .find(|narrative| narrative.period == period && narrative.day <= today)
            .ok_or_else(|| EngineError::NotFound { what: "narrative", id: "yet; run `candor loop` first".to_owned() })
    }
}
