"""One statement read: its text in, a Reading out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp
from sqlglot.errors import SqlglotError

from advisor.model import Catalog, Reading
from advisor.usage import moments
from advisor.usage.builder import Builder, TooComplexError
from advisor.usage.moulds import Mould, cut, mould
from advisor.usage.names import Directory, Session
from advisor.usage.statement import Statement
from advisor.usage.trees import LONGEST, Parser, Trees

BYTE_ORDER_MARK = "\ufeff"
MOVING = ("CURRENT_", "GETDATE", "SYSDATE", "SYSTIMESTAMP", "LOCALTIME", "NOW(")
"""A text with any of these asks for something else at another moment."""
READY = "ready"
"""What a process says that reads, once it knows the catalog."""
NO_PARSE = "does not parse"
TOO_SLOW = "takes too long"
CRASHED = "crashes the reader"
NO_MEMORY = "ran out of memory"
CHANCE = (TOO_SLOW, CRASHED, NO_MEMORY)
"""Problems that another machine, or another moment, may not have."""
TOO_LONG = "too long"
TRUNCATED = "truncated"
TOO_DEEP = "nests too deep"
TOO_COMPLEX = "too many views in views"
EMPTY = "no statement"
SEVERAL = "several statements"
NOT_READ = "kind of statement not read"


@dataclass(frozen=True)
class Request:
    """A statement to read: its session's database and schema, and when it ran."""

    text: str
    database: str | None
    schema: str | None
    at: datetime


@dataclass(frozen=True)
class Answer:
    """A Reading and what it rests on besides the text."""

    reading: Reading
    names: tuple[str, ...] = ()
    """The objects' own names that the catalog was asked for, sorted."""
    at: datetime | None = None
    """When the query ran; None where the statement says the same at any time."""
    mould: Mould | None = None
    """For texts that differ from it in constants alone."""


def read(
    text: str, catalog: Catalog, *, database: str | None = None, schema: str | None = None, at: datetime
) -> Reading:
    """What the statement says of the catalog's tables; never raises on a bad text: `problem` says why it wasn't understood.

    `database` and `schema`: the session's, for short names. `at`: when the query started, the value of CURRENT_TIMESTAMP.
    """
    return read_with(Session(Directory.of(catalog), database, schema), text, at)


def read_with(session: Session, text: str, at: datetime, parser: Parser | None = None) -> Reading:
    """`parser` may know texts like this one."""
    parser = parser or Parser()
    reading = _survived(session, text, at, parser)
    if reading.problem is not None:
        # Whatever stopped the reader may have left a tree half changed.
        parser.forget()
    return reading


def _survived(session: Session, text: str, at: datetime, parser: Parser) -> Reading:
    try:
        return _read(session, text, moments.naive(at), parser)
    except SqlglotError as error:
        # The tokenizer calls whatever stops it an error of the text.
        return failed(NO_MEMORY if isinstance(error.__context__, MemoryError) else NO_PARSE)
    except RecursionError:
        return failed(TOO_DEEP)
    except TooComplexError:
        return failed(TOO_COMPLEX)


def answer(directory: Directory, request: Request, parser: Parser) -> Answer:
    """The reading of one request, and what it rests on."""
    directory.asked.clear()
    reading = read_with(Session(directory, request.database, request.schema), request.text, request.at, parser)
    names = tuple(sorted(directory.asked))
    texts = (request.text, *directory.view_texts())
    timeless = not any(map(moves, texts))
    # The time that a text may take is for both readings.
    twice = timeless and reading.problem is None and sum(map(len, texts)) <= LONGEST
    made = _mould(directory, request, reading, parser) if twice else None
    return Answer(reading, names, None if timeless else request.at, made)


def _mould(directory: Directory, request: Request, reading: Reading, parser: Parser) -> Mould | None:
    pattern = parser.pattern(request.text)
    if pattern is None:
        return None
    session, at = Session(directory, request.database, request.schema), moments.naive(request.at)
    try:
        return mould(pattern, cut(request.text)[1], lambda trees: _said(session, trees, at), reading)
    except (SqlglotError, RecursionError, TooComplexError, MemoryError):
        # It was read once as it stands: only the others are read anew each.
        parser.forget()
        return None


def moves(text: str) -> bool:
    """Whether the text may ask for something else at another moment."""
    upper = text.upper()
    return any(word in upper for word in MOVING)


def failed(problem: str) -> Reading:
    return Reading(scans=(), usages=(), problem=problem)


def _read(session: Session, text: str, at: datetime, parser: Parser) -> Reading:
    try:
        parsed = parser.parse(text.removeprefix(BYTE_ORDER_MARK))
    except (AttributeError, LookupError, TypeError, ValueError):
        # sqlglot's own slips on malformed texts.
        return failed(NO_PARSE)
    return _said(session, parsed, at)


def _said(session: Session, parsed: Trees, at: datetime) -> Reading:
    trees = [tree for tree in parsed if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(trees) != 1:
        return failed(SEVERAL if trees else EMPTY)
    tree = trees[0]
    if isinstance(tree, (exp.Condition, exp.Alias)) and not isinstance(tree, exp.Query):
        # sqlglot takes a bare expression for a statement.
        return failed(NO_PARSE)
    if isinstance(tree, (exp.Delete, exp.Update, exp.Merge, exp.Insert)) and not isinstance(tree.this, exp.Expr):
        return failed(NO_PARSE)
    if isinstance(tree, exp.Command):
        return failed(NOT_READ)
    return Statement(Builder(session), at).read(tree)
