"""The rules of the architecture: who may include and import whom, and what objects may export."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CSRC = ROOT / "csrc"
FLOORS = {
    "base": 0, "kernels": 1, "codec": 2, "layers": 2, "sampling": 2, "conversion": 2,
    "engines": 3, "python": 4,
}  # fmt: skip
# Within a floor: who may also include whom.
NEIGHBOURS = {("conversion", "layers"), ("sampling", "layers")}
CMAKE = (ROOT / "CMakeLists.txt").read_text()
INSTRUCTION_SETS = ["generic", *re.findall(r"^  add_instruction_set\((\w+)", CMAKE, re.MULTILINE)]
TORCH_SIDE = {"models", "training"}
# The table of the package in docs/architecture.md: a row imports those above it alone.
ROWS = re.findall(
    r"^\| `wavenet/([^`]+?)/?` \|", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE
)
PACKAGE_FLOORS = {name.removesuffix(".py"): floor for floor, name in enumerate(ROWS)}


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def imports(path: Path) -> list[tuple[str, bool]]:
    """Modules that a file imports, and whether at its top level."""
    tree = ast.parse(path.read_text())
    top = set(map(id, tree.body))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"wavenet.{alias.name}" for alias in node.names]
            modules = names if node.module == "wavenet" else [node.module]
            found += [(module, id(node) in top) for module in modules]
    return found


@pytest.mark.parametrize("path", sorted(CSRC.rglob("*.*")), ids=lambda p: str(p.relative_to(CSRC)))
def test_floors_of_the_core(path):
    floor = path.relative_to(CSRC).parts[0]
    assert floor in FLOORS, f"list {floor} in FLOORS"
    for name in includes(path):
        if floor != "python":
            assert not name.startswith(("pybind11", "Python")), name
        other = name.split("/")[0]
        if "/" in name and other in FLOORS and other != floor:
            below = FLOORS[other] < FLOORS[floor]
            assert below or (floor, other) in NEIGHBOURS, f"{floor} includes {name}"


@pytest.mark.parametrize("name", INSTRUCTION_SETS)
def test_instruction_set_files_include_little(name):
    allowed = {"stddef.h", "stdint.h", "string.h", "immintrin.h", "arm_neon.h", "kernels/kernels.h"}
    allowed.add(f"kernels/{name.split('_')[0]}.cpp")  # the same once more, with one extension
    for include in includes(CSRC / "kernels" / f"{name}.cpp"):
        assert include in allowed or include.startswith("kernels/body/"), include


def test_the_table_of_kernels_includes_little():
    """Its headers, which those files include, hold nothing that could be merged with theirs."""
    headers = ["kernels/kernels.h"]
    for header in headers:
        for include in includes(CSRC / header):
            assert include in {"stddef.h", "stdint.h"} or include.startswith("kernels/"), header
            headers += [include] * (include not in headers and "/" in include)
        assert "inline " not in (CSRC / header).read_text().replace("inline constexpr", "")


@pytest.mark.skipif(
    not (shutil.which("c++") and shutil.which("nm")), reason="needs a C++ compiler and nm"
)
@pytest.mark.parametrize("name", [n for n in INSTRUCTION_SETS if not n.startswith("neon")])
def test_instruction_set_objects_share_no_symbols(name, tmp_path):
    """A weak symbol may be merged with portable code's, which then dies on older processors."""
    flags = re.findall(rf"add_instruction_set\({name} ([^)]*)\)", CMAKE)
    object_file = tmp_path / f"{name}.o"
    subprocess.run(  # without optimisation nothing is inlined that could be weak
        ["c++", "-std=c++20", "-O0", f"-I{CSRC}", *" ".join(flags).split(), "-c",
         str(CSRC / "kernels" / f"{name}.cpp"), "-o", str(object_file)],
        check=True,
    )  # fmt: skip
    symbols = subprocess.run(["nm", "-C", object_file], capture_output=True, text=True, check=True)
    kinds = {line[17:].strip(): line[17] for line in symbols.stdout.splitlines()}
    exported = [symbol for symbol, kind in kinds.items() if kind in "TWVDBu"]
    assert exported == [f"T wavenet::fill_{name}(wavenet::Kernels&)"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "wavenet").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_torch_stays_on_its_side(path):
    parts = path.relative_to(ROOT / "wavenet").parts
    for module, at_top in imports(path):
        torch_side = module.split(".")[0] == "torch" or module.startswith(
            ("wavenet.models", "wavenet.training")
        )
        if parts[0] not in TORCH_SIDE:
            assert not (torch_side and at_top), f"{module} at the top of {path}"
            if torch_side:
                allowed = (("cli", "train.py"), ("cli", "import_model.py"))
                assert parts in allowed, f"{path} imports {module}"
        if parts[0] != "cli" and parts != ("__main__.py",):
            assert not module.startswith("wavenet.cli"), f"{path} imports {module}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "wavenet").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_floors_of_the_package(path):
    """Each module or folder imports only those of rows above its own, even in functions."""
    name = path.relative_to(ROOT / "wavenet").parts[0].removesuffix(".py")
    assert name in PACKAGE_FLOORS, f"list {name} in docs/architecture.md"
    for module, _ in imports(path):
        other = module.split(".")[1] if module.startswith("wavenet.") else name
        if name != other and other in PACKAGE_FLOORS:
            assert PACKAGE_FLOORS[other] < PACKAGE_FLOORS[name], f"{path} imports {module}"


@pytest.mark.parametrize("path", sorted(CSRC.rglob("*.*")), ids=lambda p: str(p.relative_to(CSRC)))
def test_files_and_lines_are_short(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 400, path
    for number, line in enumerate(lines, start=1):
        assert len(line) <= 100, f"{path}:{number}"


@pytest.mark.parametrize("path", sorted((ROOT / ".ci").iterdir()), ids=lambda p: p.name)
def test_checks_name_tests_that_there_are(path):
    for name in re.findall(r"tests/[\w/]+\.py", path.read_text()):
        assert (ROOT / name).exists(), name
