"""The goals P1 … P20: what must be reached, what is aimed at. docs/performance.md explains each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """`more`: more is better; ratios to the plain design say by how many times the gateway is better."""

    name: str
    what: str
    must: float
    aim: float
    unit: str = ""
    more: bool = False

    def meets(self, measured: float, line: float) -> bool:
        return measured >= line if self.more else measured <= line


# fmt: off
GOALS = (
    Goal("P1",            "accepted durably, against the plain design",                    6,     12,    "times", more=True),
    Goal("P2",            "processor time per accepted message, against the plain design", 6,     12,    "times", more=True),
    Goal("P3",            "p99 of the answer at saturation, against the plain design",     3,     8,     "times", more=True),
    Goal("P4",            "p99 of the answer at half of the peak",                         100,   40,    "ms"),
    Goal("P5",            "accepted to delivered, against the plain design",               20,    50,    "times", more=True),
    Goal("P6 10/s p50",   "answer to provider at 10/s, p50",                               50,    15,    "ms"),
    Goal("P6 10/s p99",   "answer to provider at 10/s, p99",                               500,   100,   "ms"),
    Goal("P6 100/s p50",  "answer to provider at 100/s, p50",                              50,    15,    "ms"),
    Goal("P6 100/s p99",  "answer to provider at 100/s, p99",                              500,   100,   "ms"),
    Goal("P7 100/s p50",  "ring to drain at 100/s, p50",                                   10,    5,     "ms"),
    Goal("P7 100/s p99",  "ring to drain at 100/s, p99",                                   50,    15,    "ms"),
    Goal("P8",            "Redis commands per message at saturation",                      1,     0.2),
    Goal("P9",            "100,000 waiting receipts, read and sent, one worker",           300,   60,    "s"),
    Goal("P10",           "accepting at the largest size against the smallest",            1.5,   1.25,  "times"),
    Goal("P11 median",    "slowest list, queue or detail at the largest size, median",     20,    5,     "ms"),
    Goal("P11 growth",    "the same, largest size against smallest",                       6,     4,     "times"),
    Goal("P12",           "report of a month",                                             300,   60,    "ms"),
    Goal("P13",           "bytes per complaint at the largest size",                       6_000, 3_000),
    Goal("P14 web",       "peak memory of the web process",                                200,   120,   "MiB"),
    Goal("P14 worker",    "peak memory of a worker, classifier included",                  250,   150,   "MiB"),
    Goal("P15 lost",      "lost when killed under load",                                   0,     0),
    Goal("P15 doubled",   "doubled when killed under load",                                0,     0),
    Goal("P16",           "classification, its SQL included, per message",                 1,     0.25,  "ms"),
    Goal("P17",           "USSD answer, 50 sessions/s beside 200 messages/s, p99",         500,   100,   "ms"),
    Goal("P18",           "gateway serve, from start to ready, largest size",              5,     1.5,   "s"),
    Goal("P19 memory",    "gateway run idle, all processes, PSS",                          450,   300,   "MiB"),
    Goal("P19 processor", "gateway run idle, all processes, of one core",                  3,     1,     "%"),
    Goal("P20 first",     "make run on a fresh machine, to ready",                         60,    20,    "s"),
    Goal("P20 again",     "make run the second time, to ready",                            5,     2,     "s"),
)
# fmt: on
