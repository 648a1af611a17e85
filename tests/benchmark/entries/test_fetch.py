"""Fetching, from a real server on this machine that knows ranges and can hang up in the middle."""

import contextlib
import errno
import hashlib
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmark.data import download
from benchmark.data.dataset import File
from benchmark.data.download import shown_address
from results.error import CatsError
from results.files.lock import locked

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", server.leads_to)
            self.end_headers()
            return
        if server.status != 200:
            self.send_error(server.status)
            return
        start = 0
        given = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if given and server.ranges:
            start = int(given[1])
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_response(200)
        if server.length:
            self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = start + server.cuts.pop(0) if server.cuts else len(CONTENT)
        with contextlib.suppress(ConnectionError):  # the client may have read enough
            self.wfile.write(CONTENT[start:end])


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.cuts, made.status, made.ranges, made.length, made.leads_to = [], [], 200, True, True, ""
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def fetched(call, own, server):
    """Fetch a data set of these files; returns exit code, stderr and the data folder."""

    def run(*files, query=""):
        lines = [f"    - {{path: mine/{name}, url: '{server.url}/{name}{query}'{facts}}}" for name, facts in files]
        entry = [
            "dataset:",
            "  title: Our cells",
            "  modality: microscope",
            "  task: binary",
            "  classes: [a, b]",
            "  licence: CC BY 4.0",
            "  citation: Us, 2026",
            "  read: {npz: {file: x.npz}}",
            "  files:",
            *lines,
        ]
        (own / "entries" / "sources" / "mine.yaml").write_text("\n".join(entry) + "\n")
        code, _, err = call("fetch", "mine")
        return code, err, own / "home" / "data" / "mine"

    return run


def leftovers(folder):
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def test_it_says_the_licence_first_and_brings_every_file(fetched):
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}, size: {len(CONTENT)}"), ("two.bin", f", sha256: {SHA}"))
    assert code == 0, err
    assert err.splitlines()[0] == "Our cells: licence CC BY 4.0; Us, 2026"
    assert err.count("checksum correct") == 2
    assert (folder / "one.bin").read_bytes() == (folder / "two.bin").read_bytes() == CONTENT
    assert not leftovers(folder)


def test_a_second_fetch_asks_for_nothing(fetched, server):
    fetched(("one.bin", f", sha256: {SHA}"))
    asked = len(server.asked)
    code, _, _ = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 0
    assert len(server.asked) == asked


def test_a_cut_connection_is_resumed_where_it_ended(fetched, server):
    server.cuts = [300_000, 300_000]
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 0, err
    assert [given for _, given in server.asked] == [None, "bytes=300000-", "bytes=600000-"]
    assert (folder / "one.bin").read_bytes() == CONTENT


def test_after_four_cuts_it_stops_and_the_next_fetch_goes_on(fetched, server):
    server.cuts = [100_000] * download.TRIES
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 2
    assert "the connection broke 4 times, last after 400,000 of 1,048,576 bytes; 400,000 bytes are kept" in err
    assert not (folder / "one.bin").exists()
    code, _, _ = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 0
    assert server.asked[-1][1] == "bytes=400000-"
    assert (folder / "one.bin").read_bytes() == CONTENT
    assert not leftovers(folder)


def test_without_ranges_it_begins_again(fetched, server):
    server.ranges, server.cuts = False, [300_000]
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 0, err
    assert (folder / "one.bin").read_bytes() == CONTENT


def test_without_checksum_an_old_draft_is_not_trusted(fetched, server):
    server.cuts = [100_000] * download.TRIES
    code, err, _ = fetched(("one.bin", ""))
    assert code == 2
    assert "the connection broke 4 times" in err
    code, err, folder = fetched(("one.bin", ""))
    assert code == 0
    assert server.asked[-1][1] is None
    assert "no checksum is declared" in err
    assert (folder / "one.bin").read_bytes() == CONTENT


def test_a_whole_draft_is_only_checked(fetched, server):
    server.cuts = [100_000] * download.TRIES
    _, _, folder = fetched(("one.bin", f", sha256: {SHA}"))
    leftovers(folder)[0].write_bytes(CONTENT)
    code, err, _ = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 0, err
    assert server.asked[-1][1] == f"bytes={len(CONTENT)}-"


def test_a_wrong_checksum_says_what_came_and_leaves_nothing(fetched):
    code, err, folder = fetched(("one.bin", f", sha256: {'f' * 64}"))
    assert code == 2
    assert f"has sha256 {SHA}, expected {'f' * 64}; it was removed" in err
    assert list(folder.iterdir()) == []


