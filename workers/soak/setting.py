"""How the soaked town is set up: four channels, SP4N-LAPOR!, an agency for each neighbourhood, reached by Telegram or SMS.

What waits or limits in real life is short or off, so that minutes show what days would; nothing that keeps messages safe
is. All people are made up.
"""

from pathlib import Path

from workers.bench.messages import NEIGHBOURHOODS
from workers.bench.setting import settings_text

PER_SECOND, DRAFT_AFTER_S = 200, 8
SETTINGS = """
[government]
name = "Kabupaten Uji"
time_zone = "Asia/Pontianak"
[data]
agencies = "{folder}/agencies.toml"
[triage]
auto_assign_min_confidence = 0.0
[conversation]
burst_s = 30
burst_sms_s = 30
[intake]
flood_texts = 0
flood_senders = 0
[limits]
web_reports_per_hour = 0
[outbound]
retry_s = [1, 2, 3, 5]
[channels.web]
kind = "web_form"
min_fill_s = 0
[forwarding.sp4n]
kind = "sp4n"
mode = "api"
api_url = "http://127.0.0.1:{sink}/sp4n/lapor/3.0.0"
authorization = "soak-key"
token = "00000000-0000-4000-8000-000000000001"
user_id = 9000001
default_institution_id = 1200
default_category_id = 9001
requests_per_second = 100
max_in_flight = 8
search_path = "/complaints"
search_after_s = 1
search_again_s = 2
retry_first_s = 1
retry_max_s = 4
probe_first_s = 1
probe_max_s = 2
poll_every_s = {poll_s}
poll_night = ""
"""
"""What stands here beside the settings of every bench."""
AGENCIES = """
schema = 1
region = "62.01"
timezone = "Asia/Pontianak"
coordinator = "DISKOMINFO"
conflict_of_interest = "DISKOMINFO"
"""
AGENCY = """
[[agency]]
code = "{code}"
name = "Kantor Uji {code}"
kind = "kelurahan"
accepts = true
topics = ["lainnya"]
keywords = ["{keyword}"]
areas = []
sp4n_institution_id = "1201"
decree = "SK UJI 001/2026"
valid_from = 2026-01-02
[[agency.team]]
role = "penghubung"
person = "Uji Penghubung {code}"
{address}
"""
BY_TELEGRAM = 'telegram = "{}"\nnotify = ["telegram"]'
BY_SMS = 'phone = "{}"\nnotify = ["sms"]'
OFFICERS = tuple(
    f"+6281{10_000_000 + number}" if number % 2 else f"{900_000 + number}" for number in range(NEIGHBOURHOODS + 1)
)
"""Where the simulators find our people: the coordinator, then the officer of each neighbourhood. Nobody may write to one
chat more than once a second, so that a few officers could not be told of all that a crowd reports in minutes."""


def written(folder: Path, database: str, redis: str, port: int, sink: int, poll_s: float = 2) -> str:
    """The settings file; the agencies are put beside it. `poll_s`: how often LAPOR! is asked about each case."""
    (folder / "agencies.toml").write_text(AGENCIES + "".join(map(_agency, range(len(OFFICERS)))))
    common = settings_text(folder, database, redis, port, sink, PER_SECOND, DRAFT_AFTER_S)
    return common + SETTINGS.format(folder=folder, sink=sink, poll_s=poll_s)


def _agency(number: int) -> str:
    who = OFFICERS[number]
    return AGENCY.format(
        code=f"RT{number}" if number else "DISKOMINFO",
        keyword=f"rt {number}" if number else "internet",
        address=(BY_SMS if who.startswith("+") else BY_TELEGRAM).format(who),
    )
