"""`devices`: which phones can be reached, and what is wrong with each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.output import console, print_json, print_table

if TYPE_CHECKING:
    from nasbench_mobile.devices.android.adb import AdbServer
    from nasbench_mobile.devices.android.settings import AndroidSettings
    from nasbench_mobile.devices.phone_names import Listed


def devices(
    binary: Annotated[
        str, typer.Option(help="Where the program benchmark_model lies on the phones.")
    ] = "/data/local/tmp/benchmark_model",
    as_json: AsJson = False,
) -> None:
    """List the Android phones that adb reaches, and say what is wrong with each.

    Example: `nasbench-mobile devices --json`
    """
    from nasbench_mobile.devices.android.adb import AdbServer
    from nasbench_mobile.devices.android.settings import AndroidSettings
    from nasbench_mobile.errors import MissingExtraError

    try:
        server = AdbServer()
        rows = [_row(server, one, AndroidSettings(binary=binary)) for one in server.phones()]
        note = "" if rows else "no phone: plug one in, with USB debugging on"
    except MissingExtraError as error:
        rows, note = [], str(error)
    if as_json:
        print_json(rows)
    elif rows:
        _print(rows)
    if note:
        print(note, file=sys.stderr)


def _row(server: AdbServer, listed: Listed, settings: AndroidSettings) -> dict[str, Any]:
    """What is known of one phone; one that stops answering is a row with that problem."""
    from nasbench_mobile.devices.android.adb import PhoneError, advice
    from nasbench_mobile.devices.android.phone import read_state
    from nasbench_mobile.devices.android.settings import blocking, remarks

    row: dict[str, Any] = {
        "serial": listed.serial,
        "state": listed.state,
        "model": listed.model,
        "ready": False,
        "problems": [],
        "remarks": [],
        "details": None,
    }
    if listed.state != "device":
        return {**row, "problems": [f"{listed.state}: {advice(listed.state)}"]}
    try:
        state = read_state(server.phone(listed.serial), settings)
    except PhoneError as error:
        return {**row, "problems": [str(error)]}
    problems = blocking(state, listed.serial, settings)
    return {
        **row,
        "model": state.model or listed.model,
        "ready": not problems,
        "problems": problems,
        "remarks": remarks(state),
        "details": state.record(),
    }


def _print(rows: list[dict[str, Any]]) -> None:
    columns = {
        "serial": "serial",
        "model": "model",
        "state": "state",
        "battery": "battery %",
        "heat": "°C",
        "cores": "big cores",
        "by": "told by",
        "governor": "governor",
        "ready": "ready",
    }
    shown = []
    for row in rows:
        details = row["details"] or {}
        governors = sorted({cpu.get("governor") or "?" for cpu in details.get("cpus", ())})
        shown.append(
            {
                **row,
                "battery": details.get("battery_percent"),
                "heat": details.get("battery_c"),
                "cores": details.get("big_core_mask"),
                "by": details.get("big_cores_by"),
                "governor": ",".join(governors) or None,
                "ready": "yes" if row["ready"] else "no",
            }
        )
    print_table(columns, shown)
    for row in rows:
        for line in (*row["problems"], *row["remarks"]):
            console().print(f"{row['serial']}: {line}", soft_wrap=True)
