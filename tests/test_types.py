"""What type checkers know: the README's example, and the stub of the core."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from wavenet import _core

ROOT = Path(__file__).parent.parent


def check(path: Path) -> subprocess.CompletedProcess:
    """mypy on a user's file, strict; errors inside the package are not the user's."""
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", path]
    silent = ["--follow-imports=silent", "--ignore-missing-imports"]
    return subprocess.run(
        [*command, *silent], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_example_of_the_readme(tmp_path):
    example = (ROOT / "README.md").read_text().split("```python\n")[1].split("```")[0]
    misuse = "generator.condition_from_sond(audio)\nwavenet.mulaw_encode(audio, 'many')\n"
    (tmp_path / "example.py").write_text(example)
    result = check(tmp_path / "example.py")
    assert result.returncode == 0, result.stdout
    (tmp_path / "example.py").write_text(example + misuse)
    errors = re.findall(r"py:(\d+): error:", check(tmp_path / "example.py").stdout)
    assert len(set(errors)) == 2  # lines; each kind of generator lacks the method


def stub_arguments() -> dict[str, list[str]]:
    """Names of functions and methods of the stub, to those of their arguments."""
    found = {}
    for node in ast.parse((ROOT / "wavenet/_core.pyi").read_text()).body:
        functions = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for function in functions:
            if isinstance(function, ast.FunctionDef) and not function.decorator_list:
                unnamed = [f"arg{i}" for i in range(len(function.args.posonlyargs))]
                named = [argument.arg for argument in function.args.args]
                found[prefix + function.name] = unnamed + named
    return found


@pytest.mark.parametrize(("name", "arguments"), stub_arguments().items())
def test_arguments_of_the_stub(name, arguments):
    """stubtest knows no arguments of compiled functions: they are in the docstrings."""
    value = _core
    for part in name.split("."):
        value = getattr(value, part)
    signatures = [line for line in value.__doc__.splitlines() if "->" in line]
    assert signatures
    for signature in signatures:
        assert re.findall(r"[(,] ?(\w+):", signature) == arguments, signature
