"""Section `queries`: the four headline questions and a misspelt title search, as the analyst."""

import random
import time
from contextlib import closing

import psycopg2
from psycopg2.extensions import cursor as Cursor

from bench.context import Bench
from bench.figures import percentile
from bench.report import Goal, MarkdownTable, Measured
from bench.workspace import progress

EXECUTIONS = 200
SECONDS_A_QUESTION = 30.0
GOAL_MILLISECONDS = 50
SEARCH = "title search, misspelt"
QUESTIONS = {
    "films of at least 10,000 votes, best first": """
        select primary_title, average_rating, num_votes, weighted_score, performance_tier
        from mart_top_titles
        where title_type = 'movie' and num_votes >= 10000 and not is_adult
        order by weighted_score desc
    """,
    "well-rated people of many talents": """
        select person_name, total_credits, career_span_years, avg_project_rating, dominant_role,
            versatility_level, quality_reputation
        from mart_person_career
        where versatility_level = 'Multi-Talented' and avg_project_rating >= 7.0
        order by total_credits desc
    """,
    "genres to invest in": """
        select genre, market_share, production_trend, quality_trend, investment_priority,
            content_strategy
        from mart_genre_analytics
        where investment_priority in ('High Priority', 'Medium Priority', 'Emerging Opportunity')
        order by market_share desc, avg_rating desc
    """,
    "consistent series of the first rank": """
        select series_title, total_episodes, total_seasons, avg_series_rating, consistency_rating,
            series_performance_tier, engagement_level
        from mart_series_analytics
        where series_performance_tier in ('Premium Franchise', 'Quality Series')
            and consistency_rating in ('Very Consistent', 'Consistent') and not is_adult
    """,
}
_FIND = """
    select tconst, name, num_votes
    from mart_title_search
    where name %% %(name)s
    order by name <-> %(name)s
    limit 10
"""


def measure(bench: Bench) -> Measured:
    """Ask each question many times in one session; all rows are fetched."""
    database = bench.ready()
    lines, slowest = [], 0.0
    with closing(psycopg2.connect(database.analyst_url)) as session:
        session.autocommit = True
        cursor = session.cursor()
        for title, question in QUESTIONS.items():
            taken, rows = _asked(cursor, [(question, {})])
            slowest = max(slowest, percentile(taken, 0.95))
            lines.append(_line(title, rows, taken))
        names = _misspelt_names(cursor)
        searched, rows = _asked(cursor, [(_FIND, {"name": name}) for name in names])
    lines.append(_line(f"{SEARCH} ({len(names)} names)", rows, searched))
    search = percentile(searched, 0.95)
    progress(f"headline queries: p95 {slowest:.1f} ms; title search: p95 {search:.1f} ms")
    return Measured(
        how=(
            "As the role analyst, in one session over loopback, typed as in the documentation, all "
            f"rows fetched; {EXECUTIONS} executions each (fewer where that takes more than "
            f"{SECONDS_A_QUESTION:.0f} s). The names searched for have two letters exchanged and "
            "one left out; the ten nearest are asked for."
        ),
        tables=[MarkdownTable(["question", "executions", "rows", "p50, ms", "p95, ms"], lines)],
        goals=[
            Goal("headline queries, p95", f"≤ {GOAL_MILLISECONDS} ms", f"{slowest:.1f} ms",
                 slowest <= GOAL_MILLISECONDS),
            Goal("title search, p95", f"≤ {GOAL_MILLISECONDS} ms", f"{search:.1f} ms",
                 search <= GOAL_MILLISECONDS),
        ],
    )  # fmt: skip


def misspelt(name: str, draw: random.Random) -> str:
    """Return the name with two neighbouring letters exchanged and another one left out."""
    letters = list(name)
    place = draw.randrange(len(letters) - 1)
    letters[place : place + 2] = reversed(letters[place : place + 2])
    del letters[draw.randrange(len(letters))]
    return "".join(letters)


def _misspelt_names(cursor: Cursor) -> list[str]:
    draw = random.Random(7)
    cursor.execute(
        """
        select name
        from mart_title_search
        where length(name) between 8 and 40
        order by hashtext(tconst || name)
        limit %s
        """,
        (EXECUTIONS,),
    )
    return [misspelt(str(name), draw) for (name,) in cursor.fetchall()]


def _asked(
    cursor: Cursor, questions: list[tuple[str, dict[str, str]]]
) -> tuple[list[float], int]:  # fmt: skip
    """Ask in turn; return milliseconds and the greatest number of rows. The first one warms up."""
    taken: list[float] = []
    rows = 0
    end = time.monotonic() + SECONDS_A_QUESTION
    for number in range(EXECUTIONS + 1):
        question, values = questions[number % len(questions)]
        began = time.perf_counter()
        cursor.execute(question, values)
        rows = max(rows, len(cursor.fetchall()))
        if number > 0:
            taken.append(1000 * (time.perf_counter() - began))
        if time.monotonic() > end and len(taken) >= 3:
            break
    return taken, rows


def _line(title: str, rows: int, taken: list[float]) -> list[str]:
    return [title, f"{len(taken)}", f"{rows:,}",
            f"{percentile(taken, 0.5):.1f}", f"{percentile(taken, 0.95):.1f}"]  # fmt: skip
