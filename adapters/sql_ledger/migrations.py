"""The scripts that bring a database up to date: each adapter has its own, in a folder `migrations`."""

from __future__ import annotations

from importlib.resources import files


def scripts_of(package: str) -> list[str]:
    """The SQL scripts of a package's folder `migrations`, in the order in which they are applied.

    Their names begin with 001, 002 and so on. A gap or a double is a RuntimeError: the version that a database keeps is
    the number of scripts that it has seen, so with either it would mean something else to each release.
    """
    folder = files(package).joinpath("migrations")
    scripts = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".sql"))
    numbers = [int(name.split("_")[0]) for name, _ in scripts]
    if numbers != list(range(1, len(numbers) + 1)):
        raise RuntimeError(f"the numbers of the migrations have a gap or a double: {numbers}")
    return [file.read_text(encoding="utf-8") for _, file in scripts]
