"""The tables of docs/metrics.md, written from the semantic models.

`PYTHONPATH=dags python -m tests.support.metrics_page` writes them.
"""

from pathlib import Path

from include.local.semantics import Metric, SemanticLayer, short

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
MARK = "metrics_page, with PYTHONPATH=dags -->\n"


def page(layer: SemanticLayer) -> str:
    """The page: what was written by hand, then the metrics by the marts that they are made of."""
    by_hand = PAGE.read_text("utf-8").partition(MARK)
    by_marts: dict[tuple[str, ...], list[Metric]] = {}
    for metric in layer.metrics.values():
        by_marts.setdefault(tuple(layer.tables(metric.name)), []).append(metric)
    parts = ["".join(by_hand[:2]).rstrip()]
    for marts, metrics in sorted(by_marts.items()):
        parts.append(f"\n## Of {' and '.join(f'`{mart}`' for mart in marts)}\n")
        parts.append("| metric | definition | formula | reason |\n|---|---|---|---|")
        parts += [_line(metric) for metric in metrics]
        words = {tuple(short(layer.group_bys([metric.name]))) for metric in metrics}
        common = [word for word in max(words, key=len) if all(word in each for each in words)]
        parts.append(f"\nGroup by: {', '.join(f'`{word}`' for word in common)}.\n")
        parts.append(f'    make metrics QUERY="{metrics[0].example}"')
    return "\n".join(parts) + "\n"


def _line(metric: Metric) -> str:
    cells = (f"`{metric.name}`", metric.description, f"`{metric.formula}`", metric.reason)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    from tests.support.dbt_site import parsed_project

    PAGE.write_text(page(SemanticLayer(parsed_project().semantic_manifest())), "utf-8")
