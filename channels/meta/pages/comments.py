"""Public comments on a page or account -> messages whose answer must be private. Pure; wire: docs/channels/messenger.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from channels.messages import Address, Inbound, InboundMessage, MessageKind, clean_text
from channels.meta.pages.account import Account
from channels.meta.pages.entries import Change, FeedComment, InstagramComment, Mention, Party, person, read, short
from channels.timestamps import moment

COMMENT = "c:"
"""Before the id of a comment, as message and in `reply_to`: an answer to it is a private reply."""
PUBLIC = "comment"
"""After the scheme of its people: address of what stands below a comment (`fb-comment:…`)."""
USER = "user"
"""The same for somebody of whom only the name is known (`ig-user:warga.contoh`): nothing can be sent there."""
PUBLIC_WORDS = frozenset({"public"})
"""An edited comment stands in public, too."""
VERBS: Mapping[str, MessageKind] = {
    "add": MessageKind.COMMENT,
    "edited": MessageKind.EDIT,
    "remove": MessageKind.DELETE,
    "hide": MessageKind.DELETE,
}


def read_change(tree: object, time: int, account: Account) -> Sequence[Inbound]:
    """What one element of `changes` says; nothing for what is no comment of somebody else. PayloadInvalid if unclear.

    `time`: of the entry.
    """
    change = read(tree, Change)
    reader = READERS.get((account.kind, change.field))
    return reader(change.value, time, account) if reader else ()


def _feed(value: Mapping[str, Any], time: int, account: Account) -> Sequence[Inbound]:
    if value.get("item") != "comment" or value.get("verb") not in VERBS:
        return ()
    comment = read(value, FeedComment)
    if str(comment.from_.id) == account.id:
        return ()
    kind, name = VERBS[comment.verb], short(comment.comment_id)
    at = time if kind is MessageKind.EDIT else comment.created_time or time
    key = f"{COMMENT}{name}:{comment.verb}:{at}"
    return (_comment(key, kind, name, comment.from_, comment.message, at, account),)


def _instagram(value: Mapping[str, Any], time: int, account: Account) -> Sequence[Inbound]:
    comment = read(value, InstagramComment)
    if str(comment.from_.id) == account.id:
        return ()
    name = short(comment.id)
    key = f"{COMMENT}{name}:add"
    return (_comment(key, MessageKind.COMMENT, name, comment.from_, comment.text, time, account),)


def _comment(
    key: str, kind: MessageKind, name: str, author: Party, text: str, at: int, account: Account
) -> InboundMessage:
    is_new = kind is MessageKind.COMMENT
    return InboundMessage(
        key,
        Address(account.scheme, person(author)),
        text=clean_text(text),
        sent_at=moment(at),
        kind=kind,
        provider_id=f"{COMMENT}{name}" if is_new else "",
        target="" if is_new else f"{COMMENT}{name}",
        destination=account.id,
        display_name=clean_text(author.name or author.username)[:120],
        flags=PUBLIC_WORDS if kind is MessageKind.EDIT else frozenset(),
        reply_address=Address(f"{account.scheme}-{PUBLIC}", name),
    )


def _mention(value: Mapping[str, Any], time: int, account: Account) -> Sequence[Inbound]:
    """Somebody named the account elsewhere. Who and what, only a call of ours can tell: a worker makes it."""
    mention = read(value, Mention)
    name = short(mention.comment_id or f"media:{mention.media_id}")
    return (
        InboundMessage(
            f"{COMMENT}{name}:mention",
            Address(account.scheme, "unread"),
            sent_at=moment(time),
            kind=MessageKind.SERVICE,
            destination=account.id,
            flags=frozenset({"not_read_yet"}),
        ),
    )


READERS: Mapping[tuple[str, str], Callable[[Mapping[str, Any], int, Account], Sequence[Inbound]]] = {
    ("page", "feed"): _feed,
    ("instagram", "comments"): _instagram,
    ("instagram", "live_comments"): _instagram,
    ("instagram", "mentions"): _mention,
}
