"""Numbers that begin with another column's: told from those that don't, and what a key on the one brings to the other."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.groups import as_asked, groups
from advisor.pruning.layout import Layout
from advisor.pruning.nests import linked, nested, nests, plain, plain_key
from advisor.pruning.prediction import predict
from advisor.pruning.table_axes import merged_axes
from tests.worlds import World

TENANT = Axis("TENANT", "number", 1, 300, 300, known=True)
USER = Axis("USER_ID", "number", 1000, 300_399, 80_000, known=True)
STORE = Axis("STORE", "number", 100, 999, 900, known=True)
DAY = Axis("SHIP_KEY", "number", 20_190_102, 20_251_130, 2_500, known=True)
OF_TENANTS = {"TENANT": KeyPart("USER_ID", digits=3)}


def found(*axes: Axis) -> dict[str, KeyPart]:
    return dict(nests({line.column: line for line in axes}, ()))


def test_ends_that_begin_with_the_other_s_ends_show_it() -> None:
    assert found(TENANT, USER) == OF_TENANTS


@pytest.mark.parametrize(
    ("tenant", "user", "why"),
    [
        (TENANT, replace(USER, high=301_399), "the greatest user is of a tenant that doesn't exist"),
        (TENANT, replace(USER, low=1), "users are numbered from 1"),
        (TENANT, replace(USER, low=2000), "the first tenant has no users"),
        (replace(TENANT, low=0), replace(USER, low=0), "numbers that begin at 0 leave nothing to compare"),
        (replace(TENANT, high=30, distinct=30), replace(USER, high=30_399), "two digits agree by chance"),
        (TENANT, replace(USER, distinct=200), "there are fewer users than tenants"),
        (replace(TENANT, known=False), USER, "where a tenant's numbers end isn't known"),
        (TENANT, replace(USER, family="text"), "text has no digits"),
        (STORE, replace(USER, low=100_000, high=999_998), "all numbers of three and of six digits have such ends"),
        (Axis("YEAR", "number", 2019, 2025, 7, known=True), DAY, "both go back as far as the account does"),
    ],
)
def test_other_ends_show_nothing(tenant: Axis, user: Axis, why: str) -> None:
    assert found(tenant, user) == {}, why


def asked(column: str, values: list[float]) -> list[Question]:
    return [Question(0, 1.0, (Ask(column, 0.1, 1, positions=(value,)),)) for value in values]


LEADS = [1, 1, 2, 3, 7, 9, 40, 112, 300, 260]


@pytest.mark.parametrize(
    ("users", "nested", "why"),
    [
        ([lead * 1000 + 39.0 * i for i, lead in enumerate(LEADS)], True, "most are of tenants that are asked for"),
        ([lead * 1000.0 + 99 * i for i, lead in enumerate(range(150, 160))], False, "none is"),
        ([1000.0 + 30 * i for i in range(10)], False, "all are of one tenant, which may be chance"),
        ([2000.0, 3000, 5000, 9000, 40_000], False, "round numbers begin with round numbers"),
    ],
)
def test_from_the_history_alone_what_is_asked_shows_it(users: list[float], nested: bool, why: str) -> None:
    questions = [*asked("TENANT", [1.0, 2, 3, 5, 9, 40, 300]), *asked("USER_ID", users)]
    axes = {
        "TENANT": replace(TENANT, known=False),
        "USER_ID": replace(USER, low=min(users), high=max(users), known=False),
    }
    assert dict(nests(axes, questions)) == (OF_TENANTS if nested else {}), why


def test_thousands_of_values_asked_for_show_it_as_few_do() -> None:
    tenants = asked("TENANT", [float(tenant) for tenant in range(1, 8000, 2)])
    axes = {
        "TENANT": replace(TENANT, high=8000, known=False),
        "USER_ID": replace(USER, low=1000, high=8_000_000, known=False),
    }
    theirs, anyone = range(1, 8000, 2), range(1, 8000)
    for leads, found in ((theirs, OF_TENANTS), (anyone, {})):
        users = asked("USER_ID", [lead * 1000 + 39.0 * (lead % 26) for lead in leads])
        assert nests(axes, [*tenants, *users]) == found


def test_of_two_columns_that_are_asked_alike_neither_begins_with_the_other() -> None:
    values = [*map(float, LEADS), *(lead * 1000 + 39.0 * i for i, lead in enumerate(LEADS))]
    questions = [*asked("TENANT", values), *asked("USER_ID", values)]
    axes = {name: Axis(name, "number", 1000, 300_351, 1e4) for name in ("TENANT", "USER_ID")}
    alone = {"TENANT": replace(axes["TENANT"], family="text"), "USER_ID": axes["USER_ID"]}
    assert nests(axes, questions) == nests(alone, questions) == {}
    assert nests(axes, [*asked("TENANT", [float(lead) for lead in LEADS]), *asked("USER_ID", values)])


def test_what_a_key_serves_through_several_is_told_of_all_of_them() -> None:
    chain = {
        "REGION": KeyPart("STORE", digits=2),
        "STORE": KeyPart("TILL", digits=2),
        "YEAR": KeyPart("SHIP_KEY", digits=4),
    }
    for column in ("REGION", "STORE", "TILL"):
        assert set(linked([column], chain)) == {"REGION", "STORE"}
    assert not linked(["DAY"], chain)


def test_a_table_with_more_rows_than_this_one_tells_nothing_of_how_many_values_its_column_has() -> None:
    own, other = {"ID": Axis("ID", "number", 5, 990_001, 1e6)}, {"ID": Axis("ID", "number", 1, 4e6, 4e6)}
    assert merged_axes(other, own, 1e6) == own
    assert merged_axes(other, own, 1e7) == other


def test_a_key_is_said_of_the_finer_column_without_what_tells_nothing_beside_its_neighbours() -> None:
    tenant, user, day = KeyPart("TENANT"), KeyPart("USER_ID"), KeyPart("DAY", unit="MONTH")
    thousands, tens = KeyPart("USER_ID", digits=3), KeyPart("USER_ID", digits=4)
    assert plain_key((tenant, day), OF_TENANTS) == (thousands, day)
    assert plain_key((KeyPart("TENANT", digits=1), day), OF_TENANTS) == (tens, day)
    assert plain_key((tens, tenant, day), OF_TENANTS) == (thousands, day)
    assert plain_key((tenant, user), OF_TENANTS) == (user,)
    assert plain_key((user, tenant, day), OF_TENANTS) == (user, day)
    start, code = KeyPart("CODE", substring=(1, 3)), KeyPart("CODE")
    assert plain_key((start, tenant, code), OF_TENANTS) == (start, thousands, code)


def test_what_is_asked_of_a_tenant_is_asked_of_its_users() -> None:
    one = Ask("TENANT", 0.1, 1, positions=(7.0,))
    between = Ask("TENANT", 0.2, 0, 7.0, 9.0)
    missing = Ask("TENANT", 0.3, 1, null=True)
    inclusive = Ask("TENANT", 0.2, 0, 7.0, math.nextafter(9, 10))
    after = Ask("TENANT", 0.5, 0, math.nextafter(5, 6))
    assert plain(Question(0, 1.0, (one, between, missing, inclusive, after)), OF_TENANTS).asks == (
        Ask("USER_ID", 0.1, 0, 7000.0, 8000.0),
        Ask("USER_ID", 0.2, 0, 7000.0, 9000.0),
        missing,
        Ask("USER_ID", 0.2, 0, 7000.0, 10_000.0),
        Ask("USER_ID", 0.5, 0, 6000.0),
    )


def test_so_many_tenants_as_a_join_leaves_reach_no_more_under_the_users_numbers() -> None:
    question = Question(0, 1.0, (Ask("TENANT", 5 / 300, 5, derived=True),))
    axes = {"TENANT": TENANT, "USER_ID": USER}
    layout = Layout(1e7, 2000, axes, {}, (question,), 1)
    for key in ((KeyPart("TENANT"),), (KeyPart("USER_ID"),)):
        [alone] = predict(layout, (KeyPart("TENANT"),))
        [nested] = predict(replace(layout, nests=OF_TENANTS), key)
        assert nested == pytest.approx(alone, rel=0.05)


def test_a_user_asked_for_again_makes_no_user_hold_more_rows() -> None:
    users = [7039.0, 7039, 7039, 7039, 7039, 1001, 40_111, 260_351]
    asks = [Ask("TENANT", 0.2, 1, positions=(float(tenant),)) for tenant in (1, 7, 40, 260, 3, 9, 2, 5, 300)]
    asks += [Ask("USER_ID", 1 / 80_000, 1, positions=(user,)) for user in users]
    told, found = nested({"TENANT": TENANT, "USER_ID": USER}, [Question(0, 1.0, (ask,)) for ask in asks])
    assert found == OF_TENANTS
    assert groups(told["USER_ID"], KeyPart("USER_ID")) == 80_000


def numbered(rng: np.random.Generator) -> World:
    """Tenants by Zipf's law; 400 users of each, whose numbers begin with the tenant's."""
    tenant = np.minimum(rng.zipf(1.3, 60_000), 300).astype(float)
    user = tenant * 1000 + rng.integers(0, 400, 60_000)
    columns = {"TENANT": tenant, "USER_ID": user, "DAY": 19_000.0 + rng.integers(0, 365, 60_000)}
    return World(columns, {"TENANT": "number", "USER_ID": "number", "DAY": "date"}, 200)


def asking(world: World, rng: np.random.Generator) -> tuple[Layout, list[list[Ask]]]:
    """Tenants and users as often as they hold rows, with the rows that they match, as the history records it; and weeks."""
    asks = []
    for column in ("TENANT", "USER_ID"):
        drawn = rng.choice(world.columns[column], 60)
        share = float(np.mean([(world.columns[column] == value).mean() for value in drawn]))
        asks += [[Ask(column, share, 1, positions=(float(value),))] for value in drawn]
    asks += [[world.between("DAY", 19_000.0 + 7 * i, 19_007.0 + 7 * i)] for i in range(20)]
    layout = world.layout(asks)
    layout = replace(layout, axes=as_asked(layout.axes, layout.questions))
    axes, found = nested(layout.axes, layout.questions)
    return replace(layout, axes=axes, nests=found), asks


def test_the_range_reaches_to_what_is_read_if_the_numbers_have_nothing_to_do_with_each_other() -> None:
    questions = (Question(0, 1.0, (Ask("TENANT", 1 / 300, 1, positions=(7.0,)),)),)
    layout = Layout(1e7, 2000, {"TENANT": TENANT, "USER_ID": USER}, {}, questions, 1, nests=OF_TENANTS)
    key = (KeyPart("USER_ID"),)
    assert layout.apart is not None
    [expected], [otherwise] = predict(layout, key), predict(layout.apart, key)
    assert expected < 20
    assert otherwise == 2000
    assert replace(layout, nests={}).apart is None


def test_queries_for_a_tenant_tell_of_as_many_tenants_as_its_users_numbers_begin_with() -> None:
    """A dozen constants tell of a dozen tenants, which hold no more than an even part each; the users' numbers leave room for 300."""
    tenants = [1.0, 1, 1, 2, 2, 3, 5, 9, 40, 300]
    asks = [Ask("TENANT", 0.1, 1, positions=(value,)) for value in tenants]
    asks += [Ask("USER_ID", 0.001, 1, positions=(lead * 1000 + 39.0 * i,)) for i, lead in enumerate(LEADS)]
    axes = {"TENANT": replace(TENANT, known=False, distinct=10), "USER_ID": replace(USER, known=False, distinct=900)}
    told, found = nested(axes, [Question(0, 1.0, (ask,)) for ask in asks])
    assert found == OF_TENANTS
    line = told["USER_ID"]
    assert line.demanded
    assert groups(line, KeyPart("USER_ID", digits=3)) == pytest.approx(10)
    assert groups(line, KeyPart("USER_ID", digits=4)) <= 10 <= groups(line, KeyPart("USER_ID", digits=2))
    rare = [replace(ask, share=0.003) if ask.column == "TENANT" else ask for ask in asks]
    assert not nested(axes, [Question(0, 1.0, (ask,)) for ask in rare])[0]["USER_ID"].demanded


@pytest.mark.parametrize(
    ("key", "factor"),
    [
        ((KeyPart("TENANT"), KeyPart("DAY")), 1.4),
        ((KeyPart("USER_ID"),), 1.4),
        ((KeyPart("TENANT"), KeyPart("USER_ID")), 1.4),
        ((KeyPart("DAY", unit="QUARTER"), KeyPart("USER_ID")), 1.4),
    ],
)
def test_a_key_on_the_one_serves_the_other(key: tuple[KeyPart, ...], factor: float) -> None:
    rng = np.random.default_rng(9)
    world = numbered(rng)
    layout, asks = asking(world, rng)
    assert layout.nests == OF_TENANTS
    counts, after, before = (
        np.array(each)
        for each in (world.counts(key, asks), predict(layout, key), predict(replace(layout, nests={}), key))
    )
    without = []
    for which in (slice(0, 60), slice(60, 120), slice(120, 140)):
        true, predicted = counts[which].mean(), after[which].mean()
        assert true / factor <= predicted <= true * factor, (which, true, predicted)
        without.append(max(before[which].mean() / true, true / before[which].mean()))
    assert max(without) > 1.8, "nothing else says so"
