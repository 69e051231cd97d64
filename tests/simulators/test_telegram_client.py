"""Somebody else's client gets along with the simulated Bot API: what python-telegram-bot reads, the real service says."""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter

from tests.simulators.stage import Stage, staged, standing_clock
from workers.simulators import telegram
from workers.simulators.settings import BOT_TOKEN, SimulatorSettings

SITI = 700000001


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, clock=standing_clock())

    async with staged(telegram.build, settings) as stage:
        yield stage


def bot(stage: Stage, token: str = BOT_TOKEN) -> Bot:
    return Bot(token, base_url=f"{stage.url}/bot", base_file_url=f"{stage.url}/file/bot")


async def test_messages_buttons_and_files_go_through(stage: Stage) -> None:
    async with bot(stage) as client:
        assert client.username == "satupintu_latihan_bot"
        keys = InlineKeyboardMarkup([[InlineKeyboardButton("Lewati", callback_data="lewati")]])
        replied = ReplyParameters(999, allow_sending_without_reply=True)
        sent = await client.send_message(SITI, "Halo 👋", reply_markup=keys, reply_parameters=replied)
        assert sent.reply_markup
        assert (sent.text, sent.reply_markup.inline_keyboard[0][0].callback_data) == ("Halo 👋", "lewati")
        assert (await client.edit_message_text("Halo lagi", SITI, sent.message_id)).text == "Halo lagi"
        document = await client.send_document(SITI, b"isi\r\nberkas", filename="a.txt", caption="Ini")
        assert document.document
        kept = await client.get_file(document.document.file_id)
        assert bytes(await kept.download_as_bytearray()) == b"isi\r\nberkas"


async def test_webhook_and_polling_exclude_each_other(stage: Stage) -> None:
    async with bot(stage) as client:
        await client.set_webhook(f"{stage.url}/x", secret_token="abc", allowed_updates=["message"], max_connections=7)
        about = await client.get_webhook_info()
        assert (about.url, about.max_connections, about.allowed_updates) == (f"{stage.url}/x", 7, ("message",))
        with pytest.raises(Conflict):
            await client.get_updates()
        await client.delete_webhook()
        for kind in ("text", "photo", "location", "contact", "voice", "document", "block"):
            await stage.inject(type=kind, chat=SITI, text="Halo")
        updates = await client.get_updates()
        assert [update.effective_user.id for update in updates if update.effective_user] == [SITI] * 7
        assert isinstance(updates[0], Update)
        assert updates[1].message
        assert updates[1].message.photo[-1].width == 960


async def test_refusals_are_the_errors_that_the_client_knows(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # the client's own way to be asked for its newer type
    async with bot(stage) as client:
        for fault, error in (("blocked", Forbidden), ("chat_not_found", BadRequest)):
            await stage.fault({"named": fault}, path="sendMessage")
            with pytest.raises(error):
                await client.send_message(SITI, "Halo")
        await stage.fault({"throttle": 17}, path="sendMessage")
        with pytest.raises(RetryAfter, match="17"):
            await client.send_message(SITI, "Halo")
    with pytest.raises(InvalidToken):
        async with bot(stage, "1:salah"):
            pass
