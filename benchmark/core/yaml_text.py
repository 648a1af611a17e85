"""Reads YAML that a person wrote, strictly and within limits.

A few hundred bytes of YAML can stand for more values than fit into any memory, because an alias repeats what it names. All
values that a text expands to are therefore counted before the first one is made.
"""

from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from results.text.brief import short

BYTES = 12_000_000  # of one file; 100,000 classes with names of 90 characters fit, written by their numbers
VALUES = 250_000  # of one file, the same classes; what an alias repeats counts each time
DEPTH = 30  # of lists and mappings inside each other
LONGEST_NUMBER = 100  # characters
AS_WRITTEN = {"tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"}  # the keys << and =


class Loader(yaml.SafeLoader):
    """A yaml.SafeLoader with the limits of this module, which also refuses a repeated key instead of taking its last value."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._count = 0

    def get_single_node(self) -> yaml.Node | None:
        """Return the tree of the document. Raises yaml.composer.ComposerError if it expands to too many values."""
        node = super().get_single_node()
        if node is not None:
            _extent(node, {})
        return node

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node. Raises yaml.composer.ComposerError if it lies too deep."""
        self._depth += 1
        self._count += 1
        if self._count > VALUES:
            raise _too_many(self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        if self._depth > DEPTH:
            raise _too_deep(self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Return the next mapping. Raises yaml.constructor.ConstructorError for a key that was written twice.

        Keys are compared here because a merge key (`<<`) later adds those of another mapping to the node.
        """
        node = super().compose_mapping_node(anchor)
        texts, keys = set(), set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # a list or a mapping, which is no key
            _require_number(key)
            value = key.value if key.tag in AS_WRITTEN else self.construct_object(key, deep=True)
            if key.value in texts or value in keys:
                raise ConstructorError(None, None, f"key {_text(key)} is given twice", key.start_mark)
            texts.add(key.value)
            keys.add(value)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node. Raises yaml.constructor.ConstructorError for a text that is no such value."""
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except Exception as error:  # a tag on a text that does not fit, as `!!bool x`, raises nearly any error
            kind = str(node.tag).rpartition(":")[2]
            raise ConstructorError(None, None, f"{_text(node)} is no {kind}", node.start_mark) from error


def load(text: str) -> Any:
    """The value of a YAML text. Raises yaml.YAMLError for a text that is no YAML, or that goes beyond the limits."""
    return yaml.load(text, Loader)  # noqa: S506 - Loader is a SafeLoader


def _extent(node: yaml.Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """The number of values that a node expands to, and how deep they lie inside each other.

    An alias names an earlier node, so that `known` holds that node already; None marks one that is not closed.
    """
    if isinstance(node, yaml.ScalarNode):
        _require_number(node)
        return 1, 1
    if id(node) in known:
        extent = known[id(node)]
        if extent is None:
            raise ComposerError(None, None, "a list or mapping holds itself", node.start_mark)
        return extent
    known[id(node)] = None
    inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    values, depth = 1, 0
    for part in inner:
        more, below = _extent(part, known)
        values, depth = values + more, max(depth, below)
        if values > VALUES:
            raise _too_many(node.start_mark)
    if depth >= DEPTH:
        raise _too_deep(node.start_mark)
    known[id(node)] = values, depth + 1
    return values, depth + 1


def _require_number(node: yaml.ScalarNode) -> None:
    if node.tag.endswith((":int", ":float")) and len(node.value) > LONGEST_NUMBER:
        raise ComposerError(
            None, None, f"a number has {len(node.value):,} characters; {LONGEST_NUMBER} are allowed", node.start_mark
        )


def _too_many(mark: yaml.Mark) -> ComposerError:
    return ComposerError(None, None, f"it expands to more than {VALUES:,} values", mark)


def _too_deep(mark: yaml.Mark) -> ComposerError:
    return ComposerError(None, None, f"lists and mappings lie more than {DEPTH} deep in each other", mark)


def _text(node: yaml.Node) -> str:
    return f"'{short(node.value)}'" if isinstance(node, yaml.ScalarNode) else "a list or mapping"
