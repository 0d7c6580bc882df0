"""`make audit` says what is known, and never takes no answer for a good one."""

import pytest

from include.local.audit import findings
from include.local.layout import LocalError

GOOD = {"name": "good", "version": "1.0", "vulns": []}
BAD = {
    "name": "bad",
    "version": "2.0",
    "vulns": [
        {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1", "3.0"]},
        {"id": "GHSA-2", "aliases": [], "fix_versions": []},
    ],
}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def test_nothing_known_is_no_line() -> None:
    assert findings({"dependencies": [GOOD]}) == []


def test_each_vulnerability_is_a_line_with_its_mending() -> None:
    assert findings({"dependencies": [GOOD, BAD]}) == [
        "bad 2.0: PYSEC-1 CVE-1, mended in 2.1, 3.0",
        "bad 2.0: GHSA-2, mended in no version yet",
    ]


@pytest.mark.parametrize("packages", [[GOOD, UNKNOWN], [UNKNOWN], []])
def test_a_package_without_an_answer_is_a_failure(packages: list[dict[str, object]]) -> None:
    with pytest.raises(LocalError, match="no clean bill"):
        findings({"dependencies": packages})
