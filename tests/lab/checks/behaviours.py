"""What both kinds of fleet must show, as one table."""

from labkit import Lab

from .needs import look, raw_look

TRUTH = {
    "subnets": [
        {"prefix": "10.71.0.0/24", "interface": "left"},
        {"prefix": "fd71::/112", "interface": "left"},
        {"prefix": "10.72.0.0/24", "interface": "right", "on_link": True},
        {"prefix": "fd72::/120", "interface": "right", "on_link": True},
    ],
    "default": "closed",
    "rules": [
        {"hosts": ["10.71.0.1-10.71.0.9", "fd71::1-fd71::9"], "ports": "80", "is": "open"},
        {"hosts": ["10.71.0.2", "fd71::2"], "ports": "*", "is": "silent"},
        {"hosts": ["10.71.0.3", "fd71::3"], "ports": "*", "is": "net-unreach"},
        {"hosts": ["10.71.0.4", "fd71::4"], "ports": "*", "is": "host-unreach"},
        {"hosts": ["10.71.0.5"], "ports": "80", "is": "proto-unreach"},
        {"hosts": ["10.71.0.6", "fd71::6"], "ports": "1-100", "is": "port-unreach"},
        {"hosts": ["10.71.0.7", "fd71::7"], "ports": "80", "is": "admin-prohibited"},
        {"hosts": ["10.71.0.10", "fd71::10"], "ports": "80", "is": "close-after-accept"},
        {"hosts": ["10.71.0.11", "fd71::11"], "ports": "80", "is": "accept-and-silence"},
        {"hosts": ["10.71.0.12", "fd71::12"], "ports": "80", "is": "reset-after-accept"},
        {"hosts": ["10.72.0.1", "fd72::1"], "ports": "80", "is": "open"},
        {"hosts": ["10.72.0.2-10.72.0.3", "fd72::2"], "ports": "*", "is": "absent"},
    ],
}

# what, endpoint, connect, ICMP type and code, what comes after
ROWS = [
    ("open", ("10.71.0.1", 80), "ok", None, "silence"),
    ("open", ("fd71::1", 80), "ok", None, "silence"),
    ("closed on another port", ("10.71.0.1", 81), "ECONNREFUSED", None, None),
    ("closed on another port", ("fd71::1", 81), "ECONNREFUSED", None, None),
    ("closed where others are open", ("10.71.0.200", 80), "ECONNREFUSED", None, None),
    ("closed where others are open", ("fd71::200", 80), "ECONNREFUSED", None, None),
    ("silent", ("10.71.0.2", 80), "timeout", None, None),
    ("silent", ("fd71::2", 9), "timeout", None, None),
    ("net-unreach", ("10.71.0.3", 80), "ENETUNREACH", [3, 0], None),
    ("net-unreach", ("fd71::3", 80), "ENETUNREACH", [1, 0], None),
    ("host-unreach", ("10.71.0.4", 80), "EHOSTUNREACH", [3, 1], None),
    ("host-unreach", ("fd71::4", 80), "EHOSTUNREACH", [1, 3], None),
    ("proto-unreach", ("10.71.0.5", 80), "ENOPROTOOPT", [3, 2], None),
    ("port-unreach", ("10.71.0.6", 100), "ECONNREFUSED", [3, 3], None),
    ("port-unreach", ("fd71::6", 1), "ECONNREFUSED", [1, 4], None),
    ("closed beyond the rejected ports", ("10.71.0.6", 101), "ECONNREFUSED", None, None),
    ("admin-prohibited", ("10.71.0.7", 80), "EHOSTUNREACH", [3, 13], None),
    ("admin-prohibited", ("fd71::7", 80), "EACCES", [1, 1], None),
    ("close-after-accept", ("10.71.0.10", 80), "ok", None, "closed"),
    ("close-after-accept", ("fd71::10", 80), "ok", None, "closed"),
    ("accept-and-silence", ("10.71.0.11", 80), "ok", None, "silence"),
    ("accept-and-silence", ("fd71::11", 80), "ok", None, "silence"),
    ("open on the second interface", ("10.72.0.1", 80), "ok", None, "silence"),
    ("open on the second interface", ("fd72::1", 80), "ok", None, "silence"),
    ("closed on the second interface", ("10.72.0.9", 80), "ECONNREFUSED", None, None),
    ("closed on the second interface", ("fd72::9", 80), "ECONNREFUSED", None, None),
]


