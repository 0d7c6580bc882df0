"""All marts of Trakt from what the raw tables have."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

from tests.e2e.oracle.marts import Mart
from tests.e2e.oracle_trakt.answers import Row, TraktAnswers, read_trakt_seeds
from tests.e2e.oracle_trakt.comments import comments, episodes, likes_daily, titles
from tests.e2e.oracle_trakt.engagement import (
    episode_engagement,
    quadrants,
    title_engagement,
    weekly,
)
from tests.e2e.oracle_trakt.values import count, part, ratio, rounded

TRAKT_KEYS: Mapping[str, tuple[str, ...]] = {
    "dim_trakt_titles": ("title_key",),
    "fct_comment": ("comment_id",),
    "fct_comment_likes_daily": ("comment_id", "day"),
    "mart_title_engagement": ("title_key",),
    "mart_title_engagement_weekly": ("title_key", "week"),
    "mart_episode_engagement": ("title_key", "season", "episode"),
    "mart_rating_distribution": ("title_key", "score"),
    "mart_engagement_quadrants": ("title_key",),
}


def expected_trakt_marts(answers: TraktAnswers, project: Path) -> dict[str, Mart]:
    """Compute the marts, by name."""
    seeds = read_trakt_seeds(project)
    all_titles = titles(answers, seeds.years)
    all_comments = comments(answers, seeds.years)
    engagement = title_engagement(answers, seeds, all_titles, all_comments)
    rows = {
        "dim_trakt_titles": all_titles,
        "fct_comment": all_comments,
        "fct_comment_likes_daily": likes_daily(answers),
        "mart_title_engagement": engagement,
        "mart_title_engagement_weekly": weekly(all_comments),
        "mart_episode_engagement": episode_engagement(all_comments, episodes(answers, seeds.years)),
        "mart_rating_distribution": _distribution(answers),
        "mart_engagement_quadrants": quadrants(engagement, seeds),
    }
    return {name: Mart(name, key, rows[name]) for name, key in TRAKT_KEYS.items()}


def _distribution(answers: TraktAnswers) -> list[Row]:
    rows = []
    for (kind, number), (body, at) in answers.ratings.items():
        own = part(body, "trakt") or body
        votes = [count(part(own, "distribution").get(str(score))) for score in range(1, 11)]
        announced = count(own.get("votes"))
        given = [each for each in votes if each is not None]
        if len(given) < len(votes):
            continue
        for score, (own_votes, up_to) in enumerate(
            zip(given, accumulate(given), strict=True), start=1
        ):
            rows.append(
                {
                    "title_key": f"{kind}-{number}",
                    "score": score,
                    "kind": kind,
                    "title_id": number,
                    "votes": own_votes,
                    "distribution_votes": sum(given),
                    "announced_votes": announced,
                    "share": ratio(own_votes, sum(given), 6),
                    "share_up_to": ratio(up_to, sum(given), 6),
                    "rating": rounded(Decimal(str(own["rating"])), 5) if announced else None,
                    "answered_at": at,
                }
            )
    return rows
