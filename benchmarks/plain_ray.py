"""The quickstart's supervised search as one would write it without hpsearch: the peer of `whole_job.py`.

Ray Tune with Optuna, ASHA and MLflow's callback at their best: actors are reused, one thread a worker, images
are decoded once a process, as bytes, and augmented by torchvision in the batch.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from torch import nn
from torch.nn.functional import l1_loss
from torch.utils.data import DataLoader, TensorDataset
from torchvision.io import decode_jpeg, read_file
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.transforms import v2

POSE = ["yaw_deg", "pitch_deg", "roll_deg"]
NORMALIZE = v2.Compose(
    [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
)
TRAINING = v2.Compose([v2.ColorJitter(0.2, 0.2), NORMALIZE])


def load(folder: Path, split: str, px: int) -> TensorDataset:
    """Return the images [N, 3, px, px] of a split as bytes, and their poses [N, 3]."""
    table = pd.read_parquet(folder / "labels.parquet").query("split == @split")
    resize = v2.Resize([px, px], antialias=True)
    images = torch.stack([resize(decode_jpeg(read_file(str(folder / file)))) for file in table["file"]])
    return TensorDataset(images, torch.tensor(table[POSE].to_numpy("float32")))


def zoomed(images: torch.Tensor) -> torch.Tensor:
    """Return images each cropped to 0.8 to 1 of its side, resized back."""
    px = images.shape[-1]
    kept = 0.8 + 0.2 * torch.rand(len(images))
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = kept
    grid = nn.functional.affine_grid(theta, [len(images), 3, px, px], align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


class Train(tune.Trainable):  # type: ignore[misc]  # Ray's class has no types
    """One trial: a ResNet-10 that regresses three angles."""

    def setup(self, config: dict[str, Any]) -> None:
        """Load the images, once a process."""
        torch.set_num_threads(1)
        self.train_set = load(config["folder"], "train", config["px"])
        self.validation_set = load(config["folder"], "validation", config["px"])
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin a trial."""
        torch.manual_seed(0)
        self.settings, self.epoch = new_config, 0
        self.network = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=3)
        self.network.fc = nn.Sequential(nn.Dropout(new_config["dropout"]), self.network.fc)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=0.002, fused=True)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, new_config["epochs"])
        return True

    def step(self) -> dict[str, Any]:
        """Train and validate an epoch."""
        self.network.train()
        for images, pose_deg in DataLoader(self.train_set, 32, shuffle=True, drop_last=True):
            self.optimizer.zero_grad()
            loss = l1_loss(30 * self.network(zoomed(TRAINING(images))), pose_deg)
            torch.autograd.backward(loss)
            self.optimizer.step()
        self.schedule.step()
        self.epoch += 1
        self.network.eval()
        with torch.inference_mode():
            errors = [
                (30 * self.network(NORMALIZE(images)) - pose_deg).abs()
                for images, pose_deg in DataLoader(self.validation_set, 64)
            ]
        mae_deg = torch.cat(errors).mean().item()
        return {"mae_deg": mae_deg, "done": self.epoch == self.settings["epochs"]}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write the weights."""
        torch.save(self.network.state_dict(), Path(checkpoint_dir) / "network.pt")

    def load_checkpoint(self, checkpoint: str) -> None:
        """Read them."""
        self.network.load_state_dict(torch.load(Path(checkpoint) / "network.pt", weights_only=True))


def main() -> None:
    """Search, and print the final errors as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="a prepared dataset")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--px", type=int, default=32)
    given = parser.parse_args()
    space = {"dropout": tune.uniform(0.0, 0.5)}
    fixed = {"folder": given.folder.absolute(), "px": given.px, "epochs": given.epochs}
    database = f"sqlite:///{given.out.absolute() / 'mlflow.db'}"
    found = tune.Tuner(
        tune.with_resources(Train, {"cpu": 1}),
        param_space={**space, **fixed},
        tune_config=tune.TuneConfig(
            metric="mae_deg",
            mode="min",
            num_samples=given.trials,
            search_alg=OptunaSearch(),
            scheduler=ASHAScheduler(max_t=given.epochs, grace_period=given.epochs),  # no trial is stopped
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            storage_path=str(given.out.absolute()),
            callbacks=[MLflowLoggerCallback(tracking_uri=database, experiment_name="plain")],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=True),
            verbose=0,
        ),
    ).fit()
    print(json.dumps([result.metrics["mae_deg"] for result in found]))


if __name__ == "__main__":
    main()
