"""fake-systemd.py DIRECTORY MODE

A bus at DIRECTORY/bus, and on it a systemd, for as long as its standard input is open, or until it is terminated.
It writes a line when it is ready.

  units:N      dbus-daemon, and on it N services beside the units below
  nobody       dbus-daemon without a systemd
  refusing     dbus-daemon, and a systemd that says no
  silent       takes connections, and never says anything
  signed-on    lets who connects sign on, and does not answer what is asked then
  garbage      lets who connects sign on, and then sends what is no message
"""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/></policy>
</busconfig>
"""

# Name, load state, active state.
UNITS = [
    ("nginx.service", "loaded", "failed"),
    ("ssh.service", "loaded", "active"),
    ("slow.service", "loaded", "activating"),
    ("ending.service", "loaded", "deactivating"),
    ("reread.service", "loaded", "reloading"),
    ("backup.timer", "loaded", "inactive"),
    ("disk.mount", "loaded", "active"),
    ("check.swap", "loaded", "maintenance"),
    ("late.path", "loaded", "not-known-yet"),
    ("gone.service", "not-found", "inactive"),
    ("caf\u00e9.service", "loaded", "active"),
]


def unit(name, load, active):
    return (name, "A unit", load, active, "sub", "", "/org/freedesktop/systemd1/unit/x", 0, "", "/")


def serve_bus(directory, mode):
    with open(os.path.join(directory, "bus.conf"), "w") as file:
        file.write(CONFIGURATION.format(directory=directory))
    # It complains about limits that it does without.
    errors = open(os.path.join(directory, "errors"), "w+")
    daemon = subprocess.Popen(
        ["dbus-daemon", "--config-file", file.name, "--nofork", "--print-address=1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
    )
    try:
        if not daemon.stdout.readline():
            daemon.wait()
            errors.seek(0)
            sys.exit("dbus-daemon does not start: " + errors.read())
        if mode != "nobody":
            connection = open_dbus_connection(f"unix:path={directory}/bus")
            connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.systemd1"))
            threading.Thread(target=serve_systemd, args=(connection, mode), daemon=True).start()
        wait()
    finally:
        daemon.terminate()
        daemon.wait()


def serve_systemd(connection, mode):
    count = int(mode.split(":")[1]) if ":" in mode else 0
    units = [unit(*some) for some in UNITS]
    units += [unit(f"unit-{number}.service", "loaded", "active") for number in range(count)]
    # Not in the order of their names, as systemd's are not.
    units.reverse()
    while True:
        try:
            question = connection.receive()
        except ConnectionError:
            return  # The bus has ended.
        if question.header.message_type != MessageType.method_call:
            continue
        member = question.header.fields[HeaderFields.member]
        if mode == "refusing":
            answer = new_error(question, "org.freedesktop.DBus.Error.AccessDenied", "s", ("no",))
        elif member == "ListUnits":
            answer = new_method_return(question, "a(ssssssouso)", (units,))
        elif member == "Get":
            answer = new_method_return(question, "v", (("s", "degraded"),))
        else:
            answer = new_error(question, "org.freedesktop.DBus.Error.UnknownMethod")
        connection.send(answer)


def serve_hostile(directory, mode):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(directory, "bus"))
    listener.listen(64)
    threading.Thread(target=accept, args=(listener, mode), daemon=True).start()
    wait()


def accept(listener, mode):
    kept = []
    while True:
        peer, _ = listener.accept()
        kept.append(peer)
        if mode != "silent":
            threading.Thread(target=sign_on, args=(peer, mode), daemon=True).start()


def sign_on(peer, mode):
    """The server's side of the D-Bus specification's "Authentication Protocol", and of Hello."""
    text = b""
    while b"BEGIN\r\n" not in text:
        some = peer.recv(4096)
        if not some:
            return
        text += some
        for word, answer in ((b"AUTH EXTERNAL", b"DATA\r\n"), (b"DATA", b"OK " + b"0" * 32 + b"\r\n"),
                             (b"NEGOTIATE_UNIX_FD", b"AGREE_UNIX_FD\r\n")):
            for line in some.split(b"\r\n"):
                if line.lstrip(b"\0").startswith(word):
                    peer.sendall(answer)
    if mode == "garbage":
        peer.sendall(bytes(number * 197 % 251 for number in range(4096)))
    else:
        # The answer to Hello, whose number is 1, by hand.
        name = struct.pack("<I", 4) + b":1.1\0"
        fields = struct.pack("<BBBBI", 5, 1, ord("u"), 0, 1) + struct.pack("<BBBBB", 8, 1, ord("g"), 0, 1) + b"s\0"
        head = struct.pack("<BBBBII", ord("l"), 2, 1, 1, len(name), 1) + struct.pack("<I", len(fields)) + fields
        peer.sendall(head + b"\0" * (-len(head) % 8) + name)
    while peer.recv(4096):
        pass


def wait():
    parent = os.getppid()
    print("ready", flush=True)
    # Who started it may end without closing anything: others that it started may hold the pipe too.
    while not select.select([sys.stdin], [], [], 1)[0] and os.getppid() == parent:
        pass


if __name__ == "__main__":
    directory, mode = sys.argv[1:]
    # The bus ends with it. What a thread that blocks signals starts has them blocked, and so has what that starts.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if mode in ("silent", "signed-on", "garbage"):
        serve_hostile(directory, mode)
    else:
        serve_bus(directory, mode)
