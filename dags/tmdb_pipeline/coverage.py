"""How much of TMDb is found in IMDb: a figure of the run's report."""

import logging

from psycopg2.extensions import cursor as Cursor

log = logging.getLogger(__name__)


def linked(cursor: Cursor) -> dict[str, str]:
    """Return by kind how many things of the published marts have an id of IMDb, and their share.

    Things whose id IMDb's marts have are counted, too: without IMDb's data these are none.
    """
    cursor.execute(
        """
        select
            media_type, count(*), count(coalesce(tconst, nconst)), count(*) filter (where is_linked)
        from marts.mart_tmdb_imdb_link
        group by media_type
        order by media_type
        """
    )
    found = {
        kind: f"{named:,} of {known:,} ({named / known:.0%}), {there:,} of them in IMDb's marts"
        for kind, known, named, there in cursor.fetchall()
    }
    log.info("; ".join(f"{kind}: {figure}" for kind, figure in found.items()))
    return found
