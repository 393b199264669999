"""Reads a YAML file into plain values and the line of each, by YAML 1.2 rules and with a safe loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from trainables.base.errors import Fault, InputError, brief, why
from trainables.base.schema import KeyPath

MAX_BYTES = 1 << 20
"""Limit of a file's size, far above that of any real file: a longer one is not even read."""

MAX_VALUES = 20_000
"""Limit against nested aliases ("alias bombs"), above the values of any real file."""

MAX_DEPTH = 50
"""Limit against an alias inside its own anchor, above the levels of any real file."""

MAX_INTEGER = 2**63 - 1
"""Largest whole number, either sign: what 64 bits hold, as in JSON, databases and tensors."""

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class YamlDocument:
    """The values of a file (`tree`, a mapping), the 1-based line of each key path, and the file's `text`."""

    file: str
    tree: Mapping[str, Any]
    lines: Mapping[KeyPath, int] = field(repr=False)
    text: str = field(default="", repr=False)

    def line(self, path: KeyPath) -> int | None:
        """Return the line of the value at `path`, or of the nearest value above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def load_yaml(path: Path) -> YamlDocument:
    """Read a YAML file whose root is a mapping.

    Raises `InputError` for a file that is missing, too large, not YAML, repeats a key or expands beyond
    `MAX_VALUES`.
    """
    text = _text(path)
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        raise InputError(_not_yaml(error, str(path))) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(Fault(f"not YAML: {error}", file=str(path))) from None
    if not text.strip():
        way_out = "if it was not always, restore it from the file that it is a copy of"
        raise InputError(Fault(f"the file is empty: {way_out}", file=str(path)))
    if not isinstance(root, MappingNode):
        raise InputError(Fault("expected a mapping of settings at the root", file=str(path)))
    reader = _Reader(yaml, str(path))
    tree = reader.value(root, ())
    if reader.faults:
        raise InputError(list(dict.fromkeys(reader.faults)))
    return YamlDocument(str(path), tree, reader.lines, text)


def _text(path: Path) -> str:
    """Return the text of a file. Raises `InputError` where parsing it would take long."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content[:MAX_BYTES].decode("utf-8")
    except FileNotFoundError:
        raise InputError(Fault("no such file", file=str(path))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Fault(f"cannot be read: {why(error)}", file=str(path))) from None
    if len(content) > MAX_BYTES:
        reason = f"is larger than {MAX_BYTES >> 20} MiB: is this a file of settings?"
        raise InputError(Fault(reason, file=str(path)))
    if (separators := text.count(",") + text.count("\n")) > MAX_VALUES:  # values are no more than these
        reason = f"has {separators} lines and commas, more than {MAX_VALUES}: is this a file of settings?"
        raise InputError(Fault(reason, file=str(path)))
    return text


def _not_yaml(error: MarkedYAMLError, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    problem = " ".join(filter(None, (error.context, error.problem)))
    return Fault(f"not YAML: {problem}", file=file, line=mark.line + 1 if mark else None)


class _Reader:
    """Turns the nodes of a file into plain values, and collects the line of each and every fault."""

    def __init__(self, yaml: YAML, file: str) -> None:
        self.yaml = yaml
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []

    def value(self, node: Node, path: KeyPath) -> Any:
        if len(self.lines) > MAX_VALUES:
            raise InputError(Fault(f"holds more than {MAX_VALUES} values, aliases included", file=self.file))
        if len(path) > MAX_DEPTH:
            raise InputError(Fault(f"is nested more than {MAX_DEPTH} levels deep", file=self.file))
        if isinstance(node, ScalarNode):
            return self.scalar(node, path)
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return self.sequence(node, path)
        self.fault(f"tags are not used here, got {node.tag}", node, path)
        return None

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, value in node.value:
            name = self.name(key, path)
            if name in tree:
                self.fault(f"the key {brief(name)} is given twice here: write each key once", key, path)
            elif name is not None:
                self.lines[(*path, name)] = key.start_mark.line + 1
                tree[name] = self.value(value, (*path, name))
        return tree

    def sequence(self, node: SequenceNode, path: KeyPath) -> list[Any]:
        items = []
        for index, item in enumerate(node.value):
            self.lines[(*path, index)] = item.start_mark.line + 1
            items.append(self.value(item, (*path, index)))
        return items

    def scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        try:
            value = self.yaml.constructor.construct_object(node)
        except (YAMLError, ValueError) as error:
            problem = error.problem if isinstance(error, MarkedYAMLError) else error
            self.fault(f"cannot be read: {problem}", node, path)
            return None
        if value is not None and not isinstance(value, bool | int | float | str):
            self.fault(f"dates and binary values are not used here: write {brief(node.value)}", node, path)
            return None
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            self.fault(
                f"a whole number lies between -{MAX_INTEGER} and {MAX_INTEGER}, got {brief(node.value)}",
                node,
                path,
            )
            return None
        return value

    def name(self, key: Node, path: KeyPath) -> str | None:
        if key.tag == _TAG + "merge":
            self.fault("YAML 1.2 has no merge keys (<<): repeat or alias all the settings", key, path)
            return None
        value = self.scalar(key, path) if isinstance(key, ScalarNode) else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        shown = brief(key.value) if isinstance(key, ScalarNode) else "a list or mapping"
        self.fault(f"keys are names, got {shown}", key, path)
        return None

    def fault(self, message: str, node: Node, path: KeyPath) -> None:
        where = ".".join(map(str, path))
        self.faults.append(Fault(message, where, self.file, node.start_mark.line + 1))
