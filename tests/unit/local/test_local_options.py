"""The variables of the command line: what is taken, what is refused and how."""

from pathlib import Path

import pytest

from include.local import source
from include.local.layout import MARKER, REPOSITORY, Layout, LocalError, Ports, Secrets
from include.local.options import Options
from include.sample.maker import DEFAULT_TITLES


def test_nothing_given_is_the_sample_of_day_one() -> None:
    options = Options.of({"SOURCE": "", "DATASETS": ""})
    assert (options.source, options.day, options.titles) == ("sample", 1, DEFAULT_TITLES)
    assert options.datasets is None
    assert not (options.force_download or options.force_transform or options.full_refresh)


def test_datasets_are_taken_in_any_order_and_spacing() -> None:
    options = Options.of({"DATASETS": " title.ratings , title.basics,"})
    assert options.datasets is not None
    assert set(options.datasets) == {"title.basics", "title.ratings"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DATASETS": "title.basics,title.votes"}, "no title.votes.*title.ratings"),
        ({"DATASETS": ","}, "no name in it"),
        ({"DAY": "0"}, "DAY=0: a whole number from 1"),
        ({"DAY": "tomorrow"}, "DAY=tomorrow"),
        ({"DAY": "²"}, "DAY=²"),
        ({"TITLES": "-5"}, "TITLES=-5"),
        ({"SOURCE": "/no/such/folder"}, "no such folder.*sample.*imdb"),
        ({"SOURCE": "imdb", "DAY": "2"}, "DAY and TITLES shape the sample"),
        ({"FULL_REFRESH": "perhaps"}, "FULL_REFRESH=perhaps: 1 or 0"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(variables: dict[str, str], said: str) -> None:
    with pytest.raises(LocalError, match=said):
        Options.of(variables)


def test_a_folder_runs_the_files_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "title.ratings.tsv.gz").touch()
    chosen = source.choose(Options.of({"SOURCE": str(tmp_path)}))
    assert chosen.datasets == ("title.ratings",)
    assert len(chosen.absent) == 6


@pytest.mark.parametrize("datasets", ["", "title.basics"])
def test_a_folder_without_the_wanted_files_is_refused(tmp_path: Path, datasets: str) -> None:
    (tmp_path / "title.crew.tsv.gz.part").touch()
    options = Options.of({"SOURCE": str(tmp_path), "DATASETS": datasets})
    with pytest.raises(LocalError, match=r"has no .*title\.basics\.tsv\.gz"):
        source.choose(options)


def test_days_of_a_sample_are_one_source_and_folders_are_others(tmp_path: Path) -> None:
    def name(**variables: str) -> str:
        return source.choose(Options.of(variables)).name

    (tmp_path / "title.ratings.tsv.gz").touch()
    assert name(DAY="1") == name(DAY="2")
    assert len({name(), name(TITLES="50"), name(SOURCE=str(tmp_path)), name(SOURCE="imdb")}) == 4


def test_a_served_folder_keeps_its_port(tmp_path: Path) -> None:
    files = tmp_path / "my files"
    files.mkdir()
    (files / "title.ratings.tsv.gz").touch()
    options = Options.of({"SOURCE": str(files), "LOCAL_DIR": str(tmp_path / "state")})
    chosen = source.choose(options)
    with source.served(options.layout, chosen) as first:
        pass
    with source.served(options.layout, chosen) as second:
        assert first == second
        # A second installation's server at the same time does not fail, and both are loopback.
        with source.served(options.layout, chosen) as third:
            assert third != second
            assert third.startswith("http://127.0.0.1:")


def test_a_folder_with_other_things_in_it_is_no_place_for_an_installation(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    with pytest.raises(LocalError, match="holds something that is no installation"):
        Options.of({"LOCAL_DIR": str(tmp_path)})


def test_the_repository_itself_is_no_place_for_an_installation() -> None:
    with pytest.raises(LocalError, match="holds something that is no installation"):
        Options.of({"LOCAL_DIR": str(REPOSITORY)})


def test_an_empty_home_is_no_place_for_an_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(LocalError, match="no installation"):
        Options.of({"LOCAL_DIR": "~"})


def test_an_installation_older_than_the_marker_is_known_by_its_secrets(tmp_path: Path) -> None:
    Secrets.of(Layout(tmp_path))
    assert not (tmp_path / MARKER).exists()
    assert Options.of({"LOCAL_DIR": str(tmp_path)}).layout.root == tmp_path


def test_secrets_of_another_project_are_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"token": "theirs"}')
    with pytest.raises(LocalError, match="no installation"):
        Options.of({"LOCAL_DIR": str(tmp_path)})


def test_what_is_served_by_hand_changes_no_remembered_port(tmp_path: Path) -> None:
    (tmp_path / "title.ratings.tsv.gz").touch()
    options = Options.of({"SOURCE": str(tmp_path), "LOCAL_DIR": str(tmp_path / "state")})
    chosen = source.choose(options)
    with source.served(options.layout, chosen) as first:
        remembered = Ports(options.layout).remembered("source")
        with source.served(options.layout, chosen, by_hand=True) as second:
            assert second != first
    assert Ports(options.layout).remembered("source") == remembered


def test_an_empty_folder_becomes_an_installation_and_stays_one(tmp_path: Path) -> None:
    layout = Options.of({"LOCAL_DIR": str(tmp_path)}).layout
    layout.make()
    assert Options.of({"LOCAL_DIR": str(tmp_path)}).layout == layout
