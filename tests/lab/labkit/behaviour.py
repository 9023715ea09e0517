"""The words of a truth file: what an endpoint may be, and its right verdict."""

from dataclasses import dataclass

OPEN = ("open", "syn-ack")

# word → the state and reason that a perfect scanner reports.
VERDICTS = {
    "open": OPEN,
    "reset-after-accept": OPEN,
    "accept-and-silence": OPEN,
    "close-after-accept": OPEN,
    "banner": OPEN,
    "reply": OPEN,
    "slow": OPEN,
    "syn-proxy": OPEN,
    "closed": ("closed", "conn-refused"),
    "silent": ("filtered", "no-response"),
    "absent": ("filtered", "host-unreach"),
    "net-unreach": ("filtered", "net-unreach"),
    "host-unreach": ("filtered", "host-unreach"),
    "proto-unreach": ("filtered", "proto-unreach"),
    "port-unreach": ("filtered", "port-unreach"),
    "admin-prohibited": ("filtered", "admin-prohibited"),
}

# A RST has two names: conn-refused when connect() told it, reset when it was
# seen as a packet. The truth says the first and takes both.
SAME_REASON = {"reset": "conn-refused"}

# word → the key that a rule with this word must have.
NEEDS = {"banner": "banner", "reply": "replies", "slow": "delay_ms"}

# What a host is on all its ports, or not at all.
WHOLE_HOST = ("absent", "syn-proxy")

# What only a real stack with a real service behind it can do, and what no real stack does.
KERNEL_ONLY = ("banner", "reply", "slow")
REFLECTOR_ONLY = ("syn-proxy",)


@dataclass(frozen=True)
class Behaviour:
    """What one endpoint does. Equal behaviours share one service of the fleet."""

    word: str
    banner: bytes = b""
    replies: tuple = ()  # of (request bytes, answer bytes)
    delay_ms: int = 0

    @property
    def verdict(self):
        """(state, reason) of a perfect scanner."""
        return VERDICTS[self.word]

    @property
    def accepts(self):
        """Whether a handshake with it succeeds."""
        return self.verdict is OPEN
