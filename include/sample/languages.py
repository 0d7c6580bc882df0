"""Where titles are shown and in which script: regions, languages, and words in each of them."""

from dataclasses import dataclass

from include.sample.names import place
from include.sample.randomness import Draw, Weighted, pick


@dataclass(frozen=True)
class Market:
    """A region with its own names of titles."""

    region: str
    language: str
    script: str
    series_episode: str
    """How an episode without a name is called: takes `s` and `e`."""


_EN = "Episode #{s}.{e}"
_MARKETS: dict[Market, float] = {
    Market("US", "en", "latin", _EN): 12,
    Market("GB", "en", "latin", _EN): 6,
    Market("CA", "fr", "fr", "Épisode #{s}.{e}"): 2,
    Market("AU", "en", "latin", _EN): 1.5,
    Market("XWW", "en", "latin", _EN): 4,
    Market("XEU", "en", "latin", _EN): 0.4,
    Market("FR", "fr", "fr", "Épisode #{s}.{e}"): 10,
    Market("DE", "de", "de", "Folge #{s}.{e}"): 10,
    Market("XWG", "de", "de", "Folge #{s}.{e}"): 0.3,
    Market("DDDE", "de", "de", "Folge #{s}.{e}"): 0.2,
    Market("ES", "es", "es", "Episodio #{s}.{e}"): 9,
    Market("MX", "es", "es", "Episodio #{s}.{e}"): 2,
    Market("XSA", "es", "es", "Episodio #{s}.{e}"): 0.3,
    Market("IT", "it", "it", "Episodio #{s}.{e}"): 9,
    Market("PT", "pt", "pt", "Episódio #{s}.{e}"): 8,
    Market("BR", "pt", "pt", "Episódio #{s}.{e}"): 4,
    Market("SE", "sv", "sv", "Avsnitt #{s}.{e}"): 2,
    Market("DK", "da", "sv", "Afsnit #{s}.{e}"): 2,
    Market("FI", "fi", "latin", "Jakso #{s}.{e}"): 1.5,
    Market("PL", "pl", "pl", "Odcinek #{s}.{e}"): 2,
    Market("HU", "hu", "hu", "#{s}.{e}. epizód"): 2,
    Market("CZ", "cs", "pl", "Epizoda #{s}.{e}"): 0.7,
    Market("CSHH", "cs", "pl", "Epizoda #{s}.{e}"): 0.3,
    Market("XYU", "sr", "pl", "Epizoda #{s}.{e}"): 0.4,
    Market("TR", "tr", "tr", "Bölüm #{s}.{e}"): 1.5,
    Market("VN", "vi", "vi", "Tập #{s}.{e}"): 0.6,
    Market("RU", "ru", "cyrillic", "Эпизод #{s}.{e}"): 2.5,
    Market("SUHH", "ru", "cyrillic", "Серия #{s}.{e}"): 0.7,
    Market("UA", "uk", "ukrainian", "Епізод #{s}.{e}"): 1,
    Market("BG", "bg", "cyrillic", "Епизод #{s}.{e}"): 0.8,
    Market("GR", "el", "greek", "Επεισόδιο #{s}.{e}"): 1,
    Market("EG", "ar", "arabic", "الحلقة #{s}.{e}"): 0.8,
    Market("IR", "fa", "arabic", "قسمت #{s}.{e}"): 0.4,
    Market("IL", "he", "hebrew", "פרק #{s}.{e}"): 0.7,
    Market("IN", "hi", "devanagari", "एपिसोड #{s}.{e}"): 7,
    Market("BD", "bn", "bengali", "পর্ব #{s}.{e}"): 0.2,
    Market("LK", "ta", "tamil", "பகுதி #{s}.{e}"): 0.2,
    Market("TH", "th", "thai", "ตอน #{s}.{e}"): 0.5,
    Market("GE", "ka", "georgian", "ეპიზოდი #{s}.{e}"): 0.2,
    Market("AM", "hy", "armenian", "Սերիա #{s}.{e}"): 0.2,
    Market("JP", "ja", "japanese", "エピソード #{s}.{e}"): 9,
    Market("CN", "cmn", "han", "第{s}季第{e}集"): 1,
    Market("HK", "yue", "han", "第{s}季第{e}集"): 0.6,
    Market("TW", "qbn", "han", "第{s}季第{e}集"): 0.8,
    Market("KR", "ko", "hangul", "에피소드 #{s}.{e}"): 1.2,
}
MARKETS = tuple(_MARKETS)
market = Weighted(_MARKETS)
"""Draws a region, the big ones more often."""

