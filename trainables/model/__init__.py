"""The network: ResNet trunk, supervised heads, self-supervised branches, initial weights."""
