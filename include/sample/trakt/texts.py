"""Texts of comments, made of sentences about nothing, with what breaks careless loaders."""

from include.sample.names import place, surname
from include.sample.randomness import Draw, pick, stream
from include.sample.trakt.traits import Trait
from include.sample.wording import ODD_FORMS, odd_title, work_with_title

REVIEW = 200
"""Words from which a comment is a review."""
_SENTENCES = (
    "The ferry to {p} is the best thing in it.",
    "I did not expect {s} to carry the whole second half alone, and yet it works.",
    "Slow, but the last ten minutes are worth the wait.",
    "Who wrote this? People in {p} do not speak like that.",
    "The music stays with you for days.",
    "It reminded me of “{w}”, only colder and with better boats.",
    "Watched it twice, and the second time I saw the lantern in the first scene.",
    "Not for everyone, but {s} is wonderful.",
    "The plot has a hole the size of {p}.",
    "My whole family loved it, even those who fell asleep.",
    "Beautiful pictures, empty heads.",
    "I laughed more than I should have.",
    "If you liked the book by {s}, stay away.",
    "The scene on the bridge alone earns it another point.",
    "It takes its time, it trusts its actors, and it never explains what need not be explained.",
    "Every season they promise answers and every season we get another door.",
    "The ending does not hold together when you think about it for more than a minute.",
    "Somewhere between {p} and {p} the story forgets what it was about.",
    "Best of the year so far.",
    "What a waste of a good cast.",
)
_SHORT = ("Great!", "Meh.", "Loved it", "10/10", "why though", "So good.", "No.")
_TAILS = (
    "\r\n\r\n[spoiler]{s} was the clockmaker all along.[/spoiler]",
    " [spoiler]They never reach {p}[/spoiler] and that is fine.",
    " Sound &amp; picture: &quot;good&quot;.",
    " \N{CLAPPER BOARD}\N{FIRE}",
    " \N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}",
    "\r\n\r\n**Bold** and _italic_, and a [link](https://example.org/{p}).",
    "\n> as {s} said\n\n- one\n- two",
)
_BROKEN = (" \x00", " \ud83d", " \udc00 \x07")
"""U+0000 and halves of surrogate pairs, which JSON can carry and Postgres' text cannot."""


def comment_text(is_review: bool, *parts: int) -> str:
    """Return a text of at least REVIEW words for a review, and of fewer for all others."""
    draw = stream(Trait.TEXT, *parts)
    if is_review:
        return _tail(_sentences(REVIEW + int(draw() * draw() * 600), draw), draw)
    chance = draw()
    if chance < 0.08:
        return pick(_SHORT, draw)
    if chance < 0.09:
        return odd_title(pick(ODD_FORMS, draw), draw)
    if chance < 0.096:
        return _sentences(8, draw) + pick(_BROKEN, draw)
    return _tail(_sentences(4 + int(draw() * draw() * 120), draw), draw)


def _sentences(words: int, draw: Draw) -> str:
    breaks = "\r\n\r\n" if draw() < 0.3 else " "
    found: list[str] = []
    count = 0
    while count < words:
        sentence = _filled(pick(_SENTENCES, draw), draw)
        count += len(sentence.split())
        found.append(sentence)
    return "".join(
        each + (breaks if place % 4 == 3 else " ") for place, each in enumerate(found, start=1)
    ).rstrip()


def _tail(text: str, draw: Draw) -> str:
    if draw() < 0.7:
        return text
    return text + _filled(pick(_TAILS, draw), draw)


def _filled(text: str, draw: Draw) -> str:
    if "{" not in text:
        return text
    return text.format(p=place(draw), s=surname(draw), w=work_with_title(draw))
