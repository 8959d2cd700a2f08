//! What every event log promises, and what is built on it: sealing, keys, read models. Run on SQLite, on PostgreSQL and, with the
//! feature `eventstore`, on a fake cluster; on a real node as well where `EVENTSTORE_URL` names one.
//!
//! The promises have numbers; `tests/tidy.rs` holds that each has a test. 29 and 30 are of logs that are servers of their own. What a
//! cluster does not promise, or what can only be tried on tables, runs on the two databases alone: of 5 and 12 that an id is
//! unique in the whole log; 22, 23 and 24, which hold transactions open; 27, since positions of a cluster have gaps; of 31
//! and 32 and of 37 to 40 what writes into tables behind the log's back. Of 31 and 32 the cluster has tests of its own, which change what
//! the fake keeps, and what stands for 22 there is 25.
//!
//! | number | promise | tests |
//! | --- | --- | --- |
//! | 1 | the first event of a stream has revision 0 | `the_first_event_of_a_stream_has_revision_0` |
//! | 2 | a stream that is there is a conflict for who expects none | `a_stream_that_exists_is_a_conflict_for_who_expects_none` |
//! | 3 | only the exact head is accepted | `only_the_exact_head_is_accepted` |
//! | 4 | a stream that is not there is a conflict for who expects one | `a_missing_stream_is_a_conflict_for_who_expects_one` |
//! | 5 | a batch is whole or not at all | `a_batch_is_appended_whole_or_not_at_all` |
//! | 6 | an empty batch is refused | `an_empty_batch_is_refused` |
//! | 7 | of many at one revision one wins | `of_many_who_expect_the_same_exactly_one_wins`, `a_conflict_never_touches_the_others_of_its_group` |
//! | 8 | limits of size | `the_limits_of_a_batch_are_kept_to_the_byte` |
//! | 9 | an identical retry has the first answer | `an_identical_retry_gives_the_first_answer_and_leaves_one_copy`, `a_retry_that_meets_its_original_in_one_group_is_answered_like_it` |
//! | 10 | a partial overlap is a conflict | `a_partial_overlap_is_a_conflict` |
//! | 11 | a command whose reply was lost is done once, and its ids never asked for twice | `a_command_whose_reply_is_lost_is_done_once`, `a_check_in_that_is_overtaken_by_the_same_words_is_recorded_once`, `a_server_that_takes_ids_twice_is_not_asked_to` |
//! | 12 | a shorter or longer retry is a conflict | `a_shorter_or_longer_retry_of_a_command_is_a_conflict`, `ids_used_in_another_stream_are_a_conflict` |
//! | 13 | the first bytes win | `the_first_bytes_win` |
//! | 14 | an unknown outcome, repeated, leaves one copy | `a_command_whose_reply_is_lost_is_done_once`, `a_command_that_never_reached_the_log_is_done_once` |
//! | 15 | ids never collide | `no_two_requests_share_an_id` |
//! | 16 | pages without gaps or repetitions | `a_stream_is_paged_both_ways_without_gaps_or_repetitions` |
//! | 17 | a stream that is not there is not found | `a_missing_stream_is_not_found_rather_than_empty` |
//! | 18 | bodies byte for byte | `bodies_come_back_byte_for_byte` |
//! | 19 | what is acknowledged can be read | `an_event_can_be_read_as_soon_as_its_append_returns` |
//! | 20 | the global order rises, and keeps each stream's | `the_global_order_rises_and_keeps_each_streams_order` |
//! | 21 | reading on gives each later event once | `reading_on_from_any_token_gives_every_later_event_once` |
//! | 22 | nothing is skipped while transactions are open | `a_reader_sees_every_event_once_whoever_holds_its_transaction_open` |
//! | 23 | nor where an older one takes a later position | `an_older_transaction_with_a_later_position_is_not_skipped` |
//! | 24 | an idle transaction elsewhere stops nobody | `an_idle_transaction_elsewhere_does_not_stop_the_reader` |
//! | 25 | two processes write, and begin at once | `two_processes_write_and_a_reader_sees_every_event_once`, `whoever_begins_on_nothing_at_once_opens_the_same_log` |
//! | 26 | what belongs to nobody never surfaces | `what_belongs_to_nobody_never_surfaces`, `what_others_write_is_passed_over` |
//! | 27 | positions without gaps, also after what was refused or undone | `positions_stay_gapless_after_refused_appends`, `a_position_that_was_taken_and_given_back_is_given_again` |
//! | 28 | a kill loses nothing acknowledged, and leaves nothing half done | `a_killed_process_loses_nothing_it_acknowledged`, `a_caller_that_goes_away_leaves_nothing_half_done` |
//! | 29 | a server that was away is found again without a restart | `a_client_whose_server_was_away_comes_back_by_itself`, `nothing_is_lost_or_doubled_whatever_the_server_does` |
//! | 30 | an answer that ends early does not make anybody spin | `a_read_that_ends_early_does_not_spin` |
//! | 31 | whatever is edited is named | `a_flipped_byte_is_named_wherever_it_is`, `a_changed_number_is_named`, `a_removed_event_is_named`, `a_swapped_order_is_named`, `what_is_changed_on_the_servers_disk_is_named` |
//! | 32 | a lost end and a lost stream are found against a checkpoint | `an_end_that_was_cut_off_is_found`, `a_stream_that_was_removed_is_found`, `an_end_that_was_cut_off_and_a_stream_that_was_removed_are_found` |
//! | 33 | concurrent appends never fork | `concurrent_appends_never_fork_a_chain` |
//! | 34 | after an erasure all holds, others are as they were, and nothing is written again | `a_person_is_erased_with_everything_and_nothing_is_ever_written_again`, `what_a_provider_brought_is_gone_and_everything_else_stands`, `an_erasure_leaves_the_checkpoint_as_it_is`, `a_closed_stream_takes_nothing_and_keeps_what_it_has` |
//! | 35 | a crash between any two steps of one is made good | `a_crash_between_any_two_steps_is_finished_by_who_comes_next`, `a_crash_before_the_first_step_and_before_the_last_is_finished_by_who_comes_next` |
//! | 36 | who writes meanwhile is erased or refused | `whoever_writes_while_it_is_erased_is_erased_or_refused` |
//! | 37 | checkpoint and rows together | `rows_and_checkpoint_are_committed_together`, `two_processes_take_in_each_event_once` |
//! | 38 | rebuilt is as live | `a_rebuild_gives_the_same_rows_and_switches_without_a_gap`, `a_kept_state_and_what_came_after_it_are_what_the_log_says` |
//! | 39 | a switch hides nothing that was there | `a_reader_never_sees_less_while_read_models_are_made_anew_under_writes` |
//! | 40 | poison stops its person, with its position | `an_event_that_cannot_be_taken_in_stops_its_person_only` |
//! | 41 | every shape there ever was is read | `whatever_was_written_is_read_and_nothing_of_it_is_lost`, `every_kind_has_samples_of_each_version_up_to_the_present_one` |
//! | 42 | the lag is told, and reaches zero | `the_lag_is_told_and_reaches_zero` |

mod append;
mod chain;
mod checkpoints;
mod concurrency;
mod durability;
mod erasing;
mod idempotency;
mod journal;
mod moved;
mod order;
mod reads;
mod snapshots;
mod views;
mod walk;
