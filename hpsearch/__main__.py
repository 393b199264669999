"""`python -m hpsearch`: the command line, where the script `hpsearch` is not on the path."""

import sys

from hpsearch.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
