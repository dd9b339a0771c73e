#!/usr/bin/env python3
"""What a switch says unasked: linkUp, linkDown and CISCO-MAC-NOTIFICATION-MIB's cmnMacChangedNotification of the bridge
ports of this network namespace, as the kernel tells of them. Arguments: what net-snmp's snmptrap is to be given."""

import re
import subprocess
import sys
import threading

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
MAC_CHANGED = "1.3.6.1.4.1.9.9.215.2.0.1"
one_at_a_time = threading.Lock()


def send(trap):
    # One after the other: net-snmp counts its starts in a file.
    with one_at_a_time:
        subprocess.run(["snmptrap", "-m", "", *sys.argv[1:], "", trap], check=False)


def watch(command, tell):
    lines = subprocess.Popen(command, stdout=subprocess.PIPE, text=True).stdout
    print("watching", flush=True)
    for line in lines:
        tell(line)


def links(line, up={}):
    if found := re.match(r"\d+: (p\d+)[@:]", line):
        now = "LOWER_UP" in line
        if up.get(found[1]) not in (None, now):
            send(LINK_UP if now else LINK_DOWN)
        up[found[1]] = now


def addresses(line):
    if re.search(r" dev p\d+ ", line) and "permanent" not in line:
        send(MAC_CHANGED)


for line in subprocess.run(["ip", "-o", "link", "show"], capture_output=True, text=True).stdout.splitlines():
    links(line)
threading.Thread(target=watch, args=(["bridge", "monitor", "fdb"], addresses)).start()
watch(["ip", "-o", "monitor", "link"], links)
