//! Tables whose log was moved away: nobody writes into them by mistake, and the log comes back into them.

use crate::support::{Place, append_one, batch, everything, on_both};
use candor::store::log::{AppendError, EventLog, Expected, ReadError};
use candor::store::log_place::{LogPlace, back_in_tables, leave_tables, settle, settled};
use candor::store::views::{PeopleViews, next_generation};

on_both!(
    tables_that_a_log_has_left_take_nothing_in,
    read_models_of_a_log_that_was_moved_are_for_nobody_who_was_left_behind,
);

async fn next(place: &Place) -> i64 {
    next_generation(&place.view_place(), &place.tables().await).await.unwrap()
}

async fn refused(log: &dyn EventLog, stream: &str, key: &str) -> bool {
    let head = log.head(stream).await.unwrap();
    let expected = head.map_or(Expected::NoStream, |head| Expected::Exact(head.revision));
    let asked = log.append(stream, expected, batch(stream, head, key, &[b"x"])).await;
    matches!(asked, Err(AppendError::Unavailable(told)) if told.to_string().contains("candor log move"))
}

async fn tables_that_a_log_has_left_take_nothing_in(place: &Place) {
    let (log, tables) = (place.log().await, place.tables().await);
    assert_eq!(settle(&tables, LogPlace::Tables).await.unwrap(), LogPlace::Tables);
    for number in 0..3 {
        append_one(&*log, &format!("person-{}", number % 2), &number.to_string()).await;
    }
    let before = everything(&*log, 100).await;
    // An event that was not copied: nothing moves.
    assert!(!leave_tables(&tables, 2, next(place).await).await.unwrap());
    assert_eq!(settled(&tables).await.unwrap(), Some(LogPlace::Tables));
    assert!(leave_tables(&tables, 3, next(place).await).await.unwrap());
    assert_eq!(settled(&tables).await.unwrap(), Some(LogPlace::Cluster));
    assert!(!leave_tables(&tables, 3, next(place).await).await.unwrap(), "they were left already");
    // With the heads in memory, without, and where it was written before.
    for (stream, key) in [("person-0", "3"), ("person-9", "3")] {
        assert!(refused(&*log, stream, key).await, "{stream}");
        assert!(refused(&*place.log().await, stream, key).await, "{stream}");
    }
    let again = batch("person-1", None, "1", &[b"1"]);
    let again = log.append("person-1", Expected::NoStream, again).await;
    assert!(matches!(again, Err(AppendError::Unavailable(_))), "{again:?}");
    // A stream is closed as ever, which opens nothing.
    log.close("person-1").await.unwrap();
    assert!(matches!(log.close("person-9").await, Err(ReadError::NotFound)));
    assert!(refused(&*log, "person-0", "3").await);
    assert_eq!(everything(&*log, 100).await, before);
    // It comes back: who copies it fills them, and nobody else does until it is there.
    let filling = place.filled().await;
    append_one(&*filling, "person-0", "3").await;
    assert!(refused(&*log, "person-0", "4").await);
    assert!(!back_in_tables(&tables, 3, next(place).await).await.unwrap());
    assert!(refused(&*log, "person-0", "4").await);
    assert!(back_in_tables(&tables, 4, next(place).await).await.unwrap());
    assert!(!back_in_tables(&tables, 4, next(place).await).await.unwrap(), "it is there already");
    assert_eq!(settled(&tables).await.unwrap(), Some(LogPlace::Tables));
    append_one(&*log, "person-0", "4").await;
    assert_eq!(everything(&*log, 100).await.len(), 5);
}

async fn read_models_of_a_log_that_was_moved_are_for_nobody_who_was_left_behind(place: &Place) {
    use candor::engine::ports::views::Views as _;
    let (log, tables, journal) = (place.log().await, place.tables().await, place.journal().await);
    settle(&tables, LogPlace::Tables).await.unwrap();
    append_one(&*log, "person-0", "0").await;
    let open = |lies| PeopleViews::open(place.view_place(), tables.clone(), journal.clone(), lies);
    let left_behind = open(LogPlace::Tables).await.unwrap();
    left_behind.progress().await.unwrap();
    // A rebuild in between: what was empty may not be any more.
    let empty = next(place).await;
    left_behind.rebuild().await.unwrap();
    assert!(!leave_tables(&tables, 1, empty).await.unwrap());
    assert!(leave_tables(&tables, 1, next(place).await).await.unwrap());
    let refused = [
        left_behind.progress().await.unwrap_err().to_string(),
        left_behind.rebuild().await.unwrap_err().to_string(),
        // One that looked where the log lies just before it went.
        open(LogPlace::Tables).await.map(|_| ()).unwrap_err().to_string(),
    ];
    assert!(refused.iter().all(|told| told.contains("candor log move")), "{refused:?}");
    // Nothing of the log was taken in for those who go on elsewhere.
    let elsewhere = open(LogPlace::Cluster).await.unwrap();
    assert_eq!(elsewhere.progress().await.unwrap().behind, 1);
}
