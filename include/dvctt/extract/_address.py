"""Whether an address is this machine itself: what goes nowhere needs no encryption."""

import ipaddress


def is_here(host: str | None) -> bool:
    """Of a host's name, address, or the folder of a socket; nothing said is this machine."""
    if not host or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
