"""What the programs that measure in pairs have in common: building llama.cpp's own from the engine's source, a server,
waiting for an idle machine, prompts by chance, and the statistics of pairs."""

import collections
import http.client
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
IDLE_LIMIT = 0.03
FOREIGN_LIMIT = 0.02
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
WORDS = """rain stone river light seven under music glass window garden paper silver number morning letter island
station winter market copper harbour bridge engine valley summer orange thunder candle mirror forest""".split()


def fail(message):
    sys.exit(f"error: {message}")


def run(command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def cache_entries(folder):
    """The CMake cache of a build folder: name to (type, value)."""
    entries = {}
    for line in (folder / "CMakeCache.txt").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([A-Za-z0-9_.-]+):([A-Z]+)=(.*)", line)
        if match:
            entries[match.group(1)] = (match.group(2), match.group(3))
    return entries


def model_file(name):
    """A file as it is, or the downloaded file of a name in the model index."""
    if pathlib.Path(name).is_file():
        return pathlib.Path(name)
    index = json.loads((ROOT / "src" / "store" / "index.json").read_text(encoding="utf-8"))
    home = pathlib.Path(os.environ.get("MULLAMA_HOME") or pathlib.Path.home() / ".mullama")
    if name in index["models"]:
        path = home / "downloads" / f"sha256-{index['models'][name]['sha256']}.gguf"
        if path.is_file():
            return path
    fail(f"there is no model {name}: give a GGUF file, or run mullama pull {name}")


def build_mullama(target):
    if not (BUILD / "build.ninja").is_file():
        fail("there is no release build: run scripts/run once")
    run(["cmake", "--build", BUILD, "--target", target], stdout=sys.stderr)


def engine_folder():
    """The build folder of the engine that the release build links."""
    match = re.search(r"(\S*build/engine/[0-9a-f]+)/src/libllama\.a", (BUILD / "build.ninja").read_text(encoding="utf-8"))
    if not match:
        fail(f"{BUILD}/build.ninja names no engine: configure the release preset again")
    return BUILD / match.group(1)


def build_peer(target):
    """Builds a program of llama.cpp's from the engine's own source with the engine's own options."""
    engine = engine_folder()
    entries = cache_entries(engine)
    folder = ROOT / "build" / "peers" / engine.name
    kept = re.compile(r"(GGML_|LLAMA_|CMAKE_(C|CXX)_(COMPILER|COMPILER_LAUNCHER|FLAGS)$|CMAKE_BUILD_TYPE$"
                      r"|CMAKE_POSITION_INDEPENDENT_CODE$|BUILD_SHARED_LIBS$)")
    options = [f"-D{name}:{kind}={value}" for name, (kind, value) in entries.items()
               if kept.match(name) and kind not in ("INTERNAL", "STATIC")]
    options += ["-DLLAMA_BUILD_COMMON=ON", "-DLLAMA_BUILD_TOOLS=ON", "-DLLAMA_BUILD_SERVER=ON"]
    source = entries["CMAKE_HOME_DIRECTORY"][1]
    print(f"building {target} (minutes the first time)", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "build.log", "w", encoding="utf-8") as log:
        try:
            run(["cmake", "-Wno-dev", "-G", "Ninja", "-S", source, "-B", folder, *options], stdout=log, stderr=log)
            run(["cmake", "--build", folder, "--target", target], stdout=log, stderr=log)
        except subprocess.CalledProcessError:
            fail(f"{target} did not build, see {log.name}")
    return folder / "bin" / target


class Server:
    """`mullama serve` with its data in a folder of its own."""

    def __init__(self, home, *options):
        self.process = subprocess.Popen(
            [BUILD / "bin" / "mullama", "serve", "--host", "127.0.0.1:0", *options],
            stderr=subprocess.PIPE, text=True, env=dict(os.environ, MULLAMA_HOME=str(home))
        )
        found = re.search(r"listening on (\S+):(\d+)", self.process.stderr.readline())
        if not found:
            fail("the server does not start")
        self.address = found[1], int(found[2])
        threading.Thread(target=self.process.stderr.read, daemon=True).start()  # or the pipe fills

    def kill(self):
        self.process.kill()
        self.process.wait()

    def metrics(self):
        """The engines' figures, of all models together."""
        with urllib.request.urlopen("http://{}:{}/metrics".format(*self.address)) as answer:
            text = answer.read().decode()
        sums = collections.Counter()
        for name, value in re.findall(r"^(mullama_\w+)\{model=[^},]*\} (\S+)$", text, re.M):
            sums[name] += float(value)
        return sums

    def memory_mib(self, kind):
        """Its memory, by a name of /proc/PID/status: VmRSS now, VmHWM at most so far."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(rf"{kind}:\s+(\d+)", status)[1]) / 1024

    def ask(self, path, **request):
        """Milliseconds to the first line of the answer, and the last one."""
        connection = http.client.HTTPConnection(*self.address)
        begin = time.monotonic()
        connection.request("POST", path, json.dumps(request))
        response = connection.getresponse()
        first = response.readline()
        taken = (time.monotonic() - begin) * 1000
        lines = [first, *response.read().splitlines()]
        connection.close()
        if response.status != 200:
            fail(lines[0].decode())
        return taken, json.loads(lines[-1])


def make_home(folder):
    """A folder for a server's data that has the models that were pulled."""
    real = pathlib.Path(os.environ.get("MULLAMA_HOME") or pathlib.Path.home() / ".mullama")
    (folder / "downloads").symlink_to(real / "downloads")
    return folder


def cpu_seconds():
    """(busy, stolen, total) seconds of all cores since boot."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) * TICK_S for field in stat.readline().split()[1:9]]
    user, nice, system, idle, iowait, irq, softirq, steal = fields
    return user + nice + system + irq + softirq, steal, sum(fields)


def wait_until_idle(patience_s):
    """Returns when others leave the CPU alone; ends the program where they do not."""
    deadline = time.monotonic() + patience_s
    while True:
        before = cpu_seconds()
        time.sleep(0.5)
        after = cpu_seconds()
        used = (after[0] - before[0] + after[1] - before[1]) / (after[2] - before[2])
        if used <= IDLE_LIMIT:
            return
        if time.monotonic() > deadline:
            fail(f"other programs use {used:.0%} of the CPU, {IDLE_LIMIT:.0%} is the limit: stop them and start again")


def median_interval(ratios, rounds=10000):
    """The median and the 95 % bootstrap interval of it (seeded: the same ratios give the same interval)."""
    pick = random.Random(1)
    medians = sorted(statistics.median(pick.choices(ratios, k=len(ratios))) for _ in range(rounds))
    return statistics.median(ratios), medians[int(0.025 * rounds)], medians[int(0.975 * rounds)]


def text(seed, words):
    """Words by chance, the same for the same seed."""
    return " ".join(random.Random(seed).choices(WORDS, k=words))