class EveryFleet:
    """Tests of both kinds; a subclass names the kind."""

    kind = None

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(TRUTH, kind=cls.kind).up()
        cls.addClassCleanup(cls.lab.down)

    def test_each_behaviour(self):
        looks = look(self.lab, [endpoint for _, endpoint, _, _, _ in ROWS])
        for (what, endpoint, connect, icmp, then), seen in zip(ROWS, looks):
            with self.subTest(f"{what}: {endpoint[0]} {endpoint[1]}"):
                self.assertEqual(seen["connect"], connect)
                self.assertEqual(seen["icmp"] and seen["icmp"][:2], icmp)
                self.assertEqual(seen["then"], then)

    def test_reset_after_accept(self):
        """The RST may be there before we look: then connect itself reports it."""
        for address in ("10.71.0.12", "fd71::12"):
            with self.subTest(address):
                seen, = look(self.lab, [(address, 80)])
                self.assertIn((seen["connect"], seen["then"]), [("ok", "reset"), ("ECONNRESET", None)])

    def test_an_absent_host_answers_no_neighbour_request(self):
        looks = look(self.lab, [("10.72.0.2", 80), ("10.72.0.3", 81), ("fd72::2", 80)], timeout_s=5)
        self.assertEqual([seen["connect"] for seen in looks], ["EHOSTUNREACH"] * 3)
        self.assertTrue(all(seen["ms"] > 500 for seen in looks))

    def test_every_host_answers_the_first_syn(self):
        """The lab is up only when neighbours can be found, IPv6's too."""
        for prefix in ("10.74.0.0/22", "fd74::/112"):
            truth = {"subnets": [{"prefix": prefix, "interface": "left"}], "default": "open"}
            hosts = [f"10.74.{n // 200}.{n % 200}" if "." in prefix else f"fd74::{n}" for n in range(600)]
            with self.subTest(prefix), Lab(truth, kind=self.kind, name=f"{self.lab.name}-first") as lab:
                looks = look(lab, [(host, 80) for host in hosts], timeout_s=5, stay=False)
                self.assertEqual({seen["connect"] for seen in looks}, {"ok"})
                self.assertEqual(lab.counters()["syn_received"], len(hosts))

    def test_nothing_leads_outside(self):
        for namespace in (self.lab.scanner, self.lab.fleet):
            for family in ("-4", "-6"):
                with self.subTest(f"{namespace.name} {family}"):
                    self.assertEqual(namespace.run(["ip", family, "route", "show", "default"]).strip(), "")

    def test_loss_takes_about_its_share(self):
        for loss, low, high in [({"syn": 0.3}, 0.55, 0.85), ({"syn_ack": 0.4}, 0.45, 0.75)]:
            for word, answer in [("open", "ok"), ("closed", "ECONNREFUSED"), ("host-unreach", "EHOSTUNREACH")]:
                with self.subTest(loss=loss, word=word):
                    self._check_loss(loss, word, answer, low, high)

    def _check_loss(self, loss, word, answer, low, high):
        """Connects and raw packets lose alike; the scanner's own firewall would not see the latter."""
        truth = {"subnets": [{"prefix": "10.73.0.0/24", "interface": "left"}], "default": word, "loss": loss}
        hosts = [f"10.73.0.{host}" for host in range(250)]
        with Lab(truth, kind=self.kind, name=f"{self.lab.name}-loss") as lossy:
            looks = look(lossy, [(host, 80) for host in hosts], stay=False)
            raw = raw_look(lossy, hosts, 80)
        connected = sum(seen["connect"] == answer for seen in looks)
        for way, answered in (("connect", connected), ("raw", len(raw))):
            share = answered / len(hosts)
            self.assertTrue(low < share < high, f"{way}: {share} were answered, expected {low} to {high}")
