"""How many threads there are by default."""

import os

import pytest

from wavenet.base.validation import processors, thread_count


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_processors_are_those_that_may_be_used(monkeypatch):
    monkeypatch.delenv("WAVENET_THREADS", raising=False)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert processors() == thread_count(None) == 1
    finally:
        os.sched_setaffinity(0, before)
