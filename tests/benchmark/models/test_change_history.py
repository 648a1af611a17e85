"""The history of a classifier: lines are only added, damaged ones are named, and the picture shows every call."""

import pytest
from PIL import Image

from benchmark.models.change_history import Line, append, draw_history
from results.error import CatsError
from tests.support.full_disk import full_disk


def line(time, **changes):
    fields = {"time": time, "model": "a", "images": 200, "level": 0.05, "changed": False, "p": 0.4, "unlike": 9, "tests": {}}
    return Line(**(fields | changes))


def test_lines_are_added_and_come_back_in_the_order_of_their_time(tmp_path):
    path = tmp_path / "h.jsonl"
    for time in (3, 1):
        append(path, line(time))
    assert [each.time for each in append(path, line(2))] == [1, 2, 3]
    assert len(path.read_text().splitlines()) == 3


def test_calls_of_another_classifier_stay_and_are_not_drawn(tmp_path):
    path = tmp_path / "h.jsonl"
    append(path, line(1, model="b"))
    assert [each.model for each in append(path, line(2))] == ["a"]
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("damage", ["{", "[" * 100000, '{"time": 1}', "\x00", '{"time": NaN'])
def test_a_damaged_line_is_named_and_stays(damage, tmp_path, caplog):
    path = tmp_path / "h.jsonl"
    append(path, line(1))
    with path.open("a") as file:
        file.write(damage)  # without the end of the line, as after a power cut
    assert [each.time for each in append(path, line(2))] == [1, 2]
    assert f"{path}: line 2 is damaged and is left out of the picture" in caplog.text
    assert [each.time for each in append(path, line(3))] == [1, 2, 3]


def test_a_full_disk_is_a_sentence(tmp_path):
    path = tmp_path / "h.jsonl"
    append(path, line(1))
    with full_disk(room=200), pytest.raises(CatsError, match="cannot write the history to .*h.jsonl"):
        append(path, line(2))
    with full_disk(), pytest.raises(CatsError, match="cannot write the picture of the history to"):
        draw_history([line(1)], tmp_path / "h.png")


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_names_the_calls_and_the_alarms(count, ending, tmp_path):
    lines = [
        line(86400 * day, changed=day == 0, p=0.0 if day == 0 else 0.7, unlike=200 if day == 0 else 0) for day in range(count)
    ]
    path = tmp_path / f"h.{ending}"
    draw_history(lines, path)
    if ending == "png":
        with Image.open(path) as picture:
            assert picture.size == (1040, 598)
    else:
        assert path.read_text().startswith("<?xml")
