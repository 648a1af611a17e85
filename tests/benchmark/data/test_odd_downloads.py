"""Downloads from servers that answer as they should not, and addresses as people write them."""

import gzip
import hashlib
import socket
import ssl
from contextlib import contextmanager

import pytest

from benchmark.data import web_answer
from benchmark.data.dataset import File
from benchmark.data.download import TRIES, download
from benchmark.data.web_address import sent_address, shown_address
from results.error import CatsError
from tests.support.odd_servers import says, server, silent

CONTENT = bytes(range(256)) * 64
SHA = hashlib.sha256(CONTENT).hexdigest()
PAGE = b"<!DOCTYPE html><html><body>please log in</body></html>"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


def fetched(made, folder, path="one.bin", **facts):
    download(File(path=path, url=f"{made.url}/one.bin?token=hunter2", **facts), folder / path, "mine")
    return (folder / path).read_bytes()


def refused(made, folder, why, path="one.bin", **facts):
    """One sentence, without the token, and nothing is left of what came."""
    with pytest.raises(CatsError, match=why) as caught:
        fetched(made, folder, path, **facts)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(folder.iterdir()) == []


LENGTHS = ["abc", "-1", "", "1e3", "0x10", "+5", "1_000", "١٢", "5, 6", "1.5", "9" * 5000, "12 apples", "½"]


@pytest.mark.parametrize("declared", [None, SHA])
@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_that_is_no_number_is_one_sentence(tmp_path, length, declared):
    def reply(request):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        request.wfile.write(head.encode("utf-8") + CONTENT)

    with server(reply) as made:
        refused(made, tmp_path, "which is no length", sha256=declared)


def test_two_different_lengths_are_no_length_and_two_equal_ones_are_one(tmp_path):
    def twice(second):
        def reply(request):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\nContent-Length: {second}\r\n\r\n"
            request.wfile.write(head.encode() + CONTENT)

        return reply

    with server(twice(7)) as made:
        refused(made, tmp_path, "which is no length", sha256=SHA)
    with server(twice(len(CONTENT))) as made:
        assert fetched(made, tmp_path, sha256=SHA) == CONTENT


@pytest.mark.parametrize(
    ("length", "facts", "why"),
    [
        (len(CONTENT) - 1, {"sha256": SHA}, f"has sha256 .*, expected {SHA}"),
        (len(CONTENT) - 1, {"size": len(CONTENT)}, "are declared"),
        (0, {}, "has no content"), (0, {"sha256": SHA}, "has no content"), (10**17, {"sha256": SHA}, "bytes more"),
        (10**17, {}, "bytes more"), (len(CONTENT) + 1, {"size": len(CONTENT)}, "are declared; nothing was downloaded"),
    ],
)  # fmt: skip
def test_a_length_that_is_too_small_or_too_large_leaves_nothing(tmp_path, length, facts, why):
    with server(says(200, CONTENT, Content_Length=str(length))) as made:
        refused(made, tmp_path, why, **facts)


def test_a_server_that_promises_more_than_it_sends_is_one_that_breaks(tmp_path):
    with server(says(200, CONTENT, Content_Length=str(len(CONTENT) + 1))) as made:
        with pytest.raises(CatsError, match=f"the connection broke {TRIES} times"):
            fetched(made, tmp_path, sha256=SHA)
        assert len(made.asked) == TRIES


@pytest.mark.parametrize(
    "pieces", [b"zz\r\n", b"-5\r\nabc\r\n", b"ffffffffffffffffff\r\nabc", b"5\r\nab", b"\xff\r\n", b"1" * 70000]
)
def test_pieces_with_a_wrong_length_are_a_broken_connection(tmp_path, pieces):
    def reply(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces)

    with server(reply) as made, pytest.raises(CatsError, match=f"the connection broke {TRIES} times"):
        fetched(made, tmp_path, sha256=SHA)


def test_a_file_in_pieces_is_whole(tmp_path):
    def reply(request):
        request.wfile.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)
        )

    with server(reply) as made:
        assert fetched(made, tmp_path) == CONTENT


TARGETS = [
    ("file:///etc/passwd", "'file:' addresses are not fetched"), ("ftp://127.0.0.1/x", "'ftp:' addresses"),
    ("data:text/plain,x", "'data:' addresses"), ("gopher://h/x", "'gopher:' addresses"),
    ("javascript:x", "'javascript:' addresses"), ("http://me:hunter2@127.0.0.1/x", "a user name or a password"),
    ("http://[::1/x", "leads to an address that is not followed"),
    ("http://127.0.0.1:99999999/x", "is not valid"), ("http://a..b/x", "cannot exist"),
    (f"http://{'a' * 64}.example/x", "cannot exist"),
]  # fmt: skip


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(("target", "why"), TARGETS[:6])
def test_what_is_no_address_of_the_web_is_not_followed(tmp_path, code, target, why):
    with server(says(code, Location=target)) as made:
        refused(made, tmp_path, why, sha256=SHA)


