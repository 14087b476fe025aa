//! What the compiler may take of a program's time, and that loops which had to wait get their turn.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

/// More loops than the advance pays for; each is worth compiling.
const MANY_LOOPS: &str = "\
import hardwire, time

source = '''
def f{0}(n):
    total = 0
    for i in range(n):
        total += i * {0} & 255
    return total
'''
space = {}
for k in range(100):
    exec(source.format(k), space)
loops = [space[f'f{k}'] for k in range(100)]

def compiled():
    states = [loop['state'] for loop in hardwire.stats()['loops']]
    return states.count('compiled')

def turn():
    return [f(2000) for f in loops]

expected = turn()
at_first = compiled()
begin = time.process_time()
while compiled() <= at_first + 10 and time.process_time() - begin < 60:
    assert turn() == expected
print('at first some:', 0 < at_first < 100)
print('then more:', compiled() > at_first + 10)
";

/// A program behind loops that have used up the compiler's advance and sleep.
fn behind_sleepers(program: &str) -> Command {
    let sleepers = MANY_LOOPS.split("expected = ").next().unwrap_or_default();
    let program = format!("{sleepers}for _ in range(3): turn()\n{program}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hardwire"));
    command.args(["-c", &program]);
    command
}

#[test]
fn loops_wait_for_the_compiler_and_get_their_turn() {
    Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .args(["-c", MANY_LOOPS])
        .assert()
        .success()
        .stdout("at first some: True\nthen more: True\n");
}

/// A program that makes code all the time, none of which lives long enough to be worth anything.
const NEW_CODE: &str = "\
import hardwire

source = '''
total = 0
for i in range(600):
    total += i * {0} & 255
'''
for k in range(3000):
    exec(source.format(k), {})
print('recorded few:', 0 < hardwire.stats()['recordings'] < 2000)
";

/// What a loop is about its recording tells, which takes longer than such a loop runs.
#[test]
fn loops_are_not_recorded_for_ever_to_be_refused() {
    Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .args(["-c", NEW_CODE])
        .assert()
        .success()
        .stdout("recorded few: True\n");
}

/// Another tool does not hear again of what it did not want to hear of.
const ANOTHER_TOOL: &str = "\
import sys
monitoring = sys.monitoring
monitoring.use_tool_id(3, 'mine')
heard = []
def line(code, number):
    heard.append(number)
    return monitoring.DISABLE
def watched():
    return 1
monitoring.register_callback(3, monitoring.events.LINE, line)
monitoring.set_local_events(3, watched.__code__, monitoring.events.LINE)
";

#[test]
fn another_tool_hears_of_each_line_once() {
    let program = MANY_LOOPS
        .replace("return [", "return watched(), [")
        .replace("< 60:", "< 2:");
    let program = format!("{ANOTHER_TOOL}{program}\nprint('once:', len(heard) == 1)");
    Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .args(["-c", &program])
        .assert()
        .success()
        .stdout(contains("at first some: True\n").and(contains("once: True\n")));
}

/// Loops wake where a call in the middle of a trace has just raised: what it raised arrives.
const RAISING: &str = "\
import ctypes, sys, time
labs = ctypes.CDLL(None).labs
labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long
table = {k: k for k in range(1000)}

def pick(k):
    return table[k] + labs(k)

def run(n):
    total = 0
    for k in range(n):
        total += pick(k)
    return total

def caught():
    try:
        return run(2000)
    except Exception as problem:
        return repr(problem)

for _ in range(200):
    assert run(1000) == 999000
monitoring, woken = sys.monitoring, []
restart = monitoring.restart_events
def counted():
    woken.append(True)
    restart()
monitoring.restart_events = counted

begin = time.process_time()
said = set()
while not woken and time.process_time() - begin < 60:
    said.add(caught())
print('woken:', bool(woken), 'raised:', said)
";

#[test]
fn what_a_call_raises_arrives_where_loops_wake() {
    behind_sleepers(RAISING)
        .assert()
        .success()
        .stdout("woken: True raised: {'KeyError(1000)'}\n");
}

/// One loop, entered once, while all others sleep: nothing but the clock wakes it.
const ALONE: &str = "
def state():
    return next(loop['state'] for loop in hardwire.stats()['loops'] if loop['function'] == 'alone')

def alone(begin):
    total = k = 0
    while True:
        total += k & 255
        k += 1
        if not k & 0xfffff and (state() == 'compiled' or time.process_time() - begin > 60):
            break
    return k, total

k, total = alone(time.process_time())
print('woken:', state(), total == sum(i & 255 for i in range(256)) * (k // 256))
";

#[test]
fn the_only_loop_that_runs_wakes() {
    behind_sleepers(ALONE)
        .assert()
        .success()
        .stdout("woken: compiled True\n");
}

/// CPython warns where a process that has threads forks: the one that watches the clock is not there then.
const FORKING: &str = "
import os

def threads():
    return len(os.listdir('/proc/self/task'))

print('watched:', threads())
expected = turn()
pid = os.fork()
if pid == 0:
    alone = threads() == 1
    os._exit(alone and turn() == expected)
print('after the fork:', threads(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
begin = time.process_time()
while threads() == 1 and time.process_time() - begin < 60:
    turn()
print('watched again:', threads())
";

#[test]
fn a_fork_does_not_find_the_thread_that_watches_the_clock() {
    behind_sleepers(FORKING)
        .env("PYTHONWARNINGS", "error")
        .assert()
        .success()
        .stdout("watched: 2\nafter the fork: 1 1\nwatched again: 2\n");
}
