"""One module per public source, named after its id. Put a module here and it is gathered, listed and read."""

import pkgutil


def ids() -> tuple[str, ...]:
    """Return the ids of all sources, in alphabetical order, without loading them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
