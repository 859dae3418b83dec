"""Compiles the decoder's kernel when the package is built or installed; without a compiler it is left out.

The library is called through ctypes and knows nothing of Python, so one build serves every version of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("src/onoma/tagging/kernel.c")
LIBRARY = SOURCE.with_name("_kernel.so")
# contraction would make of a product and a sum one operation with one rounding, on some processors only
FLAGS = ("-O3", "-std=c11", "-ffp-contract=off", "-shared", "-fPIC")


class KernelBuild(BuildHookInterface):
    """Adds the compiled kernel to wheels and to editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; a failure is told and the package is built without the library."""
        if self.target_name != "wheel":
            return
        fault = compiled(Path(self.root))
        if fault:
            self.app.display_warning(f"the decoder's kernel is left out, numpy will do its work: {fault}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["artifacts"].append(str(LIBRARY))


def compiled(root: Path) -> str | None:
    """Compile the kernel below ``root``; what went wrong, if something did."""
    (root / LIBRARY).unlink(missing_ok=True)
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return "there is no C compiler"
    beside = root / LIBRARY.with_suffix(".part")
    command = [compiler, *FLAGS, "-o", str(beside), str(root / SOURCE), "-lm"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode == 0:
            beside.replace(root / LIBRARY)
        return None if done.returncode == 0 else done.stderr.strip()[-300:]
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        beside.unlink(missing_ok=True)