@pytest.mark.parametrize(("target", "why"), TARGETS[6:])
def test_an_address_with_a_mistake_is_not_followed(tmp_path, target, why):
    with server(says(302, Location=target)) as made:
        refused(made, tmp_path, why, sha256=SHA)


def test_a_server_that_leads_round_in_circles_is_left(tmp_path):
    with server(says(302, Location="/again")) as made:
        refused(made, tmp_path, "led to 10 other addresses", sha256=SHA)
        assert len(made.asked) == web_answer.HOPS


@pytest.mark.parametrize("name", ["/deeper/one.bin", "one.bin?x=1", "/Größe.bin", "/a b.bin"])
def test_a_server_may_lead_to_another_place_or_another_host_without_any_secret(tmp_path, name, monkeypatch):
    (tmp_path / ".netrc").write_text("default login me password hunter2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "data").mkdir()
    with server(says(200, CONTENT)) as other:
        target = name if name == "one.bin?x=1" else other.url + name

        def lead(request):
            if "x=1" in request.path:
                says(200, CONTENT)(request)
            else:
                request.send_response_only(302)
                request.wfile.write(b"HTTP/1.1 302 x\r\n")
                request.wfile.write(f"Location: {target}\r\nContent-Length: 0\r\n\r\n".encode())

        with server(lead) as made:
            assert fetched(made, tmp_path / "data", sha256=SHA) == CONTENT
        assert "hunter2" not in str(other.asked)


def test_nobody_is_led_from_https_to_http():
    with pytest.raises(CatsError, match="the server leads from https to http://host/x, which is not followed"):
        web_answer._next("https://host/x", "http://host/x?token=hunter2", "https://host/x")
    assert web_answer._next("http://host/x", "https://host/y", "http://host/x") == "https://host/y"


@pytest.mark.parametrize(
    "code", [201, 202, 204, 206, 207, 226, 300, 304, 400, 401, 403, 404, 407, 410, 418, 429, 451, 500, 503, 599, 999]
)
def test_an_answer_without_the_file_is_quoted_in_our_words(tmp_path, code):
    content = b"" if code in {204, 304} else b"no file"

    def reply(request):
        request.send_response(code, "\x1b[31mred")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    with server(reply) as made:
        refused(made, tmp_path, f"the server answered {code}")


@pytest.mark.parametrize("content", [PAGE, b"\n\n  <HTML><head>", b"<!-- x -->\n<html>", b"<script>location='/login'</script>"])
@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_page_instead_of_a_file_without_checksum_is_refused(tmp_path, content, kind):
    with server(says(200, content, Content_Type=kind)) as made:
        refused(made, tmp_path, "is a page of the web and not one.zip", path="one.zip")


def test_a_page_that_is_wanted_and_a_file_with_a_checksum_of_any_kind_are_taken(tmp_path):
    with server(says(200, PAGE, Content_Type="text/html")) as made:
        assert fetched(made, tmp_path, path="index.html") == PAGE
    with server(says(200, CONTENT, Content_Type="text/html")) as made:
        assert fetched(made, tmp_path, sha256=SHA) == CONTENT


@pytest.mark.parametrize("packing", ["gzip", "x-gzip", "br", "deflate", "GZIP", "gzip, gzip"])
def test_a_compressed_transfer_is_refused_where_no_checksum_decides(tmp_path, packing):
    packed = gzip.compress(CONTENT)
    with server(says(200, packed, Content_Encoding=packing)) as made:
        refused(made, tmp_path, "sends the file compressed")
        refused(made, tmp_path, "has sha256", sha256=SHA)
        # some servers say so of a file that is packed itself
        assert fetched(made, tmp_path, path="one.tar.gz") == packed
        (tmp_path / "one.tar.gz").unlink()
        assert fetched(made, tmp_path, sha256=hashlib.sha256(packed).hexdigest()) == packed


@pytest.mark.parametrize(
    "place", ["bytes 5-99/100", "bytes 99999-99999/100000", "bytes */100", "pages 1-2/3", "", "bytes 1000-1/x", "bytes=1000-"]
)
def test_another_part_than_the_asked_one_is_never_written(tmp_path, place):
    def reply(request):
        if "Range" in request.headers:
            says(206, CONTENT[5:], Content_Range=place)(request)
        else:
            request.send_response(200)
            request.send_header("Content-Length", str(len(CONTENT)))
            request.end_headers()
            request.wfile.write(CONTENT[:1000])

    with server(reply) as made, pytest.raises(CatsError, match="sends another part of the file"):
        fetched(made, tmp_path, sha256=SHA)
    assert not (tmp_path / "one.bin").exists()


def test_a_server_that_never_answers_is_left_after_all_tries(tmp_path, monkeypatch):
    monkeypatch.setattr(web_answer, "PATIENCE_SECONDS", 0.1)
    with server(silent) as made:
        refused(made, tmp_path, f"broke {TRIES} times, last without an answer within 0.1 seconds; try again later", sha256=SHA)
        assert len(made.asked) == TRIES


def test_a_server_that_answers_after_a_wait_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(web_answer, "PATIENCE_SECONDS", 0.3)

    def reply(request):
        (silent if len(made.asked) == 1 else says(200, CONTENT))(request)

    with server(reply) as made:
        assert fetched(made, tmp_path, sha256=SHA) == CONTENT
        assert len(made.asked) == 2


@pytest.mark.parametrize("header", ["Content_Length", "Content_Encoding"])
def test_what_a_server_says_is_quoted_with_a_mark_where_it_is_cut(tmp_path, header):
    with server(says(200, CONTENT, **{header: "x" * 200})) as made:
        refused(made, tmp_path, f"'{'x' * 79}…'")


def test_a_long_address_is_cut_with_a_mark():
    assert shown_address("https://host/" + "a" * 400) == "https://host/" + "a" * 286 + "…"


@pytest.mark.parametrize(
    "reply", [b"", b"\r\n\r\n", b"nonsense", b"HTTP/9.9 200 OK\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00" * 70000]
)
def test_a_server_that_speaks_something_else_is_one_sentence(tmp_path, reply):
    with server(lambda request: request.wfile.write(reply)) as made:
        refused(made, tmp_path, f"the connection broke {TRIES} times", sha256=SHA)


def test_a_server_without_tls_at_an_address_with_tls_is_one_sentence(tmp_path):
    with server(says(200, CONTENT)) as made:
        made.url = made.url.replace("http:", "https:")
        refused(made, tmp_path, "could not be reached", sha256=SHA)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://host/Größe.zip", "http://host/Gr%C3%B6%C3%9Fe.zip"), ("http://exämple.org/x", "http://xn--exmple-cua.org/x"),
        ("http://host/a b.zip", "http://host/a%20b.zip"), ("http://host/a%20b.zip", "http://host/a%20b.zip"),
        ("http://host/x?q=ä&z=a b", "http://host/x?q=%C3%A4&z=a%20b"), ("http://host/x#part", "http://host/x"),
        ("http://例え.jp:8080/データ.zip", "http://xn--r8jz45g.jp:8080/%E3%83%87%E3%83%BC%E3%82%BF.zip"),
        ("https://[::1]:8080/x", "https://[::1]:8080/x"), (f"http://{'a' * 63}.org/x", f"http://{'a' * 63}.org/x"),
        ("http://host./x", "http://host./x"), ("http://host/%", "http://host/%"), ("HTTP://host/x", "http://host/x"),
    ],
)  # fmt: skip
def test_an_address_that_is_no_ascii_is_asked_for_as_browsers_do(url, sent):
    assert sent_address(url) == sent


