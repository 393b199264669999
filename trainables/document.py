"""A YAML file as plain values, with the line of each, read by YAML 1.2 rules and a safe loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from trainables.faults import BadInput, Fault
from trainables.schema import Path as ValuePath

MAX_VALUES = 20_000
"""More values than any real file holds: what nested aliases ("alias bombs") expand to is cut off here."""


@dataclass(frozen=True)
class Document:
    """The values of a file (`tree`, a mapping) and the 1-based line on which each path stands."""

    file: str
    tree: Mapping[str, Any]
    lines: Mapping[ValuePath, int] = field(repr=False)

    def line(self, path: ValuePath) -> int | None:
        """Return the line of the value at `path`, or of the nearest value above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def load_document(path: Path) -> Document:
    """Read a YAML file whose root is a mapping.

    Raises `BadInput` where the file is missing, is not YAML, doubles a key, or expands beyond `MAX_VALUES`.
    """
    yaml = YAML(typ="rt", pure=True)  # round-trip: the safe types only, and it knows the lines
    yaml.version = (1, 2)
    try:
        node = yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(Fault("no such file", file=str(path))) from None
    except (IsADirectoryError, PermissionError, UnicodeDecodeError) as error:
        raise BadInput(Fault(f"cannot be read: {error}", file=str(path))) from None
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1
        problem = str(error.problem).partition(" with value")[0]
        raise BadInput(Fault(f"{problem}: write each key once", file=str(path), line=line)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise BadInput(Fault(f"not YAML: {problem}", file=str(path), line=mark.line + 1)) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise BadInput(Fault(f"not YAML: {error}", file=str(path))) from None
    if not isinstance(node, Mapping):
        raise BadInput(Fault("expected a mapping of settings at the root", file=str(path)))
    lines: dict[ValuePath, int] = {}
    tree = _plain(node, (), lines, str(path))
    return Document(str(path), tree, lines)


def _plain(node: Any, path: ValuePath, lines: dict[ValuePath, int], file: str) -> Any:
    """Return `node` as plain Python values, and note the line of every value below it."""
    if len(lines) > MAX_VALUES:
        raise BadInput(Fault(f"holds more than {MAX_VALUES} values, aliases included", file=file))
    if isinstance(node, Mapping):
        tree = {}
        for key in node:
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise BadInput(Fault(f"keys are names, got {key!r}", where=".".join(map(str, path)), file=file))
            name = str(key)
            lines[(*path, name)] = node.lc.key(key)[0] + 1 if key in node.lc.data else lines.get(path, 1)
            tree[name] = _plain(node[key], (*path, name), lines, file)
        return tree
    if isinstance(node, list):
        items = []
        for index, item in enumerate(node):
            lines[(*path, index)] = node.lc.item(index)[0] + 1
            items.append(_plain(item, (*path, index), lines, file))
        return items
    for kind in (bool, int, float, str):  # the round-trip loader marks scalars with their spelling
        if isinstance(node, kind):
            return kind(node)
    if node is None:
        return None
    where = ".".join(map(str, path))
    raise BadInput(Fault("tags and dates are not used here: write text in quotes", where, file, lines.get(path)))
