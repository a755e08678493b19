"""Commands of this package as they are shown: a shell takes them back word for word."""

from __future__ import annotations

import shlex


def command(*words: object) -> str:
    """`nasbench-mobile` with these words, quoted where a shell would tear them apart."""
    return shlex.join(["nasbench-mobile", *map(str, words)])
