"""Settings: `policydiff.toml` in the working directory, overridden by POLICYDIFF_* in the environment.

| key | environment | default | what it is |
|---|---|---|---|
| home | POLICYDIFF_HOME | .policydiff | where the program keeps its own data |
| out | POLICYDIFF_OUT | out | where reports are written |
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from sources.errors import BadInput, Fault

FILE = Path("policydiff.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are kept."""

    home: Path = Path(".policydiff")
    out: Path = Path("out")


def load(file: Path = FILE, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in force. Raises BadInput for a file that is not TOML or has an unknown key."""
    values: dict[str, object] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput([Fault(file=str(file), path=".", found=str(error), expected="TOML")]) from error
    names = [field.name for field in fields(Settings)]
    faults = [
        Fault(file=str(file), path=key, found="an unknown key", expected=f"one of {', '.join(names)}")
        for key in sorted(values.keys() - set(names))
    ]
    faults += [
        Fault(file=str(file), path=key, found=repr(value), expected="a path in quotes")
        for key, value in sorted(values.items())
        if key in names and not isinstance(value, str)
    ]
    if faults:
        raise BadInput(faults)
    for name in names:
        if given := environment.get(f"POLICYDIFF_{name.upper()}"):
            values[name] = given
    return Settings(**{name: Path(str(value)) for name, value in values.items()})
