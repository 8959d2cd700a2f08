//! `today`, `metrics`, `insights`, `narrative`, `why`: what a person reads.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::{Out, grade};
use crate::domain::claim::{Narrative, Period, Section};
use crate::domain::degradation::Absence;
use crate::domain::frame;
use crate::domain::metric::Metric;
use crate::domain::person::PersonId;
use crate::domain::safety::Level;
use crate::domain::safety::allowance;
use crate::engine::Engine;
use crate::engine::as_of::AsOf;
use crate::engine::context::{ContextItem, Told};
use crate::engine::tell::InsightView;

pub(super) async fn today(engine: &Engine, config: &Config, out: &Out, person: PersonId) -> Result<bool, Failure> {
    let today = engine.today(person, config.now).await?;
    if out.json {
        out.document(&today)?;
        return Ok(true);
    }
    out.heading(&format!("Today, {}", today.day))?;
    for notice in &today.notices {
        out.line(&format!("! {} (since {}; why: {})", notice.text, notice.since, notice.id))?;
    }
    match (today.score, today.band) {
        (Some(score), Some(band)) => {
            let delta = today.delta.map(|d| format!(" ({d:+} from the day before)")).unwrap_or_default();
            out.line(&format!("Readiness {score} of 100: {band}{delta}"))?;
        }
        (Some(score), None) => out.line(&format!("Readiness {score} of 100, without a band while a notice stands"))?,
        _ if today.notices.iter().any(|notice| notice.level == Level::Stop) => {
            out.line("No score today: nothing is analysed while this stands.")?;
        }
        _ => out.line("No score today: neither steps nor a resting heart rate have come in.")?,
    }
    if let Some(newest) = &today.newest_data {
        out.line(&format!("Newest data: {newest}"))?;
    }
    for state in &today.degradation {
        let text = |key: &str| state.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        out.line(&format!("Held back: {} ({})", text("state"), text("blocks")))?;
    }
    // A night that was not worn takes twenty values with it: one line for all that ended on the same day.
    let mut missing = today.missing.clone();
    missing.sort_by_key(|missing| (missing.last_day, missing.absence));
    for group in missing.chunk_by(|a, b| (a.absence, a.last_day) == (b.absence, b.last_day)) {
        let Some(first) = group.first() else { continue };
        let kind = match first.absence {
            Absence::NotReceived => "not received",
            Absence::NotWorn => "not worn",
            Absence::NotMeasured => "not measured by this device",
        };
        let names: Vec<&str> = group.iter().map(|missing| missing.metric.label()).collect();
        out.paragraph("", &format!("Missing: {}, {kind} since {}", names.join(", "), first.last_day))?;
    }
    statements(out, &today.insights)?;
    context(out, &today.context)?;
    Ok(true)
}

/// What can be told of the context, a line each; what cannot stands in the JSON.
pub(in crate::app) fn context(out: &Out, items: &[ContextItem]) -> Result<(), Failure> {
    let mut attributions = BTreeSet::new();
    let mut rows = Vec::new();
    for item in items {
        let Told::Values { text, .. } = &item.told else { continue };
        let source: Vec<_> = item.sources.iter().map(|source| source.label()).collect();
        rows.push(vec![item.label.to_owned(), text.clone(), item.window.last.to_string(), source.join(", ")]);
        attributions.extend(item.attribution);
    }
    if rows.is_empty() {
        return Ok(());
    }
    out.heading("For context (not graded)")?;
    out.table(&["measure", "value", "up to", "source"], rows)?;
    attributions.into_iter().try_for_each(|attribution| out.line(attribution))
}

/// Statements with their grades, each with the command that answers for it.
fn statements(out: &Out, insights: &[InsightView]) -> Result<(), Failure> {
    for insight in insights {
        out.statement(&format!("\n{} ", grade(insight.grade)), &insight.statement)?;
        let said = insight.feedback.map(|feedback| format!(" (you said: {feedback})")).unwrap_or_default();
        let now = insight.now.map(|now| format!(" (since then: {})", now.key())).unwrap_or_default();
        out.line(&format!("  candor why {}{said}{now}", insight.id))?;
    }
    Ok(())
}

