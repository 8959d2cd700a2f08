//! One look at the keys for all who wait for one.
//!
//! Whoever asks needs a look that begins after they asked. While one is under way the next gathers those who come, as a group
//! commit gathers writers: a log that is busy is not busier for it.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::store::error::StoreError;

/// The looks at how many keys were destroyed.
#[derive(Default)]
pub(super) struct Looks {
    begun: AtomicU64,
    ended: Mutex<Ended>,
}

/// The last look that ended, by its number, and what it saw.
struct Ended {
    number: u64,
    saw: Result<i64, String>,
}

impl Default for Ended {
    fn default() -> Self {
        Self { number: 0, saw: Ok(0) }
    }
}

impl Looks {
    /// What a look saw that began after this was called: somebody else's, or one's own.
    pub(super) async fn look(&self, look: impl Future<Output = Result<i64, StoreError>>) -> Result<i64, StoreError> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut ended = self.ended.lock().await;
        if ended.number <= begun {
            // Before it looks: who asks from now on waits for another.
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let saw = look.await.map_err(|error| error.to_string());
            *ended = Ended { number, saw };
        }
        ended.saw.clone().map_err(StoreError::unavailable)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;

    use tokio::sync::{Notify, Semaphore};
    use tokio::task::JoinHandle;
    use tokio_util::task::TaskTracker;

    use super::*;

    /// Looks that wait for leave, and see how many there were.
    struct Slow {
        looks: Looks,
        seen: AtomicI64,
        begun: Notify,
        leave: Semaphore,
    }

    impl Slow {
        fn new() -> Arc<Self> {
            let (looks, seen, begun) = (Looks::default(), AtomicI64::new(0), Notify::new());
            Arc::new(Self { looks, seen, begun, leave: Semaphore::new(0) })
        }

        async fn look(&self) -> Result<i64, StoreError> {
            let look = async {
                let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
                self.begun.notify_one();
                self.leave.acquire().await.map_err(StoreError::unavailable)?.forget();
                Ok(seen)
            };
            self.looks.look(look).await
        }

        fn ask(self: &Arc<Self>) -> JoinHandle<i64> {
            let slow = Arc::clone(self);
            TaskTracker::new().spawn(async move { slow.look().await.unwrap() })
        }
    }

    #[tokio::test]
    async fn who_comes_during_a_look_shares_the_next_and_never_takes_the_one_under_way() {
        let slow = Slow::new();
        let first = slow.ask();
        slow.begun.notified().await;
        let later: Vec<_> = (0..30).map(|_| slow.ask()).collect();
        // All of them have asked before the first look ends.
        tokio::task::yield_now().await;
        slow.leave.add_permits(10);
        assert_eq!(first.await.unwrap(), 1);
        for one in later {
            assert_eq!(one.await.unwrap(), 2);
        }
        assert_eq!(slow.look().await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_look_that_is_given_up_is_made_again() {
        let slow = Slow::new();
        let first = slow.ask();
        slow.begun.notified().await;
        let second = slow.ask();
        tokio::task::yield_now().await;
        first.abort();
        slow.leave.add_permits(1);
        assert_eq!(second.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_look_that_failed_is_nobodys_answer_but_of_those_who_waited_for_it() {
        let looks = Looks::default();
        let failed = looks.look(async { Err(StoreError::unavailable("gone")) }).await;
        assert_eq!(failed.unwrap_err().to_string(), "gone");
        assert_eq!(looks.look(async { Ok(4) }).await.unwrap(), 4);
    }
}