EPISODE_MARKETS = tuple(
    m for m in MARKETS if m.region in {"FR", "DE", "ES", "IT", "PT", "IN", "JP"}
)
"""The regions that have a name for every unnamed episode."""

# Latin languages: a phrase around a noun and a place that does not exist.
_PHRASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fr": (
        ("Le {n} de {p}", "L'été à {p}", "Les {n}s d'{p}", "Où est {p} ?"),
        ("château", "voleur", "œil", "garçon"),
    ),
    "de": (
        ("Der {n} von {p}", "Im {n} bei {p}", "{p}er {n}"),
        ("König", "Schlüssel", "Schloßgärtner", "Fluß"),
    ),
    "es": (
        ("El {n} de {p}", "¿Dónde está {p}?", "Mañana en {p}"),
        ("niño", "corazón", "camión", "pingüino"),
    ),
    "it": (("Il {n} di {p}", "Perché {p}", "La città di {p}"), ("ragazzo", "mulino", "segreto")),
    "pt": (
        ("O {n} de {p}", "A canção de {p}", "Não há {n} em {p}"),
        ("coração", "irmão", "pássaro"),
    ),
    "sv": (("Vägen till {p}", "{n} på {p}", "Sommaren i {p}"), ("Ön", "Tåget", "Sjömännen")),
    "pl": (("{n} z {p}", "Noc w {p}", "Ostatni {n}: {p}"), ("Żołnierz", "Książę", "Wąż")),
    "hu": (("A {p} {n}", "{p} és az {n}", "Hűség: {p}"), ("őrült", "kőműves", "üveghegy")),
    "tr": (("{p}'nin {n}", "{n}: {p}", "Son {n} {p}"), ("Gölgesi", "Işığı", "Şarkısı")),
    "vi": (("{n} ở {p}", "Đường về {p}"), ("Người", "Mưa đêm", "Đảo nhỏ")),
}

# Other scripts: syllables of the script, with the separator of two words.
_SYLLABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "latin": (
        ("bel", "dor", "fen", "gil", "hak", "jor", "kel", "lum", "nar", "rov", "sil", "tam", "vor"),
        " ",
    ),
    "cyrillic": (
        ("вел", "дор", "мир", "гра", "жель", "щук", "лой", "ный", "тар", "ярм", "эст", "чень"),
        " ",
    ),
    "ukrainian": (("їжа", "гор", "єди", "лін", "вій", "дзь", "кра", "ґан"), " "),
    "greek": (("βελ", "θώρ", "μυρ", "ξέν", "ψιλ", "γκα", "ρίς", "ωδή", "λάμ"), " "),
    "arabic": (("بال", "دور", "ميل", "قصر", "نور", "شيب", "خلد", "طرق", "غيم"), " "),
    "hebrew": (("בל", "דור", "מיר", "קש", "נור", "שיל", "חלד", "צפן"), " "),
    "devanagari": (("बे", "लो", "मिर", "का", "टो", "शी", "ध्व", "रू", "चंद"), " "),
    "bengali": (("বে", "লো", "মি", "কা", "টো", "শী"), " "),
    "tamil": (("பே", "லோ", "மி", "கா", "டோ", "ஷீ"), " "),
    "thai": (("เบ", "ลอ", "มี", "กา", "โต", "ชี", "รู"), ""),
    "georgian": (("ბელ", "დორ", "მირ", "კაშ", "ნურ"), " "),
    "armenian": (("բել", "դոր", "միր", "կաշ", "նուր"), " "),
    "japanese": (
        ("ベル", "ドー", "ミラ", "の", "夜", "街", "キョ", "ウ", "物語", "ざわ", "ヴァ"),
        "",
    ),
    "han": (("遠", "城", "夜", "河", "記", "鐘", "霧", "門", "島", "塔", "簷"), ""),
    "hangul": (("벨", "도르", "미라", "의", "밤", "강", "탑", "섬", "종"), " "),
}


def local_title(script: str, draw: Draw) -> str:
    """Return a title in that language or script."""
    if script in _PHRASES:
        phrases, nouns = _PHRASES[script]
        return pick(phrases, draw).format(n=pick(nouns, draw), p=place(draw))
    syllables, gap = _SYLLABLES[script]
    words = 2 + int(draw() * 2)
    return gap.join(
        "".join(pick(syllables, draw) for _ in range(2 + int(draw() * 2))).capitalize()
        for _ in range(words)
    )