pub(super) async fn insights(
    engine: &Engine,
    out: &Out,
    person: PersonId,
    as_of: Option<AsOf>,
) -> Result<bool, Failure> {
    let insights = match as_of {
        None => engine.insights(person).await?,
        Some(moment) => engine.insights_as_of(person, moment).await?,
    };
    if out.json {
        out.document(&insights)?;
    } else if insights.is_empty() {
        let stopped = !allowance(&engine.state(person).await?).analysis;
        out.line(match (as_of, stopped) {
            (_, true) => "Nothing is told while a notice stands: see `candor today`.",
            (Some(_), false) => "Nothing held then.",
            (None, false) => "Nothing holds yet. `candor loop` brings everything up to date.",
        })?;
    } else {
        statements(out, &insights)?;
    }
    Ok(true)
}

pub(super) fn registry(out: &Out) -> Result<bool, Failure> {
    if out.json {
        let all = Metric::ALL.map(|m| {
            let d = m.definition();
            json!({
                "metric_key": d.key, "label": d.label, "unit": d.unit.symbol(), "low": d.plausible.0,
                "high": d.plausible.1, "decimals": d.decimals,
                "accepted_units": m.accepted_units().iter().map(|a| a.symbol).collect::<Vec<_>>(),
            })
        });
        out.document(&all.to_vec())?;
        return Ok(true);
    }
    let rows = Metric::ALL.map(|m| {
        let d = m.definition();
        let units = m.accepted_units().iter().map(|a| a.symbol).collect::<Vec<_>>().join(", ");
        let (low, high) = d.plausible;
        vec![d.key.to_owned(), d.label.to_owned(), units, format!("{low} to {high} {}", d.unit)]
    });
    out.table(&["metric", "name", "accepted units", "plausible"], rows.to_vec())?;
    Ok(true)
}

/// The catalogue of frames, for a reviewer.
pub(super) fn frames(out: &Out) -> Result<bool, Failure> {
    let frames = frame::frames();
    if out.json {
        out.document(&json!({ "version": frames.version, "frames": frames.all().collect::<Vec<_>>() }))?;
        return Ok(true);
    }
    let mut rows = Vec::new();
    for frame in frames.all() {
        let grades: String = frame.grades.iter().map(ToString::to_string).collect();
        let tags: Vec<String> = frame.tags.iter().map(named).collect::<Result<_, _>>()?;
        let (says, tone) = (named(&frame.says)?, named(&frame.tone)?);
        rows.push(vec![frame.id.to_string(), says, grades, tone, tags.join(", "), frame.text.clone()]);
    }
    out.table(&["id", "says", "grades", "tone", "tags", "sentence"], rows)?;
    Ok(true)
}

/// The word for a choice in the data files.
fn named(choice: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_value(choice)?.as_str().unwrap_or_default().to_owned())
}

pub(super) async fn metrics(engine: &Engine, out: &Out, person: PersonId) -> Result<bool, Failure> {
    let metrics = engine.metrics(person).await?;
    if out.json {
        out.document(&metrics)?;
        return Ok(true);
    }
    let rows = metrics.iter().map(|m| {
        let usual = m.usual.map_or_else(|| "-".to_owned(), |usual| format!("{usual} {}", m.unit));
        let newest = format!("{} {} on {}", m.newest_value, m.unit, m.newest_day);
        vec![m.metric_key.to_owned(), m.days.to_string(), newest, usual, m.source.to_owned()]
    });
    out.table(&["metric", "days", "newest", "usual", "source"], rows.collect())?;
    Ok(true)
}

pub(super) async fn narrative(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    period: &str,
    as_of: Option<AsOf>,
) -> Result<bool, Failure> {
    let period = match period {
        "daily" => Period::Daily,
        "weekly" => Period::Weekly,
        other => return Err(Failure::usage(format!("--period {other:?}: daily or weekly"))),
    };
    let Some(moment) = as_of else {
        show(out, &engine.narrative(person, period, config.now).await?)?;
        return Ok(true);
    };
    let (narrative, now) = engine.narrative_as_of(person, period, moment).await?;
    show(out, &narrative)?;
    if let Some(day) = now {
        let held_back = if narrative.notices.is_empty() { "" } else { ", but for what the notices hold back now" };
        out.note(&format!("\nThis is what was told then{held_back}. The text that stands now is of {day}."));
    }
    Ok(true)
}