def test_another_size_is_refused_before_a_byte_is_kept(fetched):
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}, size: 7"))
    assert code == 2
    assert "has 1,048,576 bytes, but 7 are declared; nothing was downloaded" in err
    assert not (folder / "one.bin").exists()


def test_more_than_declared_is_stopped(fetched, server):
    server.length = False
    code, err, _ = fetched(("one.bin", f", sha256: {SHA}, size: 7"))
    assert code == 2
    assert "sends more than the declared 7 bytes" in err


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_server_that_refuses_is_quoted_without_the_secret(fetched, server, status):
    server.status = status
    code, err, _ = fetched(("one.bin", f", sha256: {SHA}"), query="?token=secret")
    assert code == 2
    assert f"{server.url}/one.bin: the server answered {status}" in err
    assert "secret" not in err


def test_a_server_that_is_not_there_is_one_sentence(fetched, server):
    server.shutdown()
    server.server_close()
    code, err, _ = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 2
    assert "could not be reached" in err


def test_a_full_disk_is_said_before_the_download(fetched, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 2
    assert "needs 1,048,576 bytes more" in err
    assert "has 5 free; nothing was downloaded; set CATS_HOME" in err
    assert not (folder / "one.bin").exists()


def test_a_disk_that_fills_up_leaves_nothing(fetched, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 2
    assert f"cannot keep one.bin in {folder}: No space left on device; make room there" in err
    assert list(folder.iterdir()) == []


def test_two_fetches_do_not_write_one_draft(own, server):
    file = File(path="one.bin", url=f"{server.url}/one.bin", sha256=SHA)
    server.cuts = [1000] * download.TRIES
    with pytest.raises(CatsError, match="broke"):
        download.download(file, own / "one.bin", "mine")
    draft = next(own.glob(".one.bin.*.part"))
    with (
        locked(draft.with_name(f"{draft.name}.lock"), pytest.fail),
        pytest.raises(CatsError, match="another process is fetching the same file"),
    ):
        download.download(file, own / "one.bin", "mine")


def test_without_locks_only_a_file_with_a_checksum_is_fetched(own, server, monkeypatch):
    import fcntl

    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(CatsError, match=f"mine: {own} is on a file system without locks, and no checksum .* for two.bin"):
        download.download(File(path="two.bin", url=f"{server.url}/two.bin"), own / "two.bin", "mine")
    assert not server.asked
    assert not list(own.glob(".two.bin.*.part"))
    download.download(File(path="one.bin", url=f"{server.url}/one.bin", sha256=SHA), own / "one.bin", "mine")
    assert (own / "one.bin").read_bytes() == CONTENT


def test_a_lock_that_is_refused_ends_the_fetch(fetched, server, monkeypatch):
    import fcntl

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", fail)
    code, err, folder = fetched(("one.bin", f", sha256: {SHA}"))
    assert code == 2
    assert (
        f"cannot keep one.bin in {folder}: the lock is refused (Input/output error); "
        "set CATS_HOME to a folder that can be written\n"
    ) in err
    assert not server.asked


def test_progress_counts_up_to_the_size(own, server):
    seen = []
    file = File(path="one.bin", url=f"{server.url}/one.bin", sha256=SHA)
    download.download(file, own / "one.bin", "mine", lambda *now: seen.append(now))
    assert seen[-1] == ("one.bin", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


@pytest.mark.parametrize("url", ["ftp://host/x", "file:///etc/passwd", "x.zip"])
def test_only_web_addresses_are_fetched(url):
    with pytest.raises(CatsError, match="addresses are not fetched; allowed are http and https"):
        shown_address(url)


def test_a_redirect_to_a_file_is_refused(own, server):
    server.leads_to = "ftp://127.0.0.1/secret"
    with pytest.raises(CatsError, match="allowed are http and https"):
        download.download(File(path="x", url=f"{server.url}/moved"), own / "x", "mine")


def test_an_address_with_a_password_is_refused_without_saying_it():
    with pytest.raises(CatsError, match="holds a user name or a password") as error:
        shown_address("https://me:hunter2@host/x.zip")
    assert "hunter2" not in str(error.value)


def test_without_address_nothing_is_fetched(call, own):
    facts = "modality: m, task: binary, classes: [a, b], licence: l, citation: c"
    entry = f"dataset: {{{facts}, files: [{{path: x.npz}}], read: {{npz: {{file: x.npz}}}}}}\n"
    (own / "entries" / "sources" / "mine.yaml").write_text(entry)
    code, _, err = call("fetch", "mine")
    assert code == 2
    assert "mine: no address is declared for x.npz" in err
