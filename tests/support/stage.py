"""A warehouse in the middle of its life, as often as one is needed: for what may happen to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import copytree

from imdb_pipeline.config import dataset_named
from include.sample.maker import make_sample
from tests.support import pipeline as tasks
from tests.support.fingerprint import files, fingerprint
from tests.support.marts import Marts
from tests.support.pipeline import Pipeline
from tests.support.postgres import Cluster, Database
from tests.support.source import Answer, Request, good_server, running_source

TITLES = 300
# One with a key of two columns, and the one that keeps its history.
FULL, DELTA = "title.principals", "title.ratings"
MARTS = ("mart_one", "mart_two")
# Of the warehouse and of the data folder.
State = tuple[dict[str, str], dict[str, str]]


@dataclass(frozen=True)
class Scene:
    """A warehouse and a data folder in the state that an operation begins with."""

    database: Database
    folder: Path
    source_url: str

    def state(self) -> State:
        """What the warehouse and the folder hold."""
        return fingerprint(self.database), files(self.folder)

    @property
    def marts(self) -> Marts:
        return Marts(self.database, self.folder / "project", MARTS)

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.database.url, self.folder, self.source_url)


@dataclass
class Stage:
    """Where scenes are set: a loaded warehouse as the template, its files, a source with newer."""

    postgres: Cluster
    template: Database
    folder: Path
    source_url: str
    beginnings: dict[str, State] = field(default_factory=dict)
    endings: dict[str, State] = field(default_factory=dict)
    scenes: int = 0

    def scene(self, stack: ExitStack, operation: str) -> Scene:
        """Set the scene for an operation: a new copy of the stage."""
        self.scenes += 1
        folder = self.folder / f"scene-{self.scenes}"
        copytree(self.folder / "loaded", folder)
        database = stack.enter_context(self.postgres.database(self.template.name))
        scene = Scene(database, folder, self.source_url)
        if operation == "load as a delta":
            scene.pipeline.download(DELTA)
        if operation == "load in full":
            scene.pipeline.download(FULL)
            scene.pipeline.cache.previous_path_of(dataset_named(FULL)).unlink()
        return scene

    def ending(self, operation: str) -> State:
        """What there is after the operation where nothing disturbed it."""
        if operation not in self.endings:
            with ExitStack() as stack:
                scene = self.scene(stack, operation)
                self.beginnings[operation] = scene.state()
                work, arguments = WORK[operation](scene)
                work(*arguments)
                self.endings[operation] = scene.state()
        return self.endings[operation]


Work = tuple[Callable[..., None], tuple[object, ...]]
WORK: dict[str, Callable[[Scene], Work]] = {
    "download": lambda scene: (tasks.download, (scene.pipeline, FULL)),
    "load in full": lambda scene: (tasks.load, (scene.pipeline, FULL)),
    "load as a delta": lambda scene: (tasks.load, (scene.pipeline, DELTA)),
    "publish": lambda scene: (tasks.publish_marts, (scene.marts, "run 2")),
}


def _answer(bodies: dict[str, bytes], etag: str, request: Request) -> Answer:
    return good_server(bodies[request.path], etag=etag)(request)


@contextmanager
def set_stage(postgres: Cluster, folder: Path) -> Iterator[Stage]:
    """Two datasets loaded, marts published, the next ones built; the source has another day."""
    for day in (1, 2):
        make_sample(folder / f"day-{day}", TITLES, day=day)

    with ExitStack() as stack:
        source = stack.enter_context(running_source())
        template = stack.enter_context(postgres.database())
        loading = Pipeline(template.url, folder / "loaded", source.url)
        for day in (1, 2):
            bodies = {
                f"/files/{name}.tsv.gz": (folder / f"day-{day}" / f"{name}.tsv.gz").read_bytes()
                for name in (FULL, DELTA)
            }
            source.always(partial(_answer, bodies, f'"{day}"'))
            if day == 1:
                for name in (FULL, DELTA):
                    loading.download(name)
                    loading.load(name)
        marts = Marts(template, folder / "project", MARTS)
        marts.build_and_publish("run 1")
        marts.build("run 2")
        yield Stage(postgres, template, folder, source.url)
