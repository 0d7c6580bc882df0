"""What a sample of the default size holds: joins, shares and every oddity of the real files."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median

import pytest

from include.sample.maker import make_sample
from include.sample.rows import DATASETS, HEADERS

Row = dict[str, str]
NULL = "\\N"


@dataclass(frozen=True)
class Sample:
    folder: Path
    _parsed: dict[str, list[Row]] = field(default_factory=dict)

    def text(self, dataset: str) -> str:
        return gzip.decompress((self.folder / f"{dataset}.tsv.gz").read_bytes()).decode("utf-8")

    def rows(self, dataset: str) -> list[Row]:
        names = HEADERS[dataset]
        if dataset not in self._parsed:
            header, *lines = self.text(dataset).removesuffix("\n").split("\n")
            assert tuple(header.split("\t")) == names
            rows = [dict(zip(names, line.split("\t"), strict=True)) for line in lines]
            self._parsed[dataset] = rows
        return self._parsed[dataset]

    @cached_property
    def titles(self) -> list[Row]:
        return self.rows("title.basics")

    @cached_property
    def by_tconst(self) -> dict[str, Row]:
        return {row["tconst"]: row for row in self.titles}

    @cached_property
    def ratings(self) -> list[Row]:
        return self.rows("title.ratings")

    @cached_property
    def akas(self) -> list[Row]:
        return self.rows("title.akas")

    @cached_property
    def crew(self) -> dict[str, Row]:
        return {row["tconst"]: row for row in self.rows("title.crew")}

    @cached_property
    def episodes(self) -> list[Row]:
        return self.rows("title.episode")

    @cached_property
    def principals(self) -> list[Row]:
        return self.rows("title.principals")

    @cached_property
    def people(self) -> list[Row]:
        return self.rows("name.basics")

    @cached_property
    def nconsts(self) -> set[str]:
        return {row["nconst"] for row in self.people}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder)
    return Sample(folder)


def share(found: int, of: int) -> float:
    return found / of


@pytest.mark.parametrize("dataset", DATASETS)
def test_lines_are_sorted_by_key_as_text_and_every_key_is_unique(
    sample: Sample, dataset: str
) -> None:
    first = HEADERS[dataset][0]
    rows = sample.rows(dataset)
    ids = [row[first] for row in rows]
    assert ids == sorted(ids)
    keys = [(row[first], row.get("ordering")) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in ids} == {9, 10}, "ids of seven and of eight digits"
    assert ids != sorted(ids, key=lambda key: int(key[2:])), "text order is not number order"


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_separator_is_the_only_control_character(sample: Sample, dataset: str) -> None:
    controls = {c for c in set(sample.text(dataset)) if c < " " or c == "\x7f"}
    allowed = {"\t", "\n", "\x02"} if dataset == "title.akas" else {"\t", "\n"}
    assert controls == allowed


def test_every_file_ends_with_a_line_end(sample: Sample) -> None:
    assert [name for name in DATASETS if not sample.text(name).endswith("\n")] == []


def test_one_file_has_several_gzip_members_and_each_is_named_like_the_real_ones(
    sample: Sample,
) -> None:
    several = []
    for name in DATASETS:
        data = (sample.folder / f"{name}.tsv.gz").read_bytes()
        assert data[10:19] == b"data.tsv\0"
        assert data[4:8] == bytes(4), "no time inside: equal content, equal file"
        first = zlib.decompressobj(wbits=31)
        first.decompress(data)
        if first.unused_data:
            several.append(name)
    assert several == ["name.basics"]


def test_numbers_of_a_title_are_in_text_order_in_akas_and_in_number_order_in_principals(
    sample: Sample,
) -> None:
    akas: dict[str, list[str]] = {}
    for row in sample.akas:
        akas.setdefault(row["titleId"], []).append(row["ordering"])
    credits_: dict[str, list[str]] = {}
    for row in sample.principals:
        credits_.setdefault(row["tconst"], []).append(row["ordering"])
    assert max(map(len, akas.values())) > 20
    assert all(found == sorted(found) for found in akas.values())
    assert all(found == sorted(found, key=int) for found in credits_.values())


def test_kinds_and_shares_are_like_those_of_the_real_files(sample: Sample) -> None:
    titles = len(sample.titles)
    kinds = Counter(row["titleType"] for row in sample.titles)
    assert share(kinds["tvEpisode"], titles) == pytest.approx(0.70, abs=0.02)
    assert set(kinds) == {
        "tvEpisode", "short", "movie", "video", "tvSeries", "tvMovie", "tvMiniSeries", "tvSpecial",
        "videoGame", "tvShort", "tvPilot",
    }  # fmt: skip
    assert len(sample.episodes) == kinds["tvEpisode"]
    assert share(len(sample.ratings), titles) == pytest.approx(0.16, abs=0.02)
    assert share(len(sample.principals), titles) == pytest.approx(8.2, abs=0.8)
    assert share(len(sample.akas), titles) == pytest.approx(4.5, abs=0.5)
    assert share(len(sample.people), titles) == pytest.approx(1.2, abs=0.01)
    with_principals = {row["tconst"] for row in sample.principals}
    assert share(titles - len(with_principals), titles) == pytest.approx(0.098, abs=0.015)


def test_genres_are_the_28_of_the_real_files_at_most_three_a_title(sample: Sample) -> None:
    lists = [row["genres"].split(",") for row in sample.titles if row["genres"] != NULL]
    assert len({genre for genres in lists for genre in genres}) == 28
    assert {len(genres) for genres in lists} == {1, 2, 3}
    assert all(genres == sorted(set(genres)) for genres in lists)
    assert 0.01 < share(len(sample.titles) - len(lists), len(sample.titles)) < 0.08


def test_ratings_and_votes_are_distributed_like_the_real_ones(sample: Sample) -> None:
    votes = sorted(int(row["numVotes"]) for row in sample.ratings)
    assert votes[0] == 5
    assert 17 <= median(votes) <= 32
    assert 4_000 < votes[int(len(votes) * 0.99)] < 25_000
    assert votes[-1] > 1_000_000
    ratings = [row["averageRating"] for row in sample.ratings]
    assert all(len(r.partition(".")[2]) == 1 for r in ratings)
    values = sorted(map(float, ratings))
    assert (values[0], values[-1]) == (1.0, 10.0)
    assert 6.8 < median(values) < 7.3


def test_years_include_1874_and_the_future_and_end_only_for_series(sample: Sample) -> None:
    starts = [int(r["startYear"]) for r in sample.titles if r["startYear"] != NULL]
    assert min(starts) == 1874
    assert max(starts) >= 2030
    recent, before = (sum(year in range(at, at + 10) for year in starts) for at in (2017, 2007))
    assert share(recent, before) == pytest.approx(1.05, abs=0.15), "some genres grow, some shrink"
    ended = [r for r in sample.titles if r["endYear"] != NULL]
    assert {r["titleType"] for r in ended} == {"tvSeries", "tvMiniSeries"}
    assert all(r["startYear"] <= r["endYear"] for r in ended)
    known = {r["tconst"]: int(r["startYear"]) for r in sample.titles if r["startYear"] != NULL}
    unreleased = {tconst for tconst, year in known.items() if year > 2026}
    assert not unreleased & {r["tconst"] for r in sample.ratings}


def test_episodes_belong_to_series_with_few_exceptions(sample: Sample) -> None:
    parents = [sample.by_tconst.get(row["parentTconst"]) for row in sample.episodes]
    assert {p["titleType"] for p in parents if p} == {"tvSeries", "tvMiniSeries"}
    assert 1 <= parents.count(None) <= len(parents) * 0.002
    assert all(sample.by_tconst[r["tconst"]]["titleType"] == "tvEpisode" for r in sample.episodes)


def test_seasons_and_episode_numbers_have_their_extremes(sample: Sample) -> None:
    pairs = [(r["seasonNumber"], r["episodeNumber"]) for r in sample.episodes]
    assert all((season == NULL) == (episode == NULL) for season, episode in pairs)
    assert share(pairs.count((NULL, NULL)), len(pairs)) == pytest.approx(0.16, abs=0.04)
    numbers = [(int(season), int(episode)) for season, episode in pairs if season != NULL]
    assert any(season == 2003 for season, _ in numbers)
    assert 30 < sum(season == 0 for season, _ in numbers) < 300, "specials"
    assert any(episode == 0 for _, episode in numbers)
    assert max(episode for _, episode in numbers) == 12_652


def test_crew_agrees_with_principals_with_few_exceptions(sample: Sample) -> None:
    assert set(sample.crew) == set(sample.by_tconst)
    for category, column in (("director", "directors"), ("writer", "writers")):
        named = [
            row["nconst"] in sample.crew[row["tconst"]][column].split(",")
            for row in sample.principals
            if row["category"] == category
        ]
        assert share(sum(named), len(named)) > 0.99
    directed = {r["tconst"] for r in sample.principals if r["category"] == "director"}
    silent = [
        tconst
        for tconst, row in sample.crew.items()
        if row["directors"] != NULL and tconst not in directed
    ]
    assert silent, "some titles have directors in crew only"


def test_crew_has_many_writers_and_directors_and_no_duplicates(sample: Sample) -> None:
    writers = [row["writers"].split(",") for row in sample.crew.values()]
    directors = [row["directors"].split(",") for row in sample.crew.values()]
    assert max(map(len, writers)) == 511
    assert max(map(len, directors)) == 167
    assert all(len(set(people)) == len(people) for people in (*writers, *directors))


def test_careers_are_of_every_length(sample: Sample) -> None:
    count = Counter(row["nconst"] for row in sample.principals)
    amounts = sorted(count.values())
    assert amounts[len(amounts) // 2] <= 6
    assert amounts[-1] > 200
    years: dict[str, list[int]] = {}
    for row in sample.principals:
        year = sample.by_tconst[row["tconst"]]["startYear"]
        if year != NULL:
            years.setdefault(row["nconst"], []).append(int(year))
    spans = [max(found) - min(found) for found in years.values()]
    assert sum(span >= 20 for span in spans) > 500
    assert share(sum(span > 70 for span in spans), len(spans)) < 0.01


def test_principals_have_the_irregularities_of_the_real_file(sample: Sample) -> None:
    rows = sample.principals
    assert {row["category"] for row in rows} == {
        "actor", "actress", "self", "writer", "director", "producer", "cinematographer", "composer",
        "editor", "production_designer", "casting_director", "archive_footage", "archive_sound",
    }  # fmt: skip
    assert max(int(row["ordering"]) for row in rows) > 25
    twice = Counter((row["tconst"], row["nconst"], row["category"]) for row in rows)
    assert 0.005 < share(sum(n - 1 for n in twice.values()), len(rows)) < 0.025
    lost = [row for row in rows if row["nconst"] not in sample.nconsts]
    assert 0.0001 < share(len(lost), len(rows)) < 0.001
    jobs = {row["job"] for row in rows}
    assert any(job.startswith('"') for job in jobs)
    assert any(job.count('"') % 2 for job in jobs)
    assert any(job.endswith(" ") for job in jobs)
    assert max(map(len, jobs)) == 134


def test_characters_are_json_arrays_of_one_to_three_with_escaped_quotes(sample: Sample) -> None:
    texts = [row["characters"] for row in sample.principals if row["characters"] != NULL]
    lists = [json.loads(text) for text in set(texts)]
    assert {len(names) for names in lists} == {1, 2, 3}
    assert all(isinstance(name, str) for names in lists for name in names)
    assert sum('\\"' in text for text in texts) > 100
    assert any("\\\\" in text for text in texts)


def test_akas_have_the_irregularities_of_the_real_file(sample: Sample) -> None:
    rows = sample.akas
    assert {len(row["region"]) for row in rows if row["region"] != NULL} == {2, 3, 4}
    types = {"imdbDisplay", "original", "alternative", "working", "tv", "dvd", "festival", "video"}
    assert {*types, NULL} <= {row["types"] for row in rows}
    assert any("\x02" in row["attributes"] for row in rows)
    assert any("\x02" in row["types"] for row in rows)
    assert {row["isOriginalTitle"] for row in rows} == {"0", "1", NULL}
    originals = Counter(row["titleId"] for row in rows if row["isOriginalTitle"] == "1")
    assert {originals[tconst] for tconst in sample.by_tconst} == {0, 1, 2}


@pytest.mark.parametrize(
    ("script", "first", "last"),
    [
        ("Greek", "\u0370", "\u03ff"),
        ("Cyrillic", "\u0400", "\u04ff"),
        ("Hebrew", "\u0590", "\u05ff"),
        ("Armenian", "\u0530", "\u058f"),
        ("Arabic", "\u0600", "\u06ff"),
        ("Tamil", "\u0b80", "\u0bff"),
        ("Devanagari", "\u0900", "\u097f"),
        ("Thai", "\u0e00", "\u0e7f"),
        ("Bengali", "\u0980", "\u09ff"),
        ("Georgian", "\u10a0", "\u10ff"),
        ("Kana", "\u3040", "\u30ff"),
        ("Han", "\u4e00", "\u9fff"),
        ("Hangul", "\uac00", "\ud7af"),
    ],
)
def test_akas_are_written_in_many_scripts(
    sample: Sample, script: str, first: str, last: str
) -> None:
    assert any(first <= char <= last for row in sample.akas for char in row["title"]), script


ODD_TITLES: dict[str, Callable[[str], bool]] = {
    "begins with a quote": lambda t: t.startswith('"'),
    "odd number of quotes": lambda t: t.count('"') % 2 == 1,
    "quotes inside": lambda t: t.count('"') == 2 and not t.startswith('"'),
    "backslash": lambda t: "\\" in t,
    "ends with a backslash": lambda t: t.endswith("\\"),
    "looks like null": lambda t: t.startswith("\\N") and t != NULL,
    "digits only": str.isdigit,
    "looks like SQL": lambda t: "DROP TABLE" in t,
    "HTML entity": lambda t: "&amp;" in t,
    "markup": lambda t: "<script>" in t,
    "emoji": lambda t: any(ord(char) > 0x1F000 for char in t),
    "right-to-left mark": lambda t: "\N{RIGHT-TO-LEFT MARK}" in t,
    "leading space": lambda t: t.startswith(" "),
    "trailing space": lambda t: t.endswith(" "),
    "line separator": lambda t: "\N{LINE SEPARATOR}" in t,
    "combining mark": lambda t: "\N{COMBINING DIAERESIS}" in t,
    "format characters": lambda t: "%s" in t and "{" in t,
    "very long": lambda t: len(t) > 400,
}


@pytest.mark.parametrize("oddity", ODD_TITLES)
def test_titles_have_this_irregularity(sample: Sample, oddity: str) -> None:
    assert any(ODD_TITLES[oddity](row["primaryTitle"]) for row in sample.titles)


def test_titles_lack_the_values_that_real_titles_lack(sample: Sample) -> None:
    assert {r["primaryTitle"] for r in sample.titles}.isdisjoint({NULL, ""})
    missing = sum(row["originalTitle"] == NULL for row in sample.titles)
    assert 1 <= missing < 100
    assert any(r["originalTitle"] not in {NULL, r["primaryTitle"]} for r in sample.titles)
    runtimes = [int(r["runtimeMinutes"]) for r in sample.titles if r["runtimeMinutes"] != NULL]
    assert (min(runtimes), max(runtimes)) == (0, 51_420)
    assert {row["isAdult"] for row in sample.titles} == {"0", "1"}


def test_people_have_the_irregularities_of_the_real_file(sample: Sample) -> None:
    people = sample.people
    assert ("525", "456") in {(row["birthYear"], row["deathYear"]) for row in people}, "BC"
    unknown = sum(row["birthYear"] == NULL for row in people)
    assert share(unknown, len(people)) == pytest.approx(0.65, abs=0.03)
    professions = Counter(p for r in people for p in r["primaryProfession"].split(","))
    assert len(professions) >= 44
    assert professions[""] >= 20
    assert professions[NULL] >= 20
    assert professions["podcaster"] >= 1
    names = Counter(row["primaryName"] for row in people)
    shared = sum(n for n in names.values() if n > 1)
    assert 0.02 < share(shared, len(people)) < 0.08
    assert any('"' in name for name in names)


def test_known_titles_mostly_exist_and_sometimes_do_not(sample: Sample) -> None:
    known = [
        tconst
        for row in sample.people
        if row["knownForTitles"] != NULL
        for tconst in row["knownForTitles"].split(",")
    ]
    lost = sum(tconst not in sample.by_tconst for tconst in known)
    assert 0.01 < share(lost, len(known)) < 0.15
    assert any(row["knownForTitles"] == NULL for row in sample.people)


def test_a_known_title_is_one_the_person_worked_on(sample: Sample) -> None:
    worked = {(row["nconst"], row["tconst"]) for row in sample.principals}
    credited = {nconst for nconst, _ in worked}
    known = [
        (row["nconst"], tconst)
        for row in sample.people
        if row["nconst"] in credited
        for tconst in row["knownForTitles"].split(",")
    ]
    assert share(sum(pair in worked for pair in known), len(known)) > 0.8
