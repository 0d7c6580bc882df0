"""Settings of a source as the environment gives them: one variable for each field."""

import math
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from warehouse.errors import PermanentError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SettingsT = TypeVar("SettingsT", bound="DataclassInstance")

_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def read_settings(
    settings: SettingsT,
    prefix: str,
    environment: Mapping[str, str],
    *,
    above_zero: Collection[str],
    at_most: Mapping[str, float],
) -> SettingsT:
    """Return `settings` with the values of the variables `<prefix><FIELD>` that are not empty.

    Numbers are finite and not negative, those `above_zero` not 0, those in `at_most` no greater
    than it says. Raises `PermanentError` naming the variable that does not parse.
    """
    for setting in fields(settings):
        variable = f"{prefix}{setting.name.upper()}"
        text = environment.get(variable, "").strip()
        if not text:
            continue
        kind = type(getattr(settings, setting.name))
        try:
            value: Any = _YES[text.lower()] if kind is bool else kind(text)
        except KeyError as error:
            raise PermanentError(f"{variable} must be 1 or 0, found {text!r}.") from error
        except ValueError as error:
            raise PermanentError(
                f"{variable} must be a {kind.__name__}, found {text!r}."
            ) from error
        if isinstance(value, int | float):
            most = at_most.get(setting.name, math.inf)
            _check_range(variable, value, above_zero=setting.name in above_zero, most=most)
        settings = replace(settings, **{setting.name: value})
    return settings


def origin_of(
    base_url: str, source_name: str, *, own_host: str, source: str, title: str, prefix: str
) -> str:
    """Return the name of the place at `base_url`: `source_name`, or `source` for its own host.

    `title` is how people call the source. Raises `PermanentError` where the address is another and
    has no name.
    """
    if source_name:
        return source_name
    if urlsplit(base_url).hostname == own_host:
        return source
    raise PermanentError(
        f"{prefix}BASE_URL is {base_url}, which is not {title}'s own address. Set "
        f"{prefix}SOURCE_NAME to a name for this place, the same every day: answers are compared "
        "with earlier ones from the same place."
    )


def key_of(key: str, file: str, variable: str) -> str:
    """Return the key of a setting, or that in its `file`; "" where there is neither.

    `variable` is the one that names the file. Raises `PermanentError` where it cannot be read.
    """
    if key or not file:
        return key
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(
            f"{variable}: {file} cannot be read: {type(error).__name__}."
        ) from None


def check_key(key: str, title: str, how: str) -> None:
    """Raise `PermanentError` for a key that is missing, with `how` to give one, or unusable."""
    if not key:
        raise PermanentError(f"There is no key for {title}. {how}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise PermanentError(f"The key for {title} has characters that a header cannot hold.")


def _check_range(variable: str, value: float, *, above_zero: bool, most: float) -> None:
    if not math.isfinite(value) or value < 0 or (above_zero and value == 0):
        least = "above zero" if above_zero else "zero or more"
        raise PermanentError(f"{variable} must be a finite number, {least}, found {value}.")
    if value > most:
        raise PermanentError(f"{variable} must be at most {most}, found {value}.")