/// Shows a text.
pub(in crate::app) fn show(out: &Out, narrative: &Narrative) -> Result<(), Failure> {
    if out.json {
        return out.document(narrative);
    }
    out.heading(&narrative.title)?;
    for notice in &narrative.notices {
        out.paragraph("! ", &notice.text)?;
    }
    let mut section: Option<Section> = None;
    for sentence in narrative.sentences.iter().skip(narrative.notices.len()) {
        if section != Some(sentence.section) {
            section = Some(sentence.section);
            out.heading(match sentence.section {
                Section::Summary => "In short",
                Section::KeyPoint => "What your data show",
                Section::Driver if narrative.period == Period::Weekly => "In these days",
                Section::Driver => "Last measured",
                Section::Risk => "Worth a look",
                Section::NextStep => "You could",
                Section::Uncertainty => "What is not known",
            })?;
        }
        // What is said of the whole text has no grade of its own.
        let graded = sentence.grade.filter(|_| sentence.section != Section::Uncertainty);
        let mark = graded.map_or_else(|| "  ".to_owned(), |g| format!("{} ", grade(g)));
        out.statement(&mark, &sentence.text)?;
    }
    for attribution in &narrative.attributions {
        out.line(&format!("\n{attribution}"))?;
    }
    if let Some(id) = narrative.sentences.first().and_then(|s| s.claim_ids.first()) {
        out.note(&format!(
            "\nWhere does a sentence come from? `candor narrative --json` gives its claim ids, then \
                           `candor why {id}`."
        ));
    }
    Ok(())
}

pub(super) async fn why(engine: &Engine, out: &Out, person: PersonId, id: &str) -> Result<bool, Failure> {
    let why = engine.why(person, id).await?;
    if out.json {
        out.document(&why)?;
        return Ok(true);
    }
    out.heading("Why you see this")?;
    out.paragraph("", &why.why)?;
    out.heading("How sure it is")?;
    out.paragraph("", &why.how_confident)?;
    out.heading("What would change it")?;
    out.paragraph("", &why.what_would_change_it)?;
    out.heading("The numbers")?;
    let values = why.evidence.values.iter().map(|v| vec![v.name.clone(), format!("{} {}", v.shown(), v.unit)]);
    out.table(&["number", "value"], values.collect())?;
    for said in &why.said {
        out.heading("How it was said")?;
        out.statement("", &said.text)?;
        if let Some(frame) = &said.frame {
            let checks = said.checks.len();
            out.paragraph("", &format!("Frame {frame}, chosen by the {}; {checks} checks passed.", said.chosen_by))?;
        }
    }
    if !why.rows.is_empty() {
        out.heading("The rows they come from")?;
        let rows = why.rows.iter().map(|r| {
            let value = r.value.to_string();
            vec![r.day.to_string(), r.metric.to_owned(), value, r.file.clone(), r.row.to_string(), r.source.to_owned()]
        });
        out.table(&["day", "metric", "value", "file", "row", "source"], rows.collect())?;
    }
    if !why.noted.is_empty() {
        out.heading("What you noted of those days")?;
        let noted = why.noted.iter().map(|noted| {
            vec![
                noted.first.to_string(),
                noted.last.to_string(),
                noted.kind.to_string(),
                noted.words.clone().unwrap_or_default(),
            ]
        });
        out.table(&["from", "to", "what", ""], noted.collect())?;
    }
    out.heading("The events in the log")?;
    let events = why.events.iter().map(|e| {
        let hash = e.hash.chars().take(16).collect();
        vec![e.occurred_on.clone(), e.kind.clone(), e.position.clone(), hash]
    });
    out.table(&["day", "event", "position", "hash"], events.collect())?;
    Ok(true)
}
