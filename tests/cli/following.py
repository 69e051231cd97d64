"""Carries out a page of the documentation as it stands: its commands are run, its files written, in their order.

A fenced block is `sh` (commands, which must end well), or names a file after its language: what the file holds, or, of
Python, a function that takes the place of the one of the same name in it.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("channels", "config", "docs/channels", "tests/channels", "tests/conftest.py", "pyproject.toml")
LINKED = ("gateway", "workers")
PROGRAMS = {"gateway": "gateway.cli.main:main", "pytest": "pytest:console_main", "pip": "pip._internal.cli.main:main"}


@dataclass
class Workplace:
    """A copy of what a new channel touches, with commands of its own that know nothing but it. `said`: command -> output."""

    folder: Path
    said: dict[str, str] = field(default_factory=dict)

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def packages(self) -> Path:
        """Where `pip install` installs."""
        return self.folder / "venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"

    def prepare(self) -> None:
        for name in COPIED:
            source, target = ROOT / name, self.tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # With what is compiled already: the programs below read these modules many times.
            shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
        for path in (*map(ROOT.joinpath, LINKED), *(ROOT / "tests").iterdir()):
            place = self.tree / path.relative_to(ROOT)
            if not place.exists():
                place.symlink_to(path)
        programs = self.folder / "venv" / "bin"
        ours = [path for path in sys.path if path.endswith("site-packages")]
        venv.create(self.folder / "venv")
        (self.packages / "tree.pth").write_text("\n".join([str(self.tree), *ours, ""]))
        for name, target in PROGRAMS.items():
            module, _, function = target.partition(":")
            text = f"#!{programs}/python\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (programs / "ruff").symlink_to(Path(sys.executable).with_name("ruff"))

    def follow(self, page: str) -> None:
        for language, file, text in BLOCK.findall(page):
            if language == "sh":
                for command in text.splitlines():
                    self.said[command] = self._run(command)
            elif language == "python":
                put_in_place(self.tree / file, text)
            else:
                write(self.tree / file, text)

    def _run(self, command: str) -> str:
        # fmt: off
        ended = subprocess.run(  # noqa: S602 - a command of our own page
            command, shell=True, cwd=self.tree, capture_output=True, text=True, check=False,
            env={
                "PATH": f"{self.folder}/venv/bin:{os.defpath}", "HOME": str(self.folder),
                # The author of a channel has a network; we have what is installed.
                "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            },
        )
        # fmt: on
        assert ended.returncode == 0, f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
        return ended.stdout


def write(path: Path, text: str) -> None:
    """A recorded call ends with its body, without the line end of the page."""
    path.write_text(text.rstrip("\n") if path.suffix == ".http" else text, encoding="utf-8")
    path.chmod(0o600)


def put_in_place(path: Path, text: str) -> None:
    """The function in `text` instead of the one of the same name in the file."""
    [function] = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    old = path.read_text(encoding="utf-8")
    [there] = [part for part in functions(old) if part.name == function.name]
    lines = old.splitlines(keepends=True)
    lines[there.lineno - 1 : there.end_lineno] = text.splitlines(keepends=True)
    path.write_text("".join(lines), encoding="utf-8")


def functions(text: str) -> Iterator[ast.FunctionDef]:
    return (part for part in ast.parse(text).body if isinstance(part, ast.FunctionDef))