@pytest.mark.parametrize(
    "url",
    [
        f"http://{'a' * 64}.org/x", f"http://{'ä' * 60}.org/x", "http://a..b/x", "http://.a/x", "http://host:port/x", "http://host:99999/x",
        "http://host:-1/x", "http://[::1/x", "http://[nonsense]/x", "http:///x", "http:x", "//host/x", "http://me:hunter2@host/x",
        "http://host/a\x00b", "http://host/a\nb", "http://ho st\x1b/x", "http://\u202e.org/x", "http://\ud800/x", "",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_right_is_one_sentence(url, tmp_path):
    with pytest.raises(CatsError) as caught:
        download(File(path="x", url=url), tmp_path / "x", "mine")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_long_address_is_cut_where_it_is_shown():
    assert len(shown_address(f"http://host/{'x' * 5000}?token=hunter2")) < 400


def test_a_name_that_is_not_ascii_is_fetched(tmp_path):
    with server(says(200, CONTENT)) as made:
        download(File(path="Größe.bin", url=f"{made.url}/Größe ä.bin", sha256=SHA), tmp_path / "Größe.bin", "mine")
        assert made.asked[0][1] == "/Gr%C3%B6%C3%9Fe%20%C3%A4.bin"
    assert (tmp_path / "Größe.bin").read_bytes() == CONTENT


@contextmanager
def proxy(monkeypatch, value):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", value)
    yield


@pytest.mark.parametrize(
    "value", ["http://me:hunter2@127.0.0.1:9", "http://me:hun/ter2@127.0.0.1:9", "me:hunter2@127.0.0.1:9", "http://me:hunter2"]
)
def test_the_password_of_a_proxy_is_not_told(tmp_path, monkeypatch, value):
    with proxy(monkeypatch, value), server(says(200, CONTENT)) as made, pytest.raises(CatsError) as caught:
        fetched(made, tmp_path, sha256=SHA)
    assert "ter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_error_of_tls_is_no_error_of_the_disk(tmp_path, monkeypatch):
    def fail(*_):
        raise ssl.SSLError("record layer failure")

    monkeypatch.setattr(socket.SocketIO, "readinto", fail)
    with server(says(200, CONTENT)) as made, pytest.raises(CatsError, match="the connection broke"):
        fetched(made, tmp_path, sha256=SHA)
