"""A camera as far as WS-Discovery goes, by PyPI's WSDiscovery: Hello at its start, answers, Bye at SIGTERM."""

import signal
import sys

from wsdiscovery import QName, Scope
from wsdiscovery.publishing import ThreadedWSPublishing

address = sys.argv[1]
publishing = ThreadedWSPublishing(ttl=1)
publishing.start()
publishing.publishService(
    types=[QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter", "dn")],
    scopes=[Scope("onvif://www.onvif.org/name/Peer"), Scope("onvif://www.onvif.org/hardware/P1")],
    # Its own path and port, and a host that is nobody's business.
    xAddrs=[f"http://{address}:9/onvif/device_service", "http://198.51.100.9/onvif/device_service"],
)
print("published", flush=True)
signal.sigwait({signal.SIGTERM})
publishing.clearLocalServices()
publishing.stop()
