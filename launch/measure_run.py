"""Runs a command and says what it cost: seconds, CPU seconds, and memory.

    measure_run.py RESULT COMMAND...

RESULT becomes a JSON file. `residentBytes` is the largest resident set of a single process, as the kernel counted it;
`sharedOutBytes` is the largest sum over all processes of the command at one moment, pages that several of them map counted
once in all (the kernel's proportional set size, looked at four times a second).
"""
import json
import os
import subprocess
import sys
import threading
import time


def children(process):
    found = []
    try:
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass  # it ended meanwhile
    return found


def proportional_bytes(process):
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Watch(threading.Thread):
    """Looks at a process and its descendants until it is told to stop."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.largest, self.stopped = root, 0, threading.Event()

    def run(self):
        while not self.stopped.wait(0.25):
            family, position = [self.root], 0
            while position < len(family):
                family += children(family[position])
                position += 1
            self.largest = max(self.largest, sum(proportional_bytes(process) for process in family))


result, command = sys.argv[1], sys.argv[2:]
start = time.perf_counter()
process = subprocess.Popen(command)
watch = Watch(process.pid)
watch.start()
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
watch.stopped.set()
watch.join()
with open(result, "w") as file:
    json.dump(
        {
            "command": command,
            "seconds": seconds,
            "cpuSeconds": usage.ru_utime + usage.ru_stime,
            "residentBytes": usage.ru_maxrss * 1024,
            # A command may end before it is looked at.
            "sharedOutBytes": max(watch.largest, usage.ru_maxrss * 1024),
        },
        file,
    )
sys.exit(os.waitstatus_to_exitcode(status) % 256)
