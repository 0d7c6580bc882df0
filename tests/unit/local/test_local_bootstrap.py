"""The set-up: what it prints and decides before there is an environment."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from requests.utils import get_environ_proxies

from include.local import bootstrap


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "fits"),
    [((3, 9, 18), False), ((3, 10, 13), False), ((3, 11, 0), True), ((3, 13, 9), True),
     ((3, 14, 0), False), ((2, 7, 18), False)],
)  # fmt: skip
def test_three_versions_of_python_fit(version: tuple[int, ...], fits: bool) -> None:
    assert bootstrap.is_supported(version) is fits


def test_a_python_that_does_not_fit_is_named_with_what_would() -> None:
    said = bootstrap.wrong_python_message((3, 9, 18), "/usr/bin/python3")
    assert "needs Python 3.11, 3.12 or 3.13, found 3.9.18 at /usr/bin/python3" in said
    assert "PYTHON=" in said


def test_old_pythons_can_read_the_file() -> None:
    ast.parse(Path(bootstrap.__file__).read_text("utf-8"), feature_version=(3, 5))


def test_a_shim_that_does_not_run_is_skipped(tmp_path: Path) -> None:
    program(tmp_path, "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    program(tmp_path, "python3.12", "echo 3.12")
    assert bootstrap.find_python(str(tmp_path)) == str(tmp_path / "python3.12")


def test_a_program_of_another_version_than_its_name_is_skipped(tmp_path: Path) -> None:
    program(tmp_path, "python3.12", "echo 3.9")
    assert bootstrap.find_python(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("error: dns error: failed to lookup address", "cannot be reached"),
        ("Could not find a version ... No matching distribution found", "cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
        ("something new", "try again"),
    ],
)
def test_a_failure_is_shown_with_advice(output: str, advice: str) -> None:
    said = bootstrap.failure_message("installing uv", output)
    assert said.startswith("installing uv failed:")
    assert output in said
    assert advice in said


@pytest.mark.parametrize(("needs", "code"), [("UV_SYSTEM_CERTS", 0), ("NOTHING_HELPS", 1)])
def test_an_untrusted_certificate_is_tried_again_with_the_machines_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: str, code: int
) -> None:
    monkeypatch.delenv("UV_SYSTEM_CERTS", raising=False)
    program(
        tmp_path,
        "uv",
        f'echo try >> {tmp_path}/tries; [ -n "${needs}" ] && exit 0\n'
        "echo 'cause: error sending request'; echo 'cause: invalid peer certificate: UnknownIssuer'"
        "; exit 2",
    )
    install = [str(tmp_path / "uv")]
    if code == 0:
        bootstrap._run(install, "installing")
    else:
        with pytest.raises(bootstrap.SetupError, match="SSL_CERT_FILE"):
            bootstrap._run(install, "installing")
    assert (tmp_path / "tries").read_text().split() == ["try", "try"]


def test_bytecode_is_written_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "PYTHONDONTWRITEBYTECODE" not in bootstrap.child_environment()


def test_without_a_home_nothing_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "")
    assert bootstrap.child_environment()["UV_NO_CACHE"] == "1"


@pytest.mark.parametrize(
    "shell",
    [
        {"HTTP_PROXY": "http://127.0.0.1:9"},
        {"http_proxy": "http://127.0.0.1:9", "no_proxy": ".corp.example"},
        {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": " one.example, 127.0.0.1"},
        {"http_proxy": "http://127.0.0.1:9", "NO_PROXY": "*", "no_proxy": "two.example"},
    ],
)
def test_no_address_of_this_machine_goes_to_a_proxy(
    shell: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in bootstrap.own_environment(shell).items():
        monkeypatch.setenv(name, value)
    for host in ("127.0.0.1:8080", "localhost:8080", "[::1]:8080"):
        assert get_environ_proxies(f"http://{host}/") == {}, host
    for host in os.environ["no_proxy"].replace("*", "any.example").split(","):
        assert get_environ_proxies(f"http://{host.lstrip('.')}/") == {} or ":" in host
    asks = "NO_PROXY" not in shell or "*" not in shell["NO_PROXY"]
    assert bool(get_environ_proxies("http://datasets.example/")) is asks


def test_variables_of_postgres_are_left_out_and_others_are_kept() -> None:
    shell = {
        "PGOPTIONS": "-c search_path=other",
        "PGCLIENTENCODING": "LATIN5",
        "IMDB_DATA_DIR": "d",
    }
    kept = bootstrap.own_environment(shell)
    assert kept["IMDB_DATA_DIR"] == "d"
    assert not [name for name in kept if name.startswith("PG")]


@pytest.fixture
def ready(tmp_path: Path) -> bootstrap.Environment:
    """An environment that was made; what is in it does not matter here."""
    lock = tmp_path / "requirements.txt"
    lock.write_text("one==1\n")
    environment = bootstrap.Environment(tmp_path / "env", lock)
    assert not environment.is_ready()
    environment.folder.mkdir()
    environment.python.parent.mkdir()
    environment.python.symlink_to(sys.executable)
    for name in ("airflow", "dbt"):
        program(environment.folder / "bin", name, f"exec '{environment.python}' \"$0\"")
    environment.stamp.write_text(bootstrap.stamp_of(lock))
    return environment


def test_an_environment_of_another_lock_is_not_ready(ready: bootstrap.Environment) -> None:
    assert ready.is_ready()
    ready.stamp.write_text(f"{bootstrap.stamp_of(ready.lock)}\n{ready.folder}\n")  # of before
    assert ready.is_ready()
    ready.lock.write_text("one==2\n")
    assert not ready.is_ready()


def test_an_environment_of_a_moved_project_is_not_ready(
    ready: bootstrap.Environment, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(ready.folder)
    assert bootstrap.Environment(tmp_path / "link", ready.lock).is_ready()
    moved = bootstrap.Environment(ready.folder.rename(tmp_path / "moved"), ready.lock)
    assert "was moved: airflow starts with #!/bin/sh" in str(moved.fault())


def test_a_ready_environment_is_left_alone(ready: bootstrap.Environment) -> None:
    before = ready.stamp.stat().st_mtime_ns
    ready.ensure()
    assert ready.stamp.stat().st_mtime_ns == before


def test_no_way_to_make_an_environment_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "python3", "echo 'No module named venv' >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python3"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    lock = tmp_path / "requirements.txt"
    lock.write_text("")
    with pytest.raises(bootstrap.SetupError, match="apt install python3-venv"):
        bootstrap.Environment(tmp_path / "env", lock).ensure()


def test_help_needs_no_environment() -> None:
    done = subprocess.run(
        ["make", "help"],
        cwd=bootstrap.REPOSITORY,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    verbs = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("make ")}
    assert {"run", "up", "down", "psql", "docs", "manifest", "schema", "test", "help"} <= verbs
