"""Every statement that the advisor writes, as it stands in the files: scripts, combined files, proof on a clone, grants, patches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from advisor.collector import grants
from advisor.generator.combined import combined
from advisor.generator.scripts import Script, scripts
from advisor.prover.clone import Plan, rendered
from tests.advices import recommendation
from tests.every_advice import advice_of, each, script_of
from tests.generator.test_names import statements
from tests.scripting import block_of

PLAN = Plan(
    "aa11", 1200, 31.4, "SELECT COUNT(*) AS n FROM SALES.PUBLIC.ORDERS", "SELECT COUNT(*) AS n FROM SALES.PUBLIC.ORDERS"
)
_VERB = re.compile(r"(?:ALTER|CREATE|DROP|INSERT|SELECT|select|EXECUTE IMMEDIATE|GRANT)\b")


@dataclass(frozen=True)
class Statement:
    of: str
    """Kind, action and owner, or the file."""
    part: str
    text: str


def each_statement() -> list[Statement]:
    """In the order of the files, each text once in each."""
    found = [each for name in each() for each in _of_script(name, script_of(name))]
    found += [each for name in each() for each in _of_patch(name)]
    for name in each():
        texts = combined(advice_of(name), scripts(advice_of(name)))
        found += [
            Statement(name, file, text)
            for file, whole in texts.items()
            for text in statements(whole)
            if text.startswith("EXECUTE")
        ]
    clone = rendered(recommendation(), (PLAN,))
    *live, drop = statements(clone)
    found += [Statement("proof on a clone", "live", text) for text in live]
    found += [Statement("proof on a clone", "to take out", text) for text in commented(clone)]
    found += [Statement("proof on a clone", "live", drop)]
    granted = grants.script("ADVISOR", "ADVISOR_WH")
    found += [Statement("grants", "live", text) for text in statements(granted)]
    found += [Statement("grants", "to take out", text) for text in commented(granted) if "<" not in text]
    return list(dict.fromkeys(found))


def _of_script(name: str, script: Script) -> Iterator[Statement]:
    live, out = statements(script.text), list(commented(script.text))
    parts: Mapping[str, str] = {
        **dict.fromkeys(script.revert, "revert"),
        **dict.fromkeys(script.verify, "verify"),
        **dict.fromkeys(script.apply, "apply"),
    }
    for text in (*live, *out):
        yield Statement(name, parts.get(text) or _part(text, text in out), text)
    # All that advice.json holds stands in the file.
    assert {*script.apply, *script.verify} <= set(live)
    assert set(script.revert) <= set(out)


def _part(text: str, out: bool) -> str:
    if out:
        return "to take out"
    return "guard" if block_of(text) else "check" if "AS verdict" in text else "look"


def _of_patch(name: str) -> Iterator[Statement]:
    """A job's statement as the patch leaves it, and as it was: with the diff's marks taken off."""
    owner = each()[name].details.get("owner")
    patch = owner.get("patch") if isinstance(owner, Mapping) else None
    if not patch or ".sql" not in str(patch) or "CREATE" not in str(patch):
        return
    lines = str(patch).split("\n")[3:]
    for part, marks in (("patch", " +"), ("patch, undone", " -")):
        yield Statement(name, part, "\n".join(line[1:] for line in lines if line[:1] in marks))


def commented(text: str) -> Iterator[str]:
    """The statements that stand behind dashes, to be run when they are wanted: from a verb to the line that ends with a semicolon."""
    held: list[str] = []
    inside = ""
    for line in text.split("\n"):
        bare = line.removeprefix("-- ").removeprefix("--")
        if not line.startswith("--") or (not held and not _VERB.match(bare)):
            held = []
            continue
        held.append(bare)
        inside = "\n".join(held)
        ended = bare.endswith("$$;") if inside.startswith("EXECUTE IMMEDIATE $$") else bare.endswith(";")
        if ended:
            yield inside.removesuffix(";")
            held = []
