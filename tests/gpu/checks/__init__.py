"""One module per check; each has a function `check`. `runner.CHECKS` lists them."""
