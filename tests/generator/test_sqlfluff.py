"""The SQL of the output passes `sqlfluff lint` with the configuration that is written beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlfluff.core import FluffConfig, Linter

from advisor.generator import generate
from advisor.model import Advice, TableName
from tests.advices import dynamic_table, materialized_view, one, query_rewrite, recommendation, rich
from tests.assorted import assorted
from tests.refresh_example import EXAMPLE


def found(folder: Path, templater: str = "jinja") -> list[str]:
    """What sqlfluff finds in the SQL files under `folder`, a line each; the configuration is the folder's own."""
    result = Linter(config=FluffConfig.from_path(str(folder), overrides={"templater": templater})).lint_paths(
        (str(folder),)
    )
    files = [file for linted in result.paths for file in linted.files]
    assert len(files) == len(list(folder.rglob("*.sql"))) > 0
    return [
        f"{Path(file.path).name}:{violation.line_no}: {violation.rule_code()} {violation.desc()}"
        for file in files
        for violation in file.get_violations()
    ]


def every_kind() -> Advice:
    """Each kind and action once."""
    extra = (materialized_view(), dynamic_table(), query_rewrite())
    return replace(rich(), recommendations=(*rich().recommendations, *assorted().recommendations, *extra))


def hostile() -> Advice:
    """A name that is a quote, a template and a statement at once."""
    name = "a\"'; DROP TABLE t -- {{ x }} {% if %}"
    return one(
        recommendation(
            TableName(name, "Group", "select"), ('"Select"', f'TO_DATE("{name.replace(chr(34), chr(34) * 2)}")'), ()
        )
    )


def test_every_kind_passes_with_the_configuration_that_ships(tmp_path: Path) -> None:
    generate(every_kind(), tmp_path / "out")
    assert found(tmp_path / "out") == []


def test_any_name_passes_where_braces_are_no_template(tmp_path: Path) -> None:
    generate(hostile(), tmp_path / "out")
    assert found(tmp_path / "out", "raw") == []


def test_a_file_that_is_laid_out_in_another_way_does_not_pass(tmp_path: Path) -> None:
    generate(rich(), tmp_path / "out")
    for path in (tmp_path / "out").rglob("*.sql"):
        path.write_text("select a,b from t", encoding="utf-8")
    assert any("LT01" in line for line in found(tmp_path / "out"))


def test_the_example_passes() -> None:
    assert found(EXAMPLE) == []
