"""A server on loopback that answers as Airflow's REST API does, from runs that a test gives it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class RestApi:
    """Runs by id, the newest last; of each its state, and its tasks' states and messages."""

    url: str = ""
    runs: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, dict[str, str | None]] = field(default_factory=dict)
    errors: dict[tuple[str, str], str] = field(default_factory=dict)

    def answer(self, path: str, query: str) -> Any:
        """Return what Airflow answers to a GET; None where it says 404."""
        words = [unquote(word) for word in path.split("/")[6:]]
        if path == "/auth/token":
            return {"access_token": "token"}
        if not words:
            wanted = [part.removeprefix("state=") for part in query.split("&") if "state=" in part]
            found = [
                {"dag_run_id": run, "state": state}
                for run, state in reversed(self.runs.items())
                if not wanted or state in wanted
            ]
            return {"dag_runs": found}
        if words[1:] == ["taskInstances"]:
            page = dict(part.split("=") for part in query.split("&"))
            tasks = [
                {"task_id": task, "state": state, "duration": 2.0 if state == "success" else None}
                for task, state in self.tasks.get(words[0], {}).items()
            ]
            return {"task_instances": tasks[int(page["offset"]) :][: int(page["limit"])]}
        message = self.errors.get((words[0], words[2]))
        return None if message is None else {"value": message}


@contextmanager
def running_api() -> Iterator[RestApi]:
    """Yield an API that answers on loopback."""
    api = RestApi()

    class ApiHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._send(api.answer(parts.path, parts.query))

        def do_PATCH(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.runs[unquote(self.path.split("/")[-1])] = content["state"]
            self._send(content)

        def _send(self, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), ApiHandler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
