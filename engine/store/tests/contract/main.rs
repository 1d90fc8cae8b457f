//! What every store does, checked against each of them.
//!
//! A fact is a function of an empty store (`facts`); the list below runs each against the `SQLite` and the memory form.
//! `seeds` applies random transactions to both and compares everything that can be read.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod facts;
mod rows;
mod seeds;

macro_rules! every_store {
    ($($area:ident: $($fact:ident)+;)+) => {
        mod memory {
            $($(
                #[tokio::test]
                async fn $fact() {
                    crate::facts::$area::$fact(&store::MemoryStore::new()).await;
                }
            )+)+
        }

        mod sqlite {
            $($(
                #[tokio::test]
                async fn $fact() {
                    let folder = tempfile::tempdir().unwrap();
                    let store = store::SqliteStore::open(folder.path(), store::Options::default()).await.unwrap();
                    crate::facts::$area::$fact(&*store).await;
                    store.close().await.unwrap();
                }
            )+)+
        }
    };
}

every_store! {
    callbacks:
        record_is_read_as_it_was_written
        second_record_with_an_id_is_refused
        update_replaces_the_record
        update_of_an_unknown_record_is_refused
        update_from_another_state_is_refused
        completed_is_final
        completed_record_may_be_given_keys
        what_could_not_be_read_again_is_refused
        deletion_leaves_nothing_of_the_callback_and_all_of_others
        deleted_id_may_be_used_again
        children_of_another_callback_survive;
    queries:
        empty_store_answers_nothing
        every_field_narrows
        properties_are_compared_as_text
        list_is_ordered_and_limited
        list_without_limit_stops_at_500
        count_stops_at_the_limit
        only_scheduled_callbacks_become_due
        expired_callbacks_are_found_in_every_state;
    transactions:
        writes_are_applied_in_order
        refused_transaction_leaves_nothing_behind
        transaction_without_writes_succeeds;
    sessions:
        session_is_read_as_it_was_written
        running_sessions_are_ordered_by_id
        ended_session_keeps_its_row_only
        first_end_counts
        end_of_an_unknown_session_still_empties_it
        ended_sessions_without_callback_are_pruned
        open_effects_are_ordered_and_change_state
        timers_are_replaced_removed_and_ordered
        queue_entries_are_replaced_removed_and_ordered;
    records:
        dial_attempt_is_inserted_once
        dial_attempt_ends_with_its_call_state
        timeline_keeps_the_order_of_writing
        messages_wait_until_they_are_due
        pair_of_number_and_code_has_one_holder
        reservation_lives_until_its_end
        expired_reservation_can_make_room
        chart_keeps_its_first_text
        shared_value_keeps_its_first_text
        value_is_replaced
        reports_keep_the_order_of_writing;
}
