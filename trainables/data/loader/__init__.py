"""The only reader of prepared datasets: a DALI pipeline that is fed an epoch's plan."""

from trainables.data.loader.loader import Batch, Loader, LoaderPool

__all__ = ["Batch", "Loader", "LoaderPool"]
