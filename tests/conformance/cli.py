"""Runs the published command line as a child process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).parent / "modern-collections"


class Cli:
    def __init__(self, base_url: str, api_key: str) -> None:
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("MC_API_")} | {
            "MC_API_BASE_URL": base_url,
            "MC_API_KEY": api_key,
            "COLUMNS": "1000",  # wide enough that no table cell is truncated
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command. Any exit code is allowed, but a Python traceback fails the test."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done

    def table(self, *arguments: str) -> str:
        """Runs a command that must succeed and returns its table output."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Runs a command that must succeed and returns its parsed JSON output."""
        return json.loads(self.table("-o", "json", *arguments))

    def refused(self, *arguments: str) -> str:
        """Runs a command that must fail with an API error and returns its stderr."""
        done = self.run(*arguments)
        assert done.returncode == 1, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert "API error" in done.stderr, done.stderr
        return done.stderr
