"""A device of Hikvision's platform that answers SADP to the group alone, and nothing else to anybody."""

import socket
import struct
import sys

GROUP, PORT = "239.255.255.250", 37020
mine = socket.inet_aton(sys.argv[1])
group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
group.bind((GROUP, PORT))
group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + mine)
answer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
answer.bind((sys.argv[1], PORT))
answer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mine)
answer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, struct.pack("b", 1))
answer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
while True:
    asked, _ = group.recvfrom(65535)
    if b"<Types>inquiry</Types>" in asked:
        print("asked", flush=True)
        answer.sendto(
            b'<?xml version="1.0" encoding="UTF-8"?><ProbeMatch><Uuid>0</Uuid><Types>inquiry</Types>'
            b"<DeviceDescription>OEM-1</DeviceDescription><DeviceSN>OEM-120200101AAWRF00000001</DeviceSN>"
            b"<DigitalChannelNum>1</DigitalChannelNum><MAC>02-00-00-00-00-30</MAC></ProbeMatch>",
            (GROUP, PORT),
        )
