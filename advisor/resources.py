"""Finds `sql/` and `templates/`: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `sql` or `templates`."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def sql(name: str) -> str:
    """The text of the statement `sql/<name>.sql`, in Snowflake's dialect."""
    return (folder("sql") / f"{name}.sql").read_text(encoding="utf-8")
