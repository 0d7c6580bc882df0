"""What titles refer to: genres, companies, networks, countries, languages, keywords."""

from typing import Any

from include.sample.languages import Market
from include.sample.names import place, surname
from include.sample.randomness import mix, stream, words
from include.sample.titles import SampleTitle
from include.sample.tmdb.draws import Purpose, choose, picture_or_none, share

Body = dict[str, Any]
"""A JSON object."""

MOVIE_GENRES = {
    28: "Action",
    12: "Adventure",
    16: "Animation",
    35: "Comedy",
    80: "Crime",
    99: "Documentary",
    18: "Drama",
    10751: "Family",
    14: "Fantasy",
    36: "History",
    27: "Horror",
    10402: "Music",
    9648: "Mystery",
    10749: "Romance",
    878: "Science Fiction",
    10770: "TV Movie",
    53: "Thriller",
    10752: "War",
    37: "Western",
}
TV_GENRES = {
    10759: "Action & Adventure",
    16: "Animation",
    35: "Comedy",
    80: "Crime",
    99: "Documentary",
    18: "Drama",
    10751: "Family",
    10762: "Kids",
    9648: "Mystery",
    10763: "News",
    10764: "Reality",
    10765: "Sci-Fi & Fantasy",
    10766: "Soap",
    10767: "Talk",
    10768: "War & Politics",
    37: "Western",
}
FOREIGN = (10769, "Foreign")
"""A genre of old movies that is in neither list."""

_SAME = {name: number for number, name in MOVIE_GENRES.items()}
# Biography and History are one genre here, so a movie may have it twice.
_OF_MOVIES = _SAME | {
    "Sci-Fi": 878,
    "Biography": 36,
    "Musical": 10402,
    "Film-Noir": 80,
    "News": 99,
    "Sport": 18,
}
_OF_SHOWS = {name: number for number, name in TV_GENRES.items()} | {
    "Action": 10759,
    "Adventure": 10759,
    "Sci-Fi": 10765,
    "Fantasy": 10765,
    "Horror": 9648,
    "Thriller": 9648,
    "War": 10768,
    "Reality-TV": 10764,
    "Game-Show": 10764,
    "Talk-Show": 10767,
    "Romance": 10766,
    "Biography": 99,
    "History": 99,
}

COUNTRIES = {
    "US": "United States of America",
    "GB": "United Kingdom",
    "CA": "Canada",
    "AU": "Australia",
    "FR": "France",
    "DE": "Germany",
    "ES": "Spain",
    "MX": "Mexico",
    "IT": "Italy",
    "PT": "Portugal",
    "BR": "Brazil",
    "SE": "Sweden",
    "DK": "Denmark",
    "FI": "Finland",
    "PL": "Poland",
    "HU": "Hungary",
    "CZ": "Czech Republic",
    "TR": "Turkey",
    "VN": "Vietnam",
    "RU": "Russia",
    "UA": "Ukraine",
    "BG": "Bulgaria",
    "GR": "Greece",
    "EG": "Egypt",
    "IR": "Iran",
    "IL": "Israel",
    "IN": "India",
    "BD": "Bangladesh",
    "LK": "Sri Lanka",
    "TH": "Thailand",
    "GE": "Georgia",
    "AM": "Armenia",
    "JP": "Japan",
    "CN": "China",
    "HK": "Hong Kong",
    "TW": "Taiwan",
    "KR": "South Korea",
}
_HISTORIC = {"XWG": "DE", "DDDE": "DE", "CSHH": "CZ", "XYU": "PL", "SUHH": "RU", "XSA": "MX"}
_LANGUAGE_CODES = {"cmn": "zh", "yue": "cn", "qbn": "zh"}
_LANGUAGES = {
    "en": ("English", "English"),
    "fr": ("French", "Français"),
    "de": ("German", "Deutsch"),
    "es": ("Spanish", "Español"),
    "it": ("Italian", "Italiano"),
    "pt": ("Portuguese", "Português"),
    "hi": ("Hindi", "हिन्दी"),
    "ja": ("Japanese", "日本語"),
    "ko": ("Korean", "한국어/조선말"),
    "ru": ("Russian", "Pусский"),
    "cn": ("Cantonese", "广州话 / 廣州話"),
    "zh": ("Mandarin", "普通话"),
    "ar": ("Arabic", "العربية"),
    "he": ("Hebrew", "עִבְרִית"),
    "xx": ("No Language", "No Language"),
}

