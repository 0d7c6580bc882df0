"""The variables of the command line: what is accepted, and how a wrong one is refused."""

from pathlib import Path

import click
import pytest

from include.local.__main__ import cli, main
from include.local.layout import MARKER, REPOSITORY, Layout, LocalError, Ports, Secrets
from include.local.options import Options
from include.local.sources.imdb import ImdbFiles, origin_of
from include.sample.maker import DEFAULT_TITLES


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path / "state"))


def options(*words: str) -> Options:
    """The options of `run` with these words."""
    command = cli.commands["run"]
    return Options.of(**command.make_context("run", list(words)).params)


def test_nothing_given_is_the_whole_sample_of_day_one() -> None:
    found = options()
    assert (found.source, found.day, found.titles) == ("sample", 1, DEFAULT_TITLES)
    assert (found.datasets, found.accept_shrink) == (None, ())
    assert not (found.force_download or found.force_transform or found.full_refresh)


def test_variables_of_make_are_options(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"DAY": "2", "FULL_REFRESH": "1", "FORCE_DOWNLOAD": "0", "SOURCE": "", "TITLES": ""}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = options()
    assert (found.day, found.full_refresh, found.force_download) == (2, True, False)
    assert (found.source, found.titles) == ("sample", DEFAULT_TITLES)


def test_a_command_without_a_source_takes_that_of_the_last_run(tmp_path: Path) -> None:
    Layout.of().make()
    options("--day", "2", "--titles", "50", "--source-name", "mine").remember()
    found = options()
    assert (found.source, found.day, found.titles, found.source_name) == ("sample", 2, 50, "mine")
    assert not found.named
    assert (options("--day", "3").titles, options("--titles", "60").day) == (50, 1)
    assert options("--source", "sample").titles == DEFAULT_TITLES
    options("--source", str(tmp_path)).remember()
    assert options().source == tmp_path
    assert options("--day", "3").titles == DEFAULT_TITLES


def test_a_source_of_the_last_run_that_is_gone_is_named(tmp_path: Path) -> None:
    Layout.of().make()
    (tmp_path / "gone").mkdir()
    options("--source", str(tmp_path / "gone")).remember()
    (tmp_path / "gone").rmdir()
    with pytest.raises(click.UsageError, match="say SOURCE="):
        options()


def test_without_pipelines_all_run_that_read_the_source(tmp_path: Path) -> None:
    Layout.of().make()
    options("--pipelines", "tmdb").remember()
    assert options().pipelines == ("imdb", "tmdb", "trakt")
    assert options("--source", str(tmp_path)).pipelines == ("imdb",)
    assert options("--source", "tmdb").pipelines == ("tmdb",)
    assert options("--source", "trakt").pipelines == ("trakt",)
    assert options("--datasets", "title.crew").pipelines == ("imdb",)
    with pytest.raises(click.UsageError, match="tmdb does not read SOURCE=imdb"):
        options("--source", "imdb", "--pipelines", "tmdb")


def test_datasets_are_accepted_in_any_order_and_spacing() -> None:
    found = options("--datasets", " title.ratings , title.basics,").datasets
    assert found == ("title.basics", "title.ratings")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DATASETS": "title.basics,title.votes"}, "no title.votes. The datasets are"),
        ({"DATASETS": ","}, "no name in it"),
        ({"DAY": "0"}, "DAY=0: 0 is not in the range x>=1"),
        ({"DAY": "tomorrow"}, "DAY=tomorrow: 'tomorrow' is not"),
        ({"SOURCE": "/no/such/folder"}, "no such folder. SOURCE is sample"),
        ({"SOURCE": "imdb", "DAY": "2"}, "DAY and TITLES shape the sample"),
        ({"FULL_REFRESH": "perhaps"}, "FULL_REFRESH=perhaps"),
        ({"LOCAL_DIR": str(REPOSITORY)}, "contains files that are no installation"),
    ],
)
def test_a_wrong_variable_is_named_before_any_work(
    variables: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["include.local", "run"])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main() != 0
    assert said in capsys.readouterr().err


def test_every_verb_of_the_makefile_is_a_command() -> None:
    lines = (REPOSITORY / "Makefile").read_text("utf-8").splitlines()
    called = {line.split()[1] for line in lines if line.startswith("\t$(LOCAL) ")}
    assert called
    assert called <= set(cli.commands)


