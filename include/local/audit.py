"""`make audit`: are there known vulnerabilities in what is pinned? The answer is never guessed.

pip-audit asks the package index for each package's advisories. An index that does not serve them
would look like one that knows of none, so every package without an answer counts as a failure.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.local.layout import REPOSITORY, LocalError

# In an environment of its own, made and kept by uv: it is no part of ours.
PIP_AUDIT = "pip-audit==2.10.1"
LOCK = REPOSITORY / "include" / "local" / "requirements.txt"


def audit(lock: Path = LOCK) -> int:
    """Ask for every pinned package, say what is known; return 1 where there is something.

    Raises LocalError where the index gave no answer.
    """
    own = Path(sys.prefix) / "uv" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    if uv is None:
        raise LocalError("make audit needs uv: pip install uv.")
    done = subprocess.run(
        [uv, "tool", "run", "--from", PIP_AUDIT, "pip-audit", "--requirement", str(lock),
         "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    try:
        report = json.loads(done.stdout)
    except ValueError:
        said = "\n".join(f"    {line[:300]}" for line in done.stderr.strip().splitlines()[-5:])
        raise LocalError(f"pip-audit gave no answer; nothing is known. It said:\n{said}") from None
    lines = findings(report)
    print("\n".join(lines) or f"no known vulnerability in {len(report['dependencies'])} packages")
    return 1 if lines else 0


def findings(report: Mapping[str, Any]) -> list[str]:
    """Return one line per known vulnerability of pip-audit's report.

    Raises LocalError where a package was not answered for.
    """
    packages = report["dependencies"]
    unknown = [package["name"] for package in packages if "vulns" not in package]
    if unknown or not packages:
        raise LocalError(
            f"{len(unknown)} of {len(packages)} packages could not be checked "
            f"({', '.join(unknown[:3])}, …): the index does not serve advisories "
            "(/pypi/<name>/<version>/json). This is no clean bill: run it where "
            "Python's own package index is reached."
        )
    return [
        f"{package['name']} {package['version']}: {found['id']}"
        f"{' ' + ', '.join(found['aliases']) if found.get('aliases') else ''}, mended in "
        f"{', '.join(found.get('fix_versions') or ()) or 'no version yet'}"
        for package in packages
        for found in package["vulns"]
    ]
