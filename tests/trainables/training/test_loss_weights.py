from __future__ import annotations

import pytest
from support.toy import toy_config

from hpsearch.testing import rows
from hpsearch.testing.pretext import network
from trainables.losses.weighting import WEIGHTINGS, LossWeight, WeightingConfig
from trainables.losses.weighting.fixed_weighting import FixedWeighting
from trainables.model.heads import FisherConfig
from trainables.pretext import SeveralConfig
from trainables.training.loss_weights import build_weighting, loss_weights

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.mark.parametrize("config", rows(WEIGHTINGS))
def test_a_lone_loss_trains_as_with_fixed_weights_whatever_the_weighting(config: WeightingConfig) -> None:
    lone = {"pose": LossWeight(2.0)}
    assert isinstance(build_weighting(config, lone), FixedWeighting)
    assert type(build_weighting(config, {**lone, "puzzle": LossWeight(group="helper")})) is type(
        config.build(lone)
    )


def test_each_loss_has_its_own_helper_s_weight_and_says_whether_it_may_be_below_0() -> None:
    config = SeveralConfig(
        puzzling={"grid": 2, "ssl_weight": 0.5}, simsiam={"ssl_weight": 3.0}, equivariance={"ssl_weight": 0.1}
    )
    weights = {
        head: loss_weights(
            network(config, head), config.build().branches, lambda name: config.loss_weight(name, 1)
        )
        for head in (toy_config().head, FisherConfig())
    }
    for found in weights.values():
        assert [weight.weight for weight in found.values()][-3:] == [0.5, 3.0, 0.1]
    signed = [[name for name, weight in found.items() if weight.signed] for found in weights.values()]
    assert signed == [["simsiam"], ["pose", "simsiam", "equivariance"]]
