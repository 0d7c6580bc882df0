"""Command line: `python -m include.sample make --out DIR`, then `... serve DIR`.

The APIs make what they serve themselves: `... tmdb` and `... trakt`. What Trakt answered once is
served again by `... replay`.
"""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from include.sample.api.server import SampleApiServer
from include.sample.api.traffic import UNLIMITED
from include.sample.maker import DEFAULT_SEED, DEFAULT_TITLES, make_sample
from include.sample.server import SourceServer
from include.sample.tmdb.server import TmdbServer
from include.sample.trakt.replay import FAULT_SHARE, serve_folder, serve_replay
from include.sample.trakt.server import TraktServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "make":
            return _make(options)
        return _serve(_SERVERS[options.command](options))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.sample", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="write the seven files of a sample")
    make.add_argument("--out", type=Path, required=True, help="folder for the files")
    make.add_argument("--titles", type=int, default=DEFAULT_TITLES, help="titles on day 1")
    make.add_argument("--day", type=int, default=1, help="1, or later: new, changed, removed rows")
    make.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed, another world")
    make.add_argument("--jobs", type=int, default=1, help="processes to use")
    serve = commands.add_parser("serve", help="serve a folder of .tsv.gz files on loopback")
    serve.add_argument("folder", type=Path)
    serve.add_argument("--port", type=int, default=0, help="0 (default) finds a free one")
    serve.add_argument("--name", default="", help="the path that the files are served below")
    for name, title in (("tmdb", "TMDb"), ("trakt", "Trakt")):
        api = commands.add_parser(name, help=f"serve an invented {title} API on loopback")
        api.add_argument("--titles", type=int, default=DEFAULT_TITLES, help="as of the sample")
        api.add_argument("--day", type=int, default=1, help="as of the sample")
        api.add_argument("--seed", type=int, default=DEFAULT_SEED, help="as of the sample")
        api.add_argument("--port", type=int, default=0, help="0 (default) finds a free one")
        api.add_argument("--today", type=date.fromisoformat, help="date of the day, YYYY-MM-DD")
        api.add_argument("--unlimited", action="store_true", help="ban no one for a high rate")
    replay = commands.add_parser("replay", help="serve Trakt's answers that landed once more")
    replay.add_argument("--url", default="", help="the warehouse, as postgresql://...")
    replay.add_argument("--batch", type=int, default=0, help="the last batch that is served")
    replay.add_argument("--folder", type=Path, help="recordings with headers.json instead")
    replay.add_argument("--speed", default="max", help="max, or so many times faster than it was")
    replay.add_argument("--scale", type=int, default=1, help="copies of each page, with other ids")
    replay.add_argument("--faults", default="", help="statuses, cut, reset: 503,429,cut")
    replay.add_argument("--share", type=float, default=FAULT_SHARE, help="of answers with a fault")
    replay.add_argument("--seed", type=int, default=1, help="draws other answers for the faults")
    replay.add_argument("--port", type=int, default=0, help="0 (default) finds a free one")
    return parser


def _make(options: argparse.Namespace) -> int:
    began = time.monotonic()
    manifest = make_sample(
        options.out, options.titles, options.day, options.seed, jobs=max(options.jobs, 1)
    )
    seconds = time.monotonic() - began
    for name, facts in manifest.datasets.items():
        changes = f"+{facts.added:,} ~{facts.changed:,} -{facts.removed:,}"
        print(f"{name:17} {facts.rows:>11,} rows  {changes}")
    rows = sum(facts.rows for facts in manifest.datasets.values())
    print(f"day {manifest.day}: {rows:,} rows in {seconds:.1f} s ({rows / seconds:,.0f} rows/s)")
    return 0


def _file_server(options: argparse.Namespace) -> SourceServer:
    return SourceServer(options.folder, options.port, options.name)


def _api_server(options: argparse.Namespace) -> SampleApiServer:
    made = TmdbServer if options.command == "tmdb" else TraktServer
    return made(
        options.titles,
        options.day,
        options.seed,
        options.port,
        today=options.today,
        limits=UNLIMITED if options.unlimited else None,
    )


def _replay_server(options: argparse.Namespace) -> SampleApiServer:
    if options.folder:
        return serve_folder(options.folder, options.port)
    return serve_replay(
        options.url,
        options.batch,
        speed=options.speed,
        scale=options.scale,
        faults=[name for name in options.faults.split(",") if name],
        share=options.share,
        seed=options.seed,
        port=options.port,
    )


_SERVERS: dict[str, Callable[[argparse.Namespace], SourceServer | SampleApiServer]] = {
    "serve": _file_server,
    "tmdb": _api_server,
    "trakt": _api_server,
    "replay": _replay_server,
}


def _serve(server: SourceServer | SampleApiServer) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with server:
        print(server.base_url, flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
