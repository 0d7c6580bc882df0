"""The files that Astro reads say what the design says. There is no Docker engine in the tests."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "docker-compose.override.yml").read_text("utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return dict(line.split(" ;")[0].split("==") for line in lines if "==" in line)


def test_the_warehouse_is_postgres_18_on_loopback_with_its_volume(compose: dict[str, Any]) -> None:
    warehouse = compose["services"]["warehouse"]
    assert warehouse["image"] == "postgres:18"
    assert warehouse["ports"] == ["127.0.0.1:5433:5432"]
    assert "warehouse:/var/lib/postgresql" in warehouse["volumes"]
    assert warehouse["networks"] == ["airflow"]
    assert warehouse["healthcheck"]["test"][0] == "CMD"


def test_every_port_is_on_loopback(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_only_the_warehouse_gets_the_passwords_of_env(compose: dict[str, Any]) -> None:
    given = {name for name, service in compose["services"].items() if "env_file" in service}
    assert given == {"warehouse"}


def test_pgadmin_is_on_port_5050(compose: dict[str, Any]) -> None:
    assert compose["services"]["pgadmin"]["ports"] == ["127.0.0.1:5050:80"]


def test_every_volume_and_mounted_file_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            else:
                assert source in compose["volumes"]


def test_the_first_start_applies_the_same_ddl_and_the_passwords_of_env(
    compose: dict[str, Any], environment: dict[str, str]
) -> None:
    mounts = compose["services"]["warehouse"]["volumes"]
    assert "./include/sql:/sql:ro" in mounts
    script = "./include/sql/container.sh:/docker-entrypoint-initdb.d/container.sh:ro"
    assert script in mounts
    script = (ROOT / "include" / "sql" / "container.sh").read_text("utf-8")
    for variable in re.findall(r"\\getenv \w+ (\w+)", script):
        assert variable in environment


def test_the_connection_of_env_reaches_the_service_with_the_pipelines_password(
    environment: dict[str, str],
) -> None:
    url = environment["AIRFLOW_CONN_WAREHOUSE"]
    assert url.endswith("@warehouse:5432/warehouse")
    assert f"://pipeline:{environment['PIPELINE_PASSWORD']}@" in url


def test_no_password_stands_in_a_tracked_file_except_the_example(compose: dict[str, Any]) -> None:
    harmless = {"False", "nobody"}  # a switch, and a login that desktop mode does not use
    assert all("PASSWORD" not in key or value in harmless
               for service in compose["services"].values()
               for key, value in service.get("environment", {}).items())  # fmt: skip
    settings = yaml.safe_load((ROOT / "airflow_settings.yaml").read_text("utf-8"))
    assert settings["airflow"]["connections"] == []


def test_the_image_installs_what_the_local_lock_pins_and_never_airflow_itself() -> None:
    image, lock = pins("requirements.txt"), pins("include/local/requirements.txt")
    assert "apache-airflow" not in image
    assert image.items() <= lock.items()


def test_the_image_has_the_runtime_of_the_locked_airflow_and_makes_the_manifest() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    # Astro Runtime 3.3-8 is Airflow 3.3.2 (Astronomer's runtime release notes).
    assert dockerfile.startswith("FROM astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12\n")
    assert pins("include/local/requirements.txt")["apache-airflow"] == "3.3.2"
    assert "dbt parse" in dockerfile
    assert "WAREHOUSE_DBT_TARGET_DIR" in dockerfile


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    steps = workflow["jobs"]["test"]["steps"]
    assert any(step.get("run") == ".ci/run" for step in steps)
