"""What was learned of statements that may be rewritten: a second run finds in the folder what it would have studied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor.blocks import study
from advisor.model import Catalog, QueryTemplate, Reading, ReadTemplate, TableName
from advisor.rewrites import studies
from advisor.rewrites.studies import BATCH, FILE, PAYS, Studied, Studies
from advisor.settings import Settings
from advisor.usage.names import Directory, Session
from tests.advices import template
from tests.test_beside import stood, within
from tests.usage.shown import CATALOG, T, table

JOINED = "select t.a, count(*) from t join u on t.id = u.id where t.m = 5 group by 1"
STARRED = "select * from t where a = 1"
UNITED = "select a from t union select id from u"
TEXTS = [
    JOINED,
    STARRED,
    UNITED,
    "with c as (select b, sum(x) s from t where b in (1, 2) group by b) select * from c",
    "nonsense (",
]
CATALOG = Catalog({each.name: each for each in CATALOG.tables.values()}, {})


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were studied."""
    texts: list[str] = []
    own = studies._studied

    def watched(text: str, session: Session) -> Studied | None:
        texts.append(text)
        return own(text, session)

    monkeypatch.setattr(studies, "_studied", watched)
    return texts


def asked(text: str) -> QueryTemplate:
    return replace(template("f", text), database="DB", schema="S")


def run(folder: Path | None, catalog: Catalog = CATALOG) -> list[Studied | None]:
    """What a run says of all texts, each asked for twice."""
    settings = Settings(cache_folder=None if folder is None else str(folder))
    found = Studies.of(Directory.of(catalog), settings)
    said = [found.studied(text, asked(text)) for text in [*TEXTS, *TEXTS]]
    found.save()
    assert said[: len(TEXTS)] == said[len(TEXTS) :]
    return said[: len(TEXTS)]


def test_a_study_says_what_the_statement_says() -> None:
    joined, starred, united, nested, nonsense = run(None)
    session = Session(Directory.of(CATALOG), "DB", "S")
    for text, found in zip(TEXTS, (joined, starred, united, nested), strict=False):
        statement = study(text, session)
        assert found is not None
        assert statement is not None
        assert found.blocks == statement.blocks
    assert joined is not None
    assert [doubt.said for doubt in joined.doubts] == [
        "compares text with a number, so every row's text is read as a number: compare it with text"
    ]
    assert [found.returns_all for found in (joined, starred, united, nested) if found] == [False, True, False, True]
    assert [found.united for found in (joined, starred, united, nested) if found] == [False, False, True, False]
    assert nonsense is None


def test_a_second_run_studies_only_what_failed_and_finds_the_same(tmp_path: Path, seen: list[str]) -> None:
    first = run(tmp_path)
    assert seen == TEXTS
    seen.clear()
    assert run(tmp_path) == first == run(None)
    assert seen == ["nonsense (", *TEXTS]


def test_what_a_changed_table_has_to_do_with_is_studied_again(tmp_path: Path, seen: list[str]) -> None:
    run(tmp_path)
    seen.clear()
    name = TableName("DB", "S", "U")
    changed = Catalog({**CATALOG.tables, name: replace(table("U", ID="NUMBER", A="NUMBER"), name=name)}, {})
    found = run(tmp_path, changed)
    assert seen == [JOINED, UNITED, "nonsense ("]
    assert found == run(None, changed)


def test_another_version_studies_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: list[str]) -> None:
    run(tmp_path)
    seen.clear()
    monkeypatch.setattr(studies, "_version", lambda: "another")
    run(tmp_path)
    assert seen == TEXTS


def test_what_the_process_beside_studies_is_what_is_studied_here(seen: list[str]) -> None:
    """What leads to more than the tables that were said to be read is studied again, with all that is known."""
    texts = [f"{text} -- {n}" for n in range(PAYS) for text in TEXTS]
    reads = [ReadTemplate(asked(text), Reading((T.name,), ()), ()) for text in texts]
    alone, together = (Studies.of(Directory.of(CATALOG), Settings()) for _ in range(2))
    with stood() as process:
        together.begin(reads, process)
        assert len(together.begun) == len(texts) / BATCH
        assert within(60, lambda: all(begun._answer.done() for _, begun in together.begun))
        found = [together.studied(text, asked(text)) for text in texts]
    assert sorted(seen) == sorted(text for text in texts if text.startswith((JOINED, UNITED, "nonsense")))
    assert found == [alone.studied(text, asked(text)) for text in texts]


def test_a_damaged_file_counts_as_none(tmp_path: Path, seen: list[str]) -> None:
    run(tmp_path)
    seen.clear()
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-9])
    assert run(tmp_path) == run(None)
    assert seen == [*TEXTS, *TEXTS]
