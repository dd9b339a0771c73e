"""Asks the group, from the first address, for devices of Windows' kind (wsdp:Device); what the second address answers
goes to stdout."""

import socket
import sys

asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(10)
asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
asking.sendto(
    b'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    b' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    b' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    b' xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof"><s:Header>'
    b"<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
    b"<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
    b"<a:MessageID>urn:uuid:00000000-0000-4000-8000-000000000001</a:MessageID></s:Header>"
    b"<s:Body><d:Probe><d:Types>wsdp:Device</d:Types></d:Probe></s:Body></s:Envelope>",
    ("239.255.255.250", 3702),
)
answer, (address, _) = asking.recvfrom(65535)
while address != sys.argv[2]:
    answer, (address, _) = asking.recvfrom(65535)
sys.stdout.buffer.write(answer)
