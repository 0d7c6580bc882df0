"""How tests of properties run: the same examples every time, as many as a test can afford."""

from hypothesis import HealthCheck, settings


def examples(count: int, *, steps: int = 50) -> settings:
    """At most `count` examples (of `steps` steps), the same in every run, slow as they may be."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        derandomize=True,
        deadline=None,
        # A database or a folder that is shared by the examples is meant.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def load_profile() -> None:
    """Let this be so for every test that does not say otherwise."""
    settings.register_profile("the same every time", examples(100))
    settings.load_profile("the same every time")