def test_a_folder_runs_the_files_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "title.ratings.tsv.gz").touch()
    chosen = ImdbFiles.chosen(options("--source", str(tmp_path)))
    assert chosen.datasets == ("title.ratings",)
    assert len(chosen.lacking) == 6


@pytest.mark.parametrize("datasets", [(), ("--datasets", "title.basics")])
def test_a_folder_without_the_wanted_files_is_refused(
    tmp_path: Path, datasets: tuple[str, ...]
) -> None:
    (tmp_path / "title.crew.tsv.gz.part").touch()
    found = options("--source", str(tmp_path), *datasets)
    with pytest.raises(LocalError, match=r"has no .*title\.basics\.tsv\.gz"):
        ImdbFiles.chosen(found)


def test_days_of_a_sample_are_one_source_and_folders_are_others(tmp_path: Path) -> None:
    def name(*words: str) -> str:
        return ImdbFiles.chosen(options(*words)).name

    (tmp_path / "title.ratings.tsv.gz").touch()
    assert name("--day", "1") == name("--day", "2")
    names = {name(), name("--titles", "50"), name("--source", str(tmp_path)), name("--source=imdb")}
    assert len(names) == 4


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/files/2026-11-01", "files"),
        ("/files/2026-11-02", "files"),
        ("/files/2026/11/02", "files"),
        ("/files/20261102T0315Z", "files"),
        ("/files/imdb-2026_11_02", "imdb"),
        ("/files/2026-11-02.imdb", "imdb"),
        ("/2026-11-02", "folder"),
        ("/files/imdb2", "imdb2"),
        ("/files/sample-20000", "sample-20000"),
        ("/files/sample-200000", "sample-200000"),
        ("/files/day-1", "day-1"),
    ],
)
def test_a_date_is_no_part_of_the_name_of_a_folder(folder: str, name: str) -> None:
    assert origin_of(Path(folder)) == name


def test_a_file_that_is_not_compressed_is_named_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "title.crew.tsv.gz").touch()
    (tmp_path / "title.ratings.tsv").touch()
    found = options("--source", str(tmp_path))
    with pytest.raises(LocalError, match=rf"gzip -k {tmp_path}/title\.ratings\.tsv$"):
        ImdbFiles.chosen(found)
    chosen = ImdbFiles.chosen(options("--source", str(tmp_path), "--datasets", "title.crew"))
    assert chosen.datasets == ("title.crew",)


def test_a_served_folder_keeps_its_port(tmp_path: Path) -> None:
    files = tmp_path / "my files"
    files.mkdir()
    (files / "title.ratings.tsv.gz").touch()
    found = options("--source", str(files))
    chosen = ImdbFiles.chosen(found)
    with chosen.served() as first:
        pass
    with chosen.served() as second:
        assert first == second
        # A command beside it gets another port, which is not remembered.
        with chosen.served(by_hand=True) as third:
            assert third["IMDB_BASE_URL"] != second["IMDB_BASE_URL"]
            assert third["IMDB_BASE_URL"].startswith("http://127.0.0.1:")
    assert f":{Ports(found.layout).remembered('source')}/" in second["IMDB_BASE_URL"]


def test_a_folder_with_other_files_does_not_become_an_installation(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    with pytest.raises(LocalError, match="no installation"):
        Layout.of({"LOCAL_DIR": str(tmp_path)})


def test_an_empty_home_does_not_become_an_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(LocalError, match="no installation"):
        Layout.of({"LOCAL_DIR": "~"})


def test_an_installation_without_the_marker_is_recognized_by_its_secrets(tmp_path: Path) -> None:
    Secrets.of(Layout(tmp_path))
    assert not (tmp_path / MARKER).exists()
    assert Layout.of({"LOCAL_DIR": str(tmp_path)}).root == tmp_path


def test_secrets_of_another_project_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"token": "theirs"}')
    with pytest.raises(LocalError, match="no installation"):
        Layout.of({"LOCAL_DIR": str(tmp_path)})


def test_an_empty_folder_becomes_an_installation_and_stays_one(tmp_path: Path) -> None:
    layout = Layout.of({"LOCAL_DIR": str(tmp_path)})
    layout.make()
    assert Layout.of({"LOCAL_DIR": str(tmp_path)}) == layout


def test_an_unknown_verb_is_refused_with_the_known_ones() -> None:
    with pytest.raises(click.UsageError, match="No such command"):
        cli.resolve_command(click.Context(cli), ["nonsense"])
