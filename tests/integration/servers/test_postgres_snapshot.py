"""The snapshot on PostgreSQL: the tests of sqlite, where they do not need a file to vouch for the database."""

import pytest

from results.tracking.change_counter import change_token
from results.tracking.snapshot import frame_of, unchanged
from tests.support.snapshots import (  # noqa: F401 - pytest runs the imported tests with this folder's tracking server
    folder_of_snapshots,
    send_numbered,
    small_slices,
    test_an_experiment_that_is_deleted_and_made_again_starts_empty,
    test_new_deleted_restored_and_retagged_runs_of_a_small_experiment_show_at_once,
    test_other_peoples_runs_are_not_in_the_frame_and_bring_no_column,
    test_runs_that_are_removed_for_good_are_gone,
    test_the_long_way_finds_a_new_tag_in_turn_and_at_once_if_everything_is_read_again,
    test_the_long_way_finds_a_run_that_arrives_late_and_belongs_before_others,
    test_the_long_way_finds_a_run_that_was_resumed_and_ended_between_two_looks,
    test_the_long_way_finds_new_deleted_and_restored_runs_and_reads_few,
    test_the_long_way_follows_a_run_from_its_start_to_its_end_and_one_that_is_resumed,
    whatever_happens,
)

pytestmark = pytest.mark.server
test_whatever_happens_in_whatever_order_the_long_way_ends_at_the_same_frame = whatever_happens(examples=4)


def test_nothing_vouches_for_a_database_on_postgresql_so_that_it_is_always_asked(tracking, folder):
    send_numbered(tracking, 1)
    assert change_token(tracking.uri) is None
    for _ in range(3):
        frame_of(tracking, folder)
        assert unchanged(folder, tracking.uri, "toy") is None
