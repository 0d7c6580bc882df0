"""The cache: an entry counts only while its file is there, whole; a bad entry does no harm."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_pipeline.cache_manager import CacheManager
from imdb_pipeline.config import dataset_named
from tests.support.snapshots import RATINGS, THREE_ROWS, TWO_ROWS, Row, entry_of, written
from warehouse.http.cache import CacheEntry
from warehouse.http.json_store import JsonFileStore

KEY = "imdb_cache__title_ratings"


class MemoryStore:
    """Entries that a test can look at and spoil."""

    def __init__(self) -> None:
        self.content: dict[str, str] = {}

    def read(self, key: str) -> str | None:
        return self.content.get(key)

    def write(self, key: str, value: str) -> None:
        self.content[key] = value

    def delete(self, key: str) -> None:
        self.content.pop(key, None)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def cache(store: MemoryStore, tmp_path: Path) -> CacheManager:
    """A cache that knows the file of two rows, which is there."""
    manager = CacheManager(store, tmp_path)
    _, entry = written(tmp_path, RATINGS, TWO_ROWS)
    manager.remember(RATINGS, entry)
    return manager


def test_an_entry_comes_back_as_it_was_noted(cache: CacheManager, tmp_path: Path) -> None:
    entry = entry_of(tmp_path / "title.ratings.tsv.gz", 2)

    assert cache.valid_entry(RATINGS) == cache.entry(RATINGS) == entry


def test_a_person_can_read_the_entry(cache: CacheManager, store: MemoryStore) -> None:
    assert set(json.loads(store.content[KEY])) >= {
        "etag", "last_modified", "sha256", "bytes", "rows", "file",
    }  # fmt: skip


def test_a_deleted_file_does_not_count(
    cache: CacheManager, caplog: pytest.LogCaptureFixture
) -> None:
    cache.path_of(RATINGS).unlink()

    with caplog.at_level("INFO"):
        assert cache.valid_entry(RATINGS) is None
    assert "title.ratings.tsv.gz is not there" in caplog.text


def test_an_edited_file_of_the_same_size_does_not_count(
    cache: CacheManager, caplog: pytest.LogCaptureFixture
) -> None:
    content = bytearray(cache.path_of(RATINGS).read_bytes())
    content[-1] ^= 1
    cache.path_of(RATINGS).write_bytes(content)
    os.utime(cache.path_of(RATINGS), ns=(0, 0))  # both writes may be in one tick of the clock

    with caplog.at_level("INFO"):
        assert cache.valid_entry(RATINGS) is None
    assert "was edited" in caplog.text


def test_a_truncated_file_does_not_count(
    cache: CacheManager, caplog: pytest.LogCaptureFixture
) -> None:
    size = cache.path_of(RATINGS).stat().st_size
    cache.path_of(RATINGS).write_bytes(b"12")

    with caplog.at_level("INFO"):
        assert cache.valid_entry(RATINGS) is None
    assert f"has 2 bytes, the entry says {size}" in caplog.text


def test_a_part_is_not_mistaken_for_the_file(cache: CacheManager) -> None:
    path = cache.path_of(RATINGS)
    path.rename(path.with_name(f"{path.name}.part"))

    assert cache.valid_entry(RATINGS) is None


def test_a_file_that_was_not_touched_is_not_read(cache: CacheManager) -> None:
    path = cache.path_of(RATINGS)
    found = path.stat()
    path.write_bytes(bytes(found.st_size))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    entry = cache.valid_entry(RATINGS)

    assert entry is not None, "size, time and inode are as they were"
    doubt = cache.doubt(RATINGS, entry, thorough=True)
    assert doubt is not None
    assert "was edited" in doubt


def test_a_copy_of_the_file_is_read_once(cache: CacheManager, store: MemoryStore) -> None:
    path = cache.path_of(RATINGS)
    content, before = path.read_bytes(), path.stat()
    path.rename(path.with_name("other"))
    path.write_bytes(content)
    os.utime(path, ns=(7, 7))

    assert cache.valid_entry(RATINGS) is not None
    noted = json.loads(store.content[KEY])
    assert (noted["mtime_ns"], noted["inode"]) == (7, path.stat().st_ino)
    assert noted["inode"] != before.st_ino


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://datasets.imdbws.com/title.ratings.tsv.gz", "imdb"),
        ("http://127.0.0.1:9/sample-20000/title.ratings.tsv.gz", "sample-20000"),
        ("https://files.example:8443/title.ratings.tsv.gz", "files.example"),
    ],
)
def test_an_entry_of_an_earlier_version_gets_its_origin(
    cache: CacheManager, store: MemoryStore, url: str, origin: str
) -> None:
    content = json.loads(store.content[KEY]) | {"url": url}
    for name in ("origin", "mtime_ns", "inode"):
        del content[name]
    store.content[KEY] = json.dumps(content)

    entry = cache.valid_entry(RATINGS)

    assert entry is not None
    assert entry.origin == origin


def test_an_entry_of_another_file_does_not_count(cache: CacheManager, tmp_path: Path) -> None:
    entry = entry_of(tmp_path / "title.ratings.tsv.gz", 2)
    cache.remember(RATINGS, replace(entry, file="../title.ratings.tsv.gz"))

    assert cache.valid_entry(RATINGS) is None


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", '"text"', "{}", '{"etag": null}'])
def test_garbage_is_no_entry(cache: CacheManager, store: MemoryStore, text: str) -> None:
    store.content[KEY] = text

    assert cache.entry(RATINGS) is None


@pytest.mark.parametrize(
    "edit",
    [
        {"bytes": "82"},
        {"bytes": None},
        {"bytes": 1.5},
        {"rows": -1},
        {"rows": [2]},
        {"sha256": 7},
        {"file": None},
        {"url": None},
        {"origin": None},
        {"mtime_ns": "1"},
        {"url": "http://["},
        {"etag": 7},
        {"etag": "two\nlines"},
        {"etag": ' "blank"'},
        {"etag": '"tag\u2026"'},
        {"last_modified": {"a": 1}},
    ],
)
def test_a_field_that_is_not_what_it_should_be_makes_no_entry(
    cache: CacheManager, store: MemoryStore, edit: dict[str, object]
) -> None:
    store.content[KEY] = json.dumps(json.loads(store.content[KEY]) | edit)

    assert cache.entry(RATINGS) is None


@pytest.mark.parametrize(
    "field", ["etag", "last_modified", "sha256", "bytes", "rows", "file", "url"]
)
def test_a_missing_field_makes_no_entry(
    cache: CacheManager, store: MemoryStore, field: str
) -> None:
    content = json.loads(store.content[KEY])
    del content[field]
    store.content[KEY] = json.dumps(content)

    assert cache.entry(RATINGS) is None


def test_a_field_that_a_later_version_adds_does_no_harm(
    cache: CacheManager, store: MemoryStore
) -> None:
    store.content[KEY] = json.dumps(json.loads(store.content[KEY]) | {"more": 1})

    assert cache.valid_entry(RATINGS) is not None


def test_a_json_file_keeps_two_datasets_apart(tmp_path: Path) -> None:
    crew = dataset_named("title.crew")
    for dataset in (RATINGS, crew):
        _, entry = written(tmp_path, dataset, TWO_ROWS)
        CacheManager(JsonFileStore(tmp_path / "deep" / "cache.json"), tmp_path).remember(
            dataset, entry
        )
    cache = CacheManager(JsonFileStore(tmp_path / "deep" / "cache.json"), tmp_path)

    assert cache.valid_entry(crew) == entry_of(tmp_path / "title.crew.tsv.gz", 2)
    assert cache.valid_entry(RATINGS) == entry_of(tmp_path / "title.ratings.tsv.gz", 2)


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=30), max_size=5))
def test_a_json_file_gives_back_any_text(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("store") / "cache.json"
    for key, value in content.items():
        JsonFileStore(path).write(key, value)

    assert {key: JsonFileStore(path).read(key) for key in content} == content
    assert JsonFileStore(path).read("a key that is not there") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe"])
def test_a_json_file_that_is_garbage_is_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cache.json"
    path.write_bytes(content)
    store = JsonFileStore(path)

    assert store.read("key") is None
    store.write("key", "value")
    assert store.read("key") == "value"


def test_seven_downloads_at_once_forget_nothing(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path / "cache.json")
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(lambda number: store.write(f"key{number}", "x" * 999), range(70)))

    assert {number for number in range(70) if store.read(f"key{number}")} == set(range(70))


OLD = "title.ratings.previous.tsv.gz"


def replaced(cache: CacheManager, rows: list[Row]) -> CacheEntry:
    """Put another file in the place of the one that is there, as a download does."""
    (cache.data_dir / "aside").mkdir(exist_ok=True)
    path, entry = written(cache.data_dir / "aside", RATINGS, rows)
    path.replace(cache.path_of(RATINGS))
    return entry


def kept_entry(cache: CacheManager) -> CacheEntry:
    entry = cache.entry(RATINGS)
    assert entry is not None
    return entry


def test_the_file_that_was_loaded_is_kept_when_another_takes_its_place(
    cache: CacheManager,
) -> None:
    loaded = cache.path_of(RATINGS).read_bytes()

    cache.keep_loaded(RATINGS, kept_entry(cache))
    replaced(cache, THREE_ROWS)

    assert cache.previous_path_of(RATINGS).read_bytes() == loaded
    assert cache.previous_path_of(RATINGS).name == OLD


def test_a_file_that_was_never_loaded_does_not_push_out_the_one_that_was(
    cache: CacheManager,
) -> None:
    loaded = cache.path_of(RATINGS).read_bytes()
    cache.keep_loaded(RATINGS, kept_entry(cache))

    replaced(cache, THREE_ROWS)
    replaced(cache, TWO_ROWS[:1])

    assert cache.previous_path_of(RATINGS).read_bytes() == loaded


def test_no_more_than_one_loaded_file_is_kept(cache: CacheManager) -> None:
    cache.keep_loaded(RATINGS, kept_entry(cache))
    cache.keep_loaded(RATINGS, replaced(cache, THREE_ROWS))

    assert cache.previous_path_of(RATINGS).samefile(cache.path_of(RATINGS))
    assert {path.name for path in cache.data_dir.glob("*.*")} == {RATINGS.file_name, OLD}


@pytest.mark.parametrize("happened", ["gone", "newer"])
def test_a_loaded_file_that_is_not_here_any_more_is_not_kept(
    cache: CacheManager, happened: str
) -> None:
    entry = kept_entry(cache)
    cache.path_of(RATINGS).unlink()
    if happened == "newer":
        replaced(cache, THREE_ROWS)

    cache.keep_loaded(RATINGS, entry)

    assert not cache.previous_path_of(RATINGS).exists()


def test_where_a_file_can_have_one_name_only_it_is_copied_once(
    cache: CacheManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    kept = cache.previous_path_of(RATINGS)

    cache.keep_loaded(RATINGS, kept_entry(cache))
    inode = kept.stat().st_ino
    cache.keep_loaded(RATINGS, kept_entry(cache))

    assert kept.read_bytes() == cache.path_of(RATINGS).read_bytes()
    assert kept.stat().st_ino == inode != cache.path_of(RATINGS).stat().st_ino


def test_what_an_earlier_end_left_is_no_obstacle(cache: CacheManager) -> None:
    left = cache.data_dir / f"{OLD}.tmp"
    left.write_bytes(b"half")

    cache.keep_loaded(RATINGS, kept_entry(cache))

    assert cache.previous_path_of(RATINGS).samefile(cache.path_of(RATINGS))
    assert not left.exists()


@pytest.mark.parametrize("step", ["hardlink_to", "copy"])
def test_a_file_that_cannot_be_kept_costs_a_full_load_and_nothing_more(
    cache: CacheManager,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    def full(_: object, fresh: Path) -> None:
        fresh.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV if step == "copy" else errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr("shutil.copyfile", full)

    cache.keep_loaded(RATINGS, kept_entry(cache))

    assert "The next load will copy the whole file" in caplog.text
    assert ("No space left" in caplog.text) == (step == "copy")
    assert {path.name for path in cache.data_dir.iterdir()} == {RATINGS.file_name}
