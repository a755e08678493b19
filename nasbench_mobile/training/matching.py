"""Whether the images of a training that goes on are those it was begun with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.errors import UsageError

if TYPE_CHECKING:
    from nasbench_mobile.training.data import ImageData


class MatchedByNamesWarning(UserWarning):
    """A training goes on whose record says nothing of what was in its images."""


def check_content(there: str | None, data: ImageData, what: str) -> None:
    """`UsageError` where `what` was of other images than the data's under the same names.

    None is a record from before there was a content: names are all that it can be matched by.
    """
    if there not in (None, data.content):
        raise UsageError(
            f"{what} is of other images under the same names: {there} there, {data.content} here; "
            "put the old ones back, or start anew elsewhere"
        )


def matched_by_names(data: ImageData, what: str) -> str:
    """What to say where names were all there was to match by."""
    said = (
        f"images are matched by their names alone, as {what} before versions kept a digest of "
        "their content; if some were replaced since, start anew elsewhere"
    )
    if not data.read_otherwise:
        return said
    return (
        f"{said}. {data.read_otherwise:,} of them are read otherwise than then: turned as EXIF "
        "says, or 16-bit grey that is not white any more"
    )
