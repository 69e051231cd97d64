"""`gateway run` as a newcomer starts it, without a settings file, and what they look at while they try it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, ViewportSize

from tests.acceptance.stage import call, free_port, until

READY_WITHIN_S = 40.0
ENDS_WITHIN_S = 20.0
WIDTHS, HEIGHT = (320, 1280), 900
"""The last one stays."""
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@dataclass
class Training:
    """An installation that writes into `folder`, on two free ports."""

    folder: Path
    port: int = field(default_factory=free_port)
    practice_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def practice_url(self) -> str:
        return f"http://127.0.0.1:{self.practice_port}"

    @property
    def _log(self) -> Path:
        return self.folder / "terminal.log"

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}  # noqa: TID251
        environment["GATEWAY__SERVER__PORT"] = str(self.port)
        environment["GATEWAY__TRAINING__PORT"] = str(self.practice_port)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [Path(sys.executable).with_name("gateway"), "run"],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._is_ready, f"ready; see {self._log}", READY_WITHIN_S)

    def _is_ready(self) -> bool:
        try:
            return call("GET", f"{self.url}/readyz", within_s=2).status == 200
        except OSError:
            return False

    def end(self) -> int:
        """As Ctrl-C does it; the exit status."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(ENDS_WITHIN_S)

    def kill(self) -> None:
        """Whatever is left of it, when a test failed half way."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def said_in_trouble(self) -> list[str]:
        """Lines of the terminal that speak of something broken; providers that are away for a moment are none."""
        lines = self._log.read_text("utf-8").splitlines()
        return [line[:600] for line in lines if "Traceback" in line or _level(line) in {"error", "critical"}]


def _level(line: str) -> str:
    if not line.startswith("{"):
        return ""
    return str(json.loads(line).get("level", ""))


@dataclass
class Visitor:
    """Somebody with a browser, who notices what a page complains about."""

    context: BrowserContext
    problems: list[str] = field(default_factory=list)

    async def open(self, url: str) -> Page:
        page = await self.context.new_page()
        page.on("pageerror", lambda problem: self.problems.append(f"{page.url}: {problem}"))
        page.on(
            "console", lambda line: self.problems.append(f"{page.url}: {line.text}") if line.type == "error" else None
        )
        await self.go(page, url)
        return page

    async def go(self, page: Page, url: str) -> None:
        answer = await page.goto(url)
        assert answer is not None
        assert answer.status == 200, url
        await self.look_at(page)

    async def look_at(self, page: Page) -> None:
        """What holds for every page: axe finds nothing, nothing sticks out at the side, not even on a small phone."""
        found = await Axe().run(page, options=AXE)
        assert not found.response["violations"], f"{page.url}\n{found.generate_report()}"
        for width in WIDTHS:
            await page.set_viewport_size(ViewportSize(width=width, height=HEIGHT))
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} at {width}"
