"""What `make run` and the commands about people promise of Trakt."""

import json
import re

import pytest
import requests

from tests.e2e.conftest import ApiDays, run

DAG = "trakt_pipeline"
# As an analyst asks them, unqualified.
QUESTIONS = {
    "most people": """
        select title, breadth, intensity, reply_depth, appreciation
        from mart_title_engagement
        where breadth > 0
        order by breadth desc
    """,
    "by week": """
        select title_key, iso_week, comments
        from mart_title_engagement_weekly
        where comments > 0
    """,
    "episodes": "select * from mart_episode_engagement where comments > 0",
    "ratings": "select * from mart_rating_distribution where votes > 0",
    "quadrants": "select quadrant, count(*) from mart_engagement_quadrants group by 1",
    "titles of IMDb": "select title from dim_trakt_titles where is_in_imdb",
    "likes": "select * from fct_comment_likes_daily where likes > 0",
    "comments": "select level, count(*), sum(words) from fct_comment group by 1",
    "service levels": "select objective, state from meta.slo_daily where source = 'trakt'",
}


def slug_of(api_days: ApiDays) -> str:
    """A user whose words are on a page."""
    ((body,),) = api_days.installation.query(
        "select body from raw.trakt_pages where kind = 'recent' order by page_id desc limit 1"
    )
    # A comment whose author deleted the account has no user any more.
    users = [entry["comment"].get("user") or {} for entry in json.loads(body)]
    return str(next(user["ids"]["slug"] for user in users if user.get("ids", {}).get("slug")))


def breadths(api_days: ApiDays) -> dict[str, int]:
    """The people of each title, counted in the published comments."""
    return dict(
        api_days.installation.query(
            "select title_key, count(distinct user_key) from fct_comment "
            "where title_key is not null group by 1",
            role="ANALYST",
        )
    )


def test_a_run_says_what_was_asked_and_how_good_the_service_is(api_days: ApiDays) -> None:
    summary = api_days.first.summaries[DAG]
    assert summary["published"] is True
    figures = {row["dataset"]: row for row in summary["datasets"]}
    assert figures["recent"]["complete"]
    assert figures["backfill"]["requests"] > 100
    assert "freshness: met" in api_days.first.command.output


def test_the_same_day_again_asks_for_the_feeds_only_and_builds_nothing(api_days: ApiDays) -> None:
    summary = api_days.again.summaries[DAG]
    assert summary["published"] is False
    figures = {row["dataset"]: row for row in summary["datasets"]}
    assert figures["recent"]["rows_inserted"] == 0
    assert figures["deletions"]["requests"] == 0


def test_a_day_later_new_comments_and_moved_likes_are_published(api_days: ApiDays) -> None:
    assert api_days.second_day.summaries[DAG]["published"] is True
    query = api_days.installation.query
    ((days,),) = query(
        "select count(distinct first_seen_at::date) from fct_comment", role="ANALYST"
    )
    assert days == 2
    assert query(
        "select comment_id from fct_comment_likes_daily group by 1 having count(*) > 1 limit 1",
        role="ANALYST",
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_has_an_answer(api_days: ApiDays, question: str) -> None:
    assert api_days.installation.query(QUESTIONS[question], role="ANALYST")


def test_a_metric_is_what_the_live_mart_says(api_days: ApiDays) -> None:
    asked = api_days.installation.make("metrics", QUERY="--metrics breadth --group-by title")
    assert asked.code == 0, asked.output
    lines = [line.split("|") for line in asked.output.splitlines() if line.count("|") == 1]
    found = {title.strip(): int(people) for title, people in lines[1:] if people.strip()}
    assert found == {key: people for key, people in breadths(api_days).items() if people}


def test_a_person_is_forgotten_and_stays_counted(api_days: ApiDays) -> None:
    slug, before = slug_of(api_days), breadths(api_days)
    done = api_days.installation.make("forget-user", USER=slug)
    assert done.code == 0, done.output
    assert slug not in done.output.replace(f"USER={slug}", "")
    query = api_days.installation.query
    bodies = query("select body from raw.trakt_pages where body is not null")
    assert not any(f'"{slug}"' in body for (body,) in bodies)
    assert breadths(api_days) == before


def test_the_name_of_the_shells_user_is_no_user_of_trakt(api_days: ApiDays) -> None:
    folder = f"LOCAL_DIR={api_days.installation.folder}"
    refused = run("make", "--no-print-directory", "forget-user", folder, USER="root")
    assert refused.code != 0
    assert "Say who: make forget-user USER=" in refused.output


def test_what_landed_is_served_again(api_days: ApiDays) -> None:
    ((batch,),) = api_days.installation.query("select max(batch_id) from raw.trakt_pages")
    with api_days.installation.start("replay", BATCH=str(batch), SCALE="2") as lines:
        address = next(found for line in lines if (found := re.search(r"http://\S+", line)))
        headers = {"trakt-api-key": "any", "trakt-api-version": "2", "User-Agent": "a test"}
        url = f"{address[0]}/comments/recent/all/all?include_replies=true&page=1&limit=250"
        answer = requests.get(url, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert json.loads(answer.content)
