"""Calls of plugins: whatever a plugin raises is reported as the plugin's own mistake."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.plugins.time_limits import OverdueError, time_limit


@contextmanager
def plugin_call(
    what: str, wrap: Callable[[str], NasbenchError], limit_s: float | None = None
) -> Iterator[None]:
    """Turn a plugin's error into `wrap("WHAT raised TYPE: MESSAGE")`, with it as the cause.

    So does a call that takes longer than `limit_s` seconds (`time_limits`). Errors of this project
    go through as they are. So do Ctrl-C and SIGTERM of the user; that a
    plugin raises `SystemExit` or, in a worker, `KeyboardInterrupt`, must not end the study.
    """
    try:
        with time_limit(limit_s):
            yield
    except OverdueError as error:
        raise wrap(f"{what}: {error}; --call-limit-s gives it more") from error
    except NasbenchError:
        raise
    except BaseException as error:
        if not is_plugins(error):
            raise
        raise wrap(f"{what} raised {named(error)}") from error


def is_plugins(error: BaseException) -> bool:
    """Whether an error that a plugin's call ended with is the plugin's, and not the user's stop.

    Workers ignore SIGINT, so what looks like Ctrl-C in one was raised by the plugin itself.
    """
    if type(error) is KeyboardInterrupt:
        return signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return isinstance(error, Exception | SystemExit | GeneratorExit)


def named(error: BaseException) -> str:
    """`TYPE: MESSAGE`, also of an error whose message cannot be made."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return f"{type(error).__name__} (whose message cannot be shown)"
