"""A webhook on loopback that keeps what is posted and answers as a test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Stands for the part of a webhook's address that is secret.
TOKEN = "T0K3N-in-the-path"


@dataclass(frozen=True, slots=True)
class Post:
    """One POST as it came."""

    path: str
    content_type: str | None
    body: dict[str, Any]


class Webhook:
    """`posts` is what came so far; the answers are the statuses of `script`, then 200. A 3xx sends
    the client to /elsewhere."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/hooks/{TOKEN}"
        self.posts: list[Post] = []
        self.script: list[int] = []

    def taken(self) -> tuple[dict[str, Any], ...]:
        """The bodies that came since this was asked last."""
        posts, self.posts = self.posts, []
        return tuple(post.body for post in posts)


@contextmanager
def running_webhook() -> Iterator[Webhook]:
    """Serve on a free port of 127.0.0.1 until the end of the block."""

    class WebhookHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            hook.posts.append(Post(self.path, self.headers["Content-Type"], body))
            status = hook.script.pop(0) if hook.script else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{hook.root}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    class WebhookServer(ThreadingHTTPServer):
        daemon_threads = False

    with WebhookServer(("127.0.0.1", 0), WebhookHandler) as server:
        hook = Webhook(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()