COMPANIES = 420
_SAME_NAME_EVERY = 14  # the name of every 14th company is that of the one before it
_NETWORKS = 40
_KEYWORDS = words(
    "lighthouse heist betrayal road-trip found-footage winter small-town time-loop dystopia "
    "beekeeping courtroom revenge coming-of-age ferry clockmaker anthology ghost musician "
    "espionage desert orchestra wedding chess exile prequel"
)
_FIRMS = ("Pictures", "Films", "Studio", "Entertainment", "Media", "Filmproduktion", "& Sons")


def genre_ids(title: SampleTitle, kind: str, number: int) -> list[int]:
    """Return the title's genres at TMDb; a few movies have one of them twice."""
    table = _OF_MOVIES if kind == "movie" else _OF_SHOWS
    found = [table[name] for name in title.genres if name in table]
    if kind == "movie":
        if title.kind == "tvMovie":
            found.append(10770)
        if (title.start or 2000) < 2015 and share(Purpose.MOVIE, number, 1) < 0.02:
            found.append(FOREIGN[0])
        if found and share(Purpose.MOVIE, number, 2) < 0.005:
            found.append(found[0])
    elif {"Animation", "Family"} <= set(title.genres):
        found.append(10762)
    if len(found) > 1 and share(Purpose.MOVIE, number, 2) >= 0.01:
        found = list(dict.fromkeys(found))
    turn = mix(Purpose.MOVIE, number, 3) % max(len(found), 1)
    return found[turn:] + found[:turn]


def genres(ids: list[int], kind: str) -> list[Body]:
    """Return the genres as objects."""
    names = MOVIE_GENRES if kind == "movie" else TV_GENRES
    return [{"id": number, "name": names.get(number, FOREIGN[1])} for number in ids]


def country_of(market: Market) -> str:
    """Return the country of the market today."""
    region = _HISTORIC.get(market.region, market.region)
    return region if region in COUNTRIES else "US"


def language_of(market: Market, number: int) -> str:
    """Return TMDb's code of the language: cn for Cantonese, xx for none."""
    if share(Purpose.MOVIE, number, 4) < 0.004:
        return "xx"
    return _LANGUAGE_CODES.get(market.language, market.language)


def spoken(code: str) -> Body:
    """Return the language as an object; TMDb does not name all of them."""
    english, own = _LANGUAGES.get(code, (code.upper(), ""))
    return {"english_name": english, "iso_639_1": code, "name": own}


def companies(seed: int, number: int) -> list[Body]:
    """Return the companies of a title, its main one first."""
    count = mix(Purpose.COMPANY, seed, number) % 5
    found = {mix(Purpose.COMPANY, seed, number, place) % COMPANIES for place in range(count)}
    return [_company(seed, company) for company in sorted(found)]


def _company(seed: int, company: int) -> Body:
    same = company - 1 if company % _SAME_NAME_EVERY == _SAME_NAME_EVERY - 1 else company
    draw = stream(Purpose.COMPANY, seed, same)
    name = f"{surname(draw)} {_FIRMS[int(draw() * len(_FIRMS))]}"
    home = choose(tuple(COUNTRIES)[:9], Purpose.COMPANY, seed, company, 1)
    if company % 11 == 5:
        home = ""
    return {
        "id": 100 + company * 3,
        "logo_path": picture_or_none(0.5, Purpose.COMPANY, company),
        "name": name,
        "origin_country": home,
    }


def networks(seed: int, number: int, country: str) -> list[Body]:
    """Return the network of a show."""
    network = mix(Purpose.TV, seed, number, 5) % _NETWORKS
    return [
        {
            "id": 10 + network,
            "logo_path": picture_or_none(0.7, Purpose.TV, network),
            "name": f"{place(stream(Purpose.TV, seed, network))} TV",
            "origin_country": "" if network % 9 == 4 else country,
        }
    ]


def keywords(number: int) -> list[Body]:
    """Return up to six keywords of a title."""
    count = mix(Purpose.TEXT, number) % 7
    found = {mix(Purpose.TEXT, number, place) % len(_KEYWORDS) for place in range(count)}
    return [
        {"id": 1000 + key * 7, "name": _KEYWORDS[key].replace("-", " ")} for key in sorted(found)
    ]
