"""The one JSON object of a bench: what ran where, what came out, whether it was sound; kept and compared."""

import os
import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from workers.bench import meters

Report = dict[str, Any]
KEPT = Path("var/bench")
LATEST = "*.json"
# What is compared, with an earlier run or with another design: the key, and whether more is better.
BETTER: Mapping[str, bool] = {
    "rate": True,
    "cpu_us_per_message": False,
    "p99_ms": False,
    "end_to_end_rate": True,
    "lag_p50_ms": False,
    "lag_p99_ms": False,
    "bell_p50_ms": False,
    "worker_cpu_us_per_message": False,
    "redis_commands_per_message": False,
    "cpu_us_per_row": False,
    "accept_cpu_us": False,
    "bytes_per_complaint": False,
    "peak_memory_mib": False,
}


def head(bench: str, parameters: Mapping[str, object]) -> Report:
    """How every report begins. Made before the load: it tells how busy the machine was by itself."""
    return {
        "bench": bench,
        "version": version("satupintu"),
        "python": platform.python_version(),
        "machine": {"cpus": os.cpu_count(), "memory_mib": meters.memory_mib()},
        "database": "",
        "load_average_before": [round(average, 2) for average in os.getloadavg()],
        "parameters": dict(parameters),
        "sound": True,
        "problems": [],
    }


def judged(report: Report, problems: list[str]) -> Report:
    """A run is sound when nothing was lost and nothing doubled; being slow is no problem."""
    report["problems"] += problems
    report["sound"] = not report["problems"]
    return report


def written(report: Report) -> str:
    return msgspec.json.encode(report).decode()


def keep(report: Report, now: datetime, folder: Path = KEPT) -> Path:
    """Beside the earlier ones, by its moment."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%S}.json"
    path.write_text(written(report))
    return path


def latest(folder: Path = KEPT) -> Report | None:
    """The last one that was kept; None before the first, or when it cannot be read."""
    paths = sorted(folder.glob(LATEST))
    try:
        return msgspec.json.decode(paths[-1].read_bytes(), type=Report) if paths else None
    except msgspec.MsgspecError:
        return None


def compared(now: Report, before: Report | None) -> dict[str, dict[str, float]]:
    """Figure by figure what was, what is, and how much better that is (1.1: a tenth better)."""
    old = dict(_figures(before)) if before else {}
    changes = {}
    for name, value in _figures(now):
        was = old.get(name)
        if was and value:
            more_is_better = BETTER[name.rpartition(".")[2]]
            better = value / was if more_is_better else was / value
            changes[name] = {"before": was, "now": value, "better": round(better, 2)}
    return changes


def _figures(report: Report, path: str = "") -> Iterator[tuple[str, float]]:
    """Every figure worth comparing, with the names on the way to it."""
    for name, value in report.items():
        if isinstance(value, dict):
            yield from _figures(value, f"{path}{name}.")
        elif name in BETTER and isinstance(value, int | float):
            yield f"{path}{name}", float(value)
