//! Group commit: one task writes, and whatever is waiting goes into one transaction.
//!
//! There is no artificial delay: while one batch is being made durable, the next one gathers in the queue. An idle log
//! answers after one flush to disk, a busy one shares the flush. The task belongs to the log, not to a caller, so a
//! caller that goes away leaves nothing half done.

use std::sync::Arc;

use super::{AppendError, Appended, ChainedEvent, Expected, ReadError};
use crate::store::error::StoreError;
use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::TaskTracker;

const QUEUE: usize = 1_024;
const MAX_GROUP_REQUESTS: usize = 256;
const MAX_GROUP_BYTES: usize = 1 << 20;

/// One caller's batch.
#[derive(Debug)]
pub(super) struct Append {
    pub stream: String,
    pub expected: Expected,
    pub events: Arc<[ChainedEvent]>,
}

/// What a backend does with a group; it is called by one task only.
#[async_trait]
pub(super) trait Committer: Send + 'static {
    /// Writes a group in one transaction and answers every request of it, in order.
    async fn commit(&mut self, group: &[Append]) -> Vec<Result<Appended, AppendError>>;
    /// Closes a stream.
    async fn close(&mut self, stream: &str) -> Result<(), ReadError>;
    /// Empties the bodies of a stream.
    async fn erase_bodies(&mut self, stream: &str) -> Result<u64, StoreError>;
}

enum Command {
    Append { append: Append, bytes: usize, reply: oneshot::Sender<Result<Appended, AppendError>> },
    Close { stream: String, reply: oneshot::Sender<Result<(), ReadError>> },
    Erase { stream: String, reply: oneshot::Sender<Result<u64, StoreError>> },
}

/// The writing task has ended.
#[derive(Debug, thiserror::Error)]
#[error("the log is shutting down")]
struct Stopped;

/// The door to the writing task.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Command>,
    wake: watch::Sender<u64>,
    tasks: TaskTracker,
}

impl Writer {
    /// Starts the task that owns the backend's writing side.
    pub fn start(committer: impl Committer) -> Self {
        let (writer, work) = Self::new(committer);
        writer.tasks.spawn(work);
        writer
    }

    /// The same on a thread of its own, for a backend whose calls block.
    pub fn start_on_thread(committer: impl Committer) -> Self {
        let (writer, work) = Self::new(committer);
        let runtime = tokio::runtime::Handle::current();
        writer.tasks.spawn_blocking(move || runtime.block_on(work));
        writer
    }

    fn new(committer: impl Committer) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, commands) = mpsc::channel(QUEUE);
        let wake = watch::Sender::new(0);
        let tasks = TaskTracker::new();
        tasks.close();
        let work = run(committer, commands, wake.clone());
        (Self { queue, wake, tasks }, work)
    }

    pub async fn append(
        &self,
        stream: &str,
        expected: Expected,
        events: Arc<[ChainedEvent]>,
    ) -> Result<Appended, AppendError> {
        let bytes = super::batch::check(expected, &events)?;
        let append = Append { stream: stream.to_owned(), expected, events };
        self.ask(|reply| Command::Append { append, bytes, reply })
            .await
            .unwrap_or_else(|stopped| Err(AppendError::unavailable(stopped)))
    }

    pub async fn close(&self, stream: &str) -> Result<(), ReadError> {
        let stream = stream.to_owned();
        self.ask(|reply| Command::Close { stream, reply })
            .await
            .unwrap_or_else(|stopped| Err(StoreError::unavailable(stopped).into()))
    }

    pub async fn erase_bodies(&self, stream: &str) -> Result<u64, StoreError> {
        let stream = stream.to_owned();
        self.ask(|reply| Command::Erase { stream, reply })
            .await
            .unwrap_or_else(|stopped| Err(StoreError::unavailable(stopped)))
    }

    pub fn wake(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    /// Lets the task finish what is queued and waits for it.
    pub async fn stop(self) {
        drop(self.queue);
        self.tasks.wait().await;
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(command(reply)).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }
}

async fn run(mut committer: impl Committer, mut commands: mpsc::Receiver<Command>, wake: watch::Sender<u64>) {
    let mut held = None;
    loop {
        let first = match held.take() {
            Some(command) => command,
            None => match commands.recv().await {
                Some(command) => command,
                None => return,
            },
        };
        match first {
            Command::Close { stream, reply } => {
                let _ = reply.send(committer.close(&stream).await);
            }
            Command::Erase { stream, reply } => {
                let _ = reply.send(committer.erase_bodies(&stream).await);
            }
            Command::Append { append, bytes, reply } => {
                let mut group = vec![append];
                let mut replies = vec![reply];
                let mut total = bytes;
                while group.len() < MAX_GROUP_REQUESTS && total < MAX_GROUP_BYTES {
                    match commands.try_recv() {
                        Ok(Command::Append { append, bytes, reply }) => {
                            total += bytes;
                            group.push(append);
                            replies.push(reply);
                        }
                        Ok(other) => {
                            held = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                let outcomes = committer.commit(&group).await;
                let written = outcomes.iter().any(Result::is_ok);
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    // A caller that went away learns the outcome when it retries.
                    let _ = reply.send(outcome);
                }
                if written {
                    wake.send_modify(|count| *count = count.wrapping_add(1));
                }
            }
        }
    }
}

/// The same unknown outcome for every request of a group.
pub(super) fn all_unavailable(group: &[Append], cause: &str) -> Vec<Result<Appended, AppendError>> {
    group.iter().map(|_| Err(AppendError::unavailable(cause.to_owned()))).collect()
}
