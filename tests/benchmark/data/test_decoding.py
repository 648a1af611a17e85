"""Decoding in other processes gives the same bytes and the same sentences, and an interrupted one goes on where it was."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image

from benchmark.data import decoded as store
from benchmark.data import decoded_draft, decoding
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.decoded_draft import COLOUR, ROWS
from benchmark.data.readers.encoded import Encoded
from benchmark.data.readers.folders import folders
from results.error import CatsError
from results.files.atomic import DRAFT
from results.files.resumable import STATE
from results.text.counting import shown_by
from tests.support.dying import dies
from tests.support.paths import ROOT
from tests.support.processes import forked_workers

COUNT, SIZE = 200, 12


@pytest.fixture
def pictures(home):
    """Grey pictures, of which some are broken or of another shape; the last third is coloured."""
    rng, folder = np.random.default_rng(3), home / "data" / "toy"
    for number in range(COUNT):
        path = folder / "ab"[number % 2] / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (16, 9 if number % 17 == 3 else 16, *([3] if number % 2 and number > 2 * COUNT // 3 else []))
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
        if number % 41 == 5:
            path.write_bytes(path.read_bytes()[:50])
    return folder


def dataset(**changes):
    fields = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l"}
    fields |= {"citation": "c", "tree": "toy", "read": folders(["a", "b"]), "shape": (16, 16), "odd": "drop", "broken": 0.1}
    return Dataset(**fields | changes)


def stored(home):
    """The contents of all files of the decoded images, by name; nothing else may lie there."""
    (folder,) = (home / "images").iterdir()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def alone(pictures, home):
    """What one process stores that is not interrupted."""
    load_images(dataset(), SIZE)
    content = stored(home)
    shutil.rmtree(home / "images")
    assert set(content) == {"images.npy", "images.npy.sum", "table.npz", "table.npz.sum"}
    return content


@pytest.fixture
def beside(monkeypatch):
    """Processes are started after the first picture; they are forks, which takes little time."""
    monkeypatch.setattr(decoding, "PAYS", 0)
    monkeypatch.setattr(decoding, "MOST", 7)
    monkeypatch.setattr(decoding, "possible_helpers", lambda _: 2)
    with forked_workers():
        yield lambda number: monkeypatch.setattr(decoding, "possible_helpers", lambda _: number)


@pytest.fixture
def begun(monkeypatch):
    """The numbers of the images with which decodings began."""
    numbers, real = [], Encoded.since

    def since(self, first):
        numbers.append(first)
        return real(self, first)

    monkeypatch.setattr(Encoded, "since", since)
    return numbers


@pytest.fixture
def started(monkeypatch):
    """The numbers of processes that were started."""
    numbers, real = [], decoding.in_order

    def in_order(work, pieces, number):
        numbers.append(number)
        return real(work, pieces, number)

    monkeypatch.setattr(decoding, "in_order", in_order)
    return numbers


def refused(made):
    with pytest.raises(CatsError) as caught:
        load_images(made, SIZE)
    return str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("way", [(2, ""), (3, ""), (2, "zip"), (2, "tar")])
def test_any_number_of_processes_stores_the_same_bytes(pictures, alone, beside, started, home, way):
    number, ending = way
    if ending:
        shutil.make_archive(str(pictures), ending, pictures)
        shutil.rmtree(pictures)
    beside(number)
    load_images(dataset(), SIZE)
    assert stored(home) == alone
    assert started == [number]


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"odd": "refuse"}, {"broken": 0.0}], ids=["shape", "broken"])
def test_what_is_wrong_is_said_as_by_one_process(pictures, beside, home, change):
    """The third picture has another shape; one that a process finds earlier is not named instead."""
    made = dataset(**change)
    sentences = set()
    for number in (0, 2):
        beside(number)
        sentences.add(refused(made))
        assert not list((home / "images").iterdir())
    assert len(sentences) == 1


@pytest.mark.parametrize(("odd", "words"), [("drop", "cannot be read"), ("refuse", "the declared shape is")])
def test_a_file_that_has_gone_away_is_named_unless_an_earlier_one_has_a_mistake(pictures, beside, odd, words):
    samples = folders(["a", "b"])(pictures)
    (pictures / samples.ids[15]).unlink()
    sentences = set()
    for number in (0, 2):
        beside(number)
        sentences.add(refused(dataset(read=lambda _: samples, odd=odd)))
    (sentence,) = sentences
    assert words in sentence


@pytest.mark.slow
def test_a_process_that_dies_is_a_sentence_and_the_next_call_goes_on_in_one_that_names_the_picture(
    pictures, alone, beside, begun, started, home
):
    samples = folders(["a", "b"])(pictures)
    images = samples.images
    deadly = partial(dies, at="b/151.png", spared=0)
    first = refused(dataset(read=lambda _: replace(samples, images=replace(images, decode=deadly))))
    assert "ended early, perhaps for want of memory, between image " in first
    assert "what was decoded before is kept" in first
    again = refused(dataset(read=lambda _: replace(samples, images=replace(images, decode=deadly))))
    assert "ended early, perhaps for want of memory, at image b/151.png; " in again
    beside(0)
    load_images(dataset(read=lambda _: samples), SIZE)
    assert begun == [0, begun[1], samples.ids.index("b/151.png")]
    assert started == [2, 1, 1]
    assert stored(home)["images.npy"] == alone["images.npy"]


def killed_at(moment):
    """Decode in another process, which kills itself at a moment."""

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    def work():
        decoded_draft.SYNC, decoded_draft.SHARE = 0, float("inf")
        owner, name, times, after = moment
        real, calls = getattr(owner, name), []

        def counted(*given, **named):
            calls.append(1)
            if len(calls) == times and not after:
                die()
            made = real(*given, **named)
            if len(calls) == times:
                die()
            return made

        setattr(owner, name, counted)
        load_images(dataset(), SIZE)

    process = get_context("fork").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


MOMENTS = {
    "before the first note": (decoded_draft, "write_note", 1, False),
    "after the first note": (decoded_draft, "write_note", 1, True),
    "while a note is written": (os, "replace", 3, False),
    "after a piece that no note knows": (decoded_draft.Draft, "add", 5, True),
    "after images without their rows": (decoded_draft.zlib, "crc32", 9, False),
    "while colour is given to all": (np, "repeat", 1, True),
    "before colour is noted": (decoded_draft.Draft, "_note", 8, False),
    "before colour has its name": (decoded_draft.Draft, "_note", 8, True),
    "before the table": (np, "savez", 1, False),
    "before the checksums": (store, "seal_draft", 1, False),
    "before the draft is cleared": (decoded_draft.Draft, "clear", 1, False),
    "before the folder has its name": (decoded_draft.Draft, "clear", 1, True),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_decoding_that_was_killed_goes_on_and_stores_the_same_bytes(alone, begun, home, moment):
    killed_at(MOMENTS[moment])
    begun.clear()
    load_images(dataset(), SIZE)
    assert stored(home) == alone
    assert (begun == [0]) == (moment in {"before the first note", "before the folder has its name"})


@pytest.fixture
def interrupted(alone, home):
    """The draft that a killed process has left."""
    killed_at(MOMENTS["after a piece that no note knows"])
    (draft,) = (home / "images").glob(f"{DRAFT}kept-toy-*")
    return draft


@pytest.mark.slow
@pytest.mark.parametrize("what", ["images.npy", ROWS, STATE, "versions", "content", "short"])
def test_a_draft_that_is_damaged_or_of_another_content_is_not_gone_on_with(interrupted, alone, home, monkeypatch, caplog, what):
    if what == "versions":
        monkeypatch.setattr(decoded_draft, "version", lambda name: "0")
    elif what == "content":
        state = decoded_draft.read_note(interrupted / STATE, decoded_draft.State.model_validate_json)
        other = state.model_copy(update={"content": "toy-12-0000000000000000"})
        decoded_draft.write_note(interrupted / STATE, other.model_dump_json().encode(), "a note", durable=False)
    elif what == "short":
        os.truncate(interrupted / "images.npy", 200)
    else:
        content = bytearray((interrupted / what).read_bytes())
        content[130 if what == "images.npy" else 3] ^= 1
        (interrupted / what).write_bytes(content)
    (interrupted / COLOUR).write_bytes(b"left behind")
    load_images(dataset(), SIZE)
    assert stored(home) == alone
    assert ("damaged" in caplog.text) == (what not in {"versions", "content"})


def test_ctrl_c_keeps_what_was_done(alone, begun, home, monkeypatch):
    monkeypatch.setattr(decoded_draft, "SYNC", 0)
    real, added = decoded_draft.Draft.add, []

    def add(self, made):
        real(self, made)
        added.append(made.count)
        self.due = time.monotonic() + 1000  # the later pieces are noted when it is interrupted
        if len(added) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decoded_draft.Draft, "add", add)
        with pytest.raises(KeyboardInterrupt):
            load_images(dataset(), SIZE)
    load_images(dataset(), SIZE)
    assert begun[-1] == sum(added)
    assert stored(home) == alone


def test_of_two_threads_one_decodes_and_the_other_waits(alone, home, caplog):
    read, both = [], threading.Barrier(2)

    def reading(path):
        samples = folders(["a", "b"])(path)
        both.wait()

        def slowly():
            read.append(1)
            time.sleep(0.2)
            yield from samples.images

        return replace(samples, images=slowly())

    made = dataset(read=reading)
    with caplog.at_level(logging.WARNING):
        threads = [threading.Thread(target=load_images, args=(made, SIZE)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert read == [1]
    assert "another process decodes toy at 12 pixels; this one waits for it" in caplog.text
    assert stored(home)["images.npy"] == alone["images.npy"]


def test_readers_of_other_kinds_go_on_too(alone, home, monkeypatch):
    """A generator is gone through again, but what was written is not made again."""
    monkeypatch.setattr(decoding, "MOST", 50)
    monkeypatch.setattr(decoded_draft, "SYNC", 0)
    samples = folders(["a", "b"])(home / "data" / "toy")
    resized, real = [], decoding.squares
    monkeypatch.setattr(decoding, "squares", lambda *given: resized.append(len(given[1])) or real(*given))

    def stopped():
        for number, image in enumerate(samples.images):
            if number == 120:
                raise KeyboardInterrupt
            yield image

    with pytest.raises(KeyboardInterrupt):
        load_images(dataset(read=lambda _: replace(samples, images=stopped())), SIZE)
    resized.clear()
    load_images(dataset(read=lambda _: replace(samples, images=iter(samples.images))), SIZE)
    assert resized == [50, 50]
    assert stored(home)["images.npy"] == alone["images.npy"]


def test_what_is_done_is_counted(pictures, monkeypatch):
    seen = []

    @contextmanager
    def show(*given):
        seen.append(given)
        yield seen.append

    monkeypatch.setattr("results.text.counting.SELDOM", 0)
    with shown_by(show):
        load_images(dataset(), SIZE)
    begin = seen.index(("decoding toy at 12 pixels", 0, COUNT, "images"))
    assert seen[0] == ("reading toy", 0, COUNT, "images")
    for numbers in (seen[1:begin], seen[begin + 1 :]):
        assert numbers == sorted(numbers)
        assert numbers[-1] == COUNT


SCRIPT = f"""
from importlib import import_module
from benchmark.data import decoding
from benchmark.data.decoded import load_images
dataset = import_module({__name__!r}).dataset
decoding.PAYS, decoding.possible_helpers = 0, lambda _: 2
print("begun", flush=True)
load_images(dataset(), 12)
print("decoded", flush=True)
"""


@pytest.mark.slow
def test_a_script_without_a_guard_is_run_once(alone, home, tmp_path):
    """Processes that import the script of the user would run it again."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    how = {"env": {**os.environ, "PYTHONPATH": str(ROOT)}, "text": True, "stdout": subprocess.PIPE}
    assert subprocess.run([sys.executable, script], check=True, **how).stdout == "begun\ndecoded\n"
    assert stored(home) == alone
