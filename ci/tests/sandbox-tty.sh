#!/usr/bin/env bash
# usage: ci/tests/sandbox-tty.sh BUILD_DIR SOURCE_DIR
# run --tty as a person at a terminal meets it: the test is the terminal (pty), and looks at it before,
# while and after. In both modes.
set -u
build=$(cd "$1" && pwd)
scene=$(mktemp -d /var/tmp/holdfast-tty.XXXXXX)
trap 'rm -rf "$scene"' EXIT
mkdir "$scene/ws" "$scene/home"
HOME=$scene/home python3 - "$build/bin/holdfast-sandbox" "$scene/ws" <<'PY'
import fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios, time

sandbox, workspace = sys.argv[1:3]
checks, failures = 0, 0

def check(claim, is_so, detail=""):
    global checks, failures
    checks += 1
    if not is_so:
        failures += 1
        print("FAILED (%s): %s %s" % (mode, claim, str(detail)[:300]))

class Terminal:
    """A terminal with run --tty in it, started in a session of its own, as a shell would."""
    def __init__(self, script, options=(), rows=24, columns=80, command=None):
        self.master, slave = pty.openpty()
        self.size(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.output = b""
        argv = [sandbox, "run", "--mode", mode, "--workspace", workspace, "--cwd", workspace, "--tty",
                *options, "--", *(command or ["sh", "-c", script])]
        self.child = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    def read(self, seconds=0.05):
        while select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            self.output += data
    def until(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.output and time.monotonic() < end:
            self.read()
        return text in self.output
    def type(self, data):
        os.write(self.master, data)
    def wait(self, seconds=10):
        end = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < end:
            self.read()
        status = self.child.poll()
        self.read(0.1)
        return status
    def is_right(self, seconds=3):
        end = time.monotonic() + seconds
        while termios.tcgetattr(self.slave) != self.before and time.monotonic() < end:
            time.sleep(0.02)
        return termios.tcgetattr(self.slave) == self.before
    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)

def run(claim, script, wanted, **keywords):
    t = Terminal(script, **keywords)
    status = t.wait()
    check(claim, status == wanted, (status, t.output))
    check(claim + ": the terminal is as before", t.is_right())
    t.close()
    return t.output

def survivors(mark):
    return [p for p in os.listdir("/proc") if p.isdigit() and mark in read("/proc/%s/cmdline" % p)]

def read(path):
    try:
        return open(path, "rb").read()
    except OSError:
        return b""

def main():
    run("three terminals", "[ -t 0 ] && [ -t 1 ] && [ -t 2 ]", 0)
    run("its own controlling one", "exec 5</dev/tty && echo through >/dev/tty", 0)
    run("in its own session", 'set -- $(cat /proc/self/stat); [ "$6" != 0 ] && [ "$7" != 0 ]', 0)
    run("its status", "exit 37", 37)
    run("a signal's status", "kill -TERM $$", 143)
    run("not found", "", 127, command=["nonesuch"])
    run("a refusal", "", 125, command=["true"], options=["--workspace", "/nonesuch"])
    run("time is up", "sleep 30", 124, options=["--timeout", "1"])
    check("the size", b"30 100" in run("the size", "stty size", 0, rows=30, columns=100))
    check("all output arrives", run("much output", "seq 1 20000", 0).count(b"\n") == 20000)
    check("nothing is typed into it", b"refused" in run(
        "TIOCSTI", "", 0, command=["python3", "-c", "import fcntl\ntry:\n fcntl.ioctl(0, 0x5412, b'x')\n"
                                   "except OSError:\n print('refused')"]))

    t = Terminal("trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done")
    check("ready", t.until(b"ready"), t.output)
    check("raw while it runs", t.is_raw())
    t.type(b"\x03")
    check("Ctrl-C reaches the command", t.wait() == 9 and b"caught" in t.output, t.output)
    check("the terminal is as before", t.is_right())
    t.close()

    t = Terminal("trap 'stty size' WINCH; trap 'exit 6' QUIT; echo ready; while :; do sleep 0.1; done")
    check("ready", t.until(b"ready"), t.output)
    t.size(40, 132)
    check("a new size is passed on", t.until(b"40 132"), t.output)
    t.type(b"\x1c")
    check("Ctrl-\\ too", t.wait() == 6, t.child.poll())
    t.close()

    t = Terminal("cat; echo over")
    time.sleep(0.2)
    t.type(b"words\n\x04")
    check("what is typed arrives, and its end", t.wait() == 0 and b"over" in t.output, t.output)
    t.close()

    # who restores it when the relay cannot
    mark = b"holdfast-tty-%d" % os.getpid()
    for number in (signal.SIGTERM, signal.SIGKILL):
        # one process: linux-landlock lets grandchildren live when its launcher is killed, a documented gap
        t = Terminal("", command=["python3", "-c", "import signal, time; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
                                  "print('ready', flush=True); time.sleep(600)", mark.decode()])
        check("ready", t.until(b"ready"), t.output)
        check("raw", t.is_raw())
        os.kill(t.child.pid, number)
        t.wait()
        check("the terminal is as before after signal %d" % number, t.is_right())
        time.sleep(0.2)
        check("nothing survives signal %d" % number, not survivors(mark), survivors(mark))
        t.close()

    t = Terminal("echo ready; read -r x; echo got $x")
    t.until(b"ready")
    os.kill(t.child.pid, signal.SIGTSTP)
    check("stopped: the terminal is as before", t.is_right())
    os.kill(t.child.pid, signal.SIGCONT)
    end = time.monotonic() + 5
    while not t.is_raw() and time.monotonic() < end:
        time.sleep(0.02)
    check("going on: raw again", t.is_raw())
    t.type(b"it\n")
    check("and it works", t.wait() == 0 and b"got it" in t.output, t.output)
    t.close()

    # no terminal outside
    base = [sandbox, "run", "--mode", mode, "--workspace", workspace, "--cwd", workspace]
    r = subprocess.run(base + ["--tty", "--", "sh", "-c", "[ -t 0 ] && cat"], input=b"piped\n",
                       capture_output=True)
    check("input from a pipe", r.returncode == 0 and b"piped" in r.stdout, r)
    r = subprocess.run(base + ["--", "sh", "-c", "[ -t 0 ] || exit 4"], stdin=subprocess.DEVNULL)
    check("without --tty none", r.returncode == 4)
    r = subprocess.run(base + ["--terminal", "--", "true"], stdin=subprocess.DEVNULL, capture_output=True)
    check("--terminal wants one", r.returncode == 125 and b"controlling" in r.stderr, r)

modes = json.loads(subprocess.run([sandbox, "modes", "--json"], capture_output=True).stdout)["modes"]
for mode in ("linux-namespace", "linux-landlock"):
    if any(m["name"] == mode and m["works"] for m in modes):
        main()
    else:
        print(mode + " does not work here: not tested")
print("%d checks, %d failed" % (checks, failures))
sys.exit(failures != 0)
PY
