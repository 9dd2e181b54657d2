"""The rules about the rules: each is documented, has its template and its test, and stands in the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.recommenders import HEADINGS, RECOMMENDERS, Recommender, documentation, table
from advisor.resources import folder

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.mark.parametrize("recommender", RECOMMENDERS, ids=lambda module: module.__name__)
def test_a_recommender_has_its_documentation_template_and_test(recommender: Recommender) -> None:
    name = recommender.__name__.rpartition(".")[2]
    said = documentation(recommender)
    assert name == recommender.CODE
    assert tuple(heading for heading in said if heading) == HEADINGS
    assert all(said.values())
    assert (folder("templates") / "scripts" / f"{name}.sql.j2").is_file()
    assert (HERE / f"test_{name}.py").is_file()


def test_every_module_of_the_folder_is_in_the_tuple() -> None:
    paths = (ROOT / "advisor" / "recommenders").iterdir()
    modules = {path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").is_file()} - {"__init__"}
    assert modules == {module.__name__.rpartition(".")[2] for module in RECOMMENDERS}


def test_the_readme_holds_the_table_made_from_the_docstrings() -> None:
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8")
