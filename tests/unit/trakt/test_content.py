"""What makes a new version of a comment, and how people are taken out of what is kept."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.trakt import comment, entry, user
from trakt_pipeline.content import (
    content_hash,
    data_sha256,
    kept,
    storable,
    without_persons,
    without_words,
)
from trakt_pipeline.subjects import Subject
from trakt_pipeline.user_keys import UserKeys

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_version_is_all_of_a_comment_but_its_author() -> None:
    plain = comment(1)

    assert content_hash(comment(1, user=user(5))) == content_hash(plain)
    assert content_hash(dict(reversed(plain.items()))) == content_hash(plain)
    for changed in ({"likes": 77}, {"comment": "x"}, {"user_rating": None}, {"more": 1}):
        assert content_hash(plain | changed) != content_hash(plain)
    assert json.loads(kept(plain)) == {
        key: value for key, value in plain.items() if key not in ("user", "comment")
    }


@given(JSON)
def test_whatever_json_holds_becomes_json_that_jsonb_holds(data: object) -> None:
    text = storable(data)

    found = json.dumps(json.loads(text), ensure_ascii=False)
    found.encode()
    assert "\\u0000" not in found.replace("\\\\", "")
    assert len(data_sha256(data)) == 64


def test_words_and_authors_are_taken_out_of_bodies_bare_and_in_feeds() -> None:
    bare, feed = [comment(1), comment(2)], [entry(comment(1)), entry(comment(2)), None]
    for page in (bare, feed, comment(2)):
        body = json.dumps(page)
        left = without_words(body, lambda each: each["id"] == 2)
        assert "number 2" not in left
        assert "SecretName2" not in left
        assert ("number 1" in left) == ("number 1" in body)
        assert without_words(left, lambda each: each["id"] == 2) == left
        assert without_words(body, lambda each: each["id"] == 3) is body


def test_an_item_without_persons_still_says_what_it_is_about() -> None:
    item = entry(comment(4, user=user(1, ids={"slug": "secretname1", "trakt": 77}), likes=2.5))

    found = json.loads(without_persons(item))

    assert (found["type"], found["comment"]["id"], found["movie"]["ids"]["trakt"]) == (
        "movie",
        4,
        1,
    )
    assert found["comment"]["likes"] == "float"
    assert found["comment"]["comment"] == "text of 23 characters"
    assert found["comment"]["user"]["ids"] == {"slug": "text of 11 characters", "trakt": "int"}
    assert found["comment"]["user"]["private"] is False
    assert json.loads(without_persons(["a", 1])) == ["text of 1 characters", "int"]


def test_a_user_is_a_number_else_a_slug_and_a_key_without_the_secret_is_not_to_be_made() -> None:
    keys = UserKeys(b"secret")

    assert keys.of({"ids": {"trakt": 5, "slug": "a"}}) == keys.of_number(5) != keys.of_slug("5")
    assert keys.of({"ids": {"slug": "a"}}) == keys.of_slug("a") != UserKeys(b"other").of_slug("a")
    assert keys.all_of({"ids": {"trakt": 5, "slug": "a"}}) == [keys.of_number(5), keys.of_slug("a")]
    assert len(keys.of_slug("\ud800")) == 32
    nameless: list[object] = [None, "a", {}, {"ids": None}, {"ids": {}}, {"ids": {"trakt": "5"}}]
    assert {keys.of(each) for each in nameless} == {None}
    assert "secret" not in repr(keys)


def test_a_subject_names_its_unit_and_its_title() -> None:
    show = {"ids": {"trakt": 8}}
    episode = {"type": "episode", "show": show, "episode": {"season": 0, "number": 4}}
    season = {"type": "season", "show": show, "season": {"number": 2}}
    subjects = [Subject.of_entry(each) for each in (episode, season, entry({}), {"type": "list"})]

    assert [subject.unit for subject in subjects] == [
        "shows/8/seasons/0/episodes/4/comments",
        "shows/8/seasons/2/comments",
        "movies/1/comments",
        None,
    ]
    assert [subject.title for subject in subjects] == [
        Subject("show", 8),
        Subject("show", 8),
        Subject("movie", 1),
        None,
    ]
