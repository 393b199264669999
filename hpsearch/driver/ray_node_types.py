"""The nodes that an autoscaling Ray cluster may still start, by its node types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ray._private.state import state


@dataclass(frozen=True)
class NodeType:
    """Nodes that are alike: what each has, and how many there may be."""

    resources: Mapping[str, float]
    most: int


def node_types() -> list[NodeType]:
    """Return the types of nodes that the cluster's autoscaler starts on demand; none where it has none."""
    config = state.get_cluster_config()
    groups: list[Any] = [] if config is None else list(config.node_group_configs)
    # the head's group may have none beside it
    return [NodeType(dict(group.resources), group.max_count) for group in groups if group.max_count > 0]
