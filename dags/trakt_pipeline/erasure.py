"""Takes people's words and names out of the bodies of pages that landed."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from psycopg2.extensions import cursor as Cursor

from trakt_pipeline.content import without_words

# So many comments are looked for in one reading of the pages.
_AT_ONCE = 500


def erase_comments(cursor: Cursor, comment_ids: Collection[int]) -> int:
    """Erase text and author of comments in all pages; return how many pages changed.

    A page is looked into where it was answered since the first of the comments was seen; answers
    of a cache can be older by a day.
    """
    changed = 0
    numbers = sorted(comment_ids)
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        cursor.execute(
            """
            select page_id
            from raw.trakt_pages
            where
                body ~ %s
                and answered_at >= (
                    select min(first_seen_at) - interval '1 day'
                    from raw.trakt_comments where comment_id = any(%s)
                )
            order by page_id
            """,
            (rf'"id"\s*:\s*({"|".join(map(str, some))})\M', some),
        )
        pages = [page_id for (page_id,) in cursor.fetchall()]
        is_erased = partial(_is_one_of, some)
        changed += sum(erase_in_page(cursor, page_id, is_erased) for page_id in pages)
    return changed


def erase_in_page(
    cursor: Cursor, page_id: int, is_erased: Callable[[dict[str, Any]], bool]
) -> bool:
    """Erase text and author of those comments in one page; say whether it changed."""
    cursor.execute("select body from raw.trakt_pages where page_id = %s for update", (page_id,))
    (body,) = cursor.fetchone() or (None,)
    left = None if body is None else without_words(body, is_erased)
    if left == body:
        return False
    cursor.execute("update raw.trakt_pages set body = %s where page_id = %s", (left, page_id))
    return True


def _is_one_of(comment_ids: Collection[int], comment: dict[str, Any]) -> bool:
    number = comment.get("id")
    return isinstance(number, int) and number in comment_ids
