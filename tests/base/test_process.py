"""What the library leaves as it is in the process: filters, modules, signals, random states."""

import ast
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from wavenet.metrics import perception

PACKAGE = Path(__file__).parents[2] / "wavenet"
CHANGES = {  # calls that change something for all threads of the process
    "warnings": {"catch_warnings", "simplefilter", "filterwarnings", "resetwarnings"},
    "np": {"seterr", "seterrcall", "setbufsize", "set_printoptions"},
    "np.random": {"seed", "set_state"},
    "random": {"seed", "setstate"},
    "signal": {"signal", "setitimer", "alarm", "set_wakeup_fd", "pthread_sigmask"},
    "os": {"chdir", "umask", "putenv", "unsetenv", "nice", "sched_setaffinity"},
    "os.environ": {"setdefault", "update", "pop", "clear"},
    "sys.modules": {"setdefault", "update", "pop", "clear"},
    "sys.path": {"append", "insert", "extend", "remove"},
    "sys": {"setrecursionlimit", "setswitchinterval", "settrace", "setprofile"},
    "locale": {"setlocale"},
    "socket": {"setdefaulttimeout"},
    "logging": {"basicConfig", "disable"},
    "gc": {"disable", "enable", "freeze"},
    "torch": {
        "manual_seed", "seed", "set_num_threads", "set_num_interop_threads", "set_default_dtype",
        "set_default_device", "set_grad_enabled", "use_deterministic_algorithms",
        "set_flush_denormal", "set_float32_matmul_precision",
    },
}  # fmt: skip
STATES = {"os.environ", "sys.modules"}  # whose items nobody sets or deletes
ALLOWED = {
    # Training answers Ctrl-C, and gives the handlers and torch's state of randomness back.
    ("training/trainer.py", "signal.signal"), ("training/trainer.py", "torch.manual_seed"),
    # A command has its process for itself, and sets this before NumPy is loaded.
    ("cli/__init__.py", "os.environ.setdefault"),
}  # fmt: skip


def changes(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr in CHANGES.get(owner, ()):
                found.add(f"{owner}.{node.func.attr}")
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if ast.unparse(node.value) in STATES:
                found.add(ast.unparse(node.value))
        if isinstance(node, ast.ImportFrom) and node.module in CHANGES:
            found |= {alias.name for alias in node.names} & CHANGES[node.module]
    return found


def test_no_module_changes_the_process():
    found = {
        (str(path.relative_to(PACKAGE)), change)
        for path in PACKAGE.rglob("*.py")
        for change in changes(path)
    }
    assert found == ALLOWED


@pytest.mark.skipif(not perception.is_available("stoi"), reason="needs the extra evaluate")
@pytest.mark.parametrize("n_samples", [100, 256, 2000, 32000])
def test_stoi_leaves_the_filters_of_warnings(monkeypatch, n_samples):
    import importlib

    utils = importlib.import_module("pystoi.stoi").utils
    real, before, meanwhile = utils.resample_oct, list(warnings.filters), []

    def resample(*arguments):
        meanwhile.append(list(warnings.filters))
        return real(*arguments)

    monkeypatch.setattr(utils, "resample_oct", resample)
    speech = np.random.default_rng(0).standard_normal(n_samples)
    assert np.isnan(perception.stoi(speech, speech, 16000)) == (n_samples < 32000)
    assert meanwhile == [before, before]


def test_pyworld_loads_once_and_leaves_no_module_behind():
    """By eight threads at the same time, without `pkg_resources`."""
    code = """
import sys, threading
sys.modules["pkg_resources"] = None
seen = set()
class Watch:
    def find_spec(self, name, path, target=None):
        seen.add(sys.modules.get("pkg_resources"))
sys.meta_path.insert(0, Watch())
from wavenet.features.world import pyworld
results, start = [], threading.Barrier(8)
def load():
    start.wait()
    results.append(pyworld().get_num_aperiodicities(16000))
threads = [threading.Thread(target=load) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
assert results == [1] * 8, results
assert seen == {None} and "pyworld" not in sys.modules, seen
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_training_gives_the_state_of_torch_back(tmp_path):
    torch = pytest.importorskip("torch")
    from wavenet.training import train

    text = tmp_path / "a.txt"
    text.write_text("to be or not to be " * 200)
    before = torch.get_rng_state()
    done = []

    def run():
        model = {"hidden_size": 8, "layers": 1}
        done.append(train(text, tmp_path / "out", model, {"steps": 2, "batch_size": 2}))

    thread = threading.Thread(target=run)  # where handlers of signals cannot be set
    thread.start()
    thread.join()
    assert done == [True]
    assert torch.equal(torch.get_rng_state(), before)


def test_classes_that_a_user_allows_stay_allowed(tmp_path):
    torch = pytest.importorskip("torch")
    from wavenet.models.importing.checkpoint import read_checkpoint

    torch.save({"weight": torch.zeros(3)}, tmp_path / "a.pth")
    with torch.serialization.safe_globals([np.ndarray]):
        before = set(torch.serialization.get_safe_globals())
        read_checkpoint(tmp_path / "a.pth")
        assert set(torch.serialization.get_safe_globals()) == before
