"""The README of an exported network."""

from __future__ import annotations

from hpsearch.results.titles import guessing
from trainables.base.plain_text import markdown_text
from trainables.exported import CARD, ONNX, WEIGHTS, NetworkCard
from trainables.model.backbones import title as backbone_title
from trainables.training.config import TrainConfig, parse_config


def model_card(card: NetworkCard, check: str) -> str:
    """Return the README of an exported network; `check` says how it was compared with the trained one."""
    origin, px, count = card.provenance, card.image_px, len(card.angles)
    labels, main = ", ".join(card.angles), card.target.metrics[0]
    units = ", ".join(dict.fromkeys(label.unit.name for label in card.labels))
    trial = f"trial {origin['trial']} of the study `{origin['study']}` ({markdown_text(origin['design'])})"
    value = f"{main.title} {main.shown(origin[f'validation_{main.name}'])}"
    mean = f"{origin['training_mean']:.2f} ({origin['objective']})"
    guess = guessing(card.target).capitalize()
    datasets = "\n".join(f"- {role}: {markdown_text(name)}" for role, name in origin["datasets"].items())
    return f"""# {card.target.title} from a face crop: {labels}

{backbone_title(card.backbone)}, {px} x {px} px, {trial}.
The supervised network alone, without the branches that the pretext task added for training.

## Use

```python
import hpsearch
model = hpsearch.load("DIR")  # this folder
model.predict(["face.jpg"])   # [B, {count}]: {labels} in {units}
```

Or `hpsearch predict DIR face.jpg`, or `{ONNX}` in any ONNX runtime:

```python
import numpy, onnxruntime, PIL.Image
face = PIL.Image.open("face.jpg").convert("RGB")
{_scaling(card)}
network = onnxruntime.InferenceSession("{ONNX}")
{_unpacked(card)} = network.run(None, {{"image": numpy.asarray(face).transpose(2, 0, 1)[None]}})
```

- **Input** `image`: uint8 [B, 3, {px}, {px}], red, green, blue, 0 to 255; {_seen(card)}a square crop of one
  face, cut as those of the training set. Normalisation is inside.
- **Output** `{card.target.output}`: float32 [B, {count}].
  {card.convention}.
{_certainty(card)}
## How good it is

{value} on the validation set after epoch {origin["epoch"]}, whose weights these are.
The search selected by this set: expect worse on images that it never saw, and much worse on
other cameras, crops and faces. {guess} gives {mean}.

{datasets}
{_licence(card)}
## Files

- `{WEIGHTS}`: the weights; numbers, never code.
- `{CARD}`: what rebuilds the network, how it was trained, where it comes from, and the SHA-256 of the files.
- `{ONNX}`: network, normalisation and decoding.

Written by hpsearch {origin["code_version"]} and checked: {check}.
"""


def _scaling(card: NetworkCard) -> str:
    """Return the lines of Python that turn a face crop into the network's input."""
    size, zoom = f"({card.image_px}, {card.image_px}), PIL.Image.Resampling.BILINEAR", card.evaluation_zoom
    if not zoom:
        return f"face = face.resize({size})"
    return (
        f"rim = {zoom / 2:g} * face.width\n"
        f"face = face.resize({size}, (rim, rim, face.width - rim, face.height - rim))"
    )


def _licence(card: NetworkCard) -> str:
    """Return the line about initial weights that were fetched, empty where there were none."""
    config = parse_config(card.training)
    licence = config.weights_licence if isinstance(config, TrainConfig) else None
    return f"\nTrained from weights with a licence of their own ({licence}).\n" if licence else ""


def _unpacked(card: NetworkCard) -> str:
    """Return what the outputs are assigned to: `(pose_deg,)`, or `pose_deg, entropy_nats`."""
    only = len(card.outputs) == 1
    return f"({card.outputs[0]},)" if only else ", ".join(card.outputs)


def _certainty(card: NetworkCard) -> str:
    """Return the line about a second output, empty where there is none."""
    if len(card.outputs) == 1:
        return ""
    return (
        f"- **Output** `{card.outputs[1]}`: float32 [B], how uncertain the network is: 0 where it knows\n"
        "  nothing, lower where it is surer; `model.entropies` in Python.\n"
    )


def _seen(card: NetworkCard) -> str:
    """Return how much of a face crop the network sees, in words that go on with the crop."""
    zoom = card.evaluation_zoom
    return f"the central {1 - zoom:g} of the side of " if zoom else ""
