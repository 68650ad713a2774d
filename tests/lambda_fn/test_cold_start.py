import subprocess
import sys

from tests.conftest import REPOSITORY


def test_the_collector_rests_while_the_api_loads_and_then_spares_what_was_loaded():
    # Without the pause there are hundreds of searches; a few happen before it begins.
    program = """
import gc
searches = []
gc.callbacks.append(lambda phase, info: searches.append(phase))
import lambda_fn.api
print(len(searches) < 20, gc.isenabled(), gc.get_freeze_count() > 50_000)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
