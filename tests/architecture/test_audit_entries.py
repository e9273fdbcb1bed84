"""What the service notes in the audit log has words for those who read it."""

import ast
from collections.abc import Iterator

from market.domain.audit_fields import FIELDS, SETS
from market.domain.audit_words import ACTIONS, ENTITIES
from tests.sources import modules


def entries() -> Iterator[tuple[str, ast.Call]]:
    """(module, call) of each place that notes something."""
    for module in modules():
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func) in ("audit.record", "audit.record_by_id")
            ):
                yield module.name, node


def values_of(call: ast.Call) -> Iterator[str]:
    """The names of the values that the call writes out itself."""
    for keyword in call.keywords:
        if keyword.arg in ("old", "new"):
            for node in ast.walk(keyword.value):
                if isinstance(node, ast.Dict):
                    for key in node.keys:
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            yield key.value


def test_every_noted_value_has_a_name() -> None:
    noted = [(module, name) for module, call in entries() for name in values_of(call)]

    assert len(noted) > 100
    assert [each for each in noted if each[1] not in FIELDS and each[1] not in ENTITIES] == []


def test_every_noted_act_has_a_word() -> None:
    acts = [
        (module, call.args[1].value)
        for module, call in entries()
        if len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    ]

    assert len(acts) > 50
    assert [each for each in acts if each[1] not in ACTIONS] == []


def test_every_set_belongs_to_a_named_value_of_a_named_thing() -> None:
    names = [name.split(".") for name in SETS]

    assert [name for name in names if name[-1] not in FIELDS] == []
    assert [name for name in names if len(name) == 2 and name[0] not in ENTITIES] == []
