"""Airflow's API server has no login here, so it answers to the names of this machine only.

Without this, a page on the internet could reach it through a browser on this machine, with a name
of its own that resolves to 127.0.0.1 (DNS rebinding).
"""

from airflow.plugins_manager import AirflowPlugin
from starlette.middleware.trustedhost import TrustedHostMiddleware


class LoopbackHosts(AirflowPlugin):
    """Refuses requests with another Host than one of loopback, with status 400."""

    name = "loopback_hosts"
    fastapi_root_middlewares = [  # noqa: RUF012 - Airflow's class declares it so
        {
            "name": "Loopback hosts",
            "middleware": TrustedHostMiddleware,
            "args": [],
            "kwargs": {"allowed_hosts": ["localhost", "127.0.0.1", "[::1]"]},
        }
    ]
