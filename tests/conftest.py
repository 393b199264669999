"""What every test can rely on."""

import signal


def pytest_configure() -> None:
    """Take Ctrl-C even in the background: the commands that tests start inherit an ignored one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
