"""Samplers: how the next trial's values are chosen. A sampler is one file and one row here."""

from hpsearch.study.policy.samplers.grid import GridConfig
from hpsearch.study.policy.samplers.random import RandomConfig
from hpsearch.study.policy.samplers.sampler import SamplerConfig, learns_costs
from hpsearch.study.policy.samplers.tpe import TPEConfig
from trainables.base.table import Table

__all__ = ["SAMPLERS", "GridConfig", "RandomConfig", "SamplerConfig", "TPEConfig", "learns_costs"]

SAMPLERS = Table[SamplerConfig]("samplers", {"tpe": TPEConfig, "random": RandomConfig, "grid": GridConfig})
