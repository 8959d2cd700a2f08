//! Calls made of those a provider allows: counted where every worker sees it, before a call is made.

use std::sync::Arc;

use async_trait::async_trait;

use super::{JobTables, rows, time};
use crate::domain::Instant;
use crate::domain::provider::Provider;
use crate::engine::ports::jobs::Priority;
use crate::engine::ports::provider_api::{Allowance, CallFault, Limit, Meter};
use crate::store::error::StoreError;
use crate::store::sql::{Sql, SqlTx};

/// How many calls of a window are left to what is more urgent: a tenth by what the clock orders, a fifth by history.
fn kept(priority: Priority, most: i64) -> i64 {
    match priority {
        Priority::Live => 0,
        Priority::Usual => most / 10,
        Priority::History => most / 5,
    }
}

/// Takes one call; the instant until which none is left.
async fn take(
    tx: &mut SqlTx,
    provider: Provider,
    limits: &[Limit],
    priority: Priority,
    now: Instant,
) -> Result<Option<Instant>, StoreError> {
    for limit in limits {
        let args = [provider.key().into(), limit.name.into(), limit.most.into(), time(limit.end_of(now)), time(now)];
        let counted = tx
            .query(
                "INSERT INTO budgets (provider, name, used, most, resets_at)
                 VALUES ($1, $2, 1, $3, $4)
                 ON CONFLICT (provider, name) DO UPDATE
                 SET used = CASE WHEN budgets.resets_at <= $5 THEN 1 ELSE budgets.used + 1 END,
                     resets_at = CASE WHEN budgets.resets_at <= $5 THEN EXCLUDED.resets_at ELSE budgets.resets_at END
                 RETURNING used, most, resets_at",
                &args,
            )
            .await?;
        let Some(row) = counted.first() else { continue };
        let (used, most) = (row.int(0)?, row.int(1)?);
        if used > most - kept(priority, most) {
            return rows::instant(row, 2).map(Some);
        }
    }
    Ok(None)
}

/// A transaction that is undone: what it counted is not.
enum Undone {
    Full(Instant),
    Store(StoreError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The count as it is for who asks.
#[derive(Clone)]
struct Count {
    sql: Sql,
    priority: Priority,
}

#[async_trait]
impl Meter for Count {
    async fn take(&self, provider: Provider, limits: &[Limit], now: Instant) -> Result<(), CallFault> {
        let priority = self.priority;
        let limits = limits.to_vec();
        let taken = self.sql.write(move |tx| {
            Box::pin(async move {
                match take(tx, provider, &limits, priority, now).await? {
                    None => Ok(()),
                    Some(until) => Err(Undone::Full(until)),
                }
            })
        });
        taken.await.map_err(|undone| match undone {
            Undone::Full(until) => CallFault::NotYet { until },
            Undone::Store(error) => {
                tracing::error!(%error, "the count of calls to a provider cannot be kept");
                CallFault::Unavailable("the count of calls cannot be kept")
            }
        })
    }

    async fn told(&self, provider: Provider, allowances: Vec<Allowance>) {
        if allowances.is_empty() {
            return;
        }
        let told = self.sql.write(move |tx| {
            Box::pin(async move {
                for allowance in &allowances {
                    // Others count too, and their answers may come in another order: the higher count stands, and what was
                    // said of a window that is over says nothing of the next.
                    tx.execute(
                        "UPDATE budgets
                         SET used = CASE WHEN used >= $3 AND resets_at >= $5 THEN used ELSE $3 END,
                             most = $4,
                             resets_at = CASE WHEN resets_at >= $5 THEN resets_at ELSE $5 END
                         WHERE provider = $1
                           AND name = $2
                           AND resets_at <= $5 + 60000000",
                        &[
                            provider.key().into(),
                            allowance.name.into(),
                            allowance.used.into(),
                            allowance.most.into(),
                            time(allowance.resets_at),
                        ],
                    )
                    .await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        if let Err(error) = told.await {
            tracing::warn!(%error, "what a provider said of its limits was not written down");
        }
    }

    fn at(&self, priority: Priority) -> Arc<dyn Meter> {
        Arc::new(Self { priority, ..self.clone() })
    }
}

impl JobTables {
    fn count(&self) -> Count {
        Count { sql: self.sql.clone(), priority: Priority::Live }
    }
}

#[async_trait]
impl Meter for JobTables {
    async fn take(&self, provider: Provider, limits: &[Limit], now: Instant) -> Result<(), CallFault> {
        self.count().take(provider, limits, now).await
    }

    async fn told(&self, provider: Provider, allowances: Vec<Allowance>) {
        self.count().told(provider, allowances).await;
    }

    fn at(&self, priority: Priority) -> Arc<dyn Meter> {
        self.count().at(priority)
    }
}
