"""Commands in a sandbox through the published JavaScript SDK, which has them run by a login shell."""
import json
import os
import pathlib
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")


def sdk_commands(ready: dict, key: str, rounds: int) -> list[float]:
    """Milliseconds of each. RuntimeError with the reason where Node.js or the SDK cannot be had."""
    folder = TOP / "build/rivals/sdk"
    installed = subprocess.run([TOP / "tests/conformance/install.sh", folder], capture_output=True, text=True,
                               check=False)
    if installed.returncode != 0:
        raise RuntimeError((installed.stderr.strip().splitlines() or ["the SDK cannot be had here"])[-1])
    script = folder / "sdkcommands.mjs"  # modules are looked up from where the script stands
    shutil.copyfile(TOP / "tests/bench/sdkcommands.mjs", script)
    environment = {name: value for name, value in os.environ.items() if name not in PROXIES
                   and name not in ("E2B_DEBUG", "E2B_DOMAIN", "E2B_ACCESS_TOKEN")}
    environment |= {"E2B_API_URL": ready["api_url"], "E2B_SANDBOX_URL": ready["sandbox_url"], "E2B_API_KEY": key}
    done = subprocess.run([installed.stdout.strip(), script, str(rounds)], capture_output=True, text=True, check=False,
                          env=environment)
    if done.returncode != 0:
        raise RuntimeError("the SDK failed: " + (done.stderr.strip().splitlines() or ["no reason told"])[-1])
    return json.loads(done.stdout)
