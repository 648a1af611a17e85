"""The key of digests is made once, for this user alone, and never overwritten."""

import multiprocessing
import os
import stat
import threading

import pytest

from benchmark.core import identifier_key as keys
from benchmark.core.identifier_key import identifier_key, key_file, key_that_exists
from results.error import CatsError


def test_a_key_is_made_once_and_kept():
    assert key_that_exists() is None
    key = identifier_key()
    assert (len(key), key_that_exists()) == (32, key)
    keys._key.cache_clear()
    assert identifier_key() == key
    assert [path.name for path in key_file().parent.iterdir() if "identifiers" in path.name] == ["identifiers.key"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_only_this_user_may_read_the_key():
    identifier_key()
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600


def test_another_home_has_another_key(monkeypatch, tmp_path):
    first = identifier_key()
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "new" / "home"))
    assert identifier_key() != first


def made(start, answers):
    start.wait()
    answers.put(keys._key.__wrapped__(key_file()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process")
def test_processes_that_make_the_key_at_one_time_get_the_same():
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(4), fork.Queue()
    processes = [fork.Process(target=made, args=(start, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    found = {answers.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert found == {identifier_key()}


def test_a_file_system_without_links_gives_one_key_too(monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    found, begin = [], threading.Barrier(4)

    def make():
        begin.wait()
        found.append(keys._key.__wrapped__(key_file()))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    "content", [b"", b"00", b"0" * 63, b"0" * 65, b"g" * 64, b"0" * 64 + b"\n\n", bytes(range(128, 160)), b"0" * 128]
)
def test_a_damaged_key_is_refused_and_not_overwritten(content):
    key_file().write_bytes(content)
    with pytest.raises(CatsError, match=r"the key .*identifiers\.key of the digests of names is damaged: .*64 hexadecimal"):
        identifier_key()
    assert key_file().read_bytes() == content


def test_a_folder_in_place_of_the_key_is_refused():
    key_file().mkdir()
    with pytest.raises(CatsError, match="cannot be read: Is a directory|cannot be read: Permission denied"):
        identifier_key()


def test_a_key_that_is_damaged_later_keeps_no_record_from_being_stored():
    key = identifier_key()
    key_file().write_bytes(b"damaged")
    assert identifier_key() == key


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_one_sentence(home):
    home.chmod(0o500)
    try:
        with pytest.raises(CatsError, match="cannot keep the key of the digests of names in"):
            identifier_key()
    finally:
        home.chmod(0o700)
