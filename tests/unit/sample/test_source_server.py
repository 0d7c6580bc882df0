"""The source server answers as the real host does."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from include.sample.server import SourceServer

ROOT = Path(__file__).resolve().parents[3]
NAME = "title.ratings.tsv.gz"
BODY = bytes(range(256)) * 40
MODIFIED = 1_750_000_000  # seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / NAME).write_bytes(BODY)
    os.utime(tmp_path / NAME, (MODIFIED, MODIFIED))
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path.parent / "title.secret.tsv.gz").write_bytes(b"outside")
    return tmp_path


@pytest.fixture
def connection(folder: Path) -> Iterator[http.client.HTTPConnection]:
    with SourceServer(folder) as server:
        opened = http.client.HTTPConnection(server.base_url.removeprefix("http://"), timeout=10)
        yield opened
        opened.close()


Answer = tuple[int, http.client.HTTPMessage, bytes]


def ask(
    connection: http.client.HTTPConnection,
    path: str = f"/{NAME}",
    method: str = "GET",
    **headers: str,
) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def etag(connection: http.client.HTTPConnection) -> str:
    return ask(connection, method="HEAD")[1]["ETag"]


def test_a_file_is_sent_whole_with_its_validators(
    connection: http.client.HTTPConnection,
) -> None:
    status, headers, body = ask(connection)
    assert (status, body) == (200, BODY)
    assert headers["Content-Length"] == str(len(BODY))
    assert headers["Last-Modified"] == formatdate(MODIFIED, usegmt=True)
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["ETag"].startswith('"')
    assert headers["ETag"].endswith('"')


def test_head_has_the_headers_of_get_and_no_body(connection: http.client.HTTPConnection) -> None:
    status, headers, body = ask(connection, method="HEAD")
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == str(len(BODY))
    assert headers["ETag"] == ask(connection)[1]["ETag"]


@pytest.mark.parametrize(
    "path",
    ["/", "/title.akas.tsv.gz", "/manifest.json", "/../title.secret.tsv.gz", f"/x/{NAME}",
     "/%2e%2e/title.secret.tsv.gz", "/..%2ftitle.secret.tsv.gz", "/TITLE.RATINGS.TSV.GZ",
     "/title.ratings.tsv.gz/", "/.title.ratings.tsv.gz.part"],
)  # fmt: skip
def test_only_the_files_are_found(connection: http.client.HTTPConnection, path: str) -> None:
    status, _, body = ask(connection, path)
    assert status == 404
    assert b"outside" not in body


def test_a_folder_with_the_name_of_a_file_is_not_found(
    connection: http.client.HTTPConnection, folder: Path
) -> None:
    (folder / "name.basics.tsv.gz").mkdir()
    assert ask(connection, "/name.basics.tsv.gz")[0] == 404


def test_an_unchanged_file_is_not_sent_again(connection: http.client.HTTPConnection) -> None:
    known = etag(connection)
    date = formatdate(MODIFIED, usegmt=True)
    for condition in (
        {"If_None_Match": known},
        {"If_None_Match": f'"other", W/{known}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": date},
        {"If_Modified_Since": formatdate(MODIFIED + 5, usegmt=True)},
    ):
        status, headers, body = ask(connection, **condition)
        assert (status, body) == (304, b""), condition
        assert headers["ETag"] == known


def test_a_changed_file_is_sent(connection: http.client.HTTPConnection) -> None:
    for condition in (
        {"If_None_Match": '"other"'},
        {"If_Modified_Since": formatdate(MODIFIED - 1, usegmt=True)},
        {"If_Modified_Since": "yesterday"},
    ):
        assert ask(connection, **condition)[0] == 200, condition


def test_the_etag_has_priority_over_the_date(connection: http.client.HTTPConnection) -> None:
    date = formatdate(MODIFIED, usegmt=True)
    assert ask(connection, If_None_Match='"other"', If_Modified_Since=date)[0] == 200
    old = formatdate(0, usegmt=True)
    assert ask(connection, If_None_Match=etag(connection), If_Modified_Since=old)[0] == 304


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-299", 100, 299),
        ("bytes=10000-", 10_000, len(BODY) - 1),
        ("bytes=-5", len(BODY) - 5, len(BODY) - 1),
        ("bytes=-999999", 0, len(BODY) - 1),
        ("bytes=9000-999999", 9000, len(BODY) - 1),
    ],
)
def test_a_range_is_sent_as_asked(
    connection: http.client.HTTPConnection, asked: str, first: int, last: int
) -> None:
    status, headers, body = ask(connection, Range=asked)
    assert status == 206
    assert headers["Content-Range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert body == BODY[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={len(BODY)}-", "bytes=-0"])
def test_a_range_after_the_end_is_refused(
    connection: http.client.HTTPConnection, asked: str
) -> None:
    status, headers, _ = ask(connection, Range=asked)
    assert status == 416
    assert headers["Content-Range"] == f"bytes */{len(BODY)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "bytes=a-"]
)
def test_an_invalid_range_is_ignored(connection: http.client.HTTPConnection, asked: str) -> None:
    status, _, body = ask(connection, Range=asked)
    assert (status, body) == (200, BODY)


def test_a_download_continues_only_if_the_file_is_the_same(
    connection: http.client.HTTPConnection,
) -> None:
    known, date = etag(connection), formatdate(MODIFIED, usegmt=True)
    for same in (known, date):
        assert ask(connection, Range="bytes=50-", If_Range=same)[::2] == (206, BODY[50:])
    for other in ('"other"', f"W/{known}", formatdate(MODIFIED - 60, usegmt=True), "yesterday"):
        assert ask(connection, Range="bytes=50-", If_Range=other)[::2] == (200, BODY)


def test_new_content_of_the_same_size_and_time_has_another_etag(
    connection: http.client.HTTPConnection, folder: Path
) -> None:
    known = etag(connection)
    fresh = folder / "fresh"
    fresh.write_bytes(BODY[::-1])
    os.utime(fresh, (MODIFIED, MODIFIED))
    fresh.replace(folder / NAME)
    status, headers, body = ask(connection, If_None_Match=known)
    assert (status, body) == (200, BODY[::-1])
    assert headers["ETag"] != known


def test_the_same_content_has_the_same_etag_after_a_restart(folder: Path) -> None:
    found = []
    for _ in range(2):
        with SourceServer(folder) as server:
            connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"))
            found.append(etag(connection))
            connection.close()
    assert found[0] == found[1]


def test_one_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    socket = connection.sock
    for path in (f"/{NAME}", "/missing", f"/{NAME}"):
        ask(connection, path)
        ask(connection, path, method="HEAD")
    assert connection.sock is socket


def test_other_methods_are_refused(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, method="DELETE")[0] == 501


def test_it_listens_on_loopback_only_and_stops_with_a_connection_open(folder: Path) -> None:
    server = SourceServer(folder)
    server.start()
    assert server.base_url.startswith("http://127.0.0.1:")
    connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"))
    ask(connection)
    address = ("127.0.0.1", int(server.base_url.rpartition(":")[2]))
    server.stop()
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(*address).connect()
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.base_url


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="not a folder"):
        SourceServer(tmp_path / "missing")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_line_prints_its_url_and_ends_on_a_signal(
    folder: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "include.sample", "serve", str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        assert ask(connection)[0] == 200
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
        connection.close()
    assert (process.returncode, output, errors) == (0, "", "")


def test_a_named_source_is_found_under_its_name_only(folder: Path) -> None:
    with SourceServer(folder, name="my files") as server:
        host, path = server.base_url.removeprefix("http://").split("/")
        connection = http.client.HTTPConnection(host, timeout=10)
        assert ask(connection, f"/{path}/{NAME}")[2] == BODY
        assert ask(connection, f"/{NAME}")[0] == 404
        assert ask(connection, f"/{path}2/{NAME}")[0] == 404
        connection.close()
