#!/usr/bin/env python3
"""BRIDGE-MIB and Q-BRIDGE-MIB of the Linux bridges of this network namespace, for net-snmp's pass_persist.

Bridge brV is VLAN V, interface pN is bridge port N. All is read from iproute2, when asked for.
"""

import bisect
import json
import subprocess
import sys
import time

BRIDGE = (1, 3, 6, 1, 2, 1, 17)
# An answer is as old as this at most: the rows of one walk are of one moment.
FRESH = 0.3


def ask(*command):
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout or "[]")


def octets(data):
    return "octet", " ".join(f"{octet:02x}" for octet in data)


def port_list(ports):
    data = bytearray(2)
    for port in ports:
        data[(port - 1) // 8] |= 0x80 >> ((port - 1) % 8)
    return octets(data)


def rows():
    """Every object as OID: (type, value)."""
    links = ask("ip", "-j", "link", "show")
    ports = {}
    for link in links:
        if link["ifname"][0] == "p" and link.get("master", "").startswith("br"):
            ports[int(link["ifname"][1:])] = (link["ifindex"], int(link["master"][2:]), "LOWER_UP" in link["flags"])
    bridges = {int(link["ifname"][2:]): link for link in links if link["ifname"].startswith("br")}
    found = {}

    def put(value, *arcs):
        found[BRIDGE + arcs] = value

    first = bytes.fromhex(bridges[min(bridges)]["address"].replace(":", ""))
    put(octets(first), 1, 1, 0)
    put(("integer", len(ports)), 1, 2, 0)
    for port, (index, vlan, up) in ports.items():
        put(("integer", port), 1, 4, 1, 1, port)
        put(("integer", index), 1, 4, 1, 2, port)
        put(("integer", 5 if up else 1), 2, 15, 1, 3, port)
        put(("gauge", vlan), 7, 1, 4, 5, 1, 1, port)
    for vlan in bridges:
        members = port_list(port for port, (_, of, _) in ports.items() if of == vlan)
        put(("gauge", vlan), 7, 1, 4, 2, 1, 3, 0, vlan)
        put(members, 7, 1, 4, 2, 1, 4, 0, vlan)
        put(members, 7, 1, 4, 2, 1, 5, 0, vlan)
        put(("string", f"vlan{vlan}"), 7, 1, 4, 3, 1, 1, vlan)
        for row in ask("bridge", "-j", "fdb", "show", "br", f"br{vlan}"):
            if row["ifname"][0] != "p" or "master" not in row or "vlan" in row:
                continue
            address = tuple(bytes.fromhex(row["mac"].replace(":", "")))
            own = row.get("state") == "permanent"
            put(("integer", int(row["ifname"][1:])), 7, 1, 2, 2, 1, 2, vlan, *address)
            put(("integer", 4 if own else 3), 7, 1, 2, 2, 1, 3, vlan, *address)
    return found


def main():
    at, found, order = 0.0, {}, []
    while line := sys.stdin.readline():
        command = line.strip()
        if command == "PING":
            print("PONG", flush=True)
            continue
        if command not in ("get", "getnext"):
            continue
        asked = tuple(int(arc) for arc in sys.stdin.readline().strip().strip(".").split("."))
        if time.monotonic() - at > FRESH:
            at, found = time.monotonic(), rows()
            order = sorted(found)
        if command == "getnext":
            place = bisect.bisect_right(order, asked)
            asked = order[place] if place < len(order) else None
        if asked in found:
            print("." + ".".join(map(str, asked)), *found[asked], sep="\n", flush=True)
        else:
            print("NONE", flush=True)


main()
