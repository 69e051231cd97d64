"""The settings file that every bench and soak begins with."""

from pathlib import Path

from workers.bench.messages import (
    BOT_TOKEN,
    SMS_NUMBER,
    SMS_PASSWORD,
    SMS_TOKEN,
    SMS_USERNAME,
    USSD_CODE,
    USSD_TOKEN,
    WEBHOOK_SECRET,
)

# What limits or waits in real life is off, so that a bench or a soak comes out alike at any hour; nothing that keeps
# messages safe is.
SETTINGS = """
[server]
host = "127.0.0.1"
port = {port}
public_url = "http://127.0.0.1:{port}"
[storage]
url = "{database}"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
identity_key = "bench-identity-key-0123456789abcdef-bench"
reserve_mib = 0
[redis]
url = "{redis}"
[logging]
format = "json"
[accounts]
second_factor = "optional"
[casework]
undo_s = 0
rating_after_s = 0
[notices]
batch_s = 0
staff_quiet = ""
staff_workdays_only = false
citizen_quiet = ""
merge_after = 0
digest_after = 0
[channels.tg]
kind = "telegram"
token = "{bot_token}"
webhook_secret = "{webhook_secret}"
api_url = "http://127.0.0.1:{sink}/telegram"
messages_per_second = {per_second}
[channels.sms]
kind = "kannel"
number = "{sms_number}"
inbound_token = "{sms_token}"
send_url = "http://127.0.0.1:{sink}/kannel/cgi-bin/sendsms"
username = "{sms_username}"
password = "{sms_password}"
messages_per_second = {per_second}
[channels.ussd]
kind = "ussd_http"
service_code = "{ussd_code}"
inbound_token = "{ussd_token}"
sms_channel = "sms"
draft_after_s = {draft_after_s}
"""


def settings_text(
    folder: Path,
    database: str,
    redis: str,
    port: int = 0,
    sink: int = 0,
    per_second: float = 100_000,
    draft_after_s: float = 300,
) -> str:
    """The settings file of a bench. `per_second`: what each channel may send."""
    return SETTINGS.format(
        folder=folder,
        database=database,
        redis=redis,
        port=port or 8080,
        sink=sink or 8090,
        webhook_secret=WEBHOOK_SECRET,
        sms_token=SMS_TOKEN,
        sms_number=SMS_NUMBER,
        sms_username=SMS_USERNAME,
        sms_password=SMS_PASSWORD,
        bot_token=BOT_TOKEN,
        ussd_code=USSD_CODE,
        per_second=per_second,
        draft_after_s=draft_after_s,
        ussd_token=USSD_TOKEN,
    )
