"""A full poll of cameras on 127.0.0.1 with onvif-zeep-async: compare.py SAMPLES PORT...

Prints `sequential WALL CPU` and `concurrent WALL CPU`, in seconds, a line for each sample. Importing the package and
reading its WSDL files the first time are not measured.
"""

import asyncio
import resource
import sys
import time

from onvif import ONVIFCamera

OPERATIONS = [
    ("GetCapabilities", {"Category": "All"}),
    ("GetHostname", None),
    ("GetDeviceInformation", None),
    ("GetNetworkInterfaces", None),
    ("GetScopes", None),
    ("GetDNS", None),
    ("GetNTP", None),
    ("GetNetworkDefaultGateway", None),
    ("GetNetworkProtocols", None),
]


async def poll(port):
    camera = ONVIFCamera("127.0.0.1", port, "admin", "admin")
    try:
        # GetSystemDateAndTime, for the clock, and GetServices.
        await camera.update_xaddrs()
        service = await camera.create_devicemgmt_service()
        for name, parameters in OPERATIONS:
            reply = await getattr(service, name)(parameters) if parameters else await getattr(service, name)()
            assert reply is not None or name == "GetHostname", name
    finally:
        await camera.close()


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measured(kind, work):
    begun, before = time.perf_counter(), processor()
    await work
    print(kind, time.perf_counter() - begun, processor() - before)


async def one_after_the_other(ports):
    for port in ports:
        await poll(port)


async def all_at_once(ports):
    await asyncio.gather(*(poll(port) for port in ports))


async def main():
    samples, ports = int(sys.argv[1]), [int(port) for port in sys.argv[2:]]
    await poll(ports[0])
    for _ in range(samples):
        await measured("sequential", one_after_the_other(ports))
        await measured("concurrent", all_at_once(ports))


asyncio.run(main())
