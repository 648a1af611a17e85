"""The time of a machine is divided among those who work there at the moment."""

import pytest

from benchmark.execution.dispatch.time_sharing import FairShare


def test_who_is_alone_has_all_of_it():
    shares = FairShare()
    shares.begin("machine", "a", 0.1)
    assert shares.end("machine", "a", 7.7 - 0.1, 7.7) == 1


def test_each_has_a_share_of_the_time_that_others_were_there_and_all_of_the_rest():
    shares = FairShare()
    shares.begin("machine", "long", 0.0)
    shares.begin("machine", "short", 6.0)
    shares.begin("elsewhere", "other", 6.0)
    assert shares.end("machine", "short", 2.0, 8.0) == 0.5
    assert shares.end("machine", "long", 10.0, 10.0) == pytest.approx(0.9)
    assert shares.end("elsewhere", "other", 4.0, 10.0) == 1


def test_the_shares_of_all_add_up_to_the_time_that_anybody_was_there():
    shares, begun = FairShare(), {"a": 0.0, "b": 1.0, "c": 1.5, "d": 9.0}
    ends = [("b", 2.0), ("a", 4.0), ("c", 8.0), ("d", 9.5)]
    for who in "abc":
        shares.begin("machine", who, begun[who])
    own = [shares.end("machine", who, at - begun[who], at) * (at - begun[who]) for who, at in ends[:3]]
    shares.begin("machine", "d", begun["d"])
    own.append(shares.end("machine", "d", 0.5, 9.5) * 0.5)
    assert sum(own) == pytest.approx(8.5)


def test_what_is_told_late_of_an_earlier_moment_takes_nothing_from_anybody():
    shares = FairShare()
    shares.begin("machine", "a", 0.0)
    shares.begin("machine", "b", 4.0)
    assert shares.end("machine", "a", 3.0, 3.0) == 1
    assert shares.end("machine", "b", 4.0, 8.0) == 1


def test_who_took_no_time_has_a_share_all_the_same():
    shares = FairShare()
    shares.begin("machine", "a", 1.0)
    shares.begin("machine", "b", 1.0)
    assert shares.end("machine", "a", 0.0, 1.0) == 0.5
