"""Web servers on loopback that answer as nobody expects, and keep what they were asked."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        self.close_connection = True
        self.server.reply(self)

    do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 - the names that the library looks for


def says(code, content=b"", /, **headers):
    """A reply with a status, a content and headers, whose names are written with _ for -."""

    def reply(request):
        request.send_response(code)
        request.send_header("Connection", "close")
        for name, value in ({"Content_Length": str(len(content))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return reply


def silent(request):
    """No answer until the test has ended."""
    request.server.over.wait(30)


@contextmanager
def server(reply):
    """A server that gives each request to `reply`. `asked` keeps method, path, headers and body of each."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads, made.block_on_close = True, False
    made.asked, made.reply, made.over = [], reply, threading.Event()
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        made.shutdown()
        thread.join()
        made.server_close()
