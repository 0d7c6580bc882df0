"""What a download does when the source behaves, and when its connection breaks."""

import gzip
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.support.downloads import Workbench
from tests.support.files import open_files
from tests.support.snapshots import RATINGS, THREE_ROWS, TWO_ROWS, N, plain, snapshot
from tests.support.source import (
    JULY,
    JUNE,
    Answer,
    FaultySource,
    Request,
    cut,
    file,
    good_server,
    packed,
)
from warehouse.errors import (
    PermanentError,
    SourceRefused,
    SourceUnavailable,
    StorageRefused,
    TransientError,
)
from warehouse.http.cache import CacheEntry
from warehouse.http.json_store import JsonFileStore

OLD = snapshot(RATINGS, TWO_ROWS)
NEW = snapshot(RATINGS, THREE_ROWS)
# Big enough to be cut at places that matter, and hardly compressible.
LONG_ROWS = [(f"tt{number:07d}", "5.7", str(number * 7919 % 9973)) for number in range(20_000)]
LONG = snapshot(RATINGS, LONG_ROWS)
HALF = len(LONG) // 2


def header(request: Request, name: str) -> str | None:
    return request.headers[name]


def test_the_first_download_takes_the_whole_file(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(file(OLD))

    result = workbench.download()

    assert (result.modified, result.path) == (True, workbench.path)
    assert result.fetched_bytes == len(OLD)
    assert result.path.read_bytes() == OLD
    assert [request.path for request in source.requests] == ["/files/title.ratings.tsv.gz"]
    assert header(source.requests[0], "If-None-Match") is None
    assert header(source.requests[0], "Accept-Encoding") == "identity"
    assert workbench.files == {"title.ratings.tsv.gz"}
    assert workbench.entry == result.entry
    assert result.entry == CacheEntry(
        etag='"one"',
        last_modified=JUNE,
        sha256=result.entry.sha256,
        bytes=len(OLD),
        rows=2,
        file="title.ratings.tsv.gz",
        url=f"{source.url}/title.ratings.tsv.gz",
        origin="files",
    )


def test_an_unchanged_file_is_not_fetched_again(workbench: Workbench, source: FaultySource) -> None:
    source.always(good_server(OLD))
    first = workbench.download()

    second = workbench.download()

    assert (second.modified, second.fetched_bytes, second.entry) == (False, 0, first.entry)
    assert header(source.requests[1], "If-None-Match") == '"one"'
    assert header(source.requests[1], "If-Modified-Since") == JUNE
    assert workbench.path.read_bytes() == OLD


def test_a_changed_file_takes_the_place_of_the_old_one(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(good_server(OLD), good_server(NEW, etag='"two"', modified=JULY))
    workbench.download()

    result = workbench.download()

    assert (result.modified, result.entry.rows, result.entry.etag) == (True, 3, '"two"')
    assert workbench.path.read_bytes() == NEW
    assert workbench.entry == result.entry


def test_force_fetches_what_did_not_change(workbench: Workbench, source: FaultySource) -> None:
    source.always(good_server(OLD))
    workbench.download()

    assert workbench.download(force=True).modified
    assert header(source.requests[1], "If-None-Match") is None
    assert header(source.requests[1], "If-Modified-Since") is None


def test_last_modified_alone_is_enough_to_ask(workbench: Workbench, source: FaultySource) -> None:
    source.always(good_server(OLD, etag=None))
    workbench.download()

    assert not workbench.download().modified
    assert header(source.requests[1], "If-None-Match") is None


def test_a_weak_etag_alone_is_enough_to_ask(workbench: Workbench, source: FaultySource) -> None:
    source.always(good_server(OLD, etag='W/"one"', modified=None))
    workbench.download()

    assert not workbench.download().modified
    assert header(source.requests[1], "If-None-Match") == 'W/"one"'


def test_a_source_without_validators_is_fetched_every_time(
    workbench: Workbench, source: FaultySource
) -> None:
    source.always(file(OLD, etag=None, modified=None))
    workbench.download()

    assert workbench.download().modified


def test_validators_of_another_origin_are_not_sent_and_the_log_says_why(
    workbench: Workbench, source: FaultySource, caplog: pytest.LogCaptureFixture
) -> None:
    source.always(good_server(OLD))
    workbench.download()
    source.always(good_server(NEW))  # the same date and tag, but not the same file
    workbench.change(source_name="other files")

    with caplog.at_level("WARNING"):
        assert workbench.download().modified
    assert "the file here is from files and is replaced by the one of other files" in caplog.text
    assert header(source.requests[1], "If-None-Match") is None
    assert workbench.path.read_bytes() == NEW


def test_another_address_of_the_same_origin_is_asked_with_validators(
    workbench: Workbench, source: FaultySource
) -> None:
    source.always(good_server(OLD))
    workbench.download()
    workbench.change(base_url=source.url.replace("/files", "/another/folder"))

    assert not workbench.download().modified
    assert header(source.requests[1], "If-None-Match") == '"one"'


def test_several_gzip_members_are_one_file(workbench: Workbench, source: FaultySource) -> None:
    text = plain(RATINGS, LONG_ROWS)
    members = packed(text[:100]) + packed(text[100:5000]) + packed(b"") + packed(text[5000:])
    source.answers(file(members))

    assert workbench.download().entry.rows == len(LONG_ROWS)
    assert workbench.path.read_bytes() == members


def test_a_content_encoding_does_not_unpack_the_file(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(replace(file(OLD), headers={"Content-Encoding": "gzip"}))

    assert workbench.download().entry.bytes == len(OLD)
    assert workbench.path.read_bytes() == OLD


def test_server_errors_are_tried_again_with_growing_pauses(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(Answer(500), Answer(502), file(OLD))
    workbench.change(backoff_start=10.0)

    assert workbench.download().modified
    first, second = workbench.pauses
    assert 10 <= first <= 20 <= second <= 30


def test_the_last_error_is_raised_when_the_tries_are_used_up(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    source.answers(Answer(500), Answer(500), Answer(503))

    with pytest.raises(SourceUnavailable, match=r"title\.ratings\.tsv\.gz: answered 503"):
        workbench.download()
    assert len(source.requests) == 4
    assert len(workbench.pauses) == 2


@pytest.fixture
def kept(workbench: Workbench, source: FaultySource) -> CacheEntry:
    """The old file is there; the source is about to misbehave."""
    source.answers(file(OLD))
    entry = workbench.download().entry
    assert entry.rows == 2
    return entry


def unchanged(workbench: Workbench, entry: CacheEntry) -> bool:
    """Whether the old file and its entry are there and nothing else is."""
    return (
        workbench.path.read_bytes() == OLD
        and workbench.entry == entry
        and workbench.files == {"title.ratings.tsv.gz"}
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501 - 83])
def test_a_refusal_is_asked_once(
    workbench: Workbench, source: FaultySource, kept: CacheEntry, status: int
) -> None:
    source.answers(Answer(status))

    with pytest.raises(SourceRefused, match=rf"answered {status}.*Check IMDB_BASE_URL"):
        workbench.download()
    assert len(source.requests) == 2
    assert unchanged(workbench, kept)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    workbench: Workbench, source: FaultySource, kept: CacheEntry, status: int
) -> None:
    source.answers(Answer(status, headers={"Location": "http://elsewhere.example/"}))

    with pytest.raises(SourceRefused, match=r"to http://elsewhere\.example/; redirects are not"):
        workbench.download()
    assert len(source.requests) == 2
    assert unchanged(workbench, kept)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_retry_after_in_seconds_is_obeyed(
    workbench: Workbench, source: FaultySource, status: int
) -> None:
    source.answers(Answer(status, headers={"Retry-After": "120"}), file(OLD))

    assert workbench.download().modified
    assert workbench.pauses[0] >= 120


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_as_a_date_is_obeyed(
    workbench: Workbench, source: FaultySource, status: int
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=20), usegmt=True)
    source.answers(Answer(status, headers={"Retry-After": date}), file(OLD))

    assert workbench.download().modified
    assert 1000 < workbench.pauses[0] <= 1200


@pytest.mark.parametrize(
    ("asked", "date"), [("1900", ""), ("Wed, 21 Oct 2099 07:28:00 GMT", "after 2099-10-21 07:2")]
)
def test_a_wait_beyond_the_time_of_the_task_fails_at_once_with_the_date(
    workbench: Workbench, source: FaultySource, kept: CacheEntry, asked: str, date: str
) -> None:
    source.answers(Answer(503, headers={"Retry-After": asked}))

    with pytest.raises(SourceRefused, match=r"answered 503.*this download may take 0:30:00") as e:
        workbench.download()
    assert date in str(e.value)
    assert workbench.pauses == []
    assert unchanged(workbench, kept)


def test_a_challenge_page_is_tried_again_and_named(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    source.answers(*[Answer(202, b"<html>Are you human?</html>")] * 3)
    with pytest.raises(SourceUnavailable, match=r"answered 202 .*IMDB_USER_AGENT"):
        workbench.download()
    assert len(workbench.pauses) == 2
    assert unchanged(workbench, kept)

    source.answers(file(NEW))
    workbench.change(user_agent="the film club (films@example.org)")
    assert workbench.download().modified
    agents = [header(request, "User-Agent") for request in source.requests[-2:]]
    assert agents == [
        "film-television-warehouse/0.1 (python-requests)",
        "the film club (films@example.org)",
    ]


def test_the_error_says_how_long_the_source_asked_to_wait(
    workbench: Workbench, source: FaultySource
) -> None:
    source.always(Answer(429, headers={"Retry-After": "77"}))

    with pytest.raises(TransientError) as caught:
        workbench.download()
    assert caught.value.retry_after == 77


@pytest.mark.parametrize(
    "garbage", ["soon", "-5", "\xb2", "", "1e3", "Mon, 99 Foo 2031 05:04:03 GMT", "9" * 400]
)
def test_a_senseless_retry_after_does_no_harm(
    workbench: Workbench, source: FaultySource, garbage: str
) -> None:
    source.answers(Answer(429, headers={"Retry-After": garbage}), file(OLD))

    assert workbench.download().modified
    assert workbench.pauses[0] <= 86_400


def test_a_date_that_is_over_asks_for_no_wait(workbench: Workbench, source: FaultySource) -> None:
    past = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    source.answers(Answer(503, headers=past), file(OLD))

    assert workbench.download().modified
    assert workbench.pauses[0] <= 2


def test_a_broken_download_continues_where_it_broke(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(cut(file(LONG), HALF), good_server(LONG))

    result = workbench.download()

    assert workbench.path.read_bytes() == LONG
    assert header(source.requests[1], "Range") == f"bytes={HALF}-"
    assert header(source.requests[1], "If-Range") == '"one"'
    assert result.fetched_bytes == len(LONG) - HALF
    assert (result.entry.etag, result.entry.last_modified) == ('"one"', JUNE)
    assert workbench.files == {"title.ratings.tsv.gz"}


def test_a_broken_download_leaves_the_old_file_and_a_part(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    source.always(cut(file(LONG, etag='"two"'), HALF))
    workbench.change(download_tries=1)

    with pytest.raises(SourceUnavailable, match=r"IncompleteRead.*kept for the next try"):
        workbench.download()
    assert workbench.path.read_bytes() == OLD
    assert workbench.cache.valid_entry(RATINGS) == kept
    part = workbench.path.with_name("title.ratings.tsv.gz.part")
    assert part.read_bytes() == LONG[:HALF]


def test_a_new_process_continues_where_one_died(workbench: Workbench, source: FaultySource) -> None:
    class Killed(BaseException):
        pass

    def die(_: float) -> None:
        raise Killed

    source.answers(cut(file(LONG), HALF), good_server(LONG))
    with pytest.raises(Killed):
        workbench.downloader(pause=die).download(RATINGS)

    result = workbench.download()

    assert result.fetched_bytes == len(LONG) - HALF
    assert workbench.path.read_bytes() == LONG


def test_a_download_that_breaks_twice_is_put_together(
    workbench: Workbench, source: FaultySource
) -> None:
    good = good_server(LONG)
    source.answers(cut(file(LONG), 1000), lambda request: cut(good(request), 1500), good)

    assert workbench.download().fetched_bytes == len(LONG) - 2500
    assert header(source.requests[2], "Range") == "bytes=2500-"
    assert workbench.path.read_bytes() == LONG


def test_a_part_of_an_older_version_is_started_over(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(cut(file(OLD), 40), good_server(LONG, etag='"two"', modified=JULY))

    result = workbench.download()

    assert header(source.requests[1], "If-Range") == '"one"'
    assert (result.fetched_bytes, result.entry.etag) == (len(LONG), '"two"')
    assert workbench.path.read_bytes() == LONG


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (f"bytes 0-{len(LONG) - 1}/{len(LONG)}", "got bytes 0-"),
        (f"bytes {HALF - 1}-{len(LONG) - 1}/{len(LONG)}", f"from byte {HALF:,}"),
        ("", "got no Content-Range"),
        ("garbage", "got garbage"),
    ],
)
def test_another_range_than_the_one_asked_for_is_not_used(
    workbench: Workbench,
    source: FaultySource,
    caplog: pytest.LogCaptureFixture,
    place: str,
    said: str,
) -> None:
    wrong = Answer(206, LONG[HALF:], {"ETag": '"one"', "Content-Range": place})
    source.answers(cut(file(LONG), HALF), wrong, good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert workbench.path.read_bytes() == LONG
    assert header(source.requests[2], "Range") is None
    assert said in caplog.text


def test_the_rest_of_another_version_is_not_used(
    workbench: Workbench, source: FaultySource
) -> None:
    place = {"Content-Range": f"bytes {HALF}-{len(LONG) - 1}/{len(LONG)}"}
    other = Answer(206, LONG[HALF:], {"ETag": '"two"', **place})
    source.answers(cut(file(LONG), HALF), other, good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert header(source.requests[2], "Range") is None


def test_a_rest_that_does_not_repeat_the_validator_is_used(
    workbench: Workbench, source: FaultySource
) -> None:
    place = {"Content-Range": f"bytes {HALF}-{len(LONG) - 1}/{len(LONG)}"}
    source.answers(cut(file(LONG, etag=None), HALF), Answer(206, LONG[HALF:], place))

    result = workbench.download()

    assert header(source.requests[1], "If-Range") == JUNE
    assert (result.fetched_bytes, result.entry.last_modified) == (len(LONG) - HALF, JUNE)
    assert workbench.path.read_bytes() == LONG


def test_a_rest_with_a_false_byte_is_found_out(workbench: Workbench, source: FaultySource) -> None:
    rest = bytearray(LONG[HALF:])
    rest[100] ^= 1
    place = {"ETag": '"one"', "Content-Range": f"bytes {HALF}-{len(LONG) - 1}/{len(LONG)}"}
    source.answers(cut(file(LONG), HALF), Answer(206, bytes(rest), place), good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert workbench.path.read_bytes() == LONG


def test_a_weak_etag_does_not_prove_two_halves_equal(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(cut(file(LONG, etag='W/"one"'), HALF), good_server(LONG, etag='W/"one"'))

    assert workbench.download().fetched_bytes == len(LONG) - HALF
    assert header(source.requests[1], "If-Range") == JUNE


@pytest.mark.parametrize("etag", [None, 'W/"one"'])
def test_a_part_without_a_strong_validator_is_not_gone_on_with(
    workbench: Workbench, source: FaultySource, etag: str | None
) -> None:
    good = good_server(LONG, etag=etag, modified=None)
    source.answers(cut(file(LONG, etag=etag, modified=None), HALF), good)

    assert workbench.download().fetched_bytes == len(LONG)
    assert header(source.requests[1], "Range") is None


def test_a_line_cut_before_the_first_byte_leaves_nothing_to_go_on_with(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(cut(file(LONG), 0), good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert header(source.requests[1], "Range") is None


def test_a_part_that_was_whole_already_is_fetched_again(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(replace(cut(file(LONG), len(LONG)), body=LONG + b"never sent"))
    source.always(good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert [header(request, "Range") for request in source.requests] == [
        None,
        f"bytes={len(LONG)}-",
        None,
    ]


@pytest.mark.parametrize("note", ["", "[]", "7", "{", '{"etag": 7, "last_modified": null}', "null"])
def test_a_part_whose_note_is_garbage_is_started_over(
    workbench: Workbench, source: FaultySource, note: str
) -> None:
    workbench.path.parent.mkdir()
    part = workbench.path.with_name("title.ratings.tsv.gz.part")
    part.write_bytes(LONG[:HALF])
    part.with_name("title.ratings.tsv.gz.part.json").write_text(note)
    source.answers(good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert header(source.requests[0], "Range") is None


def test_a_range_that_was_not_asked_for_is_not_taken_for_the_file(
    workbench: Workbench, source: FaultySource
) -> None:
    place = {"Content-Range": f"bytes 100-{len(LONG) - 1}/{len(LONG)}"}
    source.answers(Answer(206, LONG[100:], place), good_server(LONG))

    assert workbench.download().modified
    assert workbench.path.read_bytes() == LONG


def test_416_is_started_over(
    workbench: Workbench, source: FaultySource, caplog: pytest.LogCaptureFixture
) -> None:
    source.answers(cut(file(LONG), HALF), Answer(416), good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert "answered 416" in caplog.text
    assert "starting over" in caplog.text


def test_unchanged_makes_a_part_useless(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    source.answers(cut(file(LONG, etag='"two"'), HALF), good_server(OLD))

    assert not workbench.download().modified
    assert unchanged(workbench, kept)


def test_a_silent_source_is_left_after_the_read_timeout(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    source.answers(replace(cut(file(LONG, etag='"two"'), HALF), stall=True))
    workbench.change(read_timeout=0.05, download_tries=1)

    with pytest.raises(SourceUnavailable, match="timed out"):
        workbench.download()
    assert workbench.path.read_bytes() == OLD
    source.answers(good_server(LONG, etag='"two"'))
    workbench.change(read_timeout=60)
    assert workbench.download().modified
    assert workbench.path.read_bytes() == LONG


def test_a_source_that_says_nothing_at_all_is_left(workbench: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        workbench.change(base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", read_timeout=0.05)
        with pytest.raises(SourceUnavailable, match="timed out"):
            workbench.download()


def test_a_closed_port_is_named(workbench: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    workbench.change(base_url=f"http://127.0.0.1:{port}")

    with pytest.raises(SourceUnavailable, match=rf"127\.0\.0\.1:{port}.*Connection refused"):
        workbench.download()
    assert len(workbench.pauses) == 2


@pytest.mark.parametrize("nonsense", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 two hundred\r\n\r\n"])
def test_a_port_that_does_not_speak_http_is_a_broken_connection(
    workbench: Workbench, nonsense: bytes
) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            line, _ = other.accept()
            with line:
                line.recv(65536)
                line.sendall(nonsense)

        thread = threading.Thread(target=answer)
        thread.start()
        workbench.change(base_url=f"http://127.0.0.1:{other.getsockname()[1]}", download_tries=1)
        with pytest.raises(SourceUnavailable, match="the connection failed"):
            workbench.download()
        thread.join()


@pytest.mark.parametrize(
    "address", ["datasets", "ftp://host/files", "http://", "file:///tmp", "http://h:99999"]
)
def test_a_base_url_that_is_none_is_refused_at_once(workbench: Workbench, address: str) -> None:
    workbench.change(base_url=address)

    with pytest.raises(SourceRefused, match="IMDB_BASE_URL"):
        workbench.download()
    assert workbench.pauses == []


def test_not_modified_to_a_first_request_is_a_fault(
    workbench: Workbench, source: FaultySource
) -> None:
    source.always(Answer(304))

    with pytest.raises(SourceUnavailable, match=r"304.*without validators"):
        workbench.download()


def test_a_file_that_goes_away_between_question_and_answer_is_fetched(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    def delete_then_say_unchanged(_: Request) -> Answer:
        workbench.path.unlink()
        return Answer(304)

    source.answers(delete_then_say_unchanged, file(OLD))

    assert workbench.download().modified
    assert header(source.requests[2], "If-None-Match") is None
    assert unchanged(workbench, workbench.entry or kept)


def test_a_present_file_is_not_asked_for(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    assert workbench.downloader().present(RATINGS) == kept
    assert len(source.requests) == 1


def test_an_absent_file_is_fetched_by_the_worker_that_needs_it(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    workbench.path.unlink()
    source.answers(file(OLD))

    assert workbench.downloader().present(RATINGS).sha256 == kept.sha256
    assert workbench.path.read_bytes() == OLD


def test_a_full_disk_is_told_and_what_arrived_is_gone_on_with(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    import resource

    source.answers(good_server(LONG, etag='"two"'))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, limits[1]))  # writing more fails, as if full
    try:
        with pytest.raises(StorageRefused, match=r"\.part: cannot be written: .*IMDB_DATA_DIR"):
            workbench.download()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert workbench.path.read_bytes() == OLD
    assert workbench.entry == kept
    source.answers(good_server(LONG, etag='"two"'))
    assert workbench.download().fetched_bytes == len(LONG) - HALF
    assert workbench.path.read_bytes() == LONG


def test_a_data_folder_that_cannot_be_made_is_told(
    workbench: Workbench, source: FaultySource, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    blocked = Workbench(source.url, tmp_path / "file" / "data")
    blocked.cache.store = JsonFileStore(tmp_path / "cache.json")
    source.answers(file(OLD))

    with pytest.raises(PermanentError, match=r"file/data/.*cannot be written: Not a directory"):
        blocked.download()


def test_no_file_stays_open(workbench: Workbench, source: FaultySource, tmp_path: Path) -> None:
    source.always(good_server(OLD))
    workbench.download()
    source.always(cut(file(LONG, etag='"two"'), HALF))
    with pytest.raises(SourceUnavailable):
        workbench.download()
    source.always(file(b"<html>", etag='"three"'))
    with pytest.raises(TransientError):
        workbench.download()

    assert open_files(tmp_path) == []


def test_rows_are_those_of_the_file_and_not_its_lines(
    workbench: Workbench, source: FaultySource
) -> None:
    source.answers(file(snapshot(RATINGS, [("tt0000001", N, ""), ("", "", "")])))

    assert workbench.download().entry.rows == 2
    assert gzip.decompress(workbench.path.read_bytes()).count(b"\n") == 3
