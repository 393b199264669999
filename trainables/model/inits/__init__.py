"""Sources of a trunk's initial weights. A source is one file and one row here."""

from trainables.base.table import Table
from trainables.model.inits.file import FileConfig
from trainables.model.inits.imagenet import ImageNetConfig
from trainables.model.inits.init import InitConfig
from trainables.model.inits.random import RandomConfig
from trainables.model.inits.request import InitRequest
from trainables.model.inits.ssl import Pretraining, SslConfig

__all__ = [
    "INITS",
    "FileConfig",
    "ImageNetConfig",
    "InitConfig",
    "InitRequest",
    "Pretraining",
    "RandomConfig",
    "SslConfig",
]

INITS = Table[InitConfig](
    "inits",
    {
        "random": RandomConfig,
        "imagenet": ImageNetConfig,
        "ssl": SslConfig,
        "file": FileConfig,
    },
)
